"""The page "Try": a definition, or one section of it, tried with a sample; and saving what was edited."""

from collections.abc import Sequence
from typing import Final

from lockgate.pages import try_api
from lockgate.pages.base import Page


class TryView(Page):
    """The page; its script asks ``try_api``."""

    def get(self) -> None:
        """Show it."""
        self.show("try.html")


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = ((r"/lockgate/try", TryView), *try_api.ROUTES)
