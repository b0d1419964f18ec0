"""What a definition means, whatever format it was written in. Does not know where a document came from.

Whoever holds an ``ApiDefinition`` need not check anything: loading did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lockgate.error_replies import PLAIN, ErrorReplies
from lockgate.middleware import Reason, Rule
from lockgate.routing.pattern import Regex
from lockgate.scripting.events import EventScript


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


class VersionLocation(Enum):
    """Where a request names the version that it wants."""

    HEADER = "header"
    QUERY = "url-param"
    URL = "url"
    """First segment behind the listen path."""
    NOWHERE = ""
    """No request can name one."""


@dataclass(frozen=True, slots=True)
class Versioning:
    """How a request chooses a version.

    Source: behaviour-chain 1.9.
    """

    location: VersionLocation
    key: str = ""
    """Of the header or query parameter."""
    pattern: Regex | None = None
    """A segment is cut off only if it matches (``url_versioning_pattern``)."""
    strip: bool = False
    """Take what named the version out of the request."""
    default: str = ""
    """For a request that names none."""
    fallback: bool = False
    """For a request that names one that there is not, too."""
    name: str = ""
    """Of the version that this API is itself, where its versions are other APIs."""
    children: Mapping[str, str] | None = None
    """API id by name of the version, where versions are other APIs; None where they are ``ApiDefinition.versions``."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded of an API's exchanges, where the gateway records any.

    Source: behaviour-chain 1.3 and 7.
    """

    enabled: bool = True
    """False: nothing is (``do_not_track``)."""
    detailed: bool = False
    """Requests and responses are kept as they went over the wire."""
    tag_headers: tuple[str, ...] = ()
    """Request headers whose values become tags."""
    tags: tuple[str, ...] = ()
    """Of every record."""
    retention_seconds: int = 0
    """After which a record may be dropped; 0 keeps it."""


@dataclass(frozen=True, slots=True)
class ApiDefinition:
    """One API."""

    id: str
    name: str
    listen_path: str
    """Prefix under which it is served, or a template such as "/{name}/"."""
    strip_listen_path: bool
    versions: tuple[Version, ...]
    """The first one is used unless versioning says otherwise. Empty only together with ``refusal``."""
    versioning: Versioning | None = None
    """None: every request gets the first version."""
    refusal: Reason | None = None
    """Why every request is refused: it has no version that could be used."""
    domain: str = ""
    """Host name that requests have to come for, or a template such as "{tenant}.example.com"; "" takes any."""
    org_id: str = ""
    internal: bool = False
    """Not routed; only loops reach it."""
    unavailable: str = ""
    """Why every request gets 503: a restricting section that cannot be honoured. "" when it is served."""
    strict: bool = False
    """A transform that fails refuses the request."""
    errors: ErrorReplies = PLAIN
    """How its errors are worded."""
    recording: Recording = Recording()
    batch: Section | None = None
    """Of the endpoint for several requests in one; None: there is none."""
    event_handlers: Mapping[str, tuple[EventScript, ...]] = field(default_factory=dict)
    """By name of the event: who is told."""
    document: Mapping[str, object] = field(default_factory=dict)
    """The definition as it was written."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """What its references to secrets stand for: nobody is shown these texts."""
    source: str = ""
    """File it was read from, as the user gave it."""
    files: tuple[str, ...] = ()
    """Files beside it that it was made of, as far as they are read when it is loaded: templates. Some may be missing."""
    content_hash: str = ""
    """Of everything it was made of: equal hashes, equal behaviour."""
