"""A file's text put in place of another, at once: whoever reads meanwhile gets the old one or the new one, whole."""

import contextlib
import os
import secrets
import stat
from pathlib import Path


def replace_file(file: Path, raw: bytes) -> None:
    """Write a file anew, with the mode that it has.

    Args:
        file: It exists, and is no link.
        raw: All of it.

    Raises:
        OSError: It cannot be written; nothing changed then.
    """
    known = file.lstat()
    if not stat.S_ISREG(known.st_mode):
        raise OSError(f"{file} is no ordinary file")
    # Hidden, so that nobody takes it for a definition.
    new = file.with_name(f".{file.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            with contextlib.suppress(PermissionError):  # of somebody else's file: it becomes ours
                os.fchown(stream.fileno(), known.st_uid, known.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(known.st_mode))
            os.fsync(stream.fileno())
        new.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
