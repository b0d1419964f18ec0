"""Which refusals are events, for whoever handles them.

Source: behaviour-chain 2.6 and 5.2; Tyk documentation, "Event types".
"""

import base64
from collections.abc import Mapping
from typing import Final

from lockgate.client_address import client_address
from lockgate.exchange import Exchange, Request, encode_text
from lockgate.middleware import Reason, Reject
from lockgate.services import Event

AUTH_FAILURE: Final = "AuthFailure"
KEY_EXPIRED: Final = "KeyExpired"
VERSION_FAILURE: Final = "VersionFailure"
QUOTA_EXCEEDED: Final = "QuotaExceeded"
RATE_EXCEEDED: Final = "RatelimitExceeded"

FIRED: Final = (AUTH_FAILURE, KEY_EXPIRED, VERSION_FAILURE, QUOTA_EXCEEDED, RATE_EXCEEDED)
"""Events that there are."""

LONGEST_BODY: Final = 64 * 1024
"""Bytes of a request's body that an event tells."""

_VERSION: Final = "Attempted access to disallowed version / path."
_BY_REASON: Final[Mapping[Reason, tuple[str, str]]] = {
    Reason.KEY_UNKNOWN: (AUTH_FAILURE, "Auth Failure"),
    Reason.KEY_INACTIVE: (KEY_EXPIRED, "Attempted access from inactive key."),
    Reason.KEY_EXPIRED: (KEY_EXPIRED, "Attempted access from expired key."),
    **dict.fromkeys(
        (
            Reason.FORBIDDEN,
            Reason.API_EXPIRED,
            Reason.VERSION_EXPIRED,
            Reason.VERSION_NOT_NAMED,
            Reason.VERSION_UNKNOWN,
            Reason.VERSION_NONE,
            Reason.VERSION_AMBIGUOUS,
        ),
        (VERSION_FAILURE, _VERSION),
    ),
    Reason.RATE_EXCEEDED: (RATE_EXCEEDED, "Key Rate Limit Exceeded"),
    Reason.QUOTA_EXCEEDED: (QUOTA_EXCEEDED, "Key Quota Limit Exceeded"),
}
_BY_LINK: Final[Mapping[str, tuple[str, str]]] = {"script_auth": (AUTH_FAILURE, "Auth Failure")}
"""Of refusals that plugins give reasons for."""
_SHOWN: Final = 4


def kind_of(reject: Reject, link: str) -> str:
    """The event that a refusal is; "" where it is none.

    Args:
        reject: The refusal.
        link: Name of the link that refused; "" where the engine did.
    """
    kind, _ = _of(reject, link)
    return kind


def _of(reject: Reject, link: str) -> tuple[str, str]:
    if reject.reason is Reason.SCRIPT_REFUSED:
        return _BY_LINK.get(link, ("", ""))
    return _BY_REASON.get(reject.reason, ("", ""))


def event_of(reject: Reject, link: str, exchange: Exchange, original: Request, org_id: str, xff_depth: int) -> Event:
    """What a refusal tells, when ``kind_of`` says that it is an event.

    Args:
        reject: The refusal.
        link: Name of the link that refused.
        exchange: That was refused; it has a pass.
        original: Its request as it arrived.
        org_id: Of the API.
        xff_depth: Of the settings, for the client's address.
    """
    kind, message = _of(reject, link)
    this = exchange.current_pass
    meta: dict[str, object] = {
        "Message": message,
        "OriginatingRequest": base64.b64encode(_on_the_wire(original)).decode("ascii"),
        "Path": this.path,
        "Origin": client_address(original.headers, exchange.client, xff_depth),
        "Key": "" if kind == VERSION_FAILURE else _masked(reject.key or exchange.key),
    }
    if kind == VERSION_FAILURE:
        meta["Reason"] = reject.message or reject.reason.message
    return Event(kind, this.api_id, org_id, meta)


def _masked(key: str) -> str:
    """The end of a key, as logs have it."""
    if not key:
        return ""
    return f"****{key[-_SHOWN:]}" if len(key) > _SHOWN else "--"


def _on_the_wire(request: Request) -> bytes:
    """A request as HTTP/1 sends it."""
    fields = [(b"Host", encode_text(request.host)), *request.headers.fields]
    head = encode_text(f"{request.method} {request.target} {request.version}\r\n")
    body = request.body[:LONGEST_BODY] if isinstance(request.body, bytes) else b""
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
