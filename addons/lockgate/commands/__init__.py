"""The commands of the program, one file for each: ``add`` declares its arguments, ``run`` does it.

Modules here import little: what a command works with is imported when it runs, so that each starts quickly.
"""
