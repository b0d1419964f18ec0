from inspect import isawaitable

import pytest
from tests.helpers import NEW_ID, Elsewhere, make_exchange, make_request, make_services

from lockgate.exchange import NOT_READ, Client
from lockgate.middleware import BodyNeed
from lockgate.middlewares.context_variables import (
    LONGEST_VALUE,
    MOST_FIELDS,
    ContextVariables,
    RequestFacts,
    body_need,
    request,
)
from lockgate.trace import Phase
from lockgate.variables import print_value

FORM = ("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")


def variables(*args, **more):
    return request(ContextVariables(), make_exchange(*args, **more), make_services()).exchange.variables


def printed(name, *args, **more):
    return print_value(variables(*args, **more).get(name))


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        pytest.param("path_1", ["GET", "/a"], "", id="no numbered parts"),
        pytest.param("headers", ["GET", "/a", (("X-A", "1"),)], "", id="all headers print nothing"),
        pytest.param("headers_x_a", ["GET", "/a", (("X-A", "1"),)], "", id="not in lower case"),
        pytest.param("headers_X-A", ["GET", "/a", (("X-A", "1"),)], "", id="not with a dash"),
        pytest.param("request_data_a", ["GET", "/?a=1;b=2"], "", id="semicolon"),
        pytest.param("request_data_a", ["GET", "/", (FORM,), b"a=1"], "", id="body of a GET"),
        pytest.param("request_data_a", ["POST", "/", (("Content-Type", "text/plain"),), b"a=1"], "", id="no form"),
        pytest.param("request_data_a", ["POST", "/", (FORM,), NOT_READ], "", id="body not read"),
        pytest.param("path", ["GET", "/a%20b/%FF?x=1"], "/a b/\ufffd", id="path"),
        pytest.param("path_parts", ["GET", "/a/b/"], "a,b,", id="parts of the path"),
        pytest.param("request_id", ["GET", "/"], NEW_ID, id="id"),
        pytest.param("remote_addr", ["GET", "/"], "192.0.2.1", id="client"),
        pytest.param(
            "headers_X_Request_Ref", ["GET", "/", (("x-request-ref", "1"), ("X-REQUEST-REF", "2"))], "1", id="first"
        ),
        pytest.param("headers_X_a_b", ["GET", "/", (("X_a_b", "1"),)], "1", id="underscores"),
        pytest.param("headers_Host", ["GET", "/"], "gateway.test", id="host"),
        pytest.param(
            "cookies_a_b", ["GET", "/", (("Cookie", 'a-b=1; x=2; a-b="3"'),)], "3", id="last cookie, unquoted"
        ),
        pytest.param("cookies_a", ["GET", "/", (("Cookie", "a=1; a"),)], "", id="cookie without a value"),
        pytest.param("cookies_a", ["GET", "/", (("Cookie", 'a=b c,d; a="; a=\\; a=é'),)], "b c,d", id="bad values"),
        pytest.param("cookies_a b", ["GET", "/", (("Cookie", "a b=1; a=2"),)], "", id="bad name of a cookie"),
        pytest.param("request_data_sort_by", ["GET", "/?sort-by=a%20b+c&sort-by=2"], "a b c", id="query"),
        pytest.param("request_data_a", ["POST", "/?a=2", (FORM,), b"a=1"], "1", id="the body comes first"),
        pytest.param("request_data", ["POST", "/?a=2&b=3", (FORM,), b"a=1"], "a:1,2;b:3", id="all values"),
    ],
)
def test_variables(name, arguments, expected):
    assert printed(name, *arguments) == expected


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("GET", (FORM,), BodyNeed.NONE, id="GET"),
        pytest.param("POST", (("Content-Type", "multipart/form-data; boundary=x"),), BodyNeed.NONE, id="multipart"),
        pytest.param("POST", (), BodyNeed.NONE, id="no type"),
        pytest.param("POST", (FORM,), BodyNeed.READ, id="form"),
    ],
)
def test_needs_the_body_of_forms_only(method, headers, expected):
    assert body_need(ContextVariables(), make_exchange(method, "/", headers), Phase.REQUEST) is expected


def test_the_facts_are_a_mapping_that_is_worked_out_once():
    facts = variables("GET", "/a?b=1", (("X-A", "1"),))

    assert len(facts) == len(list(facts)) == 9
    assert facts == dict(facts)
    assert facts["request_data_b"] is facts["request_data_b"]


async def test_the_end_of_a_very_long_form_is_no_variable():
    outcome = request(
        ContextVariables(), make_exchange("POST", "/", (FORM,), b"a=1&" * 9_999 + b"b=2&c=3"), make_services()
    )
    found = (await outcome if isawaitable(outcome) else outcome).exchange.variables

    assert found["request_data_b"] == "2"
    assert "request_data_c" not in found


@pytest.mark.parametrize(
    ("arguments", "computed"),
    [
        pytest.param(["GET", "/?a=1"], 0, id="small"),
        pytest.param(["GET", "/?a=1&b=" + "c" * 20_000], 1, id="long query"),
        pytest.param(["GET", "/?a=1", (("Cookie", "b=1;" * 5_000),)], 1, id="long header"),
        pytest.param(["POST", "/?a=1", (FORM,), b"b=" + b"c" * 20_000], 1, id="large form"),
        pytest.param(["POST", "/?a=1", (), b"b=" + b"c" * 20_000], 0, id="large body"),
    ],
)
async def test_those_of_large_requests_are_worked_out_elsewhere(arguments, computed):
    elsewhere = Elsewhere()

    outcome = request(ContextVariables(), make_exchange(*arguments), make_services(elsewhere))
    outcome = await outcome if isawaitable(outcome) else outcome

    assert elsewhere.count == computed
    assert outcome.exchange.variables["request_data_a"] == "1"


def test_parameters_and_cookies_behind_very_many_are_no_variables():
    facts = RequestFacts(
        make_request("GET", "/?" + "a=1&" * MOST_FIELDS + "b=1", (("Cookie", "c=1;" * MOST_FIELDS + "d=1"),)),
        Client(),
        "/",
        NEW_ID,
        0,
    )

    assert (facts["request_data_a"], facts["cookies_c"]) == ("1", "1")
    assert not facts.keys() & {"request_data_b", "cookies_d"}


def test_a_very_long_field_of_a_body_is_no_variable():
    body = b"a=" + b"x" * (LONGEST_VALUE + 1) + b"&a=2&b=" + b"y" * LONGEST_VALUE + b"&c=" + b"z" * (LONGEST_VALUE + 1)
    facts = RequestFacts(make_request("POST", "/", (FORM,), body), Client(), "/", NEW_ID, 0)

    assert facts["request_data"] == {"a": ("2",), "b": ("y" * LONGEST_VALUE,)}
