"""URLs as the reference gateway takes them apart and puts them together.

Texts are those of ``lockgate.exchange``: UTF-8 with ``surrogateescape``, also where they are decoded, so that encoding
them again gives the same bytes.

Source: behaviour-chain 1.7, 1.8 and 4.12; Go, net/url.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lockgate.exchange import decode_text, encode_text

_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_UNESCAPED_IN_PATHS: Final = _UNRESERVED | frozenset(b"$&+,/:;=@")
_PATH_ESCAPES: Final = tuple(chr(byte) if byte in _UNESCAPED_IN_PATHS else f"%{byte:02X}" for byte in range(256))
_QUERY_ESCAPES: Final = tuple(
    "+" if byte == ord(" ") else chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256)
)
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9\-_.~$&+,/:;=@]*")
"""Its encoded and decoded forms are equal."""
_VALID_RAW_PATH: Final = re.compile(r"[A-Za-z0-9\-_.~$&+,/:;=@!'()*\[\]%]*")
_NOT_ON_A_REQUEST_LINE: Final = re.compile(r"[^\x21-\x7e]|#")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_LOOP: Final = re.compile(r"tyk://([^/]*)(.*)", re.IGNORECASE | re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]]*?)(?::([0-9]*))?")
_BAD_IN_HOST: Final = re.compile(r"[ \\^`{|}/?#@]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Target:
    """The URL of an upstream, taken apart."""

    scheme: str
    """In lower case; "" when it has none."""
    host: str
    """Name or IP address, without port and brackets; "" when it has none."""
    port: int
    """The scheme's own where the URL names none; 0 where that is not known."""
    authority: str
    """As a Host header has it: with the port if the URL names it, without user and password."""
    path: str = ""
    """Decoded."""
    query: str | None = None
    """Without "?"; None when there was no "?"."""

    @property
    def can_be_forwarded_to(self) -> bool:
        """Whether it is a whole URL of a scheme that we speak."""
        return self.scheme in _DEFAULT_PORTS and self.host != "" and self.port > 0


@dataclass(frozen=True, slots=True)
class Url:
    """A URL or reference, taken apart no further than forwarding needs."""

    scheme: str
    """In lower case; "" when it has none."""
    authority: str
    """Host and port, without user and password; "" when it has none. Of a ``tyk`` URL all up to the path, whatever
    it is: names of APIs are no hosts."""
    raw_path: str
    """As written."""
    query: str | None
    """Without "?"; None when there was no "?"."""


def parse_target(text: str) -> Target:
    """Take an upstream's URL apart.

    Args:
        text: As the definition has it. A fragment does not count.

    Raises:
        ValueError: Go does not parse it. One without scheme or host, or of an unknown scheme, is parsed.
    """
    url = parse_url(text)
    if url.scheme == "tyk":
        return Target(url.scheme, url.authority, 0, url.authority, unescape_path(url.raw_path), url.query)
    host, port = _host_and_port(url.authority)
    number = int(port) if port else _DEFAULT_PORTS.get(url.scheme, 0)
    if number > _LAST_PORT:
        raise ValueError(f"expected a port up to {_LAST_PORT}, found {port!r}")
    return Target(url.scheme, host, number, url.authority, unescape_path(url.raw_path), url.query)


_LONGEST_KEPT: Final = 2048
_AT_ONCE: Final = 64 * 1024
"""Characters or bytes that are searched without letting another thread go on."""


def parse_url(text: str) -> Url:
    """Take a URL or reference apart; a fragment is dropped.

    Raises:
        ValueError: Go does not parse it.

    Source: Go, net/url, Parse.
    """
    return _kept_parsed_url(text) if len(text) <= _LONGEST_KEPT else _parsed_url(text)


def _parsed_url(text: str) -> Url:
    text = text.partition("#")[0]
    if _CONTROL.search(text):
        raise ValueError("expected a URL, found a control character in it")
    found = _LOOP.match(text)
    if found is not None:
        path, question_mark, query = found[2].partition("?")
        _check_escapes(path)
        return Url("tyk", found[1], path, query if question_mark else None)
    scheme, rest = "", text
    found = _SCHEME.match(text)
    if found is not None:
        scheme, rest = found[1].lower(), text[found.end() :]
    elif text.startswith(":"):
        raise ValueError("expected a scheme before the first colon")
    rest, question_mark, query = rest.partition("?")
    authority = ""
    if not rest.startswith("/"):
        if scheme:  # An opaque URL, such as mailto:x.
            return Url(scheme, "", "", query if question_mark else None)
        if ":" in rest.partition("/")[0]:
            raise ValueError("first path segment cannot contain a colon")
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, after = rest[2:].partition("/")
        authority = authority.rpartition("@")[2]
        rest = slash + after
        _host_and_port(authority)
    _check_escapes(rest)
    return Url(scheme, authority, rest, query if question_mark else None)


_kept_parsed_url: Final = lru_cache(maxsize=256)(_parsed_url)


def _check_escapes(raw: str) -> None:
    bad = find_bad_escape(raw)
    if bad >= 0:
        raise ValueError(f"invalid escape {raw[bad : bad + 3]!r}")


def find_bad_escape(text: str) -> int:
    """Where the first "%" is that begins no escape; -1: nowhere."""
    start = 0
    while start < len(text):
        end = start + _AT_ONCE
        if end < len(text) and (escape := text.rfind("%", end - 2, end)) >= 0:
            end = escape
        found = _BAD_ESCAPE.search(text, start, end)
        if found is not None:
            return found.start()
        start = end
    return -1


def _host_and_port(authority: str) -> tuple[str, str]:
    found = _HOST_AND_PORT.fullmatch(authority)
    if found is None or _BAD_IN_HOST.search(found[1]) or (":" in found[1] and not found[1].startswith("[")):
        raise ValueError(f"expected a host and perhaps a port, found {authority!r}")
    _check_escapes(found[1])
    return found[1].removeprefix("[").removesuffix("]"), found[2] or ""


def encode_path(path: str) -> str:
    """Percent-encode a decoded path: A-Z a-z 0-9 - _ . ~ $ & + , / : ; = @ stay.

    Source: Go, net/url, escape in the mode encodePath.
    """
    if _PLAIN_PATH.fullmatch(path):
        return path
    return "".join([_PATH_ESCAPES[byte] for byte in encode_text(path)])


def unescape_path(raw: str) -> str:
    """Decode a percent-encoded path.

    Raises:
        ValueError: An escape in it is none.
    """
    if "%" not in raw:
        return raw
    _check_escapes(raw)
    return decode_text(unescape(encode_text(raw)))


def unescape(raw: bytes) -> bytes:
    """Decode percent-encoded bytes; an escape that is none stays."""
    if len(raw) <= _AT_ONCE:
        return _ESCAPE.sub(_unescaped, raw)
    parts: list[bytes] = []
    start = 0
    while start < len(raw):
        end = start + _AT_ONCE
        if end < len(raw) and (escape := raw.rfind(b"%", end - 2, end)) >= 0:
            end = escape
        parts.append(_ESCAPE.sub(_unescaped, raw[start:end]))
        start = end
    return b"".join(parts)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes((int(escape[1], 16),))


def escaped_path(raw: str) -> str:
    """A path as it stands in the text of its URL: as written where that is a valid encoding, else encoded afresh.

    Never raises: an escape that is none is text.

    Source: Go, net/url, EscapedPath.
    """
    if _VALID_RAW_PATH.fullmatch(raw):
        return raw
    return "".join([_PATH_ESCAPES[byte] for byte in unescape(encode_text(raw))])


def upstream_path(raw: str, decoded: str, *, keep_raw: bool = False) -> str:
    """The path that goes on the request line.

    Args:
        raw: Percent-encoded, as the client or a rewrite target wrote it, stripped and joined.
        decoded: The same path decoded, stripped and joined on its own. Where the two do not agree it counts.
        keep_raw: ``skip_target_path_escaping``.
    """
    if keep_raw:
        return _NOT_ON_A_REQUEST_LINE.sub(lambda found: encode_path(found[0]), raw)
    # A path without any escape is encoded afresh; one with an escape keeps its own encoding.
    has_own_encoding = raw != decoded and _VALID_RAW_PATH.fullmatch(raw) and not _BAD_ESCAPE.search(raw)
    return raw if has_own_encoding and unescape_path(raw) == decoded else encode_path(decoded)


def clean_path(path: str) -> str:
    """A decoded path without "//", "." and ".."; a slash at its end stays.

    Source: gorilla/mux, cleanPath; Go, path.Clean.
    """
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    cleaned = "/" + "/".join(segments)
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned


def join_paths(target: str, path: str, *, keep_slash: bool = False) -> str:
    """The target's path and the request's, with one slash between them.

    Args:
        target: Of the upstream's URL.
        path: Of the request; nothing but slashes adds nothing.
        keep_slash: ``preserveTrailingSlash``: a target that nothing is added to stays as it is.
    """
    if keep_slash and path in ("", "/"):
        return target
    target, path = target.rstrip("/"), path.lstrip("/")
    return f"{target}/{path}" if path else target


def join_queries(target: str | None, query: str | None) -> str | None:
    """The target's query, then the request's."""
    if target and query:
        return f"{target}&{query}"
    return target or query


def query_escape(text: str) -> str:
    """Escape as in a query: a space becomes "+", and only A-Z a-z 0-9 - _ . ~ stay.

    Source: Go, net/url, QueryEscape.
    """
    raw = encode_text(text)
    if _UNRESERVED.issuperset(raw):
        return text
    return "".join([_QUERY_ESCAPES[byte] for byte in raw])


def form_values(text: str, most: int = 0) -> dict[str, tuple[str, ...]]:
    """Values of a query or of an urlencoded form, by name, in order.

    Parts with ";" or with a bad escape are left out.

    Args:
        text: Encoded.
        most: Parts that are looked at, from the beginning; 0 is all.

    Source: Go, net/url, ParseQuery.
    """
    found: dict[str, list[str]] = {}
    for part in text.split("&", most)[:most] if most else text.split("&"):
        if not part or ";" in part or ("%" in part and find_bad_escape(part) >= 0):
            continue
        name, _, value = part.partition("=")
        found.setdefault(_form_text(name), []).append(_form_text(value))
    return {name: tuple(values) for name, values in found.items()}


def _form_text(text: str) -> str:
    text = text.replace("+", " ")
    return text if "%" not in text else decode_text(unescape(encode_text(text)))
