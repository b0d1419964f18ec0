"""What the reference gateway refuses in a Classic definition beyond its form.

Source: behaviour-chain 6.3, "definition rules".
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.decoding.shapes import Notes, Place


def check_classic(document: Mapping[str, Any], notes: Notes) -> None:
    """Note every rule that a definition breaks. What has the wrong type is not judged here."""
    inner = document.get("api_definition")
    root: Place = ("api_definition",) if isinstance(inner, dict) else ()
    definition = inner if isinstance(inner, dict) else document
    _check_addresses(definition, root, notes)
    _check_timeouts(definition, root, notes)
    _check_upstream_authentication(definition, root, notes)
    _check_balancing(definition, root, notes)
    _check_data_sources(definition, root, notes)


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_addresses(definition: Mapping[str, Any], root: Place, notes: Notes) -> None:
    for switch, key in (("enable_ip_whitelisting", "allowed_ips"), ("enable_ip_blacklisting", "blacklisted_ips")):
        if definition.get(switch) is not True:
            continue
        for index, text in enumerate(_list(definition.get(key))):
            if isinstance(text, str) and not _is_address(text):
                message = f"expected an IP address or network such as '10.0.0.0/8', found {text!r}"
                notes.error("bad-address", message, (*root, key, index))


def _is_address(text: str) -> bool:
    try:
        if "/" in text:
            address, _, length = text.partition("/")
            return length.isdecimal() and bool(ipaddress.ip_network(f"{address}/{length}", strict=False))
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _endpoint_entries(definition: Mapping[str, Any], root: Place, kind: str) -> Iterator[tuple[Place, Any]]:
    versions = _at(definition, "version_data", "versions")
    for name, version in versions.items() if isinstance(versions, dict) else ():
        place = (*root, "version_data", "versions", name, "extended_paths", kind)
        for index, entry in enumerate(_list(_at(version, "extended_paths", kind))):
            yield (*place, index), entry


def _check_timeouts(definition: Mapping[str, Any], root: Place, notes: Notes) -> None:
    for place, entry in _endpoint_entries(definition, root, "hard_timeouts"):
        timeout = _at(entry, "timeout")
        if isinstance(timeout, int | float) and timeout < 0:
            notes.error("bad-value", f"expected 0 seconds or more, found {timeout}", (*place, "timeout"))


def _check_upstream_authentication(definition: Mapping[str, Any], root: Place, notes: Notes) -> None:
    modes = [
        key
        for key in ("basic_auth", "oauth", "request_signing")
        if _at(definition, "upstream_auth", key, "enabled") is True
    ]
    if _at(definition, "upstream_auth", "enabled") is True and len(modes) > 1:
        message = f"expected one kind of authentication, found {' and '.join(map(repr, modes))}"
        notes.error("bad-value", message, (*root, "upstream_auth"))


def _check_balancing(definition: Mapping[str, Any], root: Place, notes: Notes) -> None:
    proxy = definition.get("proxy")
    if _at(proxy, "enable_load_balancing") is True and not _at(proxy, "target_list"):
        message = "expected a target, because load balancing is enabled, found none"
        notes.error("missing-key", message, (*root, "proxy"))


def _check_data_sources(definition: Mapping[str, Any], root: Place, notes: Notes) -> None:
    seen: set[str] = set()
    for index, source in enumerate(_list(_at(definition, "graphql", "engine", "data_sources"))):
        name = _at(source, "name")
        if isinstance(name, str) and name in seen:
            place = (*root, "graphql", "engine", "data_sources", index, "name")
            notes.error("bad-value", f"expected a name of its own for each data source, found {name!r} again", place)
        elif isinstance(name, str):
            seen.add(name)
