"""Bodies without their content encoding, in time and memory that do not depend on how often something was packed."""

import zlib
from collections.abc import Mapping
from typing import Final

MOST_MEMBERS: Final = 10_000
"""Packed parts that one body may be made of."""
INLINE_PACKED_BYTES: Final = 16 * 1024
"""Of a body that is unpacked on the event loop."""
INLINE_BYTES: Final = 256 * 1024
"""Likewise, unpacked."""

_SLICE: Final = 64 * 1024
"""Bytes that are looked at, and made, together: what is left is copied each time."""
_WINDOWS: Final[Mapping[str, int]] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class PackingError(ValueError):
    """A body that cannot be unpacked; the message says why."""


class TooLargeError(Exception):
    """More unpacked bytes than there may be."""


def unpacked(packed: bytes, packing: str, limit: int) -> bytes:
    """A body without its content encoding.

    Args:
        packed: The body.
        packing: Its encoding: "gzip", "deflate".
        limit: Bytes that it may have.

    Raises:
        PackingError: It cannot be unpacked.
        TooLargeError: It has more bytes.
    """
    window = _WINDOWS.get(packing)
    if window is None:
        raise PackingError(f"content encoding {packing!r} cannot be read")
    parts: list[bytes] = []
    room, members = limit, 0
    unpacking = None
    for start in range(0, len(packed), _SLICE):
        piece = packed[start : start + _SLICE]
        while piece:
            if unpacking is None:
                members += 1
                if members > MOST_MEMBERS:
                    raise PackingError(f"it has more than {MOST_MEMBERS} packed parts")
                unpacking = zlib.decompressobj(window)
            try:
                part = unpacking.decompress(piece, min(room + 1, _SLICE))
            except zlib.error as error:
                raise PackingError(f"it is not {packing} ({error})") from None
            room -= len(part)
            if room < 0:
                raise TooLargeError
            parts.append(part)
            piece = unpacking.unconsumed_tail
            if unpacking.eof:
                piece, unpacking = unpacking.unused_data, None
    if unpacking is not None:
        raise PackingError("it is cut short")
    return b"".join(parts)
