"""CSV as the reference gateway sees it: one text, with a line for each record and without its quotes.

Source: Go, encoding/csv (Reader).
"""

from typing import Final

from lockgate.routing.pattern import decoded
from lockgate.validation.scalars import UnreadableError

_BARE_QUOTE: Final = 'bare " in non-quoted-field'
_QUOTE: Final = 'extraneous or missing " in quoted-field'
_FIELDS: Final = "wrong number of fields"
_JOINED_AT_ONCE: Final = 10_000


def decode_csv(raw: bytes) -> str:
    """The records of a CSV text, their fields with commas between them.

    Raises:
        UnreadableError: It is no CSV, or its records have not all the same number of fields.
    """
    reader = _Csv(raw)
    lines: list[str] = []
    width = 0
    while (record := reader.record()) is not None:
        if width and len(record) != width:
            raise UnreadableError(f"record on line {reader.start}: {_FIELDS}")
        width = len(record)
        lines.append(decoded(_joined(record)) + "\n")
    return "".join(lines)


def _joined(record: list[bytes]) -> bytes:
    # Part by part, so that other threads can go on.
    starts = range(0, len(record), _JOINED_AT_ONCE)
    return b",".join([b",".join(record[start : start + _JOINED_AT_ONCE]) for start in starts])


class _Csv:
    """A text under way."""

    __slots__ = ("_next", "_position", "_raw", "start")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._position = 0
        self._next = 0
        self.start = 0
        """Line on which the last record began."""

    def _line(self) -> tuple[bytes, bool]:
        """The next line without its end, and whether it had one."""
        end = self._raw.find(b"\n", self._position)
        line = self._raw[self._position : end if end >= 0 else None].removesuffix(b"\r")
        self._position = end + 1 if end >= 0 else len(self._raw)
        self._next += 1
        return line, end >= 0

    def record(self) -> list[bytes] | None:
        while self._position < len(self._raw):
            line, ended = self._line()
            if line or not ended:
                self.start = self._next
                return self._fields(line, ended=ended)
        return None

    def _fields(self, line: bytes, *, ended: bool) -> list[bytes]:
        fields: list[bytes] = []
        position = 0
        while True:
            if line[position : position + 1] != b'"':
                end = line.find(b",", position)
                field = line[position:] if end < 0 else line[position:end]
                quote = field.find(b'"')
                if quote >= 0:
                    raise self._error(_BARE_QUOTE, position + quote + 1)
                fields.append(field)
                if end < 0:
                    return fields
                position = end + 1
                continue
            inner = bytearray()
            position += 1
            while True:
                quote = line.find(b'"', position)
                if quote >= 0:
                    inner += line[position:quote]
                    position = quote + 1
                    following = line[position : position + 1]
                    if following == b'"':
                        inner += b'"'
                        position += 1
                        continue
                    if following not in (b"", b","):
                        raise self._error(_QUOTE, position)
                    break
                inner += line[position:]
                if self._position >= len(self._raw):
                    raise self._error(_QUOTE, len(line) + 1)
                if ended:
                    inner += b"\n"
                line, ended = self._line()
                position = 0
            fields.append(bytes(inner))
            if position >= len(line):
                return fields
            position += 1

    def _error(self, reason: str, column: int) -> UnreadableError:
        where = f"parse error on line {self._next}, column {column}: {reason}"
        if self._next != self.start:
            where = f"record on line {self.start}; {where}"
        return UnreadableError(where)
