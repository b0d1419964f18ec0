"""Conditions of breakpoints: tests of a message, or an expression that the host understands.

Tests, joined by ``and``, each of which ``not`` may turn round::

    status >= 500          status = 5xx
    method = POST
    path ~ ^/users/[0-9]+
    header X-Trace         header Accept ~ json       request header Host = a.test
    body ~ "price"

``=`` and ``!=`` compare texts, ``~`` and ``!~`` search for a regular expression. What is tested is the message of the
phase: the response once there is one; ``request`` or ``response`` in front of a test says which. Anything that does not
begin as a test is the host's: in mitmproxy a filter expression.
"""

import re
from collections.abc import Callable
from typing import Final

from lockgate.exchange import Body, Exchange, NotRead, Request, Response, decode_text
from lockgate.routing.pattern import PatternError, compile_regex, decode_path
from lockgate.unpacking import PackingError, TooLargeError, codings_of, unpacked_all

type Predicate = Callable[[Exchange], bool]
type FilterMaker = Callable[[str], Predicate]
"""From an expression of the host's; ``ValueError`` says what is wrong with it."""

LONGEST: Final = 1000
"""Characters of a condition."""
SEARCHED_BYTES: Final = 1024 * 1024
"""Of a body; a longer one, or one whose content encoding cannot be undone within that, is not searched."""

_BEGINNING: Final = re.compile(r"(?:not|request|response|status|method|path|header|body)\b")
_PART: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+|\s+""")
_TEST: Final = re.compile(
    r"(?P<no>not\s+)?(?:(?P<side>request|response)\s+)?"
    r"(?:(?P<subject>status|method|path|body)|header\s+(?P<name>[\w.-]+))"
    r"\s*(?:(?P<op>!=|!~|>=|<=|=|~|<|>)\s*(?P<value>\S.*))?",
    re.DOTALL,
)
_STATUS: Final = re.compile(r"[1-9](?:\d\d|xx)")
_EXAMPLES: Final = "'status >= 500', 'method = POST', 'path ~ ^/users', 'header X-Name = value' or 'body ~ text'"


def compile_condition(text: str, filters: FilterMaker | None = None) -> Predicate:
    """A question about an exchange.

    Args:
        text: Tests, or an expression of the host's.
        filters: Understands the latter; None where there is nobody who does.

    Raises:
        ValueError: It is neither; the message says what was expected.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"expected a condition of {LONGEST} characters at most, found {len(text)}")
    if _BEGINNING.match(text) is None:
        if filters is None:
            raise ValueError(f"expected a condition such as {_EXAMPLES}, found {text!r}")
        try:
            return filters(text)
        except ValueError as error:
            raise ValueError(f"expected a condition such as {_EXAMPLES}, or a filter: {error}") from None
    tests = [_test(part) for part in _parts(text)]
    return lambda exchange: all(test(exchange) for test in tests)


def _parts(text: str) -> list[str]:
    """The tests between the words "and" that stand outside quotes."""
    parts, end = [""], 0
    for found in _PART.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        if found[0] == "and":
            parts.append("")
        else:
            parts[-1] += found[0]
    if end != len(text):
        raise ValueError(f"a quote in {text!r} has no end")
    return [part.strip() for part in parts]


def _test(text: str) -> Predicate:
    found = _TEST.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a test such as {_EXAMPLES}, found {text!r}")
    side, subject, name, op = found["side"] or "", found["subject"] or "header", found["name"] or "", found["op"] or ""
    value = _unquoted((found["value"] or "").strip())
    if not op and subject != "header":
        raise ValueError(f"expected =, !=, ~ or !~ and a value behind {subject!r}, found {text!r}")
    if op[:1] in "<>" and op and subject != "status":
        raise ValueError(f"expected =, !=, ~ or !~ behind {subject!r}, found {op!r}: only a status has an order")
    if (side == "request" and subject == "status") or (side == "response" and subject in ("method", "path")):
        raise ValueError(f"a {side} has no {subject}")
    compare = _status_test(op, value) if subject == "status" else _text_test(op, value)
    no = found["no"] is not None
    # What is compared is a list: a header may stand there more than once.
    wanted_none = op.startswith("!")

    def holds(exchange: Exchange) -> bool:
        values = _values(exchange, side, subject, name)
        if values is None:
            return False
        result = not any(map(compare, values)) if wanted_none else any(map(compare, values))
        return result is not no

    return holds


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _text_test(op: str, value: str) -> Callable[[str], bool]:
    """Without the "!" of an operator, which is about all values."""
    if not op:
        return lambda _: True
    if op.endswith("="):
        return lambda text: text == value
    try:
        regex = compile_regex(value)
    except PatternError as error:
        raise ValueError(f"the regular expression {value!r} cannot be used: {error}") from None
    # The engine searches texts that can be encoded; a byte that is no UTF-8 is none of any pattern's.
    return lambda text: regex.search(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")) is not None


def _status_test(op: str, value: str) -> Callable[[str], bool]:
    if op in ("~", "!~"):
        return _text_test(op, value)
    if _STATUS.fullmatch(value) is None or (value.endswith("xx") and op not in ("=", "!=")):
        raise ValueError(f"expected a status such as 404, or 5xx behind '=', found {value!r}")
    if value.endswith("xx"):
        return lambda status: status[0] == value[0]
    number = int(value)
    match op:
        case "<":
            return lambda status: int(status) < number
        case "<=":
            return lambda status: int(status) <= number
        case ">":
            return lambda status: int(status) > number
        case ">=":
            return lambda status: int(status) >= number
        case _:
            return lambda status: int(status) == number


def _values(exchange: Exchange, side: str, subject: str, name: str) -> tuple[str, ...] | None:
    """What is compared; None where there is nothing that could be: no test of it holds then, nor does its opposite."""
    request, response = exchange.request, exchange.response
    match subject:
        case "status":
            return None if response is None else (str(response.status),)
        case "method":
            return (request.method,)
        case "path":
            return (decode_path(request.path),)
    message: Request | Response | None = response if side == "response" or (response and not side) else request
    if message is None:
        return None
    if subject == "body":
        return _body_text(message.body, message.headers.get("content-encoding"))
    if isinstance(message, Request) and name.lower() == "host":
        return (message.host,) if message.host else ()
    return message.headers.get_all(name)


def _body_text(body: Body, packing: str | None) -> tuple[str, ...] | None:
    if isinstance(body, NotRead) or len(body) > SEARCHED_BYTES:
        return None
    try:
        return (decode_text(unpacked_all(body, codings_of(packing), SEARCHED_BYTES)),)
    except (PackingError, TooLargeError):
        return None
