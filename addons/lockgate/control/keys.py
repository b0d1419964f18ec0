"""Keys: made, changed, told and forgotten. They take effect at once.

Source: behaviour-chain 6.6.
"""

import logging
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lockgate.control.handlers import Secured
from lockgate.identity.keys import (
    KeyStores,
    handle_of,
    key_name,
    possible_names,
    shown_hash,
)
from lockgate.identity.sessions import SessionError, completed, session_document
from lockgate.session import Session

logger = logging.getLogger(__name__)

_NO_RIGHTS = "Failed to create key, ensure security settings are correct."


class _KeyHandler(Secured):
    keys: KeyStores

    def initialize(self, keys: KeyStores, **parts: Any) -> None:
        super().initialize(**parts)
        self.keys = keys

    @property
    def hashed(self) -> bool:
        """Whether the key in the path is a hash."""
        return self.get_query_argument("hashed", "") == "1"

    @property
    def suppresses_reset(self) -> bool:
        """Whether what was counted stays."""
        return self.get_query_argument("suppress_reset", "") == "1"

    async def found(self, given: str) -> tuple[str, str, Session] | None:
        """Handle, name and session of the key that the path means; None when there is none.

        A hash that several keys have means none of them.
        """
        store, settings = self.keys.sessions, self.deployment.settings
        if self.hashed:
            handles = await store.handles(given) if settings.hash_keys else ()
            session = await store.get(handles[0]) if len(handles) == 1 else None
            return None if session is None else (handles[0], given, session)
        org_id = self.get_query_argument("org_id", "")
        names = possible_names(org_id, given, settings.hash_key_function) if org_id else (given,)
        for name in names:
            session = await store.get(handle_of(name))
            if session is not None:
                return handle_of(name), name, session
        return None

    def posted(self) -> dict[str, Any]:
        """The session object in the request's body.

        Raises:
            SessionError: There is none.
        """
        document = session_document(self.request.body)
        if document["basic_auth_data"]["password"]:
            logger.warning("basic authentication is not supported yet: the password of a key was not kept")
            document["basic_auth_data"] = {"password": "", "hash_type": ""}
        return document

    def may_be_kept(self, document: Mapping[str, Any]) -> bool:
        """Whether it has access rights, or needs none."""
        return bool(document["access_rights"]) or self.deployment.settings.allow_master_keys

    async def keep(
        self, handle: str, shown: str, document: Mapping[str, Any], old: Session | None, created: str = ""
    ) -> None:
        """Keep a session, and give back what its key has used up unless the request says not to.

        Args:
            handle: Of the key.
            shown: Name or hash.
            document: As posted.
            old: The session that it replaces.
            created: When the key was made; "" is now.
        """
        before = old.document if old is not None and self.suppresses_reset else None
        await self.keys.keep(handle, shown, document, time.time(), created or _now(), before)

    async def keep_named(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a session under a name, and answer."""
        settings, handle = self.deployment.settings, handle_of(name)
        shown = shown_hash(name, settings.hash_key_function) if settings.hash_keys else name
        await self.keep(handle, shown, document, await self.keys.sessions.get(handle))
        self.modified(name, "added", shown if settings.hash_keys else "")

    def modified(self, name: str, action: str, shown: str = "") -> None:
        """Answer for a key that was changed."""
        answer = {"key": name, "status": "ok", "action": action}
        self.reply({**answer, "key_hash": shown} if shown else answer)

    def new_name(self, document: Mapping[str, Any]) -> str:
        """Of a key that nobody named."""
        return key_name(document["org_id"], uuid.uuid4().hex, self.deployment.settings.hash_key_function)


class Keys(_KeyHandler):
    """All keys."""

    async def get(self) -> None:
        """List them: by name, or by hash where that is allowed."""
        settings = self.deployment.settings
        if settings.hash_keys and not settings.enable_hashed_keys_listing:
            self.error("Hashed key listing is disabled in config (enable_hashed_keys_listing)", 404)
            return
        beginning = self.get_query_argument("filter", "")
        self.reply({"keys": [one for one in await self.keys.sessions.shown() if one.startswith(beginning)]})

    async def post(self) -> None:
        """Make one; its id is made too."""
        try:
            document = self.posted()
        except SessionError:
            self.error("Request malformed", 400)
            return
        if not self.may_be_kept(document):
            self.error(_NO_RIGHTS, 500)
            return
        await self.keep_named(self.new_name(document), document)


class Key(_KeyHandler):
    """One key."""

    async def get(self, given: str) -> None:
        """Tell its session, with what is left of its quotas."""
        if "/" in given:
            self.unknown()
            return
        if self.hashed and not self.deployment.settings.hash_keys:
            self.error("Key requested by hash but key hashing is not enabled", 400)
            return
        found = await self.found(given)
        if found is None:
            self.error("Key not found", 404)
            return
        self.reply(await self.keys.told(found[0], found[2].document))

    async def post(self, given: str) -> None:
        """Make it, or put another session in its place."""
        if "/" in given:
            self.unknown()
            return
        if given in ("create", "preview"):
            await self._new(preview=given == "preview")
            return
        try:
            document = self.posted()
        except SessionError:
            self.error("Request malformed", 400)
            return
        if not self.may_be_kept(document):
            self.error(_NO_RIGHTS, 500)
            return
        await self.keep_named(key_name(document["org_id"], given, self.deployment.settings.hash_key_function), document)

    async def _new(self, *, preview: bool) -> None:
        """Make a key whose id is made too, or show what it would be."""
        try:
            document = self.posted()
        except SessionError:
            self.error("Unmarshalling failed", 500)
            return
        if preview:
            self.reply({**completed(document, time.time(), _now()), "quota_renews": document["quota_renews"]})
        elif not self.may_be_kept(document):
            self.error("Failed to create key, keys must have at least one Access Rights record set.", 400)
        else:
            await self.keep_named(self.new_name(document), document)

    async def put(self, given: str) -> None:
        """Put another session in its place."""
        # Differs: the reference gateway keeps the old session when the new one has expired long ago
        # (test_a_key_can_be_made_to_expire).
        if "/" in given:
            self.unknown()
            return
        try:
            document = self.posted()
        except SessionError:
            self.error("Request malformed", 400)
            return
        found = await self.found(given)
        if found is None:
            self.error("Key is not found", 404)
            return
        if not self.may_be_kept(document):
            self.error(_NO_RIGHTS, 500)
            return
        handle, name, old = found
        settings = self.deployment.settings
        shown = name
        if settings.hash_keys and not self.hashed:
            shown = shown_hash(name, settings.hash_key_function)
        await self.keep(handle, shown, document, old, old.document["date_created"])
        self.modified(name, "modified", shown if settings.hash_keys else "")

    async def delete(self, given: str) -> None:
        """Forget it, and what was counted."""
        if "/" in given:
            self.unknown()
            return
        found = await self.found(given)
        if found is None:
            self.error("There is no such key found", 404)
            return
        handle, name, _ = found
        await self.keys.sessions.forget(handle)
        await self.keys.counts.give_back(handle)
        self.modified(name, "deleted")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
