"""Code of pipelines, commands and operands.

Each call, and each look at a value that may fail, is a line of its own: by the line the runtime knows what it was about.
What stands in the code itself are the ways that most values take (a dict has fields, a string is printed); all others
lead to ``runtime``.

Source: Go 1.26, text/template, exec.go.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from lockgate.templates.errors import Fault
from lockgate.templates.function import Function
from lockgate.templates.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Node,
    Number,
    Pipe,
    String,
    Tree,
    Variable,
)
from lockgate.templates.objects import INTERFACE
from lockgate.templates.quoting import quote_go
from lockgate.templates.runtime import ANY, adapted, literal
from lockgate.templates.writing import Holder, Writer

_CLASSES: Final[Mapping[str, str]] = {
    "string": "str",
    "int": "int",
    "bool": "bool",
    "float64": "float",
    "map[string]interface {}": "dict",
    "[]interface {}": "list",
}
"""Python's class of values of a type."""
_SIMPLE: Final = frozenset({"string", "int", "bool", "float64"})
_MOST_FIELDS: Final = 8
"""Of one chain that stand in the code."""
_OPERATORS: Final[Mapping[str, tuple[str, str]]] = {
    "eq": ("{} == {}", "EQ"),
    "ne": ("{} != {}", "NE"),
    "lt": ("{} < {}", "LT"),
    "le": ("{} <= {}", "LE"),
    "gt": ("not {} <= {}", "GT"),
    "ge": ("not {} < {}", "GE"),
}


@dataclass(frozen=True, slots=True)
class Operand:
    """A value in the code."""

    code: str
    """A local or a literal."""
    type: str = ""
    """Go's, where it is known to be a simple one."""
    can_be_none: bool = True
    """Whether it may be None or MISSING."""
    is_unwrapped: bool = False
    """Whether None stands for no value: that of a pipeline."""
    is_literal: bool = False
    is_fresh: bool = False
    """Whether nobody else reads the local."""

    @property
    def value(self) -> str:
        """Code of it, without None where that stands for no value."""
        return f"(M if {self.code} is None else {self.code})" if self.can_be_none and self.is_unwrapped else self.code


NO_VALUE: Final = Operand("M")


@dataclass(slots=True)
class Binding:
    """A variable of the template."""

    name: str
    holder: Holder
    flag: str = ""
    """Local that says whether it is held as ``interface {}``, where that changes."""
    type: str = ""
    can_be_none: bool = True
    outer: "Binding | None" = None
    """Variable of the same name that it is if this one was not reached."""
    is_conditional: bool = False
    """Whether the code that declares it may not have been reached."""


class Expressions(Writer):
    """Writes the code of what has a value."""

    def __init__(
        self,
        tree: Tree,
        nodes: list[Node],
        number: int,
        *,
        is_deep: bool,
        functions: Mapping[str, Function],
        constants: dict[str, object],
        reassigned: frozenset[str],
    ) -> None:
        """Begin.

        Args:
            tree: To compile.
            nodes: All that a fault may be about, of the whole source; grows.
            number: Of the tree in its source.
            is_deep: Whether what is nested goes into functions of its own.
            functions: By name.
            constants: What the code names, by name; grows.
            reassigned: Variables that some pipeline of the tree assigns to.
        """
        super().__init__(tree, nodes, number, is_deep=is_deep)
        self._functions: Final = functions
        self._constants: Final = constants
        self.reassigned: Final = reassigned
        self.variables: list[Binding] = []
        self.dot = Holder("d")
        self.calls: Final[set[str]] = set()
        self._conditional: list[list[str]] = []

    # --- pipelines

    def pipeline(self, pipe: Pipe) -> Operand:
        """Its value; its variables are there afterwards."""
        operand = self.commands(pipe)
        for variable in pipe.declared:
            if pipe.assigns:
                self.assign(variable.names[0], operand.value)
            else:
                self.declare(variable.names[0], operand)
        return operand

    def commands(self, pipe: Pipe) -> Operand:
        """Its value, without its variables."""
        self.at(pipe)
        operand: Operand | None = None
        for command in pipe.commands:
            operand = replace(self._command(command, operand), is_unwrapped=True)
        return operand or NO_VALUE

    def declare(self, name: str, operand: Operand) -> Binding:
        """A variable that begins here."""
        local = self.kept("x")
        self.line(f"{local} = {operand.value}")
        holder = Holder(local, is_fixed=name not in self.reassigned)
        binding = Binding(name, holder, type=operand.type, can_be_none=operand.can_be_none)
        if not holder.is_fixed:
            binding.type, binding.can_be_none = "", True
        self.bind(binding)
        if self._conditional:
            # An argument that is not evaluated declares nothing.
            self._conditional[0].append(local)
            binding.outer, binding.is_conditional = self._lookup(name, before=binding), True
            holder.is_fixed = False
        self.keep_getter(holder)
        return binding

    def bind(self, binding: Binding) -> None:
        """Have a variable from here on."""
        self.variables.append(binding)
        if not binding.holder.is_fixed:
            self.flag(binding, binding.holder.interface)

    def flag(self, binding: Binding, interface: str) -> None:
        """Keep in a local whether a variable that changes is held as ``interface {}``."""
        if not binding.flag:
            binding.flag = self.kept("i")
        self.line(f"{binding.flag} = {interface}")
        binding.holder.interface = binding.flag

    def keep_getter(self, holder: Holder) -> None:
        """Room for a method of a value, if its fields are read often enough."""
        if not holder.is_fixed:
            return
        holder.getter = self.kept("g")
        self.line(
            lambda: (
                f"{holder.getter} = {holder.code}.get if type({holder.code}) is dict "
                f"else G(run, {holder.code}, {holder.interface})"
                if holder.is_kept
                else ""
            )
        )

    def assign(self, name: str, code: str, interface: str = "False") -> None:
        """Give a variable another value."""
        binding = self._lookup(name)
        if binding is None:
            self.fault(f"undefined variable: {name}")
        elif binding.is_conditional:
            held = self.kept("v")
            self.line(f"{held} = {code}")
            with self.block(f"if {binding.holder.code} is U:"):
                if binding.outer is None:
                    self.fault(f"undefined variable: {name}")
                else:
                    self._set(binding.outer, held, interface)
            with self.block("else:"):
                self._set(binding, held, interface)
        else:
            self._set(binding, code, interface)

    def _set(self, binding: Binding, code: str, interface: str) -> None:
        self.line(f"{binding.holder.code} = {code}")
        self.flag(binding, interface)

    def _lookup(self, name: str, *, before: Binding | None = None) -> Binding | None:
        found = None
        for binding in self.variables:
            if binding is before:
                break
            if binding.name == name:
                found = binding
        return found

    def _variable(self, name: str) -> tuple[Holder, Operand] | None:
        """Where a variable is, and its value."""
        binding = self._lookup(name)
        if binding is None:
            self.fault(f"undefined variable: {name}")
            return None
        if binding.is_conditional:
            if binding.outer is not None:
                found = self.temporary()
                outer = binding.outer.holder
                self.line(f"{found} = {outer.code} if {binding.holder.code} is U else {binding.holder.code}")
                return Holder(
                    found, f"({outer.interface} if {binding.holder.code} is U else {binding.holder.interface})"
                ), (Operand(found))
            self.failing(f"if {binding.holder.code} is U: raise Fault({f'undefined variable: {name}'!r})")
        return binding.holder, Operand(binding.holder.code, binding.type, binding.can_be_none)

    # --- commands

    def _command(self, command: Command, final: Operand | None) -> Operand:
        first = command.arguments[0]
        match first:
            case Field():
                self.at(first)
                return self._chain(self.dot, first.names, first, command.arguments, final)
            case Chain():
                self.at(first)
                return self._chain(self._inner(first), first.names, first, command.arguments, final)
            case Identifier():
                return self._called(first, command, command.arguments, final)
            case Pipe():
                if self._is_given(command.arguments, final):
                    return NO_VALUE
                return self.pipeline(first)
            case Variable():
                return self._variable_node(first, command.arguments, final)
        self.at(first)
        if self._is_given(command.arguments, final):
            return NO_VALUE
        match first:
            case Dot():
                return Operand(self.dot.code)
            case Bool() | Number() | String():
                return self._literal(first, ANY)
            case Nil():
                self.fault("nil is not a command")
            case _:
                self.fault(f"can't evaluate command {quote_go(str(first))}")
        return NO_VALUE

    def _is_given(self, arguments: Sequence[Node], final: Operand | None) -> bool:
        """Whether something that is no function is given arguments, which is a fault."""
        if len(arguments) <= 1 and final is None:
            return False
        self.fault(f"can't give argument to non-function {arguments[0]}")
        return True

    def fault(self, text: str) -> None:
        """It ends here."""
        self.failing(f"raise Fault({text!r})")

    def _literal(self, node: Node, wanted: str) -> Operand:
        """A literal as a value of a type."""
        if isinstance(node, String) and node.slot is not None and wanted in ("string", INTERFACE, ANY):
            made = self.temporary()
            self.line(f"{made} = run.literals[{node.slot:d}]")
            return Operand(made, "string", can_be_none=False, is_fresh=True)
        try:
            value = literal(node) if wanted == ANY and not isinstance(node, Nil) else adapted(node, wanted)
        except Fault as fault:
            self.fault(fault.text)
            return NO_VALUE
        return self._constant(value)

    def _constant(self, value: object) -> Operand:
        kind = type(value)
        if kind is str or kind is int or kind is bool or (isinstance(value, float) and isfinite(value)):
            go = {"str": "string", "int": "int", "bool": "bool", "float": "float64"}[kind.__name__]
            return Operand(repr(value), go, can_be_none=False, is_literal=True)
        if value is None:
            return Operand("None", is_literal=True)
        name = f"K{self.number}_{self.temporary('')}"
        self._constants[name] = value
        return Operand(name, can_be_none=not value, is_literal=True)

    def _variable_node(self, node: Variable, arguments: Sequence[Node], final: Operand | None) -> Operand:
        self.at(node)
        found = self._variable(node.names[0])
        if found is None:
            return NO_VALUE
        holder, operand = found
        if len(node.names) == 1:
            return NO_VALUE if self._is_given(arguments, final) else operand
        return self._chain(holder, node.names[1:], node, arguments, final)

    def _inner(self, chain: Chain) -> Holder:
        """Where the fields of a chain are looked up."""
        node = chain.node
        if isinstance(node, Pipe):
            self.at(node)
            operand = self.pipeline(node)
            code, interface = operand.code, "False"
            if operand.can_be_none or operand.is_literal:
                code = self.temporary()
                self.line(f"{code} = {operand.value}")
            return Holder(code, interface, is_fixed=False)
        if isinstance(node, Identifier):
            self.at(node)
            operand = self._called(node, node, (), None)
            function = self._functions.get(node.name)
            held = function is not None and function.result == INTERFACE
            return Holder(operand.code, str(held), is_fixed=False)
        self.fault(f"indirection through explicit nil in {chain}")
        return Holder("M")

    # --- fields

    def _chain(
        self, holder: Holder, names: tuple[str, ...], node: Node, arguments: Sequence[Node], final: Operand | None
    ) -> Operand:
        if len(arguments) > 1 or final is not None:
            return self._method(holder, names, node, arguments[1:], final)
        made = self.temporary()
        holder.uses += 1
        call = self.numbered(node)
        self.failing(lambda: f"{made} = {_fields(holder, names, made)}", call=call)
        return Operand(made, is_fresh=True)

    def _method(
        self, holder: Holder, names: tuple[str, ...], node: Node, arguments: Sequence[Node], final: Operand | None
    ) -> Operand:
        """A field that is given arguments: only a method takes them, and only the run shows whether it is one."""
        call = self.numbered(node)
        method, made = self.kept("m"), self.kept("v")
        self.failing(f"{method} = B(run, {holder.code}, {names!r}, {holder.interface})", call=call)
        self.line(f"{made} = M")
        if final is not None:
            held = self.kept("v")
            self.line(f"{held} = {final.value}")
            final = Operand(held)
        marker = self.mark()
        self.note(marker)
        self._begin_conditional()
        with self.block(f"if {method} is not None:"):
            self.failing(f"{method}.check({len(arguments)}, is_piped={final is not None})")
            codes = [self._of_method(method, number, node) for number, node in enumerate(arguments)]
            self.note(marker)
            if final is not None:
                codes.append(self._checked(final, f"{method}.parameter({len(arguments)})"))
            self.failing(f"{made} = {method}.call(run, [{', '.join(codes)}])", call=call)
        self._end_conditional()
        self.at_marked(marker)
        return Operand(made, is_fresh=True)

    def _of_method(self, method: str, number: int, node: Node) -> str:
        """An argument of a method, whose type only the run shows."""
        wanted = f"{method}.parameter({number})"
        self.at(node)
        if isinstance(node, String) and node.slot is not None:
            return self._checked(self._literal(node, ANY), wanted)
        if isinstance(node, Bool | Number | String | Nil):
            made, name = self.temporary(), f"K{self.number}_{self.temporary('')}"
            self._constants[name] = node
            self.failing(f"{made} = adapted({name}, {wanted})")
            return made
        return self._checked(self._operand(node), wanted)

    def _checked(self, operand: Operand, wanted: str) -> str:
        made = self.temporary()
        self.failing(f"{made} = checked({operand.value}, {wanted})")
        return made

    # --- arguments

    def _operand(self, node: Node) -> Operand:
        """The value of an argument that is no literal."""
        match node:
            case Dot():
                return Operand(self.dot.code)
            case Field():
                self.at(node)
                return self._chain(self.dot, node.names, node, (), None)
            case Variable():
                return self._variable_node(node, (), None)
            case Pipe():
                return replace(self.pipeline(node), is_unwrapped=True)
            case Identifier():
                return self._called(node, node, (), None)
            case Chain():
                self.at(node)
                return self._chain(self._inner(node), node.names, node, (), None)
        self.fault(f"can't handle {node} for arg of type {INTERFACE}")
        return NO_VALUE

    def argument(self, node: Node, wanted: str) -> Operand:
        """An argument of a function, checked against the type of its parameter."""
        self.at(node)
        if isinstance(node, Bool | Number | String | Nil):
            return self._literal(node, wanted)
        operand = self._operand(node)
        if isinstance(node, Variable) and len(node.names) == 1 and node.names[0] in self.reassigned:
            # An argument behind this one may assign to it.
            held = self.temporary()
            self.line(f"{held} = {operand.code}")
            operand = replace(operand, code=held, is_fresh=True)
        return self._validated(operand, wanted)

    def _validated(self, operand: Operand, wanted: str) -> Operand:
        """Go's ``validateType``."""
        code = operand.code
        if wanted == ANY:
            return operand
        if wanted == INTERFACE:
            if operand.can_be_none:
                return replace(operand, code=f"(None if {code} is M else {code})", is_unwrapped=False)
            return operand
        if operand.type == wanted:
            return operand
        made = code if operand.is_fresh else self.temporary()
        slow = f"A({operand.value}, {wanted!r})"
        python = _CLASSES.get(wanted)
        if python is None:
            self.failing(f"{made} = {slow}")
        elif operand.is_fresh:
            self.failing(f"if type({code}) is not {python}: {made} = {slow}")
        else:
            self.failing(f"{made} = {code} if type({code}) is {python} else {slow}")
        return Operand(made, wanted if wanted in _SIMPLE else "", can_be_none=False)

    # --- calls

    def _called(self, node: Identifier, command: Node, arguments: Sequence[Node], final: Operand | None) -> Operand:
        """A function's result."""
        self.at(node)
        function = self._functions.get(node.name)
        if function is None:
            self.fault(f"{quote_go(node.name)} is not a defined function")
            return NO_VALUE
        self.calls.add(node.name)
        given = arguments[1:]
        if self._is_wrong_count(function, len(given), final):
            return NO_VALUE
        if node.name in ("and", "or"):
            return self._short_circuit(node.name, given, final)
        operands = [self.argument(each, _parameter(function, number)) for number, each in enumerate(given)]
        if final is not None:
            operands.append(self._validated(final, _parameter(function, len(given))))
        call = self.numbered(command)
        special = _SPECIAL.get(node.name)
        if special is not None:
            return special(self, node.name, given, operands, call)
        made = self.temporary()
        name = f"F_{function.name}"
        self._constants[name] = function.call
        codes = ["run"] * function.needs_run + [operand.value for operand in operands]
        self.failing(f"{made} = {name}({', '.join(codes)})", call=call, name=node.name)
        can_be_none = function.result in (INTERFACE, ANY)
        return Operand(made, function.result if function.result in _SIMPLE else "", can_be_none, is_fresh=True)

    def _is_wrong_count(self, function: Function, given: int, final: Operand | None) -> bool:
        total, fixed = given + (final is not None), function.fixed
        if function.is_variadic:
            if total >= fixed:
                return False
            self.fault(f"wrong number of args for {function.name}: want at least {fixed} got {given}")
        elif total == fixed:
            return False
        else:
            self.fault(f"wrong number of args for {function.name}: want {fixed} got {total}")
        return True

    def _begin_conditional(self) -> None:
        """What follows may not be reached."""
        names: list[str] = []
        self._conditional.append(names)
        self.line(lambda: "; ".join(f"{name} = U" for name in names))

    def _end_conditional(self) -> None:
        self._conditional.pop()

    def _short_circuit(self, name: str, given: Sequence[Node], final: Operand | None) -> Operand:
        """``and`` and ``or``: what they do not need they do not look at."""
        made = self.kept("v")
        test = f"if {made}:" if name == "and" else f"if not {made}:"
        marker = self.mark()
        self._begin_conditional()
        for number, node in enumerate(given):
            if not number:
                self.line(f"{made} = {self.argument(node, ANY).code}")
                self.note(marker)
                continue
            with self.block(test):
                self.line(f"{made} = {self.argument(node, ANY).code}")
                self.note(marker)
        self._end_conditional()
        if final is not None:
            self.line(f"{made} = {final.value}" if not given else f"{test} {made} = {final.value}")
        if len(given) > 1:
            self.at_marked(marker)
        return Operand(made, is_fresh=True)

    def special_not(self, _name: str, _given: Sequence[Node], operands: Sequence[Operand], _call: int) -> Operand:
        """``not``."""
        made = self.temporary()
        self.line(f"{made} = not {operands[0].code}")
        return Operand(made, "bool", can_be_none=False, is_fresh=True)

    def special_len(self, name: str, _given: Sequence[Node], operands: Sequence[Operand], call: int) -> Operand:
        """``len``."""
        made, code = self.temporary(), operands[0].value
        self.failing(f"{made} = len({code}) if type({code}) in SIZED else LEN({code})", call=call, name=name)
        return Operand(made, "int", can_be_none=False, is_fresh=True)

    def special_call(self, name: str, given: Sequence[Node], operands: Sequence[Operand], call: int) -> Operand:
        """``call``."""
        shown = repr(str(given[0])) if given else f"NAME_OF({operands[0].code})"
        self.failing(f"CALL({shown}, {operands[0].code})", call=call, name=name)
        return NO_VALUE

    def special_index(self, name: str, _given: Sequence[Node], operands: Sequence[Operand], call: int) -> Operand:
        """``index``."""
        made, item = self.temporary(), operands[0].code
        slow = f"INDEX(run, {', '.join(operand.code for operand in operands)})"
        quick = ""
        if len(operands) == 2 and not operands[0].is_literal:  # noqa: PLR2004 - of one key
            key = operands[1]
            if key.type == "string":
                quick = f"{item}.get({key.code}) if type({item}) is dict else "
            elif key.is_literal and key.type == "int" and not key.code.startswith("-"):
                quick = f"{item}[{key.code}] if type({item}) is list and len({item}) > {key.code} else "
            elif not key.is_literal:
                quick = f"{item}.get({key.code}) if type({item}) is dict and type({key.code}) is str else "
        self.failing(f"{made} = {quick}{slow}", call=call, name=name)
        return Operand(made, is_fresh=True)

    def special_comparison(self, name: str, _given: Sequence[Node], operands: Sequence[Operand], call: int) -> Operand:
        """``eq``, ``ne``, ``lt``, ``le``, ``gt``, ``ge``."""
        made = self.temporary()
        quick, slow = _OPERATORS[name]
        code = f"{slow}(run, {', '.join(operand.code for operand in operands)})"
        if len(operands) == 2:  # noqa: PLR2004 - `eq` takes more
            one, other = operands
            test = _comparable(name, one, other)
            compared = quick.format(one.code, other.code)
            code = compared if test == "True" else f"{compared} if {test} else {code}" if test else code
        self.failing(f"{made} = {code}", call=call, name=name)
        return Operand(made, "bool", can_be_none=False, is_fresh=True)


def _fields(holder: Holder, names: tuple[str, ...], made: str) -> str:
    """Code of the field of a field: quick as long as they are plain dicts."""
    slow = f"W(run, {holder.code}, {names!r}, {holder.interface})"
    if len(names) > _MOST_FIELDS:
        return slow
    if holder.is_kept:
        code = f"{holder.getter}({names[0]!r}, M)"
    else:
        code = f"{holder.code}.get({names[0]!r}, M) if type({holder.code}) is dict else {slow}"
    for name in names[1:]:
        code = f"{made}.get({name!r}, M) if type({made} := ({code})) is dict else {slow}"
    return code


def _parameter(function: Function, number: int) -> str:
    return function.parameters[min(number, len(function.parameters) - 1)]


def _comparable(name: str, one: Operand, other: Operand) -> str:
    """Code of whether Python compares two values as Go does: "True" where they always are, "" where nobody knows."""
    is_equality = name in ("eq", "ne")
    plain = one if one.type and (one.is_literal or not other.is_literal) else other
    if plain.type not in _SIMPLE:
        if is_equality:
            return f"type({one.code}) is type({other.code}) and type({one.code}) in SCALARS"
        return f"type({one.code}) is float and type({other.code}) is float"
    if not is_equality:
        # Go orders bytes, and knows no order of booleans.
        is_ascii = plain.type == "string" and plain.is_literal and plain.code.isascii() and "\\" not in plain.code
        if plain.type == "bool" or (plain.type == "string" and not is_ascii):
            return ""
    against = other if plain is one else one
    if against.type:
        return "True" if against.type == plain.type else ""
    return f"type({against.code}) is {_CLASSES[plain.type]}"


type _Special = Callable[[Expressions, str, Sequence[Node], Sequence[Operand], int], Operand]
_SPECIAL: Final[Mapping[str, _Special]] = {
    "not": Expressions.special_not,
    "len": Expressions.special_len,
    "index": Expressions.special_index,
    "call": Expressions.special_call,
    **dict.fromkeys(_OPERATORS, Expressions.special_comparison),
}
