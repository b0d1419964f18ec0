"""``virtualEndpoint`` of an operation, and what scripts of an OAS definition are told of it.

Source: behaviour-scripting 4.6 and 4.10.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.decoding.shapes import Shape, record, required, string
from lockgate.loading.classic_parts import look_up
from lockgate.loading.oas_bodies import Endpoint
from lockgate.loading.oas_parts import ENABLED, FLAG, TEXT, is_on
from lockgate.loading.scripts import WrittenEndpoint, WrittenScript, consequence
from lockgate.scripting.contract import ScriptConfig

KEY: Final = "virtualEndpoint"


@dataclass(frozen=True, slots=True)
class VirtualSection:
    """``virtualEndpoint``."""

    enabled: bool
    function_name: str
    name: str = ""
    """Older spelling of ``functionName``, which counts before it."""
    body: str = ""
    """Base64."""
    path: str = ""
    """Counts where ``body`` is empty."""
    proxy_on_error: bool = False
    require_session: bool = False


VIRTUAL_ENDPOINT: Final[Shape[VirtualSection]] = record(
    VirtualSection,
    {
        "enabled": ENABLED,
        "functionName": required(string()),
        "name": TEXT,
        "body": TEXT,
        "path": TEXT,
        "proxyOnError": FLAG,
        "requireSession": FLAG,
    },
)


def written_in(endpoints: Iterable[Endpoint]) -> Iterator[WrittenEndpoint]:
    """The virtual endpoints that are on, in the order in which their scripts are loaded.

    Args:
        endpoints: In the order of their paths.
    """
    known = tuple(endpoints)
    order = {path: index for index, path in enumerate(dict.fromkeys(endpoint.path for endpoint in known))}
    for endpoint in sorted(known, key=lambda one: (order[one.path], one.method)):
        section = endpoint.section.virtual_endpoint
        if isinstance(section, VirtualSection) and section.enabled:
            yield _written(endpoint, section)


def _written(endpoint: Endpoint, section: VirtualSection) -> WrittenEndpoint:
    place = (*endpoint.place, KEY)
    function, key = (section.function_name, "functionName") if section.function_name else (section.name, "name")
    script = None
    if section.body or section.path:
        script = WrittenScript(
            name=f"{endpoint.method} {endpoint.path}",
            source=section.body or section.path,
            place=(*place, "body" if section.body else "path"),
            mode="blob" if section.body else "file",
            consequence=consequence(proxy_on_error=section.proxy_on_error),
        )
    return WrittenEndpoint(place, function, (*place, key), script, section.require_session, section.proxy_on_error)


def config_of(document: Mapping[str, Any], api_id: str, org_id: str) -> ScriptConfig:
    """What scripts are told: ``pluginConfig.data`` where it is on."""
    data = look_up(document, "x-tyk-api-gateway", "middleware", "global", "pluginConfig", "data")
    return (
        ScriptConfig(api_id, org_id, has_data=True, data=data.get("value"))
        if is_on(data)
        else ScriptConfig(api_id, org_id)
    )
