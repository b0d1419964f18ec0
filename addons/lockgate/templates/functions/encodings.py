"""Base64 and base32. A text that is none decodes to the text of the error, as in the reference.

Source: sprig 3.3.0, strings.go; Go 1.26, encoding/base64 and encoding/base32, StdEncoding.
"""

import base64
import binascii
import re
from typing import Final

from lockgate.templates.characters import byte_length, byte_text
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import from_bytes, to_bytes

_BYTES_PER_STEP: Final = 64
_QUANTUM_32: Final = 8
_LINE_BREAKS: Final = re.compile(r"[\r\n]")
_LINE_BREAKS_HERE: Final = re.compile(r"[\r\n]*")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/\r\n]")
_NOT_BASE32: Final = re.compile(r"[^A-Z2-7]")
_IMPOSSIBLE_LENGTHS_32: Final = (1, 3, 6)


def _encode_base64(run: Run, text: str) -> str:
    run.make((byte_length(text) + 2) // 3 * 4)
    return binascii.b2a_base64(to_bytes(text), newline=False).decode("ascii")


def _decode_base64(run: Run, text: str) -> str:
    try:
        return from_bytes(decoded_base64(run, text))
    except FunctionError as error:
        return error.text


def decoded_base64(run: Run, text: str) -> bytes:
    """What stands in a text in base64.

    Raises:
        FunctionError: It is none, with Go's text.
    """
    run.step(len(text) // _BYTES_PER_STEP)
    raw = byte_text(text)
    bad = _NOT_BASE64.search(raw)
    digits = raw[: bad.start()] if bad is not None else raw
    kept = _LINE_BREAKS.sub("", digits)
    offset = _fault_of_base64(raw, len(digits), len(kept) % 4)
    if offset is not None:
        raise FunctionError(f"illegal base64 data at input byte {offset}")
    return binascii.a2b_base64(kept + "=" * (-len(kept) % 4))


def _fault_of_base64(raw: str, end: int, count: int) -> int | None:
    """Where Go says that a text is no base64; None where it is.

    Args:
        raw: All of it, in bytes.
        end: Where its digits end.
        count: Of digits behind the last whole group of four.
    """
    if end == len(raw):
        return end - count if count else None
    if raw[end] != "=" or count not in (2, 3):
        return end
    end += 1
    if count == 2:  # noqa: PLR2004  the second "=", perhaps on the next line
        end = _behind_line_breaks(raw, end)
        if end == len(raw):
            return end
        if raw[end] != "=":
            return end - 1
        end += 1
    end = _behind_line_breaks(raw, end)
    return end if end < len(raw) else None


def _behind_line_breaks(raw: str, start: int) -> int:
    found = _LINE_BREAKS_HERE.match(raw, start)
    return found.end() if found is not None else start


def _encode_base32(run: Run, text: str) -> str:
    run.step(len(text) // _BYTES_PER_STEP)
    run.make((byte_length(text) + 4) // 5 * _QUANTUM_32)
    return base64.b32encode(to_bytes(text)).decode("ascii")


def _decode_base32(run: Run, text: str) -> str:
    run.step(len(text) // _BYTES_PER_STEP)
    raw = _LINE_BREAKS.sub("", byte_text(text))
    bad = _NOT_BASE32.search(raw)
    end = bad.start() if bad is not None else len(raw)
    offset = _fault_of_base32(raw, end, end % _QUANTUM_32)
    if offset is not None:
        return f"illegal base32 data at input byte {offset}"
    return from_bytes(base64.b32decode(raw[:end] + "=" * (-end % _QUANTUM_32)))


def _fault_of_base32(raw: str, end: int, count: int) -> int | None:
    """Where Go says that a text is no base32; None where it is.

    Args:
        raw: All of it, in bytes, without line breaks.
        end: Where its digits end.
        count: Of digits behind the last whole group of eight.
    """
    if end == len(raw):
        return end - count if count else None
    left = len(raw) - end - 1
    if raw[end] != "=" or count < 2 or left >= _QUANTUM_32:  # noqa: PLR2004  so much makes a byte
        return end
    missing = _QUANTUM_32 - 1 - count
    if left < missing:
        return len(raw)
    for index in range(missing):
        if raw[end + 1 + index] != "=":
            return end + index
    return end if count in _IMPOSSIBLE_LENGTHS_32 else None


FUNCTIONS: Final = (
    function("b64enc", "(string) string", _encode_base64, needs_run=True),
    function("b64dec", "(string) string", _decode_base64, needs_run=True),
    function("b32enc", "(string) string", _encode_base32, needs_run=True),
    function("b32dec", "(string) string", _decode_base32, needs_run=True),
)
