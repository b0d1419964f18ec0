import asyncio
import inspect
import json
from dataclasses import replace

import pytest
from tests.helpers import FixedOutside, make_exchange, make_request, make_services
from tests.loading.documents import classic, with_paths

from lockgate.exchange import Headers, Response
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.middleware import Continue, Reason, Reject
from lockgate.middlewares.validate_json import MIDDLEWARE, TOO_COMPLEX, ValidateJson
from lockgate.services import Outside, Services
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.validation.classic_schema import ClassicSchema

OBJECT = ValidateJson(ClassicSchema({"type": "object"}))
NOT_AN_OBJECT = "(root): Invalid type. Expected: object, given: array"


class Elsewhere:
    """Computes, and counts how often."""

    def __init__(self):
        self.count = 0

    async def run(self, function):
        self.count += 1
        return function()


def outcome(config, body, compute=None):
    services = make_services()
    if compute is not None:
        fixed = FixedOutside()
        services = Services(Outside(clock=fixed, ids=fixed, turns=fixed, compute=compute))
    answer = MIDDLEWARE.request(config, make_exchange("POST", "/", body=body), services)
    return asyncio.run(answer) if inspect.isawaitable(answer) else answer


def test_a_body_that_fits_goes_on_as_it_came():
    exchange = make_exchange("POST", "/", body=b' {"a": 1.0} trailing')

    passed = MIDDLEWARE.request(OBJECT, exchange, make_services())

    assert isinstance(passed, Continue)
    assert passed.exchange is exchange


@pytest.mark.parametrize(
    ("body", "text", "status"),
    [
        (b"[]", NOT_AN_OBJECT, 422),
        (b"", "JSON parsing error: EOF", 400),
        (b"{", "JSON parsing error: unexpected EOF", 400),
        (b"\xef\xbb\xbf{}", "JSON parsing error: invalid character 'ï' looking for beginning of value", 400),
    ],
)
def test_refuses(body, text, status):
    assert outcome(OBJECT, body) == Reject(Reason.INVALID_BODY, text, status)


def test_the_status_is_of_violations_alone():
    config = replace(OBJECT, status=418)

    assert outcome(config, b"[]").status == 418
    assert outcome(config, b"x").status == 400


def test_without_a_schema_every_request_is_refused():
    assert outcome(ValidateJson(), b"{}") == Reject(Reason.NO_SCHEMA)
    assert outcome(ValidateJson(fault="pattern must be a valid regex"), b"x") == Reject(
        Reason.INVALID_BODY, "JSON parsing error: pattern must be a valid regex", 400
    )


def test_large_bodies_are_refused():
    config = replace(OBJECT, max_body_bytes=10)
    text = "it has 11 bytes, and no more than 10 are validated"

    assert isinstance(outcome(config, b"{}".ljust(10)), Continue)
    assert outcome(config, b"{}".ljust(11)) == Reject(Reason.INVALID_BODY, text, 422)
    assert isinstance(outcome(replace(OBJECT, max_body_bytes=0), b"{}".ljust(5_000_000)), Continue)


def test_what_takes_long_is_for_a_thread():
    elsewhere = Elsewhere()
    slow = ValidateJson(ClassicSchema({"items": {"multipleOf": 1}}))

    assert isinstance(outcome(slow, b"[" + b"1," * 1_000 + b"1]", elsewhere), Continue)
    assert elsewhere.count == 0
    assert isinstance(outcome(slow, b"[" + b"1," * 10_000 + b"1]", elsewhere), Continue)
    assert elsewhere.count == 1
    assert outcome(slow, b"[" + b"1," * 50_000 + b"1.5]", elsewhere).message == "50000: Must be a multiple of 1"
    assert outcome(slow, b"[" + b"1," * 50_000, elsewhere).message == "JSON parsing error: unexpected EOF"
    assert elsewhere.count == 3


@pytest.mark.timeout(20)
def test_what_takes_too_long_is_refused():
    definitions = {"n0": {}} | {f"n{n + 1}": {"allOf": [{"$ref": f"#/definitions/n{n}"}] * 2} for n in range(40)}
    config = ValidateJson(ClassicSchema({"definitions": definitions, "$ref": "#/definitions/n40"}), status=400)
    elsewhere = Elsewhere()

    assert outcome(config, b"1", elsewhere) == Reject(Reason.INVALID_BODY, TOO_COMPLEX, 400)
    assert elsewhere.count == 1


# ── in the chain ──


def api(**paths):
    loaded = load_text(json.dumps(with_paths(**paths)), "harbour.json", Settings())
    assert loaded.problems == ()
    return Snapshot(loaded.definitions, Settings())


def answered(of, method, path, body=b"", headers=()):
    fixed = FixedOutside()
    request = make_request(method, path, headers, body)
    given = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")
    trace = asyncio.run(try_request(of, request, given, Outside(clock=fixed, ids=fixed, turns=fixed)))
    return trace, trace.answer


def entry(path="/orders", method="POST", **more):
    return {"path": path, "method": method, "schema": {"type": "object"}, **more}


def test_an_api_refuses():
    of = api(validate_json=[entry(error_response_code=400)])

    _, refused = answered(of, "POST", "/harbour/orders", b"[]")
    _, passed = answered(of, "POST", "/harbour/orders", b"{}")

    assert (refused.status, json.loads(refused.body)) == (400, {"error": NOT_AN_OBJECT})
    assert passed.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/harbour/orders/", 422),
        ("POST", "/harbour/v1/orders/9", 422),
        ("POST", "/harbour/%6frders", 422),
        ("POST", "/harbour/Orders", 200),
        ("PUT", "/harbour/orders", 200),
    ],
)
def test_entries_match_as_others_do(method, path, status):
    assert answered(api(validate_json=[entry()]), method, path, b"[]")[1].status == status


def test_the_first_entry_that_matches_counts():
    of = api(validate_json=[entry("/orders/special", schema={"type": "array"}), entry()])

    assert answered(of, "POST", "/harbour/orders/special", b"[]")[1].status == 200
    assert answered(of, "POST", "/harbour/orders/special", b"{}")[1].status == 422


def test_an_ignored_endpoint_is_validated():
    of = api(validate_json=[entry()], ignored=[{"path": "/orders"}])

    assert answered(of, "POST", "/harbour/orders", b"[]")[1].status == 422


@pytest.mark.parametrize("target", ["tyk://self/strict", "tyk://self/harbour/strict"])
def test_every_pass_is_validated(target):
    rewrite = {"path": "/in", "method": "POST", "match_pattern": "/in", "rewrite_to": target}
    of = api(validate_json=[entry("/strict")], url_rewrites=[rewrite])

    trace, refused = answered(of, "POST", "/harbour/in", b"[]")
    _, passed = answered(of, "POST", "/harbour/in", b"{}")

    assert [step.link for step in trace.steps if step.link != "routing"][-1] == "validate_json"
    assert (refused.status, passed.status) == (422, 200)


def test_an_error_about_names_of_the_client_is_well_formed():
    of = api(validate_json=[entry(schema={"additionalProperties": False})])

    _, refused = answered(of, "POST", "/harbour/orders", b'{"<b>&": 1}', (("Content-Type", "application/xml"),))

    assert b"Additional property &lt;b&gt;&amp; is not allowed" in refused.body


def test_compressed_bodies_are_no_json():
    _, refused = answered(api(validate_json=[entry()]), "POST", "/harbour/orders", b"\x1f\x8b\x08")

    assert refused.status == 400


def test_an_endpoint_without_validation_is_not_read():
    trace, passed = answered(
        Snapshot(load_text(json.dumps(classic()), "h.json", Settings()).definitions, Settings()),
        "POST",
        "/harbour/orders",
        b"[",
    )

    assert passed.status == 200
    assert "validate_json" not in [step.link for step in trace.steps]


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("Content-Encoding", "gzip", 'content encoding "gzip" cannot be read'),
        ("Content-Type", "text/x; charset=utf-16le", 'character set "utf-16le" cannot be read'),
    ],
)
def test_a_body_that_others_may_read_otherwise_is_refused(name, value, cause):
    exchange = make_exchange("POST", "/", ((name, value),), b"{}")

    assert MIDDLEWARE.request(OBJECT, exchange, make_services()) == Reject(Reason.INVALID_BODY, cause, 422)
