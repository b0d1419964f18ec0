"""What came of a replay, for people and for files: counted, by field, and one by one. Secrets are masked. No I/O."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from lockgate.debugging.comparison import Difference
from lockgate.debugging.recordings import Recorded
from lockgate.debugging.report_page import page
from lockgate.trace_format import MASK, is_secret, masked_url, printable, without_secrets

MOST_KEPT: Final = 1000
"""Exchanges that are shown one by one; the others are counted."""
MOST_LISTED: Final = 20
"""Exchanges in the text, one by one."""
MOST_OF_ONE: Final = 8
"""Differences of one exchange in the text."""

_INDEX: Final = re.compile(r"/\d+(?=/|$)")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    fields: dict[str, Field] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    """Why exchanges were not replayed, and how many."""
    kept: list[Result] = field(default_factory=list)
    """Those that are not the same, up to ``MOST_KEPT``."""

    @property
    def total(self) -> int:
        """Exchanges that were looked at."""
        return self.same + self.different + self.not_replayed

    def add(self, result: Result) -> None:
        """Take one in."""
        if result.verdict is Verdict.SAME:
            self.same += 1
            return
        if result.verdict is Verdict.DIFFERENT:
            self.different += 1
            for one in {_general(one): one for one in reversed(result.differences)}.items():
                self._count(*one, result.title)
        else:
            self.not_replayed += 1
            self.reasons[result.reason] = self.reasons.get(result.reason, 0) + 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(result)

    def _count(self, name: str, difference: Difference, title: str) -> None:
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


def _hidden(difference: Difference, secrets: AbstractSet[str], names: AbstractSet[str]) -> Difference:
    last = difference.place.rpartition("/")[2] if difference.part == "body" else difference.place
    if difference.place and (is_secret(last) or last.lower() in names):
        shown: Callable[[str], str] = lambda _: MASK  # noqa: E731 - one of two
    else:
        shown = lambda text: without_secrets(masked_url(text, names), secrets, names)  # noqa: E731
    before, after = (None if one is None else shown(one) for one in (difference.before, difference.after))
    return replace(difference, before=before, after=after)


# Forms


def to_text(report: Report) -> str:
    """For a terminal."""
    text = "\n".join(printable(line) for line in _lines(report)) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def summary(report: Report) -> str:
    """One line."""
    parts = [f"{report.same} the same", f"{report.different} different", f"{report.not_replayed} not replayed"]
    left = f" ({report.left_out} left out by the filter)" if report.left_out else ""
    return f"{report.total} exchange{'s' * (report.total != 1)}: {', '.join(parts)}{left}"


def _lines(report: Report) -> Iterator[str]:
    yield f"{', '.join(report.recordings)} through {report.definitions}, against {report.against}"
    yield summary(report)
    if report.fields:
        yield ""
        yield "differences by field:"
        for one in report.by_field:
            yield f"{one.count:8}  {one.name}"
            if one.example is not None:
                yield f"          {one.title}: {_values(one.example)}"
    if report.reasons:
        yield ""
        yield "not replayed:"
        for reason, count in sorted(report.reasons.items(), key=lambda pair: -pair[1]):
            yield f"{count:8}  {reason}"
    shown = [one for one in report.kept if one.verdict is Verdict.DIFFERENT]
    for result in shown[:MOST_LISTED]:
        yield ""
        yield f"{result.title}  ({_place(result)})"
        yield from (f"    {one}" for one in result.differences[:MOST_OF_ONE])
        if len(result.differences) > MOST_OF_ONE:
            yield f"    … and {len(result.differences) - MOST_OF_ONE} more"
        yield from (f"    the recording lacks {one}" for one in result.missing)
    if report.different > MOST_LISTED:
        yield ""
        yield f"… and {report.different - MOST_LISTED} more; --format json and html have up to {MOST_KEPT}"


def _values(difference: Difference) -> str:
    before, after = difference.before, difference.after
    return str(replace(difference, side="", part="", place="", before=before, after=after)).removeprefix(": ")


def _place(result: Result) -> str:
    api = f"API {result.api}" if result.api else ""
    exchange = f"exchange {result.id}" if result.id and result.id != result.source else ""
    return ", ".join(part for part in (result.source, exchange, api) if part)


def to_plain(report: Report) -> dict[str, Any]:
    """As JSON values."""
    return {
        "recordings": list(report.recordings),
        "definitions": report.definitions,
        "against": report.against,
        "same": report.same,
        "different": report.different,
        "not_replayed": report.not_replayed,
        "left_out": report.left_out,
        "fields": [
            {"field": one.name, "count": one.count, "exchange": one.title, "example": _plain(one.example)}
            for one in report.by_field
        ],
        "reasons": report.reasons,
        "exchanges": [
            {
                "verdict": one.verdict.value,
                "request": one.title,
                "id": one.id,
                "api": one.api,
                "source": one.source,
                "reason": one.reason,
                "missing": list(one.missing),
                "differences": [_plain(difference) for difference in one.differences],
            }
            for one in report.kept
        ],
    }


def _plain(difference: Difference | None) -> Mapping[str, Any] | None:
    if difference is None:
        return None
    names = ("side", "part", "place", "before", "after")
    return {name: getattr(difference, name) for name in names}


def to_json(report: Report) -> str:
    """For programs."""
    return json.dumps(to_plain(report), indent=1) + "\n"


def to_junit(report: Report) -> str:
    """For CI: a test case for each exchange that is not the same, and one for all that are."""
    counts = f'tests="{len(report.kept) + 1}" failures="{sum(one.verdict is Verdict.DIFFERENT for one in report.kept)}"'
    skipped = sum(one.verdict is Verdict.NOT_REPLAYED for one in report.kept)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuite name="lockgate replay" {counts} errors="0" skipped="{skipped}">')
    lines.append(f"<testcase classname={_attribute(report.definitions)} name={_attribute(summary(report))}/>")
    for one in report.kept:
        name = _attribute(f"{one.title} ({one.source})")
        lines.append(f"<testcase classname={_attribute(one.api or 'no API')} name={name}>")
        if one.verdict is Verdict.DIFFERENT:
            said = "\n".join(map(str, one.differences))
            lines.append(f"<failure message={_attribute(one.differences[0].field)}>{_escaped(said)}</failure>")
        else:
            lines.append(f"<skipped message={_attribute(one.reason)}/>")
        lines.append("</testcase>")
    lines.append("</testsuite>")
    return "\n".join(lines) + "\n"


def _clean(text: str) -> str:
    """Text that XML may hold, and any encoding: no control characters, no lone surrogates."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _escaped(text: str) -> str:
    return _clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_html(report: Report) -> str:
    """One page that needs nothing else, without script."""
    different = [one for one in report.kept if one.verdict is Verdict.DIFFERENT]
    refused = [one for one in report.kept if one.verdict is Verdict.NOT_REPLAYED]
    shown = page(report=report, summary=summary(report), different=different, refused=refused)
    return _clean(shown)


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": to_text,
    "json": to_json,
    "junit": to_junit,
    "html": to_html,
}
