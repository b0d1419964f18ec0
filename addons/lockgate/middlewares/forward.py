"""Send a request upstream, or into a loop: the end of every request chain.

Source: behaviour-chain 1.7, 1.8 and 4.3.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.destinations import tls_for
from lockgate.exchange import Exchange, Headers, Request, Upstream, UpstreamTls, encode_text, replace
from lockgate.header_edits import are_valid, has_token, without_hop_by_hop
from lockgate.looping import loop_to
from lockgate.middleware import Forward, Loop, Middleware, Outcome, Reason, Reject
from lockgate.routing.listen import ListenPath
from lockgate.services import Services
from lockgate.urls import (
    Target,
    Url,
    encode_path,
    join_paths,
    join_queries,
    parse_target,
    parse_url,
    unescape_path,
    upstream_path,
)

USER_AGENT: Final = "Lockgate"
"""Sent when the client sent none."""

_NOT_FORWARDED: Final = Reject(Reason.PROXY_FAILED)
_UPGRADE: Final = frozenset({b"connection", b"upgrade"})
_TE: Final = frozenset({b"te"})
_WAY: Final = frozenset({b"x-forwarded-for"})
_NOTHING: Final[frozenset[bytes]] = frozenset()


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Configuration of ``forward``."""

    target: Target | None
    """The upstream's URL. A ``tyk`` one is a loop; with None, or one that cannot be forwarded to, requests that no
    rewrite sends elsewhere are refused."""
    listen: ListenPath
    strip: bool
    """Whether the listen path is cut off."""
    preserve_host: bool = False
    """Send the client's Host instead of the upstream's."""
    targets: tuple[Target, ...] = ()
    """Instead of ``target``, one after the other; one with a weight of n stands n times."""
    keep_slash: bool = False
    """``preserveTrailingSlash``: a request for the listen path alone goes to the target's path as it is written."""
    response_timeout_seconds: float = 30.0
    """Until the upstream's response headers are there."""
    keep_raw_path: bool = False
    """``skip_target_path_escaping``: the path is sent as the client wrote it."""
    websockets: bool = True
    """Let a client upgrade its connection to a websocket."""
    tls: UpstreamTls | None = None
    """Of https upstreams; None leaves it to the host."""
    tls_by_host: Mapping[str, UpstreamTls] = field(default_factory=dict)
    """Instead of ``tls``: by host, with or without port; by "*." and what follows its first label; or by "*"."""


def request(config: Forwarding, exchange: Exchange, services: Services) -> Outcome:
    """Apply what was recorded on the way, and hand over."""
    message = exchange.request
    try:
        url = Url("", "", message.path, message.query) if exchange.rewritten is None else parse_url(exchange.rewritten)
    except ValueError:
        return _NOT_FORWARDED
    if url.scheme == "tyk":
        host = exchange.loop_host if exchange.loop_host == url.authority else ""
        return loop_to(exchange, url, shown_host=host)
    target = config.target
    if config.targets:
        name = f"upstream of {exchange.current_pass.api_id} {exchange.current_pass.version}".rstrip()
        target = config.targets[services.next_turn(name, len(config.targets))]
    if url.scheme and url.authority:
        return _forward(config, exchange, url, _elsewhere(target, url))
    if target is not None and target.scheme == "tyk":
        path = config.listen.strip(url.raw_path) if config.strip else url.raw_path
        inner = replace(message, query=url.query)
        return Loop(
            replace(exchange, request=inner), target.authority, _rooted(path), exchange.to_method or "", counted=False
        )
    return _forward(config, exchange, url, target)


def _elsewhere(target: Target | None, url: Url) -> Target | None:
    """The target that a whole URL names: its path is the request's, the configured target's query stays."""
    try:
        named = parse_target(f"{url.scheme}://{url.authority}")
    except ValueError:
        return None
    return dataclasses.replace(named, query=None if target is None else target.query)


def _rooted(path: str) -> str:
    return path if path.startswith("/") else "/" + path


def _forward(config: Forwarding, exchange: Exchange, url: Url, target: Target | None) -> Outcome:
    if target is None or not target.can_be_forwarded_to:
        return _NOT_FORWARDED
    message = exchange.request
    fields = _fields(config, exchange)
    if fields is None:
        return _NOT_FORWARDED
    sent = Request(
        exchange.to_method or message.method,
        _path(config, url, target),
        join_queries(target.query, url.query),
        Headers(fields),
        message.body,
        message.host if config.preserve_host else target.authority,
        message.scheme,
        message.version,
    )
    upstream = Upstream(
        target.scheme,
        target.host,
        target.port,
        response_timeout_seconds=config.response_timeout_seconds,
        tls=tls_for(config.tls, config.tls_by_host, target.authority, target.host)
        if target.scheme == "https"
        else None,
    )
    return Forward(replace(exchange, request=sent, forwarded=True), upstream)


def _path(config: Forwarding, url: Url, target: Target) -> str:
    """Strip, join, encode. Raw and decoded paths go side by side; where they part, the decoded one counts."""
    raw = url.raw_path
    try:
        decoded = unescape_path(raw)
    except ValueError:
        decoded = raw
    plain = decoded == raw
    if config.strip:
        raw = config.listen.strip(raw)
        decoded = raw if plain else config.listen.strip(decoded)
    if not url.scheme or not url.authority:
        decoded = join_paths(target.path, decoded, keep_slash=config.keep_slash)
        base = encode_path(target.path) if config.keep_raw_path else target.path
        raw = decoded if plain and not config.keep_raw_path else join_paths(base, raw, keep_slash=config.keep_slash)
    return _rooted(upstream_path(raw, decoded, keep_raw=config.keep_raw_path))


def _fields(config: Forwarding, exchange: Exchange) -> tuple[tuple[bytes, bytes], ...] | None:
    """Headers for the upstream; None when one of them is no header."""
    headers = exchange.request.headers
    own = exchange.own_headers
    names = {field[0].lower() for field in headers.fields}
    keep = _NOTHING
    if b"te" in names and headers.get_all("Te") == ("trailers",):
        keep = _TE
    if b"upgrade" in names and config.websockets and _is_websocket(headers):
        keep |= _UPGRADE
    # What the definition set, a client's Connection header does not take away; the definition's own one does.
    not_listed = (own | _WAY) if b"connection" not in own else _WAY
    fields = without_hop_by_hop(headers, keep=keep, not_listed=not_listed)
    if not are_valid(fields):
        return None
    if own:
        # Blanks around a value are none of it on the wire. Until here plugins see them.
        fields = [(name, value.strip(b" \t") if name.lower() in own else value) for name, value in fields]
    names = {field[0].lower() for field in fields}
    if b"transfer-encoding" in names:
        fields = [field for field in fields if field[0].lower() != b"transfer-encoding"]
    if b"user-agent" not in names:
        fields.append((b"User-Agent", encode_text(USER_AGENT)))
    else:
        fields = [field for field in fields if field[1] or field[0].lower() != b"user-agent"]
    if exchange.forwarded_for:
        way: list[bytes] = []
        if b"x-forwarded-for" in names:
            way = [value for name, value in fields if name.lower() == b"x-forwarded-for"]
            fields = [field for field in fields if field[0].lower() != b"x-forwarded-for"]
        way.append(encode_text(exchange.client.address))
        fields.append((b"X-Forwarded-For", b", ".join(way)))
    return tuple(fields)


def _is_websocket(headers: Headers) -> bool:
    return has_token(headers, "Connection", "upgrade") and has_token(headers, "Upgrade", "websocket")


MIDDLEWARE = Middleware(
    name="forward",
    summary="Sends a request upstream, or into a loop.",
    config=Forwarding,
    request=request,
)
