"""Traces without their secrets, as they leave the process."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote_plus

from lockgate.script_format import masked_script
from lockgate.trace_format.plain import HTTP, SCRIPT, SESSIONS, Plain

MASK: Final = "•••"

_SECRET_NAME: Final = re.compile(
    r"authori[sz]ation|cookie|api[-_]?key|access[-_]?key|token|secret|passw|credential|signature|session", re.IGNORECASE
)
_SHORTEST_KEY: Final = 4
"""In characters; a shorter text that was looked up is no key, and stands in other words."""
_SHORTEST_PRESENTED: Final = 8
"""Likewise of what stood where credentials stand, and was not looked up."""


def is_secret(name: str) -> bool:
    """Whether what a header, parameter or variable of this name holds is not to be shown."""
    return _SECRET_NAME.search(name) is not None and not name.lower().startswith("access-control-")


def masked(plain: Plain) -> Plain:
    """The same trace without values of secret headers, parameters and variables, and without keys wherever they stand."""
    names = frozenset(plain.get("secret_names", ()))
    keys = _keys(plain, names)
    shown = {
        **{name: value for name, value in plain.items() if name != "secrets"},
        "masked": True,
        "original": _masked_message(plain["original"], names),
        "upstream_request": _masked_message(plain["upstream_request"], names),
        "upstream_response": _masked_message(plain["upstream_response"], names),
        "answer": _masked_message(plain["answer"], names),
        "steps": [_masked_step(step, names) for step in plain["steps"]],
        "error": masked_url(plain["error"], names),
    }
    if not keys:
        return shown
    anywhere = _any_of(keys)
    return {name: _without(value, anywhere) for name, value in shown.items()}


def without_secrets(text: str, secrets: AbstractSet[str], names: AbstractSet[str] = frozenset()) -> str:
    """A line about an exchange, for people and files.

    Args:
        text: It may end in a URL.
        secrets: Texts that are not to be shown, however they are spelled.
        names: Of parameters, as for ``masked_url``.
    """
    text = masked_url(text, names)
    return _any_of(frozenset(secrets)).sub(MASK, text) if secrets else text


@lru_cache(maxsize=64)
def _any_of(texts: frozenset[str]) -> re.Pattern[str]:
    """Any of these texts, as it stands in texts and in URLs; those that are too short stand in other words."""
    long = (one for one in texts if len(one) >= _SHORTEST_KEY)
    forms = {form for one in long for form in _spellings(one)}
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) or r"(?!)")


def _spellings(text: str) -> tuple[str, ...]:
    return text, quote(text, errors="replace"), quote(text, "", errors="replace"), quote_plus(text, errors="replace")


def _keys(plain: Plain, names: AbstractSet[str]) -> frozenset[str]:
    """Every text that is not to be shown wherever it stands."""
    asked = [
        str(argument)
        for step in plain["steps"]
        for call in step["calls"]
        if call["service"] == SESSIONS
        for argument in call["arguments"]
    ]
    asked += plain.get("secrets", ())
    presented = (one for one in _presented(plain["original"], names) if len(one) >= _SHORTEST_PRESENTED)
    return frozenset((*asked, *presented))


def _holds_secret(header: str, names: AbstractSet[str]) -> bool:
    """Whether a header is one of those; one with "_" for "-" is likely meant to be."""
    lower = header.lower()
    return lower in names or lower.replace("_", "-") in names or is_secret(header)


def _presented(request: Plain, names: AbstractSet[str]) -> Iterator[str]:
    """What stands where a request has its credentials."""
    for name, value in request["headers"]:
        if name.lower() == "cookie":
            for part in value.split(";"):
                cookie, _, held = part.strip().partition("=")
                if cookie in names or is_secret(cookie):
                    yield held.strip('"')
        elif _holds_secret(name, names):
            yield value
            yield value.partition(" ")[2].strip()
    for part in request["target"].partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        plain = unquote_plus(name)
        if plain in names or is_secret(plain):
            yield from (value, unquote_plus(value))


def _without(value: Any, secret: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secret.sub(MASK, value)
    if isinstance(value, Mapping):
        return {key: _without(one, secret) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(one, secret) for one in value]
    return value


def _masked_message(message: Plain | None, names: AbstractSet[str]) -> Plain | None:
    if message is None:
        return None
    copy = {**message, "headers": _masked_fields(message["headers"], names), "body": _maskable(message["body"])}
    if "octets" in copy:
        copy["octets"] = MASK
    if "target" in copy:
        copy["target"] = masked_url(copy["target"], names)
    return copy


def _masked_step(step: Plain, names: AbstractSet[str]) -> Plain:
    changes = [_masked_change(change, names) for change in step["changes"]]
    calls = [_masked_call(call, names) for call in step["calls"]]
    return {**step, "changes": changes, "calls": calls, "detail": masked_url(step["detail"], names)}


def _masked_call(call: Plain, names: AbstractSet[str]) -> Plain:
    """A call without the key that was looked up, and without the session that it has; a request as any other."""
    if "exact" in call:
        call = {**call, "exact": MASK}
    if call["service"] == HTTP:
        return _masked_request(call, names)
    if (call["service"], call["operation"]) == SCRIPT:
        return masked_script(
            call,
            mask=MASK,
            is_secret=lambda name: _holds_secret(name, names),
            masked_url=lambda url: masked_url(url, names),
        )
    if call["service"] != SESSIONS:
        return call
    answer = call["answer"]
    found = {"name": MASK, "session": MASK} if isinstance(answer, Mapping) and "error" not in answer else answer
    return {**call, "arguments": [MASK] * len(call["arguments"]), "answer": found}


def _masked_request(call: Plain, names: AbstractSet[str]) -> Plain:
    method, url, headers, body = call["arguments"]
    arguments = [method, masked_url(url, names), _masked_fields(headers, names), _maskable(body)]
    answer = dict(call["answer"])
    if "body" in answer:
        answer["body"] = _maskable(answer["body"])
    if "headers" in answer:
        answer["headers"] = _masked_fields(answer["headers"], names)
    return {**call, "arguments": arguments, "answer": answer}


def _maskable(body: Any) -> Any:
    """A body without what secrets cannot be found in."""
    if isinstance(body, Mapping) and "base64" in body:
        return {name: value for name, value in body.items() if name != "base64"}
    return body


def secret_texts(plain: Plain) -> frozenset[str]:
    """Every text of a trace, as ``to_plain`` made it, that is not to be shown wherever it stands."""
    return _keys(plain, frozenset(plain.get("secret_names", ())))


def _masked_fields(headers: Sequence[Sequence[str]], names: AbstractSet[str]) -> list[list[str]]:
    return [[n, MASK if _holds_secret(n, names) else v] for n, v in headers]


def _masked_change(change: Plain, names: AbstractSet[str]) -> Plain:
    name = change["name"]
    secret = change["part"] == "key" or (
        change["part"] in ("header", "variable") and (name.lower() in names or is_secret(name))
    )
    copy = dict(change)
    for side in ("before", "after"):
        value = change[side]
        if value is None:
            continue
        if secret:
            copy[side] = MASK
        elif change["part"] in ("url", "rewritten"):
            copy[side] = masked_url(value, names)
        elif change["part"] == "variable" and change["name"] in ("headers", "request_data"):
            copy[side] = MASK
    return copy


def masked_url(url: str, secret: AbstractSet[str] = frozenset()) -> str:
    """A URL, or a line that ends in one, without the values of secret parameters.

    Args:
        url: With or without query.
        secret: Names of parameters that are secret beside those whose name tells it.
    """
    head, question, query = url.partition("?")
    if not question:
        return url
    parts = []
    for part in query.split("&"):
        name, equals, _ = part.partition("=")
        plain = unquote_plus(name)
        parts.append(f"{name}={MASK}" if equals and (plain in secret or is_secret(plain)) else part)
    return f"{head}?{'&'.join(parts)}"
