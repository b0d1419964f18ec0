"""Handlers of the control API.

Source: behaviour-chain 6.1 and 6.2.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from lockgate import __version__
from lockgate.control.debug import Debug, Trials
from lockgate.control.handlers import Handler as _Handler
from lockgate.control.handlers import Secured as _Secured
from lockgate.control.handlers import shown_path
from lockgate.control.keys import Key, Keys
from lockgate.control.projection import classic_projection
from lockgate.control.storing import RefusedError, document_of, store
from lockgate.deployment import Deployment
from lockgate.identity.keys import KeyStores
from lockgate.settings import DEFAULT_SECRET
from lockgate.snapshot import ReloadReport

logger = logging.getLogger(__name__)


class ControlError(ValueError):
    """The control API cannot be started as asked."""


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


class _Counters(_Secured):
    """How many requests each endpoint got, and what became of their records: a path of our own."""

    counters: Callable[[], object]

    def initialize(self, counters: Callable[[], object], **parts: Any) -> None:
        super().initialize(**parts)
        self.counters = counters

    def get(self) -> None:
        self.reply(self.counters())


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
            self.unknown()


class _NotFound(_Handler):
    """Outside /tyk/."""

    def prepare(self) -> None:
        self.set_status(404)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("Not Found")


def make_app(
    deployment: Deployment,
    reload: Callable[[], Awaitable[ReloadReport]],
    counters: Callable[[], object] = dict,
    keys: KeyStores | None = None,
    trials: Trials | None = None,
) -> Application:
    """The control API of a deployment.

    Args:
        deployment: What it tells about.
        reload: Loads definitions again; logs its report itself.
        counters: Of requests, as JSON values.
        keys: Where keys are; None: there are none, and no paths for them.
        trials: What definitions are tried with; None: none are.
    """
    parts = {"deployment": deployment, "reload": reload}
    of_keys = {**parts, "keys": keys}
    of_trials = {} if trials is None else {**parts, "outside": trials.outside, "scripts": trials.scripts}
    return Application(
        [
            (r"/(?:hello|ready)", _Hello, parts),
            (r"/tyk/reload(?:/group)?/?", _Reload, parts),
            (r"/tyk/apis/?", _Apis, parts),
            (r"/tyk/apis/oas/?", _OasApis, parts),
            (r"/tyk/apis/([^/]+)/?", _Api, parts),
            *([] if keys is None else [(r"/tyk/keys/?", Keys, of_keys), (r"/tyk/keys/([^/]+)/?", Key, of_keys)]),
            *([] if trials is None else [(r"/tyk/debug/?", Debug, of_trials)]),
            (r"/tyk/.*", _Unknown, parts),
            (r"/lockgate/reload-report", _ReloadReport, parts),
            (r"/lockgate/counters", _Counters, {**parts, "counters": counters}),
            (r".*", _NotFound, parts),
        ],
        log_function=_log_request,
    )


def _log_request(handler: RequestHandler) -> None:
    logger.debug("control %s %s %s", handler.request.method, shown_path(handler.request.path), handler.get_status())


def start(
    address: str,
    deployment: Deployment,
    reload: Callable[[], Awaitable[ReloadReport]],
    counters: Callable[[], object] = dict,
    keys: KeyStores | None = None,
    trials: Trials | None = None,
) -> HTTPServer:
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
    server = HTTPServer(make_app(deployment, reload, counters, keys, trials))
    try:
        server.listen(int(port), host)
    except OSError as error:
        raise ControlError(f"the control API cannot listen on {address}: {error.strerror}") from error
    return server
