"""Every page, by its path."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lockgate.pages import again, apis, breakpoints, breakpoints_api, compare, definitions, exchanges, live, try_page
from lockgate.pages.base import Page

STATIC_PATH: Final = r"/lockgate/static/([a-z0-9_./-]+)"
STATIC_FOLDER: Final = Path(__file__).parent / "static"

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
)
"""Regular expression of the path, and who answers."""
