"""Event handlers of definitions."""

import json

import pytest
from tests.apis import oas
from tests.loading.test_plugins import classic, read, told

from lockgate.events import FIRED

WATCH = "var watch = new TykJS.TykEventHandlers.NewEventHandler({});"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "watch.js").write_text(WATCH)
    return tmp_path


def of_classic(event="AuthFailure", kind="eh_dynamic_handler", **meta):
    handler = {"handler_name": kind, "handler_meta": {"name": "watch", "path": "watch.js", **meta}}
    return classic(event_handlers={"events": {event: [handler]}})


def of_oas(**changes):
    document = oas({"GET /o": {}})
    handler = {"enabled": True, "trigger": "AuthFailure", "type": "custom", "functionName": "watch", "path": "watch.js"}
    document["x-tyk-api-gateway"]["server"]["eventHandlers"] = [{**handler, "id": "1", "name": "w", **changes}]
    return document


def handlers(loaded):
    return {
        event: [(one.name, [name for name, _ in one.sources]) for one in listed]
        for event, listed in loaded.definitions[0].event_handlers.items()
    }


@pytest.mark.parametrize("event", FIRED)
@pytest.mark.parametrize("form", ["classic", "oas"])
def test_handlers_in_javascript(folder, event, form):
    loaded = read(of_classic(event) if form == "classic" else of_oas(trigger=event), folder)

    assert told(loaded) == []
    assert handlers(loaded) == {event: [("watch", ["watch.js"])]}
    assert str(folder / "watch.js") in loaded.definitions[0].files


@pytest.mark.parametrize("document", [of_classic(disabled=True), of_oas(enabled=False), classic(event_handlers={})])
def test_what_is_off_says_nothing(folder, document):
    loaded = read(document, folder)

    assert told(loaded) == []
    assert handlers(loaded) == {}


@pytest.mark.parametrize(
    ("event", "hint"), [("HostDown", "fired are"), ("AuthFailed", "'AuthFailure'"), ("BreakerTriggered", "fired are")]
)
def test_an_event_that_nothing_fires_is_told(folder, event, hint):
    for document, pointer in (
        (of_classic(event), f"/event_handlers/events/{event}"),
        (of_oas(trigger=event), "/x-tyk-api-gateway/server/eventHandlers/0/trigger"),
    ):
        loaded = read(document, folder)
        assert told(loaded) == [("event-not-fired", pointer)]
        assert hint in loaded.problems[0].hint
        assert handlers(loaded) == {}


@pytest.mark.parametrize("document", [of_classic(kind="eh_web_hook_handler"), of_oas(type="webhook", url="http://x")])
def test_handlers_of_other_kinds_are_told_of_nothing(folder, document):
    loaded = read(document, folder)

    assert [code for code, _ in told(loaded)] == ["unsupported-section"]
    assert loaded.definitions[0].unavailable == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"path": "gone.js"}, "missing-script"), ({"path": "bad.js"}, "bad-script"), ({"name": ""}, "missing-function")],
)
def test_a_handler_that_cannot_be_used_is_told(folder, changes, code):
    (folder / "bad.js").write_text("var watch = ;")
    loaded = read(of_classic(**changes), folder)

    assert [one for one, _ in told(loaded)] == [code]
    assert handlers(loaded) == {}


def test_the_gateways_own_script_comes_first(folder):
    (folder / "core.js").write_text("var company = 'Crate';")
    loaded = read(of_classic(), folder, tyk_js_path="core.js")

    assert handlers(loaded) == {"AuthFailure": [("watch", ["core.js", "watch.js"])]}


def test_where_no_script_runs_there_is_no_handler(folder):
    loaded = read(of_classic(), folder, enable_jsvm=False)

    assert [code for code, _ in told(loaded)] == ["scripts-off"]
    assert handlers(loaded) == {}


def test_a_wrong_type_refuses_the_definition():
    document = classic(event_handlers={"events": {"AuthFailure": 3}})

    assert read(json.loads(json.dumps(document))).definitions == ()
