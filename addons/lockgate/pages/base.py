"""What every page and every answer to a script of a page has in common.

A host makes a class of each handler and of its own that knows who is logged in (``hosts/mitm/pages.py``); nothing here
is reached without a login. Beside that: the name that the browser asked for has to be one of ours, so that no other
site's name can be pointed at this address, and a request that changes something comes from our own pages, or from a
program that shows the password itself.
"""

import ipaddress
import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final, override

import jinja2
import tornado.web

from lockgate.debugging.desk import Desk
from lockgate.problems import kind_of

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
MOST_BYTES: Final = 16 << 20
"""Of what a page's script may send."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that says why it is none."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status: Final = status
        self.message: Final = message


class Page(tornado.web.RequestHandler):
    """A page, or the data of one."""

    desk: Desk

    @override
    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    @override
    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")

    @override
    def prepare(self) -> None:
        name = host_name(self.request.host or "")
        if not is_own_name(name, self.desk.hosts):
            raise Refused(
                403,
                f"expected localhost or an IP address as the host of this page, found {name!r}; "
                "x-lockgate.debug.hosts allows further names",
            )
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        if self.request.method not in _SAFE and site not in ("same-origin", "none"):
            raise Refused(403, f"expected a request of this page, found one of another site ({site})")

    @override
    def check_xsrf_cookie(self) -> None:
        # No site can have a browser send this header here; who sends it has the password.
        if "Authorization" not in self.request.headers:
            super().check_xsrf_cookie()

    def show(self, template: str, **values: Any) -> None:
        """Answer with a page.

        Args:
            template: Name of a file in ``templates``.
            values: Of its variables; whatever text they hold is shown as text.
        """
        _ = self.xsrf_token  # sets the cookie that scripts of the page need
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(templates().get_template(template).render(path=self.request.path, **values))

    def write_json(self, value: Any, status: int = 200) -> None:
        """Answer with data."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(value).encode("utf-8", "backslashreplace"))

    def json_body(self) -> dict[str, Any]:
        """The object that was sent.

        Raises:
            Refused: There is none.
        """
        if not self.request.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(415, "expected application/json")
        if len(self.request.body) > MOST_BYTES:
            raise Refused(413, f"expected {MOST_BYTES} bytes at most, found {len(self.request.body)}")
        try:
            value = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise Refused(400, f"expected JSON: {error}") from None
        if not isinstance(value, dict):
            raise Refused(400, f"expected an object, found {kind_of(value)}")
        return value

    def auth_fail(self, invalid_password: bool) -> None:  # noqa: FBT001 - mitmweb's signature
        """Say how to log in. Called by the host's class."""
        found = "the token is wrong" if invalid_password else "you are not logged in"
        self._say(403, f"{found}: open the address with the token that mitmweb printed when it started, then this one")

    @override
    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, Refused):
            super().log_exception(typ, value, tb)

    @override
    def write_error(self, status_code: int, **given: Any) -> None:
        error = given.get("exc_info", (None, None, None))[1]
        match error:
            case Refused(status=status, message=message):
                self._say(status, message)
            case tornado.web.HTTPError(log_message=str() as message):
                self._say(status_code, message)
            case _:
                self._say(status_code, _phrase(status_code))

    def _say(self, status: int, message: str) -> None:
        self.set_status(status)
        if self.request.path.startswith("/lockgate/api/"):
            self.write_json({"error": message}, status)
        else:
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(templates().get_template("error.html").render(path="", status=status, message=message))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus else "Unknown"


def host_name(host: str) -> str:
    """A Host header without its port, in lower case, an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_own_name(name: str, allowed: tuple[str, ...]) -> bool:
    """Whether a name is one that nobody else can point at this machine, or one that was allowed."""
    if name == "localhost" or name.endswith(".localhost") or name in allowed:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@cache
def templates() -> jinja2.Environment:
    """Templates of pages, which show any text as text."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("lockgate.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["areas"] = AREAS
    return made


AREAS: Final[Mapping[str, str]] = {
    "/lockgate/": "Exchanges",
    "/lockgate/breakpoints": "Breakpoints",
    "/lockgate/try": "Try",
    "/lockgate/apis": "APIs",
    "/lockgate/reload": "Definitions",
}
"""Pages that every page leads to."""
