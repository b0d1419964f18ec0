"""Fields and methods of values: what ``.Name`` means on each of them.

Source: Go 1.26, text/template, exec.go (evalField, evalCall).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NoReturn, final

from lockgate.templates import forms
from lockgate.templates.errors import CallFault, Fault, FunctionError
from lockgate.templates.function import parsed
from lockgate.templates.run import Run
from lockgate.templates.values import (
    MISSING,
    FormValues,
    GoObject,
    NilMap,
    TypedList,
    go_type,
)

INTERFACE: Final = "interface {}"


@final
class Method:
    """A method of a value that was found by its name."""

    __slots__ = ("_call", "is_variadic", "name", "parameters", "result")

    def __init__(self, name: str, signature: str, call: Callable[..., object]) -> None:
        self.name: Final = name
        self.parameters, self.is_variadic, self.result = _parsed(signature)
        self._call: Final = call

    def check(self, given: int, *, is_piped: bool) -> None:
        """Refuse a wrong number of arguments.

        Args:
            given: How many stand in the command.
            is_piped: Whether one more comes from the pipeline.

        Raises:
            Fault: It is wrong.
        """
        wanted = len(self.parameters) - self.is_variadic
        if self.is_variadic:
            if given + is_piped < wanted:
                raise Fault(f"wrong number of args for {self.name}: want at least {wanted} got {given}")
        elif given + is_piped != wanted:
            raise Fault(f"wrong number of args for {self.name}: want {wanted} got {given + is_piped}")
        if self.result.startswith("("):
            self._refuse_results(self.result[1:-1])

    def _refuse_results(self, results: str) -> NoReturn:
        parts = results.split(", ") if results else []
        if len(parts) == 2:  # noqa: PLR2004 - the second one may be an error, and these never are
            text = f"invalid function signature for {self.name}: second return value should be error; is {parts[1]}"
        else:
            text = f"function {self.name} has {len(parts)} return values; should be 1 or 2"
        raise Fault(text)

    def parameter(self, index: int) -> str:
        """Type of an argument."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    def call(self, run: Run, arguments: Sequence[object] = ()) -> object:
        """What it gives.

        Raises:
            CallFault: It failed.
            LimitError: It gives too much.
            TooLongError: It gives too much for here.
        """
        run.step(_STEPS + sum(len(each) for each in arguments if isinstance(each, str | list)))
        try:
            given = self._call(*arguments)
        except FunctionError as error:
            raise CallFault(f"error calling {self.name}: {error.text}") from error
        if isinstance(given, str):
            run.make(len(given))
        return given


_parsed = lru_cache(maxsize=256)(parsed)
_STEPS: Final = 16
"""That a method takes, beside one for each character that it is given: what formats a time goes through its layout."""


def method_of(value: object, name: str) -> Method | None:
    """The method of this name; None where it has none."""
    if isinstance(value, FormValues):
        found = forms.METHODS.get(name)
        return Method(name, found[0], partial(found[1], value)) if found is not None else None
    if isinstance(value, GoObject):
        found = value.methods().get(name)
        return Method(name, *found) if found is not None else None
    return None


def holds_interfaces(container: object) -> bool:
    """Whether the members of a list or map are held as ``interface {}``, as those of all data are."""
    kind = type(container)
    if kind is list or kind is dict or kind is NilMap:
        return True
    return isinstance(container, TypedList) and container.element == INTERFACE


def walk(run: Run, value: object, names: tuple[str, ...], *, is_interface: bool) -> object:
    """The field of a field of a value.

    Args:
        run: Counts what methods make.
        value: That the first name is looked up in.
        names: One behind the other.
        is_interface: Whether the value is held as ``interface {}``: error texts name that and not its type.

    Returns:
        MISSING where there is none.

    Raises:
        Fault: A value on the way has no such field, or is nil.
    """
    return _walked(run, value, names, is_interface=is_interface)[0]


def bound(run: Run, value: object, names: tuple[str, ...], *, is_interface: bool) -> Method | None:
    """What stands behind a field that is given arguments.

    Returns:
        The method; None where a value on the way is missing, and the arguments do not matter.

    Raises:
        Fault: It is no method.
    """
    *inner, name = names
    value, is_interface = _walked(run, value, inner, is_interface=is_interface)
    if value is MISSING:
        return None
    method = method_of(value, name)
    if method is None:
        _field(value, name, has_arguments=True, is_interface=is_interface)
    return method


def _walked(run: Run, value: object, names: Sequence[str], *, is_interface: bool) -> tuple[object, bool]:
    """The field of a field of a value, and whether it is held as ``interface {}``."""
    for name in names:
        if value is MISSING:
            break
        method = method_of(value, name)
        if method is not None:
            method.check(0, is_piped=False)
            value, is_interface = method.call(run), method.result == INTERFACE
        else:
            found = _field(value, name, has_arguments=False, is_interface=is_interface)
            value, is_interface = found, holds_interfaces(value)
    return value, is_interface


def _field(value: object, name: str, *, has_arguments: bool, is_interface: bool) -> object:
    """A key of a map, or a field of an object."""
    if value is None:
        raise Fault(f"nil pointer evaluating {INTERFACE}.{name}")
    held = INTERFACE if is_interface else go_type(value)
    if isinstance(value, dict):
        if has_arguments:
            raise Fault(f"{name} is not a method but has arguments")
        return value.get(name, MISSING)
    if isinstance(value, GoObject):
        if name in value.hidden:
            raise Fault(f"{name} is an unexported field of struct type {held}")
        fields = value.fields()
        if name in fields:
            if has_arguments:
                raise Fault(f"{name} has arguments but cannot be invoked as function")
            return fields[name]
    raise Fault(f"can't evaluate field {name} in type {held}")
