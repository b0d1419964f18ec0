"""Which version of an API a request asks for, and the request without what named it.

Source: behaviour-chain 1.9.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

from lockgate.exchange import Request, replace
from lockgate.middleware import Reason
from lockgate.model import ApiDefinition, Versioning, VersionLocation
from lockgate.routing.listen import ListenPath
from lockgate.urls import form_values

SELF: Final = "self"
"""Names the base itself among its versions."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a request gets."""

    request: Request
    """Without what named the version, if the definition strips it."""
    named: str
    """As the request named it; "" when it did not."""
    version: str | None = None
    """Of this API; None for a child or a refusal."""
    child: str = ""
    """Id of the API that is the version."""
    defaulted: bool = False
    """Nothing was named and the default was taken."""
    refusal: Reason | None = None
    status: int = 0
    """Instead of the refusal's own."""


def choose(definition: ApiDefinition, listen: ListenPath, request: Request, path: str, named: str = "") -> Choice:
    """Choose a version.

    Args:
        definition: Of the API that was routed to.
        listen: Its listen path.
        request: As it came.
        path: Of the request, decoded.
        named: The version that a base found before: a child that is a base itself looks up the same name.
    """
    versioning = definition.versioning
    if definition.refusal is not None:
        return Choice(request, "", refusal=definition.refusal)
    if versioning is None:
        return Choice(request, "", definition.versions[0].name)
    if not named:
        named, request = _named(versioning, listen, request, path)
    wanted = named or versioning.default
    if not wanted:
        return Choice(request, named, refusal=Reason.VERSION_NOT_NAMED)
    found = _found(definition, versioning, wanted)
    if found is None and versioning.fallback and wanted != versioning.default:
        found = _found(definition, versioning, versioning.default)
        if found is None:
            return Choice(request, named, refusal=Reason.INTERNAL)
    if found is None:
        return Choice(request, named, refusal=Reason.VERSION_UNKNOWN, status=0 if versioning.children is None else 404)
    version, child = found
    return Choice(request, named, version, child, defaulted=not named)


def _found(definition: ApiDefinition, versioning: Versioning, name: str) -> tuple[str | None, str] | None:
    """Version of this API, or id of a child; None when there is none of the name."""
    if versioning.children is None:
        return (name, "") if any(version.name == name for version in definition.versions) else None
    if name in (SELF, versioning.name):
        return definition.versions[0].name, ""
    child = versioning.children.get(name)
    return None if child is None else (None, child)


def _named(versioning: Versioning, listen: ListenPath, request: Request, path: str) -> tuple[str, Request]:
    """The version that a request names, and the request without the name if it is to be taken out."""
    match versioning.location:
        case VersionLocation.HEADER:
            name = request.headers.get(versioning.key) or ""
            if versioning.strip:
                request = replace(request, headers=request.headers.remove(versioning.key))
            return name, request
        case VersionLocation.QUERY:
            return _in_query(versioning, request)
        case VersionLocation.URL:
            return _in_path(versioning, listen, request, path)
        case VersionLocation.NOWHERE:
            return "", request


def _in_query(versioning: Versioning, request: Request) -> tuple[str, Request]:
    if request.query is None:
        return "", request
    values = form_values(request.query)
    name = values.get(versioning.key, ("",))[0]
    if not versioning.strip:
        return name, request
    # Differs: the reference gateway loses parts that hold a semicolon (test_stripping_a_parameter_keeps_the_others).
    parts = sorted(
        (part for part in request.query.split("&") if part and not _is(part, versioning.key)),
        key=lambda part: part.partition("=")[0],
    )
    return name, replace(request, query="&".join(_encoded(part) for part in parts) or None)


def _is(part: str, key: str) -> bool:
    return key in form_values(part)


def _encoded(part: str) -> str:
    """A parameter as the reference gateway encodes it anew; one that it cannot read stays as it is."""
    values = form_values(part)
    if len(values) != 1:
        return part
    name, (value, *_) = next(iter(values.items()))
    return f"{_quoted(name)}={_quoted(value)}"


def _quoted(text: str) -> str:
    return quote_plus(text, safe="~", errors="surrogateescape")


def _in_path(versioning: Versioning, listen: ListenPath, request: Request, path: str) -> tuple[str, Request]:
    inner = listen.strip(path)
    name = inner.lstrip("/").partition("/")[0]
    if not versioning.strip or not name:
        return name, request
    if versioning.pattern is not None and versioning.pattern.search(name) is None:
        return name, request
    prefix = listen.text.rstrip("/") if request.path.startswith(listen.text) else ""
    head, cut, tail = request.path[len(prefix) :].partition(f"/{name}/")
    # Cut only where something follows: "/v2" stays "/v2".
    return name, replace(request, path=f"{prefix}{head}/{tail}") if cut else request
