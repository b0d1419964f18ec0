"""Ports for processes that have to be told theirs: nobody else takes one between choosing it and listening there."""

import contextlib
import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

COUNT = 10_000
"""How many there are to choose from."""
_HELD: list[IO[str]] = []


def free_port() -> int:
    """A port of this process's own, on 127.0.0.1.

    It is below those that the system gives away by itself: neither a connection nor a server that takes any port gets it.
    Whoever else runs these tests at the same time sees by a lock that it is taken; the locks end with this process.
    """
    folder = Path(tempfile.gettempdir()) / f"lockgate-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    first = _first_given_away() - COUNT
    for number in range(COUNT):
        port = first + (os.getpid() * 37 + number) % COUNT
        if _held(folder / str(port)) and _is_free(port):
            return port
    raise AssertionError(f"no port from {first} to {first + COUNT - 1} is free")


def _first_given_away() -> int:
    with contextlib.suppress(OSError):
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return 32768


def _held(path: Path) -> bool:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _HELD.append(file)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
