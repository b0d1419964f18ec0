"""What scripts can tell of their engine, and see as on the reference gateway: recorded from its engine, otto 0.5.1."""

import json
import random
from collections.abc import Iterator

import pytest
from tests.scripting.realms import Realm


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    realm = Realm()
    yield realm
    realm.close()


def caught(realm: Realm, text: str) -> str:
    """What a script learns that parses a text."""
    return str(
        realm.value(
            f"(function () {{ try {{ return JSON.stringify(JSON.parse({json.dumps(text)})) }}"
            " catch (error) { return error.name + ': ' + error.message } })()"
        )
    )


# ── JSON.parse ──


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ("  ", "unexpected end of JSON input"),
        ("[1,2", "unexpected end of JSON input"),
        ('{"a":"b}', "unexpected end of JSON input"),
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("tru", "invalid character ' ' in literal true (expecting 'e')"),
        ("nulll", "invalid character 'l' after top-level value"),
        ("undefined", "invalid character 'u' looking for beginning of value"),
        ("<a/>", "invalid character '<' looking for beginning of value"),
        ("'a'", r"invalid character '\'' looking for beginning of value"),
        ("\\", r"invalid character '\\' looking for beginning of value"),
        ("\u00001", r"invalid character '\x00' looking for beginning of value"),
        ("\u000b1", r"invalid character '\v' looking for beginning of value"),
        ("\x7f", r"invalid character '\x7f' looking for beginning of value"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("€", "invalid character 'â' looking for beginning of value"),
        ("😀", "invalid character 'ð' looking for beginning of value"),
        ("\ufeff1", "invalid character 'ï' looking for beginning of value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("[1}", "invalid character '}' after array element"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ('{"a":1} x', "invalid character 'x' after top-level value"),
        ("01", "invalid character '1' after top-level value"),
        ("1.2.3", "invalid character '.' after top-level value"),
        ("-a", "invalid character 'a' in numeric literal"),
        ("5.", "invalid character ' ' after decimal point in numeric literal"),
        ("1e+", "invalid character ' ' in exponent of numeric literal"),
        ('"a\nb"', r"invalid character '\n' in string literal"),
        (r'"\x41"', "invalid character 'x' in string escape code"),
        (r'"\u00g1"', r"invalid character 'g' in \u hexadecimal character escape"),
        ('[{"a":[1,{"b":tRue}]}]', "invalid character 'R' in literal true (expecting 'r')"),
    ],
)
def test_what_is_wrong_with_json_is_said_as_go_says_it(realm, text, message):
    assert caught(realm, text) == f"SyntaxError: {message}"


def test_whatever_is_wrong_with_json_is_found(realm):
    chance = random.Random(11)
    texts = ['{"a": [1, -2.5e-3, "x\\u00e9\\n", {"b": null}], "c": true, "": false}', '[[], {}, "\\"", 0]']
    tried = 0
    for _ in range(600):
        text = chance.choice(texts)
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice('{}[]",:01.-+eEtfn\\u x\n') + text[place + chance.randrange(3) :]
        try:
            json.loads(text)
        except ValueError:
            tried += 1
            said = caught(realm, text)
            assert said.startswith(("SyntaxError: invalid character ", "SyntaxError: unexpected end of JSON input")), (
                text
            )
    assert tried > 300


def test_errors_of_others_pass_through_parsing(realm):
    found = realm.run("JSON.parse({toString() { throw new RangeError('mine') }})")
    assert found["thrown"].startswith("RangeError: mine")
    found = realm.run("JSON.parse('[1]', () => { throw new RangeError('mine') })")
    assert found["thrown"].startswith("RangeError: mine")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ud83dx\udc80"', "\ufffdx\ufffd"),
        (r'"\uDC80\uD83D\uDE00\uD83D"', "\ufffd😀\ufffd"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\ufffd"),
        ('"\udcff"', "\ufffd"),
    ],
)
def test_half_a_character_is_none_in_json(realm, text, value):
    assert realm.value(f"JSON.parse({json.dumps(text)})") == value


def test_parsing_asks_the_function_for_each_value(realm):
    code = (
        "JSON.parse('[1,{\"a\":2}]', function (name, value) { return typeof value === 'number' ? value * 2 : value })"
    )
    assert realm.value(code) == [2, {"a": 4}]


# ── JSON.stringify ──


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("new Error('m')", '{"message":"m","name":"Error"}'),
        ("new Error()", '{"name":"Error"}'),
        ("{e: new TypeError('m')}", '{"e":{"message":"m"}}'),
        ("_.extend(new Error('m'), {code: 5})", '{"code":5,"message":"m","name":"Error"}'),
        ("new Error('m'), ['message']", '{"message":"m"}'),
    ],
)
def test_errors_are_written_with_their_message(realm, expression, text):
    assert realm.value(f"JSON.stringify({expression})") == text


def test_a_function_is_asked_in_the_order_of_the_object(realm):
    code = (
        "(function () { var seen = []; var text = JSON.stringify({c: 1, a: 2, b: {z: 1, y: 2}},"
        " function (name, value) { seen.push(name); return value }); return [seen.join(), text] })()"
    )
    assert realm.value(code) == [",c,a,b,z,y", '{"a":2,"b":{"y":2,"z":1},"c":1}']


# ── texts of dates ──


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("toDateString()", "Sun, 05 Jan 2020"),
        ("toLocaleString()", "2020-01-05 03:04:09"),
        ("toLocaleDateString()", "2020-01-05"),
        ("toLocaleTimeString()", "03:04:09"),
        ("toLocaleDateString(undefined)", "2020-01-05"),
    ],
)
def test_dates(realm, call, text):
    assert realm.value(f"new Date(2020, 0, 5, 3, 4, 9).{call}") == text
    assert realm.value(f"new Date(NaN).{call}") == "Invalid Date"


def test_a_date_as_a_text_has_its_zone(realm):
    text = realm.value("'' + new Date(2020, 0, 5, 3, 4, 9)")
    zone = realm.value("new Date(2020, 0, 5).getTimezoneOffset()")
    shown = f"{'-' if zone > 0 else '+'}{abs(zone) // 60:02}{abs(zone) % 60:02}"
    assert text == f"Sun, 05 Jan 2020 03:04:09 {shown if zone else 'UTC'}"
    assert realm.value("new Date(2020, 0, 5, 3, 4, 9).toTimeString()") == text.removeprefix("Sun, 05 Jan 2020 ")
    assert realm.value(f"new Date({json.dumps(text)}).getTime() === new Date(2020, 0, 5, 3, 4, 9).getTime()")


def test_whoever_names_a_place_gets_what_is_usual_there(realm):
    assert realm.value("new Date(2020, 0, 5).toLocaleDateString('en-US')") == "1/5/2020"


def test_what_is_no_date_has_no_text(realm):
    assert realm.run("Date.prototype.toString.call({})")["thrown"].startswith("TypeError")


# ── order ──


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("['b', 'a', 'C', 'A', 'é'].sort(function (x, y) { return x.localeCompare(y) })", ["A", "C", "a", "b", "é"]),
        ("'a'.localeCompare('B')", 1),
        ("'a'.localeCompare('a')", 0),
        ("'10'.localeCompare(9)", -1),
        (r"'\uffff'.localeCompare('😀')", -1),
        ("'a'.localeCompare('B', 'en')", -1),
    ],
)
def test_texts_are_compared_by_their_bytes(realm, expression, value):
    assert realm.value(expression) == value


@pytest.mark.parametrize(
    ("compare", "value"),
    [
        ("function (a, b) { return a > b }", [1, 2, 3, 4, 5, 10, 20]),
        ("function (a, b) { return a < b }", [20, 10, 5, 4, 3, 2, 1]),
        ("function (a, b) { return a - b }", [1, 2, 3, 4, 5, 10, 20]),
        ("function (a, b) { return b - a }", [20, 10, 5, 4, 3, 2, 1]),
        ("undefined", [1, 10, 2, 20, 3, 4, 5]),
        ("function () { return false }", [3, 1, 20, 2, 5, 10, 4]),
    ],
)
def test_a_comparison_that_answers_true_or_false_sorts(realm, compare, value):
    assert realm.value(f"[3, 1, 20, 2, 5, 10, 4].sort({compare})") == value


def test_sorting_needs_a_comparison_that_is_one(realm):
    assert realm.run("[2, 1].sort('a')")["thrown"].startswith("TypeError")
    assert realm.run("[2, 1].sort(function () { throw new RangeError('mine') })")["thrown"].startswith(
        "RangeError: mine"
    )


# ── Tyk's own ──


def test_what_plugins_inherit_can_be_added_to(realm):
    code = """(function () {
        TykJS.TykMiddleware.MiddlewareComponentMeta.prototype.mark = function () { return this.configuration.a }
        TykJS.TykEventHandlers.EventHandlerComponentMeta.prototype.mark = function () { return typeof this.Handle }
        var plugin = new TykJS.TykMiddleware.NewMiddleware({a: 1})
        return [plugin.mark(), new TykJS.TykEventHandlers.NewEventHandler().mark(),
            plugin.constructor === TykJS.TykMiddleware.NewMiddleware] })()"""
    found = realm.run(code)
    assert found["value"] == [1, "function", True]
    assert found["restored"]
    assert realm.value("typeof new TykJS.TykMiddleware.NewMiddleware().mark") == "undefined"
