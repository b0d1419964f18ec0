"""Checksums of strings.

Source: sprig 3.3.0, crypto.go.
"""

import hashlib
import zlib
from typing import Final

from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import to_bytes

_BYTES_PER_STEP: Final = 512


def _read(run: Run, text: str) -> bytes:
    run.step(len(text) // _BYTES_PER_STEP)
    return to_bytes(text)


def _sha1(run: Run, text: str) -> str:
    return hashlib.sha1(_read(run, text), usedforsecurity=False).hexdigest()


def _sha256(run: Run, text: str) -> str:
    return hashlib.sha256(_read(run, text)).hexdigest()


def _sha512(run: Run, text: str) -> str:
    return hashlib.sha512(_read(run, text)).hexdigest()


def _adler32(run: Run, text: str) -> str:
    return str(zlib.adler32(_read(run, text)))


FUNCTIONS: Final = (
    function("sha1sum", "(string) string", _sha1, needs_run=True),
    function("sha256sum", "(string) string", _sha256, needs_run=True),
    function("sha512sum", "(string) string", _sha512, needs_run=True),
    function("adler32sum", "(string) string", _adler32, needs_run=True),
)
