"""One verdict on a body against a schema of ``validate_json``.

Source: behaviour-chain 4.7.
"""

from collections.abc import Mapping
from typing import Any, Final, final

from lockgate.documents.json import JsonValue, decode
from lockgate.validation.budget import too_many
from lockgate.validation.classic_compiler import compile_schema
from lockgate.validation.classic_fast import FastPath
from lockgate.validation.classic_nodes import (
    INLINE_STEPS,
    MAX_STEPS,
    RUN,
    Run,
    TooComplexError,
    described,
)
from lockgate.validation.classic_references import SchemaError
from lockgate.validation.texts import shortened

__all__ = ["INLINE_STEPS", "MAX_STEPS", "ClassicSchema", "SchemaError", "TooComplexError"]

_INLINE_BYTES: Final = 4_096
"""Of a body that is decoded on the event loop."""
_INLINE_FAST_BYTES: Final = 131_072
"""Of one that the fast path may know."""
_FAST_COST_PER_STEP: Final = 150
_MAX_FAST_COST: Final = 1_000_000
"""In a thread too: the library holds up every other thread."""


@final
class ClassicSchema:
    """A schema, compiled. Immutable."""

    __slots__ = ("_fast", "_root")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile.

        Args:
            schema: As the definition has it. Nothing is fetched.

        Raises:
            SchemaError: It cannot be used.
        """
        self._root: Final = compile_schema(schema)
        self._fast: Final = FastPath(self._root)

    @property
    def has_fast_path(self) -> bool:
        """Whether ``passes`` may say yes."""
        return self._fast.exists

    def is_inline(self, size_bytes: int) -> bool:
        """Whether a body of this size may be judged on the event loop, in ``INLINE_STEPS``; if not, in a thread."""
        if self._fast.exists and size_bytes <= _INLINE_FAST_BYTES:
            return self._fast.cost(size_bytes) <= INLINE_STEPS * _FAST_COST_PER_STEP
        return size_bytes <= _INLINE_BYTES

    def check(self, body: bytes, steps: int = MAX_STEPS) -> str:
        """What is wrong with a body: "(root): a is required; b: Must be a multiple of 2"; "" if it passes.

        Args:
            body: What stands behind the first value does not count.
            steps: That may be taken.

        Raises:
            JsonError: It holds no JSON value.
            TooComplexError: It cannot be judged in so many steps.
        """
        if problem := too_many(body):
            return problem
        limit = min(steps * _FAST_COST_PER_STEP, _MAX_FAST_COST)
        if self._fast.cost(len(body)) <= limit and self._fast.passes(body, steps):
            return ""
        if steps <= INLINE_STEPS and len(body) > _INLINE_BYTES:
            raise TooComplexError
        return self.violations(decode(body, trailing_allowed=True), steps)

    def violations(self, value: JsonValue, steps: int = MAX_STEPS) -> str:
        """As ``check``, for a decoded body.

        Raises:
            TooComplexError: It cannot be judged in so many steps.
        """
        run = Run(steps)
        token = RUN.set(run)
        try:
            errors = run.visit(self._root, value)
        except RecursionError:
            raise TooComplexError from None
        finally:
            RUN.reset(token)
        # Differs: a long list is cut off (test_long_lists_of_violations_are_cut_off).
        return shortened("; ".join(map(described, errors)))
