"""What is known of the holder of a key: limits, rights and metadata. A value; it knows no store and no middleware.

Source: behaviour-chain 5.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

UNLIMITED: Final = -1
"""``quota_max`` of a key without quota."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a key may be used; of a key as a whole, or of one API (``limit`` of an access right)."""

    rate: float = 0.0
    """Requests in ``per`` seconds; 0 and below limit nothing."""
    per: float = 0.0
    """In seconds."""
    throttle_interval: float = -1.0
    """Seconds between retries of a request over the rate; 0 and below do not retry."""
    throttle_retry_limit: int = -1
    quota_max: int = UNLIMITED
    """Requests in a period; -1 limits nothing."""
    quota_renewal_rate: int = 0
    """Length of the period in seconds; 0 and below never end."""


@dataclass(frozen=True, slots=True)
class AllowedUrl:
    """One entry of ``allowed_urls``."""

    url: str
    """A pattern."""
    methods: tuple[str, ...] = ()
    """Compared with their case."""


@dataclass(frozen=True, slots=True)
class AccessRight:
    """What a key may do with one API."""

    api_id: str
    api_name: str = ""
    versions: tuple[str, ...] = ()
    allowed_urls: tuple[AllowedUrl, ...] = ()
    """Empty allows all."""
    limit: Limits | None = None
    """Of this API alone; None: the key's own count."""


@dataclass(frozen=True, slots=True)
class Session:
    """One key's session object."""

    org_id: str = ""
    alias: str = ""
    expires: int = 0
    """Unix time; 0 and below never."""
    is_inactive: bool = False
    limits: Limits = Limits()
    access_rights: Mapping[str, AccessRight] = field(default_factory=dict)
    """By API id; empty gives access to every API."""
    apply_policies: tuple[str, ...] = ()
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    """JSON values, as posted."""
    tags: tuple[str, ...] = ()
    oauth_client_id: str = ""
    enable_detailed_recording: bool = False
    document: Mapping[str, Any] = field(default_factory=dict)
    """The session object as JSON values, with every key that the gateway knows."""
