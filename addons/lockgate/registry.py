"""An immutable, ordered set of middlewares. Does not know which ones are standard."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

from lockgate.middleware import Middleware

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@final
class Registry(Mapping[str, Middleware[Any]]):
    """Middlewares by name, in the order in which they run."""

    __slots__ = ("_by_name",)

    def __init__(self, middlewares: tuple[Middleware[Any], ...]) -> None:
        """Keep ``middlewares`` in their order.

        Raises:
            ValueError: A name is not snake_case, or stands twice.
        """
        self._by_name: dict[str, Middleware[Any]] = {}
        for middleware in middlewares:
            if not _NAME.fullmatch(middleware.name):
                raise ValueError(f"expected a name in snake_case, found {middleware.name!r}")
            if middleware.name in self._by_name:
                raise ValueError(f"two middlewares are called {middleware.name!r}")
            self._by_name[middleware.name] = middleware

    def __getitem__(self, name: str) -> Middleware[Any]:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def without(self, *names: str) -> "Registry":
        """A registry that lacks these.

        Raises:
            KeyError: One of them is not here.
        """
        missing = [name for name in names if name not in self._by_name]
        if missing:
            raise KeyError(missing[0])
        return Registry(tuple(m for name, m in self._by_name.items() if name not in names))
