"""``lockgate serve`` as forks of one process, which has everything imported: that is most of what a start takes.

A fork runs the command line as a process of its own would, with its own environment, session and log. That the program
starts by itself is shown in ``tests/live`` (``test_tools``, ``test_keys``, ``test_reload`` and the pages).

    python -O serving.py SOCKET

takes, for each connection to its socket, arguments and environment as JSON, behind its length and a file for standard
output and error, and answers with the process id; the connection ends with the process.
"""

import contextlib
import importlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

SECONDS = 60.0
IMPORTED = ("lockgate.cli", "lockgate.control.app", "lockgate.hosts.mitm.tool", "mitmproxy.tools.dump")
"""What a gateway imports when it starts, or when it is first needed."""


class Served:
    """One gateway; has what is used of ``subprocess.Popen``."""

    def __init__(self, path: str, arguments: Sequence[str], log: IO[bytes], environment: Mapping[str, str]) -> None:
        self._end = socket.socket(socket.AF_UNIX)
        self._end.settimeout(SECONDS)
        self._end.connect(path)
        asked = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        socket.send_fds(self._end, [len(asked).to_bytes(4)], [log.fileno()])
        self._end.sendall(asked)
        self.pid = int.from_bytes(_exactly(self._end, 4))
        self.ended = False

    def wait_until_it_listens(self, address: str) -> None:
        """Or is over."""
        host, _, port = address.rpartition(":")
        deadline = time.monotonic() + SECONDS
        while self.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.01)

    def poll(self) -> int | None:
        """0 once it is over."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float) -> int:
        """Until it is over."""
        if not self.ended:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self.ended = True
            self._end.close()
        return 0


class Subprocess:
    """Stands in for the module ``subprocess`` where ``lockgate serve`` is all that is started."""

    STDOUT = subprocess.STDOUT
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, path: str) -> None:
        self.path = path

    def Popen(  # noqa: N802 - its name there
        self, command: Sequence[str], *, stdout: IO[bytes], stderr: int, start_new_session: bool, env: Mapping[str, str]
    ) -> Served:
        assert list(command[:3]) == [sys.executable, "-m", "lockgate.cli"]
        assert start_new_session
        assert stderr == self.STDOUT
        served = Served(self.path, command[3:], stdout, env)
        served.wait_until_it_listens(command[command.index("--control") + 1])
        return served


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError("whoever serves is gone")
        found += part
    return found


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The socket of a process that makes gateways."""
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        path = f"{folder}/socket"
        command = [sys.executable, "-P", "-O", str(Path(__file__)), path]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                yield path
            finally:
                process.stdin.close()


def _serve(path: str) -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(path)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while all(key.fileobj is listener for key, _ in selector.select()):
            client, _ = listener.accept()
            length, files, _, _ = socket.recv_fds(client, 4, 1)
            asked = json.loads(_exactly(client, int.from_bytes(length)))
            pid = os.fork()
            if pid == 0:
                selector.close()
                listener.close()
                _run(asked["arguments"], asked["environment"], files[0])
            client.sendall(pid.to_bytes(4))
            client.close()
            os.close(files[0])


def _run(arguments: list[str], environment: dict[str, str], log: int) -> None:
    import lockgate.cli

    code = 1
    try:
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = lockgate.cli.main(arguments)
    except BaseException:  # noqa: BLE001 - nothing may get back into the loop that forked
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended ones leave at once
    _serve(sys.argv[1])
