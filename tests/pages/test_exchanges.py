"""Rows, traces and events for scripts of pages, over HTTP, on a desk without a host."""

import http.client
import json
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import make_exchange
from tests.pages.serving import serving

from lockgate.debugging.desk import Desk
from lockgate.exchange import Headers, Response
from lockgate.inspection import SYSTEM
from lockgate.loading import load_text
from lockgate.pages import exchanges
from lockgate.settings import Settings
from lockgate.snapshot import Gateway, Snapshot
from lockgate.trace import Trace

REWRITE = {"enabled": True, "pattern": "/users", "rewriteTo": "/v2/people"}
DOCUMENT = oas({"GET /users": {"urlRewrite": REWRITE}}, name="users", listen="/u/")
USUAL = tried(snapshot(DOCUMENT), "GET", "/u/users", (("Authorization", "Bearer hush-hush"),))
REFUSED = tried(snapshot(DOCUMENT), "GET", "/nowhere")
MANY = 20_000


@pytest.fixture
def desk():
    return Desk(Gateway(snapshot(DOCUMENT)), SYSTEM, None)


@pytest.fixture
def pages(desk):
    with serving(desk) as served:
        yield served


def note(desk, *ids, trace=USUAL):
    for one in ids:
        desk.exchanges.began(trace, one)
        desk.exchanges.ended(one)


def rows(pages, query=""):
    status, answer = pages.ask(f"/lockgate/api/exchanges{query}")
    assert status == 200, answer
    return answer


def test_rows_are_the_newest_first_page_by_page(pages, desk):
    note(desk, "a", "b", "c")

    first = rows(pages, "?limit=2")
    second = rows(pages, f"?limit=2&before={first['next']}")

    assert [row["id"] for row in first["rows"]] == ["c", "b"]
    assert ([row["id"] for row in second["rows"]], second["next"]) == (["a"], None)
    assert (first["kept"], first["dropped"]) == (3, 0)


def test_rows_are_filtered(pages, desk):
    note(desk, "a", "b")
    note(desk, "c", trace=REFUSED)

    assert [row["id"] for row in rows(pages, "?filter=status:4xx")["rows"]] == ["c"]


def test_a_wrong_filter_is_refused_with_the_nearest_word(pages):
    status, answer = pages.ask("/lockgate/api/exchanges?filter=stauts:4xx")

    assert status == 400
    assert "did you mean 'status:'?" in answer["error"]


@pytest.mark.parametrize("query", ["before=x", "before=0", "limit=-1", f"limit={'9' * 20}"])
def test_numbers_are_numbers(pages, query):
    status, answer = pages.ask(f"/lockgate/api/exchanges?{query}")

    assert status == 400
    assert "expected a number above 0" in answer["error"]


def test_one_exchange_has_its_trace_without_secrets(pages, desk):
    note(desk, "a")

    status, answer = pages.ask("/lockgate/api/exchanges/a")

    assert status == 200
    assert [step["link"] for step in answer["trace"]["steps"]][:2] == ["routing", "url_rewrite"]
    assert "hush" not in json.dumps(answer)
    assert answer["state"] == "over"
    assert answer["curl"].startswith("curl -i -g --path-as-is ")
    out = {one["middleware"]: one["reason"] for one in answer["left_out"]}
    assert out["cors"] == "not configured"
    assert len(answer["sources"]) == len(answer["trace"]["steps"])


@pytest.mark.parametrize("path", ["/lockgate/api/exchanges/gone", "/lockgate/exchanges/gone"])
def test_a_forgotten_exchange_says_how_many_are(pages, desk, path):
    desk.exchanges.bound(1, 1000)
    note(desk, "gone", "a", "b")

    status, answer = pages.ask(path)

    assert status == 404
    text = answer["error"] if isinstance(answer, dict) else answer
    assert "no exchange &#39;gone&#39; is kept; the oldest 2 are forgotten".replace("&#39;", "'") in text.replace(
        "&#39;", "'"
    )


@pytest.mark.parametrize("path", ["/lockgate/nowhere", "/lockgate/api/nowhere/x"])
def test_an_address_that_is_none_is_answered_by_a_page_too(pages, path):
    status, text = pages.ask(path)

    assert status == 404
    assert f"there is no page '{path}'" in (text["error"] if isinstance(text, dict) else text.replace("&#39;", "'"))
    assert ("<nav" in text) is (not isinstance(text, dict))


def test_a_trace_can_be_kept_as_a_file(pages, desk):
    note(desk, "a")

    status, answer = pages.ask("/lockgate/api/exchanges/a/trace")

    assert (status, answer["masked"]) == (200, True)
    assert "hush" not in json.dumps(answer)


def test_definitions_that_were_loaded_again_are_told(pages, desk):
    note(desk, "a")
    assert pages.ask("/lockgate/api/exchanges/a")[1]["reloaded"] is False

    desk.gateway = Gateway(Snapshot([], Settings(), generation=7))

    answer = pages.ask("/lockgate/api/exchanges/a")[1]
    assert (answer["reloaded"], answer["left_out"]) == (True, [])


def test_a_step_leads_to_its_line(pages, desk, tmp_path):
    file = tmp_path / "users.json"
    file.write_text(json.dumps(DOCUMENT, indent=1))
    of = Snapshot(load_text(file.read_text(), str(file), Settings()).definitions, Settings())
    desk.gateway = Gateway(of)
    note(desk, "a", trace=tried(of, "GET", "/u/users"))

    sources = pages.ask("/lockgate/api/exchanges/a")[1]["sources"]

    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if '"urlRewrite"' in text)
    assert sources[1] == {"text": f"users.json:{line}", "href": f"/lockgate/apis/users/source#L{line}"}
    assert sources[0] is None


def test_lines_are_not_told_of_a_file_that_changed_since(pages, desk, tmp_path):
    file = tmp_path / "users.json"
    file.write_text(json.dumps(DOCUMENT, indent=1))
    of = Snapshot(load_text(file.read_text(), str(file), Settings()).definitions, Settings())
    desk.gateway = Gateway(of)
    note(desk, "a", trace=tried(of, "GET", "/u/users"))
    file.write_text(json.dumps(oas(name="other")))

    assert pages.ask("/lockgate/api/exchanges/a")[1]["sources"][1] is None


def test_a_search_answers_soon_and_says_where_to_go_on(pages, desk, monkeypatch):
    desk.exchanges.bound(MANY, 1 << 30)
    pages.do(lambda: note(desk, *map(str, range(MANY))))
    monkeypatch.setattr(exchanges, "SEARCH_SECONDS", 0.0)

    first = rows(pages, "?filter=nowhere")
    looked_at, answers = first["looked_at"], 1
    while first["next"] is not None:
        first = rows(pages, f"?filter=nowhere&before={first['next']}")
        looked_at, answers = looked_at + first["looked_at"], answers + 1

    assert looked_at == MANY
    assert answers > 2


def test_a_search_lets_others_have_their_turn(pages, desk):
    desk.exchanges.bound(MANY, 1 << 30)
    pages.do(lambda: note(desk, *map(str, range(MANY))))
    gaps = []

    def tick(last):
        now = time.perf_counter()
        gaps.append(now - last)
        if len(gaps) < 100_000:
            pages.loop.call_soon(tick, now)

    pages.do(lambda: pages.loop.call_soon(tick, time.perf_counter()))
    rows(pages, "?filter=nowhere")

    assert len(gaps) > MANY * 1e-6 / exchanges.SLICE_SECONDS


# Events


class Events:
    """A listener."""

    def __init__(self, pages, path):
        self.connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=20)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()

    def next(self):
        while line := self.answer.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None

    def close(self):
        self.answer.close()
        self.connection.close()


@pytest.fixture
def listen(pages):
    made = []

    def begin(path="/lockgate/api/live"):
        made.append(Events(pages, path))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def test_listeners_are_told_of_what_comes(pages, desk, listen):
    events = listen()
    assert events.answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    assert events.next()["rows"] == []

    pages.do(lambda: note(desk, "a", "b"))

    told = events.next()
    assert [row["id"] for row in told["rows"]] == ["b", "a"]
    assert told["kept"] == 2


def test_what_came_between_a_list_and_its_listener_is_told(pages, desk, listen):
    pages.do(lambda: note(desk, "a"))
    seen = rows(pages)["changes"]
    pages.do(lambda: note(desk, "b"))

    told = listen(f"/lockgate/api/live?since={seen}").next()

    assert [row["id"] for row in told["rows"]] == ["b"]
    assert listen(f"/lockgate/api/live?since={told['changes']}").next()["rows"] == []


def test_who_knows_more_changes_than_there_were_has_to_ask_anew(listen):
    assert listen("/lockgate/api/live?since=7").next()["more"] is True


@pytest.mark.parametrize("since", ["x", "-1", "1" * 30])
def test_a_number_of_changes_is_one(pages, since):
    status, answer = pages.ask(f"/lockgate/api/live?since={since}")
    assert status == 400
    assert "number of changes" in answer["error"]


def test_listeners_are_told_what_their_filter_takes_no_longer(pages, desk, listen):
    events = listen(f"/lockgate/api/live?filter={quote('outcome:"under way"')}")
    events.next()

    pages.do(lambda: desk.exchanges.began(USUAL, "a"))
    assert [row["id"] for row in events.next()["rows"]] == ["a"]
    pages.do(lambda: desk.exchanges.ended("a"))

    told = events.next()
    assert (told["rows"], told["gone"]) == ([], ["a"])


def test_more_than_a_page_of_changes_is_not_told_one_by_one(pages, desk, listen):
    events = listen()
    events.next()

    pages.do(lambda: note(desk, *map(str, range(1000))))

    told = events.next()
    assert told["more"] is True
    assert len(told["rows"]) <= exchanges.ROWS


def test_a_listener_that_goes_away_is_forgotten(pages, desk, listen):
    events = listen()
    events.next()
    assert desk.exchanges.watched == 1

    events.close()

    deadline = time.monotonic() + 20
    while desk.exchanges.watched and time.monotonic() < deadline:
        time.sleep(0.02)
    assert desk.exchanges.watched == 0


def test_one_exchange_is_told_until_it_is_over(pages, desk, listen):
    trace = Trace(make_exchange("GET", "/"))
    pages.do(lambda: desk.exchanges.began(trace, "a"))
    events = listen("/lockgate/api/live/a")
    assert events.next() == {"state": "under way", "steps": 0, "paused": False}

    trace.steps.extend(USUAL.steps[:2])
    assert events.next()["steps"] == 2
    pages.do(lambda: desk.exchanges.ended("a"))

    assert events.next()["state"] == "over"
    assert events.next() is None


def test_a_forgotten_exchange_ends_the_stream(listen):
    events = listen("/lockgate/api/live/a")

    assert events.next()["state"] == "forgotten"
    assert events.next() is None


def test_hostile_text_is_plain_text_in_rows(pages, desk):
    trace = Trace(replace(make_exchange("GET", "/%3Cscript%3E"), response=None))
    trace.error = "</script><img src=x onerror=alert(1)>\udcff"
    trace.answer = Response(200, Headers.of(("X", "\udcff")))
    note(desk, "a", trace=trace)

    assert rows(pages)["rows"][0]["what"] == "</script><img src=x onerror=alert(1)>\\xff"
