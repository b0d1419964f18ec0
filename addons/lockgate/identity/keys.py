"""Names of keys: what a client may present for a key, and what stores and counters know it by.

Source: behaviour-chain 5.6 and 6.6.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lockgate.identity.murmur import long_hash, short_hash
from lockgate.identity.sessions import completed
from lockgate.services import LimitCounters, Sessions
from lockgate.session import Session

HASH_FUNCTIONS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "": short_hash,
    "murmur32": short_hash,
    "murmur64": lambda text: long_hash(text)[:16],
    "murmur128": long_hash,
    "sha256": lambda text: hashlib.sha256(text).hexdigest(),
}
"""``hash_key_function``: how a key's hash is printed."""

DEFAULT_MIN_LENGTH: Final = 3
"""``min_token_length`` where it is 0. A key has to be longer."""


def key_name(org_id: str, custom_id: str, function: str = "") -> str:
    """The key that an id becomes in an organisation.

    Args:
        org_id: "" is none.
        custom_id: With the organisation in front or without.
        function: ``hash_key_function``.

    Returns:
        Organisation and id; with a function base64 of an object that names all three.
    """
    bare = custom_id.removeprefix(org_id)
    if not function:
        return org_id + bare
    named = json.dumps({"org": org_id, "id": bare, "h": function}, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(named.encode("utf-8", "surrogatepass")).decode("ascii")


def possible_names(org_id: str, presented: str, function: str = "") -> tuple[str, ...]:
    """The keys that a client may mean by what it presents, in the order in which they are looked for.

    Args:
        org_id: Of the API.
        presented: Without "Bearer".
        function: ``hash_key_function``.
    """
    named = key_name(org_id, presented, function)
    return (presented,) if named == presented else (named, presented)


def handle_of(name: str) -> str:
    """What stores and counters know a key by: 64 hex digits that do not tell the key.

    Differs: the reference gateway knows a hashed key by a hash that many keys share, so that they open what the one that
    was made opens (test_a_key_with_the_same_hash_is_another_key).
    """
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def shown_hash(name: str, function: str = "") -> str:
    """A key's hash for people, as the reference gateway prints it; many keys may share one."""
    return HASH_FUNCTIONS[function](name.encode("utf-8", "surrogateescape"))


def rate_scope(scope: str) -> str:
    """What a key's rate is counted under.

    Args:
        scope: An API's id, an endpoint of it, or "" for all APIs together.
    """
    return f"rate {scope}"


def quota_scope(scope: str) -> str:
    """What a key's quota is counted under: an API's id, or "" for all APIs together."""
    return f"quota {scope}"


class KeyStore(Sessions, Protocol):
    """Keys as the control API sees them: by handle."""

    async def get(self, handle: str) -> Session | None:
        """A key's session."""
        ...

    async def keep(self, handle: str, shown: str, session: Session) -> None:
        """Keep a key, or another session for it.

        Args:
            handle: Of the key.
            shown: Its name, or its hash where names are not to be told.
            session: In force at once.
        """
        ...

    async def forget(self, handle: str) -> bool:
        """Forget a key. False: there was none."""
        ...

    async def shown(self) -> Sequence[str]:
        """What was given as ``shown`` for each key, in the order in which they were kept."""
        ...

    async def handles(self, shown: str) -> Sequence[str]:
        """The keys that are shown as this."""
        ...


class CountStore(LimitCounters, Protocol):
    """Counts as the control API sees them."""

    async def look(self, owner: str, scope: str) -> tuple[int, float] | None:
        """How many requests an open window has let pass, and when it ends (0: never); None: none is open."""
        ...

    async def give_back(self, owner: str) -> None:
        """Forget all counts of an owner."""
        ...


@dataclass(frozen=True, slots=True)
class KeyStores:
    """Where keys are, and where their requests are counted."""

    sessions: KeyStore
    counts: CountStore

    async def told(self, handle: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """A key's session object with what is left of its quotas.

        Args:
            handle: Of the key.
            document: As it is kept.
        """
        told = await self._counted(handle, "", document)
        rights = document["access_rights"] or {}
        limited = {
            api_id: {**right, "limit": await self._counted(handle, api_id, right["limit"])}
            for api_id, right in rights.items()
        }
        return {**told, "access_rights": limited} if limited else told

    async def _counted(self, handle: str, scope: str, limit: Mapping[str, Any]) -> dict[str, Any]:
        """Limits with what is left of their quota."""
        window = await self.counts.look(handle, quota_scope(scope)) if limit["quota_max"] > 0 else None
        if window is None:
            return dict(limit)
        used, ends_at = window
        return {**limit, "quota_remaining": max(limit["quota_max"] - used, 0), "quota_renews": int(ends_at)}

    async def keep(
        self,
        handle: str,
        shown: str,
        document: Mapping[str, Any],
        now: float,
        created: str,
        before: Mapping[str, Any] | None,
    ) -> None:
        """Keep a session.

        Args:
            handle: Of the key.
            shown: Name or hash.
            document: As posted.
            now: Seconds since the epoch.
            created: When the key was made, RFC 3339.
            before: The object whose periods go on; None gives back what the key has used up.
        """
        made = completed(document, now, created, before)
        await self.sessions.keep(handle, shown, Session.of(made))
        if before is None:
            await self.counts.give_back(handle)
