"""Keys as scripts see and change them: those of the control API."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, final

from lockgate.identity.keys import KeyStores, handle_of, possible_names, shown_hash
from lockgate.services import Clock, ServiceError
from lockgate.snapshot import Gateway

_NEVER_CREATED: Final = "0001-01-01T00:00:00Z"


@final
class ScriptKeys:
    """Looks keys up, and keeps them (``services.KeyData``)."""

    __slots__ = ("_clock", "_gateway", "_keys")

    def __init__(self, keys: KeyStores, gateway: Gateway, clock: Clock) -> None:
        """Make it.

        Args:
            keys: Where they are.
            gateway: For organisations and settings.
            clock: For the beginning of periods.
        """
        self._keys: Final = keys
        self._gateway: Final = gateway
        self._clock: Final = clock

    async def get_key(self, key: str, api_id: str) -> Mapping[str, Any] | None:
        """A key's session object with what is left of its quotas; None: there is no such key."""
        snapshot = self._gateway.current
        api = snapshot.apis.get(api_id)
        org_id = "" if api is None else api.definition.org_id
        names = possible_names(org_id, key, snapshot.settings.hash_key_function) if org_id else (key,)
        found = await self._keys.sessions.find(names)
        return None if found is None else await self._keys.told(handle_of(found.name), found.session.document)

    async def set_key(self, key: str, document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        """Keep a session under a key.

        Raises:
            ServiceError: It would open every API, and the settings do not allow that.
        """
        settings = self._gateway.current.settings
        if not key:
            raise ServiceError("a key without a name cannot be kept")
        if not document["access_rights"] and not settings.allow_master_keys:
            raise ServiceError("a key without access rights cannot be kept, because allow_master_keys is off")
        handle, now = handle_of(key), self._clock.now()
        old = await self._keys.sessions.get(handle) if keeps_counts else None
        created = document["date_created"]
        if created == _NEVER_CREATED:
            created = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
        shown = shown_hash(key, settings.hash_key_function) if settings.hash_keys else key
        kept = {**document, "basic_auth_data": {"password": "", "hash_type": ""}}
        await self._keys.keep(handle, shown, kept, now, created, None if old is None else old.document)
