"""What scripts give back, as values: of plugins, response hooks and virtual endpoints.

Source: behaviour-scripting 4.6 to 4.10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.scripting.reading import (
    FLAG,
    TEXT,
    TEXT_BY_NAME,
    TEXTS,
    TEXTS_BY_NAME,
    WHOLE,
    AnswerError,
    Read,
    anything,
    mapping,
    members,
    nested,
    octets,
    raw_text,
    struct,
    whole_text,
    wire_bytes,
)

FIRST_STATUS: Final = 200
LAST_STATUS: Final = 999
_FIRST_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Overrides:
    """``ReturnOverrides``: whether and how a plugin answers."""

    status: int = 0
    """0: it does not answer."""
    body: str = ""
    """``ResponseError`` where that is not empty, else ``ResponseBody``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """As written; names in any case."""
    as_it_is: bool = False
    """``OverrideError``: from 400 on, too, the body is sent as it is."""

    @property
    def is_refusal(self) -> bool:
        """Whether the answer is an error of the gateway, with the body as its message."""
        return self.status >= _FIRST_ERROR and not self.as_it_is


NO_OVERRIDES: Final = Overrides()


@dataclass(frozen=True, slots=True)
class RequestEdits:
    """What a plugin changes of its request, in the order in which it counts."""

    body: bytes | None = None
    """None: it stays (``IgnoreBody``)."""
    url: str = ""
    """Replaces the URL: path and query, or a ``tyk://`` URL; "" is the upstream's base."""
    delete_headers: tuple[str, ...] = ()
    set_headers: Mapping[str, str] = field(default_factory=dict)
    delete_params: tuple[str, ...] = ()
    set_params: Mapping[str, str] = field(default_factory=dict)
    """``AddParams``: each replaces all values of its name."""
    add_params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """``ExtendedParams``."""


@dataclass(frozen=True, slots=True)
class PluginAnswer:
    """What a request plugin (pre, auth check, post-auth, post) gave back."""

    edits: RequestEdits
    overrides: Overrides = NO_OVERRIDES
    meta_data: Mapping[str, str] = field(default_factory=dict)
    """``SessionMeta``: takes the place of the session's, where the plugin requires the session."""
    session: object = None
    """``Session`` as a JSON value; of an auth check alone. None where there was none."""
    auth_value: str = ""
    """``AuthValue``: the key that an auth check found."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a response plugin gave back."""

    status: int = 0
    """0 keeps the status."""
    body: bytes = b""
    delete_headers: tuple[str, ...] = ()
    set_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VirtualAnswer:
    """What a virtual endpoint gave back."""

    status: int
    """200 to 999."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """As written; names in any case."""
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    """JSON values: takes the place of the session's, where the endpoint requires the session."""


_OVERRIDES: Final[Mapping[str, tuple[Read, Any]]] = {
    "responsecode": WHOLE,
    "responseerror": TEXT,
    "responsebody": TEXT,
    "responseheaders": TEXT_BY_NAME,
    "overrideerror": FLAG,
}
_REQUEST: Final[Mapping[str, tuple[Read, Any]]] = {
    "headers": TEXTS_BY_NAME,
    "setheaders": TEXT_BY_NAME,
    "deleteheaders": TEXTS,
    "body": (octets, b""),
    "url": TEXT,
    "params": TEXTS_BY_NAME,
    "addparams": TEXT_BY_NAME,
    "extendedparams": TEXTS_BY_NAME,
    "deleteparams": TEXTS,
    "returnoverrides": (nested(_OVERRIDES), None),
    "ignorebody": FLAG,
    "method": TEXT,
    "requesturi": TEXT,
    "scheme": TEXT,
}
_PLUGIN: Final[Mapping[str, tuple[Read, Any]]] = {
    "request": (nested(_REQUEST), None),
    "sessionmeta": TEXT_BY_NAME,
    "session": (anything, None),
    "authvalue": TEXT,
}
_HOOK: Final[Mapping[str, tuple[Read, Any]]] = {
    "response": (
        nested(
            {
                "statuscode": WHOLE,
                "body": (raw_text, ""),
                "headers": TEXTS_BY_NAME,
                "setheaders": TEXT_BY_NAME,
                "deleteheaders": TEXTS,
            }
        ),
        None,
    ),
    "sessionmeta": TEXT_BY_NAME,
}
_VIRTUAL: Final[Mapping[str, tuple[Read, Any]]] = {
    "response": (nested({"body": TEXT, "headers": TEXT_BY_NAME, "code": WHOLE}), None),
    "sessionmeta": (mapping(anything, None), {}),
}


def plugin_answer(text: str) -> PluginAnswer:
    """What a request plugin's ``DoProcessRequest`` returned.

    Args:
        text: ``String()`` of it; that of undefined is no answer.

    Raises:
        AnswerError: It is none, or a member has the wrong type: the request is answered 500.
    """
    answer = _read(text, _PLUGIN, "the plugin's answer")
    request = answer["request"] or struct(None, _REQUEST)
    asked = request["returnoverrides"] or struct(None, _OVERRIDES)
    overrides = Overrides(
        asked["responsecode"],
        asked["responseerror"] or asked["responsebody"],
        asked["responseheaders"],
        asked["overrideerror"],
    )
    if overrides.status:
        _check_status(overrides.status, "Request.ReturnOverrides.ResponseCode")
    edits = RequestEdits(
        body=None if request["ignorebody"] else request["body"],
        url=request["url"],
        delete_headers=request["deleteheaders"],
        set_headers=request["setheaders"],
        delete_params=request["deleteparams"],
        set_params=request["addparams"],
        add_params=request["extendedparams"],
    )
    return PluginAnswer(edits, overrides, answer["sessionmeta"], answer["session"], answer["authvalue"])


def hook_answer(text: str) -> HookAnswer:
    """What a response plugin's ``DoProcessResponse`` returned.

    Args:
        text: ``String()`` of it.

    Raises:
        AnswerError: It is none, or a member has the wrong type: the client gets 500.
    """
    response = _read(text, _HOOK, "the response plugin's answer")["response"]
    if response is None:
        return HookAnswer()
    if response["statuscode"]:
        _check_status(response["statuscode"], "Response.StatusCode")
    return HookAnswer(
        response["statuscode"], wire_bytes(response["body"]), response["deleteheaders"], response["setheaders"]
    )


def virtual_answer(text: str) -> VirtualAnswer:
    """What the function of a virtual endpoint returned.

    Args:
        text: ``String()`` of it.

    Raises:
        AnswerError: It is none, a member has the wrong type, or there is no status.
    """
    answer = _read(text, _VIRTUAL, "the function's answer")
    response = answer["response"]
    if response is None:
        raise AnswerError(f"the function's answer has no Response: {whole_text(text[:80])!r}")
    _check_status(response["code"], "Response.Code")
    return VirtualAnswer(response["code"], response["body"].encode(), response["headers"], answer["sessionmeta"])


def _read(text: str, fields: Mapping[str, tuple[Read, Any]], what: str) -> dict[str, Any]:
    try:
        return struct(members(text, what), fields)
    except RecursionError:
        raise AnswerError(f"{what} is nested too deep") from None


def _check_status(status: int, place: str) -> None:
    # Differs: the reference gateway aborts the connection, or sends what is no final answer
    # (test_a_status_that_is_none_is_no_answer).
    if not FIRST_STATUS <= status <= LAST_STATUS:
        raise AnswerError(f"expected a status from {FIRST_STATUS} to {LAST_STATUS} at {place}, found {status}")
