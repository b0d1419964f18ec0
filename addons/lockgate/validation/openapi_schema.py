"""One verdict on a decoded value against an OpenAPI schema.

Source: behaviour-chain 4.8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import orjson

from lockgate.documents.json import is_many
from lockgate.validation.compiler import Compiler, Version
from lockgate.validation.fast import FastPath
from lockgate.validation.keywords import violation as text_of
from lockgate.validation.nodes import (
    INLINE_STEPS,
    MAX_STEPS,
    RUN,
    Direction,
    Run,
    TooComplexError,
    TooDeepError,
    copied,
    parts,
    reachable,
)
from lockgate.validation.reader import SchemaError

__all__ = [
    "Compiler",
    "Direction",
    "OpenApiSchema",
    "SchemaError",
    "TooComplexError",
    "Verdict",
    "Version",
]

STEPS_OF_A_VALUE: Final = 100_000
STEPS_OF_A_PART: Final = 20
TOO_DEEP: Final = "value is nested too deeply"
"""Differs: the reference gateway takes any depth (test_a_value_may_be_as_deep_as_is_told)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a value."""

    violation: str | None
    """What is wrong first; None when it passes."""
    value: object
    """The value; with defaults, if ``filled``."""
    filled: bool
    """Defaults were missing. The value that was judged is unchanged."""


@final
class OpenApiSchema:
    """A schema of a document, compiled. Immutable."""

    ref: str
    """Text of a ``$ref`` at the top, as "#/components/schemas/Pet"; "" where the schema stands in place."""
    schema: Mapping[str, Any]
    """What the ``$ref`` at the top leads to, as the document has it. {} for ``true``, {"not": {}} for ``false``."""
    has_defaults: bool
    """Whether a request's value may get defaults."""

    def __init__(
        self,
        schema: Mapping[str, Any] | bool,  # noqa: FBT001 - a schema may be true or false
        document: Mapping[str, Any],
        *,
        version: Version,
        pointer: str,
        compiler: Compiler | None = None,
    ) -> None:
        """Compile.

        Args:
            schema: As it stands at ``pointer`` in ``document``.
            document: The whole OpenAPI document, in which ``$ref`` are looked up. Nothing is fetched.
            version: Of OpenAPI.
            pointer: RFC 6901 JSON Pointer to ``schema``.
            compiler: Of the same document and version: what schemas share is compiled once.

        Raises:
            SchemaError: It does not compile.
        """
        compiler = compiler or Compiler(document, version)
        self._node: Final = compiler.compile(schema, pointer)
        reference = schema.get("$ref", "") if isinstance(schema, Mapping) else ""
        self.ref = reference
        top, _ = compiler.followed(schema, pointer)
        if isinstance(top, Mapping):
            self.schema = top
        else:
            self.schema = {} if top is True else {"not": {}}
        nodes = reachable(self._node)
        self.has_defaults = any("defaults" in node.keywords for node in nodes)
        self._fast: Final = FastPath(self._node)

    @property
    def has_fast_path(self) -> bool:
        """Whether ``passes`` may say yes to a request."""
        return self._fast.knows(Direction.REQUEST)

    def passes(self, value: object, *, direction: Direction = Direction.REQUEST, size_bytes: int) -> bool:
        """The fast yes: the value passes and lacks no default. False tells nothing.

        Args:
            value: What ``orjson.loads`` gives.
            direction: Of the message.
            size_bytes: Of the text that the value was decoded from.
        """
        return self._fast.passes(value, direction, size_bytes)

    def passes_text(self, raw: bytes, *, direction: Direction = Direction.REQUEST, steps: int = MAX_STEPS) -> bool:
        """``passes`` for a JSON text. What it says yes to, Go decodes to the same value.

        Args:
            raw: The text.
            direction: Of the message.
            steps: As in ``judge``.
        """
        if not self._fast.covers(direction, len(raw)) or is_many(raw):
            return False
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return False
        return self._fast.passes(value, direction, len(raw), steps)

    def judge(self, value: object, *, direction: Direction = Direction.REQUEST, steps: int = MAX_STEPS) -> Verdict:
        """The verdict.

        Args:
            value: JSON: dict, list, str, bool, None, int, float or Number. It is written to while this runs, and is
                as it was afterwards.
            direction: Of the message. Only what a request lacks is filled in.
            steps: How much work that may be, about as many microseconds; less for a value of few parts. With
                ``INLINE_STEPS`` it may be done on the event loop.

        Raises:
            TooComplexError: It would be more.
        """
        if steps > INLINE_STEPS:
            # A small value does not earn much time, whatever its schema.
            steps = min(steps, STEPS_OF_A_VALUE + STEPS_OF_A_PART * parts(value))
        run = Run(direction, steps, fills=direction is Direction.REQUEST and self.has_defaults)
        token = RUN.set(run)
        try:
            error = run.first_error(self._node, value)
            if error is not None:
                return Verdict(text_of(error), value, filled=False)
            if not run.changed:
                return Verdict(None, value, filled=False)
            return Verdict(None, copied(value), filled=True)
        except (TooDeepError, RecursionError):
            return Verdict(TOO_DEEP, value, filled=False)
        finally:
            run.undo(0)
            RUN.reset(token)

    def violation(self, value: object, *, direction: Direction = Direction.REQUEST) -> str | None:
        """What is wrong with ``value`` first, as 'Error at "/a/0": value must be a string'; None when it passes.

        Raises:
            TooComplexError: As in ``judge``.
        """
        return self.judge(value, direction=direction).violation
