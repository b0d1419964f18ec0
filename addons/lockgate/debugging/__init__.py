"""What people do with exchanges that they look at: stop them, try them, run them again, compare them. No I/O.

Everything here runs the chain that serves live traffic, with other services or with an observer.
"""
