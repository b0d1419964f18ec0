"""Where somebody begins who edits a definition: a request for what is looked at, and the lines that made each step."""

from collections.abc import Iterable, Mapping

from lockgate.assembly import CompiledApi
from lockgate.debugging.effective import example_path
from lockgate.debugging.overview import overview
from lockgate.decoding.syntax import SyntaxProblem
from lockgate.loading.documents import parse_text
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace


def first_request(api: CompiledApi, pointer: str = "") -> tuple[str, str]:
    """Method and path of a request that a section is for.

    Args:
        api: Whose section it is.
        pointer: JSON Pointer to it; that of no endpoint gives a request for the listen path.
    """
    found = ("GET", api.definition.listen_path)
    if not pointer:
        return found
    for row in overview(api.definition, ()).rows:
        places = [one for one in (row.pointer, *(cell.pointer for cell in row.cells)) if one]
        if row.is_endpoint and any(_is_within(pointer, place) or _is_within(place, pointer) for place in places):
            method = row.method or "GET"
            path = example_path(api, method, row.path)
            return (method, path) if path else found
    return found


def _is_within(inner: str, outer: str) -> bool:
    return f"{inner}/".startswith(f"{outer}/")


def step_lines(trace: Trace, text: str, file: str, snapshot: Snapshot) -> Mapping[str, int]:
    """Lines of a text on which stands what made the steps, by JSON Pointer.

    Args:
        trace: Of a request through it.
        text: The one definition that it holds; where it holds several, nobody knows whose a pointer is.
        file: That it is of, or "".
        snapshot: In force; an API that it has from another file is none of this text.
    """
    try:
        documents = parse_text(text, file)
    except SyntaxProblem:
        return {}
    if len(documents) != 1:
        return {}
    positions = documents[0].positions
    return {pointer: positions.line_of(pointer) for pointer in _pointers(trace, file, snapshot)}


def _pointers(trace: Trace, file: str, snapshot: Snapshot) -> Iterable[str]:
    for step in trace.steps:
        passes = step.after.passes or step.before.passes
        if not step.why.pointer or step.pass_index >= len(passes):
            continue
        api = snapshot.apis.get(passes[step.pass_index].api_id)
        if api is None or api.definition.source == file:
            yield step.why.pointer
