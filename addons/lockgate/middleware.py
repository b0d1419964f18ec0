"""What a middleware is: its declaration, its steps and what a step may decide. Knows no single middleware.

A step is ``def`` or ``async def (config, exchange, services) -> Outcome``. Expected refusals are outcomes, exceptions
are bugs. Whether a link runs was decided when its plan was made; a step does not look up whether it should.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from lockgate.exchange import NO_HEADERS, Exchange, Headers, Response, Upstream
from lockgate.services import Services
from lockgate.trace import Phase, Why


class Reason(Enum):
    """Why an exchange was refused: status and message of the reply, as the reference gateway words them.

    Source: behaviour-chain, appendix A.
    """

    status: int
    message: str
    flag: str
    """Its class, for rules of ``error_overrides``: "BTL"; "" for none."""
    id: str
    """Its name in ``override_messages``: "auth.key_not_found"; "" for none."""

    FORBIDDEN = (403, "Requested endpoint is forbidden")
    API_EXPIRED = (403, "API has expired, please check documentation or contact administrator")
    VERSION_EXPIRED = (403, "Api Version has expired, please check documentation or contact administrator")
    VERSION_NOT_NAMED = (403, "Version information not found")
    VERSION_UNKNOWN = (403, "This API version does not seem to exist")
    VERSION_NONE = (403, "No default API version for this non-versioned API found")
    VERSION_AMBIGUOUS = (403, "Ambiguous default API version for this non-versioned API")
    IP_DISALLOWED = (403, "access from this IP has been disallowed")
    KEY_MISSING = (401, "Authorization field missing", "AMF", "auth.auth_field_missing")
    KEY_UNKNOWN = (403, "Access to this API has been disallowed", "AKI", "auth.key_not_found")
    KEY_INACTIVE = (403, "Key is inactive, please renew", "AKI")
    KEY_EXPIRED = (401, "Key has expired, please renew", "TKE")
    API_NOT_GRANTED = (403, "Access to this API has been disallowed")
    RESOURCE_NOT_GRANTED = (403, "Access to this resource has been disallowed")
    NO_SESSION = (
        400,
        "Session state is missing or unset! Please make sure that auth headers are properly applied",
    )
    RATE_EXCEEDED = (429, "Rate Limit Exceeded", "RLT")
    QUOTA_EXCEEDED = (403, "Quota exceeded", "QEX")
    STORE_FAILED = (500, "there was a problem proxying the request")
    LENGTH_REQUIRED = (411, "Content length is required for this request", "CLM")
    LENGTH_INVALID = (400, "content length is not a valid Integer", "IHD")
    TOO_LARGE = (400, "Request is too large", "BTL")
    INVALID_REQUEST = (422, "request validation error", "BIV")
    INVALID_BODY = (422, "JSON parsing error", "BIV")
    NO_SCHEMA = (500, "no schemas to validate against")
    INVALID_RESPONSE = (502, "The upstream's response is not what this API promises")
    METHOD_NOT_ALLOWED = (405, "Method not allowed")
    REWRITE_PATTERN = (500, "URLRewrite regexp error")
    REWRITE_DECODING = (500, "failed to decode URL path")
    UNSAFE_URL = (400, "The requested URL is not acceptable")
    MOCK_FAILED = (500, "failed to mock response")
    PROXY_FAILED = (500, "There was a problem proxying the request", "UPE")
    BODY_UNREADABLE = (500, "There was a problem with reading Body of the Request.")
    UPSTREAM_LOOKUP_FAILED = (500, "Upstream host lookup failed", "DNS")
    UPSTREAM_TIMEOUT = (504, "Upstream service reached hard timeout.", "URT")
    LOOP_TOO_DEEP = (500, "Loop level too deep")
    TARGET_MISSING = (500, "Couldn't detect target")
    LOOP_TARGET_MISSING = (500, "Can't detect loop target")
    TRANSFORM_FAILED = (500, "A transform of this request failed and the gateway is strict")
    NOT_FILTERED = (415, "The request body could not be transformed")
    TASKS_BUSY = (503, "The request could not be worked on, try again later")
    RESPONSE_NOT_TRANSFORMED = (500, "The response could not be transformed")
    RESPONSE_TOO_LARGE = (500, "Response body too large")
    UNAVAILABLE = (503, "This API is not available: its definition asks for protection that this gateway cannot give")
    MIDDLEWARE_ERROR = (500, "Middleware error")
    SCRIPT_REFUSED = (403, "")
    SCRIPT_FAILED = (500, "Error during virtual endpoint execution. Contact Administrator for more details.")
    DROPPED = (500, "The request was dropped")
    INTERNAL = (500, "Internal Server Error")

    def __init__(self, status: int, message: str, flag: str = "", id: str = "") -> None:  # noqa: A002
        self.status = status
        self.message = message
        self.flag = flag
        self.id = id


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with the next link."""

    exchange: Exchange
    failure: str = ""
    """Set when the link could not do what it was asked and the message goes on all the same, as the reference gateway
    does: one line for trace and log. With ``strict`` the exchange is refused instead."""
    note: str = ""
    """Why nothing changed, for the trace: one line, which may end in a URL."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Go on behind this link, in the plan for the path that the request has now. Lists and versions are not asked again."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer now."""

    response: Response
    finish: bool = False
    """Past the response chain."""
    exchange: Exchange | None = None
    """What else the link changed; None: nothing."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse: the answer is made in one place, from the reason. It does not pass the response chain."""

    reason: Reason
    message: str = ""
    """Instead of the reason's own text, where it depends on the request."""
    status: int = 0
    """Instead of the reason's own status, where the definition sets it."""
    detail: str = ""
    """Why, for the trace alone: the client does not see it."""
    failed: bool = False
    """Whether the link failed, and the message cannot go on without it: trace and log say so."""
    headers: Headers = NO_HEADERS
    """Of the answer, beside those that every refusal has, which count before them."""
    exchange: Exchange | None = None
    """What else the link changed; None: nothing."""
    key: str = ""
    """That the client presented, for whoever is told of refusals."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Send it upstream: ``exchange.request`` is what the upstream is to get."""

    exchange: Exchange
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class Loop:
    """Run the chain of an API of this gateway, in-process."""

    exchange: Exchange
    api: str
    """"self", an API id, or an API name as loop targets spell it."""
    path: str
    """Percent-encoded; with which the next pass begins."""
    method: str = ""
    """Instead of the request's; "" keeps it."""
    limit: int = 0
    """Loops allowed in this exchange; 0 leaves the default."""
    check_limits: bool = False
    """Whether the limits of the API that it leads to count. They do not in an API that loops to itself."""
    counted: bool = True
    """Whether it raises the loop level. An API whose upstream is another API of this gateway enters it without."""
    shown_host: str = ""
    """Host of the URL that scripts of the next pass see; "" for loops that a rewrite leads to."""


type Outcome = Continue | Moved | Respond | Reject | Forward | Loop
type Step[C] = Callable[[C, Exchange, Services], Outcome | Awaitable[Outcome]]


class BodyNeed(IntEnum):
    """What a link does with the body of its phase's message."""

    NONE = 0
    READ = 1
    WRITE = 2


class Matching(Enum):
    """How the entries of a middleware are matched with a request.

    Source: behaviour-chain 2.3 and 2.7.
    """

    PATHS = "paths"
    """Procedure B: an unanchored search in the path without its listen path."""
    LISTS = "lists"
    """Procedure A: the same, and in the whole path too; one decision over the entries of all middleware."""
    ROUTER = "router"
    """The OpenAPI router: exact, on the path without its listen path, whatever its spelling."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One enabled entry of a definition's section, for an endpoint."""

    middleware: str
    path: str
    """Path template as written."""
    method: str
    """"" means all; compared with its case."""
    config: object
    """Of the middleware's config type."""
    pointer: str = ""
    """JSON Pointer into the definition."""
    kind: str = ""
    """Key of ``LIST_ORDER`` in ``lockgate.middlewares``; "" is the middleware's name."""
    ignore_case: bool = False

    @property
    def entry(self) -> str:
        """Method and path as written."""
        return f"{self.method or '*'} {self.path}"


class Match(NamedTuple):
    """A rule whose pattern was found. A tuple, since a hostile path may make a thousand of them."""

    rule: Rule
    pattern: str
    """The regular expression."""
    text: str
    """Where it was found."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a resolver made of the matches: the link's config, and why."""

    config: object
    why: Why


type Resolver = Callable[[Sequence[Match], str], Decision | None]
"""From the matches of all entries, in list order, and the request's method; None leaves the link out."""


@dataclass(frozen=True, slots=True)
class Middleware[C]:
    """One kind of stage, as its file declares it."""

    name: str
    """snake_case; also the file's name and the name in traces."""
    summary: str
    """One line for people."""
    config: type[C]
    """Of one link: an entry's, a section's, or what ``resolver`` makes."""
    request: Step[C] | None = None
    upstream: Step[C] | None = None
    """Between the chains, on the request as the upstream gets it; it may change ``exchange.upstream``."""
    response: Step[C] | None = None
    body: BodyNeed = BodyNeed.NONE
    """Of the phase that the step belongs to; with two steps, of both."""
    body_when: Callable[[C, Exchange, Phase], BodyNeed] | None = None
    """For a need that depends on the message's headers; asked once they are there."""
    matching: Matching = Matching.PATHS
    resolver: Callable[[Sequence[Rule]], Resolver | None] | None = None
    """Called once per version with all its rules, for a decision that is not "the first entry that matches"; None when
    there is nothing to decide."""
    bound: Callable[[C, Mapping[str, str]], C] | None = None
    """With ``Matching.ROUTER``: the config of a link, given what stands for the placeholders of the operation's path, by
    name, percent-encoded."""
    always: C | None = None
    """The config of a link that every exchange passes."""
    passes_by: Callable[[C, str], bool] | None = None
    """For an API's section: whether requests with a method pass by all request links but this one and the last."""
    runs_tasks: bool = False
    """Whether its steps hand work to limited processes, so that a host may have some ready."""

    def step(self, phase: Phase) -> Step[C] | None:
        """The step of one phase."""
        match phase:
            case Phase.REQUEST:
                return self.request
            case Phase.UPSTREAM:
                return self.upstream
            case Phase.RESPONSE:
                return self.response


@dataclass(frozen=True, slots=True)
class Link:
    """A middleware with its config, in the plan of one phase."""

    middleware: Middleware[object]
    config: object
    why: Why
    step: Step[object]
