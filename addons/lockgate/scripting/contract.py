"""What scripts get, and how what they give back is put into effect: plain values to and from an exchange.

Everything here is JSON values, as dicts, lists, texts, numbers, truth values and None. Bytes of a body that are no UTF-8
stand in a text as lone U+DC80 to U+DCFF, on the way in and on the way out; in every other text, and in the whole request
of a virtual endpoint, each of them is U+FFFD, as the reference gateway's JSON makes them.

What they give back is read in ``answers``; the session is in ``sessions``.

Source: behaviour-scripting 4.6 to 4.10.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.exchange import (
    Body,
    Exchange,
    Headers,
    NotRead,
    Request,
    Response,
    canonical,
    decode_text,
    encode_text,
    replace,
)
from lockgate.scripting.answers import HookAnswer, RequestEdits
from lockgate.scripting.reading import AnswerError, whole_text
from lockgate.urls import escaped_path, form_values, parse_url, query_escape

MOST_PARAMETERS: Final = 10_000
"""Of an urlencoded body; those behind them are not among the parameters."""

_FORM: Final = "application/x-www-form-urlencoded"
_WITH_FORM: Final = frozenset({"POST", "PUT", "PATCH"})
_NOT_SHOWN: Final = frozenset({"Transfer-Encoding", "Trailer", "Host"})
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_NOT_FOR_SCRIPTS: Final = _FRAMING | {"server", "date"}
_WITHOUT_BODY: Final = frozenset({204, 304})
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NOT_IN_A_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_A_QUERY: Final = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class ScriptConfig:
    """``config``: what a script is told of its API."""

    api_id: str
    org_id: str = ""
    has_data: bool = False
    """Whether ``config_data`` is there at all."""
    data: Mapping[str, Any] | None = None
    """JSON values; None is null."""

    def argument(self) -> dict[str, Any]:
        """As scripts get it."""
        told: dict[str, Any] = {"APIID": self.api_id, "OrgID": self.org_id}
        if self.has_data:
            told["config_data"] = self.data
        return told


# what scripts get


def plugin_request(exchange: Exchange, *, with_body: bool = True) -> dict[str, Any]:
    """``request`` of a request plugin, and of a response plugin.

    Args:
        exchange: Its request's body has been read, where it is asked for.
        with_body: False for response plugins, whose request has null for a body.

    Returns:
        The 14 members, in the reference gateway's order. ``Body`` is base64: ``DoProcessRequest`` of the library takes
        it apart, and packs it again.

    Raises:
        TypeError: The body was not read.
    """
    request = exchange.request
    headers = _headers(request)
    if request.host:
        headers = dict(sorted({**headers, "Host": [whole_text(request.host)]}.items()))
    return {
        "Headers": headers,
        "SetHeaders": {},
        "DeleteHeaders": [],
        "Body": base64.b64encode(_read(request.body)).decode("ascii") if with_body else None,
        "URL": script_url(exchange),
        "Params": _values(form_values(request.query or "")),
        "AddParams": {},
        "ExtendedParams": {},
        "DeleteParams": [],
        "ReturnOverrides": {
            "ResponseCode": 0,
            "ResponseError": "",
            "ResponseBody": "",
            "ResponseHeaders": None,
            "OverrideError": False,
        },
        "IgnoreBody": False,
        "Method": whole_text(request.method),
        "RequestURI": whole_text(exchange.first_target or request.target),
        "Scheme": request.scheme,
    }


def virtual_request(exchange: Exchange) -> dict[str, Any]:
    """``request`` of a virtual endpoint's function.

    Args:
        exchange: Its request's body has been read.

    Returns:
        Five members; there is no method among them.

    Raises:
        TypeError: The body was not read.
    """
    request = exchange.request
    body = _read(request.body)
    values = form_values(request.query or "")
    if request.method in _WITH_FORM and _media_type(request.headers) == _FORM:
        # Differs: the reference gateway takes any number of them (test_a_form_of_very_many_parameters_is_cut).
        form = form_values(decode_text(body), MOST_PARAMETERS)
        values = {**form, **{name: (*form.get(name, ()), *given) for name, given in values.items()}}
    return {
        "Headers": _headers(request),
        "Body": whole_text(decode_text(body)),
        "URL": script_url(exchange),
        "Params": _values(values),
        "Scheme": request.scheme,
    }


def hook_response(response: Response) -> dict[str, Any]:
    """``response`` of a response plugin.

    Args:
        response: Its body has been read; it is shown as it is, also where it is packed.

    Differs: in the reference gateway bytes that are no UTF-8 are U+FFFD (test_bytes_of_a_response_pass_its_plugin).

    Raises:
        TypeError: The body was not read.
    """
    shown: dict[str, list[str]] = {}
    for name, value in response.headers:
        shown.setdefault(whole_text(canonical(name)), []).append(whole_text(value))
    return {
        "StatusCode": response.status,
        "Body": decode_text(_read(response.body)),
        "Headers": dict(sorted(shown.items())),
        "SetHeaders": {},
        "DeleteHeaders": [],
    }


def script_url(exchange: Exchange) -> str:
    """``URL`` as scripts see it: path and query with the listen path, behind a loop with scheme and host.

    What a rewrite of the same endpoint recorded does not show.
    """
    request = exchange.request
    text = escaped_path(request.path)
    if request.query is not None:
        text = f"{text}?{request.query}"
    if len(exchange.passes) > 1:
        text = f"http://{exchange.current_pass.shown_host}{text}"
    return whole_text(text)


def _headers(request: Request) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    for name, value in request.headers:
        known = canonical(name)
        if known not in _NOT_SHOWN:
            shown.setdefault(whole_text(known), []).append(whole_text(value))
    return dict(sorted(shown.items()))


def _values(values: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {whole_text(name): [whole_text(one) for one in values[name]] for name in sorted(values)}


def _media_type(headers: Headers) -> str:
    return (headers.get("Content-Type") or "").split(";", 1)[0].strip().lower()


def _read(body: Body) -> bytes:
    if isinstance(body, NotRead):
        raise TypeError("the body was not read")
    return body


# what becomes of what they give back


def edited_request(exchange: Exchange, edits: RequestEdits, *, keep_names: bool = False) -> Exchange:
    """The exchange with what a plugin changed: body, URL, headers, then parameters.

    A ``tyk://`` URL is recorded as the rewritten one, so that ``forward`` makes a loop of it; its path and query are the
    request's from here on. A rewrite that is recorded already stays, and counts.

    Args:
        exchange: As the plugin got it.
        edits: Of the plugin's answer.
        keep_names: ``ignore_canonical_mime_header_key``: header names are set as they are written.

    Raises:
        AnswerError: The URL is none.
    """
    request = exchange.request
    try:
        url = parse_url(edits.url)
    except ValueError as error:
        raise AnswerError(f"expected a URL at Request.URL, found {edits.url!r}: {error}") from None
    path, query = escaped_path(url.raw_path), _edited_query(url.query, edits)
    headers = edited_headers(request.headers, edits.delete_headers, edits.set_headers, keep_names=keep_names)
    body = request.body
    if edits.body is not None and edits.body != body:
        body = edits.body
        if "Content-Length" in headers:
            headers = headers.set("Content-Length", str(len(body)))
    rewritten, loop_host = exchange.rewritten, exchange.loop_host
    if url.scheme == "tyk" and rewritten is None:
        loop_host = url.authority
        rewritten = f"tyk://{loop_host}{path}" + ("" if query is None else f"?{query}")
    return replace(
        exchange,
        request=replace(request, path=path, query=query, headers=headers, body=body),
        rewritten=rewritten,
        loop_host=loop_host,
        # A client's Connection header does not take away what the plugin set.
        own_headers=exchange.own_headers | {encode_text(name).lower() for name in edits.set_headers},
        first_target=exchange.first_target or request.target,
    )


def _edited_query(query: str | None, edits: RequestEdits) -> str | None:
    """The query after deleting, setting and adding; encoded anew, by name, where that changed it."""
    if query is not None:
        query = _NOT_IN_A_QUERY.sub(lambda found: query_escape(found[0]).replace("+", "%20"), query)
    if not (edits.delete_params or edits.set_params or edits.add_params):
        return query
    before = {name: list(values) for name, values in form_values(query or "").items()}
    values = {name: list(given) for name, given in before.items() if name not in edits.delete_params}
    for name, value in edits.set_params.items():
        values[name] = [value]
    for name, added in edits.add_params.items():
        if added:
            values[name] = [*values.get(name, ()), *added]
    if values == before:
        return query
    pairs = [(name, value) for name in sorted(values) for value in values[name]]
    return "&".join(f"{query_escape(name)}={query_escape(value)}" for name, value in pairs) or None


def edited_headers(
    headers: Headers, delete: tuple[str, ...], values: Mapping[str, str], *, keep_names: bool = False
) -> Headers:
    """Headers without those that are deleted, and then with those that are set, whatever the case of their names.

    Framing and Host are not for a script to change. Blanks around a value are taken off when it is sent.

    Args:
        headers: To begin with.
        delete: Names.
        values: By name; each replaces all fields of the name.
        keep_names: ``ignore_canonical_mime_header_key``: names are set as they are written.
    """
    gone = [name for name in delete if name.lower() not in _FRAMING]
    headers = headers.remove(*gone) if gone else headers
    for name, value in values.items():
        if name.lower() not in _FRAMING and name.lower() != "host":
            headers = headers.remove(name).add(name if keep_names else canonical(name), value)
    return headers


def edited_response(response: Response, answer: HookAnswer, *, keep_names: bool = False) -> Response:
    """The response with what a response plugin changed: its body always, its status where one is given.

    Args:
        response: As the plugin got it.
        answer: Of the plugin.
        keep_names: ``ignore_canonical_mime_header_key``: header names are set as they are written.
    """
    set_headers = dict(answer_headers(answer.set_headers, keep_names=keep_names))
    headers = edited_headers(response.headers, answer.delete_headers, set_headers, keep_names=keep_names)
    if "Content-Length" in headers:
        headers = headers.set("Content-Length", str(len(answer.body)))
    status = answer.status or response.status
    reason = response.reason if status == response.status else ""
    return replace(response, status=status, headers=headers, body=answer.body, reason=reason)


def reply(status: int, body: bytes, headers: Mapping[str, str], *, keep_names: bool = False) -> Response:
    """The answer of a virtual endpoint, or of a plugin's overrides that are no refusal.

    A Content-Type that is missing is found from the body by the response chain. Such answers say that they are Tyk's.

    Args:
        status: 200 to 999.
        body: As it is sent.
        headers: By name, as the script wrote them.
        keep_names: ``ignore_canonical_mime_header_key``: names stay as they are written.
    """
    fields = answer_headers(headers, keep_names=keep_names).add("Server", "tyk")
    return Response(status, fields, b"" if status in _WITHOUT_BODY else body)


def answer_headers(headers: Mapping[str, str], *, keep_names: bool = False) -> Headers:
    """Headers that a script gives an answer, as they can be sent.

    What is no name is left out, line breaks in values are blanks. Framing, Server and Date are for the gateway.

    Args:
        headers: By name, as the script wrote them. Of two spellings of one name the later counts.
        keep_names: ``ignore_canonical_mime_header_key``: names stay as they are written.
    """
    made = Headers()
    for name, value in headers.items():
        if _NAME.fullmatch(name) is not None and name.lower() not in _NOT_FOR_SCRIPTS:
            made = made.set(name if keep_names else canonical(name), _NOT_IN_A_VALUE.sub(" ", value).strip(" \t"))
    return made
