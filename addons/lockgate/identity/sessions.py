"""A session object as somebody posts it: decoded as Go decodes JSON into a struct, and completed.

Keys are found whatever their case, null stands for nothing, keys that are not known are passed over, and a value of the
wrong type refuses the whole object.

Source: behaviour-chain 5.5 and 6.6.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

type _Read = Callable[[object, str], Any]

_INT64: Final = 1 << 63
_HALVES: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class SessionError(ValueError):
    """No session object. The message says where, and tells no value."""


def session_document(body: bytes) -> dict[str, Any]:
    """A posted session object, with every key that the gateway knows.

    Raises:
        SessionError: It is no JSON object, or a value has the wrong type.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant)
        document: dict[str, Any] = _SESSION(_whole_text(value) if _HALVES.search(body) else value, "")
    except SessionError:
        raise
    except (ValueError, RecursionError):
        raise SessionError("expected a JSON object") from None
    return document


def _whole_text(value: Any) -> Any:
    """A JSON value whose texts have U+FFFD where half a character was escaped."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_text(one) for one in value]
    if isinstance(value, dict):
        return {_whole_text(key): _whole_text(one) for key, one in value.items()}
    return value


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def completed(
    document: Mapping[str, Any], now: float, created: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A session object as it is kept.

    Args:
        document: As posted.
        now: Seconds since the epoch.
        created: Time of creation, RFC 3339.
        before: The object that it replaces, whose period of the quota goes on; None begins a new one.
    """
    rights = document["access_rights"]
    return {
        **document,
        "access_rights": rights and {api_id: _scoped(api_id, right) for api_id, right in rights.items()},
        "date_created": created,
        "last_updated": str(int(now)) if before is None else before["last_updated"],
        "quota_renews": int(now) + document["quota_renewal_rate"] if before is None else before["quota_renews"],
        "meta_data": document["meta_data"] or {},
        "tags": document["tags"] or [],
    }


def _scoped(api_id: str, right: Mapping[str, Any]) -> dict[str, Any]:
    """Limits of one API are counted for this API alone, whatever scope was posted."""
    return {**right, "allowance_scope": api_id if any(right["limit"].values()) else right["allowance_scope"]}


# Values as Go's decoder takes them


def _wrong(at: str, expected: str) -> SessionError:
    return SessionError(f"expected {expected} at {at.lstrip('.') or 'the top'}")


def _text(value: object, at: str) -> str:
    if not isinstance(value, str):
        raise _wrong(at, "a text")
    return value


def _flag(value: object, at: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(at, "true or false")
    return value


def _whole(value: object, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < _INT64:
        raise _wrong(at, "a whole number")
    return value


def _number(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(at, "a number")
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if not math.isfinite(converted):
        raise _wrong(at, "a number")
    return int(converted) if converted.is_integer() else converted


def _anything(value: object, at: str) -> object:
    """Any JSON value whose numbers fit into 64 bits."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        _number(value, at)
    elif isinstance(value, list):
        for one in value:
            _anything(one, at)
    elif isinstance(value, dict):
        for one in value.values():
            _anything(one, at)
    return value


def _list_of(read: _Read, empty: Any) -> _Read:
    def reading(value: object, at: str) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(at, "a list")
        return [read(empty if one is None else one, f"{at}.{index}") for index, one in enumerate(value)]

    return reading


def _map_of(read: _Read, empty: Any) -> _Read:
    def reading(value: object, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(at, "an object")
        return {key: read(empty if one is None else one, f"{at}.{key}") for key, one in value.items()}

    return reading


def _struct(fields: Mapping[str, tuple[_Read, Any]], *, left_out: str = "") -> _Read:
    """An object of known keys.

    Args:
        fields: How each key is read, and what it is when it is not there.
        left_out: The key that is left out when it is not there.
    """

    def reading(value: object, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(at, "an object")
        given: dict[str, object] = {}
        for key, one in value.items():
            known = key if key in fields else key.casefold()
            if one is not None:
                given[known] = one
        made = {
            key: read(given[key], f"{at}.{key}") if key in given else _fresh(empty)
            for key, (read, empty) in fields.items()
        }
        if left_out and not made[left_out]:
            del made[left_out]
        return made

    return reading


def _fresh(empty: Any) -> Any:
    """What a key is that is not there; of a struct, a copy of its own."""
    return {key: _fresh(one) for key, one in empty.items()} if isinstance(empty, dict) else empty


_TEXT: Final = (_text, "")
_FLAG: Final = (_flag, False)
_WHOLE: Final = (_whole, 0)
_NUMBER: Final = (_number, 0)
_TEXTS: Final = (_list_of(_text, ""), None)
_ANY: Final = (_anything, None)

_LIMIT: Final[Mapping[str, tuple[_Read, Any]]] = {
    "rate": _NUMBER,
    "per": _NUMBER,
    "throttle_interval": _NUMBER,
    "throttle_retry_limit": _WHOLE,
    "max_query_depth": _WHOLE,
    "quota_max": _WHOLE,
    "quota_renews": _WHOLE,
    "quota_remaining": _WHOLE,
    "quota_renewal_rate": _WHOLE,
}
_NO_LIMIT: Final = dict.fromkeys(_LIMIT, 0)
_RATE: Final[Mapping[str, tuple[_Read, Any]]] = {"rate": _NUMBER, "per": _NUMBER}
_RIGHT: Final[Mapping[str, tuple[_Read, Any]]] = {
    "api_name": _TEXT,
    "api_id": _TEXT,
    "versions": _TEXTS,
    "allowed_urls": (_list_of(_struct({"url": _TEXT, "methods": _TEXTS}), {}), None),
    "restricted_types": _ANY,
    "allowed_types": _ANY,
    "limit": (_struct(_LIMIT), _NO_LIMIT),
    "field_access_rights": _ANY,
    "disable_introspection": _FLAG,
    "allowance_scope": _TEXT,
    "endpoints": (
        _list_of(
            _struct(
                {
                    "path": _TEXT,
                    "methods": (
                        _list_of(_struct({"name": _TEXT, "limit": (_struct(_RATE), dict.fromkeys(_RATE, 0))}), {}),
                        None,
                    ),
                }
            ),
            {},
        ),
        None,
    ),
}
_SESSION: Final = _struct(
    {
        "last_check": _WHOLE,
        "allowance": _NUMBER,
        **{key: _LIMIT[key] for key in ("rate", "per", "throttle_interval", "throttle_retry_limit", "max_query_depth")},
        "date_created": (_text, "0001-01-01T00:00:00Z"),
        "expires": _WHOLE,
        **{key: _LIMIT[key] for key in ("quota_max", "quota_renews", "quota_remaining", "quota_renewal_rate")},
        "access_rights": (_map_of(_struct(_RIGHT, left_out="endpoints"), {}), None),
        "org_id": _TEXT,
        "oauth_client_id": _TEXT,
        "oauth_keys": (_map_of(_text, ""), None),
        "certificate": _TEXT,
        "basic_auth_data": (_struct({"password": _TEXT, "hash_type": _TEXT}), {"password": "", "hash_type": ""}),
        "jwt_data": (_struct({"secret": _TEXT}), {"secret": ""}),
        "hmac_enabled": _FLAG,
        "enable_http_signature_validation": _FLAG,
        "hmac_string": _TEXT,
        "rsa_certificate_id": _TEXT,
        "is_inactive": _FLAG,
        "apply_policy_id": _TEXT,
        "apply_policies": _TEXTS,
        "data_expires": _WHOLE,
        "monitor": (_struct({"trigger_limits": (_list_of(_number, 0), None)}), {"trigger_limits": None}),
        "enable_detail_recording": _FLAG,
        "enable_detailed_recording": _FLAG,
        "meta_data": (_map_of(_anything, None), None),
        "tags": _TEXTS,
        "alias": _TEXT,
        "last_updated": _TEXT,
        "id_extractor_deadline": _WHOLE,
        "session_lifetime": _WHOLE,
        "smoothing": _ANY,
    }
)
