"""``virtual`` of Classic definitions, and what scripts of such a definition are told of it.

Source: behaviour-scripting 4.6 and 4.10.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lockgate.decoding.shapes import Field, Notes, Place
from lockgate.loading.classic_parts import FLAG, TEXT, look_up
from lockgate.loading.classic_sections import VersionSection, VirtualEntry
from lockgate.loading.scripts import WrittenEndpoint, WrittenScript, consequence
from lockgate.scripting.contract import ScriptConfig

KEY: Final = "virtual"
FIELDS: Final[dict[str, Field]] = {
    "response_function_name": TEXT,
    "function_source_type": TEXT,
    "function_source_uri": TEXT,
    "use_session": FLAG,
    "proxy_on_error": FLAG,
}
"""What an entry has beside path, method and switch."""


def written_in(versions: Iterable[tuple[str, Place, VersionSection]], notes: Notes) -> Iterator[WrittenEndpoint]:
    """The virtual endpoints of versions that are on, in the order of their lists.

    Args:
        versions: Each with its name and place; those without ``use_extended_paths`` have none.
        notes: Of the definition.
    """
    for version, place, section in versions:
        if not section.use_extended_paths:
            continue
        for index, entry in enumerate(section.extended_paths.virtual):
            if not entry.disabled:
                at = (*place, "extended_paths", KEY, index)
                _check_method(entry.method, (*at, "method"), notes)
                yield _written(entry, at, version)


def never_matches(method: str) -> bool:
    """Whether no request has a method as it is written."""
    return not method or method != method.upper()


def _check_method(method: str, place: Place, notes: Notes) -> None:
    if never_matches(method):
        message = f"expected a method in upper case, found {notes.show(method, place)}: the entry never matches"
        notes.warning("bad-method", message, place, f"write {method.upper()!r}" if method else "")


def _written(entry: VirtualEntry, place: Place, version: str) -> WrittenEndpoint:
    script = WrittenScript(
        name=f"{entry.method} {entry.path}",
        source=entry.function_source_uri,
        place=(*place, "function_source_uri"),
        mode=entry.function_source_type,
        mode_place=(*place, "function_source_type"),
        consequence=consequence(proxy_on_error=entry.proxy_on_error),
    )
    return WrittenEndpoint(
        place,
        entry.response_function_name,
        (*place, "response_function_name"),
        script if entry.function_source_uri else None,
        entry.use_session,
        entry.proxy_on_error,
        version,
    )


def config_of(document: Mapping[str, Any], api_id: str, org_id: str) -> ScriptConfig:
    """What scripts are told: ``config_data``, null where there is none, unless it is switched off."""
    if look_up(document, "config_data_disabled") is True:
        return ScriptConfig(api_id, org_id)
    return ScriptConfig(api_id, org_id, has_data=True, data=look_up(document, "config_data"))
