"""Passwords, AES and private keys. Passwords and errors were recorded with sprig 3.3.0."""

import base64

import bcrypt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import cryptography as functions
from lockgate.templates.run import INLINE, LONG, Limits, Run
from lockgate.templates.values import from_bytes

FUNCTIONS = {function.name: function.call for function in functions.FUNCTIONS}


def run(*, inline=False, seed=b"x" * 16, limits=None):
    return Run(limits=limits or (INLINE if inline else LONG), inline=inline, now=0.0, seed=seed)


def called(name, *arguments):
    try:
        return FUNCTIONS[name](run(), *arguments)
    except FunctionError as error:
        return f"error: {error.text}"


@pytest.mark.parametrize("password", ["", "secret", "a\0b", "\udcff", "é" * 36])
def test_bcrypt(password):
    made = called("bcrypt", password)

    assert made.startswith("$2a$10$")
    assert bcrypt.checkpw(password.encode("utf-8", "surrogateescape"), made.encode())


def test_bcrypt_has_salt_of_the_run():
    assert FUNCTIONS["bcrypt"](run(), "p") == FUNCTIONS["bcrypt"](run(), "p")
    assert FUNCTIONS["bcrypt"](run(), "p") != FUNCTIONS["bcrypt"](run(seed=b"y" * 16), "p")


def test_password_that_is_too_long():
    text = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"

    assert called("bcrypt", "é" * 37) == text
    assert called("htpasswd", "me", "x" * 73) == f"me:{text}"


def test_htpasswd():
    user, _, made = called("htpasswd", "me", "secret").partition(":")

    assert user == "me"
    assert bcrypt.checkpw(b"secret", made.encode())
    assert called("htpasswd", "a:b", "c") == "invalid username: a:b"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1, "long", "pw", "us\udcffer", "exämple"), "FejeJiye1)Jaqi"),
        ((1 << 32, "long", "pw", "us", "s"), "QazaQike5-Zuje"),
        ((1, "pin", "", "", ""), "1578"),
        ((1, "nope", "a", "b", "c"), "cannot find password template nope"),
    ],
)
def test_derived_password(arguments, expected):
    assert called("derivePassword", *arguments) == expected


# Made by sprig 3.3.0: password, encrypted, plain.
ENCRYPTED = [
    ("k", "uJOqPx1gn9mIf+tSxpSIuN8ZeTd4wXcJbtp5Dlx1eNo=", "v"),
    ("", "1WriN4xOrSAP0qG4vh1wgoFdnYbJAVrH+vtd50mGL5gDCQSgDszOwo90E9pzWEWE", "xxxxxxxxxxxxxxxx"),
    (
        "a key of more than thirty-two bytes, which is cut",
        "LNfqHgF0H5PfoMCu8GaMWKvwQsnKElbxGFAdEsdRJ6gqe/XmKuNmzL8UP6RXsEux",
        "Order <7> is paid",
    ),
    ("é", "Kx7KN1MLpaHpWOeR4BBOyLVu8zzHoMfkJ1ZoNHdlC9U=", "é漢🚚"),
]


@pytest.mark.parametrize(("password", "encrypted", "plain"), ENCRYPTED)
def test_decrypted(password, encrypted, plain):
    assert called("decryptAES", password, encrypted) == plain


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_decrypted_is_what_was_encrypted(password, plain):
    encrypted = called("encryptAES", from_bytes(password), from_bytes(plain))

    assert called("decryptAES", from_bytes(password), encrypted) == from_bytes(plain)


@pytest.mark.parametrize(
    ("encrypted", "expected"),
    [
        ("", ""),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "error: runtime error: index out of range [-1]"),
        ("AAAAAAAAAAAAAAAAAAAAAAAA", "error: crypto/cipher: input not full blocks"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "error: runtime error: slice bounds out of range [:-19]"),
        ("AAAAAAAAAAAAAAAAAAA\n\n\n\n=", "error: runtime error: slice bounds out of range [16:14]"),
        ("YQ==", "error: runtime error: slice bounds out of range [:16] with capacity 3"),
        ("A A", "error: illegal base64 data at input byte 1"),
    ],
)
def test_what_cannot_be_decrypted(encrypted, expected):
    assert called("decryptAES", "k", encrypted) == expected


@pytest.mark.parametrize("count", [0, 1, 3, 16, 1000])
def test_random_bytes(count):
    assert len(base64.b64decode(called("randBytes", count), validate=True)) == count


@pytest.mark.parametrize("count", [-1, (1 << 63) - 1])
def test_impossible_count_of_random_bytes(count):
    assert called("randBytes", count) == "error: runtime error: makeslice: len out of range"


@pytest.mark.parametrize(
    ("kind", "label", "size"),
    [
        ("", "RSA PRIVATE KEY", 4096),
        ("rsa", "RSA PRIVATE KEY", 4096),
        ("dsa", "DSA PRIVATE KEY", 2048),
        ("ecdsa", "EC PRIVATE KEY", 256),
        ("ed25519", "PRIVATE KEY", None),
    ],
)
def test_private_key(kind, label, size):
    text = called("genPrivateKey", kind)
    key = serialization.load_pem_private_key(text.encode(), None)

    assert text.startswith(f"-----BEGIN {label}-----\n")
    assert text.endswith(f"\n-----END {label}-----\n")
    assert getattr(key, "key_size", None) == size


def test_private_key_does_not_come_from_the_seed():
    assert called("genPrivateKey", "ed25519") != called("genPrivateKey", "ed25519")


def test_unknown_private_key():
    assert called("genPrivateKey", "RSA") == "Unknown type RSA"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bcrypt", ("p",)),
        ("htpasswd", ("u", "p")),
        ("derivePassword", (1, "pin", "p", "u", "s")),
        ("genPrivateKey", ("ed25519",)),
        ("genPrivateKey", ("",)),
    ],
)
def test_slow_work_is_never_done_where_others_wait(name, arguments):
    with pytest.raises(TooLongError):
        FUNCTIONS[name](run(inline=True), *arguments)


@pytest.mark.parametrize(("name", "arguments"), [("randBytes", (1 << 40,)), ("encryptAES", ("k", "x" * 1_000))])
def test_what_is_made_is_counted(name, arguments):
    with pytest.raises(LimitError):
        FUNCTIONS[name](run(limits=Limits(steps=1 << 50, output=1, size=1_000)), *arguments)
