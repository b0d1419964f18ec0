"""Ask for a key, and find out who holds it.

Source: behaviour-chain 5.2, and 4.3 for loops.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

from lockgate.exchange import Exchange, Variables, VariableValue, encode_text, replace
from lockgate.identity.credentials import Places, presented, without_bearer
from lockgate.identity.keys import DEFAULT_MIN_LENGTH, possible_names
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import ServiceError, Services

_TOKEN = "token"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class AuthToken:
    """Configuration of ``auth_token``."""

    places: Places
    """Where the key is looked for."""
    org_id: str = ""
    """Of the API: its keys are known with the organisation in front, and may be presented without it."""
    min_length: int = DEFAULT_MIN_LENGTH
    """In bytes; a key that is not longer than this is unknown."""
    hash_function: str = ""
    """``hash_key_function``: how the names of keys are made."""
    identifies: bool = True
    """Whether the key's session counts. Another method may be named to say who calls."""


async def request(config: AuthToken, exchange: Exchange, services: Services) -> Outcome:
    """Let the holder of a key pass, with the key's session.

    A request that looped to its own API has shown its key before.
    """
    if exchange.ignored:
        return Continue(exchange)
    if exchange.session is not None and any(one.to_itself for one in exchange.passes):
        return Continue(_with_token(exchange, exchange.key))
    text = presented(exchange.request, config.places)
    if text is None:
        return Reject(Reason.KEY_MISSING)
    key = without_bearer(text)
    if len(encode_text(key)) <= config.min_length:
        return Reject(Reason.KEY_UNKNOWN, detail=f"a key has to be longer than {config.min_length} bytes", key=key)
    try:
        found = await services.find_key(possible_names(config.org_id, key, config.hash_function))
    except ServiceError as error:
        return Reject(Reason.STORE_FAILED, detail=f"the key could not be looked up: {error}")
    if found is None:
        return Reject(Reason.KEY_UNKNOWN, detail="there is no such key", key=key)
    if found.session.apply_policies:
        return Reject(Reason.API_NOT_GRANTED, detail="the key has policies, which are not supported yet")
    if not config.identifies:
        return Continue(exchange)
    quota = exchange.quota if found.name == exchange.key else None
    known = replace(exchange, key=found.name, session=found.session, quota=quota, made_session=False)
    return Continue(_with_token(known, found.name))


def _with_token(exchange: Exchange, key: str) -> Exchange:
    """With the key as a variable, where variables are on."""
    if exchange.variables is None:
        return exchange
    return replace(exchange, variables=_WithToken(exchange.variables, key))


@final
class _WithToken(Mapping[str, VariableValue]):
    """Variables and the key. The others are still worked out only when somebody asks for one."""

    __slots__ = ("_others", "_token")

    def __init__(self, others: Variables, token: str) -> None:
        self._others = others
        self._token = token

    def __getitem__(self, name: str) -> VariableValue:
        return self._token if name == _TOKEN else self._others[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._others if name != _TOKEN)
        yield _TOKEN

    def __len__(self) -> int:
        return len(self._others) + (_TOKEN not in self._others)

    def __repr__(self) -> str:
        return f"_WithToken({self._others!r})"


MIDDLEWARE = Middleware(
    name="auth_token",
    summary="Asks for a key, and finds out who holds it.",
    config=AuthToken,
    request=request,
)
