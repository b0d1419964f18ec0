"""What scripts get, and what becomes of what they give back."""

import base64
import json
from dataclasses import replace as replace_value

import pytest
from tests.helpers import make_exchange

from lockgate.exchange import NOT_READ, Headers, Pass, Response, replace
from lockgate.identity.sessions import completed, session_document
from lockgate.scripting.answers import (
    HookAnswer,
    Overrides,
    RequestEdits,
    hook_answer,
    plugin_answer,
    virtual_answer,
)
from lockgate.scripting.calling import as_json
from lockgate.scripting.contract import (
    ScriptConfig,
    answer_headers,
    edited_request,
    edited_response,
    hook_response,
    plugin_request,
    reply,
    script_url,
    virtual_request,
)
from lockgate.scripting.reading import AnswerError, whole_text
from lockgate.scripting.sessions import NO_SESSION, session_argument, with_meta_data
from lockgate.session import Session

FORM = ("Content-Type", "application/x-www-form-urlencoded")


def exchange_of(method="GET", url="/api/x", headers=(), body=b"", **changes):
    made = make_exchange(method, url, headers)
    return replace(made, request=replace(made.request, body=body, **changes))


def members_of(**changes):
    """A plugin's request as it comes back, as JSON values."""
    given = plugin_request(exchange_of("POST", "/api/x?a=1", body=b"body"))
    return {**given, "Headers": {}, **changes}


def plugin(request=None, **more):
    return plugin_answer(json.dumps({"Request": members_of() if request is None else request, **more}))


def virtual(response, **more):
    return virtual_answer(json.dumps({"Response": response, **more}))


# ── the request of a plugin ──


def test_a_plugin_gets_fourteen_members():
    given = plugin_request(
        exchange_of(
            "POST",
            "/api/x?b=2&a=1&a=%20+",
            (("x-one", "1"), ("X-ONE", "2"), ("Transfer-Encoding", "chunked")),
            b"\xff!",
        )
    )

    assert given == {
        "Headers": {"Host": ["gateway.test"], "X-One": ["1", "2"]},
        "SetHeaders": {},
        "DeleteHeaders": [],
        "Body": base64.b64encode(b"\xff!").decode(),
        "URL": "/api/x?b=2&a=1&a=%20+",
        "Params": {"a": ["1", "  "], "b": ["2"]},
        "AddParams": {},
        "ExtendedParams": {},
        "DeleteParams": [],
        "ReturnOverrides": {
            "ResponseCode": 0,
            "ResponseError": "",
            "ResponseBody": "",
            "ResponseHeaders": None,
            "OverrideError": False,
        },
        "IgnoreBody": False,
        "Method": "POST",
        "RequestURI": "/api/x?b=2&a=1&a=%20+",
        "Scheme": "http",
    }
    assert list(given) == [
        *("Headers", "SetHeaders", "DeleteHeaders", "Body", "URL", "Params", "AddParams", "ExtendedParams"),
        *("DeleteParams", "ReturnOverrides", "IgnoreBody", "Method", "RequestURI", "Scheme"),
    ]


def test_a_request_without_host_has_none():
    assert plugin_request(exchange_of(host=""))["Headers"] == {}


def test_the_request_of_a_response_plugin_has_no_body():
    assert plugin_request(exchange_of(body=NOT_READ), with_body=False)["Body"] is None


def test_a_body_that_was_not_read_is_a_bug():
    with pytest.raises(TypeError):
        plugin_request(exchange_of(body=NOT_READ))
    with pytest.raises(TypeError):
        virtual_request(exchange_of(body=NOT_READ))


def test_bytes_that_are_no_utf_8_are_replacement_characters():
    given = plugin_request(exchange_of("GET", "/api/x?\udcff=%ff%e2%82", (("X-A", "a\udcffb"),)))

    assert given["Headers"]["X-A"] == ["a\ufffdb"]
    assert given["Params"] == {"\ufffd": ["\ufffd\ufffd\ufffd"]}
    json.dumps(given).encode("ascii")


def test_the_request_uri_stays_when_the_path_is_replaced():
    changed = edited_request(exchange_of("GET", "/api/x?a=1"), RequestEdits(url="/api/y"))

    assert changed.request.target == "/api/y"
    assert plugin_request(changed)["RequestURI"] == "/api/x?a=1"
    assert plugin_request(edited_request(changed, RequestEdits(url="/api/z")))["RequestURI"] == "/api/x?a=1"


# ── the request of a virtual endpoint ──


def test_a_function_gets_five_members():
    given = virtual_request(exchange_of("PUT", "/api/x?a=1", (("X-One", "1"), ("Host", "other")), b"text"))

    assert given == {
        "Headers": {"X-One": ["1"]},
        "Body": "text",
        "URL": "/api/x?a=1",
        "Params": {"a": ["1"]},
        "Scheme": "http",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_parameters_of_a_form_come_before_those_of_the_query(method):
    given = virtual_request(exchange_of(method, "/api/x?a=1&q=2", (FORM,), b"a=2&b=%21+&bad=%zz&c"))

    assert given["Params"] == {"a": ["2", "1"], "b": ["! "], "c": [""], "q": ["2"]}
    assert list(given["Params"]) == ["a", "b", "c", "q"]


@pytest.mark.parametrize(
    ("method", "kind"), [("GET", FORM[1]), ("DELETE", FORM[1]), ("POST", "text/plain"), ("POST", "multipart/form-data")]
)
def test_other_bodies_are_no_parameters(method, kind):
    assert virtual_request(exchange_of(method, "/api/x?q=1", (("Content-Type", kind),), b"a=2"))["Params"] == {
        "q": ["1"]
    }


def test_a_form_of_very_many_parameters_is_cut():
    body = b"&".join(b"a%d=1" % number for number in range(20_000))

    assert len(virtual_request(exchange_of("POST", "/api/x?q=1", (FORM,), body))["Params"]) == 10_001


def test_long_texts_are_written_as_short_ones_are():
    given = {"a": "\U0001f34e\udcff\n" * 200_000, "b": ["x"], "c": "ü" * 300_000}

    assert as_json(given) == json.dumps(given, separators=(",", ":"))
    assert whole_text(given["a"]) == given["a"].replace("\udcff", "\ufffd")


def test_a_form_is_known_by_its_media_type():
    headers = (("Content-Type", "Application/X-WWW-Form-URLEncoded; charset=utf-8"),)

    assert virtual_request(exchange_of("POST", "/api/x", headers, b"a=2"))["Params"] == {"a": ["2"]}


def test_each_byte_of_a_body_that_is_no_utf_8_is_one_replacement_character():
    assert virtual_request(exchange_of("POST", body=b"a\xff\xe2\x82\x00"))["Body"] == "a\ufffd\ufffd\ufffd\x00"


def test_the_url_is_escaped_as_go_escapes_it():
    assert script_url(exchange_of("GET", "/api/a%2Fb%20c")) == "/api/a%2Fb%20c"
    assert script_url(exchange_of("GET", "/api/a|b?x=|")) == "/api/a%7Cb?x=|"


def test_behind_a_loop_the_url_has_a_host():
    made = exchange_of("GET", "/new?b=2")
    way = Pass("api", "API", "", "/api/", "GET", "/new", loop_level=1)

    assert script_url(replace(made, passes=(*made.passes, way))) == "http:///new?b=2"
    shown = replace_value(way, shown_host="self")
    assert script_url(replace(made, passes=(*made.passes, shown))) == "http://self/new?b=2"


# ── config and session ──


@pytest.mark.parametrize(
    ("config", "given"),
    [
        (ScriptConfig("a", "o"), {"APIID": "a", "OrgID": "o"}),
        (ScriptConfig("a", "o", has_data=True), {"APIID": "a", "OrgID": "o", "config_data": None}),
        (ScriptConfig("a", has_data=True, data={"x": [1]}), {"APIID": "a", "OrgID": "", "config_data": {"x": [1]}}),
    ],
)
def test_config(config, given):
    assert config.argument() == given


def session_of(**document):
    return Session.of(completed(session_document(json.dumps(document).encode()), 0.0, "2026-01-02T03:04:05Z"))


def test_a_session_that_is_not_asked_for_has_every_field_and_nothing_in_any():
    given = session_argument(session_of(rate=5), required=False)

    assert given is NO_SESSION
    assert len(given) == 38
    filled = {name: value for name, value in given.items() if value not in (0, "", None)}
    assert filled == {
        "date_created": "0001-01-01T00:00:00Z",
        "basic_auth_data": {"password": "", "hash_type": ""},
        "jwt_data": {"secret": ""},
        "monitor": {"trigger_limits": None},
    }
    assert (given["meta_data"], given["access_rights"], given["rate"], given["org_id"]) == (None, None, 0, "")


def test_the_session_that_is_asked_for():
    given = session_argument(session_of(rate=5, meta_data={"a": [1]}), required=True)

    assert given is not None
    assert set(given) >= set(NO_SESSION)
    assert (given["rate"], given["meta_data"], given["tags"]) == (5, {"a": [1]}, [])
    assert session_argument(session_of(), required=True)["meta_data"] == {}
    assert session_argument(None, required=True) is None


def test_a_session_that_a_plugin_made_has_every_field():
    assert set(session_argument(Session(), required=True)) == set(NO_SESSION)


def test_metadata_replace_those_of_the_session():
    before = session_of(meta_data={"a": 1, "b": 2}, rate=3)
    after = with_meta_data(before, {"a": 2})

    assert (after.meta_data, after.document["meta_data"], after.document["rate"]) == ({"a": 2}, {"a": 2}, 3)
    assert before.meta_data == {"a": 1, "b": 2}
    assert with_meta_data(before, {"a": 1, "b": 2}) is before


# ── what a plugin gives back ──


def test_a_plugin_that_changes_nothing():
    answer = plugin()

    assert answer.overrides == Overrides()
    assert (answer.meta_data, answer.session, answer.auth_value) == ({}, None, "")
    before = exchange_of("POST", "/api/x?a=1", body=b"body")
    after = edited_request(before, answer.edits)
    assert (after.request, after.rewritten) == (before.request, None)


def test_null_changes_nothing_but_empties():
    answer = plugin(members_of(SetHeaders=None, DeleteHeaders=None, ReturnOverrides=None, IgnoreBody=None))

    assert answer.edits.set_headers == {}
    assert answer.edits.delete_headers == ()
    assert answer.overrides == Overrides()
    assert plugin(members_of(SetHeaders={"X-A": None})).edits.set_headers == {"X-A": ""}


@pytest.mark.parametrize(
    "changes",
    [
        {"SetHeaders": {"X-A": 1}},
        {"SetHeaders": {"X-A": ["a"]}},
        {"SetHeaders": []},
        {"DeleteHeaders": "X-A"},
        {"DeleteHeaders": {"0": "X-A"}},
        {"AddParams": {"a": 1}},
        {"AddParams": []},
        {"ExtendedParams": {"a": "b"}},
        {"DeleteParams": [1]},
        {"URL": 5},
        {"IgnoreBody": "yes"},
        {"Method": 1},
        {"Headers": {"X-A": "a"}},
        {"Params": 1},
        {"Body": "not base64!"},
        {"Body": 5},
        {"ReturnOverrides": "403"},
        {"ReturnOverrides": {"ResponseCode": "403"}},
        {"ReturnOverrides": {"ResponseCode": 403.5}},
        {"ReturnOverrides": {"ResponseBody": {"a": 1}}},
        {"ReturnOverrides": {"ResponseHeaders": {"X-N": 1}}},
        {"ReturnOverrides": {"OverrideError": 1}},
    ],
    ids=json.dumps,
)
def test_a_wrong_type_is_an_error(changes):
    with pytest.raises(AnswerError):
        plugin(members_of(**changes))


@pytest.mark.parametrize(
    "more",
    [
        {"SessionMeta": {"a": 1}},
        {"SessionMeta": {"a": {}}},
        {"SessionMeta": []},
        {"SessionMeta": "a"},
        {"AuthValue": 1},
    ],
)
def test_metadata_of_a_plugin_are_texts(more):
    with pytest.raises(AnswerError):
        plugin(**more)


def test_null_in_metadata_is_empty():
    assert plugin(SessionMeta={"a": None, "b": "c"}).meta_data == {"a": "", "b": "c"}
    assert plugin(SessionMeta=None).meta_data == {}


@pytest.mark.parametrize(
    "text", ["undefined", "", "[]", '"text"', "3", "true", "[object Object]", "{} {}", "{", '{"Request": []}']
)
def test_what_is_no_answer(text):
    with pytest.raises(AnswerError):
        plugin_answer(text)


def test_an_answer_that_is_nested_too_deep():
    with pytest.raises(AnswerError):
        virtual_answer('{"Response": {"Code": 200}, "SessionMeta": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}")
    with pytest.raises(AnswerError):
        virtual_answer('{"Response": {"Code": 200}, "SessionMeta": {"a": ' + "[" * 3_000 + "]" * 3_000 + "}}")


def test_names_are_found_whatever_their_case_and_the_last_one_counts():
    text = json.dumps(members_of())[:-1]
    answer = plugin_answer(
        '{"REQUEST": ' + text + ', "setheaders": {"X-A": "1"}, "SETHEADERS": {"X-B": "2"}, "url": "/y"}}'
    )

    assert answer.edits.set_headers == {"X-A": "1", "X-B": "2"}
    assert answer.edits.url == "/y"


def test_an_auth_check_gives_a_session_and_a_key():
    answer = plugin(Session={"rate": 5, "meta_data": {"a": [1, None]}}, AuthValue="key")

    assert answer.session == {"rate": 5, "meta_data": {"a": [1, None]}}
    assert answer.auth_value == "key"


# ── what becomes of it ──


def test_headers_are_deleted_and_then_set():
    before = exchange_of(
        headers=(("X-Drop", "1"), ("x-both", "1"), ("X-Stay", "1"), ("X-REPLACE", "a"), ("x-replace", "b"))
    )
    edits = RequestEdits(
        url="/api/x",
        delete_headers=("x-drop", "X-Both", "X-None"),
        set_headers={"x-both": "kept", "X-Replace": "after", "X-Empty": "", "X-Pad": "  a "},
    )
    after = edited_request(before, edits)

    assert list(after.request.headers) == [
        ("X-Stay", "1"),
        ("X-Both", "kept"),
        ("X-Replace", "after"),
        ("X-Empty", ""),
        ("X-Pad", "  a "),
    ]
    assert after.own_headers == {b"x-both", b"x-replace", b"x-empty", b"x-pad"}


def test_names_stay_as_they_are_written_where_the_setting_says_so():
    after = edited_request(exchange_of(), RequestEdits(url="/", set_headers={"x-lower": "1"}), keep_names=True)

    assert list(after.request.headers) == [("x-lower", "1")]


def test_framing_and_host_are_not_for_scripts():
    before = exchange_of("POST", headers=(("Content-Length", "4"),), body=b"body")
    names = {"Host": "other", "content-length": "99", "Transfer-Encoding": "chunked"}
    after = edited_request(
        before, RequestEdits(body=b"longer body", url="/api/x", set_headers=names, delete_headers=("Content-Length",))
    )

    assert list(after.request.headers) == [("Content-Length", "11")]
    assert after.request.host == before.request.host
    assert after.request.body == b"longer body"


def test_a_body_is_ignored_where_the_plugin_says_so():
    changed = base64.b64encode(b"changed").decode()
    before = exchange_of("POST", "/api/x", body=b"stays")

    assert edited_request(before, plugin(members_of(Body=changed)).edits).request.body == b"changed"
    assert edited_request(before, plugin(members_of(Body=changed, IgnoreBody=True)).edits).request.body == b"stays"
    assert edited_request(before, plugin(members_of(Body=None)).edits).request.body == b""


@pytest.mark.parametrize(
    ("edits", "query"),
    [
        ({}, "z=1&id=7&id=8&a=%20+x"),
        ({"set_params": {"id": "new", "added": "a b&c"}}, "a=++x&added=a+b%26c&id=new&z=1"),
        ({"add_params": {"id": ("e1", "e2"), "fresh": ("f",)}}, "a=++x&fresh=f&id=7&id=8&id=e1&id=e2&z=1"),
        ({"delete_params": ("id", "a")}, "z=1"),
        ({"delete_params": ("id", "a", "z")}, None),
        ({"set_params": {"z": "1"}}, "z=1&id=7&id=8&a=%20+x"),
        ({"delete_params": ("none",), "add_params": {"none": ()}}, "z=1&id=7&id=8&a=%20+x"),
        (
            {"delete_params": ("id", "a", "z"), "set_params": {"id": "s"}, "add_params": {"id": ("e",)}},
            "id=s&id=e",
        ),
    ],
)
def test_parameters_are_deleted_then_set_then_added(edits, query):
    after = edited_request(exchange_of(), RequestEdits(url="/api/x?z=1&id=7&id=8&a=%20+x", **edits))

    assert (after.request.path, after.request.query) == ("/api/x", query)


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("/other?a=1", "/other", "a=1"),
        ("http://other.example/abs?x=1", "/abs", "x=1"),
        ("rel/path", "rel/path", None),
        ("", "", None),
        ("/a b", "/a%20b", None),
        ("/a?b c HTTP/1.1", "/a", "b%20c%20HTTP/1.1"),
        ("/a?ü", "/a", "%C3%BC"),
        ("/a#fragment", "/a", None),
    ],
)
def test_the_url_is_taken_apart_again(url, path, query):
    after = edited_request(exchange_of(), RequestEdits(url=url))

    assert (after.request.path, after.request.query, after.rewritten) == (path, query, None)


@pytest.mark.parametrize("url", ["/a%zz", "/a\r\nX-A: 1", "http://[::1", ":"])
def test_a_url_that_is_none_is_an_error(url):
    with pytest.raises(AnswerError):
        edited_request(exchange_of(), RequestEdits(url=url))


def test_a_loop_is_recorded_as_the_rewritten_url():
    after = edited_request(exchange_of(), RequestEdits(url="tyk://self/virtual?x=1", set_params={"y": "2"}))

    assert after.rewritten == "tyk://self/virtual?x=1&y=2"
    assert after.loop_host == "self"
    assert (after.request.path, after.request.query) == ("/virtual", "x=1&y=2")


def test_a_rewrite_that_is_recorded_counts():
    before = replace(exchange_of(), rewritten="http://upstream.test/new")

    assert edited_request(before, RequestEdits(url="tyk://self/x")).rewritten == "http://upstream.test/new"


# ── overrides ──


def overrides(**values):
    return plugin(members_of(ReturnOverrides=values)).overrides


def test_the_error_counts_before_the_body():
    assert overrides(ResponseCode=403, ResponseError="e", ResponseBody="b").body == "e"
    assert overrides(ResponseCode=201, ResponseError="", ResponseBody="b").body == "b"


@pytest.mark.parametrize(
    ("values", "is_refusal"),
    [
        ({"ResponseCode": 399}, False),
        ({"ResponseCode": 400}, True),
        ({"ResponseCode": 999}, True),
        ({"ResponseCode": 400, "OverrideError": True}, False),
        ({}, False),
    ],
)
def test_which_overrides_are_refusals(values, is_refusal):
    assert overrides(**values).is_refusal is is_refusal


def test_names_in_lower_case():
    assert overrides(responsecode=202, responsebody="lower") == Overrides(202, "lower")


@pytest.mark.parametrize("status", [-1, 1, 99, 100, 101, 103, 199, 1000, 1 << 40])
def test_a_status_that_is_none_is_no_answer(status):
    with pytest.raises(AnswerError):
        overrides(ResponseCode=status)
    with pytest.raises(AnswerError):
        virtual({"Code": status, "Body": ""})


# ── virtual endpoints ──


def test_an_answer():
    answer = virtual({"Body": "é", "Headers": {"X-A": "1"}, "Code": 201}, SessionMeta={"a": [1, {"b": None}]})

    assert (answer.status, answer.body, answer.headers) == (201, "é".encode(), {"X-A": "1"})
    assert answer.meta_data == {"a": [1, {"b": None}]}


def test_members_of_an_answer_in_any_case():
    answer = virtual_answer(
        '{"Response": {"Body": "first", "Code": 200, "Headers": {"X-A": "1"},'
        ' "body": "second", "code": 203, "headers": {"X-B": "2"}, "Status": 5}}'
    )

    assert (answer.status, answer.body, answer.headers) == (203, b"second", {"X-A": "1", "X-B": "2"})


@pytest.mark.parametrize(
    "response",
    [
        {"Body": 12, "Code": 200},
        {"Body": {}, "Code": 200},
        {"Body": False, "Code": 200},
        {"Body": "", "Code": "200"},
        {"Body": "", "Code": True},
        {"Body": "", "Code": 200.5},
        {"Body": ""},
        {"Body": "", "Code": None},
        {"Code": 200, "Headers": []},
        {"Code": 200, "Headers": "a: b"},
        {"Code": 200, "Headers": {"X-A": 1}},
        {"Code": 200, "Headers": {"X-A": ["a"]}},
        None,
        [],
    ],
    ids=json.dumps,
)
def test_an_answer_of_the_wrong_shape(response):
    with pytest.raises(AnswerError):
        virtual(response)


@pytest.mark.parametrize("meta", ["text", [], 1, True])
def test_metadata_of_a_virtual_endpoint_are_an_object(meta):
    with pytest.raises(AnswerError):
        virtual({"Code": 200}, SessionMeta=meta)


@pytest.mark.parametrize("meta", [{}, {"SessionMeta": None}])
def test_no_metadata_are_empty_metadata(meta):
    assert virtual({"Code": 200}, **meta).meta_data == {}


def test_numbers_of_metadata_are_those_of_64_bits():
    assert virtual_answer(
        '{"Response": {"Code": 200}, "SessionMeta": {"a": 1e3, "b": 10000000000000000000000}}'
    ).meta_data == {
        "a": 1000.0,
        "b": 1e22,
    }
    with pytest.raises(AnswerError):
        virtual_answer('{"Response": {"Code": 200}, "SessionMeta": {"a": 1e999}}')


def test_halves_of_characters_and_bytes_become_replacement_characters():
    assert virtual({"Code": 200, "Body": "a\udcff\ud800b"}).body == "a\ufffd\ufffdb".encode()
    assert virtual_answer('{"Response": {"Code": 200, "Body": "\\ud83c\\udf4e"}}').body == "🍎".encode()


@pytest.mark.parametrize(
    "text", ["undefined", "", "null", "[]", "true", '{"Code": 200}', "x", '{"Response": {"Code": 200}} x']
)
def test_what_is_no_answer_of_a_function(text):
    with pytest.raises(AnswerError):
        virtual_answer(text)


def test_blanks_around_an_answer_do_not_count():
    assert virtual_answer('  {"Response": {"Code": 200}}\n').status == 200


def test_a_reply():
    made = reply(
        201,
        b"x",
        {"x-odd-CASE": " a  b ", "content-type": "", "Server": "me", "date": "now", "X-Two": "a", "x-two": "b"},
    )

    assert (made.status, made.body) == (201, b"x")
    assert list(made.headers) == [("X-Odd-Case", "a  b"), ("Content-Type", ""), ("X-Two", "b"), ("Server", "tyk")]


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_without_body(status):
    assert reply(status, b"x", {}).body == b""


def test_a_header_cannot_end_the_head():
    made = answer_headers(
        {"X-A": "1\r\nSet-Cookie: x\x00", "X-B\r\nX-C": "1", "": "1", "X D": "1", "Content-Length": "5"}
    )

    assert list(made) == [("X-A", "1  Set-Cookie: x")]


# ── response plugins ──


def test_what_a_response_plugin_gets():
    given = hook_response(Response(201, Headers.of(("x-a", "1"), ("X-A", "2")), b"\xff"))

    assert given == {
        "StatusCode": 201,
        "Body": "\udcff",
        "Headers": {"X-A": ["1", "2"]},
        "SetHeaders": {},
        "DeleteHeaders": [],
    }


def test_what_becomes_of_a_response():
    text = json.dumps(
        {"Response": {"StatusCode": 0, "Body": "\udcff", "SetHeaders": {"x-b": "2"}, "DeleteHeaders": ["x-a"]}}
    )
    before = Response(201, Headers.of(("X-A", "1"), ("Content-Length", "9")), b"123456789", "Made")
    after = edited_response(before, hook_answer(text))

    assert after == Response(201, Headers.of(("Content-Length", "1"), ("X-B", "2")), b"\xff", "Made")
    assert edited_response(before, HookAnswer(status=404)).status == 404
    assert edited_response(before, hook_answer("{}")).body == b""


def test_bytes_of_a_response_pass_its_plugin():
    before = Response(200, Headers(), bytes(range(256)))
    given = hook_response(before)
    answer = hook_answer(json.dumps({"Response": {**given, "Headers": {}}}))

    assert edited_response(before, answer).body == before.body


@pytest.mark.parametrize(
    "response",
    [{"StatusCode": "200"}, {"StatusCode": 99}, {"Body": 1}, {"SetHeaders": {"A": 1}}, {"DeleteHeaders": "A"}, 5],
)
def test_a_response_of_the_wrong_shape(response):
    with pytest.raises(AnswerError):
        hook_answer(json.dumps({"Response": response, "SessionMeta": {}}))
    with pytest.raises(AnswerError):
        hook_answer(json.dumps({"Response": {}, "SessionMeta": {"a": 1}}))
