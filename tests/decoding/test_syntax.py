import pytest

from lockgate.decoding.syntax import MAX_DEPTH, SyntaxProblem, parse_json, parse_yaml
from lockgate.problems import Severity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("[1, 2.5, -3e2]", [1, 2.5, -300.0], id="numbers"),
        pytest.param('"\\ud83d\\ude00"', "😀", id="surrogate pair"),
        pytest.param('{"\\ud800": "\\udc00x"}', {"\ufffd": "\ufffdx"}, id="unpaired surrogates"),
        pytest.param("1" + "0" * 30, 10**30, id="big integer"),
        pytest.param(" null ", None, id="null"),
    ],
)
def test_reads_json(text, value):
    assert parse_json(text).value == value


def test_an_absurdly_long_integer_is_read_all_the_same():
    assert parse_json("9" * 10_000).value == float("inf")


def test_the_last_of_equal_keys_counts():
    parsed = parse_json('{"a": 1,\n "b": 2,\n "a": 3}')
    assert parsed.value == {"a": 3, "b": 2}
    (problem,) = parsed.problems
    assert (problem.code, problem.pointer, problem.line, problem.severity) == (
        "duplicate-key",
        "/a",
        3,
        Severity.WARNING,
    )
    assert problem.message == "'a' stands here and on line 1: only this one counts"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", 1, "this is no JSON: expected value in column 1", id="empty"),
        pytest.param('{"a": 1}\n}', 2, "this is no JSON: extra data in column 1", id="more"),
        pytest.param('{\n"a": NaN}', 2, "expected a JSON number, found NaN", id="NaN"),
        pytest.param("[-Infinity]", 1, "expected a JSON number, found -Infinity", id="infinity"),
        pytest.param("[" * 100_000, 1, f"expected at most {MAX_DEPTH} levels, found more", id="deep and open"),
        pytest.param("[" * 500 + "]" * 500, 1, f"expected at most {MAX_DEPTH} levels, found more", id="deep"),
    ],
)
def test_refuses_what_is_no_json(text, line, message):
    with pytest.raises(SyntaxProblem) as caught:
        parse_json(text)
    assert (caught.value.problem.line, caught.value.problem.message) == (line, message)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("on", "on", id="on is a text"),
        pytest.param("yes", "yes", id="yes is a text"),
        pytest.param("2020-01-02", "2020-01-02", id="a date is a text"),
        pytest.param("2020-01-02 03:04", "2020-01-02 03:04", id="a date with time is a text"),
        pytest.param("1:30", "1:30", id="sixty-based numbers are texts"),
        pytest.param("0x10", 16, id="hexadecimal"),
        pytest.param("0o17", 15, id="octal"),
        pytest.param("017", 17, id="leading zero"),
        pytest.param("1e3", 1000.0, id="float without point"),
        pytest.param("True", True, id="true"),
        pytest.param("~", None, id="null"),
        pytest.param("a:", {"a": None}, id="no value is null"),
        pytest.param("'1'", "1", id="quoted"),
        pytest.param("!!str 1", "1", id="tagged"),
        pytest.param("{200: x}", {"200": "x"}, id="keys are texts"),
        pytest.param("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}, id="merge"),
        pytest.param("a: &x {b: 1}\nc: {<<: [*x], b: 2}", {"a": {"b": 1}, "c": {"b": 2}}, id="own key before merged"),
    ],
)
def test_reads_yaml_as_version_1_2(text, value):
    if value is None:
        assert not parse_yaml(text)
    else:
        (parsed,) = parse_yaml(text)
        assert parsed.value == value
        assert type(parsed.value) is type(value)


def test_reads_every_document_but_empty_ones():
    assert [parsed.value for parsed in parse_yaml("a: 1\n---\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]


def test_yaml_duplicates_are_warned_of():
    (parsed,) = parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert parsed.value == {"a": 1, "b": {"c": 2}}
    assert [(problem.pointer, problem.line) for problem in parsed.problems] == [("/b/c", 4)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: [1", 1, id="open list"),
        pytest.param("a: 1\nb: &x [*x]", 2, id="alias of itself"),
        pytest.param("a: .nan", 1, id="not a number"),
        pytest.param("? [a]\n: b", 1, id="list as key"),
        pytest.param("a: 1\nb: \x01", 2, id="control character"),
        pytest.param("[" * 500 + "]" * 500, 1, id="deep"),
        pytest.param(
            "\n".join(["a0: &a0 [x]", *(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]" for i in range(9))]),
            7,
            id="aliases that grow",
        ),
    ],
)
def test_refuses_what_is_no_yaml(text, line):
    with pytest.raises(SyntaxProblem) as caught:
        parse_yaml(text)
    assert caught.value.problem.code == "bad-yaml"
    assert caught.value.problem.line == line
