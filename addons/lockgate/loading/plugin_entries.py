"""Plugins as definitions and bundles have them, whatever the format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lockgate.decoding.shapes import Place


class Hook(StrEnum):
    """Where in the chains a plugin stands."""

    PRE = "pre"
    AUTH_CHECK = "auth_check"
    POST_KEY_AUTH = "post_key_auth"
    POST = "post"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Entry:
    """One plugin that is on."""

    name: str
    """Of the global variable that holds it."""
    place: Place = ()
    """Of its section; () for one of a folder or bundle."""
    path: str = ""
    path_key: str = "path"
    """Under which ``path`` stands."""
    code: str = ""
    """Base64 of a script; counts before ``path``."""
    session: bool = False
    """It asks for the session."""


type Hooks = Mapping[Hook, tuple[Entry, ...]]
"""The plugins that are on, in the order of the definition."""


@dataclass(frozen=True, slots=True)
class Written:
    """The plugins of one API, as a definition has them."""

    api_id: str
    driver: str = ""
    driver_place: Place = ()
    hooks: Hooks = field(default_factory=dict)
    checks_auth: bool = False
    """Custom authentication is asked for."""
    auth_place: Place = ()
    """Of what asks for it."""
    bundle: str = ""
    """Names of bundles, with commas between: what is in them counts instead of ``driver`` and ``hooks``."""
    bundle_place: Place = ()
