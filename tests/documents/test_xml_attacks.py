"""XML that is made to burn time or memory, or to reach what it should not.

A document of megabytes that took steps for every pair of its characters would never end; how many calls are made is
counted besides.
"""

import sys

import pytest

from lockgate.documents.xml import MAX_DEPTH, XmlError, decode_xml

MEGABYTE = 1 << 20
SYNTAX = "xml.Decoder.Token() - XML syntax error on line 1: "


def decoded(raw):
    try:
        return decode_xml(raw)
    except XmlError as error:
        return error.text


# --- document types ---------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY lol{level} "{f"&lol{level - 1};" * 10}">' for level in range(1, 10))
DECLARATIONS = {
    "nested": f'<!DOCTYPE o [<!ENTITY lol0 "lol">{LAUGHS}<!ENTITY e "&lol9;">]>',
    "long": f'<!DOCTYPE o [<!ENTITY e "{"x" * 100_000}">]>',
    "file": '<!DOCTYPE o [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "url": '<!DOCTYPE o [<!ENTITY e PUBLIC "p" "http://127.0.0.1:1/e">]>',
    "parameter": '<!DOCTYPE o [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p.dtd"> %p; <!ENTITY e "v">]>',
    "parameter within": "<!DOCTYPE o [<!ENTITY % a '<!ENTITY e \"v\">'> %a;]>",
    "external": '<!DOCTYPE o SYSTEM "http://127.0.0.1:1/o.dtd">',
    "redefined": '<!DOCTYPE o [<!ENTITY lt "e"><!ENTITY amp "e">]>',
}


@pytest.mark.parametrize("declaration", DECLARATIONS.values(), ids=DECLARATIONS)
def test_no_declaration_makes_an_entity(declaration):
    assert decoded(f"{declaration}<o>&e;</o>".encode()) == f"{SYNTAX}invalid character entity &e;"
    assert decoded(f"{declaration}<o a='&e;'/>".encode()) == f"{SYNTAX}invalid character entity &e;"
    assert decoded(f"{declaration}<o>%p;&lt;&amp;</o>".encode()) == {"o": "%p;<&"}


def test_declared_attributes_have_no_defaults():
    assert decode_xml(b'<!DOCTYPE o [<!ATTLIST o a CDATA "default">]><o/>') == {"o": ""}


# --- size -------------------------------------------------------------------------------------------------------------


def many_attributes(count):
    return b"<o" + b"".join(b' a%d="1"' % number for number in range(count)) + b"/>"


def many_elements(count):
    return b"<o>" + b"<b>1</b>" * count + b"</o>"


def test_deep_nesting():
    assert decoded(b"<a>" * 100_000 + b"</a>" * 100_000) == f"{SYNTAX}exceeded max depth"
    assert decoded(b"<a>" * (MAX_DEPTH - 1)) == f"{SYNTAX}unexpected EOF"


def test_a_million_attributes():
    assert len(decode_xml(many_attributes(1_000_000))["o"]) == 1_000_000


def test_a_million_elements():
    assert len(decode_xml(many_elements(1_000_000))["o"]["b"]) == 1_000_000


HUGE = {
    "opening": (b"<" * (10 * MEGABYTE), "expected element name after <"),
    "closing": (b"</" * (5 * MEGABYTE), "expected element name after </"),
    "ampersands": (b"<a>" + b"&" * (10 * MEGABYTE), "invalid character entity & (no semicolon)"),
    "entity": (b"<a>&" + b"x" * (10 * MEGABYTE), "unexpected EOF"),
    "digits": (b"<a>&#" + b"9" * (10 * MEGABYTE), "unexpected EOF"),
    "spaces in a tag": (b"<a b" + b" " * (10 * MEGABYTE) + b"c", "attribute name without = in element"),
    "spaces in a closing tag": (b"<a></a" + b" " * (10 * MEGABYTE), "unexpected EOF"),
    "colons": (b"<" + b"a:" * (5 * MEGABYTE) + b">", "expected element name after <"),
    "attributes": (b"<a" + b' b="1"' * (MEGABYTE // 2), "unexpected EOF"),
    "attributes, one broken": (
        b"<a" + b' b="1"' * (MEGABYTE // 2) + b" b=1>",
        "unquoted or missing attribute value in element",
    ),
    "quotes": (b"<a b=" + b'"' * (10 * MEGABYTE), "expected attribute name in element"),
    "comments": (b"<a>" + b"<!-- " * (2 * MEGABYTE), 'invalid sequence "--" not allowed in comments'),
    "instructions": (b"<a>" + b"<?a " * (2 * MEGABYTE), "unexpected EOF"),
    "texts": (b"<a>" + b"<![CDATA[ " * MEGABYTE, "unexpected EOF in CDATA section"),
    "doctype": (b"<!DOCTYPE " + b"<" * (4 * MEGABYTE), "unexpected EOF"),
    "doctype, comments": (b"<!DOCTYPE " + b"<!-- " * (2 * MEGABYTE), "unexpected EOF"),
    "doctype, quotes": (b"<!DOCTYPE " + b"'\"" * (2 * MEGABYTE) + b"'", "unexpected EOF"),
    "ends of CDATA": (b"<a>" + b"]]>" * (3 * MEGABYTE), "unescaped ]]> not in CDATA section"),
    "no text": (b"\xff" * (10 * MEGABYTE), "invalid UTF-8"),
}


@pytest.mark.parametrize(("raw", "message"), HUGE.values(), ids=HUGE)
def test_huge_and_broken(raw, message):
    assert decoded(raw) == SYNTAX + message


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (b"<a>%s</a>", 4 * MEGABYTE),
        (b"<a>]]&lt;%s</a>", 4 * MEGABYTE + 3),
        (b"<a b='%s'/>", 4 * MEGABYTE),
        (b"<a b='&amp;%s'/>", 4 * MEGABYTE + 1),
        (b"<a><![CDATA[%s]]></a>", 4 * MEGABYTE),
    ],
)
def test_huge_values(raw, size):
    value = decode_xml(raw % (b"x" * (4 * MEGABYTE)))["a"]

    assert len(value if isinstance(value, str) else value["-b"]) == size


def test_number_of_a_character_in_many_digits():
    assert decode_xml(b"<a>&#" + b"0" * MEGABYTE + b"65;</a>") == {"a": "A"}
    assert decoded(b"<a>&#" + b"9" * MEGABYTE + b";</a>").startswith(f"{SYNTAX}invalid character entity &#999")


def test_many_declarations_of_an_encoding():
    raw = b'<?xml version="1.0" encoding="windows-1251"?>' * 20_000 + b"<a>\xe7</a>"

    assert decode_xml(raw) == {"a": "з"}


# --- growth -----------------------------------------------------------------------------------------------------------


def calls(raw):
    """How many functions are called, of Python and of C."""
    count = 0

    def called(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        decoded(raw)
    finally:
        sys.setprofile(None)
    return count


GROWING = {
    "attributes": many_attributes,
    "elements": many_elements,
    "comments": lambda count: b"<a>" + b"x<!-- -->" * count + b"</a>",
    "cdata": lambda count: b"<a>" + b"<![CDATA[ ]]>" * count + b"</a>",
    "references and line breaks": lambda count: b"<a>" + b"&lt;\r" * count + b"</a>",
    "instructions": lambda count: b"<?a b?>" * count + b"<a/>",
    "directives": lambda count: b"<!D '\"' <!-- -->>" * count + b"<a/>",
    "nested directive": lambda count: b"<!D " + b"<" * count + b">" * count + b"><a/>",
    "declarations": lambda count: b'<?xml version="1.0" encoding="latin1"?>' * count + b"<a>\xe9</a>",
    "versions": lambda count: b"<?xml " + b"version=" * count + b"?><a/>",
    "references in a value": lambda count: b"<a b='" + b"&#65;" * count + b"'/>",
    "nesting": lambda count: b"<a>" * (count // 20) + b"</a>" * (count // 20),
    "names": lambda count: b"<a>" + b"".join(b"<b%d/>" % number for number in range(count)) + b"</a>",
    "broken tag": lambda count: b"<a" + b" b='&lt;'" * count + b" c=1>",
}


@pytest.mark.parametrize("made", GROWING.values(), ids=GROWING)
def test_calls_grow_with_the_document(made):
    small, large = calls(made(2_000)), calls(made(8_000))

    assert large <= 4.2 * small + 200
