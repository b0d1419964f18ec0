"""JSON that scripts give back, read as Go decodes it into a struct: types are strict, case of names is not.

Every member is taken in the order of the text: of two spellings of one name the later counts, and maps are joined.
null changes nothing, but empties a map or a list. Members that nobody knows are passed over.

Source: behaviour-scripting 4.6, 4.9 and 4.10; Go, encoding/json.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, final

_HALF: Final = re.compile("[\ud800-\udfff]")
_INT64: Final = 1 << 63
AT_ONCE: Final = 256 * 1024
"""Characters that are worked on without letting another thread go on."""
_LINE_ENDS: Final = re.compile(r"[\r\n]+")


class AnswerError(ValueError):
    """What a script gave back is none of the shapes that it may have. The message says where, for trace and log."""


@final
class Members(tuple[tuple[str, Any], ...]):
    """A JSON object: its members in the order of the text, equal names included."""

    __slots__ = ()


type Read = Callable[[Any, Any, str], Any]
"""From a member's value, what was there before, and its place to the value that is there now."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=Members, parse_constant=_refuse_constant)


def members(text: str, what: str) -> Members | None:
    """The members of the object that a script's text is; None for null.

    Args:
        text: ``String()`` of what the script returned.
        what: Of the answer, for messages.

    Raises:
        AnswerError: It is not JSON, or neither an object nor null.
    """
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it is too deep" if text else "it is empty"
        raise AnswerError(f"{what} is not JSON ({why}): {shown(text)}") from None
    if value is not None and not isinstance(value, Members):
        raise AnswerError(f"{what}: expected an object, found {shown(text)}")
    return value


def shown(text: str) -> str:
    """The beginning of a text, for a message."""
    short = 80
    return repr(text if len(text) <= short else text[:short] + "…")


def whole_text(text: str) -> str:
    """A text in which each half of a character, and each byte that is no UTF-8, is U+FFFD.

    Differs: in the reference gateway so are both halves of a character that a script writes as two escapes
    (test_pairs_of_halves_are_one_character).
    """
    if len(text) > AT_ONCE:
        return "".join([whole_text(text[start : start + AT_ONCE]) for start in range(0, len(text), AT_ONCE)])
    return text if text.isascii() or _HALF.search(text) is None else _HALF.sub("\ufffd", text)


def wire_bytes(text: str) -> bytes:
    """A text as UTF-8: lone U+DC80 to U+DCFF are the bytes that they stand for, other halves U+FFFD."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text).encode("utf-8", "surrogateescape")


def struct(value: Members | None, fields: Mapping[str, tuple[Read, Any]], place: str = "") -> dict[str, Any]:
    """The known members of an object.

    Args:
        value: The object; None has none.
        fields: By name in lower case: how it is read, and what it is when it is not there.
        place: Of the object, for messages.

    Raises:
        AnswerError: A member has the wrong type.
    """
    made = {name: empty for name, (_, empty) in fields.items()}
    for name, one in value or ():
        known = name if name in fields else name.casefold()
        field = fields.get(known)
        if field is not None:
            made[known] = field[0](one, made[known], f"{place}.{name}" if place else name)
    return made


def nested(fields: Mapping[str, tuple[Read, Any]]) -> Read:
    """An object of known members; a second one of its name changes what the first one said."""

    def reading(value: Any, before: Any, place: str) -> Any:
        if value is None:
            return before
        if not isinstance(value, Members):
            raise _wrong(place, "an object", value)
        known = {name: (read, before[name] if before else empty) for name, (read, empty) in fields.items()}
        return struct(value, known, place)

    return reading


def text(value: Any, before: Any, place: str) -> Any:
    """A text."""
    if value is None:
        return before
    if not isinstance(value, str):
        raise _wrong(place, "a text", value)
    return whole_text(value)


def raw_text(value: Any, before: Any, place: str) -> Any:
    """A text whose bytes that are no UTF-8 stay."""
    if value is None:
        return before
    if not isinstance(value, str):
        raise _wrong(place, "a text", value)
    return value


def flag(value: Any, before: Any, place: str) -> Any:
    """A truth value."""
    if value is None:
        return before
    if not isinstance(value, bool):
        raise _wrong(place, "true or false", value)
    return value


def whole(value: Any, before: Any, place: str) -> Any:
    """A whole number of 64 bits, written without point and exponent."""
    if value is None:
        return before
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < _INT64:
        raise _wrong(place, "a whole number", value)
    return value


def octets(value: Any, before: Any, place: str) -> Any:
    """Bytes as padded base64."""
    if value is None:
        return before
    if not isinstance(value, str):
        raise _wrong(place, "base64", value)
    try:
        return base64.b64decode(_LINE_ENDS.sub("", value).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise _wrong(place, "base64", value) from None


def texts(value: Any, _before: Any, place: str) -> Any:
    """A list of texts, as a tuple."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(place, "a list", value)
    return tuple(text(one, "", f"{place}[{index}]") for index, one in enumerate(value))


def mapping(read: Read, empty: Any) -> Read:
    """An object of any names, as a dict.

    Args:
        read: How each value is read.
        empty: What null is.
    """

    def reading(value: Any, before: Any, place: str) -> Any:
        if value is None:
            return {}
        if not isinstance(value, Members):
            raise _wrong(place, "an object", value)
        return {**before, **{whole_text(name): read(one, empty, f"{place}.{name}") for name, one in value}}

    return reading


def anything(value: Any, _before: Any, place: str) -> Any:
    """Any JSON value, with dicts for objects.

    Raises:
        RecursionError: It is nested too deep.
    """
    match value:
        case Members():
            return {whole_text(name): anything(one, None, place) for name, one in value}
        case list():
            return [anything(one, None, place) for one in value]
        case str():
            return whole_text(value)
        case int() | float() if not isinstance(value, bool):
            return _number(value, place)
        case _:
            return value


def _number(value: float, place: str) -> float:
    """A number as float64 holds it; whole ones of 64 bits keep their digits."""
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise _wrong(place, "a number of 64 bits", "one that is larger")
    return number


TEXT: Final[tuple[Read, Any]] = (text, "")
FLAG: Final[tuple[Read, Any]] = (flag, False)
WHOLE: Final[tuple[Read, Any]] = (whole, 0)
TEXTS: Final[tuple[Read, Any]] = (texts, ())
TEXT_BY_NAME: Final[tuple[Read, Any]] = (mapping(text, ""), {})
TEXTS_BY_NAME: Final[tuple[Read, Any]] = (mapping(texts, ()), {})


def _wrong(place: str, expected: str, value: Any) -> AnswerError:
    match value:
        case Members():
            found = "an object"
        case list():
            found = "a list"
        case str():
            found = shown(value)
        case None | bool():
            found = {None: "null", True: "true", False: "false"}[value]
        case _:
            found = str(value)
    return AnswerError(f"expected {expected} at {place}, found {found}")
