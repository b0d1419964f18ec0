"""References to secrets in the texts of a document: ``env://NAME`` and ``secrets://KEY``.

A reference runs to the end of its text; what stands before it stays. Names never appear beside values in problems.

Source: behaviour-chain 1.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.decoding.shapes import Notes, Place

_REFERENCE: Final = re.compile(
    r"(?P<kind>env|secrets|consul|vault|file|kv)://(?P<name>.*)|\$kv\{(?P<kv>[^}]*)\}", re.DOTALL
)
_READABLE: Final = ("env", "secrets")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references are looked up."""

    environ: Mapping[str, str]
    secrets: Mapping[str, str]
    """``secrets`` of the gateway's settings."""


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


def resolved(value: Any, found: Mapping[Place, str], sources: Sources, notes: Notes, within: str) -> Any:
    """``value`` with its references replaced; a missing one stays as it is written, with a warning.

    Args:
        value: Is not changed.
        found: As ``references`` gave it for ``value``.
        sources: What to look in.
        notes: Where missing ones, and kinds that are not built, are noted.
        within: Key of the document under which the latter count.
    """
    made = value
    for place, text in found.items():
        match = _REFERENCE.search(text)
        if match is None:
            continue
        kind, name = match["kind"] or "kv", match["name"] if match["kind"] else match["kv"]
        if kind not in _READABLE:
            # Elsewhere in a document "file://…" is an ordinary URL.
            if place[:1] == (within,):
                notes.unsupported(f"a secret from {kind!r}", place, consequence=f"{text!r} stays as it is written")
            continue
        replacement = sources.environ.get(name) if kind == "env" else sources.secrets.get(name)
        if not replacement:
            where = "the environment" if kind == "env" else "the gateway's secrets"
            notes.warning("missing-secret", f"{match.group()!r} is not in {where}: it stays as it is written", place)
            continue
        made = _replaced(made, place, text[: match.start()] + replacement)
    return made


def _replaced(value: Any, place: Place, text: str) -> Any:
    """A copy of ``value``, as deep as it has to be, with one text put in."""
    if not place:
        return text
    copy = value.copy()
    copy[place[0]] = _replaced(value[place[0]], place[1:], text)
    return copy
