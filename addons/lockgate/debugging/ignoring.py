"""What does not count when runs are compared: headers, JSON fields, parts of messages, kinds of values. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

PARTS: Final = ("presence", "address", "method", "url", "host", "status", "body")
"""That can be left out as a whole."""

PATTERNS: Final[Mapping[str, str]] = {
    "date": (
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? \d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d(?: [A-Z]{3,4}| [+-]\d{4})?"
        r"|(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?Z| ?[+-]\d\d:?\d\d)?)?(?!\d)"
    ),
    "uuid": r"(?i:(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f]))",
    "timestamp": r"(?<![\d.])1\d{9}(?:\d{3}|\d{6}|\d{9}|\.\d+)?(?!\d)",
    "number": r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "hex": r"(?i:(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{12,}(?![0-9a-z]))",
    "ip": r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
}
"""Kinds of values, by name: dates of HTTP and ISO 8601, seconds, milli-, micro- and nanoseconds since 1970, and so on."""

_OWN: Final = "re:"
_SHORTEST_ID: Final = 8
"""In characters."""


class RuleError(ValueError):
    """A rule that cannot be understood; the message says what was expected and what was found."""


@dataclass(frozen=True)
class Rules:
    """What does not count. Without any everything does."""

    headers: frozenset[str] = frozenset()
    """Names in lower case."""
    pointers: tuple[tuple[str, ...], ...] = ()
    """JSON pointers, part by part, from the root; "*" stands for any one part. What lies below is left out with it."""
    parts: frozenset[str] = frozenset()
    """Of ``PARTS``."""
    values: tuple[str, ...] = ()
    """Regular expressions: texts are the same that differ only in what one of these finds."""
    gateway_ids: bool = False
    """Ids that the gateway drew itself do not count, wherever they stand."""
    ids: tuple[str, ...] = ()
    """Texts that are such ids."""

    def ignores_part(self, part: str) -> bool:
        """Whether a whole part of a message does not count."""
        return part in self.parts

    def ignores_header(self, name: str) -> bool:
        """Whether a header does not count.

        Args:
            name: In lower case.
        """
        return name in self.headers

    def ignores_pointer(self, path: Sequence[str]) -> bool:
        """Whether a JSON field does not count."""
        return any(
            len(one) == len(path) and all(want in ("*", part) for want, part in zip(one, path, strict=True))
            for one in self.pointers
        )

    def same(self, before: str, after: str) -> bool:
        """Whether two texts differ in nothing that counts."""
        if before == after:
            return True
        if not self.values and not self.ids:
            return False
        return self._bare(before) == self._bare(after)

    def _bare(self, text: str) -> str:
        if self.ids:
            text = _any_of(self.ids).sub("\0", text)
        for value in self.values:
            text = _compiled(value).sub("\0", text)
        return text

    def knowing(self, *drawn: Sequence[str]) -> "Rules":
        """The same rules for an exchange with these ids."""
        ids = tuple(dict.fromkeys(one for ids in drawn for one in ids if len(one) >= _SHORTEST_ID))
        # Ids stand in texts with dashes and without.
        return replace(self, ids=(*ids, *(one.replace("-", "") for one in ids if "-" in one))) if ids else self


DEFAULTS: Final = Rules(headers=frozenset({"date"}), gateway_ids=True)
"""What hardly anybody asks about: when an answer was made, and what the gateway drew by lot."""


def rules_of(ignored: Iterable[str], values: Iterable[str] = (), base: Rules = DEFAULTS) -> Rules:
    """Rules as the command line writes them.

    Args:
        ignored: ``header:NAME``, ``json:POINTER`` with "*" for any one part, or the name of a part: ``status``, ``body``…
        values: Names of ``PATTERNS``, several parted by commas, or one ``re:`` with a regular expression.
        base: To which they are added.

    Raises:
        RuleError: One of them is none.
    """
    headers, pointers, parts = set(base.headers), list(base.pointers), set(base.parts)
    for one in ignored:
        kind, colon, rest = one.partition(":")
        if kind == "header" and rest.strip():
            headers.add(rest.strip().lower())
        elif kind == "json" and (rest.startswith("/") or (colon and not rest)):
            pointers.append(tuple(part.replace("~1", "/").replace("~0", "~") for part in rest.split("/")[1:]))
        elif not colon and kind in PARTS:
            parts.add(kind)
        else:
            raise RuleError(
                f"expected header:NAME, json:/POINTER or one of {', '.join(PARTS)} as what to ignore, found {one!r}"
            )
    patterns = [pattern for one in values for pattern in _patterns(one)]
    return replace(
        base,
        headers=frozenset(headers),
        pointers=tuple(pointers),
        parts=frozenset(parts),
        values=(*base.values, *patterns),
    )


def _patterns(written: str) -> list[str]:
    if written.startswith(_OWN):
        pattern = written.removeprefix(_OWN)
        try:
            re.compile(pattern)
        except re.error as error:
            raise RuleError(f"expected a regular expression, found {pattern!r}: {error}") from None
        return [pattern]
    names = [name.strip() for name in written.split(",")]
    for name in names:
        if name not in PATTERNS:
            raise RuleError(f"expected {', '.join(PATTERNS)} or re:PATTERN as values to ignore, found {name!r}")
    return [PATTERNS[name] for name in names]


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=64)
def _any_of(texts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(one) for one in sorted(texts, key=len, reverse=True)))
