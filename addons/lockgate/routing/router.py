"""The OpenAPI router: which operation of a document an encoded request path belongs to, exactly.

OAS validation and mocks are looked up here, beside the patterns that all other middleware are matched with.

Source: behaviour-chain 2.7 (v5.11.1).
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, final

from lockgate.routing.listen import template_pattern
from lockgate.routing.pattern import PatternSet, compile_regex

_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")


class Operation(NamedTuple):
    """An operation of a document, as the router finds it."""

    path: str
    """As the document has it."""
    methods: dict[str, Any]
    """What is wanted of each method."""


@final
class OperationRouter:
    """Finds the first path of a document that a request path matches as a whole."""

    __slots__ = ("_exact", "_operations", "_patterns", "_positions")

    def __init__(self, listen_path: str, entries: Sequence[tuple[str, str, Any]]) -> None:
        """Build the router.

        Args:
            listen_path: As the definition has it; a trailing "/" does not count.
            entries: Path, method and value of every operation of the document. An operation with nothing to do
                belongs here too, with the value None: the search ends at the first path that matches.
        """
        by_path: dict[str, dict[str, Any]] = defaultdict(dict)
        for path, method, value in entries:
            by_path[path][method] = value
        # Fewer variables first; equal ones in reverse alphabetical order.
        ordered = sorted(sorted(by_path, reverse=True), key=lambda path: len(_PLACEHOLDER.findall(path)))
        base = listen_path.rstrip("/")
        self._operations: Final = tuple(Operation(path, by_path[path]) for path in ordered)
        self._exact: Final[dict[str, int]] = {}
        patterns: list[str] = []
        positions: list[int] = []
        for position, path in enumerate(ordered):
            full = base + path
            if "{" not in full:
                self._exact.setdefault(full, position)
                continue
            try:
                pattern = template_pattern(full) + "$"
                compile_regex(pattern)
            except ValueError:
                continue  # The reference's router takes no such path either: it is never found.
            patterns.append(pattern)
            positions.append(position)
        self._patterns: Final = PatternSet(patterns)
        self._positions: Final = tuple(positions)

    def find(self, path: str) -> Operation | None:
        """The operation path that the percent-encoded ``path`` of a request belongs to."""
        best = self._exact.get(path)
        if self._positions and path.isascii():
            for index in self._patterns.found(path):
                if best is None or self._positions[index] < best:
                    best = self._positions[index]
        return None if best is None else self._operations[best]
