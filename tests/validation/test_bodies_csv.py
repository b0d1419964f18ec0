import pytest

from lockgate.validation.bodies_csv import decode_csv
from lockgate.validation.scalars import UnreadableError


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ""),
        (b"a,b\n1,2\n", "a,b\n1,2\n"),
        (b"a,b\r\n\r\n1,2", "a,b\n1,2\n"),
        (b'"a ""b""","c,d"\n', 'a "b",c,d\n'),
        (b'"x\r\ny",z\n', "x\ny,z\n"),
        (b",\n", ",\n"),
        (b'a,""\n', "a,\n"),
        (b"\xff,b", "\ufffd,b\n"),
    ],
)
def test_records(raw, expected):
    assert decode_csv(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a,b\n1\n", "record on line 2: wrong number of fields"),
        (b'a"b\n', 'parse error on line 1, column 2: bare " in non-quoted-field'),
        (b'"a"b\n', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'),
        (b'"a\nb', 'record on line 1; parse error on line 2, column 2: extraneous or missing " in quoted-field'),
    ],
)
def test_what_is_none(raw, expected):
    with pytest.raises(UnreadableError) as error:
        decode_csv(raw)
    assert str(error.value) == expected
