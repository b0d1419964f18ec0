"""What of its data a template can get at, so that the rest need not be made."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from lockgate.body_transforms.data import CONTEXT, META
from lockgate.body_transforms.slots import children
from lockgate.templates import nodes
from lockgate.templates.nodes import Node, Source

_ROOT: Final = "$"


class Seen(NamedTuple):
    """What a template can get at."""

    context: bool
    meta: bool


def seen_by(sources: Sequence[Source]) -> Seen:
    """What the first source can get at, which may use templates that the others define.

    A named template gets at no more than it is given: whoever gives it ``.`` itself gets at everything.
    """
    names: set[str] = set()
    for index, source in enumerate(sources):
        for name, tree in source.trees.items():
            if _whole(tree.root, names, is_root=index == 0 and name == source.name):
                return Seen(context=True, meta=True)
    return Seen(CONTEXT in names, META in names)


def _whole(node: Node, names: set[str], *, is_root: bool) -> bool:
    """Whether the data as a whole are used; which of their fields are is put into ``names``.

    Args:
        node: With all that is in it.
        names: Gets names of fields.
        is_root: Whether ``.`` may be the data here.
    """
    left: list[tuple[Node, bool]] = [(node, is_root)]
    while left:
        one, root = left.pop()
        match one:
            case nodes.Dot():
                if root:
                    return True
            case nodes.Field(names=fields):
                if root:
                    names.add(fields[0])
            case nodes.Variable(names=fields):
                if fields[0] == _ROOT:
                    # In a named template it is what that was given.
                    if len(fields) == 1 and is_root:
                        return True
                    names.update(fields[1:2])
            case nodes.With() | nodes.Range():
                left += [(one.pipe, root), (one.block, False)]
                if one.otherwise is not None:
                    left.append((one.otherwise, root))
            case _:
                left += _each(children(one), root=root)
    return False


def _each(inner: Iterable[Node], *, root: bool) -> list[tuple[Node, bool]]:
    return [(one, root) for one in inner]
