"""``transform_jq`` and ``transform_jq_response`` of a Classic definition, with their filters checked.

Source: behaviour-scripting 3.
"""

from collections.abc import Iterable
from typing import Final

from lockgate.decoding.shapes import Place
from lockgate.jq_filters import FilterError, check_filter
from lockgate.loading.classic_sections import JqEntry, Processor
from lockgate.loading.making import Making
from lockgate.middlewares.request_jq import RequestJq
from lockgate.middlewares.response_jq import ResponseJq

PROCESSOR: Final = "response_body_transform_jq"
"""Name of the response processor that runs the filters of responses."""
_CLEANUP: Final = "header_transform"


def request_filter(making: Making, entry: JqEntry, place: Place) -> RequestJq:
    """What an entry does to requests. A filter that cannot be used is noted."""
    return RequestJq(entry.filter, _fault(making, entry, place, "requests go upstream as they came"))


def response_filter(making: Making, entry: JqEntry, place: Place) -> ResponseJq:
    """What an entry does to responses. A filter that cannot be used is noted."""
    return ResponseJq(entry.filter, _fault(making, entry, place, "responses reach the client as they came"))


def _fault(making: Making, entry: JqEntry, place: Place, consequence: str) -> str:
    if making.unjudged(entry.filter):
        return ""
    where = (*place, "filter")
    try:
        check_filter(entry.filter)
    except FilterError as error:
        found = (
            f"the filter {making.notes.show(entry.filter, where)} cannot be used{making.notes.because(error, where)}"
        )
        making.notes.warning("bad-filter", f"{found}; {consequence}", where)
        return str(error)
    return ""


def run_responses(making: Making, processors: Iterable[Processor], entries: Iterable[Place]) -> bool:
    """Whether filters of responses run: only where the processor is listed. Otherwise they are noted.

    Args:
        making: Of the definition.
        processors: Of the definition.
        entries: Places of the entries that are switched on.
    """
    names = [processor.name for processor in processors]
    if PROCESSOR in names:
        return True
    for place in entries:
        message = f"the filter has no effect, here as on Tyk, because 'response_processors' does not list {PROCESSOR!r}"
        making.notes.warning("unused-filter", message, place, f"add {{'name': {PROCESSOR!r}}} to 'response_processors'")
    return False


def note_order(making: Making, processors: Iterable[Processor]) -> None:
    """Note where headers are cleaned before filters see them: here that comes behind them."""
    names = [processor.name for processor in processors]
    if _CLEANUP in names and PROCESSOR in names and names.index(_CLEANUP) < names.index(PROCESSOR):
        message = f"{_CLEANUP!r} stands before {PROCESSOR!r}: here it runs behind it, so that headers of filters are cleaned too"
        making.notes.warning("processor-order", message, ("response_processors", names.index(PROCESSOR)))
