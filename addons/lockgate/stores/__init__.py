"""Services that keep their state in this process."""
