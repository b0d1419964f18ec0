"""Texts of a definition with variables in them: ``$tyk_context.path``, ``$secret_conf.key``, ``$1``.

Rules of this file:
1. A text is taken apart once, when its definition is loaded. Only what the definition wrote is ever a variable.
2. What is put in (by a client, a group, a session, a secret) is data: it is never scanned again.
3. Secrets are put in when the text is compiled, and are never escaped.

Source: behaviour-chain 4.1.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, final

from lockgate.exchange import Exchange, VariableValue
from lockgate.urls import query_escape

type Secrets = Callable[[str, str], str | None]
"""From a kind (conf, env, vault, consul) and a key to the secret; None when there is none."""

# Differs: each name counts once, as a whole. The reference gateway replaces text by text, so that a name that begins
# another one spoils it (test_a_name_does_not_spoil_a_longer_one).
_TOKEN: Final = re.compile(
    r"\$secret_(?P<secret>conf)[^$\n](?P<conf>[A-Za-z0-9_.\[-]+)"
    r"|\$secret_(?P<env>env)[^$\n](?P<variable>[A-Za-z0-9_.-]+)"
    r"|\$secret_(?P<kind>vault|consul)[^$\n](?P<key>[A-Za-z0-9_./-]+)"
    r"|\$tyk_(?P<scope>context|meta)[^$\n](?P<name>[A-Za-z0-9_.-]+)"
    r"|\$(?P<group>[0-9]+)"
)
_LABEL: Final = re.compile(r"\$[a-z]+_(?:conf|env|vault|consul|context|meta)")


@final
class FormValues(dict[str, tuple[str, ...]]):
    """Values of a form by name: the one kind of map that prints as text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """``$tyk_context.NAME``."""

    name: str


@dataclass(frozen=True, slots=True)
class MetaVariable:
    """``$tyk_meta.NAME``: of the session's metadata."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """``$1``: a group of the pattern that a rewrite target belongs to; plain text everywhere else."""

    number: int
    text: str
    """As written."""


type Part = str | ContextVariable | MetaVariable | Group


@final
@dataclass(frozen=True, slots=True)
class Text:
    """A text of a definition, ready to be filled in."""

    parts: tuple[Part, ...] = ()
    """No two strings beside one another, none empty."""
    constant: str | None = ""
    """The whole text, where it has neither variables nor groups."""

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every exchange."""
        return self.constant is not None

    @property
    def context_names(self) -> frozenset[str]:
        """Which context variables stand in it."""
        return frozenset(part.name for part in self.parts if isinstance(part, ContextVariable))

    def expand(
        self, exchange: Exchange, *, escape: bool = False, groups: Sequence[str] | None = None, sealed: bool = False
    ) -> str:
        """Fill the variables in.

        Args:
            exchange: Whose variables to take.
            escape: Escape values as in a query, unless they begin with "http".
            groups: Texts of the groups, the whole match first; a group that is not there is empty. None leaves
                references to groups as they are written.
            sealed: Escape every value and group, dots too: the URL that it makes has the parts that the text has,
                whatever the values are.

        Never raises; what is missing is empty.
        """
        if self.constant is not None:
            return self.constant
        filled: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
            elif isinstance(part, ContextVariable):
                variables = exchange.variables
                value = variables.get(part.name) if variables is not None else None
                filled.append(_put_in(print_value(value), escape=escape, sealed=sealed))
            elif isinstance(part, Group):
                if groups is None:
                    filled.append(part.text)
                elif part.number < len(groups):
                    filled.append(_put_in(groups[part.number], escape=False, sealed=sealed))
            elif exchange.session is not None:
                text = print_metadata(exchange.session.meta_data.get(part.name))
                filled.append(_put_in(text, escape=escape, sealed=sealed))
        return "".join(filled)


def _put_in(text: str, *, escape: bool, sealed: bool) -> str:
    if sealed:
        return query_escape(text).replace(".", "%2E")
    return query_escape(text) if escape and not text.startswith("http") else text


def compile_text(text: str, secrets: Secrets) -> Text:
    """Take a text of a definition apart, and put its secrets in.

    Args:
        text: A header value or a rewrite target.
        secrets: A secret that is missing is empty.

    Never raises: what looks like no variable is text.
    """
    parts: list[Part] = []
    literal: list[str] = []
    end = 0

    def flush() -> None:
        joined = "".join(literal)
        literal.clear()
        if joined:
            parts.append(joined)

    for token in _TOKEN.finditer(text):
        literal.append(text[end : token.start()])
        end = token.end()
        label = _LABEL.match(token[0])
        if label is not None and token[0][label.end()] != ".":
            # As in the reference gateway: once a kind of variables is used in a text, its name with any other character
            # for the dot is a variable that is missing.
            literal.append("" if f"{label[0]}." in text else token[0])
            continue
        if token["secret"]:
            literal.append(secrets("conf", token["conf"]) or "")
            continue
        if token["env"]:
            literal.append(secrets("env", token["variable"]) or "")
            continue
        if token["kind"]:
            literal.append(secrets(token["kind"], token["key"]) or "")
            continue
        flush()
        if token["group"]:
            parts.append(Group(int(token["group"][:9]), token[0]))
        elif token["scope"] == "context":
            parts.append(ContextVariable(token["name"]))
        else:
            parts.append(MetaVariable(token["name"]))
    literal.append(text[end:])
    flush()
    if all(isinstance(part, str) for part in parts):
        return constant_text("".join(part for part in parts if isinstance(part, str)))
    return Text(tuple(parts), None)


def constant_text(text: str) -> Text:
    """A text in which nothing is a variable."""
    return Text((text,) if text else (), text)


def print_value(value: VariableValue) -> str:
    """A variable's value as text; what has no text is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, tuple):
        if all(isinstance(item, str) for item in value):
            return ",".join(map(str, value)).removeprefix(",")
        return ",".join(query_escape(text) for text in map(print_value, value) if text)
    if isinstance(value, FormValues):
        return ";".join(f"{name}:{','.join(values)}" for name, values in value.items())
    return ""


def print_metadata(value: object) -> str:
    """A JSON value of a session's metadata as text: numbers are 64-bit floats, and members of lists are escaped."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | list):
        return ""
    if isinstance(value, list):
        return ",".join(query_escape(text) for text in map(print_metadata, value) if text)
    return _float_text(float(value))


def _float_text(value: float) -> str:
    """Shortest decimal without an exponent, as Go's FormatFloat(f, 'f', -1, 64)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
