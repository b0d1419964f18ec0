"""The session as scripts get it, and what becomes of the metadata that they give back.

Source: behaviour-scripting 4.6 and 4.10.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from lockgate.session import Session

NO_SESSION: Final[Mapping[str, Any]] = {
    "last_check": 0,
    "allowance": 0,
    "rate": 0,
    "per": 0,
    "throttle_interval": 0,
    "throttle_retry_limit": 0,
    "max_query_depth": 0,
    "date_created": "0001-01-01T00:00:00Z",
    "expires": 0,
    "quota_max": 0,
    "quota_renews": 0,
    "quota_remaining": 0,
    "quota_renewal_rate": 0,
    "access_rights": None,
    "org_id": "",
    "oauth_client_id": "",
    "oauth_keys": None,
    "certificate": "",
    "basic_auth_data": {"password": "", "hash_type": ""},
    "jwt_data": {"secret": ""},
    "hmac_enabled": False,
    "enable_http_signature_validation": False,
    "hmac_string": "",
    "rsa_certificate_id": "",
    "is_inactive": False,
    "apply_policy_id": "",
    "apply_policies": None,
    "data_expires": 0,
    "monitor": {"trigger_limits": None},
    "enable_detail_recording": False,
    "enable_detailed_recording": False,
    "meta_data": None,
    "tags": None,
    "alias": "",
    "last_updated": "",
    "id_extractor_deadline": 0,
    "session_lifetime": 0,
    "smoothing": None,
}
"""What scripts get that do not ask for a session: every field, and nothing in any."""


def session_argument(session: Session | None, *, required: bool) -> Mapping[str, Any] | None:
    """The session as a script gets it, as JSON values.

    Args:
        session: Of the exchange; None where there is none.
        required: Whether the definition asks for it. Pre plugins and auth checks never get one, whatever it says.

    Returns:
        Every field of a session: NO_SESSION where it is not required. None where it is, and there is none.
    """
    if not required:
        return NO_SESSION
    return None if session is None else {**NO_SESSION, **session.document}


def with_meta_data(session: Session, meta_data: Mapping[str, Any]) -> Session:
    """The session with other metadata; the same object where they are what it has."""
    if session.meta_data == meta_data:
        return session
    return dataclasses.replace(session, meta_data=meta_data, document={**session.document, "meta_data": meta_data})
