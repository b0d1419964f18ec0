"""Gateways in processes of their own: ``python [-O] gateway.py SOCKET`` makes one for each connection to its socket.

A client sends a configuration, one line of JSON, and gets the port and the process id as another. The gateway ends with
the connection. All are forks of one process, which has everything imported: that is most of what a start takes. It ends
with its stdin.
"""

import asyncio
import dataclasses
import json
import logging
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any

from mitmproxy import http, options
from mitmproxy.tools.dump import DumpMaster
from mitmproxy.tools.web.master import WebMaster

from lockgate import assembly, engine
from lockgate.exchange import Exchange, UpstreamTls
from lockgate.hosts.mitm.addon import GatewayAddon
from lockgate.hosts.mitm.tool import place_gateway
from lockgate.loading import load_text
from lockgate.middleware import Continue, Middleware
from lockgate.middlewares.forward import Forwarding
from lockgate.model import ApiDefinition, Section, Version
from lockgate.registry import Registry
from lockgate.routing.listen import ListenPath
from lockgate.services import Services
from lockgate.settings import HttpServerOptions, Settings, load_settings
from lockgate.snapshot import Gateway, Snapshot
from lockgate.trace import Phase
from lockgate.urls import parse_target


def definition(api: dict[str, Any]) -> ApiDefinition:
    listen = api["listen"]
    forwarding = Forwarding(
        parse_target(api["target"]),
        ListenPath(listen),
        strip=api.get("strip", False),
        response_timeout_seconds=api.get("timeout", 30.0),
        tls=tls_of(api["tls"]) if "tls" in api else None,
    )
    name = api.get("name", listen.strip("/"))
    return ApiDefinition(name, name, listen, True, (Version(sections={"forward": Section(forwarding)}),))


def tls_of(written: dict[str, Any]) -> UpstreamTls:
    return UpstreamTls(**{key: tuple(value) if isinstance(value, list) else value for key, value in written.items()})


def settings_of(configuration: dict[str, Any]) -> Settings:
    if "settings" not in configuration:
        return Settings(http_server_options=HttpServerOptions(**configuration.get("server", {})))
    settings, problems = load_settings(json.dumps(configuration["settings"]))
    assert problems == (), problems
    return settings


class Faulty(GatewayAddon):
    """Breaks where it is told to."""

    fault = ""

    def _broken(self, where: str) -> None:
        if self.fault.startswith(f"{where}:"):
            raise {"error": RuntimeError("injected"), "cancelled": asyncio.CancelledError()}[self.fault.split(":")[1]]

    async def _arrive(self, *arguments: Any) -> None:
        self._broken("requestheaders")
        await super()._arrive(*arguments)

    async def _take_request(self, *arguments: Any) -> None:
        self._broken("request")
        await super()._take_request(*arguments)

    async def _take_response_headers(self, *arguments: Any) -> None:
        self._broken("responseheaders")
        await super()._take_response_headers(*arguments)

    async def _take_response(self, *arguments: Any) -> None:
        self._broken("response")
        await super()._take_response(*arguments)

    def _note_error(self, *arguments: Any) -> None:
        self._broken("error")
        super()._note_error(*arguments)

    def _install_stream(self, *arguments: Any) -> None:
        self._broken("next_layer")
        super()._install_stream(*arguments)

    def _check_target(self, *arguments: Any) -> None:
        self._broken("server_connect")
        super()._check_target(*arguments)

    def _release(self, *arguments: Any) -> None:
        self._broken("release")
        super()._release(*arguments)


class Meddling:
    """An addon of somebody else's that points a request elsewhere, as one that knows nothing of the gateway may."""

    def __init__(self, port: int) -> None:
        self.port = port

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        flow.request.data.host, flow.request.data.port = "127.0.0.1", self.port


def make_links_breakable() -> None:
    """Put every link of every phase into every plan; it raises where a request's X-Break names it."""
    for phase, chain in assembly._CHAINS.items():
        assembly._CHAINS[phase] = Registry(tuple(breakable(middleware, phase) for middleware in chain.values()))


def breakable(middleware: Middleware[Any], phase: Phase) -> Middleware[Any]:
    step = middleware.step(phase)
    if step is None:
        return middleware
    label = f"{phase.value}:{middleware.name}"

    def broken(config: Any, exchange: Exchange, services: Services) -> Any:
        if exchange.request.headers.get("x-break") == label:
            raise RuntimeError(f"injected into {label}")
        return Continue(exchange) if config is NOT_CONFIGURED else step(config, exchange, services)

    always = NOT_CONFIGURED if middleware.always is None else middleware.always
    return dataclasses.replace(
        middleware, **{phase.value: broken}, always=always, body_when=None, resolver=None, passes_by=None
    )


NOT_CONFIGURED = object()


async def main(configuration: dict[str, Any], client: socket.socket) -> None:
    if configuration.get("breakable"):
        make_links_breakable()
    opts = options.Options(listen_host="127.0.0.1", listen_port=0)
    if configuration.get("web"):
        master: Any = WebMaster(opts, with_termlog=False)
        opts.update(web_open_browser=False, web_port=configuration["web"], web_password="tok")
    else:
        master = DumpMaster(opts, with_termlog=False, with_dumper=False)
    logging.getLogger().setLevel(logging.WARNING)
    if configuration.get("log"):
        logging.basicConfig(level=configuration["log"])
    settings = settings_of(configuration)
    definitions = [definition(api) for api in configuration["apis"]]
    for document in configuration.get("documents", []):
        definitions += load_text(json.dumps(document), "document.json", settings).definitions
    gateway = Gateway(Snapshot(definitions, settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: gateway.reload(definitions, ()))
    addon = Faulty(gateway)
    addon.fault = configuration.get("fault", "")
    if configuration.get("read_bodies"):
        engine.Run.needs_request_body = property(lambda _: True)
        engine.Run.needs_response_body = property(lambda _: True)
    place_gateway(master, addon)
    if configuration.get("meddling"):
        master.addons.add(Meddling(configuration["meddling"]))
    if configuration.get("options"):
        opts.update(**configuration["options"])

    class Announce:
        def running(self) -> None:
            port = master.addons.get("proxyserver").listen_addrs()[0][1]
            client.sendall(json.dumps({"port": port, "pid": os.getpid()}).encode() + b"\n")

    master.addons.add(Announce())
    if configuration.get("remove"):

        async def remove() -> None:
            master.addons.remove(addon)

        asyncio.get_running_loop().call_later(0, lambda: asyncio.ensure_future(remove()))

    async def watch() -> None:
        reader, _ = await asyncio.open_connection(sock=client)
        await reader.read()
        master.shutdown()

    watching = asyncio.create_task(watch())
    await master.run()
    await watching


def make(client: socket.socket) -> None:
    """Be one gateway."""
    code = 1
    try:
        configuration = json.loads(client.makefile().readline())
        asyncio.run(main(configuration, client))
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may get back into the loop that forked
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve(path: str) -> None:
    """Make gateways."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended ones leave at once
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(path)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while all(key.fileobj is listener for key, _ in selector.select()):
            client, _ = listener.accept()
            if os.fork() == 0:
                selector.close()
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                make(client)
            client.close()


if __name__ == "__main__":
    serve(sys.argv[1])
