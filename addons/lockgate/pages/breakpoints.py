"""Where exchanges stop, and one that stands still. What the pages show and do goes through ``breakpoints_api``."""

from collections.abc import Sequence
from typing import Final

from lockgate.middlewares import REQUEST, RESPONSE, UPSTREAM
from lockgate.pages.base import Page
from lockgate.pages.compare import ID
from lockgate.trace import Phase


class BreakpointsPage(Page):
    """The list, and the form for one more."""

    def get(self) -> None:
        """Show it; its script asks for the rest. ``api``, ``link`` and ``phase`` fill the form."""
        self.show("breakpoints.html")


class PausePage(Page):
    """An exchange that stands at a breakpoint, or did."""

    def get(self, exchange_id: str) -> None:
        """Show it; its script asks for the rest."""
        self.show("pause.html", exchange=exchange_id)


class Choices(Page):
    """What a breakpoint can name."""

    def get(self) -> None:
        """APIs that are loaded, and the links of each phase in their order."""
        apis = self.desk.gateway.current.apis.values()
        chains = {Phase.REQUEST: REQUEST, Phase.UPSTREAM: UPSTREAM, Phase.RESPONSE: RESPONSE}
        self.write_json(
            {
                "apis": [{"id": api.definition.id, "name": api.definition.name} for api in apis],
                "links": {
                    phase.value: [one.name for one in chain if one.step(phase) is not None]
                    for phase, chain in chains.items()
                },
            }
        )


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/breakpoints", BreakpointsPage),
    (rf"/lockgate/pauses/({ID})", PausePage),
    (r"/lockgate/api/choices", Choices),
)
