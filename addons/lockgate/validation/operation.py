"""One operation of an OpenAPI document: whether a request, or a response, is what the document says.

Checks run in one order, and the first that fails is what is told: security, parameters of the path item that the
operation does not replace, the operation's own, the body.

Source: behaviour-chain 4.8.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import Headers, NotRead, Request, Response, replace
from lockgate.validation.bodies import MediaType, check_body, choose, is_inline
from lockgate.validation.disguises import other_bytes, other_type
from lockgate.validation.nodes import INLINE_STEPS, MAX_STEPS
from lockgate.validation.openapi_schema import Direction, TooComplexError
from lockgate.validation.pairs import Pairs, TooManyError
from lockgate.validation.parameters import Given, Parameter, Place, given_of
from lockgate.validation.texts import quoted

__all__ = ["INLINE_STEPS", "MAX_STEPS", "Checked", "Content", "Operation", "ResponseShape", "TooComplexError"]

MISSING: Final = "value is required but missing"
INLINE_CHARACTERS: Final = 8 * 1024
"""Of a query and headers; longer ones are looked at in a thread."""

_LEAST_STEPS: Final = 100
"""Of one parameter."""

_WITHOUT_BODY: Final = frozenset({204, 205, 304})
_FIRST_FINAL: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A body as the document has it."""

    required: bool = False
    media: Mapping[str, MediaType] = field(default_factory=dict)
    """By media type or range; empty: anything passes."""

    @property
    def fills_defaults(self) -> bool:
        """Whether a body may go on with more than it came with."""
        return any(one.schema is not None and one.schema.has_defaults for one in self.media.values())


@dataclass(frozen=True, slots=True, eq=False)
class ResponseShape:
    """One response of an operation."""

    content: Content = Content()
    headers: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a request."""

    request: Request
    """With the defaults of what is missing."""
    cause: str = ""
    """Why it is refused, as one line; "" when it passes."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation, compiled."""

    parameters: tuple[Parameter, ...] = ()
    """In the order in which they are checked."""
    body: Content | None = None
    security_problem: str = ""
    """Why no request can meet its security requirements."""
    responses: Mapping[str, ResponseShape] = field(default_factory=dict)
    """By status, "4XX" or "default"."""
    places: frozenset[Place] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", frozenset(one.place for one in self.parameters))

    # requests

    def is_inline(self, request: Request) -> bool:
        """Whether the request may be looked at on the event loop, as far as its size tells."""
        if self.places and self._given_characters(request) > INLINE_CHARACTERS:
            return False
        if self.body is None or isinstance(request.body, NotRead) or not request.body:
            return True
        content_type = request.headers.get("Content-Type") or ""
        media = choose(self.body.media, content_type)
        return media is None or is_inline(media, content_type, request.body)

    def _given_characters(self, request: Request) -> int:
        """Of the parts of a request that parameters are read from."""
        size = 0
        if Place.QUERY in self.places and request.query:
            size += len(request.query)
        if Place.HEADER in self.places or Place.COOKIE in self.places:
            size += sum(len(value) for _, value in request.headers.fields)
        return size

    def check(
        self, request: Request, path: Mapping[str, str], *, max_body_bytes: int = 0, steps: int = MAX_STEPS
    ) -> Checked:
        """Judge a request.

        Args:
            request: With its body, if the operation has one.
            path: What stands for the placeholders of the path, percent-encoded.
            max_body_bytes: A body that is larger is refused without being looked at; 0 sets no limit.
            steps: How much work each part of it may be, as ``OpenApiSchema.judge`` counts.

        Raises:
            TooComplexError: It would be more.
        """
        if self.security_problem:
            return Checked(request, self.security_problem)
        given = None
        if self.parameters:
            try:
                given = given_of(request, path, self.places)
            except TooManyError as error:
                return Checked(request, str(error))
            checked = self._parameters(request, given, steps)
            if checked.cause and given.query.odd:
                # Differs: the reference gateway does not look at parts of a query that Go leaves out
                # (test_odd_parts_of_a_query_are_looked_at). The words are those for what it sees.
                without = self._parameters(request, dataclasses.replace(given, lenient=False), steps)
                return Checked(request, without.cause or checked.cause)
            if checked.cause:
                return checked
            request = checked.request
        return _request_body(self.body, request, max_body_bytes, steps)

    def _parameters(self, request: Request, given: Given, steps: int) -> Checked:
        made = request
        if steps <= INLINE_STEPS:
            # Together they are no more work for the event loop than a body.
            steps = max(steps // len(self.parameters), _LEAST_STEPS)
        for parameter in self.parameters:
            finding = parameter.check(given, steps=steps)
            if finding.cause:
                return Checked(request, f"{parameter.label} has an error: {finding.cause}")
            if finding.default is not None:
                made = parameter.added_to(made, finding.default)
        return Checked(made)

    # responses

    def shape(self, status: int) -> ResponseShape | None:
        """What the document says of a status; None when nothing."""
        return (
            self.responses.get(str(status)) or self.responses.get(f"{status // 100}XX") or self.responses.get("default")
        )

    def check_response(
        self, response: Response, *, method: str, max_body_bytes: int = 0, steps: int = MAX_STEPS
    ) -> str:
        """Judge a response.

        Args:
            response: With its body, not content-encoded.
            method: Of the request: an answer to HEAD has no body.
            max_body_bytes: As for ``check``.
            steps: As for ``check``.

        Returns:
            What is wrong with it, as one line; "" when nothing is.

        Raises:
            TooComplexError: As for ``check``.
        """
        shape = self.shape(response.status)
        if shape is None:
            known = ", ".join(sorted(self.responses)) or "none"
            return f"status {response.status} is not declared (declared: {known})"
        given = Given({}, Pairs(), response.headers, "", {}, lenient=True)
        for header in shape.headers:
            finding = header.check(given, steps=steps)
            if finding.cause:
                return f"response header {quoted(header.name)} has an error: {finding.cause}"
        if response.status in _WITHOUT_BODY or response.status < _FIRST_FINAL or method == "HEAD":
            return ""
        return _response_body(shape.content, response, max_body_bytes, steps)


def _request_body(content: Content | None, request: Request, max_body_bytes: int, steps: int) -> Checked:
    """Judge the body of a request."""
    if content is None:
        return Checked(request)
    raw = request.body
    if isinstance(raw, NotRead):
        return Checked(request, "request body has an error: it was not read")
    if not raw:
        return Checked(request, f"request body has an error: {MISSING}" if content.required else "")
    if not content.media:
        return Checked(request)
    content_type = _content_type(request.headers)
    media = choose(content.media, content_type)
    if media is None:
        reason = f"header Content-Type has unexpected value {quoted(content_type)}"
        return Checked(request, f"request body has an error: {reason}")
    disguise = other_type(request.headers)
    if media.schema is None:
        return Checked(request, f"request body has an error: {disguise}" if disguise else "")
    # Differs: the reference gateway has no limit (test_a_body_over_the_limit_is_refused).
    if 0 < max_body_bytes < len(raw):
        return Checked(request, f"request body has an error: {_too_large(len(raw), max_body_bytes)}")
    finding = check_body(media, content_type, raw, steps=steps)
    cause = finding.cause or disguise or ("" if media.takes_any_text else other_bytes(request.headers))
    if cause:
        return Checked(request, f"request body has an error: {cause}")
    return Checked(request if finding.body is None else replace(request, body=finding.body))


def _response_body(content: Content, response: Response, max_body_bytes: int, steps: int) -> str:
    raw = response.body
    if not content.media:
        return ""
    if isinstance(raw, NotRead):
        return "response body has an error: it was not read"
    content_type = _content_type(response.headers)
    media = choose(content.media, content_type)
    if media is None:
        return f"response header Content-Type has unexpected value: {quoted(content_type)}"
    if media.schema is None:
        return ""
    if 0 < max_body_bytes < len(raw):
        return f"response body has an error: {_too_large(len(raw), max_body_bytes)}"
    finding = check_body(media, content_type, raw, Direction.RESPONSE, steps=steps)
    return f"response body has an error: {finding.cause}" if finding.cause else ""


def _too_large(size: int, limit: int) -> str:
    return f"it has {size} bytes, and no more than {limit} are validated"


def _content_type(headers: Headers) -> str:
    return headers.get("Content-Type") or ""
