"""Which IP address a request comes from, as its headers or else its connection tell it.

Source: behaviour-chain 4.11, "Client IP".
"""

import ipaddress

from lockgate.exchange import Client, Headers


def client_address(headers: Headers, client: Client, xff_depth: int) -> str:
    """The client's IP address.

    Args:
        headers: Of the request.
        client: From the connection.
        xff_depth: Which element of X-Forwarded-For is the client: 0 is the leftmost, n the n-th from the right.

    Returns:
        An address, or "" when X-Forwarded-For has no element at that depth.
    """
    real = _address(headers.get("X-Real-Ip") or "")
    if real:
        return real
    forwarded = headers.get("X-Forwarded-For")
    if forwarded:
        elements = forwarded.split(",")
        index = len(elements) - xff_depth if xff_depth else 0
        if not 0 <= index < len(elements):
            return ""
        first = _address(elements[index].strip())
        if first:
            return first
    return client.address


def _address(text: str) -> str:
    """An IP address in its usual spelling; "" when ``text`` is none."""
    if not text or "%" in text:
        return ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
