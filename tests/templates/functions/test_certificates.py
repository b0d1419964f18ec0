"""Certificates: made here, and read from what sprig 3.3.0 made."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lockgate.templates import formatting
from lockgate.templates.errors import FunctionError, TooLongError
from lockgate.templates.functions import certificates as functions
from lockgate.templates.functions import cryptography
from lockgate.templates.functions.certificates import Certificate
from lockgate.templates.run import INLINE, LONG, Run
from lockgate.templates.values import go_kind, go_type

FUNCTIONS = {function.name: function.call for function in (*functions.FUNCTIONS, *cryptography.FUNCTIONS)}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

# genCAWithKey "my ca" 36500 (genPrivateKey "ecdsa")
GO_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIQVT/tCNWSy8Ko+je80nSHsDAKBggqhkjOPQQDAjAQMQ4w
DAYDVQQDEwVteSBjYTAgFw0yNjExMjIxMTAxMjlaGA8yMTI2MTAyOTExMDEyOVow
EDEOMAwGA1UEAxMFbXkgY2EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASDyccM
fHfr+BdInaI2l1sL8HqFQYONX/JwvF8zarLC0ybhEvBK+dcmEo11fL+80IjAvxqL
zNGFsmR3t1lDs+wTo2EwXzAOBgNVHQ8BAf8EBAMCAqQwHQYDVR0lBBYwFAYIKwYB
BQUHAwEGCCsGAQUFBwMCMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFH8AqKda
uAc+7VkQHScy5wED4a9kMAoGCCqGSM49BAMCA0gAMEUCICnLi1zogmA4kRSrFpEk
xZtX5wGnQ3QMYY8OPsilzSLJAiEAqAhxdcz7mvETd5VCtNyQ8lambvzR0QE9UewM
+QiZ95o=
-----END CERTIFICATE-----
"""
GO_KEY = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIHjUmlNhtNftEeEY6nlqh/nQ0tAfF23Q0rRnJ/i9EYQRoAoGCCqGSM49
AwEHoUQDQgAEg8nHDHx36/gXSJ2iNpdbC/B6hUGDjV/ycLxfM2qywtMm4RLwSvnX
JhKNdXy/vNCIwL8ai8zRhbJkd7dZQ7PsEw==
-----END EC PRIVATE KEY-----
"""
GO_AUTHORITY = Certificate(GO_CERTIFICATE, GO_KEY)


def run(*, inline=False):
    limits = INLINE if inline else LONG
    return Run(limits=limits, inline=inline, now=NOW.timestamp() + 0.7, seed=b"x" * 16)


def called(name, *arguments):
    try:
        return FUNCTIONS[name](run(), *arguments)
    except FunctionError as error:
        return f"error: {error.text}"


def parsed(made):
    return x509.load_pem_x509_certificate(made.certificate.encode())


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def key():
    return called("genPrivateKey", "ecdsa")


@pytest.fixture(scope="module")
def authority(key):
    return called("genCAWithKey", "our ca", 365, key)


def test_authority():
    made = called("genCA", "our ca", 10)
    certificate = parsed(made)
    public = certificate.public_key()
    usage = extension(certificate, x509.KeyUsage).value

    assert certificate.subject == certificate.issuer
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "our ca"
    assert certificate.not_valid_before_utc == NOW
    assert certificate.not_valid_after_utc == NOW + timedelta(days=10)
    assert extension(certificate, x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=None)
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign, usage.crl_sign) == (1, 1, 1, 0)
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == 2048
    assert serialization.load_pem_private_key(made.key.encode(), None).public_key() == public
    certificate.verify_directly_issued_by(certificate)


def test_signed(authority, key):
    made = called(
        "genSignedCertWithKey", "api", ["192.0.2.1", "::1", "::ffff:1.2.3.4"], ["a.b", "*.c"], 30, authority, key
    )
    certificate = parsed(made)
    names = extension(certificate, x509.SubjectAlternativeName)

    certificate.verify_directly_issued_by(parsed(authority))
    assert names.value.get_values_for_type(x509.DNSName) == ["a.b", "*.c"]
    assert [str(ip) for ip in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "::1", "1.2.3.4"]
    assert not names.critical
    assert extension(certificate, x509.BasicConstraints).value.ca is False
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ]
    assert made.key == key
    assert (
        extension(certificate, x509.AuthorityKeyIdentifier).value.key_identifier
        == extension(parsed(authority), x509.SubjectKeyIdentifier).value.digest
    )


def test_signed_with_a_key_of_its_own(authority):
    made = called("genSignedCert", "api", None, None, 1, authority)

    parsed(made).verify_directly_issued_by(parsed(authority))
    assert made.key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")


def test_signed_by_an_authority_that_sprig_made(key):
    made = called("genSignedCertWithKey", "api", [], [], 1, GO_AUTHORITY, key)

    parsed(made).verify_directly_issued_by(parsed(GO_AUTHORITY))


def test_key_identifier_is_made_as_in_go():
    made = called("genCAWithKey", "my ca", 1, GO_KEY)

    assert made.key == GO_KEY
    assert (
        extension(parsed(made), x509.SubjectKeyIdentifier).value
        == extension(parsed(GO_AUTHORITY), x509.SubjectKeyIdentifier).value
    )


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519"])
def test_signed_by_itself(kind):
    given = called("genPrivateKey", kind)
    made = called("genSelfSignedCertWithKey", "", [], ["a.b"], 0, given)
    certificate = parsed(made)

    certificate.verify_directly_issued_by(certificate)
    assert made.key == given
    assert not certificate.subject.rdns
    assert extension(certificate, x509.SubjectAlternativeName).critical
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey)


def test_rsa_signed_by_itself():
    certificate = parsed(called("genSelfSignedCert", "é", None, None, 99_999))

    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "é"
    assert certificate.not_valid_after_utc == NOW + timedelta(days=99_999)


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_curves(curve):
    given = ec.generate_private_key(curve).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = called("genCAWithKey", "a", 1, given.decode())

    parsed(made).verify_directly_issued_by(parsed(made))
    assert made.key.startswith("-----BEGIN EC PRIVATE KEY-----\n")


def test_custom(authority):
    made = called("buildCustomCert", encoded(authority.certificate), encoded(f"# key\n{authority.key}"))

    assert made.certificate == authority.certificate
    assert made.key == f"# key\n{authority.key}"


def test_certificate_is_a_value_of_templates(authority):
    assert go_type(authority) == "sprig.certificate"
    assert go_kind(authority) == "struct"
    assert authority.fields() == {"Cert": authority.certificate, "Key": authority.key}
    assert formatting.format_value(authority) == f"{{{authority.certificate} {authority.key}}}"


def pem(label, content="AAAA"):
    return f"-----BEGIN {label}-----\n{content}\n-----END {label}-----\n"


BROKEN_KEYS = [
    ("", "no PEM data in input"),
    ("x", "no PEM data in input"),
    (pem("RSA PRIVATE KEY").replace("END", "end"), "no PEM data in input"),
    (pem("RSA PRIVATE KEY", "?"), "no PEM data in input"),
    (pem("X"), "no private key data in PEM block of type X"),
    (pem("X PRIVATE KEY"), "invalid private key type X PRIVATE KEY"),
    (pem("RSA PRIVATE KEY"), "parsing RSA private key from PEM: malformed key"),
    (pem("EC PRIVATE KEY"), "parsing EC private key from PEM: malformed key"),
    (pem("DSA PRIVATE KEY"), "parsing DSA private key from PEM: malformed key"),
    (pem("PRIVATE KEY"), "decoding PEM as PKCS#8: malformed key"),
    (pem("PRIVATE KEY", ""), "decoding PEM as PKCS#8: malformed key"),
    (GO_KEY.replace("EC PRIVATE", "RSA PRIVATE"), "parsing RSA private key from PEM: another kind of key"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN_KEYS, ids=range(len(BROKEN_KEYS)))
def test_broken_key(text, expected):
    assert called("genCAWithKey", "a", 1, text) == f"error: parsing private key: {expected}"
    assert called("genSelfSignedCertWithKey", "a", [], [], 1, text) == f"error: parsing private key: {expected}"
    assert called("buildCustomCert", encoded(GO_CERTIFICATE), encoded(text)) == (
        f"error: error parsing private key: {expected}"
    )
    assert called("genSignedCertWithKey", "a", [], [], 1, Certificate(GO_CERTIFICATE, text), GO_KEY) == (
        f"error: error parsing private key: {expected}"
    )


def test_keys_that_cannot_sign(authority):
    dsa = called("genPrivateKey", "dsa")
    exchange = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    curve = ec.generate_private_key(ec.SECP256K1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    no_signer = "error: error creating certificate: x509: certificate private key does not implement crypto.Signer"

    assert called("genCAWithKey", "a", 1, dsa) == no_signer
    assert called("genSignedCertWithKey", "a", [], [], 1, authority, dsa) == no_signer
    assert called("genCAWithKey", "a", 1, exchange.decode()).startswith("error: parsing private key: decoding PEM")
    assert called("genCAWithKey", "a", 1, curve.decode()).endswith("unknown elliptic curve")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("?", ""), "unable to decode base64 certificate"),
        (("", "?"), "unable to decode base64 private key"),
        (("", ""), "unable to decode certificate"),
        (
            (encoded(pem("CERTIFICATE")), ""),
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate",
        ),
        ((encoded(GO_CERTIFICATE), ""), "error parsing private key: no PEM data in input"),
    ],
)
def test_broken_custom_certificate(arguments, expected):
    assert called("buildCustomCert", *arguments) == f"error: {expected}"


@pytest.mark.parametrize(
    ("ips", "hosts", "expected"),
    [
        (["1.2.3"], [], "error parsing ip: 1.2.3"),
        (["01.2.3.4"], [], "error parsing ip: 01.2.3.4"),
        (["fe80::1%eth0"], [], "error parsing ip: fe80::1%eth0"),
        ([None], [], "error parsing ip: <nil> is not a string"),
        ([["a", 1.5]], [], "error parsing ip: [a 1.5] is not a string"),
        ([], ["x", 1], "error processing alternate dns name: 1 is not a string"),
        ([], ["é.com"], 'error creating certificate: x509: "é.com" cannot be encoded as an IA5String'),
    ],
)
def test_broken_names(ips, hosts, expected):
    assert called("genSelfSignedCertWithKey", "a", ips, hosts, 1, GO_KEY) == f"error: {expected}"


def test_broken_authority(authority, key):
    other = Certificate(authority.certificate, called("genPrivateKey", "ecdsa"))

    assert called("genSignedCertWithKey", "a", [], [], 1, Certificate("", ""), key) == (
        "error: unable to decode certificate"
    )
    assert called("genSignedCertWithKey", "a", [], [], 1, Certificate(pem("CERTIFICATE"), ""), key) == (
        "error: error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate"
    )
    assert called("genSignedCertWithKey", "a", [], [], 1, other, key) == (
        "error: error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey"
    )


def test_name_that_is_no_text(key):
    assert called("genCAWithKey", "a\udcff", 1, key) == (
        "error: error creating certificate: asn1: string not valid UTF-8"
    )


def test_name_beyond_what_a_certificate_holds(key):
    assert called("genCAWithKey", "x" * 65, 1, key).startswith("error: error creating certificate: common name: ")
    assert isinstance(called("genCAWithKey", "x" * 64, 1, key), Certificate)


def test_days_that_make_no_sense(key):
    assert called("genCAWithKey", "a", -1, key) == "error: error creating certificate: it would end before it begins"
    assert called("genCAWithKey", "a", 1 << 62, key) == (
        "error: error creating certificate: it would end after the year 9999"
    )
    assert called("genCAWithKey", "a", 9_999_999, key) == (
        "error: error creating certificate: it would end after the year 9999"
    )


def test_blocks_without_an_end_are_not_searched_again_and_again():
    assert called("genCAWithKey", "a", 1, "-----BEGIN X PRIVATE KEY-----\n" * 200_000) == (
        "error: parsing private key: no PEM data in input"
    )


@pytest.mark.parametrize("function", functions.FUNCTIONS, ids=lambda function: function.name)
def test_never_where_others_wait(function):
    values = {"string": "", "int": 1, "[]interface {}": [], "sprig.certificate": GO_AUTHORITY}

    with pytest.raises(TooLongError):
        function.call(run(inline=True), *(values[parameter] for parameter in function.parameters))
