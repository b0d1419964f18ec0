"""The addon: runs the engine in mitmproxy's hooks, and lets no failure through.

mitmproxy logs an exception of an addon and goes on with the flow as it is. A gateway that lets a request through because
a check crashed is worse than one that answers 500, so every hook of a flow ends in one broad ``except``. It takes
``CancelledError`` too: one that escapes leaves the client without an answer. The stream opens no connection for a flow
that was not released here (``Passage.upstream``).
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import asyncio
import contextlib
import logging
import random
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mitmproxy import connection, contentviews, ctx, http, tls
from mitmproxy.addonmanager import Loader
from mitmproxy.addons import clientplayback
from mitmproxy.proxy import layer, server_hooks

from lockgate import engine
from lockgate.chain import Observer
from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.desk import Desk
from lockgate.exchange import NOT_READ, Body, Exchange, NotRead, Upstream, replace
from lockgate.hosts.children import Children
from lockgate.hosts.computing import Threads
from lockgate.hosts.events import EventQueue
from lockgate.hosts.key_data import ScriptKeys
from lockgate.hosts.local_zone import local_zone
from lockgate.hosts.mitm import dispatch, stream, views
from lockgate.hosts.mitm.again import Again
from lockgate.hosts.mitm.limits import Door
from lockgate.hosts.mitm.messages import (
    to_client,
    to_flow_response,
    to_request,
    to_response,
    write_request,
    write_response,
)
from lockgate.hosts.mitm.passage import Passage, Pool, detach, failure, passage_of
from lockgate.hosts.mitm.pausing import Pausing, people_at
from lockgate.hosts.mitm.tape import Tape, fill, kept
from lockgate.hosts.mitm.tls import (
    Certificates,
    first_layer,
    recall,
    refuse_client,
    refuse_server,
    remember,
    start_server,
)
from lockgate.hosts.outgoing import WITHIN, Listening, Outgoing, Trust
from lockgate.hosts.scripts import GatewayScripts
from lockgate.hosts.trials import scripts_of_trials
from lockgate.identity.keys import KeyStores
from lockgate.logs import log_exchange
from lockgate.middleware import BodyNeed, Reason
from lockgate.records import Recorder, Wire
from lockgate.replies import BODY_TOO_LARGE
from lockgate.services import Outside
from lockgate.snapshot import Gateway, Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits, MemoryStorage, MemoryTurns
from lockgate.trace_format import KEPT_BODY_BYTES

logger = logging.getLogger(__name__)

_random: Final = random.Random()  # noqa: S311 - for ids that tell exchanges apart; nobody gains by guessing one
_SNIFFER: Final = "content_type"
_CRASHED: Final = "crashed when %s; the answer is a 500"
MOST_FLOWS: Final = 10_000
"""That a UI keeps; mitmproxy would keep them all."""
_TRIMMED_AT_ONCE: Final = 500
SHOWN_BODY_BYTES: Final = 1024 * 1024
"""A body of known length up to this is kept whole for people to see and edit, where there is a UI."""
CONNECTIONS_PER_UPSTREAM: Final = 200
"""Of one client. mitmproxy's 5 make parallel requests of an HTTP/2 client wait for one another."""
DEFAULTS: Final[dict[str, object]] = {
    "mode": [f"reverse:http://{stream.DUMMY_HOST}:{stream.DUMMY_PORT}"],
    "connection_strategy": "lazy",
    "keep_host_header": True,
    "block_global": False,
    "keep_alt_svc_header": True,
    "onboarding": False,
    "tcp_timeout": 120,
    "web_columns": ["tls", "icon", "path", "method", "status", "comment", "size", "time"],
}
"""Options of mitmproxy that a gateway needs otherwise; what a person set stays."""


class SystemClock:
    """Time of day."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()


class RandomIds:
    """Random identifiers."""

    def new_id(self) -> str:
        """A random UUID, in lower case with dashes."""
        return str(uuid.uuid4())


class GatewayAddon:
    """Carries flows through the chains of a gateway."""

    name = "lockgate"

    def __init__(
        self,
        gateway: Gateway,
        outside: Outside | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Make the addon.

        Args:
            gateway: Holds the definitions; they may be swapped at any time.
            outside: Services for links.
            observers: Breakpoints and live views.
        """
        self.gateway = gateway
        self.keys: Final = KeyStores(MemoryKeys(), MemoryLimits(SystemClock()))
        """Keys of this process, and what they have used up. They outlive reloads."""
        self._children: Final = Children()
        self._events: Final = EventQueue()
        self._scripts: Final = GatewayScripts(lambda: self.gateway.current.settings)
        self.trial_scripts: Final = scripts_of_trials(lambda: self.gateway.current.settings)
        """Runs scripts of texts that are tried."""
        threads = Threads()
        self.outgoing: Final = Outgoing(self._listening, _trust, compute=threads)
        """Sends what scripts and batches ask for."""
        self.outside: Final = outside or Outside(
            clock=SystemClock(),
            ids=RandomIds(),
            turns=MemoryTurns(),
            compute=threads,
            sessions=self.keys.sessions,
            limits=self.keys.counts,
            tasks=self._children,
            scripts=self._scripts,
            http=self.outgoing,
            key_data=ScriptKeys(self.keys, gateway, SystemClock()),
            storage=MemoryStorage(SystemClock()),
            zone=local_zone(),
            events=self._events,
        )
        self._events.outside = self.outside
        self._closing: asyncio.Task[None] | None = None
        self.observers = tuple(observers)
        self.pausing: Pausing | None = None
        """Shows exchanges that stop at breakpoints; written with ``desk``."""
        self.desk: Desk | None = None
        """Where people look at exchanges; None where nobody can."""
        self.again: Final = Again()
        self._view: Any = None
        self._keeps_traces = False
        self._saves_flows = False
        self._pools: Final[dict[str, Pool]] = {}
        self.trimmed = 0
        """Flows dropped from the UI's list."""
        self.recorder: Final = Recorder()
        """Makes records of exchanges, where the settings want some."""
        self.door: Final = Door()
        self._certificates: Final = Certificates()

    # Life of the addon

    def load(self, loader: Loader) -> None:
        """Install what lies below the hooks."""
        shown = True
        loader.add_option(views.VIEW_OPTION, bool, shown, "Show Lockgate's trace as the first view of a message.")
        dispatch.install(loader.master.addons)
        stream.use_quick_flow_ids()
        clientplayback.ReplayHandler = GatewayReplayHandler  # type: ignore[assignment, misc]
        if views.TraceView.name not in contentviews.registry.available_views():
            contentviews.add(views.TraceView)
        set_defaults(loader.master.options)

    def configure(self, updated: set[str]) -> None:
        """Take notice of options that decide what is kept."""
        if "save_stream_file" in updated:
            self._notice_keepers()

    def stop_at(self, breakpoints: Breakpoints, master: Any) -> None:
        """Have exchanges stop at breakpoints, and shown in the UI of a mitmproxy."""
        self.pausing = Pausing(breakpoints, master.addons.get("view"))
        breakpoints.settings = lambda: self.gateway.current.settings.own.debug
        breakpoints.watching.append(people_at(master))
        self.observers = (*self.observers, breakpoints.observer)

    def running(self) -> None:
        """Find out whether anybody looks at flows, and have processes ready for APIs that hand work to them."""
        self._notice_keepers()
        apis = self.gateway.current.apis.values()
        if any(version.runs_tasks for api in apis for version in api.versions.values()):
            self._children.warm()

    def done(self) -> None:
        """Have records written that wait for it, and end the processes for tasks and the engines of scripts."""
        self._events.close()
        self._children.close()
        self._scripts.close()
        self.trial_scripts.close()
        self.recorder.close()
        with contextlib.suppress(RuntimeError):  # without a loop there are no connections
            self._closing = asyncio.get_running_loop().create_task(self.outgoing.close())

    def _listening(self) -> Sequence[Listening]:
        """Where clients reach the gateway."""
        proxyserver = ctx.master.addons.get("proxyserver")
        tls_on = self.gateway.current.settings.http_server_options.use_ssl
        found = () if proxyserver is None else proxyserver.listen_addrs()
        return tuple(Listening(address[0], address[1], tls_on) for address in found)

    def _notice_keepers(self) -> None:
        self._view = ctx.master.addons.get("view")
        self._saves_flows = bool(getattr(ctx.options, "save_stream_file", None))
        self._keeps_traces = self._view is not None or self._saves_flows

    # Connections

    def client_connected(self, client: connection.Client) -> None:
        """Count the client's connection, and let it have more than five connections to an upstream."""
        proxyserver = ctx.master.addons.get("proxyserver")
        handler = proxyserver.connections.get(client.id) if proxyserver is not None else None
        if handler is None:
            return
        handler.max_conns.default_factory = _many_connections
        if not self.door.enter(client.id, self.gateway.current.settings, lambda: _hang_up(handler)):
            client.error = "there are too many connections"

    def client_disconnected(self, client: connection.Client) -> None:
        """Make room for another client."""
        self.door.leave(client.id)

    def next_layer(self, data: layer.NextLayer) -> None:
        """Choose mitmproxy's layer, and ours in its place."""
        try:
            if data.layer is None:
                self._check_protocol(data)
            if data.layer is None and (chooser := ctx.master.addons.get("nextlayer")) is not None:
                chooser.next_layer(data)
            self._install_stream(data)
        except (Exception, asyncio.CancelledError):
            logger.exception("could not take a connection; it is refused")
            data.layer = stream.RefusingLayer(data.context)

    def _check_protocol(self, data: layer.NextLayer) -> None:
        """Turn a client away that does not speak what the port speaks."""
        start, client = data.data_client(), data.context.client
        if start and not client.tls and client.transport_protocol == "tcp":
            data.layer = first_layer(start, data.context, self.gateway.current.settings)

    def _install_stream(self, data: layer.NextLayer) -> None:
        manager = ctx.master.addons
        client = data.context.client.id
        stream.install(
            data,
            manager.run_now if isinstance(manager, dispatch.CachedAddonManager) else None,
            self.door.limits(self.gateway.current.settings),
            lambda: self.door.spoke(client),
        )

    def tls_start_client(self, data: tls.TlsData) -> None:
        """Show the certificate that is for the name that the client asks for."""
        try:
            if data.ssl_conn is None:
                data.ssl_conn = self._certificates.connection(self.gateway.current, data.context.client.sni or "")
        except (Exception, asyncio.CancelledError):
            logger.exception("could not begin TLS with a client; it is refused")
            refuse_client(data)

    def tls_start_server(self, data: tls.TlsData) -> None:
        """Speak TLS to an upstream as its definition says."""
        try:
            start_server(data, ctx.options)
        except (Exception, asyncio.CancelledError):
            logger.exception("could not begin TLS with an upstream; it is refused")
            refuse_server(data)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Refuse a connection that nobody released: one to the dummy target."""
        try:
            self._check_target(data)
        except (Exception, asyncio.CancelledError):
            logger.exception("could not check a connection; it is refused")
            data.server.error = "refused by the gateway"

    def _check_target(self, data: server_hooks.ServerConnectionHookData) -> None:
        if data.server.address is not None and data.server.address[0] == stream.DUMMY_HOST:
            data.server.error = "the request was not released by the gateway"

    # Flows

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Route; run the request phase at once unless a link needs the body."""
        if flow.response is not None or flow.error is not None:
            return
        try:
            await self._arrive(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "the request's headers came")
            self._crash(flow, "the request's headers came")

    async def request(self, flow: http.HTTPFlow) -> None:
        """Run the request phase, with the body."""
        if flow.response is not None or flow.error is not None:
            return
        try:
            await self._take_request(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "the request came")
            self._crash(flow, "the request came")

    async def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Plan the response phase; run it at once unless a link needs the body."""
        try:
            await self._take_response_headers(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "the response's headers came")
            self._crash(flow, "the response's headers came")

    async def response(self, flow: http.HTTPFlow) -> None:
        """Run the response phase, with the body. The flow is over."""
        try:
            await self._take_response(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "the response came")
            self._crash(flow, "the response came")
        finally:
            self._end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """Note why there is no answer. The flow is over."""
        try:
            self._note_error(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception("could not note an error of a flow")
        finally:
            self._end(flow)

    def _crash(self, flow: http.HTTPFlow, when: str) -> None:
        """Answer in place of whatever failed, and see that nothing goes upstream."""
        passage = passage_of(flow)
        flow.response = failure(passage, Reason.INTERNAL, f"the gateway crashed when {when}; see its log")
        flow.request.data.host, flow.request.data.port = stream.DUMMY_HOST, stream.DUMMY_PORT
        if passage is not None:
            passage.replacement = flow.response

    async def _arrive(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if passage is None:
            raise RuntimeError("the flow came in by a layer that is not ours")
        if flow.is_replay == "request" and views.was_forwarded(flow):
            self._send_again(flow, passage)
            return
        request = to_request(flow.request, flow.request.scheme, body_follows=passage.body_follows)
        exchange = Exchange(
            id=f"{_random.getrandbits(48):012x}",
            received_at=datetime.now(UTC),
            request=request,
            client=to_client(flow.client_conn.peername),
        )
        if self.outgoing.calls_within:
            exchange = self._on_behalf(exchange)
        snapshot = self.gateway.current
        run = passage.run = engine.begin(snapshot, self.outside, exchange, self.observers)
        if self.pausing is not None:
            self.pausing.carries(exchange.id, flow)
        if self.desk is not None:
            self.desk.exchanges.began(run.trace, exchange.id, flow.id)
            self.again.began(flow, exchange.id)
        if run.answered:
            self._answer(flow, passage)
        elif not passage.body_follows:
            flow.request.data.content = b""
            await self._run_request(flow, passage, b"")
        else:
            waits = self._takes_body(flow, passage, snapshot)
            if not waits:
                await self._run_request(flow, passage, NOT_READ)
                waits = run.waits_for_body and self._takes_body(flow, passage, snapshot)
            if flow.response is None:
                passage.waits_for_body = waits
                flow.request.stream = not waits and self._passing(passage, response=False)

    def _on_behalf(self, exchange: Exchange) -> Exchange:
        """An exchange that the gateway asked for itself counts as the client's whose batch it is a part of."""
        request = exchange.request
        within = self.outgoing.within(request.headers.get(WITHIN) or "")
        if within is None:
            return exchange
        request = replace(request, headers=request.headers.remove(WITHIN))
        return replace(exchange, request=request, client=within.client, part_of=within.exchange_id)

    def _takes_body(self, flow: http.HTTPFlow, passage: Passage, snapshot: Snapshot) -> bool:
        """Whether the request phase waits for the body. If that is too large, the answer is set."""
        length = _length(flow.request)
        limit = snapshot.settings.http_server_options.max_request_body_size
        needed = passage.run is not None and passage.run.needs_request_body
        shown = self._view is not None and length is not None and length <= SHOWN_BODY_BYTES
        if not (needed or shown or (limit > 0 and length is None)):
            # A body that is only to be looked at passes when it turns out to be too large.
            passage.body_may_pass = passage.run is not None and passage.run.body_is_wanted
            return passage.body_may_pass and (length is None or length <= passage.body_limit)
        if limit > 0:
            passage.body_limit = min(limit, passage.body_limit)
        if length is not None and length > passage.body_limit:
            passage.settled = True
            flow.response = to_flow_response(BODY_TOO_LARGE)
        return True

    async def _take_request(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if passage is None:
            raise RuntimeError("the flow came in by a layer that is not ours")
        if passage.waits_for_body:
            passage.waits_for_body = False
            body = flow.request.raw_content or b""
            read = self._view is not None or (passage.run is not None and passage.run.needs_request_body)
            await self._run_request(flow, passage, body if read else NOT_READ)
            if passage.run is not None and passage.run.waits_for_body:
                await self._run_request(flow, passage, body)
        if self._keeps_traces:
            self._show(flow, passage)

    async def _run_request(self, flow: http.HTTPFlow, passage: Passage, body: Body) -> None:
        run = passage.run
        if run is None:
            raise RuntimeError("no exchange was begun")
        if self._view is not None:
            flow.backup()
        await engine.run_request(run, body)
        if run.answered:
            self._answer(flow, passage)
        elif not run.waits_for_body:
            self._release(flow, passage)

    def _release(self, flow: http.HTTPFlow, passage: Passage) -> None:
        """Let the request go upstream."""
        run = passage.run
        upstream = run.upstream if run is not None else None
        if run is None or upstream is None:
            raise RuntimeError("the request phase ended without answer and without upstream")
        try:
            write_request(run.exchange.request, flow.request)
        except ValueError as error:
            flow.response = failure(passage, Reason.PROXY_FAILED, f"the request cannot be sent: {error}")
            return
        data = flow.request.data
        data.scheme = upstream.scheme.encode()
        data.host = upstream.host
        data.port = upstream.port
        passage.upstream = upstream
        passage.released = True
        remember(flow, upstream)
        passage.pool = self._pool_of(run)

    def _pool_of(self, run: engine.Run) -> Pool:
        key = run.api.definition.id if run.api is not None else ""
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool()
        return pool

    def _send_again(self, flow: http.HTTPFlow, passage: Passage) -> None:
        """A plain replay: the request goes where it went, as it is in the flow."""
        passage.upstream = Upstream(flow.request.scheme, flow.request.host, flow.request.port, tls=recall(flow))
        passage.settled = True
        flow.comment = f"{flow.comment.removesuffix(views.SENT_AGAIN)}{views.SENT_AGAIN}"

    def _answer(self, flow: http.HTTPFlow, passage: Passage) -> None:
        """The chain answered."""
        run = passage.run
        response = run.exchange.response if run is not None else None
        if response is None:
            raise RuntimeError("the chain answered without a response")
        passage.settled = True
        flow.response = to_flow_response(response)

    async def _take_response_headers(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        response = flow.response
        if passage is None or response is None:
            raise RuntimeError("the flow came in by a layer that is not ours")
        run = passage.run
        if passage.settled or run is None:
            return
        follows = passage.response_body_follows
        engine.begin_response(run, to_response(response, body_follows=follows))
        if follows and (run.needs_response_body or self._shows(response) or run.body_is_wanted):
            passage.response_waits_for_body = True
            passage.response_may_pass = not run.needs_response_body or _only_sniffs(run)
            return
        await engine.run_response(run, NOT_READ if follows else b"")
        self._write_answer(flow, passage)

    async def lockgate_request_too_long(self, flow: http.HTTPFlow) -> None:
        """Run the request phase without the body that somebody would have liked to see."""
        try:
            await self._pass_request(flow)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "a long request came")
            self._crash(flow, "a long request came")

    async def _pass_request(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if passage is None or passage.run is None:
            raise RuntimeError("there is no exchange whose request could pass")
        passage.waits_for_body = False
        await self._run_request(flow, passage, NOT_READ)
        if passage.run.waits_for_body:
            passage.settled = True
            flow.response = to_flow_response(BODY_TOO_LARGE)
        flow.request.stream = flow.response is None and self._passing(passage, response=False)

    async def lockgate_response_too_long(self, flow: http.HTTPFlow) -> None:
        """Run the response phase without the body that it would have liked to see."""
        try:
            passage = passage_of(flow)
            if passage is None or passage.run is None:
                raise RuntimeError("there is no exchange whose response could pass")
            passage.response_waits_for_body = False
            await engine.run_response(passage.run, NOT_READ)
            self._write_answer(flow, passage)
        except (Exception, asyncio.CancelledError):
            logger.exception(_CRASHED, "a long response came")
            self._crash(flow, "a long response came")

    def _write_answer(self, flow: http.HTTPFlow, passage: Passage) -> None:
        run, response = passage.run, flow.response
        answer = run.exchange.response if run is not None else None
        if answer is None or response is None:
            raise RuntimeError("the response phase ended without a response")
        body = write_response(answer, response)
        passage.settled = True
        if isinstance(body, NotRead):
            response.stream = passage.response_body_follows and self._passing(passage, response=True)
        elif not passage.response_waits_for_body and (passage.response_body_follows or body):
            passage.replacement = to_flow_response(answer)

    def _passing(self, passage: Passage, *, response: bool) -> bool | Tape:
        """How a body streams past: alone, or with somebody who keeps its beginning for a record, or all of it to be saved."""
        limit = 0 if passage.run is None else self.recorder.body_bytes(passage.run)
        if self._saves_flows:
            limit = max(limit, KEPT_BODY_BYTES)
        if limit == 0:
            return True
        tape = Tape(limit)
        if response:
            passage.response_tape = tape
        else:
            passage.request_tape = tape
        return tape

    def _shows(self, response: http.Response) -> bool:
        length = _length(response) if self._view is not None else None
        return length is not None and length <= SHOWN_BODY_BYTES

    async def _take_response(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if passage is None or flow.response is None:
            return
        if passage.response_waits_for_body and not passage.settled and passage.run is not None:
            await engine.run_response(passage.run, flow.response.raw_content or b"")
            self._write_answer(flow, passage)
        if self._keeps_traces:
            self._show(flow, passage)
        if self._view is not None and flow.response.data.content is None:
            flow.response.data.content = b""  # it passed; without any content mitmweb shows no view at all

    def _note_error(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if passage is None or passage.run is None or flow.error is None:
            return
        passage.run.trace.error = passage.run.trace.error or flow.error.msg
        if self._keeps_traces:
            self._show(flow, passage)

    def _show(self, flow: http.HTTPFlow, passage: Passage) -> None:
        if passage.run is not None:
            fill(passage.run.trace, passage.request_tape, passage.response_tape)
            views.show(flow, passage.run.trace, forwarded=passage.released)

    def _end(self, flow: http.HTTPFlow) -> None:
        passage = passage_of(flow)
        if flow.websocket is not None:
            if passage is not None and passage.run is not None:
                self._close_entry(passage.run.exchange.id)  # the chains are done with it
        else:
            if passage is not None and passage.run is not None:
                self._say(passage.run)
                self._record(flow, passage, passage.run)
                self._close_entry(passage.run.exchange.id)
            detach(flow)
        view = self._view
        if view is not None and view.store_count() > MOST_FLOWS + _TRIMMED_AT_ONCE:
            self._trim(view)

    def _close_entry(self, exchange_id: str) -> None:
        if self.desk is not None:
            self.desk.exchanges.ended(exchange_id)

    def _say(self, run: engine.Run) -> None:
        """What is to be said of an exchange that is over."""
        access = run.snapshot.settings.access_logs
        # What was asked of services may be a script, which may have logged something.
        if access.enabled or run.trace.failed or run.trace.error or any(step.calls for step in run.trace.steps):
            log_exchange(run, access=access.enabled, fields=access.template)

    def _record(self, flow: http.HTTPFlow, passage: Passage, run: engine.Run) -> None:
        if not run.snapshot.settings.enable_analytics:
            return
        fields = None if flow.response is None else flow.response.data.headers.fields
        self.recorder.take(run, Wire(kept(passage.request_tape), kept(passage.response_tape), fields))

    def _trim(self, view: Any) -> None:
        """Drop the oldest flows that are over from a UI's list."""
        surplus = view.store_count() - MOST_FLOWS
        old = [flow for flow in view.resolve("@all")[:surplus] if not flow.live and not flow.intercepted]
        view.remove(old)
        self.trimmed += len(old)


class GatewayReplayHandler(clientplayback.ReplayHandler):
    """Replays through our stream, so that a replayed request meets the same timeouts and answers as a live one."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        stream.install_on(self.layer)


def _trust() -> Trust:
    """Whose word a person who runs mitmproxy takes on certificates."""
    options = ctx.options
    file, folder = options.ssl_verify_upstream_trusted_ca, options.ssl_verify_upstream_trusted_confdir
    return Trust(not options.ssl_insecure, file, folder)


def _only_sniffs(run: engine.Run) -> bool:
    """Whether nothing but ``content_type`` wants the response's body; it can do without."""
    plan = run.plan
    if plan is None or plan.body is not BodyNeed.NONE:
        return False
    return not any(
        link.middleware.body_when is not None
        and link.middleware.name != _SNIFFER
        and link.middleware.body_when(link.config, run.exchange, plan.phase) is not BodyNeed.NONE
        for link in plan.asks
    )


def set_defaults(options: Any, names: Callable[[str], bool] = lambda _: True) -> None:
    """Give mitmproxy's options the values that a gateway needs, where nobody set another."""
    known = options.keys()
    options.update(
        **{
            name: value
            for name, value in DEFAULTS.items()
            if name in known and names(name) and getattr(options, name) == options.default(name)
        }
    )


def _hang_up(handler: Any) -> None:
    """Close a client's connection, as mitmproxy does after its own time limit."""
    transport = handler.transports.get(handler.client)
    if transport is not None and transport.handler is not None:
        transport.handler.cancel("the client took too long")


def _many_connections() -> asyncio.Semaphore:
    return asyncio.Semaphore(CONNECTIONS_PER_UPSTREAM)


def _length(message: http.Message) -> int | None:
    """The body's length, if the head says it."""
    for name, value in message.data.headers.fields:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else None
    return None
