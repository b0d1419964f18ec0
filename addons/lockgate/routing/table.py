"""Many listen paths: which API serves a path. Knows no chain.

Source: behaviour-chain 1.5.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, final

from lockgate.routing.listen import ListenPath, template_pattern
from lockgate.routing.pattern import PatternSet, compile_regex

_PORT: Final = re.compile(r":[0-9]*$")


class Route(NamedTuple):
    """A prefix that leads to an API."""

    prefix: str
    """Listen path, or "/<api id>/"."""
    listen: ListenPath
    api: int
    """Index of the API, as the table was given them."""


@final
class DomainTable:
    """Route tables by host name: APIs with a domain come before those without.

    Source: behaviour-chain 1.5, "Custom domain".
    """

    __slots__ = ("_any", "_by_host", "_templates")

    def __init__(
        self, apis: Sequence[tuple[str, ListenPath, str]], *, strict: bool = False, hostname: str = ""
    ) -> None:
        """Build the tables.

        Args:
            apis: Id, listen path and domain of each API, in the order in which they were loaded; a domain is a host
                name, a template such as "{tenant}.example.com", or "" for any.
            strict: As for ``RouteTable``.
            hostname: Of the gateway: APIs without a domain are served under this name only; "" under any.

        Raises:
            ValueError: A domain is a template that does not compile.
        """
        domains: dict[str, list[int]] = {}
        for index, (_, _, domain) in enumerate(apis):
            domains.setdefault(domain or hostname, []).append(index)

        def table(indexes: Sequence[int]) -> RouteTable:
            return RouteTable([apis[index][:2] for index in indexes], strict=strict, indexes=indexes)

        self._any: Final = table(domains.pop("", ()))
        self._by_host: Final = {d: table(indexes) for d, indexes in domains.items() if "{" not in d}
        self._templates: Final = tuple(
            (compile_regex(template_pattern(domain, default="[^.]+") + "$"), table(indexes))
            for domain, indexes in domains.items()
            if "{" in domain
        )

    def find(self, host: str, path: str) -> Route | None:
        """The route for a Host header, with or without port, and a decoded path."""
        if self._by_host or self._templates:
            name = _PORT.sub("", host)
            tables = [named] if (named := self._by_host.get(name)) is not None else []
            tables += [templated for regex, templated in self._templates if regex.search(name) is not None]
            found = [route for one in tables if (route := one.find(path)) is not None]
            if found:
                return max(found, key=lambda route: (route.listen.rank, -route.api))
        return self._any.find(path)


@final
class RouteTable:
    """All routes of a snapshot. A lookup does not grow with their number.

    Plain prefixes stand in a dict, which is asked once for each length that occurs, longest first; templates stand in
    one pattern set. The route that comes first in the order of the reference gateway wins.
    """

    __slots__ = ("_by_prefix", "_lengths", "_order", "_strict", "_template_routes", "_templates")

    def __init__(
        self, apis: Sequence[tuple[str, ListenPath]], *, strict: bool = False, indexes: Sequence[int] | None = None
    ) -> None:
        """Build the table.

        Args:
            apis: Id and listen path of each API, in the order in which they were loaded. The first of two equal
                prefixes keeps it.
            strict: ``enable_strict_routes``: a prefix without trailing "/" matches whole segments only.
            indexes: What routes call each API; None: its place in ``apis``.
        """
        ranked = sorted(range(len(apis)), key=lambda index: -apis[index][1].rank)
        routes: list[Route] = []
        for index in ranked:
            api_id, listen = apis[index]
            api = index if indexes is None else indexes[index]
            routes.append(Route(f"/{api_id}/", ListenPath(f"/{_plain(api_id)}/"), api))
            routes.append(Route(listen.text, listen, api))
        self._strict: Final = strict
        self._order: Final = tuple(routes)
        self._by_prefix: Final[dict[str, int]] = {}
        template_routes: list[int] = []
        for position, route in enumerate(routes):
            if route.listen.is_template:
                template_routes.append(position)
            else:
                self._by_prefix.setdefault(route.prefix, position)
        self._lengths: Final = tuple(sorted({len(prefix) for prefix in self._by_prefix}, reverse=True))
        self._template_routes: Final = tuple(template_routes)
        patterns = [regex.pattern for p in template_routes if (regex := routes[p].listen.regex) is not None]
        self._templates: Final = PatternSet(patterns)

    def find(self, path: str) -> Route | None:
        """The route for a decoded path, or None."""
        best: int | None = None
        by_prefix, size = self._by_prefix, len(path)
        for length in self._lengths:
            if length <= size:
                position = by_prefix.get(path[:length])
                if position is not None and (best is None or position < best):
                    best = position
        if self._template_routes:
            for index in self._templates.found(path):
                position = self._template_routes[index]
                if best is None or position < best:
                    best = position
        if best is None:
            return None
        route = self._order[best]
        return None if self._strict and not _whole_segment(route.prefix, path) else route


def _plain(api_id: str) -> str:
    return api_id.replace("{", "").replace("}", "")


def _whole_segment(prefix: str, path: str) -> bool:
    """Whether a strict route takes the path. A miss does not fall through to a shorter listen path."""
    if prefix.endswith("/") or "{" in prefix:
        return True
    return len(path) == len(prefix) or path[len(prefix)] == "/"
