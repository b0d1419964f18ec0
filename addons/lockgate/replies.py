"""Answers of the gateway itself: what a refused exchange gets, and what never reached an API.

Source: behaviour-chain 0.3 and 1.5.
"""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from lockgate.exchange import NO_HEADERS, Headers, Request, Response

_XML_TYPES: Final = ("application/xml", "text/xml")
_JSON_ESCAPES: Final[Mapping[int, str]] = {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    # Valid JSON, and safe inside HTML, where the reference gateway's "\'" is not JSON (design 8.5).
    ord("'"): "\\u0027",
    **{ord(character): f"\\u{ord(character):04X}" for character in "<>&="},
    **{code: f"\\u{code:04X}" for code in range(0x20)},
}


def error_reply(request: Request, status: int, message: str, *, hide_generator: bool = False) -> Response:
    """The answer to a refused request, in the format that its Content-Type asks for.

    Args:
        request: As it arrived; only its Content-Type counts, Accept does not.
        status: HTTP status.
        message: Plain text; it is escaped here.
        hide_generator: ``hide_generator_header``.
    """
    asked = (request.headers.get("content-type") or "").split(";", 1)[0]
    if asked in _XML_TYPES:
        media_type = asked
        text = f'<?xml version = "1.0" encoding = "UTF-8"?>\n<error>{escape(message)}</error>\n'
    else:
        media_type = "application/json"
        text = '{\n    "error": "' + message.translate(_JSON_ESCAPES) + '"\n}'
    headers = Headers.of(("Content-Type", media_type))
    if not hide_generator:
        headers = headers.add("X-Generator", "tyk.io")
    return Response(status, headers, text.encode("utf-8", "replace"))


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
BODY_TOO_LARGE: Final = plain_reply(413, "Request Entity Too Large\n", ("X-Content-Type-Options", "nosniff"))
