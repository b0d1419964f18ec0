"""Templates and data that nobody thought of, for hypothesis."""

from random import Random
from typing import Any

from hypothesis import strategies as st

from lockgate.templates.library import FUNCTIONS

KEYS = ("a", "b", "list", "map", "none", "text", "number", "nope", "__class__", "Get", "Year")
STRINGS = (
    '"x"',
    '"a"',
    "`raw`",
    '""',
    '"é"',
    '"{{.a}}"',
    '"\\xff"',
    '"\\xc3"',
    '"{x}\'"',
    '"\\n"',
    '"2006-01-02"',
    '"1.2.3"',
)
NUMBERS = ("0", "1", "-1", "2.5", "0x10", "'a'", "1e3", "1i", "9223372036854775807", "18446744073709551615", "-0x1e")
LITERALS = ("true", "false", "nil", ".", "$")
TEXTS = (
    "t",
    "\n",
    "é",
    "  ",
    "{ ",
    "}",
    "'",
    '"',
    "\\",
    "{x}",
    "\u2028",
    "\x00",
    "🚚",
    "\udcff",
    "'''",
    '"""',
    "%s",
    "{{{{}}}}",
)
NAMES = tuple(sorted(FUNCTIONS))

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
DATA = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)


class _Maker:
    """Makes a template, most of the time one that can be parsed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.variables = ["$"]
        self.depth = 0

    def one_of(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def fields(self) -> str:
        return "".join(f".{self.one_of(*KEYS)}" for _ in range(self.random.randint(1, 3)))

    def operand(self, depth: int) -> str:
        kind = self.random.randint(0, 9)
        if kind < 3:
            return self.fields()
        if kind < 5:
            return self.one_of(*self.variables) + (self.fields() if self.happens(0.5) else "")
        if kind < 8 or depth > 2:
            return self.one_of(*STRINGS, *NUMBERS, *LITERALS)
        return f"({self.pipeline(depth + 1)})" + (self.fields() if self.happens(0.4) else "")

    def command(self, depth: int) -> str:
        if self.happens(0.4):
            return self.operand(depth)
        if self.happens(0.1):
            return f"{self.fields()} {self.operand(depth)}"
        return self.call(depth)

    def call(self, depth: int) -> str:
        name = (
            self.one_of(*NAMES)
            if self.happens(0.7)
            else self.one_of("and", "or", "not", "eq", "lt", "index", "len", "call")
        )
        function = FUNCTIONS[name]
        count = len(function.parameters) if self.happens(0.9) else self.random.randint(0, 4)
        return " ".join([name, *(self.operand(depth) for _ in range(count))])

    def pipeline(self, depth: int = 0) -> str:
        commands = [self.command(depth)]
        while self.happens(0.2):
            commands.append(self.call(depth))
        text = " | ".join(commands)
        if depth and self.happens(0.05):
            self.variables.append("$p")
            text = f"$p := {text}"
        return text

    def action(self, text: str) -> str:
        return f"{'{{- ' if self.happens(0.05) else '{{'}{text}{' -}}' if self.happens(0.05) else '}}'}"

    def block(self, *, in_range: bool) -> str:
        return "".join(self.statement(in_range=in_range) for _ in range(self.random.randint(0, 3)))

    def statement(self, *, in_range: bool) -> str:
        kind = self.random.randint(0, 11)
        if kind < 3:
            return self.one_of(*TEXTS)
        if kind < 6 or self.depth > 3:
            return self.action(self.pipeline())
        if kind == 6:
            text = self.pipeline()
            self.variables.append(name := self.one_of("$x", "$y"))
            return self.action(f"{name} := {text}")
        if kind == 7:
            return self.action(f"{self.one_of(*self.variables)} = {self.pipeline()}")
        if kind == 8:
            return (
                self.action(self.one_of("break", "continue"))
                if in_range
                else self.action(f'template "t" {self.pipeline(1)}')
            )
        return self.branch(in_range=in_range)

    def branch(self, *, in_range: bool) -> str:
        keyword = self.one_of("if", "with", "range", "range")
        mark = len(self.variables)
        self.depth += 1
        pipeline, declared = self.pipeline(), ""
        if self.happens(0.4):
            names = ["$i", "$e"][: 1 + (keyword == "range" and self.happens(0.5))]
            if self.happens(0.8):
                self.variables += names
                declared = f"{', '.join(names)} := "
            else:
                declared = f"{', '.join(self.one_of(*self.variables) for _ in names)} = "
        text = self.action(f"{keyword} {declared}{pipeline}") + self.block(in_range=in_range or keyword == "range")
        if self.happens(0.4):
            text += self.action("else") + self.block(in_range=in_range)
        del self.variables[mark:]
        self.depth -= 1
        return text + self.action("end")

    def whole(self) -> str:
        text = "".join(self.statement(in_range=False) for _ in range(self.random.randint(1, 5)))
        self.variables = ["$"]
        return f'{text}{{{{define "t"}}}}{self.block(in_range=False)}{{{{end}}}}'


TEMPLATES = st.integers(0, 1 << 40).map(lambda seed: _Maker(Random(seed)).whole())
"""Most of them can be parsed."""
SCRAPS = st.lists(
    st.sampled_from(
        (*TEXTS, *STRINGS, *NUMBERS, *LITERALS, *NAMES[:30], "{{", "}}", "{{-", "-}}", "|", "(", ")", ":=", "=", ",")
    )
    | st.sampled_from((" ", ".a", "$x", "if", "else", "end", "range", "with", "define", "template", "block", "break"))
    | st.text(max_size=3),
    max_size=25,
).map("".join)
"""Few of them can."""
