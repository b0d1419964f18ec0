"""XML as mxj's NewMapXml makes data of it.

``go_xml.jsonl`` was recorded with Go 1.26 and mxj 1.8.4: each document with the data or the error. Documents are bytes
as Latin-1.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.documents.charsets import CODECS
from lockgate.documents.xml import MAX_DEPTH, XmlError, decode_xml

RECORDED = [
    json.loads(line) for line in (Path(__file__).parent / "go_xml.jsonl").read_text("utf-8").splitlines() if line
]

NAMES = st.sampled_from(["a", "b", "n:a", "m:b", "xmlns", "xml:lang", "é", "a-b"])
TEXTS = st.lists(
    st.sampled_from(["x", " ", "\n", "&lt;", "&#65;", "é", "<!-- c -->", "<![CDATA[<]]>", "<?p q?>"]), max_size=3
).map("".join)
PIECES = [
    *(
        "<",
        ">",
        "</",
        "/>",
        "<!",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<![CDATA[",
        "]]>",
        "&",
        ";",
        "#",
        "=",
        '"',
        "'",
        "[",
        "]",
    ),
    *("a", "b:c", " ", "\n", "\r", "\0", "<a>", "</a>", "<!DOCTYPE", '<?xml version="1.0" encoding="latin1"?>'),
]
FRAGMENTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=15).map(
    lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
)


def decoded(raw):
    try:
        return decode_xml(raw)
    except XmlError as error:
        return error.text


@pytest.mark.parametrize("row", RECORDED, ids=[f"{number}" for number in range(len(RECORDED))])
def test_recorded(row):
    assert decoded(row["document"].encode("latin-1")) == row.get("data", row.get("error"))


@given(FRAGMENTS)
def test_anything_is_data_or_an_error(raw):
    result = decoded(raw)

    assert isinstance(result, dict | str)
    json.dumps(result, ensure_ascii=False).encode()


@given(st.recursive(TEXTS, lambda inner: st.lists(st.tuples(NAMES, inner), max_size=4), max_leaves=10))
def test_what_is_well_formed_is_data(content):
    def written(part):
        if isinstance(part, str):
            return part
        return "".join(f'<{name} k="v">{written(inner)}</{name}>' for name, inner in part)

    assert list(decode_xml(f"<r>{written(content)}</r>".encode())) == ["r"]


def test_error_in_a_document_of_many_lines_says_where():
    assert decoded(b"<a>\n<b>\r\n</b>\n<c") == "xml.Decoder.Token() - XML syntax error on line 4: unexpected EOF"


def test_nothing_is_shared_between_two_elements_of_one_name():
    data = decode_xml(b"<a><b k='1'/><b k='1'/></a>")

    assert data == {"a": {"b": [{"-k": "1"}, {"-k": "1"}]}}
    assert data["a"]["b"][0] is not data["a"]["b"][1]


# --- encodings --------------------------------------------------------------------------------------------------------


def declared(encoding, raw):
    return b'<?xml version="1.0" encoding="%s"?><o>%s</o>' % (encoding.encode(), raw)


@pytest.mark.parametrize(
    ("encoding", "text", "codec"),
    [
        ("windows-1251", "заказ", "cp1251"),
        ("Shift_JIS", "注文", "cp932"),
        ("ISO-8859-15", "€", "iso8859-15"),
        ("iso-8859-1", "café", "latin-1"),
        ("ISO-8859-1", "“q” €", "cp1252"),
        ("KOI8-R", "заказ", "koi8-r"),
        ("EUC-KR", "주문", "cp949"),
        ("gb2312", "订单", "gb18030"),
        ("Big5", "訂單", "big5"),
        ("ISO-2022-JP", "注文", "iso2022-jp"),
        (" Windows-1250 ", "Žluť", "cp1250"),
    ],
)
def test_declared_encoding(encoding, text, codec):
    assert decode_xml(declared(encoding, text.encode(codec))) == {"o": text}


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "us-ascii", "windows-1251", "nope", "UTF-16", "utf-8", "Utf-8"])
def test_utf8_is_read_as_such_whatever_is_declared(encoding):
    assert decode_xml(declared(encoding, "café".encode())) == {"o": "café"}
    assert decode_xml(declared(encoding, b"x")) == {"o": "x"}


@pytest.mark.parametrize("encoding", ["no\tpe", "ANSI", "latin-1", "utf8", "UTF-16"])
def test_an_encoding_that_is_none_is_windows_1252(encoding):
    assert decode_xml(declared(encoding, b"caf\xe9 \x80")) == {"o": "café €"}


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "Utf-8"])
def test_declared_utf8_that_is_none(encoding):
    assert decoded(declared(encoding, b"\xff")) == "xml.Decoder.Token() - XML syntax error on line 1: invalid UTF-8"


def test_what_an_encoding_does_not_have():
    assert decode_xml(declared("windows-1252", b"a\x81")) == {"o": "a\ufffd"}


def test_encoding_holds_from_its_declaration_on():
    raw = b'<a>\n<?xml version="1.0" encoding="windows-1251"?>\xe7\n<?xml version="1.0" encoding="KOI8-R"?><b>\xe0</b></c>'

    assert decoded(raw) == "xml.Decoder.Token() - XML syntax error on line 3: element <a> closed by </c>"
    assert decode_xml(raw[:-1].replace(b"</c", b"</a>")) == {"a": "з"}
    assert decode_xml(raw[:-1].replace(b"</c", b"</a>").replace(b"\xe7", b"")) == {"a": {"b": "а"}}


@pytest.mark.parametrize("codec", sorted(set(CODECS.values())))
def test_every_encoding_is_one_of_python(codec):
    assert b"abc".decode(codec) == "abc"


# --- limits -----------------------------------------------------------------------------------------------------------


def test_depth():
    nested = decode_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)

    depth = 0
    while nested:
        nested = nested["a"]
        depth += 1
    assert depth == MAX_DEPTH
    assert decoded(b"<a>" * (MAX_DEPTH + 1)) == ("xml.Decoder.Token() - XML syntax error on line 1: exceeded max depth")


def test_error_of_a_long_name_is_short():
    assert len(decoded(b"<" + b"\xff" * 100_000 + b">")) < 2_000
