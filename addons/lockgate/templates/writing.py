"""Lines of Python that a template becomes, and what each of them is about.

Security: nothing of a template gets into a line but through ``repr`` of a str, an int, a float or a bool. All else that
lines name is made here: a letter and a number.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from lockgate.templates.nodes import Node, Tree
from lockgate.templates.runtime import Group, Site

MOST_PARTS: Final = 24
"""Of what is written at once: it is there twice for a moment."""
_ENOUGH_USES: Final = 3
"""How often fields of a value are read where making a method of it pays."""
_MOST_INDENT: Final = 60
"""Python takes 99."""
_MOST_LOOPS: Final = 15
"""Inside one another. Python takes 20 blocks."""
_DEEP_INDENT: Final = 24
_DEEP_LOOPS: Final = 8

type Text = str | Callable[[], str]
"""A line, or what gives it when all others are there: "" where it is not needed."""


class TooDeepError(Exception):
    """Blocks are nested deeper than Python takes them within one function."""


@dataclass(slots=True)
class Marker:
    """Which of several nodes was the last one that a run looked at."""

    name: str
    is_used: bool = False
    inner: "list[Marker]" = field(default_factory=list)

    def use(self) -> str:
        """Its name, from where it is needed."""
        self.is_used = True
        for marker in self.inner:
            marker.use()
        return self.name


@dataclass(slots=True)
class Holder:
    """A value that fields are read from."""

    code: str
    interface: str = "False"
    """Says whether it is held as ``interface {}``."""
    is_fixed: bool = True
    """Whether its local always has this value, so that a method of it can be kept."""
    getter: str = ""
    uses: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether a method of it pays."""
        return bool(self.getter) and self.uses >= _ENOUGH_USES


@dataclass(slots=True)
class _Line:
    indent: int
    text: Text
    site: Site | None


@dataclass(slots=True)
class _Function:
    """A Python function that is being written."""

    name: str
    lines: list[_Line] = field(default_factory=list)
    indent: int = 2
    loops: int = 0
    """Loops inside one another at this place."""
    leaves: set[int] = field(default_factory=set)
    """Which ways out of an outer loop it takes: 1 breaks, 2 continues."""


class Writer:
    """Writes the code of one tree."""

    def __init__(self, tree: Tree, nodes: list[Node], number: int, *, is_deep: bool) -> None:
        """Begin.

        Args:
            tree: To compile.
            nodes: All that a fault may be about, of the whole source; grows.
            number: Of the tree in its source.
            is_deep: Whether what is nested goes into functions of its own, with all locals in one dict.
        """
        self.tree: Final = tree
        self.number: Final = number
        self._nodes: Final = nodes
        self.is_deep: Final = is_deep
        self._made = 0
        self._function = _Function(f"t{number}")
        self._done: Final[list[_Function]] = []
        self.group = Group([])
        self._at: int | Marker = 0

    # --- names

    def temporary(self, letter: str = "v") -> str:
        """A local that is read only in the block where it is made, or in one inside it."""
        self._made += 1
        return f"{letter}{self._made}"

    def kept(self, letter: str) -> str:
        """A local that other blocks see."""
        name = self.temporary(letter)
        return f"L[{name!r}]" if self.is_deep else name

    # --- places

    def at(self, node: Node) -> None:
        """Go's ``state.at``: faults from here on are about this node."""
        self._at = self.numbered(node)

    def numbered(self, node: Node) -> int:
        """Number of a node."""
        self._nodes.append(node)
        return len(self._nodes) - 1

    def mark(self) -> Marker:
        """A local that will say which node was the last one."""
        return Marker(self.temporary("w"))

    def note(self, marker: Marker) -> None:
        """Have the marker say that it is the node of here and now."""
        here = self._at
        if isinstance(here, Marker):
            marker.inner.append(here)
        name = f"L[{marker.name!r}]" if self.is_deep else marker.name
        code = here if isinstance(here, int) else f"L[{here.name!r}]" if self.is_deep else here.name
        self.line(lambda: f"{name} = {code}" if marker.is_used else "")

    def at_marked(self, marker: Marker) -> None:
        """Faults from here on are about the node that the marker says."""
        self._at = marker

    # --- lines

    def line(self, text: Text) -> None:
        """A line that cannot fail."""
        self._function.lines.append(_Line(self._function.indent, text, None))

    def failing(self, text: Text, *, call: int = -1, name: str = "") -> None:
        """A line that can fail.

        Args:
            text: The line.
            call: Number of the node that the fault of a call is about.
            name: Of the function that it calls.
        """
        at = self._at if isinstance(self._at, int) else self._at.use()
        site = Site(at, call, name, self.group, len(self.group.parts))
        self._function.lines.append(_Line(self._function.indent, text, site))

    @contextmanager
    def block(self, header: Text) -> Iterator[None]:
        """Lines under ``if`` or ``else``."""
        self.line(header)
        function = self._function
        function.indent += 1
        if not self.is_deep:
            if function.indent > _MOST_INDENT:
                raise TooDeepError
            yield
        elif function.indent < _DEEP_INDENT and function.loops < _DEEP_LOOPS:
            yield
        else:
            yield from self._apart()
        function.indent -= 1

    @contextmanager
    def loop(self, header: Text) -> Iterator[None]:
        """Lines under ``for``."""
        self._function.loops += 1
        if not self.is_deep and self._function.loops > _MOST_LOOPS:
            raise TooDeepError
        function = self._function
        with self.block(header):
            yield
        function.loops -= 1

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Lines in a function of their own, which is called here. Nothing may wait to be written."""
        yield from self._apart()

    def leave_loop(self, way: int) -> None:
        """``break`` (1) or ``continue`` (2)."""
        if self._function.loops:
            self.line("break" if way == 1 else "continue")
        else:
            self._function.leaves.add(way)
            self.line(f"return {way}, o")

    def _apart(self) -> Iterator[None]:
        """What follows goes into a function of its own, which is called here."""
        outer = self._function
        name = f"b{self.number}_{self.temporary('')}"
        self._function = inner = _Function(name, indent=0)
        self.line(f"def {name}(L, out, run, o, k):")
        inner.indent = 1
        self.line("put = out.append")
        yield
        self.line("return 0, o")
        self._done.append(inner)
        self._function = outer
        self.failing(f"z, o = {name}(L, out, run, o, k)")
        for way in sorted(inner.leaves):
            self._function.indent += 1
            self._function.lines.append(_Line(self._function.indent - 1, f"if z == {way}:", None))
            self.leave_loop(way)
            self._function.indent -= 1

    # --- what is written

    def add_text(self, text: str) -> None:
        """Text of the template."""
        if text:
            self.group.parts.append((text, False))

    def add_local(self, name: str) -> None:
        """A local that holds text, or an ``int``."""
        self.group.parts.append((name, True))

    def flush_long(self) -> None:
        """Write what there is, where it is much and stands alone."""
        if self.group.outer is None and sum(is_name for _, is_name in self.group.parts) >= MOST_PARTS:
            self.flush()

    def flush(self) -> None:
        """Write what there is."""
        parts = self.group.parts
        if not parts:
            return
        self.group = Group([])
        if not any(is_name for _, is_name in parts):
            written, size = joined(parts), str(sum(len(text) for text, _ in parts))
        else:
            self.line(f"p = {joined(parts)}")
            written, size = "p", "len(p)"
        self.failing(f'if (o := o - {size}) < 0: run.exceeded("output")')
        self.line(f"put({written})")

    # --- the end

    def functions(self) -> Iterator[tuple[str, list[str], dict[int, Site]]]:
        """Name, lines and, by line, what they are about, of each function."""
        for function in (*self._done, self._function):
            lines = [
                (line.indent, text, line.site)
                for line in function.lines
                if (text := line.text if isinstance(line.text, str) else line.text())
            ]
            texts: list[str] = []
            sites: dict[int, Site] = {}
            for place, (indent, text, site) in enumerate(lines):
                texts.append(" " * indent + text)
                if site is not None:
                    sites[len(texts)] = site
                follower = lines[place + 1][0] if place + 1 < len(lines) else 0
                if text.endswith(":") and follower <= indent:
                    texts.append(" " * (indent + 1) + "pass")
            yield function.name, texts, sites


def joined(parts: Sequence[tuple[str, bool]]) -> str:
    """Code of the text that the parts are."""
    if not parts:
        return "''"
    return " ".join(f"f'{{{part}}}'" if is_name else repr(part) for part, is_name in parts)
