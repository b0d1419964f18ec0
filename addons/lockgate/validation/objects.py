"""Objects from members that are texts: of parameters in any style.

Source: behaviour-chain 4.8, "Styles".
"""

from collections.abc import Mapping
from typing import Any, Final

from lockgate.documents.numbers import format_v
from lockgate.validation.layout import UNTYPED, Layout
from lockgate.validation.scalars import Key, ReadingError, UnreadableError, read_scalar

MOST_ITEMS: Final = 1000
"""In an array whose items are set with indexes."""

MOST_LEVELS: Final = 32
"""Of members within one another."""

MOST_STEPS: Final = 20_000
"""Of one object: branches of schemas within one another may be many."""

_ABSENT: Final = object()


def pairs_of(text: str, between: str, inside: str) -> dict[str, str]:
    """Names and values of a text such as "r,1,g,2" or "r=1,g=2".

    Args:
        text: As the client wrote it.
        between: What stands between two members.
        inside: What stands between a name and its value.

    Raises:
        ReadingError: It is no such text.
    """
    parts = text.split(between, 2 * MOST_ITEMS)
    if len(parts) > 2 * MOST_ITEMS:
        raise UnreadableError(f"more than {MOST_ITEMS} members")
    if between == inside:
        if len(parts) % 2 == 0:
            return dict(zip(parts[::2], parts[1::2], strict=True))
    else:
        pairs = [part.split(inside) for part in parts]
        if all(len(pair) == 2 for pair in pairs):  # noqa: PLR2004 - a name and a value
            return {name: value for name, value in pairs}  # noqa: C416 - pairs are lists
    form = f'"name{inside}value" separated by {between}'
    raise ReadingError(f"value {text}: a value must be a list of object's properties in format {form}")


def build_object(members: Mapping[str, object], layout: Layout) -> dict[str, Any]:
    """An object as a schema has it.

    Args:
        members: Texts, and objects of them.
        layout: Of the object's schema. Of other members than it declares nothing is kept, unless it says something of
            them.

    Raises:
        ReadingError: A text is not of its property's types.
        UnreadableError: It is nested too deeply.
    """
    return _Building().object(members, layout, (), 0)


class _Building:
    """One object under way."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps = 0

    def object(
        self, members: Mapping[str, object], layout: Layout, path: tuple[Key, ...], depth: int
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in layout.properties.items():
            if name in members:
                value = self._value(members[name], inner, (*path, name), depth + 1)
                if value is not None:
                    made[name] = value
        if isinstance(layout.additional, Layout):
            # Differs: the reference gateway reads members that are declared in this way once more
            # (test_declared_members_are_read_as_declared).
            for name, member in members.items():
                if name not in layout.properties:
                    value = self._value(member, layout.additional, (*path, name), depth + 1)
                    if value is not None:
                        made[name] = value
        return made

    def _value(self, member: Any, layout: Layout, path: tuple[Key, ...], depth: int) -> Any:
        self._steps += 1
        if depth > MOST_LEVELS or self._steps > MOST_STEPS:
            raise UnreadableError("it is nested too deeply")
        if layout.kind == "array":
            return self._array(member, layout, path, depth)
        if layout.kind == "object":
            # Of another type than the schema says: that is for whoever judges it.
            return self.object(member, layout, path, depth) if isinstance(member, Mapping) else member
        for branches in (layout.any_of, layout.one_of, layout.all_of):
            if branches:
                return self._branches(member, branches, path, depth)
        if not isinstance(member, str):
            raise ReadingError(f"value {format_v(member)}: path is not convertible to primitive", path)
        try:
            return read_scalar(member, layout)
        except ReadingError as error:
            raise ReadingError(error.reason, path) from None

    def _array(self, member: Any, layout: Layout, path: tuple[Key, ...], depth: int) -> Any:
        if not isinstance(member, Mapping):
            raise ReadingError("array items must be set with indexes", path)
        indexes: list[int] = []
        for key in member:
            if not (isinstance(key, str) and key.isascii() and key.isdigit()):
                raise ReadingError("could not convert value map to array: array indexes must be integers", path)
            if len(key) > len(str(MOST_ITEMS)) or int(key) >= MOST_ITEMS:
                raise ReadingError(f"could not convert value map to array: more than {MOST_ITEMS} items", path)
            indexes.append(int(key))
        made: list[Any] = []
        for index in range(max(indexes) + 1):
            one = member.get(str(index), _ABSENT)
            made.append(
                None if one is _ABSENT else self._value(one, layout.items or UNTYPED, (*path, index), depth + 1)
            )
        return made

    def _branches(self, member: Any, branches: tuple[Layout, ...], path: tuple[Key, ...], depth: int) -> Any:
        together: dict[str, Any] = {}
        for branch in branches:
            try:
                value = self._value(member, branch, path, depth + 1)
            except ReadingError:
                continue
            if isinstance(value, dict):
                together.update(value)
            elif value is not None and value != []:
                return value
        return together or None
