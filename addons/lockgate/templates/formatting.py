"""Values as Go's fmt prints them.

Three ways lead here: an action that prints a value (``text_of``), ``%v`` alone (``format_value``), and formats with
verbs, flags, width and precision (``sprintf``).

Source: Go 1.26, fmt, print.go; text/template, exec.go (printValue).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lockgate.documents.numbers import Number, format_g
from lockgate.templates.directives import LARGEST, Directive, Index, parsed
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, GoObject, Integer, go_type, joined
from lockgate.templates.verbs import NIL, PLAIN, Style

__all__ = ["format_value", "print_spaced", "println", "quote_go", "sprintf", "text_of"]

NO_VALUE: Final = "<no value>"
_COUNTED_AT_ONCE: Final = 1 << 16


def text_of(value: object, run: Run | None = None) -> str:
    """What an action prints of a value: "<no value>" for none, everything else as ``%v``.

    Args:
        value: Of a template.
        run: Counts what lists and maps hold. Without it they are printed up to a fixed number of members.

    Raises:
        LimitError: It is too much.
        TooLongError: It is too much for here.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value] # it is a str
    if kind is float or kind is Number:
        return format_g(value)  # type: ignore[arg-type] # it is a float
    if value is None or value is MISSING:
        return NO_VALUE
    return format_value(value, run)


def format_value(value: object, run: Run | None = None) -> str:
    """A value as ``%v`` prints it: "<nil>" for none, ``map[a:1 b:[x y]]`` with sorted keys.

    Raises:
        LimitError: It is too much.
        TooLongError: It is too much for here.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value] # it is a str
    if kind is float or kind is Number:
        return format_g(value)  # type: ignore[arg-type] # it is a float
    if kind is int or kind is Integer:
        return int.__repr__(value)
    return PLAIN.show(value, "v", run)


def print_spaced(values: Sequence[object], run: Run | None = None) -> str:
    """Values one behind the other, with a space between two of which none is a string: Go's Sprint."""
    parts: list[str] = []
    after_text = True
    for value in values:
        is_text = isinstance(value, str)
        if not is_text and not after_text:
            parts.append(" ")
        parts.append(format_value(value, run))
        after_text = is_text
    if run is not None:
        run.make(sum(map(len, parts)))
    return joined(parts)


def println(values: Sequence[object], run: Run | None = None) -> str:
    """Values with a space between them, and a newline: Go's Sprintln."""
    parts = [format_value(value, run) for value in values]
    if run is not None:
        run.make(sum(map(len, parts)) + len(parts))
    return joined(parts, " ") + "\n"


def sprintf(text: str, arguments: Sequence[object], run: Run | None = None) -> str:
    """A format with its arguments.

    What is wrong with it stands in the result: "%!d(string=x)", "%!s(MISSING)", "%!(EXTRA int=1)".

    Args:
        text: The format.
        arguments: Values of a template.
        run: Counts what is printed. Without it, lists and maps have a limit of their own.

    Raises:
        LimitError: It is too much.
        TooLongError: It is too much for here.
    """
    return _Print(arguments, run).all(parsed(text, run))


class _Print:
    """One call: the arguments, and which is next."""

    def __init__(self, arguments: Sequence[object], run: Run | None) -> None:
        self._arguments: Final = arguments
        self._run: Final = run
        self._next = 0
        self._is_good = True

    def all(self, directives: tuple["str | Directive", ...]) -> str:
        """What the directives give."""
        parts: list[str] = []
        is_reordered = False
        size = 0
        for directive in directives:
            if isinstance(directive, str):
                text = directive
            elif directive.is_simple and self._next < len(self._arguments):
                value = self._arguments[self._next]
                self._next += 1
                text = directive.style.show(value, directive.verb, self._run)
            else:
                is_reordered |= directive.indexes
                text = self._one(directive)
            parts.append(text)
            size += len(text)
            if size > _COUNTED_AT_ONCE:
                self._make(size)
                size = 0
        self._make(size)
        rest = self._arguments[self._next :]
        if rest and not is_reordered:
            extra = ", ".join(
                NIL if item is None else f"{go_type(item)}={format_value(item, self._run)}" for item in rest
            )
            self._make(len(extra))
            parts.append(f"%!(EXTRA {extra})")
        return joined(parts)

    def _make(self, size: int) -> None:
        if self._run is not None:
            self._run.make(size)

    def _one(self, directive: Directive) -> str:
        style = directive.style
        faults = ""
        self._is_good = not directive.is_broken
        self._go_to(directive.first)
        if directive.has_width_argument:
            width = self._number()
            if width is None:
                faults = "%!(BADWIDTH)"
            elif width < 0:
                style = replace(style, width=-width, minus=True, zero=False)
            else:
                style = replace(style, width=width)
        self._go_to(directive.second)
        if directive.has_precision_argument:
            precision = self._number()
            if precision is None or precision < 0:
                faults += "%!(BADPREC)"
            else:
                style = replace(style, precision=precision)
        self._go_to(directive.third)
        return faults + self._verb(directive.verb, style)

    def _verb(self, verb: str, style: Style) -> str:
        if not verb:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not self._is_good:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._arguments):
            return f"%!{verb}(MISSING)"
        value = self._arguments[self._next]
        self._next += 1
        self._make((style.width or 0) + (style.precision or 0))
        return style.show(value, verb, self._run)

    def _go_to(self, index: Index | None) -> None:
        if index is None:
            return
        if index.is_number and 0 <= index.number < len(self._arguments):
            self._next = index.number
        else:
            self._is_good = False

    def _number(self) -> int | None:
        """The next argument as width or precision; None: it is none."""
        if self._next >= len(self._arguments):
            return None
        value = self._arguments[self._next]
        self._next += 1
        number = value.integer() if isinstance(value, GoObject) else value
        if not isinstance(number, int) or isinstance(number, bool) or abs(number) > LARGEST:
            return None
        return int(number)
