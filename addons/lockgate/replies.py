"""Answers of the gateway itself: what a refused exchange gets, and what never reached an API.

Source: behaviour-chain 0.3 and 1.5.
"""

from typing import Final

from lockgate.error_replies import PLAIN, ErrorAnswer, ErrorReplies, asked_format, with_rule_headers
from lockgate.exchange import NO_HEADERS, Headers, Request, Response

_UNCHANGED: Final = ErrorAnswer()
_WITHOUT_BODY: Final = frozenset({204, 304})


def error_reply(
    request: Request,
    status: int,
    message: str,
    *,
    flag: str = "",
    errors: ErrorReplies = PLAIN,
    hide_generator: bool = False,
) -> Response:
    """The answer to a refused request, in the format that its Content-Type asks for.

    Args:
        request: As it arrived; only its Content-Type counts, Accept does not.
        status: HTTP status.
        message: Plain text; it is escaped here.
        flag: The error's class, for rules that look for it.
        errors: How the API words its errors.
        hide_generator: ``hide_generator_header``.
    """
    form, media_type = asked_format(request)
    answer = next((rule.answer for rule in errors.rules(status) if rule.match.takes_refusal(flag, message)), _UNCHANGED)
    status = answer.status or status
    headers = with_rule_headers(Headers.of(("Content-Type", media_type)), answer)
    if not hide_generator:
        headers = headers.set("X-Generator", "tyk.io")
    return Response(status, headers, b"" if status in _WITHOUT_BODY else errors.body(answer, form, status, message))


def plain_reply(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """An answer that no API gives: unrouted, malformed, too large."""
    fields = Headers.of(("Content-Type", "text/plain; charset=utf-8"), *headers)
    return Response(status, fields, text.encode())


def redirect(method: str, location: str) -> Response:
    """A permanent redirect with an empty body.

    Differs: the reference gateway answers 301 to every method, which makes clients repeat a POST as a GET and lose its
    body; a method that may have one gets 308. Held by test_replies.
    """
    return Response(301 if method in ("GET", "HEAD") else 308, NO_HEADERS.add("Location", location))


NOT_FOUND: Final = plain_reply(404, "Not Found")
BAD_REQUEST: Final = plain_reply(400, "400 Bad Request", ("Connection", "close"))
PATH_TOO_LONG: Final = plain_reply(414, "414 URI Too Long", ("Connection", "close"))
BODY_TOO_LARGE: Final = plain_reply(413, "Request Entity Too Large\n", ("X-Content-Type-Options", "nosniff"))
