"""From the trees of a template to Python code, compiled once.

Each tree becomes a function. What stands in a row becomes one string, so that little is called; where it ends early,
the runtime finds out by the line what of it was there. Measured against closures, code is the faster of the two.

Source: Go 1.26, text/template, exec.go.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import CodeType
from typing import Final

from lockgate.templates import comparison
from lockgate.templates.errors import Fault
from lockgate.templates.expressions import Binding, Expressions, Operand
from lockgate.templates.formatting import text_of
from lockgate.templates.function import Function
from lockgate.templates.nodes import (
    Action,
    Block,
    Branch,
    Break,
    Chain,
    Command,
    Continue,
    Identifier,
    If,
    Invocation,
    Node,
    Pipe,
    Range,
    Source,
    Text,
    Tree,
    With,
)
from lockgate.templates.objects import holds_interfaces
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.runtime import (
    Group,
    Site,
    Unit,
    adapted,
    argument,
    call,
    checked,
    failure,
    field_of,
    getter,
    index,
    length,
    members,
    method_of,
    name_of,
    pairs,
)
from lockgate.templates.values import MISSING
from lockgate.templates.writing import Holder, TooDeepError, joined

type Compiled = Callable[[object, list[str], Run, int, int], int]
"""A tree: dot, what is written, the run, how much more may be written, how many templates are around it; returns how
much may be written after it."""

_MOST_JOINED: Final = 16
"""Nodes of a branch that becomes a part of what is written around it."""
_MOST_NODES: Final = 1_000
"""Of a tree that is one function: Python's compiler takes more than twice as long for one of twice the size."""
_MOST_IN_PART: Final = 250
"""Nodes of a part of a longer tree."""


class _NotReached:
    """What a variable is that was not reached."""

    __slots__ = ()


_NAMES: Final[Mapping[str, object]] = {
    "__builtins__": {},
    "A": argument,
    "B": method_of,
    "CALL": call,
    "EQ": comparison.eq,
    "Exception": Exception,
    "Fault": Fault,
    "G": getter,
    "GE": comparison.ge,
    "GT": comparison.gt,
    "I": holds_interfaces,
    "INDEX": index,
    "LE": comparison.le,
    "LEN": length,
    "LT": comparison.lt,
    "M": MISSING,
    "NAME_OF": name_of,
    "NE": comparison.ne,
    "PAIRS": pairs,
    "RANGE": members,
    "SCALARS": frozenset({str, float, bool, int}),
    "SIZED": frozenset({list, dict}),
    "T": text_of,
    "U": _NotReached(),
    "W": field_of,
    "adapted": adapted,
    "bool": bool,
    "checked": checked,
    "dict": dict,
    "enumerate": enumerate,
    "failure": failure,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "str": str,
    "type": type,
}
"""All that code can name, beside what is made for it."""


class CompiledSource:
    """The trees of a source as functions."""

    def __init__(self, source: Source, functions: Mapping[str, Function]) -> None:
        """Compile.

        Args:
            source: As parsed.
            functions: What it can call.
        """
        self.source: Final = source
        self.invoked: Final[dict[str, set[str]]] = {}
        """Names of the templates that each tree invokes."""
        self.called: Final[dict[str, frozenset[str]]] = {}
        """Names of the functions that each tree calls."""
        self.names: Final[dict[str, object]] = dict(_NAMES)
        """What the code names."""
        self._locals: Final = {name: f"t{number}" for number, name in enumerate(source.trees)}
        """Names of the functions of all trees."""
        self._foreign: Final[dict[str, str]] = {}
        nodes: list[Node] = []
        texts: list[str] = []
        for number, tree in enumerate(source.trees.values()):
            sites: dict[str, dict[int, Site]] = {}
            self.names[f"N{number}"] = Unit(tree, nodes, sites)
            for name, lines, of_lines in self._written(tree, nodes, number, functions):
                sites[name] = of_lines
                texts.append("\n".join(lines))
                # One by one: Python's parser takes more than twice as long for a text of twice the length.
                code: CodeType = compile(texts[-1], "<template>", "exec", dont_inherit=True, optimize=1)
                exec(code, self.names)  # noqa: S102 - of a definition nothing gets into it but literals
        self.text: Final = "\n".join(texts)
        """The code, to look at."""

    def function(self, name: str) -> Compiled:
        """The function of a tree."""
        return self.names[self._locals[name]]  # type: ignore[return-value] # its code is made above

    def link(self, name: str, compiled: "CompiledSource") -> None:
        """Have invocations of a name lead to the tree of another source."""
        self.names[self._foreign[name]] = compiled.function(name)

    def _written(
        self, tree: Tree, nodes: list[Node], number: int, functions: Mapping[str, Function]
    ) -> Iterator[tuple[str, list[str], dict[int, Site]]]:
        before = len(nodes)
        try:
            writer = self._writer(tree, nodes, number, functions, is_deep=_size(tree.root) > _MOST_NODES)
        except TooDeepError:
            del nodes[before:]
            writer = self._writer(tree, nodes, number, functions, is_deep=True)
        self.invoked[tree.name], self.called[tree.name] = writer.invoked, frozenset(writer.calls)
        return writer.functions()

    def _writer(
        self, tree: Tree, nodes: list[Node], number: int, functions: Mapping[str, Function], *, is_deep: bool
    ) -> "_TreeWriter":
        writer = _TreeWriter(
            tree,
            nodes,
            number,
            is_deep=is_deep,
            functions=functions,
            constants=self.names,
            reassigned=frozenset(_reassigned(tree.root)),
        )
        writer.whole(self._target)
        return writer

    def _target(self, name: str) -> str:
        """What an invocation calls."""
        tree = self.source.trees.get(name)
        found = self._locals[name] if tree is not None and not tree.is_empty else self._foreign.get(name)
        if found is None:
            found = self._foreign[name] = f"u{len(self._foreign)}"
            self.names[found] = None
        return found

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names that it invokes and does not define."""
        return tuple(self._foreign)


class _TreeWriter(Expressions):
    """Writes the code of a tree."""

    invoked: set[str]
    _target: Callable[[str], str]

    def whole(self, target: Callable[[str], str]) -> None:
        """Write it all.

        Args:
            target: Gives the name of the function of a template.
        """
        self.invoked, self._target = set(), target
        self.at(self.tree.root)
        function = self._function
        function.indent = 0
        self.line(f"def t{self.number}(d, out, run, o, k):")
        function.indent = 1
        self.line("L = {'d': d}" if self.is_deep else "")
        self.line("put = out.append")
        self.line("try:")
        function.indent = 2
        self.dot = Holder("L['d']" if self.is_deep else "d")
        self._declare_root()
        self.failing(f"run.step({_cost(self.tree.root)})")
        self.statements(self.tree.root)
        self.flush()
        self.line("return o")
        function.indent = 1
        self.line("except Exception as e:")
        function.indent = 2
        self.line(f"raise failure(e, N{self.number}, run, out)")

    def _declare_root(self) -> None:
        self.keep_getter(self.dot)
        if "$" in self.reassigned:
            local = self.kept("x")
            self.line(f"{local} = {self.dot.code}")
            self.bind(Binding("$", Holder(local, is_fixed=False)))
        else:
            self.bind(Binding("$", self.dot))

    # --- statements

    def statements(self, block: Block) -> None:
        """What stands in a row."""
        if self.is_deep and len(block.nodes) > 1 and _size(block) > _MOST_IN_PART:
            for part in _parts(block):
                self.flush()
                with self.apart():
                    self._row(part)
                    self.flush()
        else:
            self._row(block.nodes)

    def _row(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self._statement(node)
            self.flush_long()

    def _statement(self, node: Node) -> None:
        match node:
            case Text(slot=None):
                self.add_text(node.text)
            case Text():
                local = self.temporary()
                self.line(f"{local} = run.literals[{node.slot:d}]")
                self.add_local(local)
            case Action():
                self._action(node)
            case If() | With():
                self._branch(node)
            case Range():
                self._range(node)
            case Invocation():
                self._invocation(node)
            case Break() | Continue():
                self.flush()
                self.leave_loop(1 if isinstance(node, Break) else 2)
            case _:
                self.fault(f"unknown node: {node}")

    def _action(self, node: Action) -> None:
        self.at(node)
        operand = self.pipeline(node.pipe)
        if node.pipe.declared:
            return
        self.at(node)
        if (operand.type == "string" and operand.is_fresh) or (operand.type == "int" and operand.is_fresh):
            self.add_local(operand.code)
        else:
            local, code = self.temporary(), operand.code
            if operand.type == "bool":
                self.line(f"{local} = 'true' if {code} else 'false'")
            elif operand.is_fresh:
                local = code
                self.failing(f"if type({code}) is not str: {code} = T({code}, run)")
            else:
                self.failing(f"{local} = {code} if type({code}) is str else T({code}, run)")
            self.add_local(local)

    # --- if and with

    def _branch(self, node: If | With) -> None:
        self.at(node)
        mark = len(self.variables)
        is_joined = _joined_size(node) <= _MOST_JOINED
        if not is_joined:
            self.flush()
        operand = self.pipeline(node.pipe)
        if isinstance(node, With):
            local = self.kept("d")
            self.line(f"{local} = {operand.code}")
            operand = replace(operand, code=local)
        if is_joined:
            self._joined(node, operand)
        else:
            with self.block(f"if {operand.code}:"):
                self._body(node, operand)
                self.flush()
            if node.otherwise is not None and node.otherwise.nodes:
                with self.block("else:"):
                    self.statements(node.otherwise)
                    self.flush()
        del self.variables[mark:]

    def _joined(self, node: If | With, operand: Operand) -> None:
        """A branch whose text is a part of what is written around it."""
        local = self.kept("v")
        texts = _texts(node.block), _texts(node.otherwise)
        if texts[0] is not None and texts[1] is not None:
            self.line(f"{local} = {texts[0]!r} if {operand.code} else {texts[1]!r}")
        else:
            outer = self.group
            with self.block(f"if {operand.code}:"):
                self.group = Group([], outer, len(outer.parts))
                self._body(node, operand)
                self.line(f"{local} = {joined(self.group.parts)}")
            with self.block("else:"):
                self.group = Group([], outer, len(outer.parts))
                if node.otherwise is not None:
                    self.statements(node.otherwise)
                self.line(f"{local} = {joined(self.group.parts)}")
            self.group = outer
        self.add_local(local)

    def _body(self, node: If | With, operand: Operand) -> None:
        mark, dot = len(self.variables), self.dot
        if isinstance(node, With):
            self.dot = Holder(operand.code)
            self.keep_getter(self.dot)
        self.statements(node.block)
        self.dot = dot
        del self.variables[mark:]

    # --- range

    def _range(self, node: Range) -> None:
        self.flush()
        self.at(node)
        mark, pipe = len(self.variables), node.pipe
        operand = self.commands(pipe)
        container, rounds = self.kept("r"), self.kept("r")
        self.line(f"{container} = {operand.code}")
        keys = len(pipe.declared) > 1
        self._before_rounds(pipe, replace(operand, code=container, is_fresh=False), node.otherwise)
        slow = "PAIRS" if keys else "RANGE"
        self.failing(f"{rounds} = {container} if type({container}) is list else {slow}(run, {container})")
        if node.otherwise is not None and node.otherwise.nodes:
            with self.block(f"if {rounds}:"):
                self._rounds(node, container, rounds)
            with self.block("else:"):
                self.statements(node.otherwise)
                self.flush()
        else:
            self._rounds(node, container, rounds)
        del self.variables[mark:]

    def _before_rounds(self, pipe: Pipe, operand: Operand, otherwise: Block | None) -> None:
        """Before the first round the variables are what is gone through."""
        for variable in pipe.declared:
            if pipe.assigns:
                self.assign(variable.names[0], operand.value)
            elif otherwise is not None:
                self.declare(variable.names[0], operand)

    def _rounds(self, node: Range, container: str, rounds: str) -> None:
        mark, dot, pipe = len(self.variables), self.dot, node.pipe
        local = self.kept("d")
        key = self.kept("k") if len(pipe.declared) > 1 else ""
        cost, leaves = _cost(node.block) + 1, _has_break(node.block)
        if not leaves:
            self.failing(f"run.step(len({rounds}) * {cost})")
        if key:
            header = f"for {key}, {local} in (enumerate({rounds}) if type({rounds}) is list else {rounds}):"
        else:
            header = f"for {local} in {rounds}:"
        with self.loop(header):
            if leaves:
                self.failing(f"run.step({cost})")
            self.dot = Holder(local, f"I({container})")
            self.keep_getter(self.dot)
            self._round_variables(pipe, key)
            self.statements(node.block)
            self.flush()
        self.dot = dot
        del self.variables[mark:]

    def _round_variables(self, pipe: Pipe, key: str) -> None:
        """Variables of a round: the member comes last, before it its key."""
        values = [(self.dot.code, self.dot.interface)]
        if key:
            values.insert(0, (key, "False"))
        for variable, (code, interface) in zip(pipe.declared, values, strict=False):
            name = variable.names[0]
            if pipe.assigns:
                self.assign(name, code, interface)
            elif name in self.reassigned:
                local = self.kept("x")
                self.line(f"{local} = {code}")
                self.bind(Binding(name, Holder(local, interface, is_fixed=False)))
            else:
                self.bind(Binding(name, Holder(key) if code == key else self.dot, can_be_none=code != key))

    # --- template

    def _invocation(self, node: Invocation) -> None:
        self.flush()
        self.at(node)
        self.invoked.add(node.name)
        target = self._target(node.name)
        if target.startswith("u"):
            text = f"template {quote_go(node.name)} not defined"
            self.failing(f"if {target} is None: raise Fault({text!r})")
        self.failing('if k >= run.limits.depth: run.exceeded("depth")')
        value = self.pipeline(node.pipe).value if node.pipe is not None else "M"
        self.failing(f"o = {target}({value}, out, run, o, k + 1)")


def _size(node: Node) -> int:
    """Nodes that become code."""
    match node:
        case Block():
            return sum(map(_size, node.nodes))
        case Branch():
            otherwise = _size(node.otherwise) if node.otherwise is not None else 0
            return 1 + _calls(node.pipe) + _size(node.block) + otherwise
        case Action() | Invocation():
            return 1 + (_calls(node.pipe) if node.pipe is not None else 0)
    return 1


def _parts(block: Block) -> Iterator[list[Node]]:
    """What stands in a row, in parts of a size that is soon compiled."""
    part: list[Node] = []
    size = 0
    for node in block.nodes:
        own = _size(node)
        if part and size + own > _MOST_IN_PART:
            yield part
            part, size = [], 0
        part.append(node)
        size += own
    yield part


def _texts(block: Block | None) -> str | None:
    """The text of a block that has nothing else; None where it has."""
    texts: list[str] = []
    for node in block.nodes if block is not None else ():
        if not isinstance(node, Text) or node.slot is not None:
            return None
        texts.append(node.text)
    return "".join(texts)


def _joined_size(node: Node) -> int:
    """How many nodes a branch has; more than can be joined where it has such that write by themselves."""
    match node:
        case Text() | Action():
            return 1
        case If() | With():
            blocks = (node.block, node.otherwise)
            return 1 + sum(_joined_size(each) for block in blocks if block is not None for each in block.nodes)
    return _MOST_JOINED + 1


def _has_break(block: Block) -> bool:
    """Whether rounds may end early."""
    return any(
        isinstance(node, Break)
        or (isinstance(node, If | With) and any(map(_has_break, filter(None, (node.block, node.otherwise)))))
        for node in block.nodes
    )


def _cost(block: Block) -> int:
    """Steps of a block: its actions and calls, but not those of the rounds of loops in it."""
    cost = 1
    for node in block.nodes:
        match node:
            case Action() | Invocation():
                cost += 1 + (_calls(node.pipe) if node.pipe is not None else 0)
            case Range():
                cost += 1 + _calls(node.pipe) + (_cost(node.otherwise) if node.otherwise is not None else 0)
            case Branch():
                cost += 1 + _calls(node.pipe)
                cost += sum(_cost(each) for each in (node.block, node.otherwise) if each is not None)
    return cost


def _calls(node: Node) -> int:
    """Calls in a pipeline."""
    match node:
        case Pipe():
            return sum(map(_calls, node.commands))
        case Command():
            return sum(map(_calls, node.arguments))
        case Chain():
            return _calls(node.node)
        case Identifier():
            return 1
    return 0


def _reassigned(node: Node) -> Iterator[str]:
    """Variables that a pipeline assigns to, and ``$`` where one declares it anew."""
    match node:
        case Block():
            yield from chain.from_iterable(map(_reassigned, node.nodes))
        case Action() | Invocation():
            if node.pipe is not None:
                yield from _reassigned(node.pipe)
        case Branch():
            yield from _reassigned(node.pipe)
            yield from _reassigned(node.block)
            if node.otherwise is not None:
                yield from _reassigned(node.otherwise)
        case Pipe():
            if node.assigns:
                yield from (variable.names[0] for variable in node.declared)
            yield from chain.from_iterable(map(_reassigned, node.commands))
        case Command():
            yield from chain.from_iterable(map(_reassigned, node.arguments))
        case Chain():
            yield from _reassigned(node.node)
