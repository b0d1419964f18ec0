"""Put the gateway's address in the place of the upstream's in response headers such as Location.

The ``rev_proxy_header_cleanup`` of the Classic format.

Source: behaviour-chain 4.19.
"""

import re
from dataclasses import dataclass, field

from lockgate.exchange import Exchange, canonical, replace
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.routing.pattern import decode_path
from lockgate.services import Services
from lockgate.urls import Target, parse_url


@dataclass(frozen=True, slots=True)
class HeaderCleanup:
    """Configuration of ``header_cleanup``."""

    headers: tuple[str, ...]
    """Names in any case."""
    scheme: str
    """Of the URL that clients know us by, as ``public_address`` gives it."""
    authority: str
    """The same URL's host, with its port if it names one. Its path does not count."""
    target: Target
    """The upstream's URL."""
    listen_path: str
    """As written."""
    strip: bool
    """Whether the listen path is cut off."""
    schemes: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Differs: the reference gateway replaces "http" inside "https" and inside words as well
        # (test_a_scheme_is_replaced_as_a_whole).
        object.__setattr__(self, "schemes", re.compile(rf"(?<![\w+.-]){re.escape(self.target.scheme)}(?=://)"))


def public_address(target_host: str) -> tuple[str, str]:
    """Scheme and authority of the URL that clients know us by.

    Raises:
        ValueError: It is no URL, or has no scheme or no host. Differs: the reference gateway then writes "://" into
            headers; held by the case hd-res-rev-proxy-cleanup.
    """
    url = parse_url(target_host)
    if not url.scheme or not url.authority:
        raise ValueError(f"expected a URL with scheme and host, found {target_host!r}")
    return url.scheme, url.authority


def response(config: HeaderCleanup, exchange: Exchange, _: Services) -> Outcome:
    """Replace scheme, host and path, in this order, wherever they stand in the first value of each header."""
    message = exchange.response
    if message is None or exchange.processing_failed:
        return Continue(exchange)
    headers = message.headers
    for name in config.headers:
        value = headers.get(name)
        if value:
            headers = headers.set(canonical(name), _cleaned(config, exchange, value))
    return Continue(replace(exchange, response=replace(message, headers=headers)))


def _cleaned(config: HeaderCleanup, exchange: Exchange, value: str) -> str:
    value = config.schemes.sub(lambda _: config.scheme, value)
    if config.target.authority:
        value = value.replace(config.target.authority, config.authority)
    # Differs: for a target that ends in "/" and nothing else, the reference gateway replaces every slash
    # (test_a_root_path_is_no_path).
    path = config.target.path if config.target.path != "/" else ""
    if path:
        return value.replace(path, config.listen_path if config.strip else "/")
    if config.strip:
        sent = decode_path(exchange.request.path)
        return value.replace(sent, config.listen_path + sent)
    return value


MIDDLEWARE = Middleware(
    name="header_cleanup",
    summary="Puts the gateway's address in the place of the upstream's in response headers.",
    config=HeaderCleanup,
    response=response,
)
