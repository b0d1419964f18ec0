"""Methods of a value, as a template looks them up."""

from collections.abc import Callable, Iterator, Mapping
from typing import final

type Method = tuple[str, Callable[..., object]]
"""Go's signature without receiver, as ``Function`` has it, and what it does."""


@final
class BoundMethods(Mapping[str, Method]):
    """Methods of a value by name, each bound to it only when it is looked up."""

    __slots__ = ("_methods", "_owner")

    def __init__(self, owner: object, methods: Mapping[str, Method]) -> None:
        """Take the methods of a type, which get the value first."""
        self._owner = owner
        self._methods = methods

    def __getitem__(self, name: str) -> Method:
        signature, call = self._methods[name]
        owner = self._owner
        return signature, lambda *arguments: call(owner, *arguments)

    def __iter__(self) -> Iterator[str]:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)
