"""Documents as Go reads and prints them: JSON and its numbers, XML to data."""
