import gzip
import zlib

import pytest

from lockgate import unpacking
from lockgate.unpacking import MOST_MEMBERS, PackingError, TooLargeError, unpacked

SIZES = (0, 1, 65_535, 65_536, 65_537, 200_000)
"""Some of them as many bytes as are made at once."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pattern", [b"a", bytes(range(251))])
def test_unpacks(size, pattern):
    body = (pattern * size)[:size]
    for level in (1, 9):
        assert unpacked(gzip.compress(body, level), "gzip", size) == body
        assert unpacked(zlib.compress(body, level), "deflate", size) == body
    assert unpacked(gzip.compress(body) * 3, "gzip", 3 * size) == body * 3


def test_parts_end_where_pieces_do(monkeypatch):
    monkeypatch.setattr(unpacking, "_SLICE", 7)
    packed = gzip.compress(b"hello", mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(b" you", mtime=0)

    assert unpacked(packed, "gzip", 100) == b"hello you"


def test_no_more_is_made_than_there_may_be():
    packed = gzip.compress(b"a" * 100_000)

    assert len(unpacked(packed, "gzip", 100_000)) == 100_000
    with pytest.raises(TooLargeError):
        unpacked(packed, "gzip", 99_999)
    with pytest.raises(TooLargeError):
        unpacked(packed * 2, "gzip", 100_000)


@pytest.mark.parametrize(
    ("packed", "packing", "text"),
    [
        (b"plain", "gzip", "it is not gzip (Error -3 while decompressing data: incorrect header check)"),
        (gzip.compress(b"a")[:-1], "gzip", "it is cut short"),
        (gzip.compress(b"a") + b"\x1f", "gzip", "it is cut short"),
        (zlib.compress(b"a") + b"tail", "deflate", "it is not deflate (Error -3 while decompressing data: "),
        (gzip.compress(b"") * (MOST_MEMBERS + 1), "gzip", f"it has more than {MOST_MEMBERS} packed parts"),
        (b"x", "br", "content encoding 'br' cannot be read"),
    ],
)
def test_what_is_not_packed_so(packed, packing, text):
    with pytest.raises(PackingError) as error:
        unpacked(packed, packing, 100)
    assert str(error.value).startswith(text)
