import gzip
import tracemalloc
import zlib

import pytest

from lockgate import unpacking
from lockgate.unpacking import (
    MOST_CODINGS,
    MOST_MEMBERS,
    PackingError,
    TooLargeError,
    codings_of,
    packed_all,
    packed_as,
    unpacked,
    unpacked_all,
)

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
        (gzip.compress(b"a", mtime=0)[:-1], "gzip", "it is cut short"),
        (gzip.compress(b"a", mtime=0) + b"\x1f", "gzip", "it is cut short"),
        (zlib.compress(b"a") + b"tail", "deflate", "it is not deflate (Error -3 while decompressing data: "),
        (gzip.compress(b"", mtime=0) * (MOST_MEMBERS + 1), "gzip", f"it has more than {MOST_MEMBERS} packed parts"),
        (b"x", "compress", "content encoding 'compress' cannot be read"),
        (b"not packed", "br", "it is not br (brotli: decoder failed)"),
        (packed_as(b"plain", "br") + b"tail", "br", "it is not br (brotli: decoder failed)"),
        (packed_as(b"plain", "br")[:-1], "br", "it is cut short"),
        (b"plain", "zstd", "it is not zstd (zstd decompressor error: Unknown frame descriptor)"),
        (packed_as(b"plain", "zstd")[:-1], "zstd", "it is cut short"),
        (packed_as(b"", "zstd") * (MOST_MEMBERS + 1), "zstd", f"it has more than {MOST_MEMBERS} packed parts"),
    ],
)
def test_what_is_not_packed_so(packed, packing, text):
    with pytest.raises(PackingError) as error:
        unpacked(packed, packing, 100)
    assert str(error.value).startswith(text)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pattern", [b"a", bytes(range(251))])
@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd"])
def test_packs(packing, size, pattern):
    body = (pattern * size)[:size]
    packed = packed_as(body, packing)

    assert unpacked(packed, packing, size) == body
    if size:
        with pytest.raises(TooLargeError):
            unpacked(packed, packing, size - 1)


def test_deflate_is_with_and_without_a_frame():
    framed = packed_as(b"hello", "deflate", like=zlib.compress(b"x"))
    bare = packed_as(b"hello", "deflate")

    assert zlib.decompress(framed) == b"hello"
    assert zlib.decompress(bare, -zlib.MAX_WBITS) == b"hello"
    assert unpacked(framed, "deflate", 5) == unpacked(bare, "deflate", 5) == b"hello"


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip"])
def test_little_is_made_of_what_is_too_much(packing):
    packed = packed_as(b"a" * (32 << 20), packing)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacked(packed, packing, 1 << 20)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 8 << 20


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        (None, ()),
        ("", ()),
        ("identity", ()),
        ("GZIP", ("gzip",)),
        ("x-gzip, Br ,identity", ("gzip", "br")),
        ("what", ("what",)),
    ],
)
def test_codings(header, codings):
    assert codings_of(header) == codings


def test_several_codings():
    packed = packed_all(b"hello", ("gzip", "br"))

    assert gzip.decompress(unpacked(packed, "br", 100)) == b"hello"
    assert unpacked_all(packed, ("gzip", "br"), 100) == b"hello"
    assert unpacked_all(b"hello", (), 5) == b"hello"
    with pytest.raises(TooLargeError):
        unpacked_all(b"hello", (), 4)
    with pytest.raises(PackingError):
        unpacked_all(b"hello", ("gzip",) * (MOST_CODINGS + 1), 100)
    with pytest.raises(PackingError):
        packed_all(b"hello", ("compress",))
