"""What lists show of an exchange: one row of plain values, secrets masked. Made when somebody looks."""

from collections.abc import Container
from typing import Any, Final

from lockgate.debugging.exchanges import Entry
from lockgate.exchange import Pass, encode_text
from lockgate.trace import Level, Trace
from lockgate.trace_format import secret_texts, without_secrets

type Row = dict[str, Any]

PAUSED: Final = "paused"
UNDER_WAY: Final = "under way"
OVER: Final = "over"
PASSED: Final = "passed"
OUTCOMES: Final = ("error", "failed", "reject", "respond", "loop", "edited", PASSED, PAUSED, UNDER_WAY)
"""Words for what came of an exchange; what people look for first stands first."""
_WORDS: Final = {
    "error": "error",
    "failed": "failed",
    "reject": "reject",
    "dropped": "reject",
    "respond": "respond",
    "finish": "respond",
    "answered": "respond",
    "loop": "loop",
    "edited": "edited",
}
"""By outcome of a step; those that lead on are not there."""
_SESSIONS: Final = "sessions"
_LONGEST: Final = 300
"""Of a text in a row, in characters."""


def state_of(entry: Entry, paused: Container[str]) -> str:
    """Whether an exchange is over, under way or paused."""
    if entry.over:
        return OVER
    return PAUSED if entry.id in paused else UNDER_WAY


def outcomes_of(entry: Entry, paused: Container[str]) -> set[str]:
    """Which of ``OUTCOMES`` an exchange has; one at least."""
    found = {word for step in entry.trace.steps if (word := _WORDS.get(step.outcome)) is not None}
    if entry.trace.error:
        found.add("error")
    if not entry.over:
        found.add(PAUSED if entry.id in paused else UNDER_WAY)
    return found or {PASSED}


def passes_of(trace: Trace) -> tuple[Pass, ...]:
    """The passes of an exchange, as far as it went."""
    return trace.steps[-1].after.passes if trace.steps else trace.original.passes


def row_of(entry: Entry, paused: Container[str]) -> Row:
    """The row of an exchange."""
    if entry.row is not None:
        return dict(entry.row)
    row = _made(entry, paused)
    if entry.over:
        entry.row = row
    return dict(row)


def _made(entry: Entry, paused: Container[str]) -> Row:
    trace = entry.trace
    original = trace.original
    passes = passes_of(trace)
    words = outcomes_of(entry, paused)
    names, secrets = trace.secret_names, _secrets(trace)

    def shown(text: str) -> str:
        plain = encode_text(without_secrets(text, secrets, names)).decode("utf-8", "backslashreplace")
        return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"

    return {
        "number": entry.number,
        "id": entry.id,
        "at": original.received_at.isoformat(),
        "client": original.client.address,
        "method": shown(original.request.method),
        "target": shown(original.request.target),
        "host": shown(original.request.host),
        "api": passes[-1].api_name if passes else "",
        "api_id": passes[-1].api_id if passes else "",
        "passes": len(passes),
        "endpoint": _endpoint(trace),
        "status": None if trace.answer is None else trace.answer.status,
        "state": state_of(entry, paused),
        "outcomes": [word for word in OUTCOMES if word in words],
        "what": shown(_what(trace)),
        "steps": len(trace.steps),
        "us": round(trace.elapsed_ns / 1000),
        "upstream_us": round(trace.upstream_ns / 1000),
    }


def _endpoint(trace: Trace) -> str:
    """The entry of the last step that an entry for an endpoint asked for; "" where none did."""
    return next((step.why.entry for step in reversed(trace.steps) if step.why.level is Level.RULE), "")


def _what(trace: Trace) -> str:
    """Which link ended it or failed, in a few words; "" where it just went through."""
    if trace.error:
        return trace.error
    for step in reversed(trace.steps):
        if _WORDS.get(step.outcome) in ("error", "failed", "reject", "respond"):
            return f"{step.link}: {step.detail}" if step.detail else step.link
    return ""


def _secrets(trace: Trace) -> frozenset[str]:
    """Texts that are not to be shown, worked out from as little as that takes."""
    request = trace.original.request
    calls = [
        {"service": call.service, "arguments": call.arguments}
        for step in trace.steps
        for call in step.calls
        if call.service == _SESSIONS
    ]
    return secret_texts(
        {
            "secret_names": trace.secret_names,
            "secrets": trace.secrets,
            "original": {"headers": list(request.headers), "target": request.target},
            "steps": [{"calls": calls}],
        }
    )
