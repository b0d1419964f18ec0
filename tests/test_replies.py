import json

import pytest

from lockgate.exchange import Headers, Request
from lockgate.replies import error_reply, redirect


def reply(content_type, message="no <b>&\"'=\t\\", **options):
    headers = Headers() if content_type is None else Headers.of(("Content-Type", content_type))
    return error_reply(Request("GET", "/", headers=headers), 403, message, **options)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param(None, "application/json", id="none"),
        pytest.param("text/html", "application/json", id="another"),
        pytest.param("Application/XML", "application/json", id="case counts"),
        pytest.param(" text/xml", "application/json", id="blanks count"),
        pytest.param("application/xml; charset=utf-8", "application/xml", id="XML"),
        pytest.param("text/xml", "text/xml", id="text XML"),
    ],
)
def test_the_request_content_type_chooses(content_type, expected):
    assert reply(content_type).headers.get("content-type") == expected


def test_json_is_valid_and_holds_the_message():
    answer = reply(None)

    assert json.loads(answer.body) == {"error": "no <b>&\"'=\t\\"}
    assert answer.body.startswith(b'{\n    "error": "no \\u003Cb\\u003E\\u0026\\"')


def test_xml_is_escaped():
    assert reply("text/xml", "<b>&").body == (
        b'<?xml version = "1.0" encoding = "UTF-8"?>\n<error>&lt;b&gt;&amp;</error>\n'
    )


def test_the_generator_header_can_be_hidden():
    assert reply(None).headers.get("x-generator") == "tyk.io"
    assert "x-generator" not in reply(None, hide_generator=True).headers


@pytest.mark.parametrize(
    ("method", "status"),
    [pytest.param("GET", 301, id="GET"), pytest.param("HEAD", 301, id="HEAD"), pytest.param("POST", 308, id="POST")],
)
def test_a_redirect_keeps_method_and_body(method, status):
    assert redirect(method, "/clean").status == status
