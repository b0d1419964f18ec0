"""xmlMarshal. Expected texts were recorded with Go 1.26 and mxj 1.8.4."""

import pytest

from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions.certificates import Certificate
from lockgate.templates.functions.xml import encode_xml
from lockgate.templates.run import INLINE, LONG, Limits, Run
from lockgate.templates.values import (
    MISSING,
    GoObject,
    Integer,
    ListMap,
    NilList,
    NilMap,
    StringMap,
    TypedList,
    int64,
    strings,
)


def run(limits=LONG, *, inline=False):
    return Run(limits=limits, inline=inline, now=0.0, seed=b"x" * 16)


def encoded(value):
    try:
        return encode_xml(value, run())
    except FunctionError as error:
        return f"error: {error.text}"


class Version(GoObject):
    go_type = "*semver.Version"
    kind = "ptr"

    def json(self):
        return "1.2.3-b"


class Duration(GoObject):
    go_type = "time.Duration"
    kind = "int64"

    def integer(self):
        return -5

    def json(self):
        return Integer(-5, "int64")


class Location(GoObject):
    go_type = "*time.Location"
    kind = "ptr"


MAPS = [
    ({}, "<doc/>"),
    (NilMap(), "<doc/>"),
    ({"a": None}, "<a/>"),
    ({"a": MISSING}, "<a/>"),
    ({"a": ""}, "<a/>"),
    ({"a": {}}, "<a/>"),
    ({"a": []}, "<a/>"),
    ({"a": NilList()}, "<a/>"),
    ({"a": [[]]}, "<doc><a/></doc>"),
    ({"a": 1.0, "B": 2.5, "c": 1e6}, "<doc><B>2.5</B><a>1</a><c>1e+06</c></doc>"),
    ({"a": [1.0, 2.0]}, "<doc><a>1</a><a>2</a></doc>"),
    ({"a": [{"b": 1.0}, {}]}, "<a><b>1</b></a><a/>"),
    ({"a": [{"b": 1.0}, 2.0]}, "<doc><a><b>1</b></a><a>2</a></doc>"),
    ({"a": [[1.0, 2.0], [3.0]]}, "<doc><a>1</a><a>2</a><a>3</a></doc>"),
    ({"a": strings(["x<", "y"])}, "<a>x&lt;</a><a>y</a>"),
    ({"a": {"b": [1.0], "c": []}}, "<a><b>1</b><c/></a>"),
    ({"r": {"-id": "7", "v": ["a", "b"]}}, '<r id="7"><v>a</v><v>b</v></r>'),
    ({"-a": 1.0}, "<-a>1</-a>"),
    ({"-a": 1.0, "-b": True}, '<doc a="1" b="true"/>'),
    ({"a": {"-": 1.0}}, "<a><->1</-></a>"),
    ({"a": {"-x": 1, "-y": int64(2), "-z": 1.5}}, '<a x="1" y="2" z="1.5"/>'),
    ({"a": {"#text": "<t>", "-id": "'\""}}, '<a id="&apos;&quot;">&lt;t&gt;</a>'),
    ({"a": {"#text": [1.0, None, "<x>"]}}, "<a>[1 <nil> <x>]</a>"),
    ({"a": {"#text": None}}, "<a><nil></a>"),
    ({"#text": "x"}, "<#text>x</#text>"),
    ({"a b": 1.0, "": 2.0}, "<doc><>2</><a b>1</a b></doc>"),
    ({"a": "x\ny\tz\r\0\udcff&amp;"}, "<a>x\ny\tz\r\0\udcff&amp;amp;</a>"),
    ({"é": 1.0, "b": 2.0, "\udcff": 3.0}, "<doc><b>2</b><é>1</é><\udcff>3</\udcff></doc>"),
    ({"a": StringMap({"_0": "x"})}, "<a><_0>x</_0></a>"),
    ({"h": ListMap({"X": strings(["1", "2"])})}, "<h><X>1</X><X>2</X></h>"),
    ({"a": TypedList([Integer(60, "uint8"), Integer(98, "uint8")], "uint8")}, "<a>&lt;b</a>"),
    # What mxj does not know lacks its opening tag.
    ({"a": TypedList([0, 1, 2], "int")}, "<int>0</int><int>1</int><int>2</int></a>"),
    ({"a": TypedList([], "int")}, "/>"),
    ({"a": 1j}, ">UNKNOWN/>"),
    ({"a": Integer(97, "uint8")}, "<uint8>97</uint8></a>"),
    ({"a": Version()}, "<Version>1.2.3-b</Version></a>"),
    ({"a": Duration()}, "<Duration>-5</Duration></a>"),
    ({"a": Location()}, "<Location></Location></a>"),
    ({"a": Certificate("c<", "k")}, "<certificate><Cert>c&lt;</Cert><Key>k</Key></certificate></a>"),
    ({"a": {"-x": []}}, "error: invalid attribute value for: -x:<[]interface {}>"),
    ({"a": {"-x": None}}, "error: invalid attribute value for: -x:<<nil>>"),
    ({"a": {"-x": Integer(1, "uint8")}}, "error: invalid attribute value for: -x:<uint8>"),
    (
        {"a": {"#text": "t", "b": 1.0}},
        "error: invalid attribute key label: #text - due to attributes not being prefixed",
    ),
]
OTHERS = [
    (None, ""),
    (MISSING, ""),
    (True, "<bool>true</bool>"),
    (1, "<int>1</int>"),
    (1.0, "<float64>1</float64>"),
    (1e100, "<float64>1e+100</float64>"),
    (int64(3), "<int64>3</int64>"),
    (1j, "error: xml: unsupported type: complex128"),
    ('<a href="x">&\'</a>\t\n\r', "<string>&lt;a href=&#34;x&#34;&gt;&amp;&#39;&lt;/a&gt;&#x9;&#xA;&#xD;</string>"),
    ("a\udcffb\0\ufffe", "<string>a\ufffdb\ufffd\ufffd</string>"),
    ([], ""),
    ([[]], ""),
    ([None], ""),
    ([[1, 2], 3], "<int>1</int>\n<int>2</int>\n<int>3</int>"),
    (
        [1.5, [], "x", True, None, ["y"]],
        "<float64>1.5</float64>\n<string>x</string>\n<bool>true</bool>\n<string>y</string>",
    ),
    ([{"a": 1}], "error: xml: unsupported type: map[string]interface {}"),
    (StringMap({"a": "b"}), "error: xml: unsupported type: map[string]string"),
    (TypedList([Integer(1, "uint8")], "uint8"), "error: xml: unsupported type: []uint8"),
    (Version(), "<Version>1.2.3-b</Version>"),
    (Duration(), "<Duration>-5</Duration>"),
    (Location(), "<Location></Location>"),
    (Certificate("c", "k"), "<certificate>\n  <Cert>c</Cert>\n  <Key>k</Key>\n</certificate>"),
]


@pytest.mark.parametrize(
    ("value", "expected"), MAPS + OTHERS, ids=[f"{number}" for number in range(len(MAPS + OTHERS))]
)
def test_values(value, expected):
    assert encoded(value) == expected


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


def test_depth_takes_no_stack():
    assert encoded(nested(10_000)) == "<a>" * 10_000 + "x" + "</a>" * 10_000

    value = []
    for _ in range(10_000):
        value = [value]
    assert encoded(value) == ""


def test_map_that_holds_itself_ends():
    value = {}
    value["a"] = value

    with pytest.raises(LimitError, match="steps"):
        encode_xml(value, run(Limits(steps=1_000, output=1, size=1 << 20)))
    with pytest.raises(TooLongError):
        encode_xml(value, run(INLINE, inline=True))


@pytest.mark.parametrize(
    "value", [{"a": "x" * 2_000}, ["x" * 2_000], {"x" * 1_000: ""}, [[]] * 200, {"a": [None] * 200}]
)
def test_what_is_made_is_counted(value):
    with pytest.raises(LimitError, match=r"characters"):
        encode_xml(value, run(Limits(steps=1 << 20, output=1, size=1_000)))
