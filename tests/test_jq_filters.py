import gzip
import json
import time

import jq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.jq_filters import (
    LONGEST,
    MOST_LEVELS,
    MOST_TOKENS,
    Facts,
    FilterError,
    Message,
    check_filter,
    known_of,
    perform,
    result_of,
    task,
)


def run(text, body=b"{}", facts=None, **message):
    asked = task(text, Message(body, **message), known_of(facts or Facts()), "api")
    return result_of(perform(json.loads(json.dumps(asked.header)), asked.blobs))


def body_of(text, body=b"{}", facts=None):
    result = run(f"{{body: ({text})}}", body, facts)
    assert result.failure == ""
    return result.body


# ── what may stand in a filter ──


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "",
        "  \n # nothing but a comment",
        "now",
        "$__loc__",
        ".env, .a.env, .input, .input.debug",
        '."env", .["env"], ."a"."halt"',
        "{env}",
        "{env: .env, input: 1, halt: {debug: 2}}",
        "{a: {b: 1}, env: 2}",
        ". as {env: $x} | $x",
        '"env $ENV input"',
        '"\\\\(env)"',
        '"a \\("env") b \\(1) input"',
        '# env\n. # $ENV "',
        '@text "env \\(.)"',
        "def environment: 1; environment",
        ". as $env | $env",
        ".[1:2], .[-1:1e3], .a[1.5e3|tostring]?",
        'limit(3; .[]) // "x" * 1e9',
        "label $f | break $f",
        ". as [$a, $b] ?// $a | 1",
        "reduce .[] as $i (0; . + $i)",
    ],
)
def test_a_filter(text):
    check_filter(text)


@pytest.mark.parametrize(
    ("text", "word", "line", "column"),
    [
        ("env", "env", 1, 1),
        ("$ENV", "$ENV", 1, 1),
        ("$ENV.PATH", "$ENV", 1, 1),
        ("$ ENV", "$ENV", 1, 1),
        ("{$ENV}", "$ENV", 1, 2),
        (".\n| {a: env}", "env", 2, 7),
        ("{env: env}", "env", 1, 7),
        ("{(env): 1}", "env", 1, 3),
        ('{"a": [1, env]}', "env", 1, 11),
        ('{"a\\(env)": 1}', "env", 1, 6),
        ('"\\(env)"', "env", 1, 4),
        ('"\\(1) \\("\\(env)")"', "env", 1, 12),
        ('"\\\\\\(env)"', "env", 1, 6),
        ('@base64 "\\(env)"', "env", 1, 12),
        ('."a\\(env)"', "env", 1, 6),
        ("..env", "env", 1, 3),
        ("1env", "env", 1, 2),
        ("1.env", "env", 1, 3),
        (". env", "env", 1, 3),
        ("# a\nenv", "env", 2, 1),
        ('# "\nenv', "env", 2, 1),
        ("# a\renv", "env", 1, 5),
        ("if env then 1 else 2 end", "env", 1, 4),
        ("def env: 1; .", "env", 1, 5),
        ("[., input]", "input", 1, 5),
        ("[inputs]", "inputs", 1, 2),
        ("input_filename", "input_filename", 1, 1),
        ("input_line_number", "input_line_number", 1, 1),
        ('import "a" as a; .', "import", 1, 1),
        ('import "a" as $a; .', "import", 1, 1),
        ('include "a"; .', "include", 1, 1),
        ('include "a" {search: "/etc"}; .', "include", 1, 1),
        ('module {name: "a"}; .', "module", 1, 1),
        ('"a" | modulemeta', "modulemeta", 1, 7),
        ("get_search_list", "get_search_list", 1, 1),
        ("get_jq_origin", "get_jq_origin", 1, 1),
        ("get_prog_origin", "get_prog_origin", 1, 1),
        ("debug", "debug", 1, 1),
        ('debug("x")', "debug", 1, 1),
        ("stderr", "stderr", 1, 1),
        ("halt", "halt", 1, 1),
        ("halt_error", "halt_error", 1, 1),
        (". | halt_error(1)", "halt_error", 1, 5),
    ],
)
def test_what_reaches_out_is_refused(text, word, line, column):
    with pytest.raises(FilterError, match="is not allowed: it ") as caught:
        check_filter(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.reason.startswith(repr(word))


REACHES = ["env", "$ENV", "input", "inputs", "halt", "debug", "stderr", "input_filename", "get_search_list"]


@given(
    st.lists(
        st.sampled_from(
            [
                *'{}()[]"\\#,:;.|$ \n\r1e',
                "\\(",
                '"',
                "env",
                "$ENV",
                "{env",
                "a",
                "?//",
                "@text ",
                ". as ",
                "\\\n",
                "é",
                "::",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_whatever_passes_does_not_see_the_environment(text):
    """jq's own reading of a filter counts: with the marker in the environment, no filter that passes gives it."""
    try:
        check_filter(text)
    except FilterError:
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JQ_TEST_MARKER", "sesame-open")
        try:
            outputs = [output for output, _ in zip(iter(jq.compile(text).input_text("{}")), range(5), strict=False)]
        except ValueError as error:
            outputs = [str(error)]
    assert "sesame-open" not in repr(outputs)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        (".a.", 1, 3, "syntax error"),
        (".a\n| foo(1)", 2, 3, "foo/1 is not defined"),
        ("1 + 2 + foo", 1, 9, "foo/0 is not defined"),
        ('"é" + 1 + foo', 1, 11, "foo/0 is not defined"),
        (". as $x | $y", 1, 11, "$y is not defined"),
        ('"abc', 1, 1, "a string does not end"),
        ('"a \\( "b ', 1, 7, "a string does not end"),
        ("(", 1, 1, "syntax error"),
        (". # \\\n.", 1, 3, "a comment ends in a backslash"),
        (".\0", 1, 2, "NUL"),
        ("x) | (y", 1, 2, "syntax error"),
    ],
)
def test_what_is_no_filter(text, line, column, reason):
    with pytest.raises(FilterError) as caught:
        check_filter(text)
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("text", ["." + " " * LONGEST, "[" + "1," * MOST_TOKENS + "1]", "(" * 10_000])
def test_a_filter_is_not_larger_than_any(text):
    with pytest.raises(FilterError, match="more than"):
        check_filter(text)


@pytest.mark.parametrize(
    "text", ['"x" * 1e9', '"x" * 1000000000 | length', '("x") * (1e9)', '[1, "x" * 999999999]', '"\\("x" * 1e9)"']
)
def test_nothing_is_worked_out_when_a_filter_is_checked(text):
    before = time.process_time()
    check_filter(text)
    assert time.process_time() - before < 0.2


@pytest.mark.parametrize("piece", [". + ", "\\(1)", "?", "//. ", "|. "])
def test_checking_takes_no_long_time(piece):
    inner = piece * (MOST_TOKENS // 4)
    text = f'"{inner}"' if piece.startswith("\\") else f".{inner}" if piece != ". + " else f"{inner}."
    before = time.process_time()
    check_filter(text)
    assert time.process_time() - before < 2


# ── what a filter gets and gives ──


def test_it_gets_the_body_and_the_variables():
    facts = Facts({"path": "/a", "path_parts": ("", "a"), "headers": {"A": ("1",)}, "n": 1.5, "none": None})
    assert body_of(".", b'{"a": [1]}', facts) == (
        b'{"_tyk_context":{"headers":{"A":["1"]},"n":1.5,"none":null,"path":"/a","path_parts":["","a"]},"body":{"a":[1]}}'
    )


def test_it_gets_the_headers_of_a_response():
    assert body_of("._tyk_response_headers", facts=Facts(headers={"A": ["1", "2"]})) == b'{"A":["1","2"]}'
    assert body_of('has("_tyk_response_headers")') == b"false"


def test_without_variables_they_are_null():
    assert body_of("._tyk_context") == b"null"


def test_the_time_is_that_of_the_exchange():
    assert body_of("now, (now | todate)", facts=Facts(now=86400.0)) == b"86400"
    assert body_of("now | todate", facts=Facts(now=86400.0)) == b'"1970-01-02T00:00:00Z"'


@pytest.mark.parametrize("text", ["", "# nothing"])
def test_an_empty_filter_gives_what_it_gets(text):
    assert run(text, b'{"a": 1}').body == b'{"a":1}'


@pytest.mark.parametrize(
    ("given_body", "text", "body"),
    [
        (b"1.0", ".body", b"1"),
        (b"1e2", ".body", b"100"),
        (b"1e2", ".body | tostring", b'"100"'),
        (b"1e21", ".body", b"1e+21"),
        (b"12345678901234567890", ".body", b"12345678901234567000"),
        (b"9007199254740993", ".body", b"9007199254740992"),
        (b"0.000001", ".body", b"0.000001"),
        (b"0.0000001", ".body", b"1e-7"),
        (b"-0", ".body", b"0"),
        (b"1", "nan", b"null"),
        (b"10", ".body / 4", b"2.5"),
        (b"10", ".body / 5", b"2"),
        (b'"<&>\xc3\xa9\\u2028"', ".body", '"\\u003c\\u0026\\u003eé\\u2028"'.encode()),
        (b'"\\ud800"', ".body", '"\ufffd"'.encode()),
        (b'"\xff"', ".body", '"\ufffd"'.encode()),
        (b'{"b": 1, "a": 2, "b": 3}', ".body", b'{"a":2,"b":3}'),
        (b"[true, null]", ".body", b"[true,null]"),
        (b'"a"', ".body", b'"a"'),
        (b"null", ".body", b"null"),
    ],
)
def test_json_is_that_of_the_reference_gateway(given_body, text, body):
    assert body_of(text, given_body) == body


def test_a_body_that_is_left_out_is_null():
    assert run("{}").body == b"null"


def test_only_the_first_output_counts():
    assert run("{body: 1}, {body: 2}, error").body == b"1"


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("1", "the filter gave a number, not an object"),
        ("[1]", "the filter gave an array, not an object"),
        ("null", "the filter gave null, not an object"),
        ('"a"', "the filter gave a string, not an object"),
        ("true", "the filter gave a boolean, not an object"),
        ("empty", "the filter gave nothing"),
        ('error("no name")', "the filter failed: no name"),
        (".body | .[0]", "the filter failed: Cannot index object with number (0)"),
    ],
)
def test_what_fails(text, failure):
    assert run(text).failure == failure


@pytest.mark.parametrize("body", [b"{", b" ", b"{} x", b"nan", b"1e400", b"'a'"])
def test_a_body_that_is_no_json_fails(body):
    assert run("{body}", body).failure
    assert run("{body}", body, may_be_empty=True).failure


def test_an_empty_body_may_be_null():
    assert run("{body: [.body]}", b"", may_be_empty=True).body == b"[null]"
    assert run("{body}", b"").failure == "unexpected end of JSON input"


def test_headers_and_variables():
    made = run('{rewrite_headers: {"X-A": "1", "x-b": "é"}, tyk_context: {a: "x", b: [1, {c: null}], n: 5}}')
    assert made.headers == {"X-A": "1", "x-b": "é"}
    assert made.variables == {"a": "x", "b": (1, {"c": None}), "n": 5}
    assert made.remark == ""


def test_headers_that_are_no_strings_are_left_out():
    made = run('{rewrite_headers: {"X-A": 1, "X-B": "b", "X-C": null}}')
    assert made.headers == {"X-B": "b"}
    assert made.remark == "the header 'X-A' is no string; the header 'X-C' is no string"


def test_what_is_no_object_is_left_out():
    made = run('{rewrite_headers: ["a"], tyk_context: "b"}')
    assert (made.headers, made.variables) == ({}, {})
    assert made.remark == "'rewrite_headers' is no object; 'tyk_context' is no object"


def test_content_encodings():
    made = run("{body: .body.a}", gzip.compress(b'{"a": [1]}'), codings=["gzip"])
    assert gzip.decompress(made.body) == b"[1]"
    assert run("{body}", b"no gzip", codings=["gzip"]).failure
    taken = run("{body}", b"{}", codings=["gzip", "utf-8"])
    assert (taken.body, taken.remark) == (b"{}", "content encoding 'utf-8' cannot be read: the body is taken as it is")
    assert run("{body}", b"x", codings=["utf-8"]).failure


def test_a_variable_is_not_nested_deeply():
    levels = MOST_LEVELS - 1
    made = run("{body: 1, tyk_context: {a: .body, b: [.body], c: [[.body]]}}", b"[" * levels + b"]" * levels)
    assert made.variables.keys() == {"a", "b"}
    assert made.remark == "the variable 'c' is nested too deeply"


def test_nested_deeply():
    deep = b"[" * 5000 + b"]" * 5000
    assert body_of(".body | length", deep) == b"1"
    assert body_of(".body", deep) == deep
    assert run("{body}", b"[" * 20000 + b"]" * 20000).failure
