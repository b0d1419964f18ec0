"""Flow files, read as far as traces need: mitmproxy's own reader takes four times as long, most of it for what nobody asks.

A flow is one tnetstring, a dict; its values are read when they are wanted.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

LARGEST_FLOW: Final = 4 << 30
"""Bytes."""

_COLON: Final = b":"
_BYTES, _TEXT, _INTEGER, _FLOAT, _BOOL, _NULL, _LIST, _DICT = b",;#^!~]}"
_SIMPLE: Final[Mapping[bytes, bool]] = {b"true": True, b"false": False}


class FlowFileError(ValueError):
    """It is no flow file, or a broken one."""


def flows_of(file: BinaryIO) -> Iterator[bytes]:
    """Each flow of a file as it is written, length and type included.

    Raises:
        FlowFileError: It holds something else; what stood before was given.
    """
    while True:
        prefix = _prefix(file)
        if not prefix:
            return
        size = int(prefix[:-1])
        if size > LARGEST_FLOW:
            raise FlowFileError(f"a flow of {size} bytes")
        rest = file.read(size + 1)
        if len(rest) != size + 1 or rest[-1] != _DICT:
            raise FlowFileError("the last flow is not complete" if len(rest) <= size else "something else than a flow")
        yield prefix + rest


def _prefix(file: BinaryIO) -> bytes:
    """The length with its colon; nothing at the end of the file."""
    prefix = b""
    while (one := file.read(1)) != _COLON:
        if not one and not prefix:
            return b""
        if not one.isdigit() or len(prefix) > 11:  # noqa: PLR2004 - more digits than any length has
            raise FlowFileError(f"expected a length, found {prefix + one!r}")
        prefix += one
    if not prefix:
        raise FlowFileError("expected a length, found b':'")
    return prefix + _COLON


def member(flow: bytes, name: str) -> Any:
    """One value of a flow, or None.

    Args:
        flow: As ``flows_of`` gives it.
        name: Its key.

    Raises:
        FlowFileError: The flow is broken.
    """
    try:
        position, end = flow.index(_COLON) + 1, len(flow) - 1
        while position < end:
            key, position = _value(flow, position)
            colon = flow.index(_COLON, position, position + 16)
            if key == name:
                return _value(flow, position)[0]
            position = colon + 1 + int(flow[position:colon]) + 1
    except (ValueError, IndexError, RecursionError) as error:
        raise FlowFileError(str(error) or type(error).__name__) from None
    return None


def _value(data: bytes, position: int) -> tuple[Any, int]:
    """The value at a position, and where the next one begins."""
    colon = data.index(_COLON, position, position + 16)
    start = colon + 1
    size = int(data[position:colon])
    end = start + size
    kind = data[end]
    if size < 0:
        raise ValueError("a length below 0")
    if kind == _TEXT:
        return data[start:end].decode(), end + 1
    if kind == _DICT:
        return _dict(data, start, end), end + 1
    if kind == _LIST:
        values = []
        while start < end:
            value, start = _value(data, start)
            values.append(value)
        return values, end + 1
    return _scalar(kind, data[start:end]), end + 1


def _dict(data: bytes, position: int, end: int) -> dict[Any, Any]:
    made = {}
    while position < end:
        key, position = _value(data, position)
        made[key], position = _value(data, position)
    return made


def _scalar(kind: int, raw: bytes) -> Any:
    if kind == _BYTES:
        return raw
    if kind == _INTEGER:
        return int(raw)
    if kind == _FLOAT:
        return float(raw)
    if kind == _BOOL and raw in _SIMPLE:
        return _SIMPLE[raw]
    if kind == _NULL and not raw:
        return None
    raise ValueError(f"a value of type {chr(kind)!r}")
