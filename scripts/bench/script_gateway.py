"""Scripts in a whole gateway: milliseconds of a virtual endpoint beside a mock, and of requests that it makes.

``scripts/bench/scripts.py`` prints it. One client asks on one connection, in rounds: each of the endpoints once, in an
order that is drawn anew for each round, since an answer depends on what came before it. What is compared are answers of
one round, so that what happens to the machine happens to all of them. The mock and the small virtual endpoint have rounds
of their own first.
"""

import base64
import contextlib
import http.client
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final

from figures import median_interval, stop
from reload import serving

TARGET_MILLISECONDS: Final = 0.5
"""That a small virtual endpoint takes longer than a mock."""
WARM_UP: Final = 100
"""Rounds that are not counted."""
MOST_ROUNDS: Final = 1200
"""Each makes 13 connections to the upstream, of which a machine has some 28,000 a minute."""
MOCK: Final = "mock"
DIRECT: Final = "the upstream itself"
BODY: Final = '{"id":42,"title":"a book"}'
HEADER: Final = ["endpoint", "n", "min ms", "median", "p99", "max", "− mock, median of pairs [95 %]"]

SMALL: Final = """
function small(request, session, config) {
    var id = request.URL.split('/').pop().length;
    return TykJsResponse({Body: JSON.stringify({id: 38 + id, title: 'a book'}), Headers: {'X-Made-By': 'script'}, Code: 200}, {});
}
function ask(count) {
    var last;
    for (var index = 0; index < count; index++) {
        last = TykMakeHttpRequest(JSON.stringify({Method: 'GET', Domain: UPSTREAM, Resource: '/books/' + index}));
    }
    return TykJsResponse({Body: JSON.parse(last).Body, Code: JSON.parse(last).Code}, {});
}
function one() { return ask(1) }
function two() { return ask(2) }
function five() { return ask(5) }
function batch() {
    var requests = [];
    for (var index = 0; index < 5; index++) {
        requests.push({method: 'GET', headers: {}, body: '', relative_url: UPSTREAM + '/books/' + index});
    }
    var answers = JSON.parse(TykBatchRequest(JSON.stringify({requests: requests, suppress_parallel_execution: false})));
    return TykJsResponse({Body: answers[4].body, Code: answers[4].code}, {});
}
"""
SMALL_NAME: Final = "virtual endpoint"
ENDPOINTS: Final[Mapping[str, str]] = {
    SMALL_NAME: "small",
    "1 TykMakeHttpRequest": "one",
    "2 TykMakeHttpRequest": "two",
    "5 TykMakeHttpRequest": "five",
    "TykBatchRequest of 5": "batch",
}
"""Function by what is measured; its path has its name."""

UPSTREAM: Final = f"""
import asyncio
ANSWER = {f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}".encode()!r}
async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
"""A small server in a process of its own; it prints its port."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of an endpoint."""

    name: str
    taken: Sequence[float]
    """Milliseconds of each answer, by round."""
    longer: Sequence[float]
    """Milliseconds that it took longer than the mock of the same round."""

    @property
    def cells(self) -> list[str]:
        """Texts for a table with ``HEADER``."""
        figures = (min(self.taken), median(self.taken), quantiles(self.taken, n=100)[98], max(self.taken))
        difference = "" if self.name == MOCK else str(median_interval(self.longer))
        return [self.name, str(len(self.taken)), *(f"{value:.2f}" for value in figures), difference]


def definition(upstream: str) -> dict[str, Any]:
    """An API with a mock and the virtual endpoints, which share all their functions."""
    source = base64.b64encode(f"var UPSTREAM = {json.dumps(upstream)};\n{SMALL}".encode()).decode()
    headers = [{"name": "X-Made-By", "value": "script"}]
    operations: dict[str, Any] = {
        MOCK: {"mockResponse": {"enabled": True, "code": 200, "body": BODY, "headers": headers}}
    }
    for function in ENDPOINTS.values():
        operations[function] = {"virtualEndpoint": {"enabled": True, "functionName": function, "body": source}}
    responses = {"200": {"description": "done"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "bench", "version": "1"},
        "paths": {f"/{name}/book": {"get": {"operationId": name, "responses": responses}} for name in operations},
        "x-tyk-api-gateway": {
            "info": {"name": "bench", "id": "bench", "state": {"active": True}},
            "upstream": {"url": upstream},
            "server": {"listenPath": {"value": "/bench/", "strip": True}},
            "middleware": {"operations": operations},
        },
    }


@contextlib.contextmanager
def upstream_port() -> Iterator[int]:
    """The port of a small upstream."""
    with subprocess.Popen([sys.executable, "-c", UPSTREAM], stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None:
                raise stop("the upstream has no stdout")
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class Client:
    """Asks one path of one server, on a connection that it keeps."""

    def __init__(self, port: int, path: str, connection: http.client.HTTPConnection | None = None) -> None:
        self.connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.path = path

    def ask(self) -> float:
        """Milliseconds until the answer was there."""
        start = perf_counter()
        self.connection.request("GET", self.path)
        answer = self.connection.getresponse()
        body = answer.read()
        taken = (perf_counter() - start) * 1000
        if (answer.status, body) != (200, BODY.encode()):
            raise stop(f"{self.path} answered {answer.status} {body[:200]!r}")
        return taken


def measured(samples: int, settings: Mapping[str, Any] | None = None) -> list[Row]:
    """Milliseconds of each endpoint.

    Args:
        samples: Rounds; ``MOST_ROUNDS`` at most.
        settings: Of the gateway.
    """
    with tempfile.TemporaryDirectory() as home, upstream_port() as port:
        folder = Path(home) / "definitions"
        folder.mkdir()
        (folder / "bench.json").write_text(json.dumps(definition(f"http://127.0.0.1:{port}")), "utf-8")
        with serving(folder, settings) as (gateway, _):
            mock = Client(gateway, f"/bench/{MOCK}/book")
            clients = {MOCK: mock} | {
                name: Client(gateway, f"/bench/{function}/book", mock.connection)
                for name, function in ENDPOINTS.items()
            }
            clients[DIRECT] = Client(port, "/books/1")
            # By themselves first: behind what calls others, whatever comes finds the processor's caches cold.
            alone = _rounds({name: clients[name] for name in (MOCK, SMALL_NAME)}, samples)
            return [*alone, *_rounds(clients, min(samples, MOST_ROUNDS))]


def _rounds(clients: Mapping[str, Client], samples: int) -> list[Row]:
    taken: dict[str, list[float]] = {name: [] for name in clients}
    names, order = list(clients), random.Random(1)
    for turn in range(samples + WARM_UP):
        order.shuffle(names)
        for name in names:
            milliseconds = clients[name].ask()
            if turn >= WARM_UP:
                taken[name].append(milliseconds)
    return [
        Row(name, values, [value - base for value, base in zip(values, taken[MOCK], strict=True)])
        for name, values in taken.items()
    ]
