"""Bundles of plugins on disk: zip archives with a manifest and scripts. They are read, and never unpacked to disk.

The manifest names the plugins as ``custom_middleware`` of a Classic definition does. Its checksum is compared, and its
signature verified where the settings have a public key. An archive in which any name leads outside of it, or that holds
links or too much, is refused as a whole.

Source: behaviour-scripting 4.3; Tyk documentation, "Plugin bundles".
"""

import base64
import binascii
import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lockgate.decoding.shapes import Bad, Notes, Place, optional
from lockgate.decoding.syntax import SyntaxProblem, parse_json
from lockgate.loading.classic_parts import TEXT, TEXTS, go_record
from lockgate.loading.classic_plugins import SHAPE as CUSTOM_MIDDLEWARE
from lockgate.loading.classic_plugins import CustomMiddleware, hooks_in
from lockgate.loading.making import Making
from lockgate.loading.plugin_entries import Entry, Hook, Hooks

MANIFEST: Final = "manifest.json"
MAX_ARCHIVE_BYTES: Final = 32 << 20
MAX_MEMBERS: Final = 1000
MAX_MEMBER_BYTES: Final = 4 << 20
MAX_UNPACKED_BYTES: Final = 64 << 20

_ENCRYPTED: Final = 0x1


class BundleError(ValueError):
    """A bundle cannot be used. The message goes on a sentence that names it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint: Final = hint


@dataclass(frozen=True, slots=True)
class Bundle:
    """The plugins of one bundle, or of several together."""

    driver: str = ""
    hooks: Hooks = field(default_factory=dict)
    """Their paths are keys of ``scripts``."""
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    """By name, with the bundle's in front."""


@dataclass(frozen=True, slots=True)
class _Manifest:
    file_list: tuple[str, ...] = ()
    custom_middleware: CustomMiddleware = field(default_factory=CustomMiddleware)
    checksum: str = ""
    signature: str = ""


_MANIFEST: Final = go_record(
    _Manifest,
    {
        "file_list": TEXTS,
        "custom_middleware": optional(CUSTOM_MIDDLEWARE, CustomMiddleware()),
        "checksum": TEXT,
        "signature": TEXT,
    },
)


def merged(bundles: Sequence[Bundle]) -> Bundle:
    """Several bundles as one: their plugins one after the other.

    Raises:
        BundleError: There is none, they have different drivers, or more than one authenticates.
    """
    if not bundles:
        raise BundleError("it names none")
    drivers = {one.driver for one in bundles}
    if len(drivers) > 1:
        raise BundleError(f"they have different drivers: {', '.join(map(repr, sorted(drivers)))}")
    hooks = {hook: tuple(entry for one in bundles for entry in one.hooks.get(hook, ())) for hook in Hook}
    if len(hooks[Hook.AUTH_CHECK]) > 1:
        raise BundleError("more than one of them has an 'auth_check'")
    scripts = {key: script for one in bundles for key, script in one.scripts.items()}
    return Bundle(bundles[0].driver, {hook: entries for hook, entries in hooks.items() if entries}, scripts)


def read_bundle(name: str, place: Place, making: Making) -> Bundle:
    """A bundle from the folder of bundles.

    Args:
        name: Of its file.
        place: Of the name in the definition.
        making: Of the definition; the file is one of its files.

    Raises:
        BundleError: It cannot be used.
    """
    file = _folder(making) / _inner_name(name)
    if refusal := making.origin.refuses(file):
        raise BundleError(f"the file is not read: {refusal}")
    try:
        raw = _bytes_of(file)
    except BundleError:
        making.files[str(file)] = ""
        raise
    making.files[str(file)] = hashlib.sha256(raw).hexdigest()
    key = making.settings.public_key_path
    if key:
        key_file = Path(making.settings.folder) / key
        making.files[str(key_file)] = _digest_of(key_file)
        return _bundle(name, place, raw, _public_key(key_file))
    return _bundle(name, place, raw, None)


def _folder(making: Making) -> Path:
    """Where bundles are: ``bundle_base_url``, as far as it is a folder, or ``bundles`` within ``middleware_path``."""
    settings = making.settings
    root = Path(settings.folder)
    url = settings.bundle_base_url
    if not url:
        return root / settings.middleware_path / "bundles"
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return root / unquote(parts.path)
    if parts.scheme:
        hint = "set bundle_base_url to the folder that they are in"
        raise BundleError(f"bundles are read from disk, and bundle_base_url is {url!r}", hint)
    return root / url


def _inner_name(name: str) -> str:
    """A name that leads nowhere but into the folder, or into one within it.

    Raises:
        BundleError: It leads elsewhere.
    """
    plain = _normal(name)
    if plain is None:
        raise BundleError(f"its name {name!r} leads out of the folder of bundles")
    return plain


def _normal(name: str) -> str | None:
    """A relative path without "." segments; None for one that leads elsewhere, or that some system reads so."""
    if not name or name.startswith("/") or "\\" in name or ":" in name or "\0" in name:
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if not parts or ".." in parts else "/".join(parts)


def _bytes_of(file: Path) -> bytes:
    if not file.exists():
        raise BundleError(f"there is no file {str(file)!r}")
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_ARCHIVE_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{str(file)!r} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_ARCHIVE_BYTES:
        raise BundleError(f"{str(file)!r} has more than {MAX_ARCHIVE_BYTES} bytes")
    return raw


def _digest_of(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _public_key(file: Path) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BundleError(f"the public key {str(file)!r} cannot be read: {error}") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise BundleError(f"the public key {str(file)!r} is no RSA key")
    return key


# ── what is in a bundle ──


def _bundle(name: str, place: Place, raw: bytes, key: rsa.RSAPublicKey | None) -> Bundle:
    files = _members(raw)
    manifest = _manifest(files)
    _verify(manifest, files, key)
    listed = {_normal(one) for one in manifest.file_list}
    hooks: dict[Hook, tuple[Entry, ...]] = {}
    scripts: dict[str, bytes] = {}
    for hook, entries in hooks_in(manifest.custom_middleware, ()).items():
        made: list[Entry] = []
        for one in entries:
            inner = _normal(one.path) if one.path else ""
            if inner is None:
                raise BundleError(f"the path {one.path!r} in its manifest leads out of it")
            if inner and inner not in files:
                raise BundleError(f"there is no file {inner!r} in it")
            if inner and key is not None and inner not in listed:
                raise BundleError(f"{inner!r} is not in its list of files: the signature does not cover it")
            path = f"{name}/{inner}" if inner else ""
            if inner:
                scripts[path] = files[inner]
            made.append(Entry(one.name, place, path, "", one.code, one.session))
        hooks[hook] = tuple(made)
    return Bundle(manifest.custom_middleware.driver, hooks, scripts)


def _members(raw: bytes) -> dict[str, bytes]:
    """The files of an archive by name.

    Raises:
        BundleError: It is none, or holds what no bundle has.
    """
    files: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise BundleError(f"it has more than {MAX_MEMBERS} files")
            for member in members:
                # As it is written: Python's reader takes a name apart at NUL, and parts it at the system's separator.
                inner = _normal(member.orig_filename)
                if inner is None:
                    raise BundleError(f"its file {member.orig_filename!r} leads out of it")
                kind = stat.S_IFMT(member.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise BundleError(f"its file {inner!r} is a link, or no file")
                if member.is_dir():
                    continue
                if member.flag_bits & _ENCRYPTED:
                    raise BundleError(f"its file {inner!r} is encrypted")
                if inner in files:
                    raise BundleError(f"it has two files {inner!r}")
                with archive.open(member) as stream:
                    content = stream.read(MAX_MEMBER_BYTES + 1)
                total += len(content)
                if len(content) > MAX_MEMBER_BYTES or total > MAX_UNPACKED_BYTES:
                    raise BundleError(f"its file {inner!r} is too large")
                files[inner] = content
    except BundleError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"it is no zip archive that can be read: {error}") from None
    return files


def _manifest(files: Mapping[str, bytes]) -> _Manifest:
    if MANIFEST not in files:
        raise BundleError(f"it has no {MANIFEST}")
    try:
        parsed = parse_json(files[MANIFEST].decode("utf-8", "replace"))
    except SyntaxProblem as error:
        raise BundleError(f"its {MANIFEST} is not JSON: {error.problem.message}") from None
    notes = Notes()
    manifest = _MANIFEST.read(parsed.value, (), notes)
    if isinstance(manifest, Bad) or notes.refused():
        why = notes.problems[0] if notes.problems else None
        raise BundleError(f"its {MANIFEST} is none" + ("" if why is None else f": {why.message} at {why.pointer}"))
    return manifest


def _verify(manifest: _Manifest, files: Mapping[str, bytes], key: rsa.RSAPublicKey | None) -> None:
    """Compare checksum and signature.

    Raises:
        BundleError: One of them is not right.
    """
    contents: list[bytes] = []
    for name in manifest.file_list:
        inner = _normal(name)
        if inner is None or inner not in files:
            raise BundleError(f"there is no file {name!r} in it, which its {MANIFEST} lists")
        contents.append(files[inner])
    data = b"".join(contents)
    if manifest.checksum and hashlib.md5(data, usedforsecurity=False).hexdigest() != manifest.checksum.lower():
        raise BundleError(f"its files are not those that the checksum in its {MANIFEST} was made of")
    if key is None:
        return
    if not manifest.signature:
        raise BundleError("it is not signed, and public_key_path asks for a signature")
    try:
        key.verify(base64.b64decode(manifest.signature), data, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise BundleError("its signature is not of the key in public_key_path") from None
