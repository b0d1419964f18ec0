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
    """Requests in a period; 0 and below limit nothing."""
    quota_renewal_rate: int = 0
    """Length of the period in seconds; 0 and below never end."""
    quota_remaining: int = 0
    """As posted; what is really left is counted by the gateway."""
    quota_renews: int = 0
    """Unix time at which the period ends, as it was when the key was kept."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Limits":
        """From a session object, or from ``limit`` of an access right."""
        return cls(
            rate=document["rate"],
            per=document["per"],
            throttle_interval=document["throttle_interval"],
            throttle_retry_limit=document["throttle_retry_limit"],
            quota_max=document["quota_max"],
            quota_renewal_rate=document["quota_renewal_rate"],
            quota_remaining=document["quota_remaining"],
            quota_renews=document["quota_renews"],
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a quota, for the client."""

    limit: int
    """Requests in a period; 0 and below limit nothing."""
    remaining: int
    renews_at: int
    """Unix time; 0: never."""


@dataclass(frozen=True, slots=True)
class AllowedUrl:
    """One entry of ``allowed_urls``."""

    url: str
    """A pattern."""
    methods: tuple[str, ...] = ()
    """Compared with their case."""


@dataclass(frozen=True, slots=True)
class EndpointRate:
    """The rate of one method of one of ``endpoints``."""

    path: str
    """A pattern."""
    method: str
    """Compared with its case."""
    rate: float
    """Requests in ``per`` seconds; 0 and below limit nothing."""
    per: float
    """In seconds."""


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
    endpoints: tuple[EndpointRate, ...] = ()
    """Of single endpoints, in the order in which the first that matches counts."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "AccessRight":
        """From an entry of ``access_rights``."""
        limit = document["limit"]
        return cls(
            api_id=document["api_id"],
            api_name=document["api_name"],
            versions=tuple(document["versions"] or ()),
            allowed_urls=tuple(
                AllowedUrl(one["url"], tuple(one["methods"] or ())) for one in document["allowed_urls"] or ()
            ),
            limit=Limits.of(limit) if any(limit.values()) else None,
            endpoints=tuple(
                EndpointRate(endpoint["path"], method["name"], method["limit"]["rate"], method["limit"]["per"])
                for endpoint in document.get("endpoints") or ()
                for method in endpoint["methods"] or ()
            ),
        )


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

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Session":
        """From a session object with every key that the gateway knows.

        Raises:
            KeyError: A key is missing.
            TypeError: A value is none of its kind.
        """
        policies = tuple(document["apply_policies"] or ())
        single = document["apply_policy_id"]
        return cls(
            org_id=document["org_id"],
            alias=document["alias"],
            expires=document["expires"],
            is_inactive=document["is_inactive"],
            limits=Limits.of(document),
            access_rights={api_id: AccessRight.of(one) for api_id, one in (document["access_rights"] or {}).items()},
            apply_policies=policies or ((single,) if single else ()),
            meta_data=document["meta_data"] or {},
            tags=tuple(document["tags"] or ()),
            oauth_client_id=document["oauth_client_id"],
            enable_detailed_recording=document["enable_detailed_recording"] or document["enable_detail_recording"],
            document=document,
        )

    def right_for(self, api_id: str) -> AccessRight | None:
        """What it may do with one API, as far as its access rights name it."""
        return self.access_rights.get(api_id)
