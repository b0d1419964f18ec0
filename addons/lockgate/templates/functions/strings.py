"""Functions on strings: cutting, trimming, joining, splitting, wrapping, quoting.

Source: sprig 3.3.0, strings.go and functions.go; Masterminds/goutils 1.1.1; Go 1.26, strings.
"""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.templates import characters
from lockgate.templates.characters import byte_length, byte_text, from_byte_text, has_stray_bytes, is_digit, is_space
from lockgate.templates.errors import FunctionError
from lockgate.templates.formatting import format_value
from lockgate.templates.function import function
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.values import (
    GoObject,
    StringMap,
    TypedList,
    from_bytes,
    joined,
    strings,
    to_bytes,
)

_LARGEST_INT: Final = (1 << 63) - 1
_MOST_BYTES: Final = 1 << 48
"""Go's addresses have so many bits: a text that is longer cannot even be asked for."""
_MEMBER_SIZE: Final = 8
_CHARACTERS_PER_STEP: Final = 16
_CHARACTERS_READ_PER_STEP: Final = 64
_ASCII_READ_PER_STEP: Final = 1024
_SPACE_BYTES: Final = re.compile("[\t\n\v\f\r \x85\xa0]")
_WORD_OF_BYTES: Final = re.compile("[^\t\n\v\f\r \x85\xa0]+")
_INSIDE_OF_A_WORD: Final = re.compile(r"[A-Za-z0-9_]")
_FIRST_OF_ASCII_WORD: Final = re.compile(r"(?<![A-Za-z0-9_])[a-z]")
_FIRST_BEHIND_ASCII_SPACE: Final = re.compile(r"(?<![^\t\n\v\f\r ])[A-Z]")
_NARROWEST_ABBREVIATION: Final = 4
_NARROWEST_BETWEEN_DOTS: Final = 7
_DOTS: Final = "..."


def string_of(value: object, run: Run | None = None) -> str:
    """A value's text as ``toString`` gives it: a string itself, what ``String()`` gives, else as ``%v`` prints it.

    Args:
        value: Any; None is "<nil>".
        run: Counts what is gone through, where it is given.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, TypedList) and value.element == "uint8":
        return from_bytes(bytes(int(item) for item in value if isinstance(item, int)))
    if isinstance(value, GoObject) and (text := value.text()) is not None:
        return text
    return format_value(value, run)


def strings_of(run: Run, value: object) -> list[str]:
    """Members of a list as ``toStrings`` gives them, without those that are nil; of anything else, itself."""
    if isinstance(value, list):
        run.step(len(value) // _CHARACTERS_PER_STEP + 1)
        return [item if isinstance(item, str) else string_of(item, run) for item in value if item is not None]
    return [] if value is None else [string_of(value, run)]


def _count(run: Run, text: str) -> None:
    """Count that a string is gone through by the interpreter itself."""
    run.step(len(text) // (_ASCII_READ_PER_STEP if text.isascii() else _CHARACTERS_READ_PER_STEP))


def _upper(run: Run, text: str) -> str:
    _count(run, text)
    return characters.upper(text)


def _lower(run: Run, text: str) -> str:
    _count(run, text)
    return characters.lower(text)


def _trim(text: str) -> str:
    return text.strip(characters.SPACES)


def _trim_all(cutset: str, text: str) -> str:
    if not cutset.isascii() and (characters.REPLACEMENT in cutset or has_stray_bytes(cutset)):
        # They are one character to Go.
        cutset += characters.REPLACEMENT + characters.STRAY_BYTES
    return text.strip(cutset)


def _has_prefix(prefix: str, text: str) -> bool:
    if has_stray_bytes(prefix):
        return to_bytes(text).startswith(to_bytes(prefix))
    return text.startswith(prefix)


def _has_suffix(suffix: str, text: str) -> bool:
    if has_stray_bytes(suffix):
        return to_bytes(text).endswith(to_bytes(suffix))
    return text.endswith(suffix)


def _contains(run: Run, part: str, text: str) -> bool:
    _count(run, text)
    if has_stray_bytes(part):
        return to_bytes(part) in to_bytes(text)
    return part in text


def _trim_prefix(prefix: str, text: str) -> str:
    if has_stray_bytes(prefix):
        return from_bytes(to_bytes(text).removeprefix(to_bytes(prefix)))
    return text.removeprefix(prefix)


def _trim_suffix(suffix: str, text: str) -> str:
    if has_stray_bytes(suffix):
        return from_bytes(to_bytes(text).removesuffix(to_bytes(suffix)))
    return text.removesuffix(suffix)


def _title(run: Run, text: str) -> str:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    if text.isascii():
        return _FIRST_OF_ASCII_WORD.sub(_upper_of, text)
    parts: list[str] = []
    is_first = True
    for character in characters.without_stray_bytes(text):
        parts.append(characters.to_title(character) if is_first else character)
        is_first = _parts_words(character)
    return "".join(parts)


def _upper_of(found: re.Match[str]) -> str:
    return found[0].upper()


def _parts_words(character: str) -> bool:
    if character.isascii():
        return _INSIDE_OF_A_WORD.match(character) is None
    return is_space(character) and not is_digit(character)


def _untitle(run: Run, text: str) -> str:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    if text.isascii():
        return _FIRST_BEHIND_ASCII_SPACE.sub(_lower_of, text)
    parts: list[str] = []
    is_first = True
    for character in characters.without_stray_bytes(text):
        if is_space(character):
            is_first = True
        elif is_first:
            is_first = False
            parts.append(characters.to_lower(character))
            continue
        parts.append(character)
    return "".join(parts)


def _lower_of(found: re.Match[str]) -> str:
    return found[0].lower()


def _no_space(run: Run, text: str) -> str:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    # Bytes are taken for characters: what is not ASCII comes out as gibberish where a space was removed.
    raw = byte_text(text)
    kept = _SPACE_BYTES.sub("", raw)
    return text if len(kept) == len(raw) else kept


def _initials(run: Run, text: str) -> str:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    return "".join([word[0] for word in _WORD_OF_BYTES.findall(byte_text(text))])


def _substr(run: Run, start: int, end: int, text: str) -> str:
    _count(run, text)
    raw = byte_text(text)
    size = len(raw)
    if start < 0:
        if end < 0:
            raise FunctionError(f"runtime error: slice bounds out of range [:{end}]")
        if end > size:
            raise FunctionError(f"runtime error: slice bounds out of range [:{end}] with length {size}")
        return from_byte_text(raw[:end])
    if end < 0 or end > size:
        end = size
    if start > end:
        raise FunctionError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return from_byte_text(raw[start:end])


def _trunc(run: Run, width: int, text: str) -> str:
    _count(run, text)
    raw = byte_text(text)
    if width >= 0:
        return text if len(raw) <= width else from_byte_text(raw[:width])
    return text if len(raw) + width <= 0 else from_byte_text(raw[width:])


def _abbrev(run: Run, width: int, text: str) -> str:
    _count(run, text)
    if width < _NARROWEST_ABBREVIATION:
        return text
    raw = byte_text(text)
    return text if len(raw) <= width else from_byte_text(raw[: width - 3]) + _DOTS


def _abbrev_both(run: Run, left: int, right: int, text: str) -> str:
    _count(run, text)
    if right < _NARROWEST_ABBREVIATION or (left > 0 and right < _NARROWEST_BETWEEN_DOTS):
        return text
    raw = byte_text(text)
    size = len(raw)
    if size <= right:
        return text
    # At least as much as fits behind the first dots. A difference beyond 64 bits is negative in Go.
    left = min(left, size - (right - 3)) if size - left <= _LARGEST_INT else size - (right - 3)
    if left <= _NARROWEST_ABBREVIATION:
        return from_byte_text(raw[: right - 3]) + _DOTS
    if right < _NARROWEST_BETWEEN_DOTS:
        return ""
    if left + right - 3 >= size:
        return _DOTS + from_byte_text(raw[size - (right - 3) :])
    return _DOTS + from_byte_text(raw[left : left + right - 6]) + _DOTS


def _repeat(run: Run, count: int, text: str) -> str:
    if count in (0, 1):
        return text if count else ""
    _refuse_count(count, byte_length(text))
    run.make(count * len(text))
    return joined((text * count,))


def _refuse_count(count: int, length: int) -> None:
    """Refuse to repeat a text of so many bytes so often.

    Raises:
        FunctionError: As Go's strings.Repeat panics.
    """
    if count < 0:
        raise FunctionError("strings: negative Repeat count")
    if count * length > _LARGEST_INT:
        raise FunctionError("strings: Repeat output length overflow")
    if count * length > _MOST_BYTES:
        raise FunctionError("runtime error: makeslice: len out of range")


def _indent(run: Run, width: int, text: str) -> str:
    _refuse_count(width, 1)
    run.make(len(text) + width * (text.count("\n") + 1))
    pad = " " * width
    return pad + text.replace("\n", "\n" + pad)


def _indent_on_new_line(run: Run, width: int, text: str) -> str:
    return "\n" + _indent(run, width, text)


def _replace(run: Run, old: str, new: str, text: str) -> str:
    if old == new:
        return text
    _count(run, text)
    if has_stray_bytes(old):
        raw, raw_old, raw_new = to_bytes(text), to_bytes(old), to_bytes(new)
        run.make(len(raw) + raw.count(raw_old) * len(raw_new))
        return from_bytes(raw.replace(raw_old, raw_new))
    if len(new) > len(old):
        run.make(len(text) + text.count(old) * (len(new) - len(old)))
    return joined((text.replace(old, new),))


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _wrap(run: Run, width: int, text: str) -> str:
    return _wrapped(run, text, max(width, 1), "\n", breaks_words=False)


def _wrap_with(run: Run, width: int, separator: str, text: str) -> str:
    return _wrapped(run, text, max(width, 1), byte_text(separator) or "\n", breaks_words=True)


def _wrapped(run: Run, text: str, width: int, separator: str, *, breaks_words: bool) -> str:
    """A text in lines of at most ``width`` bytes.

    Args:
        run: Counts lines, and what they make together.
        text: What to wrap. Only " " parts words; a line break counts as any other byte.
        width: In bytes, at least 1.
        separator: Between lines, as ``byte_text`` has it.
        breaks_words: Whether a word that is longer than a line is broken; else it stands on a line that is longer.
    """
    raw = byte_text(text)
    lines: list[str] = []
    offset = 0
    while len(raw) - offset > width:
        run.step()
        if raw[offset] == " ":
            offset += 1
            continue
        end = raw.rfind(" ", offset, offset + width + 1)
        skipped = 1
        if end < 0 and breaks_words:
            end, skipped = offset + width, 0
        elif end < 0:
            end = raw.find(" ", offset + width)
            if end < 0:
                break
        lines.append(raw[offset:end])
        offset = end + skipped
    lines.append(raw[offset:])
    run.make(len(raw) + len(lines) * len(separator))
    return from_byte_text(separator.join(lines))


def _quote(run: Run, *values: object) -> str:
    parts = [quote_go(string_of(value, run)) for value in values if value is not None]
    run.make(sum(map(len, parts)))
    return " ".join(parts)


def _single_quote(run: Run, *values: object) -> str:
    parts = [f"'{_plain(value, run)}'" for value in values if value is not None]
    run.make(sum(map(len, parts)))
    return " ".join(parts)


def _cat(run: Run, *values: object) -> str:
    parts = [_plain(value, run) for value in values if value is not None]
    run.make(sum(map(len, parts)))
    return " ".join(parts)


def _plain(value: object, run: Run) -> str:
    return value if isinstance(value, str) else format_value(value, run)


def _to_string(run: Run, value: object) -> str:
    return string_of(value, run)


def _to_strings(run: Run, value: object) -> object:
    if isinstance(value, TypedList) and value.element == "string":
        return value
    return _made_list(run, strings_of(run, value))


def _join(run: Run, separator: str, value: object) -> str:
    parts = strings_of(run, value)
    run.make(sum(map(len, parts)) + len(separator) * len(parts))
    return joined(parts, separator)


def _sort_alpha(run: Run, value: object) -> object:
    if not isinstance(value, list):
        return strings((string_of(value, run),))
    parts = strings_of(run, value)
    run.step(len(parts))
    if all(map(str.isascii, parts)):
        parts.sort()
    else:
        parts.sort(key=to_bytes)
    if isinstance(value, TypedList) and value.element == "string":
        # Go sorts the list itself.
        value[:] = parts
        return value
    return _made_list(run, parts)


def _made_list(run: Run, parts: Sequence[str]) -> TypedList:
    run.make(len(parts) * _MEMBER_SIZE)
    return strings(parts)


def _parts(run: Run, separator: str, text: str, most: int) -> list[str]:
    """A text's parts; without a separator its characters.

    Args:
        run: Counts the parts, and what they make together.
        separator: Between parts.
        text: What to split.
        most: How many parts there are at most, 0 is none; negative: all.
    """
    if most == 0:
        return []
    if not separator:
        count = len(text) if most < 0 else min(most, len(text))
        _count_parts(run, text, count)
        if count == 0:
            return []
        return [*text[: count - 1], text[count - 1 :]]
    splits = most - 1 if most > 0 else -1
    if has_stray_bytes(separator):
        raw, raw_separator = to_bytes(text), to_bytes(separator)
        _count_parts(run, text, raw.count(raw_separator) + 1)
        return [from_bytes(part) for part in raw.split(raw_separator, splits)]
    _count_parts(run, text, text.count(separator) + 1)
    return text.split(separator, splits)


def _count_parts(run: Run, text: str, count: int) -> None:
    run.step(count // _CHARACTERS_PER_STEP + 1)
    run.make(len(text) + count * _MEMBER_SIZE)


def _split_list(run: Run, separator: str, text: str) -> TypedList:
    return strings(_parts(run, separator, text, -1))


def _split(run: Run, separator: str, text: str) -> StringMap:
    return _numbered(run, _parts(run, separator, text, -1))


def _split_n(run: Run, separator: str, most: int, text: str) -> StringMap:
    return _numbered(run, _parts(run, separator, text, max(-1, min(most, _LARGEST_INT))))


def _numbered(run: Run, parts: list[str]) -> StringMap:
    run.step(len(parts) // _CHARACTERS_PER_STEP)
    run.make(len(parts) * _MEMBER_SIZE)
    return StringMap((f"_{index}", part) for index, part in enumerate(parts))


FUNCTIONS: Final = (
    function("trim", "(string) string", _trim),
    function("trimAll", "(string, string) string", _trim_all),
    function("trimall", "(string, string) string", _trim_all),
    function("trimPrefix", "(string, string) string", _trim_prefix),
    function("trimSuffix", "(string, string) string", _trim_suffix),
    function("upper", "(string) string", _upper, needs_run=True),
    function("lower", "(string) string", _lower, needs_run=True),
    function("title", "(string) string", _title, needs_run=True),
    function("untitle", "(string) string", _untitle, needs_run=True),
    function("substr", "(int, int, string) string", _substr, needs_run=True),
    function("trunc", "(int, string) string", _trunc, needs_run=True),
    function("abbrev", "(int, string) string", _abbrev, needs_run=True),
    function("abbrevboth", "(int, int, string) string", _abbrev_both, needs_run=True),
    function("nospace", "(string) string", _no_space, needs_run=True),
    function("initials", "(string) string", _initials, needs_run=True),
    function("contains", "(string, string) bool", _contains, needs_run=True),
    function("hasPrefix", "(string, string) bool", _has_prefix),
    function("hasSuffix", "(string, string) bool", _has_suffix),
    function("quote", "(...interface {}) string", _quote, needs_run=True),
    function("squote", "(...interface {}) string", _single_quote, needs_run=True),
    function("cat", "(...interface {}) string", _cat, needs_run=True),
    function("indent", "(int, string) string", _indent, needs_run=True),
    function("nindent", "(int, string) string", _indent_on_new_line, needs_run=True),
    function("replace", "(string, string, string) string", _replace, needs_run=True),
    function("plural", "(string, string, int) string", _plural),
    function("wrap", "(int, string) string", _wrap, needs_run=True),
    function("wrapWith", "(int, string, string) string", _wrap_with, needs_run=True),
    function("repeat", "(int, string) string", _repeat, needs_run=True),
    function("toString", "(interface {}) string", _to_string, needs_run=True),
    function("toStrings", "(interface {}) []string", _to_strings, needs_run=True),
    function("join", "(string, interface {}) string", _join, needs_run=True),
    function("split", "(string, string) map[string]string", _split, needs_run=True),
    function("splitn", "(string, int, string) map[string]string", _split_n, needs_run=True),
    function("splitList", "(string, string) []string", _split_list, needs_run=True),
    function("sortAlpha", "(interface {}) []string", _sort_alpha, needs_run=True),
)
