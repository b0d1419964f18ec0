"""Our pages in a web server of a thread, without a gateway and without a login."""

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web

from lockgate.debugging.desk import Desk
from lockgate.pages.routes import ROUTES, STATIC_FOLDER, STATIC_PATH


class Served:
    def __init__(self, port: int, loop: asyncio.AbstractEventLoop, desk: Desk) -> None:
        self.port, self.loop, self.desk = port, loop, desk

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
        """Status, and the JSON or text that came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, None, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            text = answer.read().decode()
            is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
            return answer.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def do(self, action: Any) -> Any:
        """Something on the loop that serves."""

        async def done() -> Any:
            return action()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(20)


@contextlib.contextmanager
def serving(desk: Desk) -> Iterator[Served]:
    """Serve the pages of a desk."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> tuple[tornado.httpserver.HTTPServer, int]:
        routes: list[Any] = [(pattern, page, {"desk": desk}) for pattern, page in ROUTES]
        routes.append((STATIC_PATH, tornado.web.StaticFileHandler, {"path": str(Path(STATIC_FOLDER))}))
        app = tornado.web.Application(
            routes,
            cookie_secret="x",
            xsrf_cookies=True,
            xsrf_cookie_name="_mitmproxy_xsrf",
            log_function=lambda _: None,
        )
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server = tornado.httpserver.HTTPServer(app)
        server.add_sockets(sockets)
        return server, sockets[0].getsockname()[1]

    async def end(server: tornado.httpserver.HTTPServer) -> None:
        server.stop()
        await server.close_all_connections()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    server, port = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
    try:
        yield Served(port, loop, desk)
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
