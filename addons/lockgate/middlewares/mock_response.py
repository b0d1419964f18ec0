"""Answer with a response that the definition holds, without calling the upstream.

It is one written by hand, or one made from the examples and schemas of the OpenAPI document.

Source: behaviour-chain 4.10.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from lockgate.examples import ExampleResponses, Missing, select
from lockgate.exchange import NO_HEADERS, Exchange, Headers, Response, canonical
from lockgate.middleware import Matching, Middleware, Outcome, Reason, Reject, Respond
from lockgate.services import Services

CODE_HEADER: Final = "X-Tyk-Accept-Example-Code"
NAME_HEADER: Final = "X-Tyk-Accept-Example-Name"

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_LAST_STATUS: Final = 999
_ANY_TYPE: Final = "*/*"
_BLANK: Final = " \t"
_INTEGER: Final = re.compile(r"[+-]?0*([0-9]{0,19})")
_INT64: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Mock:
    """Configuration of ``mock_response``, of either kind."""


@dataclass(frozen=True, slots=True)
class MockResponse(Mock):
    """Configuration of ``mock_response``: an answer written by hand."""

    status: int = 200
    """200 to 999; 0 is 200. With any other every request is refused."""
    body: bytes = b""
    """Verbatim: nothing in it is a variable."""
    headers: Headers = NO_HEADERS
    """Of one name twice the last counts. Framing is not for a definition to choose: Content-Length and
    Transfer-Encoding do not count."""

    def __post_init__(self) -> None:
        headers = NO_HEADERS
        for name, value in self.headers.remove("Content-Length", "Transfer-Encoding"):
            headers = headers.set(canonical(name), value)
        object.__setattr__(self, "headers", headers)

    def answer(self) -> Response | str:
        """The answer, or why there is none."""
        status = self.status or 200
        # Differs: the reference gateway aborts the connection (test_a_status_that_is_none_is_refused).
        if not _FIRST_FINAL_STATUS <= status <= _LAST_STATUS:
            return f"{self.status} is not a valid status code"
        return Response(status, self.headers, b"" if status in _WITHOUT_BODY else self.body)


@dataclass(frozen=True, slots=True)
class MockFromExamples(Mock):
    """Configuration of ``mock_response``: an answer from the document. What a request asks for counts before it."""

    code: int = 200
    """Status of the response; 0 is 200. X-Tyk-Accept-Example-Code of the request counts before it."""
    content_type: str = "application/json"
    """"" is application/json. Accept of the request counts before it, as one text, unless it is ``*/*``."""
    example_name: str = ""
    """"" is the first one by name. X-Tyk-Accept-Example-Name of the request counts before it."""
    responses: ExampleResponses = field(default_factory=dict, repr=False)
    """All that the document has for the operation, by status."""

    def answer(self, code: int | None = None, content_type: str = "", name: str = "") -> Response | str:
        """The answer to what a request asks for, or why there is none. None and "" ask for nothing."""
        status = (self.code or 200) if code is None else code
        content_type = content_type or self.content_type or "application/json"
        name = name or self.example_name
        found = select(self.responses, status, content_type, name)
        if isinstance(found, Missing):
            asked = {Missing.CODE: status, Missing.CONTENT_TYPE: content_type, Missing.NAME: name}[found]
            return f"there is no example response for the {found.value}: {asked}"
        # As with one written by hand.
        if status < _FIRST_FINAL_STATUS:
            return f"{status} is not a valid status code"
        headers, body = found
        return Response(status, headers, b"" if status in _WITHOUT_BODY else body)


def request(config: Mock, exchange: Exchange, _: Services) -> Outcome:
    """Answer. The answer passes the response chain, a failure does not."""
    match config:
        case MockResponse():
            answer = config.answer()
        case MockFromExamples():
            answer = _asked_for(config, exchange.request.headers)
        case _:
            raise TypeError(f"expected a mock, found {type(config).__name__}")
    if isinstance(answer, str):
        return Reject(Reason.MOCK_FAILED, f"{Reason.MOCK_FAILED.message}: mock: {answer}")
    return Respond(answer)


def _asked_for(config: MockFromExamples, headers: Headers) -> Response | str:
    code = None
    written = (headers.get(CODE_HEADER) or "").strip(_BLANK)
    if written:
        code = _integer(written)
        if code is None:
            return f"given code {written} is not a valid integer value"
    accept = (headers.get("Accept") or "").strip(_BLANK)
    name = (headers.get(NAME_HEADER) or "").strip(_BLANK)
    return config.answer(code, "" if accept == _ANY_TYPE else accept, name)


def _integer(text: str) -> int | None:
    """An int64 as Go's Atoi reads it; None when it is none."""
    match = _INTEGER.fullmatch(text)
    if match is None or not text[-1].isdigit():
        return None
    number = int(match[1] or 0)
    number = -number if text[0] == "-" else number
    return number if -_INT64 <= number < _INT64 else None


MIDDLEWARE = Middleware(
    name="mock_response",
    summary="Answers with a response that the definition holds.",
    config=Mock,
    request=request,
    matching=Matching.ROUTER,
)
