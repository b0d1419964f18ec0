"""One value with one verb, as Go's fmt prints it: ``Style`` has the flags, the width and the precision.

What is nested is printed step by step and not by recursion, and each member counts in the ``Run``: a few lists that
hold one another many times print as more text than there is memory, and a map that holds itself never ends.

Source: Go 1.26, fmt: print.go (printArg, printValue), format.go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lockgate.documents.numbers import Number, format_g
from lockgate.templates.floats import format_float
from lockgate.templates.quoting import character_of, fits_back_quotes, is_printable, quote_go, quote_rune
from lockgate.templates.run import Run
from lockgate.templates.values import (
    MISSING,
    GoObject,
    Integer,
    NilList,
    NilMap,
    TypedList,
    from_bytes,
    go_type,
    sorted_keys,
    to_bytes,
)
from lockgate.templates.walking import Walk

NIL: Final = "<nil>"
_ALL_BITS: Final = (1 << 64) - 1
_LARGEST_CODE: Final = 0x10FFFF
_FLOAT_DIGITS: Final = 6
_CODE_DIGITS: Final = 4
# There are no addresses here: each pointer prints as this one.
_ADDRESS: Final = 0xC000010000


@dataclass(frozen=True, slots=True)
class Style:
    """Flags, width and precision of a verb."""

    width: int | None = None
    """In characters."""
    precision: int | None = None
    """In characters of text, bytes of hexadecimal text, digits of numbers."""
    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    names: bool = False
    """``%+v``: names of fields."""
    syntax: bool = False
    """``%#v``: as Go's source spells it."""

    def show(self, value: object, verb: str, run: Run | None = None) -> str:
        """A value.

        Args:
            value: Of a template.
            verb: One character.
            run: Counts what lists and maps hold.

        Raises:
            LimitError: It is too much.
            TooLongError: It is too much for here.
        """
        if self is PLAIN and verb in "sv" and type(value) is str:
            return value
        if value is None or value is MISSING:
            return self._pad(NIL) if verb in "Tv" else f"%!{verb}({NIL})"
        if verb == "T":
            return self._pad(self._cut(go_type(value)))
        if verb == "p":
            return self._pointer(value, verb, run)
        text = self.scalar(value, verb)
        return self._composite(value, verb, run) if text is None else text

    # Scalars

    def scalar(self, value: object, verb: str) -> str | None:
        """A value that holds no others; None: it does."""
        if isinstance(value, str):
            text = self._string(value, verb)
        elif isinstance(value, bool):
            text = self._pad("true" if value else "false") if verb in "tv" else None
        elif isinstance(value, float):
            text = self._floating(value, verb)
        elif isinstance(value, int):
            text = self.integer(value, verb, is_unsigned=isinstance(value, Integer) and value.go_type[0] == "u")
        elif isinstance(value, complex):
            text = self._complex(value, verb)
        else:
            return None
        return self._bad(value, verb) if text is None else text

    def _bad(self, value: object, verb: str) -> str:
        return f"%!{verb}({go_type(value)}={self.scalar(value, 'v')})"

    def _string(self, text: str, verb: str) -> str | None:
        match verb:
            case "v" if self.syntax:
                return self._quoted(text)
            case "v" | "s":
                return self._pad(self._cut(text))
            case "q":
                return self._quoted(text)
            case "x" | "X":
                return self._hexadecimal(to_bytes(text), verb)
        return None

    def _quoted(self, text: str) -> str:
        text = self._cut(text)
        if self.sharp and fits_back_quotes(text):
            return self._pad(f"`{text}`")
        return self._pad(quote_go(text, ascii_only=self.plus))

    def _hexadecimal(self, raw: bytes, verb: str) -> str:
        if self.precision is not None:
            raw = raw[: self.precision]
        digits = raw.hex(" ") if self.space else raw.hex()
        if verb == "X":
            digits = digits.upper()
        if self.sharp and digits:
            digits = f"0{verb}{digits.replace(' ', f' 0{verb}')}"
        return self._pad(digits)

    def integer(self, value: int, verb: str, *, is_unsigned: bool = False) -> str | None:
        """An integer; None: not with this verb."""
        match verb:
            case "v" if self.syntax and is_unsigned:
                return self._digits(value, "x", prefix="0x")
            case "v" | "d":
                return self._digits(value, "d")
            case "b" | "x" | "X":
                return self._digits(value, verb, prefix=f"0{verb}" if self.sharp else "")
            case "o" | "O":
                return self._digits(value, "o", prefix="0o" if verb == "O" else "")
            case "c":
                return self._pad(character_of(value))
            case "q":
                return self._pad(quote_rune(value, ascii_only=self.plus))
            case "U":
                return self._code_point(value & _ALL_BITS)
        return None

    def _digits(self, value: int, base: str, *, prefix: str = "") -> str:
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        least = 0
        if self.precision is not None:
            least = self.precision
            if not least and not value:
                return " " * (self.width or 0)
        elif self.zero and not self.minus and self.width is not None:
            least = self.width - len(sign)
        digits = format(abs(value), base).rjust(least, "0")
        if base == "o" and self.sharp and digits[0] != "0":
            digits = f"0{digits}"
        return self._pad_with_spaces(f"{sign}{prefix}{digits}")

    def _code_point(self, code: int) -> str:
        text = f"U+{format(code, 'X').rjust(max(self.precision or 0, _CODE_DIGITS), '0')}"
        if self.sharp and code <= _LARGEST_CODE and is_printable(character := chr(code)):
            text += f" '{character}'"
        return self._pad_with_spaces(text)

    def _floating(self, value: float, verb: str) -> str | None:
        match verb:
            case "v":
                return self._float(value, "g", None)
            case "b" | "g" | "G" | "x" | "X":
                return self._float(value, verb, None)
            case "e" | "E" | "f":
                return self._float(value, verb, _FLOAT_DIGITS)
            case "F":
                return self._float(value, "f", _FLOAT_DIGITS)
        return None

    def _float(self, value: float, verb: str, precision: int | None) -> str:
        if self.precision is not None:
            precision = self.precision
        text = format_float(value, verb, precision)
        sign, text = (text[0], text[1:]) if text[0] in "+-" else ("+", text)
        if self.space and sign == "+" and not self.plus:
            sign = " "
        if text[0] in "IN":
            is_bare = text[0] == "N" and not self.space and not self.plus
            return self._pad_with_spaces(text if is_bare else sign + text)
        if self.sharp and verb != "b":
            text = _with_all_digits(text, verb, precision)
        if not self.plus and sign == "+":
            return self._pad(text)
        if self.zero and not self.minus and self.width is not None:
            return sign + text.rjust(self.width - 1, "0")
        return self._pad(sign + text)

    def _complex(self, value: complex, verb: str) -> str | None:
        real = self._floating(value.real, verb)
        if real is None:
            return None
        return f"({real}{replace(self, plus=True)._floating(value.imag, verb)}i)"  # noqa: SLF001 - its own class

    # Objects, bytes, pointers

    def _composite(self, value: object, verb: str, run: Run | None) -> str:
        is_bytes = isinstance(value, TypedList) and value.element == "uint8"
        if verb == "w" and not is_bytes:
            return f"%!w({go_type(value)}={_Walk(self, 'v', run, has_methods=False).text(value)})"
        text = _Walk(self, verb, run).text(value)
        return f"[]byte{text.removeprefix('[]uint8')}" if is_bytes and self.syntax and verb == "v" else text

    def raw(self, value: TypedList, verb: str) -> str | None:
        """Bytes, where the verb prints them as text; None: as a list."""
        raw = bytes(item for item in value if isinstance(item, int))
        match verb:
            case "s":
                return self._pad(self._cut(from_bytes(raw)))
            case "x" | "X":
                return self._hexadecimal(raw, verb)
            case "q":
                return self._quoted(from_bytes(raw))
        return None

    def _pointer(self, value: object, verb: str, run: Run | None) -> str:
        if isinstance(value, list | dict) or (isinstance(value, GoObject) and value.kind == "ptr"):
            address = 0 if isinstance(value, NilList | NilMap) else _ADDRESS
            return self._digits(address, "x", prefix="" if self.sharp else "0x")
        text = self.scalar(value, "v")
        if text is None:
            text = _Walk(self, "v", run, has_methods=False).text(value)
        return f"%!{verb}({go_type(value)}={text})"

    def of_object(self, value: GoObject, verb: str) -> str | None:
        """What an object's own methods print; None where they do not."""
        if self.syntax:
            text = value.go_text()
            return None if text is None else self._pad(self._cut(text))
        if verb not in "vsxXq":
            return None
        text = value.text()
        return None if text is None else self._string(text, verb)

    def embedded_pointer(self, value: GoObject, verb: str) -> str:
        """A pointer that stands in something else."""
        address = 0 if value.is_nil else _ADDRESS
        if self.syntax:
            return f"({value.go_type})({self._digits(address, 'x', prefix='0x') if address else 'nil'})"
        match verb:
            case "v":
                return self._digits(address, "x", prefix="0x") if address else self._pad(NIL)
            case "b" | "o" | "d" | "x" | "X":
                return self.integer(address, verb, is_unsigned=True) or ""
        # Where it is named as wrong, what it points to is printed.
        inner = _Walk(self, "v", None, has_methods=False).text(value) if address else self._pad(NIL)
        return f"%!{verb}({value.go_type}={inner})"

    # Width and precision

    def _cut(self, text: str) -> str:
        return text if self.precision is None else text[: self.precision]

    def _pad(self, text: str) -> str:
        if self.width is None or len(text) >= self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero else " ")

    def _pad_with_spaces(self, text: str) -> str:
        if self.width is None or len(text) >= self.width:
            return text
        return text.ljust(self.width) if self.minus else text.rjust(self.width)


PLAIN: Final = Style()
"""No flags, no width, no precision."""


def _with_all_digits(text: str, verb: str, precision: int | None) -> str:
    """A float with its point and, where digits were stripped, with zeros in their place."""
    left = 0
    if verb in "gGx":
        left = _FLOAT_DIGITS if precision is None else precision
    head, mark, tail = _partition(text, "pP" if verb in "xX" else "eE")
    if "." not in head:
        # The digit in front of a point that was not there counts once.
        left -= head == "0"
        head += "."
    left -= len(head.replace(".", "").lstrip("0"))
    return f"{head}{'0' * left}{mark}{tail}"


def _partition(text: str, marks: str) -> tuple[str, str, str]:
    for mark in marks:
        if mark in text:
            return text.partition(mark)
    return text, "", ""


class _Walk(Walk):
    """Prints a value that holds others."""

    def __init__(self, style: Style, verb: str, run: Run | None, *, has_methods: bool = True) -> None:
        super().__init__(run)
        self._style: Final = style
        self._verb: Final = verb
        self._has_methods: Final = has_methods
        self._between: Final = ", " if style.syntax else " "
        self._is_plain: Final = style is PLAIN and verb == "v"

    def _member(self, item: object) -> str:
        kind = type(item)
        if self._is_plain:
            if kind is str:
                return item  # type: ignore[return-value] # it is a str
            if kind is float or kind is Number:
                return format_g(item)  # type: ignore[arg-type] # it is a float
            if kind is int or kind is Integer:
                return int.__repr__(item)
        if item is None or item is MISSING:
            return "interface {}(nil)" if self._style.syntax else NIL
        text = self._style.scalar(item, self._verb)
        return self._holder(item) if text is None else text

    def _holder(self, item: object) -> str:
        style = self._style
        name = go_type(item) if style.syntax else ""
        if isinstance(item, GoObject):
            return self._object(item)
        if isinstance(item, NilList | NilMap) and style.syntax:
            return f"{name}(nil)"
        if isinstance(item, Mapping):
            opening, closing = (f"{name}{{", "}") if style.syntax else ("map[", "]")
            return self._open(opening, self._of_map(item), closing, len(item))
        if not isinstance(item, list):
            raise TypeError(f"no value of a template: {type(item).__name__}")
        if isinstance(item, TypedList) and item.element == "uint8":
            text = style.raw(item, self._verb)
            if text is not None:
                return text
        opening, closing = (f"{name}{{", "}") if style.syntax else ("[", "]")
        return self._open(opening, self._of_list(item), closing, len(item))

    def _object(self, item: GoObject) -> str:
        style = self._style
        text = style.of_object(item, self._verb) if self._has_methods else None
        if text is not None:
            return text
        number = item.integer()
        if number is not None:
            text = style.integer(number, self._verb)
            return f"%!{self._verb}({item.go_type}={style.integer(number, 'v')})" if text is None else text
        mark, name = "", item.go_type
        if item.kind == "ptr":
            if self._frames:
                return style.embedded_pointer(item, self._verb)
            mark, name = "&", name.removeprefix("*")
        parts = item.parts()
        opening = f"{mark}{name if style.syntax else ''}{{"
        return self._open(opening, self._of_struct(parts), "}", len(parts))

    def _of_list(self, items: list[object]) -> Iterator[tuple[str, object]]:
        is_bytes = isinstance(items, TypedList) and items.element == "uint8"
        before = ""
        for item in items:
            yield before, Integer(item, "uint8") if is_bytes and isinstance(item, int) else item
            before = self._between

    def _of_map(self, item: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        before = ""
        for key in sorted_keys(item):
            text = key if self._is_plain else self._style.scalar(key, self._verb)
            yield f"{before}{text}:", item[key]
            before = self._between

    def _of_struct(self, parts: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        before = ""
        has_names = self._style.names or self._style.syntax
        for name, item in parts.items():
            yield f"{before}{name}:" if has_names else before, item
            before = self._between
