"""Certificates and certificate authorities.

Source: sprig 3.3.0, crypto.go; Go 1.26, crypto/x509 (CreateCertificate).
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar, Final, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lockgate.templates import formatting
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.functions.encodings import decoded_base64
from lockgate.templates.private_keys import PrivateKey, key_of_pem, pem_block, pem_of_key
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.values import GoObject, from_bytes


@final
class Certificate(GoObject):
    """A certificate and its key, as PEM."""

    __slots__ = ("certificate", "key")
    go_type: ClassVar[str] = "sprig.certificate"

    def __init__(self, certificate: str, key: str) -> None:
        self.certificate: Final = certificate
        self.key: Final = key

    def fields(self) -> Mapping[str, object]:
        """``Cert`` and ``Key``."""
        return {"Cert": self.certificate, "Key": self.key}


# --- what templates call --------------------------------------------------------------------------------------------


def _custom(run: Run, encoded_certificate: str, encoded_key: str) -> Certificate:
    run.leave()
    certificate = _decoded(run, encoded_certificate, "certificate")
    key = _decoded(run, encoded_key, "private key")
    _certificate_of(certificate, "decodedCert")
    try:
        key_of_pem(key)
    except FunctionError as error:
        raise FunctionError(f"error parsing private key: {error}") from None
    return Certificate(certificate, key)


def _decoded(run: Run, text: str, what: str) -> str:
    try:
        return from_bytes(decoded_base64(run, text))
    except FunctionError:
        raise FunctionError(f"unable to decode base64 {what}") from None


def _authority(run: Run, name: str, days: int) -> Certificate:
    run.leave()
    return _self_signed(run, _new_key(), name, None, None, days, is_authority=True)


def _authority_with_key(run: Run, name: str, days: int, key: str) -> Certificate:
    run.leave()
    return _self_signed(run, _given_key(key), name, None, None, days, is_authority=True)


def _signed_by_itself(run: Run, name: str, ips: list[object], hosts: list[object], days: int) -> Certificate:
    run.leave()
    return _self_signed(run, _new_key(), name, ips, hosts, days)


def _signed_by_itself_with_key(
    run: Run, name: str, ips: list[object], hosts: list[object], days: int, key: str
) -> Certificate:
    run.leave()
    return _self_signed(run, _given_key(key), name, ips, hosts, days)


def _signed(
    run: Run, name: str, ips: list[object], hosts: list[object], days: int, authority: Certificate
) -> Certificate:
    run.leave()
    return _signed_with(run, _new_key(), name, ips, hosts, days, authority)


def _signed_with_key(
    run: Run, name: str, ips: list[object], hosts: list[object], days: int, authority: Certificate, key: str
) -> Certificate:
    run.leave()
    return _signed_with(run, _given_key(key), name, ips, hosts, days, authority)


# --- how they are made ----------------------------------------------------------------------------------------------

_FAILED: Final = "error creating certificate: "
_KEY_ID: Final = 20
_SERIAL_BYTES: Final = 16


def _new_key() -> PrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _given_key(text: str) -> PrivateKey:
    try:
        return key_of_pem(text)
    except FunctionError as error:
        raise FunctionError(f"parsing private key: {error}") from None


def _certificate_of(text: str, name: str) -> x509.Certificate:
    block = pem_block(text)
    if block is None:
        raise FunctionError("unable to decode certificate")
    try:
        found = x509.load_der_x509_certificate(block.content)
        found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise FunctionError(f"error parsing certificate: {name}.Bytes: x509: malformed certificate") from None
    return found


def _self_signed(
    run: Run,
    key: PrivateKey,
    name: str,
    ips: list[object] | None,
    hosts: list[object] | None,
    days: int,
    *,
    is_authority: bool = False,
) -> Certificate:
    builder = _builder(run, key, name, ips, hosts, days, is_authority=is_authority)
    return _finished(builder.issuer_name(_subject(name)), key, key)


def _signed_with(
    run: Run,
    key: PrivateKey,
    name: str,
    ips: list[object],
    hosts: list[object],
    days: int,
    authority: Certificate,
) -> Certificate:
    signer = _certificate_of(authority.certificate, "decodedSignerCert")
    try:
        signing_key = key_of_pem(authority.key)
    except FunctionError as error:
        raise FunctionError(f"error parsing private key: {error}") from None
    builder = _builder(run, key, name, ips, hosts, days, is_authority=False).issuer_name(signer.subject)
    if _public(signing_key.public_key()) != _public(signer.public_key()):
        raise FunctionError(f"{_FAILED}x509: provided PrivateKey doesn't match parent's PublicKey")
    key_id = _key_id_of(signer)
    if key_id is not None and signer.subject != _subject(name):
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(key_id, None, None), critical=False)
    return _finished(builder, key, signing_key)


def _builder(
    run: Run,
    key: PrivateKey,
    name: str,
    ips: list[object] | None,
    hosts: list[object] | None,
    days: int,
    *,
    is_authority: bool,
) -> x509.CertificateBuilder:
    alternatives: list[x509.GeneralName] = [x509.IPAddress(_address(ip, run)) for ip in ips or ()]
    names = [_host_name(host, run) for host in hosts or ()]
    alternatives = [*names, *alternatives]
    if isinstance(key, dsa.DSAPrivateKey):
        raise FunctionError(f"{_FAILED}x509: certificate private key does not implement crypto.Signer")
    begins = datetime.fromtimestamp(int(run.now), UTC)
    subject = _subject(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(max(1, int.from_bytes(run.random_bytes(_SERIAL_BYTES))))
        .not_valid_before(begins)
        .not_valid_after(_end(begins, days))
        .add_extension(_usage(is_authority=is_authority), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if is_authority:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(_key_id(key)), critical=False)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not subject.rdns)
    return builder


def _finished(builder: x509.CertificateBuilder, key: PrivateKey, signing_key: PrivateKey) -> Certificate:
    if isinstance(signing_key, dsa.DSAPrivateKey):
        raise FunctionError(f"{_FAILED}x509: certificate private key does not implement crypto.Signer")
    try:
        made = builder.sign(signing_key, _digest(signing_key))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FunctionError(f"{_FAILED}{error}") from None
    return Certificate(made.public_bytes(serialization.Encoding.PEM).decode("ascii"), pem_of_key(key))


def _digest(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        match key.curve.name:
            case "secp384r1":
                return hashes.SHA384()
            case "secp521r1":
                return hashes.SHA512()
    return hashes.SHA256()


def _subject(name: str) -> x509.Name:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise FunctionError(f"{_FAILED}asn1: string not valid UTF-8") from None
    # Differs: the reference makes certificates that others refuse (test_name_beyond_what_a_certificate_holds).
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    except ValueError as error:
        raise FunctionError(f"{_FAILED}common name: {error}") from None


def _end(begins: datetime, days: int) -> datetime:
    # Differs: the reference makes one that is never valid, or whose end wraps around (test_days_that_make_no_sense).
    if days < 0:
        raise FunctionError(f"{_FAILED}it would end before it begins")
    try:
        return begins + timedelta(days=days)
    except OverflowError:
        raise FunctionError(f"{_FAILED}it would end after the year 9999") from None


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _address(value: object, run: Run) -> IPv4Address | IPv6Address:
    if not isinstance(value, str):
        raise FunctionError(f"error parsing ip: {formatting.format_value(value, run)} is not a string")
    try:
        found = ip_address(value)
    except ValueError:
        found = None
    if found is None or "%" in value:
        raise FunctionError(f"error parsing ip: {value}")
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _host_name(value: object, run: Run) -> x509.DNSName:
    if not isinstance(value, str):
        text = formatting.format_value(value, run)
        raise FunctionError(f"error processing alternate dns name: {text} is not a string")
    if not value.isascii():
        raise FunctionError(f"{_FAILED}x509: {quote_go(value)} cannot be encoded as an IA5String")
    return x509.DNSName(value)


def _public(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: PrivateKey) -> bytes:
    """As Go makes it: the beginning of the hash of the public key alone (RFC 7093, 2, method 1)."""
    public = key.public_key()
    match public:
        case rsa.RSAPublicKey():
            bits = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        case ec.EllipticCurvePublicKey():
            bits = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        case _:
            bits = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(bits).digest()[:_KEY_ID]


def _key_id_of(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


_NAMES: Final = "string, []interface {}, []interface {}, int"
_MADE: Final[tuple[tuple[str, str, Callable[..., object]], ...]] = (
    ("buildCustomCert", "string, string", _custom),
    ("genCA", "string, int", _authority),
    ("genCAWithKey", "string, int, string", _authority_with_key),
    ("genSelfSignedCert", _NAMES, _signed_by_itself),
    ("genSelfSignedCertWithKey", f"{_NAMES}, string", _signed_by_itself_with_key),
    ("genSignedCert", f"{_NAMES}, sprig.certificate", _signed),
    ("genSignedCertWithKey", f"{_NAMES}, sprig.certificate, string", _signed_with_key),
)
FUNCTIONS: Final = tuple(
    function(name, f"({parameters}) sprig.certificate", call, needs_run=True) for name, parameters, call in _MADE
)
