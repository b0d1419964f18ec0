"""Into a loop: from a ``tyk://`` URL to the outcome that runs an API of this gateway.

Source: behaviour-chain 4.3.
"""

from typing import Final

from lockgate.exchange import Exchange
from lockgate.middleware import Loop
from lockgate.urls import Url, escaped_path, form_values

_MOST_DIGITS: Final = 9


def loop_to(exchange: Exchange, url: Url, *, shown_host: str = "") -> Loop:
    """The loop that a URL asks for; its query says how it is entered.

    Args:
        exchange: Its request's query goes along, the rest of the URL's is lost.
        url: Of the scheme ``tyk``.
        shown_host: Host of the URL that scripts see in the next pass.
    """
    wanted = form_values(url.query or "")
    method = wanted.get("method", ("",))[0] or exchange.to_method or ""
    limit = wanted.get("loop_limit", ("",))[0]
    times = int(limit) if limit.isascii() and limit.isdigit() and len(limit) <= _MOST_DIGITS else 0
    checked = wanted.get("check_limits", ("",))[0] == "true"
    path = escaped_path(url.raw_path)
    rooted = path if path.startswith("/") else "/" + path
    return Loop(exchange, url.authority, rooted, method, times, checked, shown_host=shown_host)
