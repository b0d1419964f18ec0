"""Formats that ``validate_json`` checks, with the verdicts of the reference gateway's library.

Some take more than their names say: a display name in an e-mail address, a date or a time alone as a date-time.

Source: behaviour-chain 4.7; gojsonschema 1.2.0, format_checkers.go; Go, net/mail, net/url, net/netip, time.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Final

from lockgate.routing.pattern import compile_regex, is_regex
from lockgate.validation.mail_address import is_ip, is_mail_address

type Check = Callable[[str], bool]
"""Whether a text has a format. Texts hold no lone surrogates."""

MAX_CHECKED_REGEX: Final = 1_000
"""Characters of a text that is to be a regular expression; compiling a long one takes too long."""

# ── dates and times ──

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.,][0-9]+)?"
# Whole days and hours pass.
_ZONE: Final = r"(?:Z|[+-](?:[01][0-9]|2[0-4]):(?:[0-5][0-9]|60))"
_TIME: Final = re.compile(f"{_CLOCK}{_ZONE}?")
_ZONED_TIME: Final = re.compile(_CLOCK + _ZONE)


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    # The calendar repeats after 400 years; Python's has no year 0.
    return 1 <= month <= 12 and 1 <= day <= monthrange(year % 400 + 400, month)[1]  # noqa: PLR2004


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def _is_date_time(text: str) -> bool:
    date, separator, time = text.partition("T")
    if separator:
        return _is_date(date) and _ZONED_TIME.fullmatch(time) is not None
    return _is_date(text) or _is_time(text)


# ── addresses and names ──

_HOST_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME: Final = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*")
_LONGEST_HOSTNAME: Final = 255
_UUID: Final = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}")


def _is_ipv4(text: str) -> bool:
    # An IPv4 address within an IPv6 address is taken for both.
    return "." in text and is_ip(text)


def _is_ipv6(text: str) -> bool:
    return ":" in text and is_ip(text)


def _is_hostname(text: str) -> bool:
    return len(text) <= _LONGEST_HOSTNAME and _HOSTNAME.fullmatch(text) is not None


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


# ── URLs ──

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ESCAPES: Final = re.compile(r"(?:[^%]++|%[0-9A-Fa-f]{2})*+")
_USER: Final = re.compile(r"(?:[A-Za-z0-9\-._:~!$&'()*+,;=@]++|%[0-9A-Fa-f]{2})*+")
# Only bytes beyond ASCII are escaped in hosts, and "%" before a zone.
_HOST: Final = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"\x80-\U0010ffff]++|%[89A-Fa-f][0-9A-Fa-f]|%25)*+")
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_ZONE_ID: Final = re.compile(
    r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"\x80-\U0010ffff]++"
    r"|%(?:25|20|2[1246789A-Ca-c]|2[DdEe]|3[0-9A-Ea-e]|4[1-9A-Fa-f]|5[0-9Aa]|5[BbDdFf]|6[1-9A-Fa-f]|7[0-9AaEe]|[89A-Fa-f][0-9A-Fa-f]))*+"
)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_TEMPLATE: Final = compile_regex("^([^{]*({[^}]*})?)*$")


def _unescaped(text: str) -> str:
    if "%" not in text:
        return text
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text.encode()).decode("utf-8", "replace")


def _parsed_url(text: str) -> tuple[str, str] | None:
    """Scheme and decoded path of a URL or reference; None if Go does not parse it."""
    if "\\" in text:
        return None
    text, _, fragment = text.partition("#")
    if _CONTROL.search(text) is not None or _ESCAPES.fullmatch(fragment) is None:
        return None
    found = _SCHEME.match(text)
    scheme, rest = (found[1].lower(), text[found.end() :]) if found is not None else ("", text)
    if found is None and text.startswith(":"):
        return None
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return scheme, ""
        if ":" in rest.partition("/")[0]:
            return None
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        if not _is_authority(scheme, authority):
            return None
    return (scheme, _unescaped(rest)) if _ESCAPES.fullmatch(rest) is not None else None


def _is_authority(scheme: str, text: str) -> bool:
    user, at, host = text.rpartition("@")
    return (not at or _USER.fullmatch(user) is not None) and _is_host(scheme, host)


def _is_host(scheme: str, host: str) -> bool:
    if "[" in host:
        literal, bracket, port = host[1:].rpartition("]")
        if host[0] != "[" or not bracket or "[" in literal or _PORT.fullmatch(port) is None:
            return False
        address, zone, _ = literal.partition("%25")
        if zone and _ZONE_ID.fullmatch(literal[len(address) :]) is None:
            return False
        if _HOST.fullmatch(address) is None or (zone and literal == f"{address}{zone}"):
            return False
        return ":" in address and is_ip(_unescaped(address))
    # Schemes of databases list hosts, each with its port: there only the last colon counts.
    name, colon, port = host.partition(":") if scheme in ("http", "https") else host.rpartition(":")
    if not colon:
        return _HOST.fullmatch(host) is not None
    return _PORT.fullmatch(colon + port) is not None and _HOST.fullmatch(name) is not None


def _is_uri(text: str) -> bool:
    parsed = _parsed_url(text)
    return parsed is not None and parsed[0] != ""


def _is_uri_reference(text: str) -> bool:
    return _parsed_url(text) is not None


def _is_uri_template(text: str) -> bool:
    parsed = _parsed_url(text)
    return parsed is not None and _TEMPLATE.search(parsed[1]) is not None


# ── patterns and pointers ──

_POINTER: Final = r"(?:/(?:[^~/]++|~[01])*+)*+"
_JSON_POINTER: Final = re.compile(_POINTER)
_RELATIVE_POINTER: Final = re.compile(rf"(?:0|[1-9][0-9]*)(?:#|{_POINTER})")


def _is_regex(text: str) -> bool:
    """Differs: one of more than ``MAX_CHECKED_REGEX`` characters is refused (test_long_regular_expressions)."""
    return len(text) <= MAX_CHECKED_REGEX and is_regex(text)


CHECKS: Final[Mapping[str, Check]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "hostname": _is_hostname,
    "email": is_mail_address,
    "idn-email": is_mail_address,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "uri": _is_uri,
    "uri-reference": _is_uri_reference,
    "iri": _is_uri,
    "iri-reference": _is_uri_reference,
    "uri-template": _is_uri_template,
    "uuid": _is_uuid,
    "regex": _is_regex,
    "json-pointer": lambda text: _JSON_POINTER.fullmatch(text) is not None,
    "relative-json-pointer": lambda text: _RELATIVE_POINTER.fullmatch(text) is not None,
}
"""By name. Any other format takes every value; these take no numbers."""
