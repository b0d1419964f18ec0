"""V8, as this process starts it. Importing this reads nothing; ``start`` reads a library of 48 MB."""

from typing import Final

FLAGS: Final = (
    "--single-threaded",
    # Memory of an isolate that is closed goes back to the system. Otherwise V8 keeps it, some hundred megabytes after
    # scripts that took all that they could get.
    "--no-memory-pool-share-memory-on-teardown",
)
"""Of V8, for the whole process."""


def start() -> None:
    """Have V8 ready. Where somebody else of this process started it, theirs are the flags. Any thread may call it.

    Raises:
        Exception: The library is missing, broken, or for another machine.
    """
    from py_mini_racer import init_mini_racer

    init_mini_racer(flags=FLAGS, ignore_duplicate_init=True)
