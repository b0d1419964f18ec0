"""Handlers of the control API.

Source: behaviour-chain 6.1 and 6.2.
"""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from lockgate import __version__
from lockgate.control.projection import classic_projection
from lockgate.control.storing import RefusedError, document_of, store
from lockgate.deployment import Deployment
from lockgate.settings import DEFAULT_SECRET
from lockgate.snapshot import ReloadReport

logger = logging.getLogger(__name__)


class ControlError(ValueError):
    """The control API cannot be started as asked."""


def go_json(value: object) -> str:
    """JSON as the reference gateway writes it: compact, HTML characters escaped, a newline at the end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"


class _Handler(RequestHandler):
    deployment: Deployment
    reload: Callable[[], Awaitable[ReloadReport]]

    def initialize(self, deployment: Deployment, reload: Callable[[], Awaitable[ReloadReport]]) -> None:
        self.deployment = deployment
        self.reload = reload

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")

    def compute_etag(self) -> str | None:
        """None: the reference gateway has none."""
        return None

    def reply(self, value: object, status: int = 200) -> None:
        self.set_status(status)
        self.finish(go_json(value).encode("utf-8", "replace"))

    def error(self, message: str, status: int) -> None:
        self.reply({"status": "error", "message": message}, status)

    def write_error(self, status_code: int, **_: Any) -> None:
        if status_code == 405:  # noqa: PLR2004
            self.error("Method not supported", 405)
        else:
            self.error("Internal Server Error", status_code)

    def log_exception(self, *arguments: Any) -> None:
        logger.error("the control API failed on %s %s", self.request.method, self.request.path, exc_info=arguments)

    def data_received(self, chunk: bytes) -> None:
        """Bodies are read whole."""


class _Secured(_Handler):
    """A handler below /tyk/ and /lockgate/: nothing is told without the secret, not even which paths there are."""

    def prepare(self) -> None:
        given = (self.request.headers.get_list("x-tyk-authorization") or [""])[0].strip()
        wanted = self.deployment.settings.secret
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            self.error("Attempted administrative access with invalid or missing key!", 403)


class _Hello(_Handler):
    def get(self) -> None:
        self.reply(
            {
                "status": "pass",
                "version": f"lockgate {__version__}",
                "description": "Tyk GW",
                "details": {
                    "redis": {
                        "status": "pass",
                        "componentType": "datastore",
                        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                    }
                },
            }
        )

    def write_error(self, status_code: int, **_: Any) -> None:
        self.error("Method Not Allowed", status_code)


class _Reload(_Secured):
    """Answers when the new definitions are in force, with or without ``block``."""

    async def get(self) -> None:
        await self.reload()
        self.reply({"status": "ok", "message": ""})


class _ReloadReport(_Secured):
    """What the last reload did: a path of our own, for people and for ``lockgate reload``."""

    def get(self) -> None:
        report = self.deployment.gateway.last_report
        self.reply(
            {
                "generation": report.generation,
                "loaded": report.loaded,
                "unchanged": report.unchanged,
                "kept": report.kept,
                "removed": report.removed,
                "problems": [str(problem) for problem in report.problems],
            }
        )


class _Apis(_Secured):
    def get(self) -> None:
        apis = self.deployment.gateway.current.apis.values()
        self.reply([classic_projection(api.definition) for api in apis])

    def post(self, api_id: str = "") -> None:
        """Store a definition. It is served after the next reload, as with the reference gateway."""
        try:
            document = document_of(self.request.body, api_id)
            key = store(document, self.deployment)
        except RefusedError as error:
            self.error(str(error), 400)
        except OSError as error:
            logger.error("cannot store a definition: %s", error)
            self.error("file object creation failed, write error", 500)
        else:
            self.reply({"key": key, "status": "ok", "action": "added"})


class _Api(_Apis):
    def get(self, api_id: str = "") -> None:
        api = self.deployment.gateway.current.apis.get(api_id)
        if api is None:
            self.error("API not found", 404)
        else:
            self.reply(classic_projection(api.definition))


class _OasApis(_Apis):
    def get(self) -> None:
        apis = self.deployment.gateway.current.apis.values()
        documents = (api.definition.document for api in apis)
        self.reply([document for document in documents if "openapi" in document])


class _Unknown(_Secured):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.set_status(404)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.finish("404 page not found\n")


class _NotFound(_Handler):
    """Outside /tyk/."""

    def prepare(self) -> None:
        self.set_status(404)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("Not Found")


def make_app(deployment: Deployment, reload: Callable[[], Awaitable[ReloadReport]]) -> Application:
    """The control API of a deployment.

    Args:
        deployment: What it tells about.
        reload: Loads definitions again; logs its report itself.
    """
    parts = {"deployment": deployment, "reload": reload}
    return Application(
        [
            (r"/(?:hello|ready)", _Hello, parts),
            (r"/tyk/reload(?:/group)?/?", _Reload, parts),
            (r"/tyk/apis/?", _Apis, parts),
            (r"/tyk/apis/oas/?", _OasApis, parts),
            (r"/tyk/apis/([^/]+)/?", _Api, parts),
            (r"/tyk/.*", _Unknown, parts),
            (r"/lockgate/reload-report", _ReloadReport, parts),
            (r".*", _NotFound, parts),
        ],
        log_function=_log_request,
    )


def _log_request(handler: RequestHandler) -> None:
    logger.debug("control %s %s %s", handler.request.method, handler.request.path, handler.get_status())


def start(address: str, deployment: Deployment, reload: Callable[[], Awaitable[ReloadReport]]) -> HTTPServer:
    """Listen on ``address`` ("HOST:PORT") in the running event loop. Stop it with ``stop()``.

    Raises:
        ControlError: The address is no address, is in use, or is not loopback while the secret is everybody's.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise ControlError(f"expected HOST:PORT for the control API, found {address!r}")
    host = host.strip("[]") or "127.0.0.1"
    secret = deployment.settings.secret
    if host not in ("127.0.0.1", "::1", "localhost") and secret in ("", DEFAULT_SECRET):
        raise ControlError(
            f"the control API does not listen on {host} with the default secret; set one in the settings file "
            "(secret) or in TYK_GW_SECRET"
        )
    server = HTTPServer(make_app(deployment, reload))
    try:
        server.listen(int(port), host)
    except OSError as error:
        raise ControlError(f"the control API cannot listen on {address}: {error.strerror}") from error
    return server
