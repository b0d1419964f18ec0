"""Every page, by its path."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lockgate.pages import again, apis, breakpoints, breakpoints_api, compare, definitions, exchanges, live, try_page
from lockgate.pages.base import Page, Refused

STATIC_PATH: Final = r"/lockgate/static/([a-z0-9_./-]+)"
STATIC_FOLDER: Final = Path(__file__).parent / "static"


class NoPage(Page):
    """Any other address."""

    def get(self) -> None:
        """Say that there is nothing."""
        raise Refused(404, f"there is no page {self.request.path!r}")


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    *exchanges.ROUTES,
    *live.ROUTES,
    *again.ROUTES,
    *breakpoints.ROUTES,
    *breakpoints_api.ROUTES,
    *compare.ROUTES,
    *apis.ROUTES,
    *definitions.ROUTES,
    *try_page.ROUTES,
    (r"/lockgate/(?!static/).*", NoPage),
)
"""Regular expression of the path, and who answers."""
