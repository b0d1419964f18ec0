r"""JSON as Go's encoding/json decodes and prints it.

Python's own decoder does the work, since both accept the same documents but for NaN and Infinity. What it refuses is
scanned again here, for Go's text and place of the error. Nesting deeper than it takes is decoded here too, and so are
many lists and objects: its decoder lets no other thread go on before it has made all of them.
What Go does otherwise: the later of two equal keys counts, each byte that is no UTF-8 is one U+FFFD, and so is half of
a surrogate pair; a document is at most 10,000 levels deep.

Source: Go, encoding/json: scanner.go, decode.go, stream.go, encode.go.
"""

import codecs
import heapq
import json
import re
from collections.abc import Callable, Mapping
from math import isinf
from typing import Any, Final, NoReturn

import re2

from lockgate.documents.numbers import Number, format_json

type JsonValue = bool | Number | str | list[JsonValue] | dict[str, JsonValue] | None
"""What ``decode`` gives."""

MAX_DEPTH: Final = 10_000
"""Levels of lists and objects; one more is an error."""

AT_ONCE: Final = 20_000
"""Lists and objects that Python's decoder makes without letting another thread go on: some milliseconds."""


class JsonError(ValueError):
    """A document that Go does not decode, or a value that it does not encode."""

    def __init__(self, text: str, offset: int = 0) -> None:
        super().__init__(text)
        self.text: Final = text
        """As Go words it: "invalid character 'x' after top-level value"."""
        self.offset: Final = offset
        """Bytes before the one that was refused."""


def decode(raw: bytes, *, trailing_allowed: bool = False, float64: bool = False) -> JsonValue:
    """Decode a document.

    Args:
        raw: UTF-8.
        trailing_allowed: Whatever stands behind the first value is ignored, as with a Go Decoder that is asked once;
            without it only white space may stand there, as with Unmarshal. Some errors have other texts too: an empty
            document is "EOF" to the one and "unexpected end of JSON input" to the other.
        float64: A number that float64 does not hold is an error, as where Go decodes to float64. Without it the number
            is infinite and keeps its text.

    Returns:
        Lists, dicts, str, Number, bool and None. Text holds no lone surrogates.

    Raises:
        JsonError: With Go's text.
    """
    return _decode(raw, _FLOAT64 if float64 else _EXACT, first_only=trailing_allowed)[0]


def decode_floats(raw: bytes) -> Any:
    """Decode a document as Unmarshal does to an ``interface{}``, with plain floats for all numbers.

    Args:
        raw: UTF-8.

    Returns:
        Lists, dicts, str, float, bool and None. Text holds no lone surrogates.

    Raises:
        JsonError: With Go's text.
    """
    return _decode(raw, _FLOATS if _MAY_BE_BEYOND.search(raw) is None else _FLOATS_WITHIN, first_only=False)[0]


def decode_first(raw: bytes, *, float64: bool = False) -> tuple[JsonValue, int]:
    """Decode the first value, and say where it ended.

    Returns:
        The value, and the number of bytes up to its end.

    Raises:
        JsonError: With Go's text, as a Decoder gives it.
    """
    value, text, end = _decode(raw, _FLOAT64 if float64 else _EXACT, first_only=True)
    if text.isascii():
        return value, end
    prefix = len(text[:end].encode())
    # Each byte that is no UTF-8 became three.
    return value, prefix if len(text.encode()) == len(raw) else scan(raw, first_only=True)


# --- decoding -------------------------------------------------------------------------------------------------------


def _each_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("lockgate.json-bytes", _each_byte)


class _BeyondFloat64(Exception):  # noqa: N818 - it never leaves this module
    """A number that float64 does not hold."""


def _within_float64(text: str) -> Number:
    number = Number(text)
    if isinf(number):
        raise _BeyondFloat64(text)
    return number


def _float_within(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise _BeyondFloat64(text)
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _python_decoder(number: Callable[[str], float]) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=number, parse_int=number, parse_constant=_refuse_constant)


_EXACT: Final = _python_decoder(Number)
_FLOAT64: Final = _python_decoder(_within_float64)
# With ``float`` itself the decoder stays in C.
_FLOATS: Final = _python_decoder(float)
_FLOATS_WITHIN: Final = _python_decoder(_float_within)
_MAY_BE_BEYOND: Final = re2.compile(rb"[eE]\+?[0-9]{3}|[0-9]{300}")
"""Only a number that has this may be too large for float64. Linear, and three times as fast as ``re``."""
_SPACES: Final = re.compile(r"[ \t\n\r]*+")
_HALF_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_NUMBER_GOES_ON: Final = frozenset(".eE")


def _whole_pairs(match: re.Match[str]) -> str:
    # As long as what it replaces, so that offsets stay.
    return r"\ufffd" if match[1] else match[0]


def _decode(raw: bytes, decoder: json.JSONDecoder, *, first_only: bool) -> tuple[JsonValue, str, int]:
    """The value, the text that it was decoded from, and where in this text it ended."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "lockgate.json-bytes")
    if b"\\u" in raw and _HALF_PAIR.search(raw) is not None:
        text = _ESCAPE.sub(_whole_pairs, text)
    value: JsonValue
    try:
        if is_many(raw):
            raise RecursionError
        value, end = decoder.raw_decode(text, _past_spaces(text, 0))
    except RecursionError:
        scan(raw, first_only=first_only)
        try:
            value, end = _decode_deep(text, decoder)
        except _BeyondFloat64 as error:
            raise _beyond_float64(error) from None
        return value, text, end
    except _BeyondFloat64 as error:
        scan(raw, first_only=first_only)
        raise _beyond_float64(error) from None
    except ValueError:
        raise _refusal(raw, first_only=first_only) from None
    if first_only:
        # Python sees the number 1 in "1.x", where Go sees an error.
        if type(value) is Number and end < len(text) and text[end] in _NUMBER_GOES_ON:
            scan(raw, first_only=True)
    elif end != len(text) and _past_spaces(text, end) != len(text):
        raise _refusal(raw, first_only=False)
    return value, text, end


def _past_spaces(text: str, position: int) -> int:
    match = _SPACES.match(text, position)
    return match.end() if match is not None else position


def _beyond_float64(error: _BeyondFloat64) -> JsonError:
    return JsonError(f"json: cannot unmarshal number {error} into Go value of type float64")


def _refusal(raw: bytes, *, first_only: bool) -> JsonError:
    """Why Go refuses a document that Python refuses."""
    try:
        scan(raw, first_only=first_only)
    except JsonError as error:
        return error
    raise AssertionError("Go takes a document that Python refuses")


def is_many(raw: bytes) -> bool:
    """Whether a document may hold more lists and objects than are made at once."""
    return len(raw) > AT_ONCE and raw.count(b"[") + raw.count(b"{") > AT_ONCE


# It matches at each quote, however the document ends: half an escape too.
_TEXT: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?+\Z)', re.DOTALL)


def count_values(raw: bytes, enough: int) -> int:
    """How many values a document may hold: at least as many as it does.

    Args:
        raw: The document, which may be broken.
        enough: More are not counted with care: what stands in texts may count too.
    """
    found = _count_values(raw)
    if found <= enough:
        return found
    while b'"' in raw:
        raw = _TEXT.sub(b"", raw, count=AT_ONCE)
    return _count_values(raw)


def _count_values(raw: bytes) -> int:
    return 1 + raw.count(b",") + raw.count(b"[") + raw.count(b"{")


_DEEP_TOKEN: Final = re.compile(r"[ \t\n\r,:]*+([\[\]{}]?+)")
# What stands behind an opening bracket, if there is no list or object in it; and a run of such lists and objects.
_FLAT_REST: Final = r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+[\]}]'
_FLAT_REST_AT: Final = re.compile(_FLAT_REST, re.DOTALL)
_BETWEEN: Final = " \t\n\r,"
_FLAT_ITEMS_AT: Final = re.compile(rf"(?:[ \t\n\r,]*+[\[{{]{_FLAT_REST}){{2,300}}+", re.DOTALL)


def _decode_deep(text: str, decoder: json.JSONDecoder) -> tuple[JsonValue, int]:
    """Decode a document that is known to be one, whatever its depth, step by step."""
    scan_once: Callable[[str, int], tuple[JsonValue, int]] = decoder.scan_once  # type: ignore[attr-defined]
    keys: dict[str, str] = {}
    outer: list[tuple[list[JsonValue] | dict[str, JsonValue], str]] = []
    holder: list[JsonValue] | dict[str, JsonValue] = []
    key, has_key = "", False
    position = 0
    while True:
        if outer and isinstance(holder, list) and (run := _FLAT_ITEMS_AT.match(text, position)) is not None:
            items, _ = scan_once(f"[{run[0].lstrip(_BETWEEN)}]", 0)
            holder += items if isinstance(items, list) else ()
            position = run.end()
        token = _DEEP_TOKEN.match(text, position)
        if token is None:
            raise AssertionError("the pattern matches the empty text")
        position = token.end()
        value: JsonValue
        match token[1]:
            case "[" | "{" as opening if _FLAT_REST_AT.match(text, position) is None:
                outer.append((holder, key))
                holder = [] if opening == "[" else {}
                has_key = False
                continue
            case "]" | "}":
                value = holder
                holder, key = outer.pop()
                has_key = True
            case opening:
                value, position = scan_once(text, position - len(opening))
        if isinstance(holder, list):
            holder.append(value)
            if not outer:
                return value, position
        elif has_key:
            holder[key] = value
            has_key = False
        else:
            key, has_key = keys.setdefault(str(value), str(value)), True


# --- what is wrong with a document ----------------------------------------------------------------------------------

_STRING: Final = rb'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_NUMBER: Final = rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++|(?!\.))(?:[eE][+-]?+[0-9]++|(?![eE]))"
_SCALAR: Final = rb"(?:" + _STRING + rb"|" + _NUMBER + rb"|true|false|null)"
_GAP: Final = rb"[ \t\n\r]*+"

_GAP_AT: Final = re.compile(_GAP)
_SCALAR_AT: Final = re.compile(_SCALAR)
_KEY_AT: Final = re.compile(_STRING)
# Lists and objects of a few scalars.
_SHORT_LIST: Final = rb"\[" + _GAP + rb"(?:" + _SCALAR + _GAP + rb"(?:," + _GAP + _SCALAR + _GAP + rb"){0,30}+)?+\]"
_PAIR: Final = _STRING + _GAP + rb":" + _GAP + _SCALAR + _GAP
_SHORT_OBJECT: Final = rb"\{" + _GAP + rb"(?:" + _PAIR + rb"(?:," + _GAP + _PAIR + rb"){0,30}+)?+\}"
_SIMPLE: Final = rb"(?:" + _SCALAR + rb"|" + _SHORT_LIST + rb"|" + _SHORT_OBJECT + rb")"
# Elements and pairs up to a comma behind something simple: flat documents take few steps. Not all at once: a match holds
# up every other thread.
_ELEMENTS_AT: Final = re.compile(rb"(?:" + _GAP + _SIMPLE + _GAP + rb",){0,300}+" + _GAP)
_PAIRS_AT: Final = re.compile(
    rb"(?:" + _GAP + _STRING + _GAP + rb":" + _GAP + _SIMPLE + _GAP + rb",){0,300}+" + _GAP,
)
_STRING_START_AT: Final = re.compile(_STRING.removesuffix(b'"'))
_LITERALS: Final = {b"t": b"true", b"f": b"false", b"n": b"null"}
_ESCAPED: Final = frozenset(b'"\\/bfnrtu')
_HEXADECIMAL: Final = frozenset(b"0123456789abcdefABCDEF")


def scan(raw: bytes, *, first_only: bool) -> int:
    """Find the end of a document, or what is wrong with it.

    Args:
        raw: The document.
        first_only: Whatever stands behind the first value is ignored.

    Returns:
        The offset behind the value.

    Raises:
        JsonError: With Go's text.
    """
    return _Scanner(raw, first_only=first_only).document()


class _Scanner:
    """Goes through a document without making its values."""

    def __init__(self, raw: bytes, *, first_only: bool) -> None:
        self._raw = raw
        self._first_only = first_only

    def document(self) -> int:
        raw = self._raw
        open_at = bytearray()
        position = self._past(_GAP_AT, 0)
        while True:
            # A value is expected.
            byte = raw[position : position + 1]
            if byte in (b"[", b"{"):
                open_at += byte
                if len(open_at) > MAX_DEPTH:
                    raise self._unexpected(position, "exceeded max depth")
                position = self._past(_GAP_AT, position + 1)
                if raw[position : position + 1] != (b"]" if byte == b"[" else b"}"):
                    position = self._next_value(open_at, position)
                    continue
                open_at.pop()
                position += 1
            else:
                position = self._scalar(position)
            # Behind a value: up to the next one, or to the end.
            while open_at:
                position = self._past(_GAP_AT, position)
                in_list = open_at[-1] == b"["[0]
                byte = raw[position : position + 1]
                if byte == b",":
                    position = self._next_value(open_at, position + 1)
                    break
                if byte != (b"]" if in_list else b"}"):
                    raise self._unexpected(
                        position, "after array element" if in_list else "after object key:value pair"
                    )
                open_at.pop()
                position += 1
            else:
                if not self._first_only and (behind := self._past(_GAP_AT, position)) != len(raw):
                    raise self._unexpected(behind, "after top-level value")
                return position

    def _past(self, pattern: re.Pattern[bytes], position: int) -> int:
        match = pattern.match(self._raw, position)
        return match.end() if match is not None else position

    def _next_value(self, open_at: bytearray, position: int) -> int:
        """Where the next value begins that stands at the end or is no scalar; past its key."""
        if open_at[-1] == b"["[0]:
            return self._past(_ELEMENTS_AT, position)
        position = self._past(_PAIRS_AT, position)
        key = _KEY_AT.match(self._raw, position)
        if key is None:
            if self._raw[position : position + 1] == b'"':
                raise self._broken_string(position)
            raise self._unexpected(position, "looking for beginning of object key string")
        position = self._past(_GAP_AT, key.end())
        if self._raw[position : position + 1] != b":":
            raise self._unexpected(position, "after object key")
        return self._past(_GAP_AT, position + 1)

    def _scalar(self, position: int) -> int:
        match = _SCALAR_AT.match(self._raw, position)
        if match is not None:
            return match.end()
        first = self._raw[position : position + 1]
        if first == b'"':
            raise self._broken_string(position)
        if first in _LITERALS:
            raise self._broken_literal(position, _LITERALS[first])
        if first == b"-" or first.isdigit():
            raise self._broken_number(position)
        raise self._unexpected(position, "looking for beginning of value")

    def _broken_string(self, position: int) -> JsonError:
        raw = self._raw
        position = self._past(_STRING_START_AT, position)
        if raw[position : position + 1] != b"\\":
            return self._unexpected(position, "in string literal")
        position += 1
        if position == len(raw) or raw[position] not in _ESCAPED:
            return self._unexpected(position, "in string escape code", inside=True)
        position += 1
        while position < len(raw) and raw[position] in _HEXADECIMAL:
            position += 1
        return self._unexpected(position, r"in \u hexadecimal character escape", inside=True)

    def _broken_literal(self, position: int, literal: bytes) -> JsonError:
        length = 1
        while self._raw[position + length : position + length + 1] == literal[length : length + 1]:
            length += 1
        context = f"in literal {literal.decode()} (expecting '{chr(literal[length])}')"
        return self._unexpected(position + length, context, inside=True)

    def _broken_number(self, position: int) -> JsonError:
        for pattern, context in _NUMBER_PARTS:
            match = pattern.match(self._raw, position)
            if match is not None:
                return self._unexpected(match.end(), context, inside=True)
        raise AssertionError("a number that is none lacks digits somewhere")

    def _unexpected(self, position: int, context: str, *, inside: bool = False) -> JsonError:
        """The error at a byte.

        Args:
            position: Of the byte; the end of the document where it is missing.
            context: Where it stands, as Go words it.
            inside: A literal, number or escape is not finished. At the end of a document Unmarshal sees a space.
        """
        raw = self._raw
        if position < len(raw):
            return JsonError(f"invalid character {_quoted(raw[position])} {context}", position)
        if self._first_only:
            return JsonError("unexpected EOF" if raw.strip(b" \t\r\n") else "EOF", position)
        if inside:
            return JsonError(f"invalid character ' ' {context}", position)
        return JsonError("unexpected end of JSON input", position)


_NUMBER_PARTS: Final = (
    (re.compile(rb"-(?![0-9])"), "in numeric literal"),
    (re.compile(rb"-?[0-9]++\.(?![0-9])"), "after decimal point in numeric literal"),
    (re.compile(rb"-?[0-9]++(?:\.[0-9]++)?[eE][+-]?+"), "in exponent of numeric literal"),
)
_QUOTED: Final = {7: r"\a", 8: r"\b", 9: r"\t", 10: r"\n", 11: r"\v", 12: r"\f", 13: r"\r", 39: r"\'", 92: r"\\"}
# Not printable to Go: controls, the no-break space, the soft hyphen.
_NOT_PRINTABLE_ASCII: Final = frozenset((*range(0x20), 0x7F))
_NOT_PRINTABLE: Final = frozenset((*range(0x80, 0xA1), 0xAD))


def _quoted(byte: int) -> str:
    """A byte as Go's quoteChar writes it: the character of that number, in single quotes."""
    if byte in _QUOTED:
        return f"'{_QUOTED[byte]}'"
    if byte in _NOT_PRINTABLE_ASCII:
        return f"'\\x{byte:02x}'"
    return f"'\\u{byte:04x}'" if byte in _NOT_PRINTABLE else f"'{chr(byte)}'"


# --- encoding -------------------------------------------------------------------------------------------------------

_UNSAFE_RAW: Final = re.compile('[\x00-\x1f"\\\\\u2028\u2029\ud800-\udfff]')
_UNSAFE: Final = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')
_SAFE: Final = {
    '"': r"\"",
    "\\": r"\\",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
}


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        return r"\ufffd"
    return _SAFE.get(character) or f"\\u{ord(character):04x}"


def quote(text: str) -> str:
    r"""A JSON text as Go writes it: quotes, \u003c for <, \ufffd for each byte that is no UTF-8 (a lone surrogate)."""
    if text.isascii():
        if text.isalnum():
            return f'"{text}"'
        # Python's own escapes are Go's, but for HTML's characters.
        quoted = json.encoder.encode_basestring(text)
        for character in "<>&":
            if character in quoted:
                quoted = quoted.replace(character, f"\\u{ord(character):04x}")
        return quoted
    return f'"{_UNSAFE.sub(_escaped, text)}"'


def quote_raw(text: str) -> str:
    """A JSON text as Go writes it where HTML's characters need not be escaped."""
    return f'"{_UNSAFE_RAW.sub(_escaped, text)}"'


def encode(value: object, *, number_texts: bool = True) -> bytes:
    """Encode data as Go's json.Marshal does: sorted keys, no spaces, < > & as escapes.

    Args:
        value: Mappings with text as keys, lists, tuples, str, int, float, Number, bool, None; of any depth.
        number_texts: A Number is written as it was read, as Go writes json.Number. Without it, as a float64.

    Raises:
        JsonError: A number that is not finite: "json: unsupported value: NaN".
        TypeError: Anything else than these types.
    """
    scalar = _scalar if number_texts else _scalar_by_value
    parts: list[str] = []
    append = parts.append
    # What is still to be written: containers, and text that is ready.
    left: list[object] = []
    item = value
    while True:
        kind = type(item)
        if kind is _Ready:
            append(item)  # type: ignore[arg-type] # it is a str
        elif kind is dict or (kind is not list and isinstance(item, Mapping)):
            _write_object(item, scalar, append, left)  # type: ignore[arg-type] # it is a Mapping
        elif kind is list or kind is tuple:
            _write_list(item, scalar, append, left)  # type: ignore[arg-type] # it is a list or tuple
        else:
            append(scalar(item))
        if not left:
            break
        item = left.pop()
    return "".join(parts).encode()


class _Ready(str):
    """Text that is written as it is."""

    __slots__ = ()


_END_OF_OBJECT: Final = _Ready("}")
_END_OF_LIST: Final = _Ready("]")
_FLAT: Final = frozenset({str, Number, int, float, bool, type(None)})

_SORTED_AT_ONCE: Final = 10_000
"""Names; of more the sorting would hold up other threads."""


def sorted_names(item: Mapping[str, object]) -> list[str]:
    """The names in an object, sorted; step by step where there are many."""
    if len(item) <= _SORTED_AT_ONCE:
        return sorted(item)
    names = list(item)
    parts = (sorted(names[start : start + _SORTED_AT_ONCE]) for start in range(0, len(names), _SORTED_AT_ONCE))
    return list(heapq.merge(*parts))


type _Scalar = Callable[[object], str]


def _write_object(
    item: Mapping[str, object], scalar: _Scalar, append: Callable[[str], None], left: list[object]
) -> None:
    """Write an object up to its first part that is none of ``_FLAT``; the rest is left."""
    keys = iter(sorted_names(item))
    separator = "{"
    for key in keys:
        part = item[key]
        if type(part) not in _FLAT:
            append(f"{separator}{quote(key)}:")
            break
        append(f"{separator}{quote(key)}:{scalar(part)}")
        separator = ","
    else:
        append("}" if item else "{}")
        return
    rest: list[object] = [part]
    text = ""
    for key in keys:
        part = item[key]
        if type(part) in _FLAT:
            text += f",{quote(key)}:{scalar(part)}"
        else:
            rest += (_Ready(f"{text},{quote(key)}:"), part)
            text = ""
    rest.append(_Ready(text + "}") if text else _END_OF_OBJECT)
    left += reversed(rest)


def _write_list(
    item: list[object] | tuple[object, ...], scalar: _Scalar, append: Callable[[str], None], left: list[object]
) -> None:
    """Write a list up to its first item that is none of ``_FLAT``; the rest is left."""
    parts = iter(item)
    separator = "["
    for part in parts:
        if type(part) not in _FLAT:
            append(separator)
            break
        append(separator + scalar(part))
        separator = ","
    else:
        append("]" if item else "[]")
        return
    rest: list[object] = [part]
    text = ""
    for part in parts:
        if type(part) in _FLAT:
            text += f",{scalar(part)}"
        else:
            rest += (_Ready(f"{text},"), part)
            text = ""
    rest.append(_Ready(text + "]") if text else _END_OF_LIST)
    left += reversed(rest)


def _scalar(value: object) -> str:
    kind = type(value)
    if kind is str:
        return quote(value)  # type: ignore[arg-type] # it is a str
    if kind is Number:
        return value.text  # type: ignore[attr-defined,no-any-return] # it is a Number
    return _other_scalar(value)


def _scalar_by_value(value: object) -> str:
    return quote(value) if type(value) is str else _other_scalar(value)


def _other_scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        try:
            return format_json(value)
        except ValueError as error:
            raise JsonError(str(error)) from None
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, str):
        return quote(value)
    raise TypeError(f"no JSON: {type(value).__name__}")
