"""Rules across definitions. Reads the model, not documents.

Source: behaviour-chain 1.5, "Listen-path collisions".
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from lockgate.model import ApiDefinition
from lockgate.problems import Problem, Severity


@dataclass(frozen=True, slots=True)
class Loading:
    """A definition with what the rules need to know of its document."""

    definition: ApiDefinition
    domain: str
    """"" when it has none."""
    listen_path_known: bool
    """False where it is a reference to a secret that was not looked up."""
    id_pointer: str
    listen_pointer: str
    versions_pointer: str
    line_of: Callable[[str], int]
    """From a JSON Pointer to the line in its file."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Texts that are secrets, with the references that stand for them."""
    prefix: str = ""
    """JSON Pointer to the definition within its file."""

    def problem(self, code: str, message: str, pointer: str, severity: Severity = Severity.ERROR) -> Problem:
        """A problem of this definition."""
        return Problem(code, message, self.prefix + pointer, severity, self.definition.source, self.line_of(pointer))

    def shown(self, text: str) -> str:
        """A text for a message, never a secret."""
        inside = (
            reference for value, reference in self.hidden.items() if value.strip("/") and value.strip("/") in text
        )
        return repr(next(inside, text))

    @property
    def place(self) -> str:
        """For messages about another definition."""
        return f"{self.shown(self.definition.name)} in {self.definition.source}"


def check_together(loadings: Sequence[Loading]) -> tuple[tuple[ApiDefinition, ...], tuple[Problem, ...]]:
    """Sort out which of the definitions can be served beside one another.

    Of two with one id the later one gets another, and both are served: ids only name APIs to one another; with the
    same listen path it is a copy, and only the first is served. Of two on one listen path neither is: nobody could say which one a request is
    for. (The reference gateway moves both to made-up paths.) An internal API takes a listen path like any other.
    """
    problems: list[Problem] = []
    by_id: dict[str, Loading] = {}
    taken = {loading.definition.id for loading in loadings}
    for loading in loadings:
        first = by_id.setdefault(loading.definition.id, loading)
        if first is not loading:
            if (loading.domain, loading.definition.listen_path) == (first.domain, first.definition.listen_path):
                message = f"{first.place} is an API of this id and listen path already: this copy of it is not served"
                problems.append(loading.problem("duplicate-id", message, loading.id_pointer, Severity.WARNING))
                continue
            other = _free_id(loading.definition.id, taken)
            taken.add(other)
            message = (
                f"the id {loading.shown(loading.definition.id)} belongs to {first.place} already: "
                "this API is served, and not found by that id"
            )
            problems.append(loading.problem("duplicate-id", message, loading.id_pointer, Severity.WARNING))
            by_id[other] = replace(loading, definition=replace(loading.definition, id=other))
    by_path: dict[tuple[str, str], list[Loading]] = defaultdict(list)
    for loading in by_id.values():
        if loading.listen_path_known:
            by_path[loading.domain, loading.definition.listen_path].append(loading)
    for loading in by_id.values():
        problems += _missing_versions(loading, by_id)
    kept: list[ApiDefinition] = []
    for loading in by_id.values():
        definition = loading.definition
        same = by_path[loading.domain, definition.listen_path] if loading.listen_path_known else []
        rivals = [one for one in same if one is not loading]
        if not rivals:
            kept.append(definition)
            continue
        message = f"the listen path {loading.shown(definition.listen_path)} is that of {rivals[0].place} too: none of them is served"
        problems.append(loading.problem("duplicate-listen-path", message, loading.listen_pointer))
    return tuple(kept), tuple(problems)


def _free_id(wanted: str, taken: Container[str]) -> str:
    """An id like ``wanted`` that no API has."""
    return next(other for number in count(2) if (other := f"{wanted}-{number}") not in taken)


def _missing_versions(loading: Loading, by_id: Mapping[str, Loading]) -> Iterator[Problem]:
    """Versions of a definition that are APIs nobody defined."""
    versioning = loading.definition.versioning
    for name, api_id in (versioning.children or {}).items() if versioning is not None else ():
        if api_id not in by_id:
            message = f"the version {loading.shown(name)} is the API {loading.shown(api_id)}, which is not there: requests for it are refused"
            yield loading.problem("missing-version", message, loading.versions_pointer, Severity.WARNING)
