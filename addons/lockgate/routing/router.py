"""The OpenAPI router: which operation of a document the path of a request belongs to, exactly.

OAS validation and mocks are looked up here, beside the patterns that all other middleware are matched with.

What a path means counts, not how it is spelled: it is compared decoded, but for an encoded slash, which parts nothing;
and without its listen path, which the path of a loop or of a child version does not have. So no spelling and no way
leads past what an operation asks for.

Source: behaviour-chain 2.7 (v5.11.1).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from lockgate.routing.listen import ListenPath, split_template
from lockgate.routing.pattern import PatternSet, Regex, compile_regex, decode_path
from lockgate.urls import encode_path

_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_ENCODED_SLASH: Final = re.compile("%2[fF]")
_SLASH_IN_SEGMENT: Final = "\x1f"
"""Stands for an encoded slash in a decoded path."""
_ONE_SEGMENT: Final = "[^/]+"


class Operation(NamedTuple):
    """An operation of a document, as the router finds it."""

    path: str
    """As the document has it."""
    value: Any
    """What is wanted of it; None where nothing is."""
    values: Mapping[str, str]
    """What stands for the placeholders of ``path``, by name without pattern; percent-encoded."""


class _Template:
    """A path of a document with placeholders."""

    __slots__ = ("_groups", "_regex", "pattern")

    def __init__(self, path: str, flags: str) -> None:
        """Compile.

        Raises:
            ValueError: The reference's router takes no such path either.
        """
        pieces = split_template(path)
        parts = [f"{flags}^"]
        groups: dict[str, int] = {}
        number = 1
        for literal, inside in pieces[:-1]:
            name, colon, inner = inside.partition(":")
            if not name or (colon and not inner):
                raise ValueError(f"missing name or pattern in {path!r}")
            parts += [re.escape(_comparable(literal)), f"({inner or _ONE_SEGMENT})"]
            groups[name] = number
            number += 1 + (compile_regex(inner).groups if inner else 0)
        parts += [re.escape(_comparable(pieces[-1][0])), "$"]
        self.pattern: Final = "".join(parts)
        self._regex: Final[Regex] = compile_regex(self.pattern, dot_all=True)
        self._groups: Final = groups

    def values(self, raw: str, compared: str) -> dict[str, str]:
        """What stands for each placeholder.

        Args:
            raw: Percent-encoded, without listen path.
            compared: The same, as ``_comparable`` gives it.
        """
        found = self._regex.search(raw) if raw.isascii() else None
        if found is not None:
            return {name: found.group(number) or "" for name, number in self._groups.items()}
        found = self._regex.search(compared)
        if found is None:
            return {}
        return {
            name: "%2F".join(map(encode_path, (found.group(number) or "").split(_SLASH_IN_SEGMENT)))
            for name, number in self._groups.items()
        }


@final
class OperationRouter:
    """Finds the first path of a document that a request path matches as a whole and that has its method."""

    __slots__ = ("_exact", "_ignore_case", "_listen", "_methods", "_ordered", "_patterns", "_positions", "_templates")

    def __init__(
        self, listen: ListenPath, entries: Sequence[tuple[str, str, Any]], *, ignore_case: bool = False
    ) -> None:
        """Build the router.

        Args:
            listen: Of the API; requests may have it before the path of the document or not.
            entries: Path, method and value of every operation of the document. An operation with nothing to do
                belongs here too, with the value None: the search ends at the first path that has the method.
            ignore_case: ``ignore_endpoint_case`` of the gateway.
        """
        by_path: dict[str, dict[str, Any]] = defaultdict(dict)
        for path, method, value in entries:
            by_path[path][method] = value
        # Fewer variables first; equal ones in reverse alphabetical order.
        self._ordered: Final = tuple(
            sorted(sorted(by_path, reverse=True), key=lambda path: len(_PLACEHOLDER.findall(path)))
        )
        self._methods: Final = tuple(by_path[path] for path in self._ordered)
        self._listen: Final = listen
        self._ignore_case: Final = ignore_case
        self._exact: Final[dict[str, list[int]]] = defaultdict(list)
        self._templates: Final[dict[int, _Template]] = {}
        for position, path in enumerate(self._ordered):
            if "{" not in path:
                self._exact[self._folded(_comparable(path))].append(position)
                continue
            try:
                self._templates[position] = _Template(path, "(?i)" if ignore_case else "")
            except ValueError:
                continue  # The reference's router takes no such path either: it is never found.
        self._positions: Final = tuple(self._templates)
        self._patterns: Final = PatternSet(template.pattern for template in self._templates.values())

    def _folded(self, path: str) -> str:
        return path.casefold() if self._ignore_case else path

    def find(self, path: str, method: str) -> Operation | None:
        """The operation that a request belongs to.

        Args:
            path: Percent-encoded, as the pass began with it.
            method: Compared with its case.
        """
        # Differs: the reference gateway compares the encoded path, with its listen path
        # (test_no_spelling_leads_past_an_operation).
        compared = _comparable(path)
        inner = self._listen.strip(compared)
        if inner == compared and _SLASH_IN_SEGMENT in compared:
            whole = decode_path(path)
            stripped = self._listen.strip(whole)
            inner = inner if stripped == whole else stripped  # The listen path's own slash is encoded.
        for position in self._candidates(inner):
            methods = self._methods[position]
            # Differs: the reference gateway ends its search at the first path, whatever its methods
            # (test_another_method_hides_nothing).
            if method in methods:
                template = self._templates.get(position)
                values = {} if template is None else template.values(self._listen.strip(path), inner)
                return Operation(self._ordered[position], methods[method], values)
        return None

    def _candidates(self, inner: str) -> Iterator[int]:
        """Paths that match, in the order in which they count."""
        exact = self._exact.get(self._folded(inner), ())
        found = self._patterns.found(inner) if self._positions else ()
        yield from sorted((*exact, *(self._positions[index] for index in found)))


def check_path(path: str) -> None:
    """Find out whether a path of a document can ever be found.

    Raises:
        ValueError: It cannot; the message is one sentence.
    """
    if "{" in path:
        _Template(path, "")


def _comparable(path: str) -> str:
    """A path decoded, in which an encoded slash is no slash."""
    if "%" not in path and path.isascii():
        return path
    return decode_path(_ENCODED_SLASH.sub(_SLASH_IN_SEGMENT, path))
