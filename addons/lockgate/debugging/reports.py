"""What came of a replay: counted, by field, and one by one. Secrets are masked. No I/O."""

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from lockgate.debugging.comparison import Difference
from lockgate.debugging.recordings import Recorded, Unusable
from lockgate.trace_format import MASK, is_secret, masked_url, without_secrets

MOST_KEPT: Final = 1000
"""Exchanges of one verdict that are shown one by one; the others are counted."""
MOST_NAMES: Final = 10_000
"""Fields that differ, and reasons, that are counted by themselves; the others are counted together."""
OTHERS: Final = "others"

_INDEX: Final = re.compile(r"/\d+(?=/|$)")


class Verdict(Enum):
    """What came of one exchange."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_REPLAYED = "not replayed"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one exchange, without secrets."""

    verdict: Verdict
    title: str
    """Method and target."""
    id: str
    api: str
    source: str
    """File, and where in it."""
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    """Why it was not replayed."""
    missing: tuple[str, ...] = ()
    """What the recording lacks."""
    routed: bool = True
    """Whether there is an API for it, then or now."""

    @property
    def named(self) -> str:
        """Method and target, and where it stands."""
        return self.source if self.title == self.source else f"{self.title} ({self.source})"


@dataclass(slots=True)
class Field:
    """Differences of one kind."""

    name: str
    """As ``Difference.field``, with "*" for indexes."""
    count: int = 0
    example: Difference | None = None
    title: str = ""
    """Of the example's exchange."""


@dataclass(slots=True)
class Report:
    """What came of all exchanges. Grows while they are replayed."""

    recordings: Sequence[str] = ()
    definitions: str = ""
    against: str = "what was recorded"
    same: int = 0
    different: int = 0
    not_replayed: int = 0
    left_out: int = 0
    """By the filter."""
    not_http: int = 0
    """Flows of other protocols, which were left out."""
    unrouted: int = 0
    """Of all that were looked at: those for which there is no API."""
    limited: bool = False
    """Whether there are more, which the limit left out."""
    faults: list[str] = field(default_factory=list)
    """Why recordings could not be read, or not to their end."""
    fields: dict[str, Field] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    """Why exchanges were not replayed, and how many."""
    kept: list[Result] = field(default_factory=list)
    """Those that are not the same, up to ``MOST_KEPT`` of each verdict."""

    @property
    def total(self) -> int:
        """Exchanges that were looked at."""
        return self.same + self.different + self.not_replayed

    @property
    def looked_at(self) -> int:
        """Everything that the recordings held, as far as they were read."""
        return self.total + self.left_out + self.not_http

    def add(self, result: Result) -> None:
        """Take one in."""
        self.unrouted += not result.routed
        if result.verdict is Verdict.SAME:
            self.same += 1
            return
        if result.verdict is Verdict.DIFFERENT:
            self.different += 1
            for one in {_general(one): one for one in reversed(result.differences)}.items():
                self._count(*one, result.title)
            count = self.different
        else:
            self.not_replayed += 1
            reason = result.reason if result.reason in self.reasons or len(self.reasons) < MOST_NAMES else OTHERS
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
            count = self.not_replayed
        if count <= MOST_KEPT:
            self.kept.append(result)

    def of(self, verdict: Verdict) -> list[Result]:
        """Those with a verdict that were kept."""
        return [one for one in self.kept if one.verdict is verdict]

    def _count(self, name: str, difference: Difference, title: str) -> None:
        known = self.fields.get(name)
        if known is None and len(self.fields) >= MOST_NAMES:
            name = OTHERS
            known = self.fields.get(name)
        if known is None:
            known = self.fields[name] = Field(name, 0, difference, title)
        known.count += 1

    @property
    def by_field(self) -> list[Field]:
        """The most frequent one first."""
        return sorted(self.fields.values(), key=lambda one: (-one.count, one.name))


def _general(difference: Difference) -> str:
    place = difference.place
    if difference.part == "header":
        place = place.lower()
    elif place.startswith("line"):
        place = "lines"
    return replace(difference, place=_INDEX.sub("/*", place)).field


def result_of(
    recorded: Recorded,
    differences: Sequence[Difference] = (),
    reason: str = "",
    secrets: AbstractSet[str] = frozenset(),
    names: AbstractSet[str] = frozenset(),
) -> Result:
    """What came of one exchange, with its secrets masked.

    Args:
        recorded: The exchange.
        differences: That were found.
        reason: Why it was not replayed; "" where it was.
        secrets: Texts that are not to be shown, wherever they stand.
        names: Of headers and parameters that hold secrets, in lower case, beside those whose name tells it.
    """
    verdict = Verdict.NOT_REPLAYED if reason else Verdict.DIFFERENT if differences else Verdict.SAME
    if verdict is Verdict.SAME:
        return Result(verdict, "", recorded.id, recorded.api, recorded.source)
    hidden = tuple(_hidden(one, secrets, names) for one in differences)
    title = without_secrets(recorded.title, secrets, names)
    why = without_secrets(reason, secrets, names)
    return Result(verdict, title, recorded.id, recorded.api, recorded.source, hidden, why, recorded.missing)


def unusable_result(unusable: Unusable) -> Result:
    """What came of a part of a recording that is no exchange that could be run."""
    return Result(Verdict.NOT_REPLAYED, unusable.source, "", "", unusable.source, reason=unusable.reason)


def _hidden(difference: Difference, secrets: AbstractSet[str], names: AbstractSet[str]) -> Difference:
    last = difference.place.rpartition("/")[2] if difference.part == "body" else difference.place
    if difference.place and (is_secret(last) or last.lower() in names):
        shown: Callable[[str], str] = lambda _: MASK  # noqa: E731 - one of two
    else:
        shown = lambda text: without_secrets(masked_url(text, names), secrets, names)  # noqa: E731
    before, after = (None if one is None else shown(one) for one in (difference.before, difference.after))
    return replace(difference, before=before, after=after)
