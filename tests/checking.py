"""What the checker in ``tests/conformance`` needs beside busy neighbours; its own files stay as they are."""

import http.client
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.ports import free_port


class AtOnce(http.client.HTTPConnection):
    """Sends head and body together.

    Apart, a gateway that reads the head first may have sent it upstream before it sees that the body is none, which is
    right, and seen in ``live/test_bad_input``; but it is no matter of the recorded exchanges.
    """

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        head = b"\r\n".join((*self._buffer, b"", b""))  # type: ignore[attr-defined]
        self._buffer.clear()  # type: ignore[attr-defined]
        self.send(head + (message_body or b""))


def prepare(cases: ModuleType, checker: ModuleType) -> None:
    """Ports that nobody else takes, and requests in one piece."""
    checker.free_port = free_port  # type: ignore[attr-defined]
    client = SimpleNamespace(HTTPConnection=AtOnce, HTTPException=http.client.HTTPException)
    cases.http = SimpleNamespace(client=client)  # type: ignore[attr-defined]
