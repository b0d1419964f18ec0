"""``urlParse`` and ``urlJoin``: URLs taken apart and put together as Go does, with its error texts.

Unlike ``lockgate.urls``, which knows what forwarding needs, this has every part and rule of Go's package.

Source: sprig 3.3.0, url.go; Go 1.26, net/url and net/netip. Hosts with several colons are taken, as the reference
gateway does: its build has Go's older rule.
"""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from lockgate.templates.characters import byte_text, from_byte_text
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, go_kind

_CHARACTERS_PER_STEP: Final = 8
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*(?=:)")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USER_INFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]*")
_LARGEST_OCTET: Final = 255
_LONGEST_GROUP: Final = 4
_FIELDS: Final = 4
_ADDRESS_BYTES: Final = 16
_FIRST_PLACE_OF_IPV4: Final = 12


@dataclass(frozen=True, slots=True)
class _Part:
    """How a part of a URL is encoded."""

    escaped: re.Pattern[str]
    """What cannot stand there as it is."""


_PATH: Final = _Part(re.compile(r"[^A-Za-z0-9\-_.~$&+,/:;=@]"))
_USER: Final = _Part(re.compile(r"[^A-Za-z0-9\-_.~$&+,;=]"))
_FRAGMENT: Final = _Part(re.compile(r"[^A-Za-z0-9\-_.~$&+,/:;=?@!()*]"))
_HOST: Final = _Part(re.compile(r"[^A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]"))
_ZONE: Final = _Part(_HOST.escaped)


class _UrlError(ValueError):
    """Go does not parse it; ``str()`` is the reason alone."""


@dataclass(frozen=True, slots=True)
class _User:
    name: str
    password: str | None
    """None: there is no ":"."""

    def __str__(self) -> str:
        password = "" if self.password is None else f":{_escape(self.password, _USER)}"
        return _escape(self.name, _USER) + password


@dataclass(slots=True)
class _Url:
    """A URL in parts, each as ``byte_text``."""

    scheme: str = ""
    opaque: str = ""
    user: _User | None = None
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""

    def hostname(self) -> str:
        host = self.host
        colon = host.rfind(":")
        if colon >= 0 and _PORT.fullmatch(host, colon):
            host = host[:colon]
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    def __str__(self) -> str:
        parts = [f"{self.scheme}:"] if self.scheme else []
        if self.opaque:
            parts.append(self.opaque)
        else:
            self._add_hierarchy(parts)
        if self.query:
            parts.append(f"?{self.query}")
        if self.fragment:
            parts.append(f"#{_escape(self.fragment, _FRAGMENT)}")
        return "".join(parts)

    def _add_hierarchy(self, parts: list[str]) -> None:
        has_user = self.user is not None
        if self.host or has_user or (self.scheme and self.path):
            parts.append("//")
        if has_user:
            parts.append(f"{self.user}@")
        parts.append(_escape(self.host, _HOST))
        path = "*" if self.path == "*" else _escape(self.path, _PATH)
        if path and not path.startswith("/") and self.host:
            parts.append("/")
        if not any(parts) and ":" in path.partition("/")[0]:
            parts.append("./")
        parts.append(path)


def _escape(text: str, part: _Part) -> str:
    return part.escaped.sub(_percent, text)


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _unescape(text: str, part: _Part) -> str:
    """Decode percent-encoding.

    Raises:
        _UrlError: An escape in it is none, or stands where it must not; or a character of a host does.
    """
    is_host = part is _HOST or part is _ZONE
    position = 0
    while (position := _next_place(text, position, is_host=is_host)) >= 0:
        if text[position] != "%":
            raise _UrlError(f"invalid character {quote_go(text[position])} in host name")
        escape = text[position : position + 3]
        if _ESCAPE.fullmatch(escape) is None:
            raise _UrlError(f"invalid URL escape {_quoted(escape)}")
        code = int(escape[1:], 16)
        is_refused = (part is _HOST and code < 0x80) or (  # noqa: PLR2004  ASCII
            part is _ZONE and code != ord(" ") and _HOST.escaped.match(chr(code)) is not None
        )
        if is_refused and escape != "%25":
            raise _UrlError(f"invalid URL escape {_quoted(escape)}")
        position += 3
    return _ESCAPE.sub(_character, text) if "%" in text else text


_BAD_IN_HOST: Final = re.compile(r"[^A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"\x80-\xff]")


def _next_place(text: str, start: int, *, is_host: bool) -> int:
    """Where the next "%" is, or in a host the next character that it cannot have; -1: nowhere."""
    if not is_host:
        return text.find("%", start)
    found = _BAD_IN_HOST.search(text, start)
    return -1 if found is None else found.start()


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _quoted(text: str) -> str:
    """Quote what is ``byte_text``."""
    return quote_go(from_byte_text(text))


def _parse(text: str) -> _Url:
    """Take a URL apart, as ``byte_text`` has it.

    Raises:
        _UrlError: Go does not parse it; the text is that of its whole error.
    """
    before, _, fragment = text.partition("#")
    try:
        url = _parse_without_fragment(before)
    except _UrlError as error:
        raise _UrlError(f"parse {_quoted(before)}: {error}") from None
    try:
        url.fragment = _unescape(fragment, _FRAGMENT)
    except _UrlError as error:
        raise _UrlError(f"parse {_quoted(text)}: {error}") from None
    return url


def _parse_without_fragment(text: str) -> _Url:
    if _CONTROL.search(text) is not None:
        raise _UrlError("net/url: invalid control character in URL")
    url = _Url()
    if text == "*":
        url.path = "*"
        return url
    if text.startswith(":"):
        raise _UrlError("missing protocol scheme")
    found = _SCHEME.match(text)
    if found is not None:
        url.scheme = found[0].lower()
        text = text[found.end() + 1 :]
    rest, _, url.query = text.partition("?")
    if not rest.startswith("/"):
        if url.scheme:
            url.opaque = rest
            return url
        if ":" in rest.partition("/")[0]:
            raise _UrlError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (url.scheme or not rest.startswith("///")):
        authority, slash, after = rest[2:].partition("/")
        rest = slash + after
        url.user, url.host = _parse_authority(authority)
    url.path = _unescape(rest, _PATH)
    return url


def _parse_authority(authority: str) -> tuple[_User | None, str]:
    info, at, host = authority.rpartition("@")
    host = _parse_host(host)
    if not at:
        return None, host
    if _USER_INFO.fullmatch(info) is None:
        raise _UrlError("net/url: invalid userinfo")
    name, colon, password = info.partition(":")
    name = _unescape(name, _USER)
    return _User(name, _unescape(password, _USER) if colon else None), host


def _parse_host(host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise _UrlError("invalid IP-literal")
    if bracket == 0:
        return _parse_bracketed(host)
    _check_port(host[colon:] if (colon := host.rfind(":")) >= 0 else "")
    return _unescape(host, _HOST)


def _check_port(port: str) -> None:
    if _PORT.fullmatch(port) is None:
        raise _UrlError(f"invalid port {_quoted(port)} after host")


def _parse_bracketed(host: str) -> str:
    end = host.rfind("]")
    if end < 0:
        raise _UrlError("missing ']' in host")
    port = host[end + 1 :]
    _check_port(port)
    address = host[1:end]
    zone = address.find("%25")
    if zone >= 0:
        address = _unescape(address[:zone], _HOST) + _unescape(address[zone:], _ZONE)
    else:
        address = _unescape(address, _HOST)
    _check_address(address)
    return f"[{address}]{port}"


def _bad_address(address: str, reason: str, at: str = "") -> NoReturn:
    place = f" (at {_quoted(at)})" if at else ""
    raise _UrlError(f"invalid host: ParseAddr({_quoted(address)}): {reason}{place}")


def _check_address(address: str) -> None:
    """Check what stands between brackets: an IPv6 address.

    Raises:
        _UrlError: It is none.
    """
    first = next((character for character in address if character in ".:%"), "")
    if first == ".":
        _check_ipv4(address, address)
        raise _UrlError("invalid IP-literal")
    if first == "%":
        _bad_address(address, "missing IPv6 address")
    if not first:
        _bad_address(address, "unable to parse IP")
    text, percent, zone = address.partition("%")
    if percent and not zone:
        _bad_address(address, "zone must be a non-empty string")
    _check_ipv6(address, text)


def _check_ipv4(address: str, text: str) -> None:
    """Check the IPv4 address that ``text`` is, the end of ``address`` or all of it."""
    value = digits = fields = 0
    for index, character in enumerate(text):
        if "0" <= character <= "9":
            if digits == 1 and value == 0:
                _bad_address(address, "IPv4 field has octet with leading zero")
            value = value * 10 + int(character)
            digits += 1
            if value > _LARGEST_OCTET:
                _bad_address(address, "IPv4 field has value >255")
        elif character == ".":
            if digits == 0 or index == len(text) - 1:
                _bad_address(address, "IPv4 field must have at least one digit", text[index:])
            fields += 1
            if fields == _FIELDS:
                _bad_address(address, "IPv4 address too long")
            value = digits = 0
        else:
            _bad_address(address, "unexpected character", text[index:])
    if fields < _FIELDS - 1:
        _bad_address(address, "IPv4 address too short")


def _check_ipv6(address: str, text: str) -> None:
    """Check an IPv6 address without its zone, which ``address`` has as well."""
    has_gap = text.startswith("::")
    if has_gap:
        text = text[2:]
        if not text:
            return
    place = 0
    while place < _ADDRESS_BYTES:
        digits = _leading_digits(text)
        if len(digits) > _LONGEST_GROUP:
            _bad_address(address, "each group must have 4 or less digits", text)
        if not digits:
            _bad_address(address, "each colon-separated field must have at least one digit", text)
        if text.startswith(".", len(digits)):
            _check_embedded(address, text, place, has_gap=has_gap)
            text = ""
            place += 4
            break
        place += 2
        text = text[len(digits) :]
        if not text:
            break
        text = _behind_colon(address, text)
        if text.startswith(":"):
            if has_gap:
                _bad_address(address, "multiple :: in address", text)
            has_gap = True
            text = text[1:]
            if not text:
                break
    if text:
        _bad_address(address, "trailing garbage after address", text)
    _check_size(address, place, has_gap=has_gap)


def _check_size(address: str, size: int, *, has_gap: bool) -> None:
    if size < _ADDRESS_BYTES and not has_gap:
        _bad_address(address, "address string too short")
    if size == _ADDRESS_BYTES and has_gap:
        _bad_address(address, "the :: must expand to at least one field of zeros")


def _check_embedded(address: str, text: str, place: int, *, has_gap: bool) -> None:
    """Check the IPv4 address at the end of an IPv6 one; ``place`` is its first byte in it."""
    if not has_gap and place != _FIRST_PLACE_OF_IPV4:
        _bad_address(address, "embedded IPv4 address must replace the final 2 fields of the address", text)
    if place > _FIRST_PLACE_OF_IPV4:
        _bad_address(address, "too many hex fields to fit an embedded IPv4 at the end of the address", text)
    _check_ipv4(address, text)


def _behind_colon(address: str, text: str) -> str:
    if not text.startswith(":"):
        _bad_address(address, "unexpected character, want colon", text)
    if len(text) == 1:
        _bad_address(address, "colon must be followed by more characters", text)
    return text[1:]


def _leading_digits(text: str) -> str:
    found = _HEXADECIMAL.match(text)
    return found[0] if found is not None else ""


def _url_parse(run: Run, text: str) -> dict[str, object]:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    run.make(3 * len(text))
    try:
        url = _parse(byte_text(text))
    except _UrlError as error:
        raise FunctionError(f"unable to parse url: {error}") from None
    parts = {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": url.hostname(),
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": "" if url.user is None else str(url.user),
    }
    return {name: from_byte_text(part) for name, part in parts.items()}


def _url_join(run: Run, parts: dict[str, object]) -> str:
    url = _Url(
        scheme=_part(run, parts, "scheme"),
        host=_part(run, parts, "host"),
        path=_part(run, parts, "path"),
        query=_part(run, parts, "query"),
        opaque=_part(run, parts, "opaque"),
        fragment=_part(run, parts, "fragment"),
    )
    info = _part(run, parts, "userinfo")
    if info:
        try:
            url.user = _parse(f"proto://{info}@host").user
        except _UrlError as error:
            raise FunctionError(f"unable to parse userinfo in dict: {error}") from None
    return from_byte_text(str(url))


def _part(run: Run, parts: dict[str, object], name: str) -> str:
    value = parts.get(name, MISSING)
    if value is MISSING:
        return ""
    if value is None:
        raise FunctionError("runtime error: invalid memory address or nil pointer dereference")
    if not isinstance(value, str):
        kind = go_kind(value)
        raise FunctionError(f"unable to parse {name} key, must be of type string, but {kind} found")
    run.step(len(value) // _CHARACTERS_PER_STEP)
    run.make(3 * len(value))
    return byte_text(value)


FUNCTIONS: Final = (
    function("urlParse", "(string) map[string]interface {}", _url_parse, needs_run=True),
    function("urlJoin", "(map[string]interface {}) string", _url_join, needs_run=True),
)
