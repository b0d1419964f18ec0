"""CSV as the reference gateway sees it: one text, with a line for each record and without its quotes.

Source: Go, encoding/csv (Reader).
"""

from typing import Final

from lockgate.routing.pattern import decoded
from lockgate.validation.scalars import UnreadableError

_BARE_QUOTE: Final = 'bare " in non-quoted field'
_QUOTE: Final = 'extraneous or missing " in quoted-field'
_FIELDS: Final = "wrong number of fields"


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
        lines.append(decoded(b",".join(record)) + "\n")
    return "".join(lines)


class _Csv:
    """A text under way."""

    __slots__ = ("_lines", "_next", "start")

    def __init__(self, raw: bytes) -> None:
        self._lines = raw.split(b"\n")
        if not self._lines[-1]:
            self._lines.pop()
        else:
            self._lines[-1] += b"\x00"  # Marks a last line without an end; no line holds what follows a mark.
        self._next = 0
        self.start = 0
        """Line on which the last record began."""

    def _line(self) -> tuple[bytes, bool]:
        """The next line without its end, and whether it had one."""
        line = self._lines[self._next]
        last = self._next == len(self._lines) - 1 and line.endswith(b"\x00")
        self._next += 1
        if last:
            line = line[:-1]
            return (line.removesuffix(b"\r"), False)
        return (line.removesuffix(b"\r"), True)

    def record(self) -> list[bytes] | None:
        while self._next < len(self._lines):
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
            parts: list[bytes] = []
            position += 1
            while True:
                quote = line.find(b'"', position)
                if quote >= 0:
                    parts.append(line[position:quote])
                    position = quote + 1
                    following = line[position : position + 1]
                    if following == b'"':
                        parts.append(b'"')
                        position += 1
                        continue
                    if following not in (b"", b","):
                        raise self._error(_QUOTE, position)
                    break
                parts.append(line[position:])
                if self._next >= len(self._lines):
                    raise self._error(_QUOTE, len(line) + 1)
                if ended:
                    parts.append(b"\n")
                line, ended = self._line()
                position = 0
            fields.append(b"".join(parts))
            if position >= len(line):
                return fields
            position += 1

    def _error(self, reason: str, column: int) -> UnreadableError:
        where = f"parse error on line {self._next}, column {column}: {reason}"
        if self._next != self.start:
            where = f"record on line {self.start}; {where}"
        return UnreadableError(where)
