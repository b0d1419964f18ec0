"""Tell browsers which pages of other origins may call the API: answer preflights, and mark the answers of other requests.

A request of an origin that is not allowed goes on all the same: it is the browser that keeps the page from the answer.

Source: behaviour-chain 4.20; github.com/rs/cors 1.11.1.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import NO_HEADERS, Exchange, Headers, Response, canonical, replace
from lockgate.middleware import Continue, Middleware, Outcome, Respond
from lockgate.services import Services

_SIMPLE_METHODS: Final = ("GET", "POST", "HEAD")
_SIMPLE_HEADERS: Final = ("accept", "content-type", "x-requested-with")
_VARY_OF_PREFLIGHTS: Final = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
_OURS: Final = (
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Allow-Credentials",
)
_MOST_EMPTY_NAMES: Final = 16


@dataclass(frozen=True, slots=True)
class Cors:
    """Configuration of ``cors``."""

    allowed_origins: tuple[str, ...] = ()
    """Compared whatever the case; one "*" inside stands for any text. () or "*" allows any."""
    allowed_methods: tuple[str, ...] = ()
    """Compared with their case. () is GET, POST and HEAD."""
    allowed_headers: tuple[str, ...] = ()
    """That a preflight may ask for, in any case. () is accept, content-type and x-requested-with; "*" allows any."""
    exposed_headers: tuple[str, ...] = ()
    """That a page may read, in any case."""
    allow_credentials: bool = False
    max_age_seconds: int = 0
    """How long browsers may keep a preflight's answer: 0 does not say, less forbids."""
    options_passthrough: bool = False
    """OPTIONS requests are the upstream's to answer: they pass by every other middleware."""
    origins: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    """None allows any."""
    names: tuple[str, ...] | None = field(init=False, repr=False, compare=False)
    """``allowed_headers`` as preflights name them: in lower case and sorted. None allows any."""

    def __post_init__(self) -> None:
        origins, names = None, None
        if self.allowed_origins and "*" not in self.allowed_origins:
            # Of several "*" in one origin, only the first is a wildcard.
            patterns = [".*".join(map(re.escape, origin.split("*", 1))) for origin in self.allowed_origins]
            origins = re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)
        if "*" not in self.allowed_headers:
            names = tuple(sorted({name.lower() for name in self.allowed_headers or _SIMPLE_HEADERS}))
        object.__setattr__(self, "origins", origins)
        object.__setattr__(self, "names", names)

    def allows(self, origin: str, method: str) -> bool:
        """Whether a page of ``origin`` may call with ``method``."""
        if not origin or (method != "OPTIONS" and method not in (self.allowed_methods or _SIMPLE_METHODS)):
            return False
        return self.origins is None or self.origins.fullmatch(origin) is not None


def request(config: Cors, exchange: Exchange, _: Services) -> Outcome:
    """Answer OPTIONS requests, and have every other request's answer say what is allowed."""
    message = exchange.request
    if message.method != "OPTIONS":
        headers = _marked(config, message.headers, message.method, exchange.answer_headers)
        return Continue(replace(exchange, answer_headers=headers))
    if config.options_passthrough:
        return Continue(exchange)
    if message.headers.get("Access-Control-Request-Method"):
        return Respond(Response(204, _preflight(config, message.headers)), finish=True)
    return Respond(Response(200, _marked(config, message.headers, message.method, NO_HEADERS)), finish=True)


def response(_config: Cors, exchange: Exchange, _: Services) -> Outcome:
    """Take out what was set twice: the gateway's word counts."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    # Differs: the reference gateway leaves those of a mock, so that there are two values, which browsers refuse
    # (test_a_mock_does_not_double_a_header).
    headers = message.headers.remove(*(name for name in _OURS if name in exchange.answer_headers))
    if headers is message.headers:
        return Continue(exchange)
    return Continue(replace(exchange, response=replace(message, headers=headers)))


def passes_by(config: Cors, method: str) -> bool:
    """Whether requests with ``method`` pass by the other middlewares."""
    return config.options_passthrough and method == "OPTIONS"


def _marked(config: Cors, asked: Headers, method: str, headers: Headers) -> Headers:
    """Headers with what an actual request's answer says."""
    headers = headers.set("Vary", "Origin")
    origin = asked.get("Origin") or ""
    if not config.allows(origin, method):
        return headers
    headers = headers.set("Access-Control-Allow-Origin", _allowed_origin(config, origin))
    if config.exposed_headers:
        headers = headers.set("Access-Control-Expose-Headers", ", ".join(map(canonical, config.exposed_headers)))
    if config.allow_credentials:
        headers = headers.set("Access-Control-Allow-Credentials", "true")
    return headers


def _preflight(config: Cors, asked: Headers) -> Headers:
    headers = NO_HEADERS.add("Vary", _VARY_OF_PREFLIGHTS)
    origin = asked.get("Origin") or ""
    method = asked.get("Access-Control-Request-Method") or ""
    lists = asked.get_all("Access-Control-Request-Headers")
    if not config.allows(origin, method) or not _are_allowed(config, lists):
        return headers
    headers = headers.add("Access-Control-Allow-Origin", _allowed_origin(config, origin))
    headers = headers.add("Access-Control-Allow-Methods", method)
    if lists and lists[0]:
        for value in lists:
            headers = headers.add("Access-Control-Allow-Headers", value)
    if config.allow_credentials:
        headers = headers.add("Access-Control-Allow-Credentials", "true")
    if config.max_age_seconds:
        headers = headers.add("Access-Control-Max-Age", str(max(config.max_age_seconds, 0)))
    return headers


def _allowed_origin(config: Cors, origin: str) -> str:
    return "*" if config.origins is None else origin


def _are_allowed(config: Cors, lists: tuple[str, ...]) -> bool:
    """Whether all requested names are allowed; they have to be as browsers send them: lower-case, sorted, once each."""
    if config.names is None:
        return True
    last, empty = "", 0
    for value in lists:
        for element in value.split(","):
            name = _without_blank(element)
            if not name:
                empty += 1
                if empty > _MOST_EMPTY_NAMES:
                    return False
            elif name not in config.names or name <= last:
                return False
            else:
                last = name
    return True


def _without_blank(text: str) -> str:
    """Without one blank at either end; where there are more, what is left is no name."""
    return text.removeprefix(" ").removesuffix(" ")


MIDDLEWARE = Middleware(
    name="cors",
    summary="Tells browsers which pages of other origins may call the API.",
    config=Cors,
    request=request,
    response=response,
    passes_by=passes_by,
)
