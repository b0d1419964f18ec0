"""Templates that use one another's definitions.

Source: behaviour-scripting 1.2; Go 1.26, text/template, template.go (AddParseTree, associate).
"""

from collections.abc import Sequence
from typing import Final, final

from lockgate.templates.compiler import Compiled, CompiledSource
from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.nodes import Source
from lockgate.templates.parser import parse
from lockgate.templates.run import Run
from lockgate.templates.runtime import NESTED
from lockgate.templates.values import MISSING


@final
class Template:
    """A compiled template."""

    __slots__ = ("_function", "calls", "source")

    def __init__(self, source: Source, function: Compiled, calls: frozenset[str]) -> None:
        self.source: Final = source
        self.calls: Final = calls
        """Names of the functions that it may call, also in templates that it invokes."""
        self._function: Final = function

    def render(self, data: object, run: Run) -> str:
        """What it makes of data.

        Args:
            data: A value of a template; functions may change the dicts in it.
            run: For this once.

        Returns:
            Text; bytes that are no UTF-8 are in it as ``values`` has them, but may be such together: ``to_bytes``.

        Raises:
            TemplateError: It failed, with what was written before.
            TooLongError: It is too long for where it runs.
        """
        out: list[str] = []
        try:
            run.output_left = self._function(MISSING if data is None else data, out, run, run.output_left, 0)
        except RecursionError as error:
            if run.inline:
                raise TooLongError from error
            raise TemplateError(NESTED, kind=Kind.LIMIT) from error
        return "".join(out)


def compile_template(text: str, name: str = "") -> Template:
    """A template by itself.

    Raises:
        TemplateError: It is none.
    """
    return compile_set((parse(text, name, functions=FUNCTIONS.keys()),))[0]


def compile_set(sources: Sequence[Source]) -> tuple[Template, ...]:
    """Templates that see one another's definitions.

    A source uses its own definition of a name, else that of the last of the others that has one. A definition that is
    empty counts only where there is no other.
    """
    compiled = [CompiledSource(source, FUNCTIONS) for source in sources]
    for each in compiled:
        for name in each.wanted:
            if (found := _definition(name, each, compiled)) is not None:
                each.link(name, found)
    return tuple(Template(each.source, each.function(each.source.name), _calls(each, compiled)) for each in compiled)


def _definition(name: str, own: CompiledSource, compiled: Sequence[CompiledSource]) -> CompiledSource | None:
    """Which source's definition a name leads to."""
    if (tree := own.source.trees.get(name)) is not None and not tree.is_empty:
        return own
    having = [each for each in compiled if name in each.source.trees]
    filled = [each for each in having if not each.source.trees[name].is_empty]
    return filled[-1] if filled else own if own in having else having[-1] if having else None


def _calls(own: CompiledSource, compiled: Sequence[CompiledSource]) -> frozenset[str]:
    """Functions that a source's template may call, and those that it invokes."""
    found: set[str] = set()
    seen: set[tuple[int, str]] = set()
    left = [(own, own.source.name)]
    while left:
        source, name = left.pop()
        if (id(source), name) in seen:
            continue
        seen.add((id(source), name))
        found |= source.called[name]
        left += [
            (target, invoked)
            for invoked in source.invoked[name]
            if (target := _definition(invoked, source, compiled)) is not None
        ]
    return frozenset(found)
