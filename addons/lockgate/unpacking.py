"""Bodies without their content encoding, in time and memory that do not depend on how often something was packed."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import brotli
import zstandard

MOST_MEMBERS: Final = 10_000
"""Packed parts that one body may be made of."""
MOST_CODINGS: Final = 3
"""Encodings of one body, one within the other."""
INLINE_PACKED_BYTES: Final = 16 * 1024
"""Of a body that is unpacked on the event loop."""
INLINE_BYTES: Final = 256 * 1024
"""Likewise, unpacked."""

_SLICE: Final = 64 * 1024
"""Bytes that are looked at, and made, together: what is left is copied each time."""
_ZSTD_SLICE: Final = 64
"""Likewise, of what is packed: four bytes of it may be 128 kB."""
_ZSTD_WINDOW: Final = 8 << 20
"""Bytes. RFC 9659 allows no more."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_SAME: Final[Mapping[str, str]] = {"x-gzip": "gzip", "x-deflate": "deflate"}
_FAST: Final = 1
_FAST_BROTLI: Final = 4


class PackingError(ValueError):
    """A body that cannot be unpacked; the message says why."""


class TooLargeError(Exception):
    """More unpacked bytes than there may be."""


def codings_of(header: str | None) -> tuple[str, ...]:
    """The encodings that a Content-Encoding names, in the order in which they were applied; "identity" is none."""
    if header is None:
        return ()
    names = (name.strip(" \t").lower() for name in header.split(","))
    return tuple(_SAME.get(name, name) for name in names if name not in ("", "identity"))


def unpacked(packed: bytes, packing: str, limit: int) -> bytes:
    """A body without its content encoding.

    Args:
        packed: The body.
        packing: Its encoding: "gzip", "deflate" (with or without zlib's frame), "br", "zstd".
        limit: Bytes that it may have.

    Raises:
        PackingError: It cannot be unpacked.
        TooLargeError: It has more bytes.
    """
    unpack = _UNPACK.get(packing)
    if unpack is None:
        raise PackingError(f"content encoding {packing!r} cannot be read")
    parts: list[bytes] = []
    for part in unpack(packed, limit):
        limit -= len(part)
        if limit < 0:
            raise TooLargeError
        parts.append(part)
    return b"".join(parts)


def packed_as(body: bytes, packing: str, *, like: bytes = b"") -> bytes:
    """A body with a content encoding, packed quickly.

    Args:
        body: The body.
        packing: As for ``unpacked``.
        like: A body that was packed so: "deflate" means two things, and it becomes the one that this is.

    Raises:
        PackingError: There is no such encoding.
    """
    match packing:
        case "gzip":
            return _deflated(body, _GZIP)
        case "deflate":
            return _deflated(body, _ZLIB if _is_zlib(like) else _RAW)
        case "br":
            return bytes(brotli.compress(body, quality=_FAST_BROTLI))
        case "zstd":
            return zstandard.ZstdCompressor(level=_FAST).compress(body)
    raise PackingError(f"content encoding {packing!r} cannot be written")


def unpacked_all(packed: bytes, codings: Sequence[str], limit: int) -> bytes:
    """A body without its content encodings.

    Args:
        packed: The body.
        codings: In the order in which they were applied.
        limit: Bytes that it may have, after each of them.

    Raises:
        PackingError: It cannot be unpacked.
        TooLargeError: It has more bytes.
    """
    if len(codings) > MOST_CODINGS:
        raise PackingError(f"it has more than {MOST_CODINGS} content encodings")
    for packing in reversed(codings):
        packed = unpacked(packed, packing, limit)
    if len(packed) > limit:
        raise TooLargeError
    return packed


def packed_all(body: bytes, codings: Sequence[str], *, like: bytes = b"") -> bytes:
    """A body with content encodings.

    Args:
        body: The body.
        codings: In the order in which they are applied.
        like: As for ``packed_as``, of the last of them.

    Raises:
        PackingError: There is no such encoding.
    """
    for number, packing in enumerate(codings, start=1):
        body = packed_as(body, packing, like=like if number == len(codings) else b"")
    return body


def _is_zlib(packed: bytes) -> bool:
    """Whether it has zlib's frame. RFC 1950, 2.2: a bare stream may begin like one, so that a part is unpacked."""
    if len(packed) < 2 or packed[0] & 0x0F != zlib.DEFLATED or (packed[0] << 8 | packed[1]) % 31:  # noqa: PLR2004
        return False
    unpacking = zlib.decompressobj(_ZLIB)
    try:
        unpacking.decompress(packed[:_SLICE], _SLICE)
    except zlib.error:
        return False
    return unpacking.eof or bool(unpacking.unconsumed_tail) or len(packed) > _SLICE


def _deflated(body: bytes, window: int) -> bytes:
    packing = zlib.compressobj(_FAST, zlib.DEFLATED, window)
    return packing.compress(body) + packing.flush()


def _gzip(packed: bytes, limit: int) -> Iterator[bytes]:
    return _inflated(packed, limit, _GZIP, "gzip")


def _deflate(packed: bytes, limit: int) -> Iterator[bytes]:
    # RFC 9110, 8.4.1.2: it is zlib's frame; some send the bare stream, and the reference gateway takes nothing else.
    if not packed or _is_zlib(packed):
        return _inflated(packed, limit, _ZLIB, "deflate")
    return _inflated(packed, limit, _RAW, "deflate")


def _inflated(packed: bytes, limit: int, window: int, name: str) -> Iterator[bytes]:
    members = 0
    unpacking = None
    for start in range(0, len(packed), _SLICE):
        piece = packed[start : start + _SLICE]
        is_full = False
        while piece or is_full:
            if unpacking is None:
                members += 1
                if members > MOST_MEMBERS:
                    raise PackingError(f"it has more than {MOST_MEMBERS} packed parts")
                unpacking = zlib.decompressobj(window)
            room = min(limit + 1, _SLICE)
            try:
                part = unpacking.decompress(piece, room)
            except zlib.error as error:
                raise PackingError(f"it is not {name} ({error})") from None
            limit -= len(part)
            yield part
            piece = unpacking.unconsumed_tail
            # All was taken in, and there may be more to come of it.
            is_full = len(part) == room
            if unpacking.eof:
                piece, unpacking, is_full = unpacking.unused_data, None, False
    if unpacking is not None:
        raise PackingError("it is cut short")


def _brotli(packed: bytes, _limit: int) -> Iterator[bytes]:
    unpacking = brotli.Decompressor()
    try:
        for start in range(0, len(packed), _SLICE):
            if unpacking.is_finished():
                raise PackingError("something stands behind its end")
            part = unpacking.process(packed[start : start + _SLICE], output_buffer_limit=_SLICE)
            while part:
                yield part
                part = b"" if unpacking.is_finished() else unpacking.process(b"", output_buffer_limit=_SLICE)
    except brotli.error as error:
        raise PackingError(f"it is not br ({error})") from None
    if packed and not unpacking.is_finished():
        raise PackingError("it is cut short")


def _zstd(packed: bytes, _limit: int) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    members = 0
    unpacking = None
    for start in range(0, len(packed), _ZSTD_SLICE):
        piece = packed[start : start + _ZSTD_SLICE]
        while piece:
            if unpacking is None:
                members += 1
                if members > MOST_MEMBERS:
                    raise PackingError(f"it has more than {MOST_MEMBERS} packed parts")
                unpacking = reader.decompressobj()
            try:
                yield unpacking.decompress(piece)
            except zstandard.ZstdError as error:
                raise PackingError(f"it is not zstd ({error})") from None
            piece = b""
            if unpacking.eof:
                piece, unpacking = unpacking.unused_data, None
    if unpacking is not None:
        raise PackingError("it is cut short")


_UNPACK: Final[Mapping[str, Callable[[bytes, int], Iterator[bytes]]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}

READABLE: Final = frozenset(_UNPACK)
"""Encodings that there are."""
