"""What the chains did to one exchange, as data. Knows no single middleware and no output format.

Steps hold the exchange before and after them: immutable values, so that keeping them is free and what changed is worked
out only when somebody looks (``difference``). Secrets are kept here; they are masked where a trace is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from lockgate.exchange import Exchange, Request, Response
from lockgate.services import ServiceCall


class Phase(Enum):
    """Which way an exchange is going."""

    REQUEST = "request"
    UPSTREAM = "upstream"
    """Between the chains: what depends on the request as the upstream gets it."""
    RESPONSE = "response"

    # By identity, as members compare: Enum's own hash is a call into Python, and plans are looked up by phase.
    __hash__ = object.__hash__


class Level(Enum):
    """What put a link into a plan."""

    ALWAYS = "always"
    """Every exchange passes it."""
    API = "api"
    """A section for the whole API."""
    RULE = "rule"
    """An entry for an endpoint, whose pattern and method matched."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a link is in a plan."""

    level: Level
    pointer: str = ""
    """JSON Pointer to the section or entry in the definition."""
    entry: str = ""
    """Method and path of the entry as written: "GET /pets/{id}"; "" for whole APIs."""
    pattern: str = ""
    """The regular expression that was tried; "" where none was."""
    text: str = ""
    """The path that the pattern matched."""
    rule: str = ""
    """Which rule decided, where there is more than one: "2b block", "first match"."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a middleware is not in a plan. Derived when somebody looks, never per request."""

    middleware: str
    reason: str
    """A sentence without a full stop: "not configured", "no entry matches GET /pets"."""


class TraceStep(NamedTuple):
    """One link that ran."""

    link: str
    """Name of the middleware, or of a watcher that stepped in."""
    phase: Phase
    pass_index: int
    """Which pass of the exchange, from 0."""
    outcome: str
    """continue, failed, respond, finish, reject, forward, loop or error. Of a watcher: edited, answered or dropped."""
    why: Why
    before: Exchange
    after: Exchange
    """With the response of a link that answered."""
    elapsed_ns: int
    detail: str = ""
    """What a person needs beside the outcome: the refusal, the upstream, the failure. One line."""
    calls: Sequence[ServiceCall] = ()


@dataclass(slots=True)
class Trace:
    """What happened to one exchange, from its arrival to its answer. Grows while the exchange is under way."""

    original: Exchange
    """As it arrived; its body from when it was read."""
    generation: int = 0
    """Of the definitions it ran on; each reload counts up."""
    steps: list[TraceStep] = field(default_factory=list)
    secret_names: frozenset[str] = frozenset()
    """Headers, in lower case, query parameters and cookies in which the APIs that it passed look for keys."""
    secrets: frozenset[str] = frozenset()
    """What references to secrets stand for in the definitions of the APIs that it passed."""
    failed: bool = False
    """Whether any step's outcome is failed or error."""
    upstream_request: Request | None = None
    """As it was sent, or would have been."""
    upstream_response: Response | None = None
    """As it came, before the response links."""
    answer: Response | None = None
    """What the client gets; None while it is under way, or when it got none."""
    elapsed_ns: int = 0
    """From arrival to the answer; a body that streams may still be under way."""
    paused_ns: int = 0
    """Of that, how long it was stopped at breakpoints."""
    upstream_ns: int = 0
    """From when the request was handed to the host to the upstream's headers."""
    error: str = ""
    """What went wrong outside the links: the upstream could not be reached, the client went away."""
    failure: str = ""
    """Name of the ``Reason`` with which the host ended it because of ``error``; "" where it did not."""
