"""Calls of scripts in a trace: their secrets masked, and as lines for people.

A call is plain values, as ``trace_format.to_plain`` makes them: its arguments are the program's digest, kind, name, the
arguments as JSON, time and seed; its answer has ``text``, ``failed``, ``log``, ``calls`` and ``seconds``.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

type Plain = dict[str, Any]

LONGEST: Final = 2000
"""Characters of a value in one line; more of it is cut off."""

_TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    "virtual": ("request", "session", "config"),
    "request": ("request", "session", "config"),
    "response": ("response", "request", "session", "config"),
    "event": ("event", "context"),
}
"""What scripts are given, by kind of call."""
_OF_KEYS: Final = frozenset({"TykGetKeyData", "TykSetKeyData"})
_NO_KEY: Final = "Key not found"
_PARTS: Final = 6
"""Arguments of a call."""


def masked_script(
    call: Plain, *, mask: str, is_secret: Callable[[str], bool], masked_url: Callable[[str], str]
) -> Plain:
    """A call without values of secret members, in whatever JSON they stand, and without keys and sessions.

    Args:
        call: In plain values.
        mask: What stands for a secret.
        is_secret: Whether what stands under a name is one.
        masked_url: A URL without its secrets.
    """
    hide = _Hiding(mask, is_secret, masked_url)
    arguments, answer = list(call["arguments"]), call["answer"]
    if len(arguments) == _PARTS:
        titles = _TITLES.get(str(arguments[1]), ())
        arguments[3] = [
            mask if title == "session" and one != "null" else hide.text(_readable(title, one))
            for title, one in zip((*titles, *[""] * len(arguments[3])), arguments[3], strict=False)
        ]
    if not isinstance(answer, Mapping) or "error" in answer:
        return {**call, "arguments": arguments}
    text = answer.get("text")
    calls = [[name, *hide.host_call(str(name), asked, came), *rest] for name, asked, came, *rest in answer["calls"]]
    shown = text if text is None else hide.text(_readable("answer", text))
    return {**call, "arguments": arguments, "answer": {**answer, "text": shown, "calls": calls}}


def _readable(title: str, text: str) -> str:
    """A request, or the answer of a plugin, with its body as text: plugins get and give it in base64."""
    if title not in ("request", "answer"):
        return text
    value = _parsed(text)
    request = value if title == "request" else value.get("Request") if isinstance(value, dict) else None
    # Of all requests, those with a body in base64 alone tell of overrides.
    if not isinstance(request, dict) or "ReturnOverrides" not in request or not isinstance(request.get("Body"), str):
        return text
    try:
        body = base64.b64decode(request["Body"], validate=True)
    except (binascii.Error, ValueError):
        return text
    request["Body"] = body.decode("utf-8", "backslashreplace")
    return _written(value)


class _Hiding:
    """Takes secrets out of values."""

    def __init__(self, mask: str, is_secret: Callable[[str], bool], masked_url: Callable[[str], str]) -> None:
        self._mask: Final = mask
        self._is_secret: Final = is_secret
        self._masked_url: Final = masked_url

    def text(self, text: str) -> str:
        """A text; JSON has its secrets masked."""
        if text[:1] in ("{", "["):
            value = _parsed(text)
            return text if value is None else _written(self._value(value))
        return self._masked_url(text) if "?" in text and not any(map(str.isspace, text)) else text

    def host_call(self, name: str, arguments: Any, answer: Any) -> tuple[Any, Any]:
        """What a script asked the gateway for, and what it got."""
        if name in _OF_KEYS:
            known = isinstance(answer, str) and _NO_KEY in answer
            return self._mask, answer if answer is None or known else self._mask
        return self._any(arguments), self._any(answer)

    def _any(self, value: Any) -> Any:
        return self.text(value) if isinstance(value, str) else value

    def _value(self, value: Any) -> Any:
        match value:
            case dict():
                return {
                    name: self._mask if one not in (None, "", [], {}) and self._is_secret(name) else self._value(one)
                    for name, one in value.items()
                }
            case list():
                return [self._value(one) for one in value]
            case str():
                return self.text(value)
        return value


def _parsed(text: str) -> Any:
    """JSON; None where it is none, or nested too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def script_lines(call: Plain) -> Iterator[str]:
    """A call for people: what the script was given, what it asked for, logged and gave back.

    Args:
        call: As ``masked_script`` left it.
    """
    arguments, answer = call["arguments"], call["answer"]
    kind, name, given = (arguments[1], arguments[2], arguments[3]) if len(arguments) == _PARTS else ("", "", [])
    if not isinstance(answer, Mapping) or "error" in answer:
        why = answer["error"] if isinstance(answer, Mapping) else answer
        yield f"ran no script {name}: {why}"
        return
    yield f"ran {kind} script {name} ({answer['seconds'] * 1000:.1f} ms)"
    for title, text in zip(_TITLES.get(kind, ()), given, strict=False):
        yield f"  got {title} {_cut(text)}"
    for host, asked, came, seconds in answer["calls"]:
        yield f"  asked {host}{_call_text(asked)}: {'undefined' if came is None else _cut(came)} ({seconds * 1000:.1f} ms)"
    for level, text in answer["log"]:
        first, *others = text.split("\n")
        yield f"  {level}: {_cut(first)}"
        yield from (f"    {_cut(line)}" for line in others)
    failed = answer["failed"]
    if failed is not None:
        yield f"  failed, {failed['kind']}: {_cut(failed['message'])}"
        yield from (f"    {line}" for line in failed["stack"].split("\n") if line)
    elif answer["text"] is None:
        yield "  gave undefined"
    else:
        yield f"  gave {_cut(answer['text'])}"


def _call_text(asked: Any) -> str:
    """The arguments of a call as they would be written."""
    value = _parsed(asked) if isinstance(asked, str) else None
    if not isinstance(value, list):
        return f"({_cut(str(asked))})"
    return f"({_cut(', '.join(one if isinstance(one, str) else json.dumps(one) for one in value))})"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
