"""What a definition means, whatever format it was written in. Does not know where a document came from.

Whoever holds an ``ApiDefinition`` need not check anything: loading did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.middleware import Rule


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a definition that configures one middleware for the whole API."""

    config: object
    """Of the middleware's config type."""
    pointer: str = ""
    """JSON Pointer into the definition."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an API: an OAS definition has one, named ""."""

    name: str = ""
    sections: Mapping[str, Section] = field(default_factory=dict)
    """By name of the middleware."""
    rules: tuple[Rule, ...] = ()
    """Entries for endpoints: of one kind, in the order in which the first match wins."""
    operations: tuple[tuple[str, str], ...] = ()
    """Path and method of every operation of an OAS document, also of those without middleware: the OpenAPI router ends
    its search at the first path that matches."""
    ignore_case: bool = False
    """Allow, block, ignore and Classic mock entries match whatever the case."""


@dataclass(frozen=True, slots=True)
class ApiDefinition:
    """One API."""

    id: str
    name: str
    listen_path: str
    """Prefix under which it is served, or a template such as "/{name}/"."""
    strip_listen_path: bool
    versions: tuple[Version, ...]
    """The first one is used unless versioning says otherwise."""
    org_id: str = ""
    internal: bool = False
    """Not routed; only loops reach it."""
    unavailable: str = ""
    """Why every request gets 503: a restricting section that cannot be honoured. "" when it is served."""
    strict: bool = False
    """A transform that fails refuses the request."""
    document: Mapping[str, object] = field(default_factory=dict)
    """The definition as it was written."""
    source: str = ""
    """File it was read from, as the user gave it."""
    content_hash: str = ""
    """Of everything it was made of: equal hashes, equal behaviour."""
