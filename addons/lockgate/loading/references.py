"""References to secrets in the texts of a document: ``env://``, ``secrets://``, ``file://``, ``vault://``, ``consul://``.

A reference runs to the end of its text; what stands before it stays. One to ``secrets`` ends where the longest key ends
that the text has there. Values are never part of a problem: there, the reference stands for them.

``vault://KEY`` is a field of the secret ``secret/tyk-apis``, ``vault://engine/path.field`` one of any other, and
``consul://KEY`` the key ``tyk-apis/KEY``.

Source: behaviour-chain 1.2; Tyk documentation, "Key value secrets storage".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.decoding.shapes import Notes, Place
from lockgate.loading.secret_stores import SecretStore, StoreError

_REFERENCE: Final = re.compile(
    r"(?P<kind>env|secrets|consul|vault|file|kv)://(?P<name>.*)|\$kv\{(?P<kv>[^}]*)\}", re.DOTALL
)
_PLACES: Final = {
    "env": "the environment",
    "secrets": "the gateway's secrets",
    "file": "the folder of secrets",
    "vault": "Vault",
    "consul": "Consul",
}
_FOLDER: Final = "tyk-apis"
"""Of Consul and Vault, for references that name none."""
_HOST: Final = r"(?:localhost|[0-9]+(?:\.[0-9]+){3}|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?::[0-9]{1,5})?"
_TELLS_A_PLACE: Final = re.compile(rf"(?:https?|tyk)://[^@?]*|/[a-z0-9._~{{}}/-]*|{_HOST}|[0-9]{{1,5}}|true|false")
"""What the environment and Consul hold beside secrets: where something is, and switches."""
_NEEDED: Final = {"file": "kv.file.base_path", "vault": "kv.vault.address", "consul": "kv.consul.address"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references are looked up."""

    environ: Mapping[str, str]
    secrets: Mapping[str, str]
    """``secrets`` of the gateway's settings."""
    stores: Mapping[str, SecretStore] = field(default_factory=dict)
    """By scheme of a reference."""

    def look_up(self, kind: str, name: str) -> str | None:
        """What a reference stands for; None or "" when there is nothing.

        Raises:
            StoreError: Nobody can tell.
        """
        if kind == "env":
            return self.environ.get(name)
        if kind == "secrets":
            return self.secrets.get(name)
        store = self.stores.get(kind)
        if store is None:
            raise StoreError(f"{_NEEDED[kind]!r} is not set")
        if kind == "vault":
            path, _, key = name.rpartition(".") if "/" in name else (f"secret/{_FOLDER}", "", name)
            return store.resolve(path, key)
        return store.resolve(f"{_FOLDER}/{name}" if kind == "consul" else name, "")

    def ended(self, kind: str, rest: str) -> tuple[str, str]:
        """The name of a reference, and what stands behind it.

        Args:
            kind: Scheme of the reference.
            rest: All of the text behind the scheme.
        """
        keys = [key for key in self.secrets if key and rest.startswith(key)] if kind == "secrets" else []
        name = max(keys, key=len, default=rest)
        return name, rest[len(name) :]

    def in_text(self, kind: str, name: str) -> str | None:
        """What ``$secret_KIND.NAME`` stands for."""
        store = self.stores.get(kind)
        match kind:
            case "conf":
                return self.secrets.get(name)
            case "env":
                return self.environ.get(f"TYK_SECRET_{name.upper()}")
            case "vault" if store is not None:
                path, _, key = name.rpartition(".")
                return store.resolve(path, key)
            case "consul" if store is not None:
                return store.resolve(name, "")
        return None


def is_secret(kind: str, value: str) -> bool:
    """Whether what a reference stands for is not to be shown to anybody."""
    return kind not in ("env", "consul") or _TELLS_A_PLACE.fullmatch(value) is None


def has_reference(text: str) -> bool:
    """Whether a part of the text stands for something else."""
    return _REFERENCE.search(text) is not None


def references(value: Any) -> dict[Place, str]:
    """Every text of a JSON value that has a reference in it, by place."""
    found: dict[Place, str] = {}

    def walk(one: Any, place: Place) -> None:
        if isinstance(one, str):
            # Two tests that cost nothing spare nearly every text the expression.
            if ("://" in one or "$kv{" in one) and has_reference(one):
                found[place] = one
        elif isinstance(one, dict):
            for key, inner in one.items():
                walk(inner, (*place, key))
        elif isinstance(one, list):
            for index, inner in enumerate(one):
                walk(inner, (*place, index))

    walk(value, ())
    return found


def resolved(
    value: Any,
    found: Mapping[Place, str],
    sources: Sources,
    notes: Notes,
    within: tuple[str, ...] = (),
    secrets: set[str] | None = None,
) -> Any:
    """``value`` with its references replaced; a missing one stays as it is written, with a warning.

    Args:
        value: Is not changed.
        found: As ``references`` gave it for ``value``.
        sources: What to look in.
        notes: Where missing ones, and kinds that are not built, are noted.
        within: Keys of the document under which files and stores count: elsewhere ``file://…`` is an ordinary URL.
        secrets: Gets what the references stand for.
    """
    made = value
    for place, text in found.items():
        done, rest = "", text
        while (match := _REFERENCE.search(rest)) is not None:
            kind = match["kind"] or "kv"
            if kind not in ("env", "secrets") and place[: len(within)] != within:
                break
            if kind == "kv":
                notes.unsupported(f"a secret from {kind!r}", place, consequence=f"{text!r} stays as it is written")
                break
            name, behind = sources.ended(kind, match["name"])
            replacement = _looked_up(kind, name, sources, notes, place)
            if replacement:
                if secrets is not None and is_secret(kind, replacement):
                    secrets.add(replacement)
                done += rest[: match.start()] + replacement
                rest = behind
            elif kind == "secrets":
                done += rest[: match.start("name")]
                rest = rest[match.start("name") :]
            else:
                break
        if done + rest != text:
            made = _replaced(made, place, done + rest)
    return made


def _looked_up(kind: str, name: str, sources: Sources, notes: Notes, place: Place) -> str | None:
    """What a reference stands for; None or "" when there is nothing, which is noted."""
    written = f"{kind}://{name}"
    try:
        replacement = sources.look_up(kind, name)
    except StoreError as error:
        message = f"{written!r} cannot be looked up, {error}: it stays as it is written"
        notes.warning("missing-secret", message, place)
        return None
    if not replacement:
        message = f"{written!r} is not in {_PLACES[kind]}: it stays as it is written"
        notes.warning("missing-secret", message, place)
    return replacement


def _replaced(value: Any, place: Place, text: str) -> Any:
    """A copy of ``value``, as deep as it has to be, with one text put in."""
    if not place:
        return text
    copy = value.copy()
    copy[place[0]] = _replaced(value[place[0]], place[1:], text)
    return copy
