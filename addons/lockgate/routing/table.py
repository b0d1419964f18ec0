"""Many listen paths: which API serves a path. Knows no chain.

Source: behaviour-chain 1.5.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, final

from lockgate.routing.listen import ListenPath
from lockgate.routing.pattern import PatternSet


class Route(NamedTuple):
    """A prefix that leads to an API."""

    prefix: str
    """Listen path, or "/<api id>/"."""
    listen: ListenPath
    api: int
    """Index of the API, as the table was given them."""


@final
class RouteTable:
    """All routes of a snapshot. A lookup does not grow with their number.

    Plain prefixes stand in a dict, which is asked once for each length that occurs, longest first; templates stand in
    one pattern set. The route that comes first in the order of the reference gateway wins.
    """

    __slots__ = ("_by_prefix", "_lengths", "_order", "_strict", "_template_routes", "_templates")

    def __init__(self, apis: Sequence[tuple[str, ListenPath]], *, strict: bool = False) -> None:
        """Build the table.

        Args:
            apis: Id and listen path of each API, in the order in which they were loaded. The first of two equal
                prefixes keeps it.
            strict: ``enable_strict_routes``: a prefix without trailing "/" matches whole segments only.
        """
        ranked = sorted(range(len(apis)), key=lambda index: -apis[index][1].rank)
        routes: list[Route] = []
        for index in ranked:
            api_id, listen = apis[index]
            routes.append(Route(f"/{api_id}/", ListenPath(f"/{_plain(api_id)}/"), index))
            routes.append(Route(listen.text, listen, index))
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
