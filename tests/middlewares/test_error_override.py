import json

import pytest
from tests.chains import answered, make_api
from tests.helpers import make_exchange, make_response, make_services

from lockgate.error_replies import (
    ErrorAnswer,
    ErrorMatch,
    ErrorOverrides,
    ErrorReplies,
    ErrorRule,
    compile_template,
)
from lockgate.exchange import NOT_READ
from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares.error_override import ErrorOverride, body_need, response
from lockgate.middlewares.forward import Forwarding
from lockgate.routing.listen import ListenPath
from lockgate.trace import Phase

NOWHERE = Forwarding(None, ListenPath("/api/"), strip=True)
PACKED = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("Content-Length", "4"), ("X-A", "1"))


ANY = ErrorMatch()


def config(answer, match=ANY, key="5xx"):
    return ErrorOverride(ErrorReplies(overrides=(ErrorOverrides({key: (ErrorRule(answer, match),)}),)))


def replaced(link, status=500, body=b"oops", headers=(), asked=()):
    exchange = make_exchange("GET", "/", asked, response=make_response(status, headers, body))
    return response(link, exchange, make_services()).exchange.response


@pytest.mark.parametrize(
    ("link", "status"),
    [
        pytest.param(config(ErrorAnswer(418), key="2xx"), 200, id="no error"),
        pytest.param(config(ErrorAnswer(418), key="4xx"), 500, id="no rule"),
        pytest.param(config(ErrorAnswer(418), ErrorMatch("AKI")), 500, id="rule for the gateway"),
    ],
)
def test_other_responses_stay(link, status):
    exchange = make_exchange(response=make_response(status, PACKED, b"oops"))

    assert response(link, exchange, make_services()) == Continue(exchange)
    assert response(link, make_exchange(), make_services()) == Continue(make_exchange())


def test_status_and_headers_alone_leave_the_body():
    link = config(ErrorAnswer(503, headers=(("retry-after", "9"), ("X-A", ""), ("Content-Length", "1"))))

    assert replaced(link, headers=PACKED) == make_response(503, (*PACKED[:3], ("Retry-After", "9")), b"oops")


def test_a_body_takes_the_place_of_a_packed_one():
    answer = replaced(config(ErrorAnswer(body=compile_template("gone"))), headers=PACKED)

    assert answer == make_response(500, (("Content-Type", "application/json"), ("X-A", "1")), b"gone")


def test_a_message_alone_uses_the_template_of_the_gateway():
    answer = replaced(config(ErrorAnswer(message="a < b")), asked=(("Content-Type", "text/xml"),))

    assert answer.headers.get("Content-Type") == "text/xml"
    assert answer.body.endswith(b"<error>a &lt; b</error>\n")


def test_a_status_without_body_has_none():
    assert replaced(config(ErrorAnswer(204))).body == b""


@pytest.mark.parametrize(
    ("status", "phase", "expected"),
    [
        pytest.param(200, Phase.RESPONSE, BodyNeed.NONE, id="no error"),
        pytest.param(404, Phase.RESPONSE, BodyNeed.NONE, id="no rule"),
        pytest.param(500, Phase.REQUEST, BodyNeed.NONE, id="request"),
        pytest.param(500, Phase.RESPONSE, BodyNeed.WRITE, id="rule"),
    ],
)
def test_needs_the_body_where_there_is_a_rule(status, phase, expected):
    exchange = make_exchange(response=make_response(status, (), NOT_READ))

    assert body_need(config(ErrorAnswer(418)), exchange, phase) is expected


def test_one_rule_is_for_upstream_and_gateway():
    errors = config(ErrorAnswer(502, "broken"), key="5xx").errors
    api = make_api({"error_override": ErrorOverride(errors)}, errors=errors)

    upstream = answered(api, "GET", "/api/x", answer=make_response(500, (), b"stack trace"))
    gateway = answered(make_api({"forward": NOWHERE}, errors=errors), "GET", "/api/x")

    for answer in (upstream, gateway):
        assert answer.status == 502
        assert json.loads(answer.body) == {"error": "broken"}
