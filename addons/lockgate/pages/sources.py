"""Which line of which file made a step."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from lockgate.loading.locations import Location, locate
from lockgate.model import ApiDefinition
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

_MOST_KEPT: Final = 100
_MOST_BYTES: Final = 8 << 20

type _Key = tuple[str, str, int, int]


class Sources:
    """Where definitions stand in their files, as far as somebody asked."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._kept: Final[OrderedDict[_Key, Location | None]] = OrderedDict()

    async def links(self, trace: Trace, snapshot: Snapshot) -> Sequence[Mapping[str, Any] | None]:
        """For each step, the text and address of the line that made it; None where there is none.

        Args:
            trace: Of an exchange.
            snapshot: Whose definitions are meant.
        """
        wanted = [(_api_of(trace, index), step.why.pointer) for index, step in enumerate(trace.steps)]
        places: dict[str, Location | None] = {}
        for api_id in {api_id for api_id, pointer in wanted if pointer}:
            api = snapshot.apis.get(api_id)
            if api is not None:
                places[api_id] = await asyncio.to_thread(self._location, api.definition, snapshot.settings)
        return [_link(snapshot, api_id, pointer, places.get(api_id)) if pointer else None for api_id, pointer in wanted]

    def _location(self, definition: ApiDefinition, settings: Settings) -> Location | None:
        path = Path(definition.source)
        try:
            state = path.stat()
            key = (definition.source, definition.id, state.st_mtime_ns, id(definition.document))
            if key in self._kept:
                return self._kept[key]
            if not definition.source or state.st_size > _MOST_BYTES:
                return None
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        found = locate([definition], text, settings).get(definition.id)
        self._kept[key] = found if found is not None and found.is_current else None
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def _api_of(trace: Trace, index: int) -> str:
    step = trace.steps[index]
    passes = step.after.passes or step.before.passes
    return passes[step.pass_index].api_id if step.pass_index < len(passes) else ""


def _link(snapshot: Snapshot, api_id: str, pointer: str, place: Location | None) -> Mapping[str, Any] | None:
    api = snapshot.apis.get(api_id)
    if api is None or place is None:
        return None
    line = place.line_of(pointer)
    if line < 1:
        return None
    return {
        "text": f"{Path(api.definition.source).name}:{line}",
        "href": f"/lockgate/apis/{quote(api_id, safe='')}/source#L{line}",
    }
