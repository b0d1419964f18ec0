"""``semver`` and ``semverCompare``: semantic versions, and what is asked of them.

Source: sprig 3.3.0, semver.go; Masterminds/semver 3.3.0, version.go and constraints.go.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, final

import re2

from lockgate.templates.characters import byte_text, from_byte_text
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.methods import BoundMethods, Method
from lockgate.templates.run import Run
from lockgate.templates.values import GoObject, Integer, TypedList, to_bytes

_LARGEST: Final = (1 << 64) - 1
_CHARACTERS_PER_STEP: Final = 8
_STEPS_OF_A_CONSTRAINT: Final = 25
_CHARACTERS_COPIED_PER_STEP: Final = 1024

_EXTRAS: Final = (
    r"(-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
    r"(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
)
_VERSION: Final = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{_EXTRAS}")
# Go puts a "|" into its classes by mistake, and an empty choice behind "=".
_WANTED: Final = rf"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?{_EXTRAS}"
_OPERATORS: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"


def _compiled(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


_ONE: Final = _compiled(rf"^\s*({_OPERATORS})\s*({_WANTED})\s*$")
_RANGE: Final = _compiled(rf"\s*({_WANTED})\s+-\s+({_WANTED})\s*")
_EACH: Final = _compiled(rf"(?:{_OPERATORS})\s*(?:{_WANTED})")
_ALL: Final = _compiled(
    rf"^(?:\s*(?:{_OPERATORS})\s*(?:{_WANTED})\s*)(?:(?:\s+|,\s*)(?:{_OPERATORS})\s*(?:{_WANTED})\s*)*$"
)
_END_OF_RANGE: Final = 8
"""Group of ``_RANGE``."""
_ANY: Final = ("x", "*", "X")
_DIGITS: Final = re.compile(r"[0-9]*")
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z\-]*")


@final
@dataclass(frozen=True, slots=True)
class _Numbers:
    """What a version consists of."""

    major: int
    minor: int
    patch: int
    prerelease: str
    """Behind the "-"; "" where there is none."""
    metadata: str
    """Behind the "+"; "" where there is none."""
    original: str
    """As it was written."""

    def __str__(self) -> str:
        prerelease = f"-{self.prerelease}" if self.prerelease else ""
        metadata = f"+{self.metadata}" if self.metadata else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{metadata}"

    def changed(self, **changes: Any) -> "_Numbers":
        """With other parts, and the text that fits them."""
        made = replace(self, **changes)
        return replace(made, original=("v" if self.original.startswith("v") else "") + str(made))


class Version(GoObject):
    """A semantic version, as methods give it that make another one."""

    __slots__ = ("numbers",)
    go_type: ClassVar[str] = "semver.Version"
    kind: ClassVar[str] = "struct"
    hidden: ClassVar[frozenset[str]] = frozenset({"major", "minor", "patch", "pre", "metadata", "original"})

    def __init__(self, numbers: _Numbers) -> None:
        self.numbers: Final = numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.go_type == other.go_type and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def methods(self) -> Mapping[str, Method]:
        """Go's, of the value."""
        return BoundMethods(self, _METHODS)

    def text(self) -> str:
        """Such as "1.2.3-beta.1+build"; without the "v" that it was written with."""
        return str(self.numbers)

    def json(self) -> str:
        """Its text."""
        return str(self.numbers)

    def parts(self) -> Mapping[str, object]:
        """Its parts, which no template can name."""
        numbers = self.numbers
        return {
            "major": Integer(numbers.major, "uint64"),
            "minor": Integer(numbers.minor, "uint64"),
            "patch": Integer(numbers.patch, "uint64"),
            "pre": numbers.prerelease,
            "metadata": numbers.metadata,
            "original": numbers.original,
        }


@final
class VersionPointer(Version):
    """A semantic version, as ``semver`` gives it."""

    __slots__ = ()
    go_type: ClassVar[str] = "*semver.Version"
    kind: ClassVar[str] = "ptr"

    def methods(self) -> Mapping[str, Method]:
        """Go's, of the value and of the pointer; those that write into it are left out."""
        return BoundMethods(self, _POINTER_METHODS)


def parse_version(text: str) -> VersionPointer:
    """Read a version; minor and patch may be missing.

    Raises:
        FunctionError: It is none.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        raise FunctionError("Invalid Semantic Version")
    major, minor, patch = (_segment(found[group] or "0") for group in (1, 2, 3))
    prerelease, metadata = found[5] or "", found[6] or ""
    _check_prerelease(prerelease)
    return VersionPointer(_Numbers(major, minor, patch, prerelease, metadata, text))


def _segment(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    number = int(significant) if len(significant) <= len(str(_LARGEST)) else _LARGEST + 1
    if number > _LARGEST:
        raise FunctionError(f'Error parsing version segment: strconv.ParseUint: parsing "{digits}": value out of range')
    return number


def _check_prerelease(text: str) -> None:
    for part in text.split("."):
        if _DIGITS.fullmatch(part) is not None:
            if len(part) > 1 and part.startswith("0"):
                raise FunctionError("Version segment starts with 0")
        elif _IDENTIFIER.fullmatch(part) is None:
            raise FunctionError("Invalid Prerelease string")


def _check_metadata(text: str) -> None:
    if any(_IDENTIFIER.fullmatch(part) is None for part in text.split(".")):
        raise FunctionError("Invalid Metadata string")


def _compare(one: _Numbers, other: _Numbers) -> int:
    """-1, 0 or 1. A version comes behind its prereleases; metadata does not count."""
    left, right = (one.major, one.minor, one.patch), (other.major, other.minor, other.patch)
    if left != right:
        return 1 if left > right else -1
    if not one.prerelease or not other.prerelease:
        return (not one.prerelease) - (not other.prerelease)
    return _compare_prereleases(one.prerelease, other.prerelease)


def _compare_prereleases(one: str, other: str) -> int:
    left, right = one.split("."), other.split(".")
    for index in range(max(len(left), len(right))):
        order = _compare_parts(left[index] if index < len(left) else "", right[index] if index < len(right) else "")
        if order:
            return order
    return 0


def _compare_parts(one: str, other: str) -> int:
    """Nothing comes first, then numbers, then letters."""
    if one == other:
        return 0
    if not one or not other:
        return 1 if one else -1
    left, right = _part_number(one), _part_number(other)
    if left is not None and right is not None:
        # Equal numbers that are spelled differently: Go calls the first one smaller.
        return 1 if left > right else -1
    if left is None and right is None:
        return 1 if one > other else -1
    return 1 if left is None else -1


def _part_number(text: str) -> int | None:
    if _DIGITS.fullmatch(text) is None:
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(_LARGEST)):
        return None
    number = int(digits)
    return number if number <= _LARGEST else None


def _against(version: Version, other: Version | None) -> int:
    if other is None:
        raise FunctionError("runtime error: invalid memory address or nil pointer dereference")
    return _compare(version.numbers, other.numbers)


def _is_equal(version: Version, other: Version | None) -> bool:
    return other is not None and _against(version, other) == 0


def _next_patch(version: Version) -> Version:
    numbers = version.numbers
    patch = numbers.patch if numbers.prerelease else _incremented(numbers.patch)
    return Version(numbers.changed(patch=patch, prerelease="", metadata=""))


def _next_minor(version: Version) -> Version:
    numbers = version.numbers
    return Version(numbers.changed(minor=_incremented(numbers.minor), patch=0, prerelease="", metadata=""))


def _next_major(version: Version) -> Version:
    numbers = version.numbers
    return Version(numbers.changed(major=_incremented(numbers.major), minor=0, patch=0, prerelease="", metadata=""))


def _incremented(number: int) -> int:
    return (number + 1) % (_LARGEST + 1)


def _with_prerelease(version: Version, text: str) -> Version:
    if text:
        _check_prerelease(text)
    return Version(version.numbers.changed(prerelease=text))


def _with_metadata(version: Version, text: str) -> Version:
    if text:
        _check_metadata(text)
    return Version(version.numbers.changed(metadata=text))


def _byte_list(text: str) -> TypedList:
    return TypedList((Integer(byte, "uint8") for byte in to_bytes(text)), "uint8")


_METHODS: Final[Mapping[str, Method]] = {
    "IncMajor": ("() semver.Version", _next_major),
    "IncMinor": ("() semver.Version", _next_minor),
    "IncPatch": ("() semver.Version", _next_patch),
    "Major": ("() uint64", lambda version: Integer(version.numbers.major, "uint64")),
    "MarshalJSON": ("() []uint8", lambda version: _byte_list(f'"{version.numbers}"')),
    "MarshalText": ("() []uint8", lambda version: _byte_list(str(version.numbers))),
    "Metadata": ("() string", lambda version: version.numbers.metadata),
    "Minor": ("() uint64", lambda version: Integer(version.numbers.minor, "uint64")),
    "Patch": ("() uint64", lambda version: Integer(version.numbers.patch, "uint64")),
    "Prerelease": ("() string", lambda version: version.numbers.prerelease),
    "SetMetadata": ("(string) semver.Version", _with_metadata),
    "SetPrerelease": ("(string) semver.Version", _with_prerelease),
    "String": ("() string", Version.text),
    "Value": ("() interface {}", Version.text),
}
_POINTER_METHODS: Final[Mapping[str, Method]] = {
    **_METHODS,
    "Compare": ("(*semver.Version) int", _against),
    "Equal": ("(*semver.Version) bool", _is_equal),
    "GreaterThan": ("(*semver.Version) bool", lambda version, other: _against(version, other) > 0),
    "GreaterThanEqual": ("(*semver.Version) bool", lambda version, other: _against(version, other) >= 0),
    "LessThan": ("(*semver.Version) bool", lambda version, other: _against(version, other) < 0),
    "LessThanEqual": ("(*semver.Version) bool", lambda version, other: _against(version, other) <= 0),
    "Original": ("() string", lambda version: version.numbers.original),
}


@dataclass(frozen=True, slots=True)
class _Constraint:
    """What one part of a constraint asks for."""

    operator: str
    numbers: _Numbers
    """What is not given is 0."""
    is_dirty: bool = False
    """A part is missing, or any: "1.2", "1.x"."""
    is_minor_dirty: bool = False
    """It is the minor version, and so the patch too."""
    is_patch_dirty: bool = False
    """It is the patch alone."""

    def allows(self, version: _Numbers) -> bool:
        """Whether a version is what it asks for."""
        wanted = self.numbers
        asks_for_release = version.prerelease != "" and wanted.prerelease == ""
        if self.operator == "!=":
            return not (self.is_dirty and asks_for_release) and self._excludes(version)
        if asks_for_release:
            return False
        order = _compare(version, wanted)
        match self.operator:
            case ">":
                return self._is_behind(version, order)
            case ">=" | "=>":
                return order >= 0
            case "<":
                return order < 0
            case "<=" | "=<":
                return self._is_up_to(version, order)
            case "^":
                return order >= 0 and self._is_compatible(version)
            case "~" | "~>":
                return order >= 0 and self._is_close(version)
            case _:
                return order >= 0 and self._is_close(version) if self.is_dirty else order == 0

    def _excludes(self, version: _Numbers) -> bool:
        wanted = self.numbers
        if self.is_dirty:
            if wanted.major != version.major:
                return True
            if self.is_minor_dirty:
                return False
            if wanted.minor != version.minor:
                return True
            if self.is_patch_dirty:
                return _compare_prereleases(version.prerelease, wanted.prerelease) != 0
            if wanted.patch != version.patch:
                return True
        return _compare(version, wanted) != 0

    def _is_behind(self, version: _Numbers, order: int) -> bool:
        wanted = self.numbers
        if not self.is_dirty or version.major < wanted.major:
            return order > 0
        if version.major > wanted.major:
            return True
        if self.is_minor_dirty:
            return False
        return version.minor > wanted.minor if self.is_patch_dirty else order > 0

    def _is_up_to(self, version: _Numbers, order: int) -> bool:
        wanted = self.numbers
        if not self.is_dirty:
            return order <= 0
        if version.major != wanted.major:
            return version.major < wanted.major
        return version.minor <= wanted.minor or self.is_minor_dirty

    def _is_close(self, version: _Numbers) -> bool:
        wanted = self.numbers
        is_zero = wanted.major == wanted.minor == wanted.patch == 0
        if is_zero and not self.is_minor_dirty and not self.is_patch_dirty:
            return True
        return version.major == wanted.major and (version.minor == wanted.minor or self.is_minor_dirty)

    def _is_compatible(self, version: _Numbers) -> bool:
        wanted = self.numbers
        if wanted.major > 0 or self.is_minor_dirty:
            return version.major == wanted.major
        if version.major > 0:
            return False
        if wanted.minor > 0 or self.is_patch_dirty:
            return version.minor == wanted.minor
        return version.minor == 0 and version.patch == wanted.patch


def _parse_constraints(run: Run, text: str) -> list[list[_Constraint]]:
    """Read a constraint: choices, each of parts that must all hold.

    Raises:
        FunctionError: It is none.
    """
    run.step(len(text) // _CHARACTERS_PER_STEP)
    choices: list[list[_Constraint]] = []
    for choice in _without_ranges(run, byte_text(text)).split("||"):
        if _ALL.search(choice) is None:
            raise FunctionError(f"improper constraint: {from_byte_text(choice)}")
        parts: list[_Constraint] = []
        for found in _EACH.finditer(choice):
            run.step(_STEPS_OF_A_CONSTRAINT)
            parts.append(_parse_constraint(found.group()))
        choices.append(parts)
    return choices


def _without_ranges(run: Run, text: str) -> str:
    """A constraint with ``>= 1, <= 2`` for ``1 - 2``."""
    made = text
    for found in _RANGE.finditer(text):
        run.step(_STEPS_OF_A_CONSTRAINT + len(made) // _CHARACTERS_COPIED_PER_STEP)
        made = made.replace(found.group(), f">= {found.group(1)}, <= {found.group(_END_OF_RANGE)} ", 1)
    return made


def _parse_constraint(text: str) -> _Constraint:
    found = _ONE.search(text)
    if found is None:
        raise FunctionError(f"improper constraint: {from_byte_text(text)}")
    operator, _, major, minor, patch, extra = (found.group(group) or "" for group in range(1, 7))
    wanted = found.group(2)
    is_minor_dirty = is_patch_dirty = False
    is_dirty = True
    if major in _ANY:
        wanted = f"0.0.0{extra}"
    elif not minor or minor[1:] in _ANY:
        is_minor_dirty = True
        wanted = f"{major}.0.0{extra}"
    elif not patch or patch[1:] in _ANY:
        is_patch_dirty = True
        wanted = f"{major}{minor}.0{extra}"
    else:
        is_dirty = False
    try:
        numbers = parse_version(wanted).numbers
    except FunctionError:
        raise FunctionError("constraint Parser Error") from None
    return _Constraint(operator, numbers, is_dirty, is_minor_dirty, is_patch_dirty)


def _semver(run: Run, text: str) -> Version:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    return parse_version(text)


def _semver_compare(run: Run, constraint: str, text: str) -> bool:
    choices = _parse_constraints(run, constraint)
    version = _semver(run, text).numbers
    for choice in choices:
        run.step(len(choice) * (1 + len(version.prerelease) // _CHARACTERS_PER_STEP))
        if all(part.allows(version) for part in choice):
            return True
    return False


FUNCTIONS: Final = (
    function("semver", "(string) *semver.Version", _semver, needs_run=True),
    function("semverCompare", "(string, string) bool", _semver_compare, needs_run=True),
)
