import io
import json
import logging

import pytest
from tests.test_access_log import run

from lockgate.logs import FIELDS, JsonFormatter, TextFormatter, handler, log_exchange
from lockgate.services import ServiceCall


def record(message="said %s", level=logging.WARNING, fields=None, exc_info=None):
    made = logging.LogRecord("lockgate.x", level, "x.py", 1, message, ("it",), exc_info)
    if fields:
        setattr(made, FIELDS, fields)
    return made


def test_json_lines():
    value = json.loads(JsonFormatter().format(record(fields={"exchange_id": "1", "path": 'a "b"\n'})))

    assert (value["level"], value["msg"], value["exchange_id"], value["path"]) == ("warning", "said it", "1", 'a "b"\n')
    assert value["time"].endswith("+00:00")


def test_text_lines():
    line = TextFormatter().format(record(fields={"exchange_id": "1", "path": "a b", "none": ""}))

    assert line.endswith('warning said it exchange_id=1 path="a b" none=""')


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_a_line_stays_one_line(formatter):
    text = formatter.format(record(fields={"user_agent": "a\nforged line"}))

    assert "\n" not in text


@pytest.fixture
def lines():
    stream = io.StringIO()
    logger = logging.getLogger("lockgate.exchange")
    attached = handler(stream, "json", logging.INFO)
    logger.addHandler(attached)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(attached)
    logger.setLevel(logging.NOTSET)


def test_an_exchange_is_recorded_with_its_id(lines):
    log_exchange(run(), access=True)

    assert [(line["msg"], line["exchange_id"], line["status"]) for line in lines()] == [("access", "exchange-1", 204)]


def test_a_link_that_failed_is_logged(lines):
    rewrite = {"urlRewrite": {"enabled": True, "pattern": "/x", "rewriteTo": "/a%zz b"}}
    log_exchange(run(operations={"GET /x": rewrite}), access=False)

    (line,) = lines()
    assert (line["level"], line["link"], line["entry"]) == ("warning", "url_rewrite", "GET /x")


def test_what_scripts_say_is_logged_with_api_and_endpoint(lines):
    made = run(operations={"GET /x": {"urlRewrite": {"enabled": True, "pattern": "/x", "rewriteTo": "/y"}}})
    said = ServiceCall("scripts", "run", {"log": [["log", "got 3"], ["warn", "twice\n"], ["debug", "no"]]})
    (index,) = [n for n, step in enumerate(made.trace.steps) if step.link == "url_rewrite"]
    made.trace.steps[index] = made.trace.steps[index]._replace(calls=(said,))
    log_exchange(made, access=False)

    assert [(line["level"], line["msg"], line["api_name"], line["entry"]) for line in lines()] == [
        ("info", "got 3", "pets", "GET /x"),
        ("warning", "twice\\n", "pets", "GET /x"),
    ]


def test_what_the_host_met_is_logged(lines):
    made = run()
    made.trace.error = "connection refused"
    log_exchange(made, access=False)

    assert [(line["msg"], line["exchange_id"]) for line in lines()] == [("connection refused", "exchange-1")]


def test_text_does_nothing_to_a_terminal():
    line = TextFormatter().format(record(fields={"user_agent": "\x1b[31m", "host": "a\x9b\u202eb"}))

    assert line.endswith('user_agent="\\u001b[31m" host="a\\u009b\\u202eb"')


def test_what_is_said_of_an_exchange_is_one_line_without_secrets(lines):
    made = run("/api/x?token=abcdef")
    made.trace.secrets = frozenset({"sesame"})
    made.trace.error = "sesame at\n\x1b[2J/api/x?token=abcdef"
    log_exchange(made, access=False)

    assert [line["msg"] for line in lines()] == ["••• at\\n\\x1b[2J/api/x?token=•••"]
