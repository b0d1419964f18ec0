"""Two exchanges beside each other."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from lockgate.debugging.desk import Desk
from lockgate.debugging.exchanges import Entry
from lockgate.debugging.ignoring import PATTERNS, RuleError, Rules, rules_of
from lockgate.pages.base import Page, Refused
from lockgate.pages.sides import Row, sides
from lockgate.trace import Trace

ID: Final = r"[0-9a-z-]{1,64}"


_NO_RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Rule:
    """Differences that say nothing of a definition."""

    name: str
    says: str
    """For people."""
    rules: Rules


def _rule(name: str, says: str, *headers: str, values: tuple[str, ...] = (), gateway_ids: bool = False) -> Rule:
    patterns = tuple(PATTERNS[value] for value in values)
    return Rule(name, says, Rules(headers=frozenset(headers), values=patterns, gateway_ids=gateway_ids))


RULES: Final = (
    _rule("dates", "dates and times", "date", "age", "expires", "last-modified", values=("date", "timestamp")),
    _rule(
        *("ids", "random ids", "x-request-id", "x-correlation-id", "traceparent", "tracestate", "x-amzn-trace-id"),
        values=("uuid", "hex"),
        gateway_ids=True,
    ),
    _rule("limits", "what is left of limits", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"),
)
"""That may be switched off."""
OWN_RULE: Final = "yours"
"""What somebody asked to be ignored beside those."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a comparison is to ignore."""

    off: frozenset[str] = frozenset()
    """Names of ``RULES`` that do not apply."""
    own: Rules = _NO_RULES
    """Beside those that do."""

    def rules(self, ids: Sequence[Sequence[str]]) -> Sequence[tuple[str, Rules]]:
        """Those that apply, by name.

        Args:
            ids: What the gateway drew by lot in each exchange.
        """
        named = [(rule.name, rule.rules) for rule in RULES if rule.name not in self.off]
        return [(name, one.knowing(*ids) if one.gateway_ids else one) for name, one in (*named, (OWN_RULE, self.own))]


def wanted(page: Page) -> Wanted:
    """What the query of a request asks to be ignored: ``off``, names of rules with commas; ``ignore`` as ``rules_of``.

    Raises:
        Refused: There is no such rule.
    """
    off = frozenset(name for name in page.get_query_argument("off", "").split(",") if name)
    known = [rule.name for rule in RULES]
    if unknown := sorted(off.difference(known)):
        raise Refused(400, f"expected some of {', '.join(known)} as rules, found {', '.join(unknown)}")
    try:
        return Wanted(off, rules_of(page.get_query_arguments("ignore"), page.get_query_arguments("values"), _NO_RULES))
    except RuleError as error:
        raise Refused(400, str(error)) from None


def ignored_by(rules: Sequence[tuple[str, Rules]], row: Row) -> str:
    """The name of the rule by which a row that differs does not count, or ""."""
    return next((name for name, one in rules if _ignores(one, row)), "")


def _ignores(rules: Rules, row: Row) -> bool:
    match row.kind:
        case "header" if rules.ignores_header(row.name.lower()):
            return True
        case "value" | "text" | "body" if rules.ignores_part("body"):
            return True
        case "value" if rules.ignores_pointer(_path(row.name)):
            return True
        case "line" if rules.ignores_part("url" if row.name == "target" else row.name):
            return True
    return row.before is not None and row.after is not None and rules.same(row.before, row.after)


def _path(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def entry_of(desk: Desk, exchange_id: str) -> Entry:
    """An exchange of the log.

    Raises:
        Refused: It is not there, or not any longer.
    """
    entry = desk.exchanges.entries.get(exchange_id)
    if entry is None:
        raise Refused(404, f"there is no exchange {exchange_id!r}: only the newest are kept")
    return entry


def address_of(before: str, after: str) -> str:
    """Of the page that compares two exchanges."""
    return f"/lockgate/compare?{urlencode({'before': before, 'after': after})}"


async def comparison(desk: Desk, before: Entry, after: Entry, ignoring: Wanted) -> dict[str, Any]:
    """Both exchanges, for the page and for programs.

    Args:
        desk: That knows them.
        before: The earlier one.
        after: The later one.
        ignoring: What does not count.
    """
    rules = ignoring.rules([_ids(before.trace), _ids(after.trace)])
    found = await asyncio.to_thread(sides, before.trace, after.trace, partial(ignored_by, rules))
    return {
        "before": _head(desk, before),
        "after": _head(desk, after),
        "rules": [{"name": rule.name, "says": rule.says, "on": rule.name not in ignoring.off} for rule in RULES],
        **found,
    }


def _ids(trace: Trace) -> list[str]:
    return [str(call.answer) for step in trace.steps for call in step.calls if call.service == "ids"]


def _head(desk: Desk, entry: Entry) -> dict[str, Any]:
    trace = entry.trace
    last = trace.steps[-1].after if trace.steps else trace.original
    return {
        "id": entry.id,
        "number": entry.number,
        "api": last.passes[-1].api_name if last.passes else "",
        "generation": trace.generation,
        "received_at": trace.original.received_at.isoformat(),
        "status": None if trace.answer is None else trace.answer.status,
        "over": entry.over,
        "paused": entry.id in desk.breakpoints.pauses,
        "elapsed_us": round(trace.elapsed_ns / 1000, 1),
    }


class ComparePage(Page):
    """The page."""

    def get(self) -> None:
        """Show it; its script asks for the rest."""
        self.show("compare.html")


class Compare(Page):
    """Its data."""

    async def get(self) -> None:
        """Two exchanges, by ``before`` and ``after``; for the rest see ``wanted``."""
        desk = self.desk
        before, after = (entry_of(desk, self.get_query_argument(name, "")) for name in ("before", "after"))
        self.write_json(await comparison(desk, before, after, wanted(self)))


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/compare", ComparePage),
    (r"/lockgate/api/compare", Compare),
)
