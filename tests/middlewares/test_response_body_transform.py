import gzip
import json
import zlib
from dataclasses import replace

import brotli
import pytest
import tests.apis
import zstandard
from tests.apis import oas, snapshot, tried
from tests.helpers import make_exchange, make_response, make_services
from tests.loading.documents import with_paths
from tests.templates_of import blob, body_entry, body_section

from lockgate.body_transforms.making import Draft, compile_one
from lockgate.body_transforms.transform import TemplateText
from lockgate.exchange import NOT_READ
from lockgate.middleware import Continue
from lockgate.middlewares.response_body_transform import ResponseBodyTransform, response
from lockgate.services import ServiceError
from lockgate.unpacking import INLINE_BYTES, INLINE_PACKED_BYTES

LINTS = ("template-unescaped-json", "template-unescaped-xml")
DATA = b'{"a": "compressed"}'


def served(template, kind="json", *, gateway=None, **sections):
    section = {"transformResponseBody": body_section(template, kind), **sections}
    document = oas({"GET /x": section, "HEAD /x": section}, contextVariables={"enabled": True})
    return snapshot(document, problems=LINTS, **(gateway or {}))


def answered(of, body=DATA, *headers, status=200, method="GET", accept="gzip", url="/api/x"):
    """The whole trace; the client accepts packed answers, so that they come here as they are."""
    asked = (("Accept-Encoding", accept),) if accept else ()
    return tried(of, method, url, asked, answer=make_response(status, headers, body))


def got(*arguments, **how):
    """What the client gets."""
    return answered(*arguments, **how).answer


def step_of(trace):
    return next(step for step in trace.steps if step.link == "response_body_transform")


def test_makes_the_body():
    answer = got(served("got {{.a}}"), DATA, ("Content-Type", "text/x"), ("ETag", '"1"'), ("Content-Length", "19"))

    assert answer.body == b"got compressed"
    assert answer.headers.get("Content-Length") == "14"
    assert answer.headers.get("Content-Type") == "text/x"
    assert answer.headers.get("ETag") == '"1"'


@pytest.mark.parametrize("status", [200, 201, 404, 500, 301])
def test_of_every_status(status):
    answer = got(served("got {{.a}}"), status=status)

    assert (answer.status, answer.body) == (status, b"got compressed")


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_stays_without(status):
    answer = got(served("got {{.a}}"), b"", status=status)

    assert (answer.status, answer.body) == (status, b"")


def test_a_head_answer_says_how_long_the_body_would_be():
    assert got(served("got {{.a}}"), b"", method="HEAD").headers.get("Content-Length") == "14"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", b"<no value>|<no value>"),
        (b"[1]", b"<no value>|[1]"),
        (b"7", b"<no value>|<no value>"),
    ],
)
def test_bodies_of_other_shapes(body, expected):
    assert got(served("{{.a}}|{{.array}}"), body).body == expected


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_body_that_cannot_be_read_counts_as_an_empty_one(kind):
    trace = answered(served("<{{.a}}>", kind), b"{")

    assert trace.answer.body == b"<<no value>>"
    assert trace.answer.status == 200
    assert step_of(trace).outcome == "failed"
    assert step_of(trace).detail.startswith("the template ran without data: the body is no ")


def test_from_xml():
    answer = got(served('{{index .o "-id"}} {{.o.l}}', "xml"), b'<o id="7"><l>1</l><l>2</l></o>')

    assert answer.body == b"7 [1 2]"


@pytest.mark.parametrize(
    "template",
    [
        "written {{index .a 99}}",
        "written {{fail `secret`}}",
        "written {{template `nobody`}}",
        "{{repeat 1000000000 `x`}}",
    ],
)
def test_a_template_that_fails_is_an_error_of_the_gateway(template):
    of = snapshot(
        oas({"GET /x": {"transformResponseBody": body_section(template)}}),
        problems=(*LINTS, "template-undefined"),
    )

    trace = answered(of)
    assert trace.answer.status == 500
    assert json.loads(trace.answer.body) == {"error": "The response could not be transformed"}
    assert b"written" not in trace.answer.body
    assert step_of(trace).outcome == "failed"
    assert trace.failed
    assert "executing" in step_of(trace).detail


class Absent:
    async def run(self, task):
        raise ServiceError("too many tasks wait")


def test_without_anybody_to_do_it_it_is_an_error(monkeypatch):
    monkeypatch.setattr(tests.apis, "TasksInPlace", Absent)

    assert got(served("{{repeat 100000000 `x`}}")).status == 500


def test_variables_stay_as_they_are():
    of = served("$tyk_context.path $secret_conf.k {{.a}}", gateway={"secrets": {"k": "s"}})

    assert got(of, b'{"a": "$tyk_context.path"}').body == b"$tyk_context.path $secret_conf.k $tyk_context.path"


def test_data_are_no_templates():
    assert got(served("{{.a}}"), b'{"a": "{{.b}}", "b": 1}').body == b"{{.b}}"


def test_context_variables_are_those_of_the_request():
    assert got(served("{{._tyk_context.path}}")).body == b"/api/x"


# ── encodings ──


def bare(body):
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


PACKED = {
    "gzip": (gzip.compress, gzip.decompress),
    "GZIP": (gzip.compress, gzip.decompress),
    "x-gzip": (gzip.compress, gzip.decompress),
    "deflate": (bare, lambda raw: zlib.decompress(raw, -zlib.MAX_WBITS)),
    "Deflate": (zlib.compress, zlib.decompress),
    "br": (brotli.compress, brotli.decompress),
    "zstd": (zstandard.compress, zstandard.decompress),
    "deflate, gzip": (lambda raw: gzip.compress(zlib.compress(raw)), lambda raw: raw),
    "identity": (bytes, bytes),
}


@pytest.mark.parametrize("name", PACKED)
def test_every_encoding_is_unpacked_and_packed_again(name):
    pack, unpack = PACKED[name]

    answer = got(served("got {{.a}}"), pack(DATA), ("Content-Encoding", name))

    body = unpack(answer.body)
    if name == "deflate, gzip":
        body = zlib.decompress(gzip.decompress(body), -zlib.MAX_WBITS)
    assert body == b"got compressed"
    assert answer.headers.get("Content-Encoding") == name
    assert answer.headers.get("Content-Length") == str(len(answer.body))


@pytest.mark.parametrize("name", ["deflate", "br", "zstd"])
def test_an_encoding_is_undone_whatever_the_client_accepts(name):
    pack, unpack = PACKED[name]

    assert (
        unpack(got(served("got {{.a}}"), pack(DATA), ("Content-Encoding", name), accept="").body) == b"got compressed"
    )


def test_gzip_that_nobody_asked_for_goes_out_plain():
    answer = got(served("got {{.a}}"), gzip.compress(DATA), ("Content-Encoding", "gzip"), accept="")

    assert answer.body == b"got compressed"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("name", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"not packed", gzip.compress(DATA, mtime=0)[:-4]])
def test_what_says_gzip_and_is_not_counts_as_empty(name, body):
    trace = answered(served("got {{.a}}"), body, ("Content-Encoding", name))

    assert PACKED[name][1](trace.answer.body) == b"got <no value>"
    assert step_of(trace).detail.startswith("the response cannot be unpacked: it is ")


@pytest.mark.parametrize("name", ["br", "zstd", "compress", "gzip, br"])
def test_what_cannot_be_unpacked_is_taken_as_it_is(name):
    trace = answered(served("got {{.a}}"), DATA, ("Content-Encoding", name))

    assert trace.answer.body == b"got compressed"
    assert trace.answer.headers.get("Content-Encoding") == name
    assert step_of(trace).outcome == "failed"


def test_large_packed_bodies():
    filler = json.dumps({"a": "compressed", "b": "x" * 4 * INLINE_BYTES}).encode()
    packed = gzip.compress(filler, 0)
    assert len(packed) > INLINE_PACKED_BYTES

    answer = got(served("got {{.a}} {{.b}}"), packed, ("Content-Encoding", "gzip"))
    assert gzip.decompress(answer.body).startswith(b"got compressed xxx")
    small = gzip.compress(filler)
    assert len(small) < INLINE_PACKED_BYTES
    answer = got(served("got {{.a}}"), small, ("Content-Encoding", "gzip"))
    assert gzip.decompress(answer.body) == b"got compressed"


# ── limits ──


@pytest.mark.parametrize("size", [40, 41])
@pytest.mark.parametrize("packing", ["", "gzip", "br"])
def test_a_body_that_is_larger_than_the_limit_is_refused(size, packing):
    of = served("T{{.a}}", gateway={"http_server_options": {"max_response_body_size": 40}})
    body = json.dumps({"a": "x" * (size - 9)}).encode()
    assert len(body) == size
    headers = (("Content-Encoding", packing),) if packing else ()

    answer = got(of, PACKED[packing][0](body) if packing else body, *headers)
    assert answer.status == (200 if size == 40 else 500)
    if size > 40:
        assert json.loads(answer.body) == {"error": "Response body too large"}


def test_the_limit_holds_for_large_bodies_and_not_for_outputs():
    limit = 2 * INLINE_BYTES
    of = served("{{len .a}}", gateway={"http_server_options": {"max_response_body_size": limit}})
    body = json.dumps({"a": "x" * limit}).encode()

    assert got(of, body).status == 500
    assert got(of, gzip.compress(body), ("Content-Encoding", "gzip")).status == 500
    assert got(of, gzip.compress(body, 0), ("Content-Encoding", "gzip")).status == 500
    assert got(of, json.dumps({"a": "x" * 100}).encode()).body == b"100"
    grown = served("{{repeat 100 .a}}", gateway={"http_server_options": {"max_response_body_size": 40}})
    assert len(got(grown, b'{"a": "z"}').body) == 100


def test_without_a_setting_there_is_a_limit(monkeypatch):
    config = ResponseBodyTransform(compile_one(Draft(TemplateText("", "x"))))

    assert config.limit == 128 << 20
    assert replace(config, max_bytes=40).limit == 40


# ── what else answers ──


def test_mocks_pass_it_and_refusals_do_not():
    mock = {"enabled": True, "code": 200, "body": '{"a": 1}', "headers": []}
    of = served("got {{.a}}", mockResponse=mock)
    assert got(of).body == b"got 1"

    blocked = served("got {{.a}}", block={"enabled": True})
    assert got(blocked).status == 403
    assert b"got" not in got(blocked).body


def test_a_mock_whose_template_fails_is_an_error():
    mock = {"enabled": True, "code": 200, "body": '{"a": 1}', "headers": []}

    assert got(served("x {{index .a 1}}", mockResponse=mock)).status == 500


def test_it_stands_before_the_headers():
    headers = {"enabled": True, "add": [{"name": "X-A", "value": "b"}]}
    trace = answered(served("made", transformResponseHeaders=headers))

    links = [step.link for step in trace.steps]
    assert links.index("response_body_transform") < links.index("response_headers")


def test_a_strict_gateway_refuses_what_was_not_as_it_should_be():
    of = served("got {{.a}}", gateway={"x-lockgate": {"strict": True}})

    assert got(of, b"{").status == 500
    assert got(of).status == 200


@pytest.mark.parametrize("kind", ["json", "", "JSON", "yaml"])
def test_classic_input_of_any_other_kind_is_json(kind):
    of = snapshot(
        with_paths(transform_response=[body_entry("got {{.a}}", method="GET", input_type=kind)]),
        problems=("bad-value",),
    )

    assert got(of, url="/harbour/x").body == b"got compressed"


def test_what_streams_past_is_let_alone():
    config = ResponseBodyTransform(compile_one(Draft(TemplateText("", "x"))))
    for message in (None, make_response(body=NOT_READ)):
        outcome = response(config, make_exchange(response=message), make_services())
        assert isinstance(outcome, Continue)
        assert outcome.exchange.response is message


def test_a_template_may_be_in_base64_with_line_ends():
    text = blob("got {{.a}}")
    entry = body_entry("", method="GET", template_source=f"{text[:4]}\r\n{text[4:]}\n")

    assert got(snapshot(with_paths(transform_response=[entry])), url="/harbour/x").body == b"got compressed"
