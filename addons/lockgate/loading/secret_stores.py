"""Stores that secrets are looked up in while definitions are loaded: files, Vault and Consul.

What a store answers is never part of a message: an error says which secret could not be had, and why.

Source: behaviour-chain 1.2; Vault's KV secrets engine, versions 1 and 2; Consul's KV store.
"""
# Loading is where secrets are fetched.
# ruff: noqa: TID251

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any, Final, Protocol, final
from urllib.parse import quote, urlencode, urlsplit

from lockgate.settings import ConsulSettings, Settings, VaultSettings

MAX_BYTES: Final = 1 << 20
"""Of a file or an answer."""

_NOT_FOUND: Final = 404
_VERSION_2: Final = 2
_BASIC: Final = "Basic "


class StoreError(Exception):
    """A store could not be asked; the message names no secret."""


class SecretStore(Protocol):
    """Where secrets lie."""

    def resolve(self, path: str, field: str) -> str | None:
        """A secret.

        Args:
            path: Of it within the store.
            field: Of what stands there; "" is all of it.

        Returns:
            None when there is none.

        Raises:
            StoreError: Nobody can tell.
        """
        ...


@final
class FileStore:
    """Files in one folder: each is one secret."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def resolve(self, path: str, field: str) -> str | None:
        """See ``SecretStore``. Line ends at the end do not count."""
        wanted = PurePath(path)
        if field or not path or wanted.is_absolute() or ".." in wanted.parts or "\0" in path:
            raise StoreError("expected a relative path without '..'")
        try:
            with (self._folder / wanted).open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"cannot read the file: {error.strerror}") from None
        if len(raw) > MAX_BYTES:
            raise StoreError(f"expected at most {MAX_BYTES} bytes, the file has more")
        return raw.decode("utf-8", "replace").rstrip("\r\n")


@final
class VaultStore:
    """Vault's KV engine."""

    def __init__(self, settings: VaultSettings) -> None:
        self._settings: Final = settings
        self._answers: Final[dict[str, Mapping[str, Any] | None]] = {}

    def resolve(self, path: str, field: str) -> str | None:
        """See ``SecretStore``. A path is that of the engine and what lies in it: ``secret/tyk-apis``."""
        if path not in self._answers:
            self._answers[path] = self._asked(path)
        values = self._answers[path]
        value = None if values is None else values.get(field)
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value)

    def _asked(self, path: str) -> Mapping[str, Any] | None:
        settings = self._settings
        engine, _, rest = path.strip("/").partition("/")
        if settings.kv_version == _VERSION_2:
            rest = f"data/{rest}"
        address = settings.agent_address or settings.address
        url = f"{address.rstrip('/')}/v1/{quote(engine, safe='')}/{quote(rest)}"
        headers = {"X-Vault-Token": settings.token} if settings.token else {}
        answer = _json(_get(url, headers, settings.timeout))
        data = None if answer is None else _inner(answer, "data")
        if settings.kv_version == _VERSION_2:
            data = _inner(data, "data")
        return data if isinstance(data, Mapping) else None


@final
class ConsulStore:
    """Consul's KV store."""

    def __init__(self, settings: ConsulSettings) -> None:
        self._settings: Final = settings
        self._answers: Final[dict[str, str | None]] = {}

    def resolve(self, path: str, field: str) -> str | None:
        """See ``SecretStore``. A path is a whole key; there are no fields."""
        if field:
            raise StoreError("values of Consul have no fields")
        if path not in self._answers:
            self._answers[path] = self._asked(path)
        return self._answers[path]

    def _asked(self, key: str) -> str | None:
        settings = self._settings
        address = settings.address
        if "://" not in address:
            address = f"{settings.scheme or 'http'}://{address}"
        query = {"raw": "true"} | ({"dc": settings.datacenter} if settings.datacenter else {})
        headers = {"X-Consul-Token": settings.token} if settings.token else {}
        login = settings.http_auth
        if login.username:
            pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode("ascii")
            headers["Authorization"] = _BASIC + pair
        url = f"{address.rstrip('/')}/v1/kv/{quote(key.strip('/'))}?{urlencode(query)}"
        raw = _get(url, headers, settings.timeout)
        return None if raw is None else raw.decode("utf-8", "replace")


@final
class Fallible:
    """A store that is not asked again in a load once it could not be asked."""

    def __init__(self, make: Callable[[], SecretStore]) -> None:
        self._make: Final = make
        self._store: SecretStore | None = None
        self._failure = ""

    def resolve(self, path: str, field: str) -> str | None:
        """See ``SecretStore``."""
        if self._failure:
            raise StoreError(self._failure)
        if self._store is None:
            self._store = self._make()
        try:
            return self._store.resolve(path, field)
        except StoreError as error:
            self._failure = str(error)
            raise


def stores_of(settings: Settings) -> dict[str, SecretStore]:
    """The stores that the settings name, by scheme of a reference."""
    made: dict[str, SecretStore] = {}
    kv = settings.kv
    folder = kv.file.base_path or settings.folder
    if folder:
        made["file"] = FileStore(Path(settings.folder) / folder if kv.file.base_path else Path(folder))
    vault, consul = kv.vault, kv.consul
    if vault.address or vault.agent_address:
        made["vault"] = Fallible(lambda: VaultStore(vault))
    if consul.address:
        made["consul"] = Fallible(lambda: ConsulStore(consul))
    return made


# ── asking ──


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is for the host that it was given to."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def _get(url: str, headers: Mapping[str, str], timeout_seconds: float) -> bytes | None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise StoreError("expected an http or https address in the settings")
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - the scheme was checked
    try:
        with _OPENER.open(request, timeout=timeout_seconds) as response:
            raw: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _NOT_FOUND:
                return None
            raise StoreError(f"the store answers {error.code}") from None
    except urllib.error.URLError as error:
        raise StoreError(f"the store cannot be reached: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"the store cannot be reached: {type(error).__name__}") from None
    if len(raw) > MAX_BYTES:
        raise StoreError(f"expected at most {MAX_BYTES} bytes, the store answers with more")
    return raw


def _json(raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise StoreError("the store does not answer with JSON") from None


def _inner(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
