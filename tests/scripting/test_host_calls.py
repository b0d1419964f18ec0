"""What scripts ask the gateway for, as texts. Expected texts are what Go writes, where the text matters."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.helpers import FixedOutside

from lockgate.destinations import NO_REACH, Reach
from lockgate.exchange import Headers
from lockgate.identity.sessions import session_document
from lockgate.scripting.host_calls import LONGEST_NAME, LONGEST_TEXT, NO_KEY, HostRules, ScriptHost
from lockgate.services import HttpAnswer, HttpCall, HttpReply, Outside, ServiceError, Services
from lockgate.settings import ScriptSettings
from lockgate.stores.memory import MemoryStorage

OK = HttpAnswer(200, Headers.of(("Content-Length", "2")), b"ok")
FAILED = '{"relative_url":"","code":0,"headers":null,"body":""}'


class Http:
    """Keeps what it is asked for; answers by URL, and the last call first where several may be under way."""

    def __init__(self, answers: Mapping[str, HttpAnswer | str] | None = None) -> None:
        self.answers = dict(answers or {})
        self.calls: list[HttpCall] = []
        self.asked: list[tuple[int, int]] = []

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        self.calls += calls
        self.asked.append((at_once, max_bytes))
        replies = []
        for index, call in enumerate(calls):
            found = self.answers.get(call.url, OK)
            if isinstance(found, str):
                replies.append(HttpReply(index, None, found, 0.1))
            else:
                replies.append(HttpReply(index, found, "", 0.1))
        return replies if at_once == 1 else replies[::-1]


class Keys:
    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.set: list[tuple[str, bool]] = []
        self.failure = ""

    async def get_key(self, key: str, api_id: str) -> Mapping[str, Any] | None:
        if self.failure:
            raise ServiceError(self.failure)
        return self.kept.get(f"{api_id}/{key}")

    async def set_key(self, key: str, document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        if self.failure:
            raise ServiceError(self.failure)
        self.kept[key] = document
        self.set.append((key, keeps_counts))


class Asked:
    """A script's way to the gateway, with all that it reaches."""

    def __init__(self, answers: Mapping[str, HttpAnswer | str] | None = None, **settings: Any) -> None:
        fixed = FixedOutside()
        self.http, self.keys = Http(answers), Keys()
        outside = Outside(fixed, fixed, fixed, http=self.http, key_data=self.keys, storage=MemoryStorage(fixed))
        self.services = Services(outside)
        self.rules = HostRules(ScriptSettings(**settings))
        self.host = ScriptHost(self.services, self.rules, 3.0)

    async def __call__(self, name: str, *arguments: object) -> str | None:
        return await self.host.call(name, json.dumps(arguments))

    async def request(self, **members: object) -> str | None:
        return await self("TykMakeHttpRequest", json.dumps(members))

    async def batch(self, *requests: object, **members: object) -> str | None:
        return await self("TykBatchRequest", json.dumps({"requests": requests, **members}))

    @property
    def notes(self) -> list[object]:
        return [call.answer for call in self.services.calls if call.operation == "note"]

    @property
    def call(self) -> HttpCall:
        (call,) = self.http.calls
        return call


# TykMakeHttpRequest


async def test_a_request_is_made_of_its_members() -> None:
    asked = Asked(max_answer_bytes=77)
    asked.rules.reach = Reach(own=frozenset({("up.test", 80)}))
    await asked.request(
        Method="PUT", Domain="http://up.test", Resource="/a?x=1", Body="bödy", Headers={"x-key": "k", "accept": "*/*"}
    )
    assert asked.call == HttpCall(
        "PUT",
        "http://up.test/a?x=1",
        Headers.of(("Accept", "*/*"), ("X-Key", "k")),
        "bödy".encode(),
        3.0,
        asked.rules.reach,
    )
    assert asked.http.asked == [(1, 77)]


async def test_headers_have_the_names_that_the_script_wrote_where_the_settings_keep_them() -> None:
    asked = Asked()
    asked.host = ScriptHost(asked.services, HostRules(keep_names=True), 3.0)
    await asked.request(Domain="http://up.test", Resource="/", Headers={"x-key": "k", "X-Key": "l"})
    assert asked.call.headers == Headers.of(("X-Key", "l"), ("x-key", "k"))


async def test_an_answer_has_both_spellings_in_gos_order() -> None:
    headers = Headers.of(("x-multi", "a"), ("Content-Type", "text/x"), ("X-Multi", "b"))
    asked = Asked({"http://up.test/": HttpAnswer(203, headers, b'<a href="x">&\xff\x00\xe2\x80\xa8</a>')})
    inner = r'"\u003ca href=\"x\"\u003e\u0026\ufffd\u0000\u2028\u003c/a\u003e"'
    fields = '{"Content-Type":["text/x"],"X-Multi":["a","b"]}'
    assert await asked.request(Domain="http://up.test", Resource="/") == (
        f'{{"Code":203,"Body":{inner},"Headers":{fields},"code":203,"body":{inner},"headers":{fields}}}'
    )


async def test_member_names_match_in_any_case_and_the_last_one_counts() -> None:
    asked = Asked()
    text = '{"METHOD":"POST","domain":"http://a","Domain":"http://b","resource":"/x","Headers":{"A":"1"},"headers":{"B":"2"}}'
    await asked("TykMakeHttpRequest", text)
    assert (asked.call.method, asked.call.url) == ("POST", "http://b/x")
    assert asked.call.headers == Headers.of(("A", "1"), ("B", "2"))


@pytest.mark.parametrize("method", [{}, {"Method": ""}, {"Method": None}])
async def test_no_method_is_get(method: dict[str, object]) -> None:
    asked = Asked()
    await asked.request(Domain="http://up.test/", **method)
    assert asked.call.method == "GET"


@pytest.mark.parametrize(
    ("members", "body"),
    [
        ({"FormData": {"z": "last", "amount": "10 €", "a&b": "c=d"}}, b"a%26b=c%3Dd&amount=10+%E2%82%AC&z=last"),
        ({"FormData": {"a": "1"}, "Body": "the body"}, b"the body"),
        ({"FormData": {}, "Body": ""}, b""),
        ({"FormData": {"a": None}}, b"a="),
        ({"FormData": None, "Body": None}, b""),
    ],
)
async def test_a_body_wins_over_a_form(members: dict[str, object], body: bytes) -> None:
    asked = Asked()
    await asked.request(Domain="http://up.test/", **members)
    assert asked.call.body == body
    assert asked.call.headers == Headers()


async def test_bytes_that_are_no_text_are_replaced() -> None:
    asked = Asked()
    await asked.request(Domain="http://up.test/", Body="a\udcff", Headers={"X": "\udcfe"}, FormData={"b": "\udc80"})
    assert asked.call.body == "a\ufffd".encode()
    assert asked.call.headers.get("X") == "\ufffd"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://up.test/a#b?x=1#y", "http://up.test/a%23b?x=1#y"),
        ("http://up.test", "http://up.test"),
        ("/x", "/x"),
        ("ftp://up.test/x", "ftp://up.test/x"),
        ("mailto:x", "mailto:x"),
    ],
)
async def test_a_url_has_no_fragment_in_its_path(url: str, sent: str) -> None:
    asked = Asked()
    await asked.request(Domain=url)
    assert asked.call.url == sent


@pytest.mark.parametrize(
    "url", ["", "shop.example/x", "shop.example", ":x", "http://a:b/", "http://a/%zz", "http://a\n/", "http://[/"]
)
async def test_a_script_does_not_go_on_from_what_is_no_address(url: str) -> None:
    """In the reference gateway it hangs until its time is over, and fails."""
    asked = Asked()
    with pytest.raises(ServiceError, match="is no URL that could be requested"):
        await asked.request(Domain=url)
    assert asked.http.calls == []


@pytest.mark.parametrize("method", ["GE T", "é", "A\r\nB"])
async def test_a_script_does_not_go_on_from_a_method_that_is_none(method: str) -> None:
    asked = Asked()
    with pytest.raises(ServiceError, match="is no method"):
        await asked.request(Method=method, Domain="http://up.test/")


@pytest.mark.parametrize(
    "text",
    [
        *("{bad", "[]", '"text"', "7", "", '{"Body":1}', '{"FormData":{"a":1}}', '{"Headers":["a"]}'),
        *('{"Method":{}}', '{"Body":NaN}', '{"a":' * 3000),
    ],
)
async def test_what_is_no_request_is_not_sent(text: str) -> None:
    asked = Asked()
    assert await asked("TykMakeHttpRequest", text) is None
    assert asked.http.calls == []
    assert len(asked.notes) == 1


async def test_why_a_call_failed_is_noted_without_its_query() -> None:
    asked = Asked({"http://me:pw@up.test/a?key=secret": "nobody is there"})
    assert await asked.request(Domain="http://me:pw@up.test/a?key=secret") is None
    assert asked.notes == ["GET http://up.test/a failed: nobody is there"]


async def test_a_gateway_without_http_answers_nothing() -> None:
    fixed = FixedOutside()
    services = Services(Outside(fixed, fixed, fixed))
    host = ScriptHost(services, HostRules(), 1.0)
    assert await host.call("TykMakeHttpRequest", json.dumps(['{"Domain":"http://up.test/"}'])) is None
    assert "nothing sends requests here" in str(services.calls[-1].answer)


async def test_a_function_that_there_is_not_answers_nothing() -> None:
    asked = Asked()
    assert await asked("TykSomething", "x") is None
    assert asked.notes == ["TykSomething: the gateway has no such function"]


# TykBatchRequest


def unit(url: str, answer: HttpAnswer = OK) -> dict[str, object]:
    headers = {"Content-Length": ["2"]}
    return {"relative_url": url, "code": answer.status, "headers": headers, "body": answer.body.decode()}


async def test_a_batch_is_answered_in_the_order_in_which_its_parts_ended() -> None:
    asked = Asked()
    text = await asked.batch({"relative_url": "http://a/"}, {"relative_url": "http://b/"})
    assert text is not None
    assert json.loads(text) == [unit("http://b/"), unit("http://a/")]
    assert list(json.loads(text)[0]) == ["relative_url", "code", "headers", "body"]
    assert asked.http.asked[0][0] == 20


async def test_one_after_the_other_keeps_the_order() -> None:
    asked = Asked()
    text = await asked.batch(
        {"relative_url": "http://a/"}, {"relative_url": "http://b/"}, suppress_parallel_execution=True
    )
    assert [one["relative_url"] for one in json.loads(text or "")] == ["http://a/", "http://b/"]
    assert asked.http.asked[0][0] == 1


async def test_a_part_has_method_headers_and_body() -> None:
    asked = Asked()
    await asked.batch({"method": "POST", "relative_url": "http://a/", "body": "b", "headers": {"x-a": "1"}})
    assert asked.call == HttpCall("POST", "http://a/", Headers.of(("X-A", "1")), b"b", 3.0, asked.rules.reach)


async def test_a_part_that_fails_is_zeros() -> None:
    asked = Asked({"http://a/": "refused"})
    text = await asked.batch(
        {"relative_url": "http://a/"}, {"relative_url": "http://b/"}, suppress_parallel_execution=True
    )
    assert text == f"[{FAILED},{json.dumps(unit('http://b/'), separators=(',', ':'))}]"
    assert asked.notes == ["GET http://a/ failed: refused"]


@pytest.mark.parametrize("text", ["{}", "null", '{"requests":[]}', '{"requests":null}', '{"requests":[],"x":1}'])
async def test_a_batch_of_nothing_is_an_empty_list(text: str) -> None:
    asked = Asked()
    assert await asked("TykBatchRequest", text) == "[]"
    assert asked.http.calls == []


async def test_null_is_a_part_without_anything() -> None:
    asked = Asked()
    await asked.batch(None)
    assert (asked.call.method, asked.call.url, asked.call.body) == ("GET", "", b"")


@pytest.mark.parametrize(
    "text",
    [
        "{bad",
        "undefined",
        '{"requests":{}}',
        '{"requests":[1]}',
        '{"requests":[{"body":{}}]}',
        '{"requests":[{"method":"GE T","relative_url":"http://a/"}]}',
        '{"requests":[{"relative_url":"http://a/%zz"}]}',
        '{"requests":[],"suppress_parallel_execution":"no"}',
    ],
)
async def test_what_is_no_batch_is_not_sent(text: str) -> None:
    asked = Asked()
    assert await asked("TykBatchRequest", text) is None
    assert asked.http.calls == []
    assert len(asked.notes) == 1


async def test_a_batch_has_no_more_parts_than_the_settings_say() -> None:
    asked = Asked(max_batch=2)
    assert await asked.batch(*[{"relative_url": "http://a/"}] * 2) is not None
    assert await asked.batch(*[{"relative_url": "http://a/"}] * 3) is None
    assert asked.notes == ["TykBatchRequest: 3 requests, and no more than 2 are allowed"]


# keys


async def test_a_key_is_told_as_it_is() -> None:
    asked = Asked()
    document = session_document(b'{"alias": "<ann>", "meta_data": {"b": 1, "a": {"d": 1, "c": 2}}}')
    asked.keys.kept["shop/k1"] = document
    text = await asked("TykGetKeyData", "k1", "shop")
    assert text is not None
    assert json.loads(text) == document
    assert '"alias":"\\u003cann\\u003e"' in text
    assert '"meta_data":{"a":{"c":2,"d":1},"b":1}' in text
    assert list(json.loads(text)) == list(document)


async def test_a_key_that_there_is_not_is_said_so() -> None:
    assert await Asked()("TykGetKeyData", "k1", "shop") == NO_KEY
    assert json.loads(NO_KEY) == {"status": "error", "message": "Key not found"}


async def test_a_store_that_fails_tells_nothing() -> None:
    asked = Asked()
    asked.keys.failure = "it is down"
    assert await asked("TykGetKeyData", "k1", "shop") == "{}"
    assert await asked("TykSetKeyData", "k1", "{}", "1") is None
    assert asked.notes == ["TykGetKeyData: it is down", "TykSetKeyData: it is down"]


@pytest.mark.parametrize(("suppress", "keeps"), [("1", True), ("0", False), ("undefined", False), ("true", False)])
async def test_a_key_is_kept_and_given_back_what_it_used_unless_told_not_to(suppress: str, keeps: bool) -> None:
    asked = Asked()
    assert await asked("TykSetKeyData", "k1", '{"Alias": "ann", "rate": 5}', suppress) is None
    assert asked.keys.set == [("k1", keeps)]
    assert (asked.keys.kept["k1"]["alias"], asked.keys.kept["k1"]["rate"]) == ("ann", 5)


@pytest.mark.parametrize("session", ["undefined", "[]", '{"rate": "x"}', ""])
async def test_what_is_no_session_is_not_kept(session: str) -> None:
    asked = Asked()
    assert await asked("TykSetKeyData", "k1", session, "1") is None
    assert asked.keys.set == []
    assert len(asked.notes) == 1


# the store


async def test_what_is_kept_is_found() -> None:
    asked = Asked()
    assert await asked("TykStorageGet", "a") == '{"value":null}'
    assert await asked("TykStorageSet", "a", "<1>", 0) == '{"value":null}'
    assert await asked("TykStorageGet", "a") == r'{"value":"\u003c1\u003e"}'
    assert await asked("TykStorageSetNX", "a", "2", 0) == '{"value":false}'
    assert await asked("TykStorageSetNX", "b", "2", 60) == '{"value":true}'
    assert [await asked("TykStorageTTL", name) for name in "abc"] == ['{"value":-1}', '{"value":60}', '{"value":-2}']
    assert await asked("TykStorageDel", "a") == '{"value":null}'
    assert await asked("TykStorageGet", "a") == '{"value":null}'
    assert [await asked("TykStorageIncr", "n", 0) for _ in range(2)] == ['{"value":"1"}', '{"value":"2"}']


async def error_of(asked: Asked, name: str, *arguments: object) -> str:
    return str(json.loads(await asked(name, *arguments) or "")["error"])


async def test_names_and_texts_have_limits() -> None:
    asked = Asked()
    assert "value" in json.loads(await asked("TykStorageSet", "é" * (LONGEST_NAME // 2), "x" * LONGEST_TEXT, 0) or "")
    assert "key of 1 to 256 bytes" in await error_of(asked, "TykStorageGet", "")
    assert "key of 1 to 256 bytes" in await error_of(asked, "TykStorageGet", "é" * 129)
    assert "up to 65536 bytes" in await error_of(asked, "TykStorageSet", "a", "x" * (LONGEST_TEXT + 1), 0)
    assert "up to 65536 bytes" in await error_of(asked, "TykStorageSetNX", "a", "€" * 30000, 0)
    assert "seconds from 0" in await error_of(asked, "TykStorageSet", "a", "x", -1)
    assert "integer" in await error_of(asked, "TykStorageIncr", "é" * (LONGEST_NAME // 2), 0)
    assert "other arguments" in await error_of(asked, "TykStorageSet", "a", "x")


async def test_a_store_that_is_slow_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        async def get(self, _name: str) -> str | None:
            await asyncio.sleep(60)
            return None

    monkeypatch.setattr("lockgate.scripting.host_calls.STORAGE_SECONDS", 0.02)
    asked = Asked()
    asked.services._outside = replace(asked.services._outside, storage=Slow())  # type: ignore[arg-type]
    assert "did not answer within" in await error_of(asked, "TykStorageGet", "a")


# its rules


def test_rules_come_from_the_settings() -> None:
    rules = HostRules(
        ScriptSettings(allowed_hosts=("*.inner.test", "127.0.0.1:80"), private_networks=False, max_batch=7)
    )
    assert [str(one.network or one.name) for one in rules.reach.allowed] == ["*.inner.test", "127.0.0.1/32"]
    assert rules.reach.private is False
    assert rules.max_units == 7
    assert HostRules().reach == NO_REACH
