"""The program of a limited process: does tasks that come in by stdin, one after the other, and answers by stdout.

``python -I -m lockgate.hosts.child``. Nobody but ``lockgate.hosts.children`` starts it, with an empty environment. What
it runs was written by whoever writes definitions, on data of clients and upstreams, so it takes away from itself
whatever it does not need before it looks at the first task: memory, files, sockets, processes. A task that reaches for
them fails; one that takes too long is ended by the kernel, even where it never comes back to Python.

A message is a line of JSON and the bytes that it announces: ``{"kind", "header", "seconds", "sizes"}`` one way,
``{"header", "sizes"}`` or ``{"failed": text}`` the other way, each with the ``number`` of its task, the first of which is 1.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from lockgate.services import Done

PROGRAMS: Final[Mapping[str, str]] = {"jq": "lockgate.jq_filters", "template": "lockgate.body_transforms"}
"""Module of each kind of task. Its ``perform(header, blobs)`` does a task; what it raises is a fault of its own."""
SCRIPTS: Final = "script"
"""Kind of tasks that have processes of their own: V8 reserves more addresses than a limit could allow, and has threads."""
_SCRIPTS: Final[Mapping[str, str]] = {SCRIPTS: "lockgate.scripting.performing"}

OUT_OF_MEMORY: Final = 77
"""Exit code of a process that has no memory left."""
WALL_FACTOR: Final = 5.0
"""How much longer than its time of computing a task may take on the clock: others need the processor too."""

_MOST_FILES: Final = 32
_READ_AT_ONCE: Final = 1 << 18
_SET_PDEATHSIG: Final = 1
_SET_NO_NEW_PRIVS: Final = 38
_NAME_LOOKUPS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_LATE: Final = "lockgate.templates.jinja"
"""A program imports it only when it is needed, which a task may not do."""
_LOOK_UP_NAMES: Final = frozenset({"template"})
"""Kinds of tasks that may ask for addresses of hosts. Their programs get ``Names`` too."""
_HARMLESS: Final = frozenset(
    {
        "builtins.id",
        "code.__new__",
        "compile",
        "exec",
        "import",
        "marshal.load",
        "marshal.loads",
        "object.__delattr__",
        "object.__getattr__",
        "object.__setattr__",
        "sys._getframe",
        "sys._getframemodulename",
        "time.sleep",
    }
)
"""Events of Python that nothing comes of. Whatever is not here, new ones too, is refused."""
_HARMLESS_OF_SCRIPTS: Final = frozenset({"sys.set_asyncgen_hook_finalizer", "sys.set_asyncgen_hook_firstiter"})
"""V8 needs an event loop, which begins with each task."""
_READS: Final = frozenset({"open", "os.listdir", "os.scandir"})
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

type Program = Callable[..., Done]


def main() -> None:
    """Do tasks until stdin ends."""
    memory, scripts = int(sys.argv[1]), sys.argv[2:] == [SCRIPTS]
    os.chdir("/")
    for name in os.environ.keys() - {"TZ"}:
        del os.environ[name]  # Python itself sets LC_CTYPE where there is none
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    _limit(memory, scripts=scripts)
    programs = {kind: _imported(module) for kind, module in _SCRIPTS.items()} if scripts else load()
    memory_used = Memory()
    gc.collect()
    gc.freeze()
    guard = Guard(_HARMLESS | _HARMLESS_OF_SCRIPTS if scripts else _HARMLESS)
    _send({"ready": sorted(programs), "memory": memory_used.now()}, ())
    number = 0
    while (message := _receive()) is not None:
        number += 1
        answer, blobs = _done(programs, guard, *message)
        _send({"number": number, **answer, "memory": memory_used.now()}, blobs)
    os._exit(0)


def load() -> Mapping[str, Program]:
    """The programs, with everything imported that they need. One that cannot be imported says so to each of its tasks."""
    with contextlib.suppress(ImportError):
        importlib.import_module(_LATE)
    return {kind: _imported(module) for kind, module in PROGRAMS.items()}


def _imported(module: str) -> Program:
    try:
        program: Program = importlib.import_module(module).perform
    except ImportError as error:
        why = str(error)

        def missing(*_: object) -> Done:
            raise ImportError(why)

        return missing
    return program


def _end_with_parent() -> None:
    """End when the gateway does, however that ends; and never get more rights than now."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            prctl = ctypes.CDLL(None).prctl
            prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _limit(memory: int, *, scripts: bool = False) -> None:
    """Take away memory, dumps, files, and further processes where that can be done."""
    for name, most in (
        ("RLIMIT_DATA" if scripts else "RLIMIT_AS", memory),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", _MOST_FILES),
        *(() if scripts else (("RLIMIT_NPROC", 0),)),
    ):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(number, (kept, kept))


class Memory:
    """How much of it this process holds, as far as the system says so."""

    def __init__(self) -> None:
        self._file = -1
        with contextlib.suppress(OSError):
            self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def now(self) -> int:
        """In bytes; 0 where nobody knows."""
        if self._file < 0:
            return 0
        return int(os.pread(self._file, 128, 0).split()[1]) * resource.getpagesize()


class Guard:
    """Refuses what a task has no business with. For what gets past Python itself there are the limits."""

    def __init__(self, harmless: AbstractSet[str] = _HARMLESS) -> None:
        self._harmless: Final = harmless
        folders = [*sys.path, *zoneinfo.TZPATH]
        self._libraries: Final = tuple(f"{folder}{os.sep}" for folder in folders if folder.startswith(os.sep))
        self.looks_up_names = False
        """Whether the task may ask for addresses of hosts."""
        sys.addaudithook(self._check)

    def _check(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in self._harmless or (event in _NAME_LOOKUPS and self.looks_up_names):
            return
        if event in _READS and self._is_library(*arguments):
            return
        raise PermissionError(f"a task may not do this: {event}")

    def _is_library(self, path: object = None, _mode: object = None, flags: object = 0) -> bool:
        """Whether it only reads a part of Python or of what is installed."""
        if not isinstance(flags, int) or flags & _WRITING:
            return False
        text = os.fsdecode(path) if isinstance(path, bytes) else path
        return isinstance(text, str) and ".." not in text and f"{text}{os.sep}".startswith(self._libraries)


class Names:
    """Asks the system for addresses of hosts."""

    def addresses(self, host: str) -> list[str]:
        """Addresses as text, each once.

        Raises:
            OSError: There are none.
        """
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _done(
    programs: Mapping[str, Program], guard: Guard, message: Mapping[str, Any], blobs: Sequence[bytes]
) -> tuple[dict[str, Any], Sequence[bytes]]:
    """What to answer."""
    kind, seconds = str(message["kind"]), float(message["seconds"])
    program = programs.get(kind)
    if program is None:
        return {"failed": f"there is no program for tasks of the kind {kind!r}"}, ()
    guard.looks_up_names = kind in _LOOK_UP_NAMES
    outside = (Names(),) if guard.looks_up_names else ()
    _set_timers(seconds)
    try:
        done = program(message["header"], blobs, *outside)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except RecursionError:
        return {"failed": "it is nested too deeply"}, ()
    except Exception as error:  # noqa: BLE001 - a process that ends because of its task is one that has to be replaced
        return {"failed": f"{type(error).__name__}: {error}"}, ()
    finally:
        _set_timers(0.0)
    return {"header": done.header, "sizes": [len(blob) for blob in done.blobs]}, done.blobs


def _set_timers(seconds: float) -> None:
    """Have the kernel end this process after so many seconds of computing, or five times as many on the clock."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WALL_FACTOR)


_unread = bytearray()


def _receive() -> tuple[Mapping[str, Any], Sequence[bytes]] | None:
    """The next task; None when there will be none."""
    while (end := _unread.find(b"\n")) < 0:
        if not _read_more(_READ_AT_ONCE):
            return None
    message = json.loads(_unread[:end])
    del _unread[: end + 1]
    blobs: list[bytes] = []
    for size in message["sizes"]:
        while (missing := size - len(_unread)) > 0:
            if not _read_more(min(missing, _READ_AT_ONCE)):
                return None
        blobs.append(bytes(_unread[:size]))
        del _unread[:size]
    return message, blobs


def _read_more(size: int) -> bool:
    data = os.read(0, size)
    _unread.extend(data)
    return bool(data)


def _send(message: Mapping[str, Any], blobs: Sequence[bytes]) -> None:
    try:
        line = json.dumps(message).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        line = (
            json.dumps({"number": message.get("number"), "failed": f"its answer is no JSON: {error}"}).encode() + b"\n"
        )
        blobs = ()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    for part in (line, *blobs):
        view = memoryview(part)
        while view:
            view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
