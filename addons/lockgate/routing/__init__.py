"""Paths to patterns, patterns to sets, and many APIs to the one that serves a request. Knows no chain."""
