"""Text to JSON values, JSON values to frozen types, and every problem on the way. Knows no document format."""
