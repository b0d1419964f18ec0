"""Answer with a response that the definition holds, without calling the upstream.

Source: behaviour-chain 4.10, "Manual".
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import NO_HEADERS, Exchange, Headers, Response, canonical
from lockgate.middleware import Matching, Middleware, Outcome, Reason, Reject, Respond
from lockgate.services import Services

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_LAST_STATUS: Final = 999


@dataclass(frozen=True, slots=True)
class MockResponse:
    """Configuration of ``mock_response``."""

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


def request(config: MockResponse, _exchange: Exchange, _: Services) -> Outcome:
    """Answer. The answer passes the response chain."""
    status = config.status or 200
    # Differs: the reference gateway aborts the connection (test_a_status_that_is_none_is_refused).
    if not _FIRST_FINAL_STATUS <= status <= _LAST_STATUS:
        return Reject(Reason.MOCK_FAILED, f"failed to mock response: mock: {config.status} is not a valid status code")
    return Respond(Response(status, config.headers, b"" if status in _WITHOUT_BODY else config.body))


MIDDLEWARE = Middleware(
    name="mock_response",
    summary="Answers with a response that the definition holds.",
    config=MockResponse,
    request=request,
    matching=Matching.ROUTER,
)
