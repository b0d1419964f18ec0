"""Private keys as PEM: written as Go writes them, and read as sprig does.

Source: sprig 3.3.0, crypto.go (pemBlockForKey, parsePrivateKeyPEM); Go 1.26, encoding/pem.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from lockgate.templates.errors import FunctionError
from lockgate.templates.values import to_bytes

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey


@dataclass(frozen=True, slots=True)
class Block:
    """A block of PEM."""

    label: str
    """"CERTIFICATE", "RSA PRIVATE KEY"."""
    content: bytes


_BEGIN: Final = re.compile(rb"(?:\A|\n)-----BEGIN ([^\n-]*)-----[ \t\r]*\n")
_HEADERS: Final = re.compile(rb"(?:[^\n:]*:[^\n]*\n)+\r?\n?")
_WHITE_SPACE: Final = re.compile(rb"[ \t\r\n]+")
_SUFFIX: Final = " PRIVATE KEY"


def pem_block(text: str) -> Block | None:
    """The first block of a text; None: there is none, or it is broken."""
    raw = to_bytes(text)
    begin = _BEGIN.search(raw)
    if begin is None:
        return None
    start = begin.end()
    # The end may stand right behind the beginning.
    end = raw.find(b"\n-----END %s-----" % begin[1], start - 1)
    if end < 0:
        return None
    body = raw[start : max(start, end)]
    if (headers := _HEADERS.match(body)) is not None:
        body = body[headers.end() :]
    try:
        content = binascii.a2b_base64(_WHITE_SPACE.sub(b"", body), strict_mode=True) if body else b""
    except binascii.Error:
        return None
    return Block(begin[1].decode("latin-1"), content)


def pem_of_key(key: PrivateKey) -> str:
    """A key in the format that Go has for its kind."""
    is_edwards = isinstance(key, ed25519.Ed25519PrivateKey)
    structure = serialization.PrivateFormat.PKCS8 if is_edwards else serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, structure, serialization.NoEncryption()).decode("ascii")


def key_of_pem(text: str) -> PrivateKey:
    """The key in a text.

    Raises:
        FunctionError: There is none that can be read. sprig's text, but for what is wrong inside of it.
    """
    block = pem_block(text)
    if block is None:
        raise FunctionError("no PEM data in input")
    if block.label == _SUFFIX.strip():
        return _parsed(block.content, "decoding PEM as PKCS#8", _IN_PKCS8)
    if not block.label.endswith(_SUFFIX):
        raise FunctionError(f"no private key data in PEM block of type {block.label}")
    match block.label.removesuffix(_SUFFIX):
        case "RSA":
            return _parsed(block.content, "parsing RSA private key from PEM", (rsa.RSAPrivateKey,))
        case "EC":
            return _parsed(block.content, "parsing EC private key from PEM", (ec.EllipticCurvePrivateKey,))
        case "DSA":
            return _parsed(block.content, "parsing DSA private key from PEM", (dsa.DSAPrivateKey,))
        case _:
            raise FunctionError(f"invalid private key type {block.label}")


_KEYS: Final = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, dsa.DSAPrivateKey)
_IN_PKCS8: Final = _KEYS[:3]
_CURVES: Final = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})


def _parsed(content: bytes, doing: str, kinds: tuple[type, ...]) -> PrivateKey:
    try:
        key = serialization.load_der_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FunctionError(f"{doing}: malformed key") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in _CURVES:
        raise FunctionError(f"{doing}: unknown elliptic curve")
    if isinstance(key, _KEYS) and isinstance(key, kinds):
        return key
    raise FunctionError(f"{doing}: another kind of key")
