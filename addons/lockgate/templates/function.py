"""What a function of a template is: Go's name and signature, and what it does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_SIGNATURE: Final = re.compile(r"\((?P<parameters>.*?)\)\s*(?P<result>.+)")
_SEPARATOR: Final = re.compile(r",\s*")


@dataclass(frozen=True, slots=True)
class Function:
    """A function. Arguments are values as ``values`` has them, already checked against the signature.

    For a parameter of type ``interface {}`` a missing value and nil are both None. What it returns is a value of its
    result type; it raises FunctionError where Go's function returns an error or panics.
    """

    name: str
    signature: str
    """Go's, without names of parameters, and without the error that it may return: "(string, ...interface {}) string"."""
    call: Callable[..., object]
    needs_run: bool = False
    """Whether it gets the ``Run`` as its first argument: whatever makes more than it is given, loops or draws."""
    parameters: tuple[str, ...] = ()
    """Of ``signature``: Go's types. The last one is that of each further argument, where ``is_variadic``."""
    is_variadic: bool = False
    result: str = ""
    """Of ``signature``."""

    @property
    def fixed(self) -> int:
        """How many arguments it must have."""
        return len(self.parameters) - self.is_variadic


def function(name: str, signature: str, call: Callable[..., object], *, needs_run: bool = False) -> Function:
    """Declare a function.

    Raises:
        ValueError: The signature is none.
    """
    parameters, is_variadic, result = parsed(signature)
    return Function(name, signature, call, needs_run, parameters, is_variadic, result)


def parsed(signature: str) -> tuple[tuple[str, ...], bool, str]:
    """Types of parameters, whether the last one repeats, and type of the result.

    Raises:
        ValueError: It is no signature.
    """
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise ValueError(f"no signature: {signature!r}")
    parameters = tuple(part for part in _SEPARATOR.split(found["parameters"]) if part)
    is_variadic = bool(parameters) and parameters[-1].startswith("...")
    if is_variadic:
        parameters = (*parameters[:-1], parameters[-1].removeprefix("..."))
    return parameters, is_variadic, found["result"]
