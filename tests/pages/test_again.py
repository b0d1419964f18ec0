"""What the pages and programs are told about a request that runs again, while it runs and when it cannot."""

import asyncio
import json

import pytest
import tornado.httpclient
import tornado.httpserver
import tornado.netutil
import tornado.web
from tests.apis import oas, snapshot, tried
from tests.helpers import FixedOutside

from lockgate.debugging.desk import Desk, NotAgainError
from lockgate.pages import again
from lockgate.pages.routes import ROUTES
from lockgate.services import Outside
from lockgate.snapshot import Gateway


class Pages:
    """The pages over a log with one exchange; ``run`` sends it again."""

    def __init__(self, trace, run):
        async def run_again(request, client, began=lambda _: None):
            return await run(self.desk, began)

        fixed = FixedOutside()
        gateway = Gateway(snapshot(oas({})))
        self.desk = Desk(gateway, Outside(clock=fixed, ids=fixed, turns=fixed), run_again)
        self.desk.exchanges.began(trace, "earlier")
        self.desk.exchanges.ended("earlier")
        self.trace = trace
        self.server = tornado.httpserver.HTTPServer(
            tornado.web.Application([(pattern, page, {"desk": self.desk}) for pattern, page in ROUTES])
        )
        (socket, *_) = sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        self.server.add_sockets(sockets)
        self.port = socket.getsockname()[1]

    async def again(self, exchange="earlier", query=""):
        answer = await tornado.httpclient.AsyncHTTPClient().fetch(
            f"http://127.0.0.1:{self.port}/lockgate/api/exchanges/{exchange}/again{query}",
            raise_error=False, method="POST", body="{}", headers={"Content-Type": "application/json"},
        )  # fmt: skip
        return answer.code, json.loads(answer.body)


@pytest.fixture(scope="module")
def trace():
    return tried(snapshot(oas({"GET /a": {}})), "GET", "/api/a")


@pytest.fixture
async def pages(trace):
    made = []

    def begin(run):
        made.append(Pages(trace, run))
        return made[-1]

    yield begin
    for one in made:
        one.server.stop()
        await one.server.close_all_connections()


def runs(trace, *, ends=True):
    async def run(desk, began):
        desk.exchanges.began(trace, "later")
        began("later")
        if not ends:
            await asyncio.Event().wait()
        desk.exchanges.ended("later")
        return "later"

    return run


async def test_over(pages, trace):
    for exchange in ("earlier", "last"):
        status, told = await pages(runs(trace)).again(exchange)
        assert status == 200
        assert (told["before"], told["after"], told["over"], told["paused"]) == ("earlier", "later", True, False)
        assert told["comparison"]["different"] == 0
        assert told["address"] == "/lockgate/compare?before=earlier&after=later"


async def test_one_that_takes_long_is_told_as_it_is(pages, trace, monkeypatch):
    monkeypatch.setattr(again, "WAITED_SECONDS", 0.1)
    status, told = await pages(runs(trace, ends=False)).again()
    assert (status, told["after"], told["over"], told["comparison"]) == (200, "later", False, None)


async def test_one_that_does_not_begin(pages, monkeypatch):
    monkeypatch.setattr(again, "WAITED_SECONDS", 0.1)

    async def run(desk, began):
        await asyncio.Event().wait()

    assert await pages(run).again() == (504, {"error": "it did not begin within 0.1 s"})


async def test_one_that_cannot_be_sent(pages):
    async def run(desk, began):
        raise NotAgainError("its body was not kept")

    status, told = await pages(run).again()
    assert (status, told) == (409, {"error": "this request cannot be run again: its body was not kept"})


@pytest.mark.parametrize(
    ("exchange", "query", "status", "said"),
    [
        ("gone", "", 404, "there is no exchange 'gone'"),
        ("earlier", "?off=many", 400, "expected some of dates, ids, limits as rules, found many"),
        ("earlier", "?ignore=many", 400, "expected header:NAME"),
        ("earlier", "?values=many", 400, "expected date"),
    ],
)
async def test_what_is_refused(pages, trace, exchange, query, status, said):
    code, told = await pages(runs(trace)).again(exchange, query)
    assert code == status
    assert told["error"].startswith(said)
