"""Reports of a replay: counted, by field, one by one, in four forms; hostile text stays text, secrets are masked."""

import html
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.helpers import make_request

from lockgate.debugging.comparison import Difference
from lockgate.debugging.recordings import Recorded, Unusable
from lockgate.debugging.report_forms import FORMATS, summary, to_html, to_junit, to_text
from lockgate.debugging.reports import MOST_KEPT, MOST_NAMES, OTHERS, Report, Verdict, result_of, unusable_result

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e'\"&\x00]]>"


def recorded(url: str = "/a", **more) -> Recorded:
    return Recorded(make_request("GET", url), id="an-id", api="Pets", source="f.flow, flow 1", **more)


def report(*results) -> Report:
    made = Report(["f.flow"], "new/")
    for one in results:
        made.add(one)
    return made


def header(name: str, before: str | None, after: str | None) -> Difference:
    return Difference("answer", "header", name, before, after)


def body(pointer: str, before: str = "1", after: str = "2") -> Difference:
    return Difference("answer", "body", pointer, before, after)


REPORT = report(
    result_of(recorded()),
    result_of(recorded("/b"), [header("X-A", "1", None), body("/items/0/id"), body("/items/7/id")]),
    result_of(recorded("/c"), [header("x-a", "1", "2")]),
    result_of(recorded("/d"), reason="not recorded: sessions.find"),
)


def test_what_is_counted():
    assert summary(REPORT) == "4 exchanges: 1 the same, 2 different, 1 not replayed"
    assert [(one.name, one.count) for one in REPORT.by_field] == [
        ("answer header x-a", 2),
        ("answer body /items/*/id", 1),
    ]
    assert REPORT.reasons == {"not recorded: sessions.find": 1}
    assert [one.verdict for one in REPORT.kept] == [Verdict.DIFFERENT, Verdict.DIFFERENT, Verdict.NOT_REPLAYED]


def test_text():
    lines = to_text(REPORT).splitlines()

    assert lines[:2] == ["f.flow through new/, against what was recorded", summary(REPORT)]
    assert "       2  answer header x-a" in lines
    assert "          GET /b: gone, was '1'" in lines
    assert "GET /b  (f.flow, flow 1, exchange an-id, API Pets)" in lines
    assert "    answer header X-A: gone, was '1'" in lines
    assert "       1  not recorded: sessions.find" in lines


def test_json():
    plain = json.loads(FORMATS["json"](REPORT))

    assert (plain["same"], plain["different"], plain["not_replayed"]) == (1, 2, 1)
    assert plain["exchanges"][0]["differences"][0] == {
        "side": "answer", "part": "header", "place": "X-A", "before": "1", "after": None,
    }  # fmt: skip


def test_junit():
    suite = ET.fromstring(to_junit(REPORT))

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert [case.get("name") for case in suite][1] == "GET /b (f.flow, flow 1)"
    assert suite.find("testcase/failure").text.startswith("answer header X-A: gone")


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.names.append((tag, dict(attrs)))


def test_html_needs_nothing_else_and_runs_nothing():
    text = to_html(REPORT)
    page = Elements()
    page.feed(text)

    names = {name for name, _ in page.names}
    assert not names & {"script", "link", "img", "iframe", "form", "base"}
    assert not any(key.startswith("on") or key in ("style", "src", "href") for _, at in page.names for key in at)
    policy = next(at["content"] for name, at in page.names if "http-equiv" in at)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "answer body /items/0/id" in text


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_hostile_text_is_text(form):
    one = result_of(
        recorded("/" + HOSTILE, missing=(HOSTILE,)),
        [header("X" + HOSTILE, HOSTILE, None), body("/" + HOSTILE, HOSTILE)],
    )
    text = FORMATS[form](report(one, result_of(recorded(), reason=HOSTILE)))

    assert "\x1b" not in text
    if form == "html":
        assert "<script" not in text
        assert "&lt;script&gt;" in text
    if form == "junit":
        ET.fromstring(text)
    if form == "json":
        assert json.loads(text)["exchanges"][0]["missing"] == [HOSTILE]
    if form == "text":
        assert "\u202e" not in text


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_lone_surrogate_can_be_written(form):
    text = FORMATS[form](report(result_of(recorded("/\udcff"), [header("X", "\udcff", "2")])))

    assert text.encode("utf-8")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_secrets_are_masked(form):
    differences = [
        header("Authorization", "hush-one", "hush-two"),
        header("X-Key", "hush-one", None),
        header("X-Copy", "a hush-key b", "2"),
        body("/token", "hush-one"),
        Difference("upstream request", "url", "", "/x?api_key=hush-one", "/x?a=1"),
    ]
    one = result_of(recorded("/x?key=hush-one"), differences, "", frozenset({"hush-key"}), frozenset({"x-key", "key"}))
    text = FORMATS[form](report(one))

    assert "hush" not in text
    assert "Authorization" in text


def test_what_is_kept_is_bounded():
    many = report(*(result_of(recorded(), [header("X", "1", str(number))]) for number in range(MOST_KEPT + 50)))

    assert (many.different, len(many.kept)) == (MOST_KEPT + 50, MOST_KEPT)
    assert "… and 50 more." in to_html(many)
    assert f"… and {MOST_KEPT + 30} more" in to_text(many)
    suite = ET.fromstring(to_junit(many))
    assert (suite.get("tests"), suite.get("failures")) == (str(len(suite)), str(len(suite.findall("testcase/failure"))))
    assert "50 more exchanges that are different" in to_junit(many)


def test_exchanges_that_were_not_replayed_leave_room_for_those_that_are_different():
    many = report(
        *(result_of(recorded(), reason="gone") for _ in range(MOST_KEPT + 5)),
        result_of(recorded("/last"), [header("X", "1", "2")]),
    )

    assert [one.title for one in many.of(Verdict.DIFFERENT)] == ["GET /last"]
    assert "GET /last  (f.flow" in to_text(many)
    assert "… and 5 more." in to_html(many)
    assert "5 more exchanges that were not replayed" in to_junit(many)


def test_names_are_bounded_and_counted_all_the_same():
    many = report(*(result_of(recorded(), [body(f"/id{number}")]) for number in range(MOST_NAMES + 7)))

    assert many.fields[OTHERS].count == 7
    assert sum(one.count for one in many.by_field) == MOST_NAMES + 7
    assert len(to_text(many).splitlines()) < 300


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_what_was_not_looked_at_is_said(form):
    made = report(
        replace(result_of(recorded()), routed=False),
        unusable_result(Unusable("f.flow, flow 9", "expected a flow, found <none>")),
    )
    made.faults.append("f.flow: it breaks off")
    made.not_http, made.limited = 3, True
    text = html.unescape(FORMATS[form](made))

    assert "f.flow: it breaks off" in text
    assert "f.flow, flow 9" in text
    assert "expected a flow, found <none>" in text
    if form == "json":
        plain = json.loads(text)
        assert (plain["not_http"], plain["limited"], plain["unrouted"]) == (3, True, 1)
    elif form != "junit":
        assert "1 of these exchanges is for no API" in text
        assert "more" in text


def test_a_broken_recording_is_an_error_of_junit():
    made = report(result_of(recorded()))
    made.faults.append("f.flow: it breaks off")
    suite = ET.fromstring(to_junit(made))

    assert (suite.get("tests"), suite.get("errors"), len(suite.findall("testcase/error"))) == ("2", "1", 1)


def test_long_values_are_shown_from_where_they_differ():
    before, after = "a" * 900 + "X" + "b" * 900, "a" * 900 + "Y" + "b" * 900
    lines = to_text(report(result_of(recorded(), [header("X-A", before, after)]))).splitlines()

    assert max(map(len, lines)) < 500
    assert "aX" in lines[-1]
    assert "aY" in lines[-1]
    assert lines[-1].startswith("    answer header X-A: was '…aaa")
