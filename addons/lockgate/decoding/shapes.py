"""What a JSON value must look like, as data, and what it decodes to.

A shape reads a value and answers with what it means, or with ``BAD`` after it noted why not. Shapes never stop at the
first problem: a record with five mistakes gives five. They say nothing of single documents: key names stand where the
shapes are put together.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, cast, final

from lockgate.problems import Problem, Severity, pointer

type Place = tuple[str | int, ...]
"""Keys and indexes from the root of the document."""

_LONGEST_SHOWN: Final = 60
_INT64: Final = 1 << 63
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@final
class Bad:
    """Stands for a value that could not be read; why was noted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "BAD"


BAD: Final = Bad()


@dataclass(slots=True)
class _Use:
    first: Place
    restricts: bool
    consequence: str
    count: int = 1


@final
class Notes:
    """Everything wrong with one document, as it is found."""

    __slots__ = ("_features", "_names", "_secrets", "problems")

    def __init__(self, secrets: Mapping[Place, str] | None = None) -> None:
        """Begin with nothing noted.

        Args:
            secrets: Places whose value was put in from outside, with what the document says there instead: that is
                what problems show.
        """
        self.problems: Final[list[Problem]] = []
        self._secrets: Final[Mapping[Place, str]] = secrets or {}
        self._features: Final[dict[str, _Use]] = {}

    def error(self, code: str, message: str, at: Place, hint: str = "") -> None:
        """Note what keeps the document from being used."""
        self.problems.append(Problem(code, message, pointer(*at), Severity.ERROR, hint=hint))

    def warning(self, code: str, message: str, at: Place, hint: str = "") -> None:
        """Note what is not as written, in a document that is used all the same."""
        self.problems.append(Problem(code, message, pointer(*at), Severity.WARNING, hint=hint))

    def unsupported(self, feature: str, at: Place, *, restricts: bool = False, consequence: str = "") -> None:
        """Note the use of something known that is not built. Each feature becomes one problem, at its first use."""
        use = self._features.get(feature)
        if use is None:
            self._features[feature] = _Use(at, restricts, consequence)
        else:
            use.count += 1

    def show(self, value: object, at: Place) -> str:
        """A value for a message: short, and never a secret."""
        hidden = self._secrets.get(at)
        return described(value if hidden is None else hidden)

    def because(self, reason: Exception, at: Place) -> str:
        """Why a value cannot be used, to follow a message; "" where that could give a secret away."""
        return "" if at in self._secrets else f": {reason}"

    def refused(self) -> bool:
        """Whether an error was noted, other than of what is known and not built."""
        return any(
            problem.severity is Severity.ERROR and not problem.code.startswith("unsupported-")
            for problem in self.problems
        )

    @property
    def restrictions(self) -> tuple[str, ...]:
        """Features in use that restrict and that are not built."""
        return tuple(name for name, use in self._features.items() if use.restricts)

    def finished(self) -> tuple[Problem, ...]:
        """All problems, those of features last."""
        return (*self.problems, *(_unsupported(name, use) for name, use in self._features.items()))


def _unsupported(name: str, use: _Use) -> Problem:
    others = use.count - 1
    more = f", here and in {others} other place{'s' * (others != 1)}" if others else ""
    if use.restricts:
        code, severity = "unsupported-restriction", Severity.ERROR
        consequence = use.consequence or "the API answers 503 instead of being served without it"
    else:
        code, severity = "unsupported-section", Severity.WARNING
        consequence = use.consequence or "it has no effect"
    return Problem(code, f"{name} is not supported yet{more}: {consequence}", pointer(*use.first), severity)


def described(value: object) -> str:
    """A JSON value for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    if isinstance(value, Sequence):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint with the known name that is most like ``name``; "" when none is."""
    by_folded = {one.casefold(): one for one in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return f"did you mean {by_folded[found[0]]!r}?" if found else ""


@dataclass(frozen=True, slots=True)
class Shape[T]:
    """How one kind of value is read."""

    expected: str
    """For messages: "a string"."""
    read: Callable[[object, Place, Notes], T | Bad]
    keys: tuple[str, ...] = ()
    """Of a record."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record."""

    shape: Shape[Any]
    required: bool = False
    default: Any = None
    """What a key that is not there means."""
    name: str = ""
    """Keyword that the record is made with; "" is the key in snake_case."""


def required(shape: Shape[Any]) -> Field:
    """A key that must be there."""
    return Field(shape, required=True)


def optional(shape: Shape[Any], default: Any = None, *, name: str = "") -> Field:
    """A key that may be there; null is not the same as absent."""
    return Field(shape, default=default, name=name)


def _wrong_type(expected: str, value: object, at: Place, notes: Notes) -> Bad:
    notes.error("wrong-type", f"expected {expected}, found {notes.show(value, at)}", at)
    return BAD


# ── scalars ──


def anything() -> Shape[object]:
    """Any value, as it is."""
    return Shape("any value", lambda value, _at, _notes: value)


def boolean() -> Shape[bool]:
    """True or false."""

    def read(value: object, at: Place, notes: Notes) -> bool | Bad:
        return value if isinstance(value, bool) else _wrong_type("true or false", value, at, notes)

    return Shape("true or false", read)


def string(*, pattern: str = "", unlike: str = "", expected: str = "a string", code: str = "bad-value") -> Shape[str]:
    """A text.

    Args:
        pattern: Regular expression that is to be found in it.
        unlike: Regular expression that is not to be found in it.
        expected: What the patterns ask for, in words.
        code: Of the problem when they do not fit.
    """
    wanted = re.compile(pattern, re.ASCII)
    unwanted = re.compile(unlike, re.ASCII) if unlike else None

    def read(value: object, at: Place, notes: Notes) -> str | Bad:
        if not isinstance(value, str):
            return _wrong_type(expected, value, at, notes)
        if wanted.search(value) is None or (unwanted is not None and unwanted.search(value)):
            notes.error(code, f"expected {expected}, found {notes.show(value, at)}", at)
            return BAD
        return value

    return Shape(expected, read)


def choice(*values: str) -> Shape[str]:
    """One of a few texts, compared with their case."""
    expected = "one of " + ", ".join(repr(value) for value in values)

    def read(value: object, at: Place, notes: Notes) -> str | Bad:
        if not isinstance(value, str):
            return _wrong_type(expected, value, at, notes)
        if value not in values:
            notes.error("bad-value", f"expected {expected}, found {notes.show(value, at)}", at, nearest(value, values))
            return BAD
        return value

    return Shape(expected, read)


def integer(minimum: int | None = None, maximum: int | None = None) -> Shape[int]:
    """A whole number that fits into 64 bits. ``2.0`` is one."""

    def read(value: object, at: Place, notes: Notes) -> int | Bad:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return _wrong_type("a whole number", value, at, notes)
        if not _between(value, minimum, maximum, at, notes):
            return BAD
        if not -_INT64 <= value < _INT64:
            notes.error("bad-value", f"expected a number of 64 bits, found {notes.show(value, at)}", at)
            return BAD
        return value

    return Shape("a whole number", read)


def number(minimum: float | None = None, maximum: float | None = None) -> Shape[float]:
    """Any number."""

    def read(value: object, at: Place, notes: Notes) -> float | Bad:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _wrong_type("a number", value, at, notes)
        return value if _between(value, minimum, maximum, at, notes) else BAD

    return Shape("a number", read)


def _between(value: float, minimum: float | None, maximum: float | None, at: Place, notes: Notes) -> bool:
    if (minimum is None or value >= minimum) and (maximum is None or value <= maximum):
        return True
    limits = [
        *([] if minimum is None else [f"{minimum} or more"]),
        *([] if maximum is None else [f"{maximum} or less"]),
    ]
    notes.error("bad-value", f"expected {' and '.join(limits)}, found {notes.show(value, at)}", at)
    return False


# ── lists and objects ──


def list_of[T](item: Shape[T], *, lenient_tail: bool = False, minimum: int = 0) -> Shape[tuple[T, ...]]:
    """A list whose items are all of one shape.

    Args:
        item: Shape of each.
        lenient_tail: Keys and values of the items after the first are not asked for; only their types are. Such an
            item that is not complete is left out, with a warning.
        minimum: How many items there must be.
    """

    def read(value: object, at: Place, notes: Notes) -> tuple[T, ...] | Bad:
        if not isinstance(value, list):
            return _wrong_type("a list", value, at, notes)
        if len(value) < minimum:
            notes.error("bad-value", f"expected {minimum} or more items, found {len(value)}", at)
            return BAD
        items: list[T] = []
        failed = False
        for index, one in enumerate(value):
            before = len(notes.problems)
            decoded = item.read(one, (*at, index), notes)
            if not isinstance(decoded, Bad):
                items.append(decoded)
            elif lenient_tail and index and _softened(notes, before):
                continue
            else:
                failed = True
        return BAD if failed else tuple(items)

    return Shape("a list", read)


def _softened(notes: Notes, start: int) -> bool:
    """Make warnings of the errors since ``start``, unless a type is wrong."""
    fresh = notes.problems[start:]
    if any(problem.code == "wrong-type" for problem in fresh):
        return False
    notes.problems[start:] = [
        Problem(problem.code, f"{problem.message}; the item is left out", problem.pointer, Severity.WARNING)
        for problem in fresh
    ]
    return True


def mapping_of[T](value_shape: Shape[T], *, keys: str = "") -> Shape[dict[str, T]]:
    """An object whose keys are names.

    Args:
        value_shape: Of each value.
        keys: Regular expression; values under other keys are let pass unread, and left out.
    """
    wanted = re.compile(keys, re.ASCII)

    def read(value: object, at: Place, notes: Notes) -> dict[str, T] | Bad:
        if not isinstance(value, dict):
            return _wrong_type("an object", value, at, notes)
        decoded = {key: value_shape.read(one, (*at, key), notes) for key, one in value.items() if wanted.search(key)}
        if any(isinstance(one, Bad) for one in decoded.values()):
            return BAD
        return cast("dict[str, T]", decoded)

    return Shape("an object", read)


def record[T](make: Callable[..., T], fields: Mapping[str, Field]) -> Shape[T]:
    """An object with known keys.

    A key that is not known is a warning, and has no effect. A required key that is missing is an error.

    Args:
        make: Called with a keyword for each key that decodes to something, in snake_case: ``rewriteTo`` becomes
            ``rewrite_to``.
        fields: By key as documents have it.
    """
    names = {key: wanted.name or snake_case(key) for key, wanted in fields.items()}

    def read(value: object, at: Place, notes: Notes) -> T | Bad:
        decoded = _read_fields(fields, value, at, notes)
        if isinstance(decoded, Bad):
            return BAD
        return make(**{names[key]: one for key, one in decoded.items() if one is not IGNORED})

    return Shape("an object", read, tuple(fields))


def struct(fields: Mapping[str, Field]) -> Shape[Mapping[str, object]]:
    """Like ``record``, for an object that is checked and kept as it is."""

    def read(value: object, at: Place, notes: Notes) -> Mapping[str, object] | Bad:
        decoded = _read_fields(fields, value, at, notes)
        return BAD if isinstance(decoded, Bad) else cast("Mapping[str, object]", value)

    return Shape("an object", read, tuple(fields))


def _read_fields(fields: Mapping[str, Field], value: object, at: Place, notes: Notes) -> dict[str, Any] | Bad:
    if not isinstance(value, dict):
        return _wrong_type("an object", value, at, notes)
    decoded: dict[str, Any] = {}
    failed = False
    for key, wanted in fields.items():
        if key in value:
            one = wanted.shape.read(value[key], (*at, key), notes)
            failed = failed or isinstance(one, Bad)
            decoded[key] = one
        elif wanted.required:
            notes.error("missing-key", f"expected {key!r}, {wanted.shape.expected}, but it is missing", at)
            failed = True
        else:
            decoded[key] = wanted.default
    for key in value:
        if key not in fields:
            hint = nearest(key, tuple(fields)) or (f"known here: {', '.join(fields)}" if len(fields) <= 8 else "")  # noqa: PLR2004
            notes.warning("unknown-key", f"{key!r} is not a known key and has no effect", (*at, key), hint)
    return BAD if failed else decoded


def checked[T](shape: Shape[T], check: Callable[[Any, Place, Notes], None]) -> Shape[T]:
    """A shape with a rule on top: ``check`` sees the value as it stands, and notes what is wrong with it."""

    def read(value: object, at: Place, notes: Notes) -> T | Bad:
        decoded = shape.read(value, at, notes)
        before = len(notes.problems)
        check(value, at, notes)
        wrong = any(problem.severity is Severity.ERROR for problem in notes.problems[before:])
        return BAD if wrong else decoded

    return Shape(shape.expected, read, shape.keys)


def with_any_of[T](shape: Shape[T], *keys: str) -> Shape[T]:
    """An object that must have at least one of these keys."""

    def check(value: Any, at: Place, notes: Notes) -> None:
        if isinstance(value, dict) and not any(key in value for key in keys):
            notes.error("missing-key", f"expected {' or '.join(map(repr, keys))}, but both are missing", at)

    return checked(shape, check)


def snake_case(key: str) -> str:
    """``fromOASExamples`` to ``from_oas_examples``."""
    return _CAPITAL.sub("_", key).lower()


# ── what is known and not built ──


@final
class Ignored:
    """Stands for a value that was checked and has no meaning here."""

    __slots__ = ()


IGNORED: Final = Ignored()


def ignored(shape: Shape[Any]) -> Field:
    """A key that has no effect on how requests are answered: only its type is checked."""

    def read(value: object, at: Place, notes: Notes) -> Ignored | Bad:
        return BAD if isinstance(shape.read(value, at, notes), Bad) else IGNORED

    return Field(Shape(shape.expected, read), default=IGNORED)


def unsupported(
    feature: str,
    shape: Shape[Any],
    *,
    restricts: bool = False,
    consequence: str = "",
    needed: bool = False,
    active: Callable[[object], bool] | None = None,
) -> Field:
    """A key that is known and not built.

    Args:
        feature: What it is, for people.
        shape: What it must look like all the same.
        restricts: It keeps something out: without it the API is not to be served.
        consequence: What happens instead; "" is the usual.
        needed: The key must be there.
        active: Whether a value asks for anything; without it, ``is_active``.
    """
    asks = active or is_active

    def read(value: object, at: Place, notes: Notes) -> Ignored | Bad:
        if isinstance(shape.read(value, at, notes), Bad):
            return BAD
        if asks(value):
            notes.unsupported(feature, at, restricts=restricts, consequence=consequence)
        return IGNORED

    return Field(Shape(shape.expected, read), required=needed, default=IGNORED)


def is_active(value: object) -> bool:
    """Whether a section asks for anything: it is not empty, zero or switched off."""
    if isinstance(value, dict):
        if "enabled" in value:
            return value["enabled"] is True
        return any(is_active(one) for one in value.values())
    if isinstance(value, list):
        return any(is_active(one) for one in value)
    return bool(value)


@dataclass(frozen=True, slots=True)
class Toggle:
    """A section with nothing in it but whether it is on."""

    enabled: bool = False


def toggle() -> Shape[Toggle]:
    """``{"enabled": true}``."""
    return record(Toggle, {"enabled": required(boolean())})
