"""Records in a file: one JSON object on a line, in the order in which exchanges ended.

The file is opened again when somebody moved it away, and moved away when it is too long. Trouble with it concerns
nobody else: the records are lost, and it is tried again with the next ones.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from io import SEEK_END, FileIO
from itertools import accumulate, batched, pairwise
from pathlib import Path
from typing import Final, final

import orjson

from lockgate.services import Record
from lockgate.stores.record_queue import Complaints

SLICE: Final = 16
"""Records that are encoded before other threads get a turn."""
_MODE: Final = 0o600
"""Of a new file: records say who did what."""


@final
class RecordFile:
    """A ``RecordSink``."""

    def __init__(self, path: Path, max_bytes: int = 0, keep_files: int = 0) -> None:
        """Make it; the file is opened with the first records.

        Args:
            path: Of the file.
            max_bytes: A file that would become longer is renamed to ``path``.1, and so on; 0 sets no limit.
            keep_files: How many renamed ones are kept.
        """
        self._path: Final = path
        self._max_bytes: Final = max_bytes
        self._keep_files: Final = keep_files
        self._file: FileIO | None = None
        self._identity = (0, 0)
        self._size = 0
        self._complaints: Final = Complaints()
        self._trouble = ""

    async def write(self, batch: Sequence[Record]) -> Sequence[Record]:
        """Append records; those that could not be are the answer."""
        failed: list[Record] = []
        for part in batched(batch, SLICE):
            failed += self._write_part(part)
        if failed:
            self._complaints.say(f"%d records could not be written: {self._trouble}", len(failed))
        return failed

    async def close(self) -> None:
        """Close the file."""
        self._forget()

    def _write_part(self, part: Sequence[Record]) -> Sequence[Record]:
        encoded = [(record, self._line(record)) for record in part]
        lines = [(record, line) for record, line in encoded if line]
        done = self._append(b"".join(line for _, line in lines))
        ends = accumulate(len(line) for _, line in lines)
        # The loop that serves clients waits for whoever computes here: let it go on.
        time.sleep(0)
        return [
            *(record for record, line in encoded if not line),
            *(record for (record, _), end in zip(lines, ends, strict=True) if end > done),
        ]

    def _line(self, record: Record) -> bytes:
        """The record as a line; b"" where it is no JSON."""
        try:
            return orjson.dumps(record.plain(), option=orjson.OPT_APPEND_NEWLINE)
        except (TypeError, ValueError) as error:
            self._trouble = f"it is no JSON: {error}"
            return b""

    def _append(self, data: bytes) -> int:
        """Write ``data``, and return how many bytes of it are in the file."""
        done = 0
        try:
            file = self._opened(len(data))
            while done < len(data):
                count = file.write(data[done:])
                if not count:
                    raise OSError(0, "nothing was written")
                done += count
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror or error}"
            self._forget()
        self._size += done
        return done

    def _opened(self, length: int) -> FileIO:
        """The file, with room for ``length`` more bytes.

        Raises:
            OSError: It cannot be opened.
        """
        file = self._file if self._is_there() else None
        if file is None:
            file = self._open()
        if self._max_bytes and self._size and self._size + length > self._max_bytes:
            self._rotate()
            file = self._open()
        return file

    def _is_there(self) -> bool:
        """Whether the open file still has its name."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def _open(self) -> FileIO:
        self._forget()
        self._path.touch(_MODE)
        file = FileIO(self._path, "a+")
        try:
            self._size = file.seek(0, SEEK_END)
            found = self._path.stat()
            self._identity = (found.st_dev, found.st_ino)
            if self._size:
                # What was broken off within a line stays one of its own.
                file.seek(-1, SEEK_END)
                if file.read(1) != b"\n":
                    self._size += file.write(b"\n") or 0
        except OSError:
            file.close()
            raise
        self._file = file
        return file

    def _rotate(self) -> None:
        self._forget()
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, self._keep_files + 1))]
        if self._keep_files == 0:
            self._path.unlink(missing_ok=True)
        for old, new in reversed(list(pairwise(names))):
            if old.exists():
                old.replace(new)

    def _forget(self) -> None:
        file, self._file, self._identity = self._file, None, (0, 0)
        if file is not None:
            with suppress(OSError):
                file.close()
