"""Traces as text, made from the plain form, so that a trace read from a file looks like a live one."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lockgate.script_format import script_lines
from lockgate.trace import LeftOut, Level, Phase
from lockgate.trace_format.masking import masked, secret_texts, without_secrets
from lockgate.trace_format.plain import HTTP, SCRIPT, Plain

_WIDTH: Final = 18
_GOING_ON: Final = ("continue", "failed", "forward", "edited")
"""Outcomes of steps that did not end anything."""


def to_text(plain: Plain, phase: Phase | None = None) -> str:
    """A trace for people; secrets masked.

    Args:
        plain: As ``to_plain`` made it.
        phase: Only the steps of one phase; None for both.
    """
    return "\n".join(map(printable, _lines(masked(plain), phase))) + "\n"


_NOT_PRINTABLE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def printable(line: str) -> str:
    """A line that stays one, and does to a terminal nothing but to be shown: escapes stand for control characters."""
    return _NOT_PRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def summary(plain: Plain) -> str:
    """One line: API, endpoint, what happened."""
    api = plain["passes"][-1]["api"] if plain["passes"] else "no API"
    steps = plain["steps"]
    ended = next((s for s in reversed(steps) if s["outcome"] not in _GOING_ON), None)
    failed = [s["link"] for s in steps if s["outcome"] == "failed"]
    entry = next((s["why"]["entry"] for s in reversed(steps) if s["why"]["level"] == "rule"), "")
    status = plain["answer"]["status"] if plain["answer"] else ""
    what = f"{ended['link']} {ended['outcome']}" if ended else "forwarded" if plain["upstream_request"] else "under way"
    if plain["error"]:
        names = frozenset(plain.get("secret_names", ()))
        what = printable(without_secrets(plain["error"], secret_texts(plain), names))
    note = f", failed: {', '.join(failed)}" if failed else ""
    return " · ".join(part for part in (api, entry, f"{what} {status}".strip() + note) if part)


def _lines(plain: Plain, phase: Phase | None) -> Iterator[str]:
    original, answer = plain["original"], plain["answer"]
    end = f"{answer['status']}" if answer else "no answer yet"
    yield f"{original['method']} {original['target']} → {end}"
    names = " → ".join(f"{p['api']} ({p['listen_path']})" for p in plain["passes"]) or "no API"
    yield f"API {names}, definitions generation {plain['generation']}"
    if plain["error"]:
        yield f"error: {plain['error']}"
    for which in Phase:
        if phase not in (None, which):
            continue
        steps = [step for step in plain["steps"] if step["phase"] == which.value]
        yield ""
        total = sum(step["us"] for step in steps)
        yield f"{which.value} chain: {len(steps)} steps, {total:.0f} µs"
        yield from _message_lines("client sent" if which is Phase.REQUEST else "upstream answered",
                                  original if which is Phase.REQUEST else plain["upstream_response"])  # fmt: skip
        last_pass = 0
        for number, step in enumerate(steps, 1):
            if step["pass"] != last_pass:
                last_pass = step["pass"]
                yield f"  pass {last_pass + 1}: {plain['passes'][last_pass]['api']}"
            yield from _step_lines(number, step)
        yield from _message_lines("upstream gets" if which is Phase.REQUEST else "client gets",
                                  plain["upstream_request"] if which is Phase.REQUEST else answer)  # fmt: skip


def _message_lines(title: str, message: Plain | None) -> Iterator[str]:
    if message is None:
        return
    first = str(message["status"]) if "status" in message else f"{message['method']} {message['target']}"
    host = f"  Host: {message['host']}" if message.get("host") else ""
    body = message["body"]
    size = "body streamed" if body.get("streamed") else f"{body['size']} bytes"
    count = len(message["headers"])
    yield f"  {title}: {first}{host}  ({count} header{'s' * (count != 1)}, {size})"


_MARKS: Final[Mapping[str, str]] = {"continue": " ", "failed": "!", "reject": "✗", "error": "✗"}


def _step_lines(number: int, step: Plain) -> Iterator[str]:
    mark = _MARKS.get(step["outcome"], "→")
    detail = f"  {step['detail']}" if step["detail"] else ""
    yield f"{number:4} {mark} {step['link']:<{_WIDTH}} {step['outcome']:<8} {step['us']:>7.1f} µs{detail}"
    reason, place = why_text(step["why"]), step["why"]["pointer"]
    if reason:
        yield f"         because {reason}"
    if place:
        yield f"         set in {place}"
    for change in step["changes"]:
        yield from (f"         {line}" for line in _change_lines(change))
    for call in step["calls"]:
        is_script = (call["service"], call["operation"]) == SCRIPT
        yield from (f"         {line}" for line in (script_lines(call) if is_script else (_call_line(call),)))


def _call_line(call: Plain) -> str:
    answer = call["answer"]
    if call["service"] != HTTP:
        return f"asked {call['service']}.{call['operation']}: {answer!r}"
    method, url, *_ = call["arguments"]
    came = answer["failed"] if "failed" in answer else f"{answer['status']}, {answer['body']['size']} bytes"
    return f"sent {method} {url}: {came} ({answer['seconds'] * 1000:.1f} ms)"


def why_text(why: Mapping[str, str]) -> str:
    """One line on why a link ran; "" for one that always does."""
    if why["level"] == Level.ALWAYS.value:
        return f"{why['rule']}: {why['entry']}" if why["rule"] and not why["text"] else why["rule"]
    if why["level"] == Level.API.value:
        return why["rule"] or "the API asks for it"
    found = f": {why['pattern']!r} is found in {why['text']!r}" if why["pattern"] else ""
    rule = f", {why['rule']}" if why["rule"] else ""
    return f"{why['entry']}{found}{rule}"


def _change_lines(change: Plain) -> Iterator[str]:
    part, before, after = change["part"], change["before"], change["after"]
    if part == "body":
        yield from _body_lines(before or "", after or "")
        return
    label = change["name"] if part in ("header", "variable") else part
    prefix = "$" if part == "variable" else ""
    if before is None:
        yield f"+ {prefix}{label}: {after}"
    elif after is None:
        yield f"- {prefix}{label}: {before}"
    else:
        yield f"~ {prefix}{label}: {before} → {after}"


def _body_lines(before: str, after: str) -> Sequence[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "body before", "body after", lineterm="", n=2)
    return list(lines) or ["~ body: only its line ends changed"]


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Lines on links that are not in a plan."""
    for one in left_out:
        yield f"     · {one.middleware:<{_WIDTH}} left out: {one.reason}"
