"""Passwords, AES and private keys. What is slow leaves the place where others wait for it.

Private keys come from the machine's randomness, not from the run's: whoever knows the seed of a run must not know them.

Source: sprig 3.3.0, crypto.go.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

import bcrypt
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.functions.encodings import decoded_base64
from lockgate.templates.private_keys import pem_of_key
from lockgate.templates.run import Run
from lockgate.templates.values import from_bytes, to_bytes

# --- passwords ------------------------------------------------------------------------------------------------------

_BCRYPT_COST: Final = 10
_MAX_PASSWORD: Final = 72
_STANDARD_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT_ALPHABET: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_BCRYPT: Final = bytes.maketrans(_STANDARD_ALPHABET, _BCRYPT_ALPHABET)


def _bcrypt(run: Run, text: str) -> str:
    run.leave()
    password = to_bytes(text)
    if len(password) > _MAX_PASSWORD:
        return f"failed to encrypt string with bcrypt: bcrypt: password length exceeds {_MAX_PASSWORD} bytes"
    salt = base64.b64encode(run.random_bytes(16)).rstrip(b"=").translate(_TO_BCRYPT)
    return bcrypt.hashpw(password, b"$2a$%02d$%s" % (_BCRYPT_COST, salt)).decode("ascii")


def _htpasswd(run: Run, user: str, password: str) -> str:
    return f"invalid username: {user}" if ":" in user else f"{user}:{_bcrypt(run, password)}"


_SEED: Final = b"com.lyndir.masterpassword"
_SCRYPT_MEMORY: Final = 64 << 20
_UINT32: Final = 0xFFFFFFFF
_PASSWORD_TEMPLATES: Final = {
    "maximum": ("anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"),
    "long": (
        *("CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno"),
        *("CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno"),
        *("CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno"),
        *("CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno"),
        *("CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno"),
        *("CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno"),
        *("CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno"),
    ),
    "medium": ("CvcnoCvc", "CvcCvcno"),
    "short": ("Cvcn",),
    "basic": ("aaanaaan", "aannaaan", "aaannaaa"),
    "pin": ("nnnn",),
}
_UPPER_VOWELS, _UPPER_CONSONANTS = "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ"
_VOWELS, _CONSONANTS = _UPPER_VOWELS.lower(), _UPPER_CONSONANTS.lower()
_LETTERS: Final = _UPPER_VOWELS + _VOWELS + _UPPER_CONSONANTS + _CONSONANTS
_DIGITS: Final = "0123456789"
_CHARACTERS: Final = {
    "V": _UPPER_VOWELS,
    "C": _UPPER_CONSONANTS,
    "v": _VOWELS,
    "c": _CONSONANTS,
    "a": _LETTERS,
    "n": _DIGITS,
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": f"{_LETTERS}{_DIGITS}!@#$%^&*()",
}


def _derived_password(run: Run, counter: int, kind: str, password: str, user: str, site: str) -> str:
    """Master Password's algorithm."""
    templates = _PASSWORD_TEMPLATES.get(kind)
    if templates is None:
        return f"cannot find password template {kind}"
    run.leave()
    salt = _SEED + _counted(user)
    key = hashlib.scrypt(to_bytes(password), salt=salt, n=32768, r=8, p=2, maxmem=_SCRYPT_MEMORY, dklen=64)
    message = _SEED + _counted(site) + (counter & _UINT32).to_bytes(4)
    first, *rest = hmac.digest(key, message, "sha256")
    template = templates[first % len(templates)]
    return "".join(
        _CHARACTERS[element][number % len(_CHARACTERS[element])]
        for element, number in zip(template, rest, strict=False)
    )


def _counted(text: str) -> bytes:
    raw = to_bytes(text)
    return len(raw).to_bytes(4) + raw


# --- AES ------------------------------------------------------------------------------------------------------------

_BLOCK: Final = 16
_KEY: Final = 32
_BYTES_PER_STEP: Final = 64


def _cipher(password: str, vector: bytes) -> Cipher[modes.CBC]:
    key = to_bytes(password)[:_KEY].ljust(_KEY, b"\0")
    return Cipher(algorithms.AES(key), modes.CBC(vector))


def _encrypted(run: Run, password: str, text: str) -> str:
    if not text:
        return ""
    plain = to_bytes(text)
    run.step(len(plain) // _BYTES_PER_STEP)
    run.make((len(plain) + 2 * _BLOCK) * 4 // 3)
    padding = _BLOCK - len(plain) % _BLOCK
    vector = run.random_bytes(_BLOCK)
    encryptor = _cipher(password, vector).encryptor()
    encrypted = encryptor.update(plain + bytes((padding,)) * padding) + encryptor.finalize()
    return base64.b64encode(vector + encrypted).decode("ascii")


def _decrypted(run: Run, password: str, text: str) -> str:
    if not text:
        return ""
    raw = decoded_base64(run, text)
    if len(raw) < _BLOCK:
        raise FunctionError(_too_short(raw, text))
    vector, encrypted = raw[:_BLOCK], raw[_BLOCK:]
    if len(encrypted) % _BLOCK:
        raise FunctionError("crypto/cipher: input not full blocks")
    if not encrypted:
        raise FunctionError("runtime error: index out of range [-1]")
    decryptor = _cipher(password, vector).decryptor()
    plain = decryptor.update(encrypted) + decryptor.finalize()
    end = len(plain) - plain[-1]
    if end < 0:
        raise FunctionError(f"runtime error: slice bounds out of range [:{end}]")
    return from_bytes(plain[:end])


def _too_short(raw: bytes, text: str) -> str:
    """Go's panic: it makes room for all that the text could hold, line breaks included."""
    capacity = len(to_bytes(text)) // 4 * 3
    if capacity < _BLOCK:
        return f"runtime error: slice bounds out of range [:{_BLOCK}] with capacity {capacity}"
    return f"runtime error: slice bounds out of range [{_BLOCK}:{len(raw)}]"


# --- random bytes and keys ------------------------------------------------------------------------------------------

_MAX_SLICE: Final = 1 << 48


def _random_base64(run: Run, count: int) -> str:
    if not 0 <= count <= _MAX_SLICE:
        raise FunctionError("runtime error: makeslice: len out of range")
    run.make(count * 4 // 3)
    run.step(count // _BYTES_PER_STEP)
    return binascii.b2a_base64(run.random_bytes(count), newline=False).decode("ascii")


def _private_key(run: Run, kind: str) -> str:
    match kind:
        case "" | "rsa":
            run.leave()
            return pem_of_key(rsa.generate_private_key(65537, 4096))
        case "dsa":
            run.leave()
            return pem_of_key(dsa.generate_private_key(2048))
        case "ecdsa":
            run.leave()
            return pem_of_key(ec.generate_private_key(ec.SECP256R1()))
        case "ed25519":
            run.leave()
            return pem_of_key(ed25519.Ed25519PrivateKey.generate())
        case _:
            return f"Unknown type {kind}"


FUNCTIONS: Final = (
    function("bcrypt", "(string) string", _bcrypt, needs_run=True),
    function("htpasswd", "(string, string) string", _htpasswd, needs_run=True),
    function("derivePassword", "(uint32, string, string, string, string) string", _derived_password, needs_run=True),
    function("encryptAES", "(string, string) string", _encrypted, needs_run=True),
    function("decryptAES", "(string, string) string", _decrypted, needs_run=True),
    function("randBytes", "(int) string", _random_base64, needs_run=True),
    function("genPrivateKey", "(string) string", _private_key, needs_run=True),
)
