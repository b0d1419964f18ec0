"""Our pages in mitmweb's own web server, under its login."""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators, disable-error-code="no-any-unimported"

from typing import Any, override

import tornado.web
from mitmproxy.tools.web.app import AuthRequestHandler

from lockgate.debugging.desk import Desk
from lockgate.pages.base import Page
from lockgate.pages.routes import ROUTES, STATIC_FOLDER, STATIC_PATH


def install(app: tornado.web.Application, desk: Desk) -> None:
    """Add the pages to mitmweb.

    Args:
        app: mitmweb's.
        desk: What the pages work with.
    """
    routes: list[Any] = [(pattern, _behind_login(page), {"desk": desk}) for pattern, page in ROUTES]
    routes.append((STATIC_PATH, Static, {"path": str(STATIC_FOLDER)}))
    app.add_handlers(r".*", routes)


class Static(tornado.web.StaticFileHandler):
    """Scripts and styles: asked for again each time, so that a page never runs with those of another version."""

    @override
    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")


def _behind_login(page: type[Page]) -> type[Page]:
    """The page for people who are logged in. mitmproxy's class wraps every method of those that inherit from it."""
    made: type[Page] = type(page.__name__, (page, AuthRequestHandler), {"__doc__": page.__doc__})
    return made
