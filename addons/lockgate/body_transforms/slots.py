"""Variables in the text of a template: found when it is compiled, filled in where they stand when it runs.

The reference gateway looks for ``$tyk_context.NAME`` and the like in what a template made, so that whoever sends such a
name gets its value. Here only what the template wrote is a variable, as text or in a string: these nodes get slots, and
a run brings what stands in them.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lockgate.templates import nodes
from lockgate.templates.nodes import Node, Source
from lockgate.variables import Group, compile_text

_MARK: Final = "$"


def slotted(sources: Iterable[Source]) -> tuple[str, ...]:
    """Number the texts and strings in which variables stand: each node gets its ``slot``.

    Returns:
        The texts, by slot. Equal sources give equal texts.
    """
    found: list[str] = []
    for source in sources:
        if _MARK not in source.text and "\\" not in source.text:
            continue
        for tree in source.trees.values():
            for node in walk(tree.root):
                text = _text(node)
                if text is None or not has_variables(text):
                    continue
                if isinstance(node, nodes.Text | nodes.String):
                    node.slot = len(found)
                    found.append(text)
    return tuple(found)


def _text(node: Node) -> str | None:
    match node:
        case nodes.Text(text=text):
            return text
        case nodes.String(value=text):
            return text
    return None


def has_variables(text: str) -> bool:
    """Whether a text says anything else than what stands in it."""
    if _MARK not in text:
        return False
    rest: list[str] = []
    for part in compile_text(text, lambda _kind, _key: None).parts:
        if not isinstance(part, str | Group):
            return True
        rest.append(part if isinstance(part, str) else part.text)
    # What stood for a secret is gone.
    return "".join(rest) != text


def walk(node: Node) -> Iterator[Node]:
    """A node and all that are in it, in the order of the source."""
    left = [node]
    while left:
        one = left.pop()
        yield one
        left.extend(reversed(children(one)))


def children(node: Node) -> tuple[Node, ...]:
    """What is in a node, in the order of the source."""
    match node:
        case nodes.Block(nodes=inner):
            return inner
        case nodes.Action(pipe=pipe):
            return (pipe,)
        case nodes.Branch(pipe=pipe, block=block, otherwise=otherwise):
            return (pipe, block) if otherwise is None else (pipe, block, otherwise)
        case nodes.Invocation(pipe=pipe):
            return () if pipe is None else (pipe,)
        case nodes.Pipe(commands=commands):
            return commands
        case nodes.Command(arguments=arguments):
            return arguments
        case nodes.Chain(node=inner_node):
            return (inner_node,)
    return ()
