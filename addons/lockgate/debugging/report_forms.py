"""A replay's report in the forms that are printed: text, JSON, JUnit, HTML. No I/O."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from lockgate.debugging.comparison import Difference
from lockgate.debugging.report_page import page
from lockgate.debugging.reports import MOST_KEPT, Report, Result, Verdict
from lockgate.trace_format import printable

MOST_LISTED: Final = 20
"""Exchanges in the text, one by one."""
MOST_OF_ONE: Final = 8
"""Differences of one exchange in the text."""
MOST_ROWS: Final = 40
"""Fields, and reasons, in the text."""
LONGEST_SHOWN: Final = 200
"""Characters of a value in the text."""

_LED_IN: Final = 40
"""Characters of a value before what differs."""
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_text(report: Report) -> str:
    """For a terminal."""
    text = "\n".join(printable(line) for line in _lines(report)) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def summary(report: Report) -> str:
    """One line: counts that add up."""
    parts = [f"{report.same} the same", f"{report.different} different", f"{report.not_replayed} not replayed"]
    aside = []
    if report.left_out:
        aside.append(f"{report.left_out} left out by the filter")
    if report.not_http:
        aside.append(f"{report.not_http} left out, being no HTTP")
    if report.limited:
        aside.append("more were not looked at, by the limit")
    left = f" ({', '.join(aside)})" if aside else ""
    return f"{report.total} exchange{'s' * (report.total != 1)}: {', '.join(parts)}{left}"


def remarks(report: Report) -> list[str]:
    """What else has to be known to judge the counts."""
    said = [f"not read to its end: {fault}" for fault in report.faults]
    if report.unrouted == report.total > 0:
        said.append("none of these exchanges is for an API of the definitions: no listen path fits")
    elif report.unrouted:
        are = "is" if report.unrouted == 1 else "are"
        said.append(f"{report.unrouted} of these exchanges {are} for no API of the definitions: no listen path fits")
    return said


def _lines(report: Report) -> Iterator[str]:
    yield f"{', '.join(report.recordings)} through {report.definitions}, against {report.against}"
    yield summary(report)
    yield from remarks(report)
    if report.fields:
        yield ""
        yield "differences by field:"
        for one in report.by_field[:MOST_ROWS]:
            yield f"{one.count:8}  {one.name}"
            if one.example is not None:
                yield f"          {one.title}: {_values(one.example)}"
        yield from _more(len(report.fields) - MOST_ROWS, "fields")
    if report.reasons:
        yield ""
        yield "not replayed:"
        first = {one.reason: one for one in reversed(report.of(Verdict.NOT_REPLAYED))}
        for reason, count in sorted(report.reasons.items(), key=lambda pair: -pair[1])[:MOST_ROWS]:
            yield f"{count:8}  {reason}"
            if reason in first:
                yield f"          {first[reason].named}"
        yield from _more(len(report.reasons) - MOST_ROWS, "reasons")
    for result in report.of(Verdict.DIFFERENT)[:MOST_LISTED]:
        yield ""
        yield f"{result.title}  ({_place(result)})"
        yield from (f"    {_shortened(one)}" for one in result.differences[:MOST_OF_ONE])
        if len(result.differences) > MOST_OF_ONE:
            yield f"    … and {len(result.differences) - MOST_OF_ONE} more"
        yield from (f"    the recording lacks {one}" for one in result.missing)
    if report.different > MOST_LISTED:
        yield ""
        yield f"… and {report.different - MOST_LISTED} more; --format json, junit and html have up to {MOST_KEPT}"


def _more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"          … and {count} more {what}; --format json and html have them"


def _shortened(difference: Difference) -> Difference:
    """With values short enough for a terminal: where they differ, and what stands around it."""
    before, after = difference.before, difference.after
    start = 0
    if before is not None and after is not None and max(len(before), len(after)) > LONGEST_SHOWN:
        equal = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
        start = max(0, (min(len(before), len(after)) if equal is None else equal) - _LED_IN)
    return replace(difference, before=_part(before, start), after=_part(after, start))


def _part(text: str | None, start: int) -> str | None:
    if text is None:
        return None
    end = start + LONGEST_SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"


def _values(difference: Difference) -> str:
    return str(replace(_shortened(difference), side="", part="", place="")).removeprefix(": ")


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
        "not_http": report.not_http,
        "unrouted": report.unrouted,
        "limited": report.limited,
        "faults": list(report.faults),
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
    """For CI: a test case for each exchange that is not the same, one for all that are, one for each broken recording."""
    cases = [f"<testcase classname={_attribute(report.definitions)} name={_attribute(summary(report))}/>"]
    cases += [_case(name, "recording", "error", name) for name in report.faults]
    different, refused = report.of(Verdict.DIFFERENT), report.of(Verdict.NOT_REPLAYED)
    for one in different:
        said = "\n".join(map(str, one.differences))
        cases.append(_case(one.named, one.api or "no API", "failure", one.differences[0].field, said))
    if report.different > len(different):
        name = f"{report.different - len(different)} more exchanges that are different"
        cases.append(_case(name, report.definitions, "failure", name))
    for one in refused:
        cases.append(_case(one.named, one.api or "no API", "skipped", one.reason))
    if report.not_replayed > len(refused):
        name = f"{report.not_replayed - len(refused)} more exchanges that were not replayed"
        cases.append(_case(name, report.definitions, "skipped", name))
    failures = len(different) + (report.different > len(different))
    skipped = len(refused) + (report.not_replayed > len(refused))
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{len(report.faults)}" skipped="{skipped}"'
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    suite = f'<testsuite name="lockgate replay" {counts}>'
    return "\n".join([head, suite, *cases, "</testsuite>"]) + "\n"


def _case(name: str, api: str, kind: str, message: str, said: str = "") -> str:
    inner = f"<{kind} message={_attribute(message)}" + (f">{_escaped(said)}</{kind}>" if said else "/>")
    return f"<testcase classname={_attribute(api)} name={_attribute(name)}>\n{inner}\n</testcase>"


def _clean(text: str) -> str:
    """Text that XML may hold, and any encoding: no control characters, no lone surrogates."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _escaped(text: str) -> str:
    return _clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_html(report: Report) -> str:
    """One page that needs nothing else, without script."""
    different, refused = report.of(Verdict.DIFFERENT), report.of(Verdict.NOT_REPLAYED)
    shown = page(report=report, remarks=remarks(report), different=different, refused=refused)
    return _clean(shown)


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": to_text,
    "json": to_json,
    "junit": to_junit,
    "html": to_html,
}
