"""The tree of a template: what the parser makes, and the compiler reads.

``str(node)`` is the node as Go prints it, in error texts above all: one spelling, whatever the source's spaces were.
Positions are offsets in characters of the source; columns of error texts, which count bytes, are made of them in
``errors``.

Source: Go 1.26, text/template/parse, node.go.
"""

from dataclasses import dataclass, field

type ComplexNumber = complex


@dataclass(slots=True, eq=False)
class Node:
    """Something in a template."""

    position: int
    """Of its beginning in the source, in characters."""


@dataclass(slots=True, eq=False)
class Text(Node):
    """Text as it stands, already trimmed by the actions beside it."""

    text: str
    slot: int | None = None
    """Which of the run's ``literals`` stands in its place: it has variables that are not the template's. None: none."""

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class Dot(Node):
    """``.``."""

    def __str__(self) -> str:
        return "."


@dataclass(slots=True, eq=False)
class Nil(Node):
    """``nil``."""

    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True, eq=False)
class Bool(Node):
    """``true`` or ``false``."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True, eq=False)
class Number(Node):
    """A number. Which of the values are there says what it may be: ``1.0`` is an integer too, ``1`` a float too."""

    text: str
    """As written."""
    integer: int | None = None
    """Within int64."""
    unsigned: int | None = None
    """Within uint64."""
    floating: float | None = None
    complex: ComplexNumber | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class String(Node):
    """A string."""

    quoted: str
    """As written, with its quotes."""
    value: str
    slot: int | None = None
    """As for ``Text``."""

    def __str__(self) -> str:
        return self.quoted


@dataclass(slots=True, eq=False)
class Identifier(Node):
    """Name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True, eq=False)
class Field(Node):
    """``.a.b``."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(slots=True, eq=False)
class Variable(Node):
    """``$x.a.b``: the variable with its ``$``, then fields."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(slots=True, eq=False)
class Chain(Node):
    """Fields of something else: ``(pipeline).a.b``."""

    node: Node
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


@dataclass(slots=True, eq=False)
class Command(Node):
    """An operand, or something that is called and its arguments."""

    arguments: tuple[Node, ...]
    """At least one."""

    def __str__(self) -> str:
        return " ".join(f"({each})" if isinstance(each, Pipe) else str(each) for each in self.arguments)


@dataclass(slots=True, eq=False)
class Pipe(Node):
    """Commands, each of which gets what the one before gave."""

    line: int
    commands: tuple[Command, ...]
    declared: tuple[Variable, ...] = ()
    assigns: bool = False
    """Whether the variables are there already: ``=`` and not ``:=``."""

    def __str__(self) -> str:
        text = " | ".join(map(str, self.commands))
        if not self.declared:
            return text
        return f"{', '.join(map(str, self.declared))} {'=' if self.assigns else ':='} {text}"


@dataclass(slots=True, eq=False)
class Block(Node):
    """What stands between two actions that belong together."""

    nodes: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return "".join(map(str, self.nodes))


@dataclass(slots=True, eq=False)
class Action(Node):
    """``{{pipeline}}``."""

    line: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(slots=True, eq=False)
class Branch(Node):
    """``if``, ``with`` and ``range``."""

    line: int
    pipe: Pipe
    block: Block
    otherwise: Block | None

    @property
    def keyword(self) -> str:
        """As written."""
        return type(self).__name__.lower()

    def __str__(self) -> str:
        otherwise = f"{{{{else}}}}{self.otherwise}" if self.otherwise is not None else ""
        return f"{{{{{self.keyword} {self.pipe}}}}}{self.block}{otherwise}{{{{end}}}}"


@dataclass(slots=True, eq=False)
class If(Branch):
    """``{{if}}``."""


@dataclass(slots=True, eq=False)
class With(Branch):
    """``{{with}}``."""


@dataclass(slots=True, eq=False)
class Range(Branch):
    """``{{range}}``."""


@dataclass(slots=True, eq=False)
class Break(Node):
    """``{{break}}``."""

    line: int

    def __str__(self) -> str:
        return "{{break}}"


@dataclass(slots=True, eq=False)
class Continue(Node):
    """``{{continue}}``."""

    line: int

    def __str__(self) -> str:
        return "{{continue}}"


@dataclass(slots=True, eq=False)
class Invocation(Node):
    """``{{template "name" pipeline}}``; a ``block`` is one too."""

    line: int
    name: str
    quoted: str
    """The name as Go quotes it."""
    pipe: Pipe | None

    def __str__(self) -> str:
        pipe = f" {self.pipe}" if self.pipe is not None else ""
        return f"{{{{template {self.quoted}{pipe}}}}}"


@dataclass(slots=True, eq=False)
class Tree:
    """One template: the source itself, or what a ``define`` in it names."""

    name: str
    """"" for a source that has no name."""
    root: Block
    source: "Source"
    is_empty: bool = False
    """Nothing but white space and comments: it does not take the place of another one of its name."""


@dataclass(slots=True, eq=False)
class Source:
    """A text that was parsed."""

    name: str
    """As error texts spell it: "" for templates that stand in a definition, else the base name of the file."""
    text: str
    trees: dict[str, Tree] = field(default_factory=dict)
    """By name: the source's own, under ``name``, and those that it defines."""
