"""Make facts of the inbound request available to texts of the definition, as ``$tyk_context.NAME``.

Source: behaviour-chain 4.11.
"""

import re
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from lockgate.client_address import client_address
from lockgate.exchange import Client, Exchange, NotRead, Request, VariableValue, canonical, decode_text, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.urls import form_values
from lockgate.variables import FormValues

MOST_FIELDS: Final = 10_000
"""Of a form in a body, and of a query; what stands behind them is no variable. Likewise of a header with cookies."""
LONGEST_VALUE: Final = 1024 * 1024
"""Characters of a field of a form in a body; a longer one is no variable."""
INLINE_BYTES: Final = 16 * 1024
"""Of a query, headers and a form that are looked at on the event loop."""

_WITH_FORM: Final = frozenset({"POST", "PUT", "PATCH"})
_COOKIE_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_COOKIE_VALUE: Final = re.compile(r"[\x20!#-:<-\[\]-~]*+")


@dataclass(frozen=True, slots=True)
class ContextVariables:
    """Configuration of ``context_variables``."""

    xff_depth: int = 0
    """Which element of X-Forwarded-For is the client: 0 is the leftmost, n the n-th from the right."""


def request(config: ContextVariables, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Take the request as it is now; a loop takes it anew. Those of a large request are worked out in a thread."""
    facts = RequestFacts(
        exchange.request, exchange.client, exchange.current_pass.path, services.new_id(), config.xff_depth
    )
    outcome = Continue(replace(exchange, variables=facts))
    return outcome if _size(exchange.request) <= INLINE_BYTES else _later(outcome, facts, services)


async def _later(outcome: Outcome, facts: "RequestFacts", services: Services) -> Outcome:
    await services.compute(facts.work_out)
    return outcome


def _size(request: Request) -> int:
    """About how much variables are made of."""
    size = len(request.query or "") + sum(len(value) for _, value in request.headers.fields)
    return size if isinstance(request.body, NotRead) or not _is_form(request) else size + len(request.body)


def body_need(_config: ContextVariables, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where it is a form."""
    return BodyNeed.READ if phase is Phase.REQUEST and _is_form(exchange.request) else BodyNeed.NONE


@final
class RequestFacts(Mapping[str, VariableValue]):
    """The variables of one request; worked out when somebody asks for the first of them."""

    __slots__ = ("_client", "_id", "_path", "_request", "_values", "_xff_depth")

    def __init__(self, request: Request, client: Client, path: str, request_id: str, xff_depth: int) -> None:
        """Keep what the variables are made of.

        Args:
            request: As it came in.
            client: From the connection.
            path: Decoded, listen path included.
            request_id: A new UUID.
            xff_depth: As in ``ContextVariables``.
        """
        self._request: Final = request
        self._client: Final = client
        self._path: Final = path
        self._id: Final = request_id
        self._xff_depth: Final = xff_depth
        self._values: dict[str, VariableValue] | None = None

    def work_out(self) -> None:
        """Find them out now."""
        self._worked_out()

    def _worked_out(self) -> dict[str, VariableValue]:
        values = self._values
        if values is None:
            self._values = values = self._work_out()
        return values

    def _work_out(self) -> dict[str, VariableValue]:
        request = self._request
        headers: dict[str, tuple[str, ...]] = {}
        for spelling, value in request.headers:
            name = canonical(spelling)
            headers[name] = (*headers.get(name, ()), value)
        form = _form(request)
        values: dict[str, VariableValue] = {
            "path": self._path,
            "path_parts": tuple(self._path.split("/")),
            "remote_addr": client_address(request.headers, self._client, self._xff_depth),
            "request_id": self._id,
            "headers": headers,
            "headers_Host": request.host,
            "request_data": form,
        }
        for name, all_values in headers.items():
            values[f"headers_{name.replace('-', '_')}"] = all_values[0]
        for name, all_values in form.items():
            values[f"request_data_{name.replace('-', '_')}"] = all_values[0]
        for name, value in _cookies(headers.get("Cookie", ())):
            values[f"cookies_{name.replace('-', '_')}"] = value
        return values

    def __getitem__(self, name: str) -> VariableValue:
        if name == "path":  # The one that is asked for most, and costs nothing.
            return self._path
        return self._worked_out()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._worked_out())

    def __len__(self) -> int:
        return len(self._worked_out())

    def __repr__(self) -> str:
        return f"RequestFacts({self._worked_out()!r})"


def _is_form(request: Request) -> bool:
    if request.method not in _WITH_FORM:
        return False
    kind = (request.headers.get("Content-Type") or "").partition(";")[0]
    return kind.strip().lower() == "application/x-www-form-urlencoded"


def _form(request: Request) -> FormValues:
    """Values of body and query; those of the body come first."""
    form = FormValues()
    if not isinstance(request.body, NotRead) and _is_form(request):
        # Differs: the reference gateway has no limit (test_the_end_of_a_very_long_form_is_no_variable).
        for name, values in form_values(decode_text(request.body), MOST_FIELDS).items():
            if kept := tuple(value for value in values if len(value) <= LONGEST_VALUE):
                form[name] = kept
    if request.query:
        for name, values in form_values(request.query, MOST_FIELDS).items():
            form[name] = form.get(name, ()) + values
    return form


def _cookies(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Names and values; what has other characters than a cookie may have is none, as in Go's net/http."""
    for line in lines:
        for part in line.split(";", MOST_FIELDS)[:MOST_FIELDS]:
            name, _, value = part.strip(" \t").partition("=")
            name = name.strip(" \t")
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            if _COOKIE_NAME.fullmatch(name) and _COOKIE_VALUE.fullmatch(value):
                yield name, value


MIDDLEWARE = Middleware(
    name="context_variables",
    summary="Makes facts of the inbound request available as $tyk_context variables.",
    config=ContextVariables,
    request=request,
    body_when=body_need,
)
