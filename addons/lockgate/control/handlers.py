"""What all handlers of the control API have in common.

Source: behaviour-chain 6.1.
"""

import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tornado.web import HTTPError, RequestHandler

from lockgate.deployment import Deployment
from lockgate.snapshot import ReloadReport

logger = logging.getLogger(__name__)

_ERRORS: Final = {400: "Request malformed", 405: "Method not supported"}
_KEY_IN_PATH: Final = re.compile(r"^(/tyk/(?:org/)?keys/).+")


def go_json(value: object) -> str:
    """JSON as the reference gateway writes it: compact, HTML characters escaped, a newline at the end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"


def shown_path(path: str) -> str:
    """A request's path for the log: without the key that it may name."""
    return _KEY_IN_PATH.sub(r"\1•••", path)


class Handler(RequestHandler):
    """Answers as the reference gateway does."""

    deployment: Deployment
    reload: Callable[[], Awaitable[ReloadReport]]

    def initialize(self, *_: Any, **parts: Any) -> None:
        """Take ``deployment``, which it tells about, and ``reload``. Handlers with more parts have an ``initialize`` too."""
        self.deployment = parts["deployment"]
        self.reload = parts["reload"]

    def set_default_headers(self) -> None:
        """JSON, and no name of a server."""
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")

    def compute_etag(self) -> str | None:
        """None: the reference gateway has none."""
        return None

    def reply(self, value: object, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.finish(go_json(value).encode("utf-8", "replace"))

    def error(self, message: str, status: int) -> None:
        """Answer with an error."""
        self.reply({"status": "error", "message": message}, status)

    def unknown(self) -> None:
        """Answer as where there is no such path."""
        self.set_status(404)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish("404 page not found\n")

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer for an exception, or for a method that there is not."""
        self.error(_ERRORS.get(status_code, "Internal Server Error"), status_code)

    def log_exception(self, *arguments: Any) -> None:
        """Say in the log what failed: not what a client did wrong, whose words may hold a key."""
        if isinstance(arguments[1], HTTPError):
            return
        path = shown_path(self.request.path)
        logger.error("the control API failed on %s %s", self.request.method, path, exc_info=arguments)

    def data_received(self, chunk: bytes) -> None:
        """Bodies are read whole."""


class Secured(Handler):
    """A handler below /tyk/ and /lockgate/: nothing is told without the secret, not even which paths there are."""

    def prepare(self) -> None:
        """Ask for the secret."""
        given = (self.request.headers.get_list("x-tyk-authorization") or [""])[0].strip()
        wanted = self.deployment.settings.secret
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            self.error("Attempted administrative access with invalid or missing key!", 403)
