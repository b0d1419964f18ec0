"""Kubernetes resources of Tyk Operator to the definitions in them. Does no I/O.

An ``ApiDefinition`` holds a Classic definition; a ``TykOasApiDefinition`` names a ConfigMap that holds an OAS document as
text. The id of an API is what the Operator makes of its namespace and name, base64url without padding, unless the
definition has one: ``httpbin`` in ``default`` is ``ZGVmYXVsdC9odHRwYmlu``.

Source: behaviour-chain 1.10; Tyk documentation, "Tyk Operator".
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from lockgate.decoding.positions import YamlPositions, parts_of
from lockgate.decoding.syntax import Parsed, SyntaxProblem, parse_json, parse_yaml
from lockgate.loading.oas_format import EXTENSION
from lockgate.problems import Problem, Severity, pointer

NAMESPACE: Final = "default"
"""Of a resource that names none."""

_GROUP: Final = "tyk.tyk.io/"
_SILENT: Final = ("OperatorContext",)
"""Kinds of Tyk that say nothing about how APIs are served."""
_APIS: Final = ("TykStreamsApiDefinition", "TykMcpProxyDefinition")
"""Kinds of APIs that Lockgate does not serve."""
_TEMPLATE_LABELS: Final = ("template", "tyk.io/ingress-template")


@dataclass(frozen=True, slots=True)
class Found:
    """A definition within a resource."""

    value: Any
    parsed: Parsed
    """Where lines are looked up."""
    file: str
    prefix: str = ""
    """JSON Pointer to it within its document."""
    first_line: int = 0
    """Lines before it, where it is a document within a text."""
    api_id: str = ""
    """For a definition that has none."""
    is_classic: bool = False


@dataclass(frozen=True, slots=True)
class _ConfigMap:
    parsed: Parsed
    file: str
    data: Mapping[str, Any]
    prefix: tuple[str | int, ...]


@final
@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of one load that others refer to."""

    config_maps: dict[tuple[str, str], _ConfigMap] = field(default_factory=dict)
    """By namespace and name."""

    def add(self, documents: list[Parsed], file: str) -> None:
        """Remember the ConfigMaps of a file."""
        for parsed in documents:
            for resource, place in _resources_anywhere(parsed.value):
                data = resource.get("data")
                if resource.get("kind") == "ConfigMap" and isinstance(data, dict):
                    self.config_maps[_key(resource)] = _ConfigMap(parsed, file, data, place)


def is_resource(value: Any) -> bool:
    """Whether a JSON value is a Kubernetes resource."""
    return (
        isinstance(value, Mapping) and isinstance(value.get("kind"), str) and isinstance(value.get("apiVersion"), str)
    )


def definitions(
    value: Any, prefix: str, parsed: Parsed, file: str, resources: Resources
) -> Iterator[tuple[Found | None, tuple[Problem, ...]]]:
    """What a resource, or a list of them, gives: definitions, problems, or nothing.

    Args:
        value: The resource.
        prefix: JSON Pointer to it.
        parsed: The document that it stands in.
        file: Of the document.
        resources: Of the load.
    """
    for resource, place in _resources(value, parts_of(prefix)):
        yield from _of(resource, place, parsed, file, resources)


def api_id(namespace: str, name: str) -> str:
    """The id that the Operator gives to an API."""
    text = f"{namespace}/{name}".encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(text).decode("ascii").rstrip("=")


def _resources(
    value: Any, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[Mapping[str, Any], tuple[str | int, ...]]]:
    if not is_resource(value):
        return
    items = value.get("items")
    if value["kind"] == "List" and isinstance(items, list):
        for index, item in enumerate(items):
            if is_resource(item):
                yield item, (*place, "items", index)
    else:
        yield value, place


def _resources_anywhere(value: Any) -> Iterator[tuple[Mapping[str, Any], tuple[str | int, ...]]]:
    """The same, of a list of resources too."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _resources(one, (index,))
    else:
        yield from _resources(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _inner(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _key(resource: Mapping[str, Any]) -> tuple[str, str]:
    return (
        _text(_inner(resource, "metadata", "namespace")) or NAMESPACE,
        _text(_inner(resource, "metadata", "name")),
    )


@dataclass(frozen=True, slots=True)
class _Resource:
    """One resource, with what problems need."""

    value: Mapping[str, Any]
    place: tuple[str | int, ...]
    parsed: Parsed
    file: str

    @property
    def api_id(self) -> str:
        return api_id(*_key(self.value))

    def problem(
        self, code: str, message: str, *keys: str, severity: Severity = Severity.ERROR
    ) -> tuple[Found | None, tuple[Problem, ...]]:
        at = pointer(*self.place, *keys)
        problem = Problem(code, message, at, severity, self.file, self.parsed.positions.line_of(at))
        return None, (problem,)


def _of(
    value: Mapping[str, Any], place: tuple[str | int, ...], parsed: Parsed, file: str, resources: Resources
) -> Iterator[tuple[Found | None, tuple[Problem, ...]]]:
    resource = _Resource(value, place, parsed, file)
    kind = value["kind"]
    if not value["apiVersion"].startswith(_GROUP) or kind in _SILENT:
        return
    if kind not in ("ApiDefinition", "TykOasApiDefinition"):
        is_api = kind in _APIS
        consequence = "the API is not served" if is_api else "it has no effect"
        message = f"a resource of kind {kind!r} is not for a gateway, or not supported yet: {consequence}"
        severity = Severity.ERROR if is_api else Severity.WARNING
        yield resource.problem("unsupported-kind", message, "kind", severity=severity)
        return
    if any(_inner(value, "metadata", "labels", label) == "true" for label in _TEMPLATE_LABELS):
        message = "the resource is a template for Ingress resources, and is not served itself"
        yield resource.problem("ingress-template", message, "metadata", "labels", severity=Severity.WARNING)
        return
    spec = value.get("spec")
    if not isinstance(spec, dict):
        yield resource.problem("missing-key", "expected 'spec', an object, but it is missing")
    elif kind == "ApiDefinition":
        yield (
            Found(_classic(spec, value), parsed, file, pointer(*place, "spec"), 0, resource.api_id, is_classic=True),
            (),
        )
    else:
        yield _oas(resource, spec, resources)


# ── ApiDefinition ──


def _classic(spec: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """A Classic definition, with what the Operator fills in."""
    namespace, name = _key(resource)
    made: dict[str, Any] = _without_references(dict(spec), namespace)
    made.setdefault("name", name)
    made.setdefault(
        "version_data",
        {"not_versioned": True, "versions": {"Default": {"name": "Default", "use_extended_paths": True}}},
    )
    return made


def _without_references(value: Any, namespace: str) -> Any:
    """A copy in which references to other resources are the loops that the Operator makes of them."""
    if isinstance(value, list):
        return [_without_references(one, namespace) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _without_references(one, namespace) for key, one in value.items()}
    for key, replaced in (("target_internal", "target_url"), ("rewrite_to_internal", "rewrite_to")):
        reference = made.get(key)
        name = _text(_inner(reference, "target", "name"))
        if name:
            target = api_id(_text(_inner(reference, "target", "namespace")) or namespace, name)
            path, query = _text(_inner(reference, "path")), _text(_inner(reference, "query"))
            separator = "/" if path and not path.startswith("/") else ""
            made[replaced] = f"tyk://{target}{separator}{path}{'?' + query if query else ''}"
    return made


# ── TykOasApiDefinition ──


def _oas(
    resource: _Resource, spec: Mapping[str, Any], resources: Resources
) -> tuple[Found | None, tuple[Problem, ...]]:
    reference = _inner(spec, "tykOAS", "configmapRef")
    name, key = _text(_inner(reference, "name")), _text(_inner(reference, "keyName"))
    if not name or not key:
        message = "expected 'configmapRef' with 'name' and 'keyName', the ConfigMap that holds the OpenAPI document"
        return resource.problem("missing-key", message, "spec", "tykOAS", "configmapRef")
    namespace = _text(_inner(reference, "namespace")) or _key(resource.value)[0]
    found = resources.config_maps.get((namespace, name))
    text = None if found is None else found.data.get(key)
    if found is None or not isinstance(text, str):
        what = f"no ConfigMap {name!r} in namespace {namespace!r}" if found is None else f"no text {key!r} in {name!r}"
        message = f"{what} is among the files: the API is not served"
        return resource.problem("missing-config-map", message, "spec", "tykOAS", "configmapRef")
    return _document(resource, spec, found, key, text)


def _document(
    resource: _Resource, spec: Mapping[str, Any], found: _ConfigMap, key: str, text: str
) -> tuple[Found | None, tuple[Problem, ...]]:
    at = found.parsed.positions.line_of(pointer(*found.prefix, "data", key))
    # A block of YAML begins on the line behind its mark.
    is_block = isinstance(found.parsed.positions, YamlPositions) and "\n" in text
    before = at if is_block else at - 1
    try:
        documents = [parse_json(text)] if text.lstrip()[:1] in ("{", "[") else parse_yaml(text)
    except SyntaxProblem as error:
        return None, (error.problem.at(found.file, before + error.problem.line if is_block else at),)
    if len(documents) != 1:
        message = f"expected one OpenAPI document under {key!r}, found {len(documents)}"
        return resource.problem("unknown-format", message, "spec", "tykOAS", "configmapRef")
    value = _with_versions(documents[0].value, spec, _key(resource.value)[0])
    return (
        Found(value, documents[0], found.file, "", before, resource.api_id),
        tuple(problem.at(found.file, before + problem.line) for problem in documents[0].problems),
    )


def _with_versions(value: Any, spec: Mapping[str, Any], namespace: str) -> Any:
    """The document with the versions that the resource names."""
    versioning = spec.get("versioning")
    info = _inner(value, EXTENSION, "info")
    if not isinstance(versioning, dict) or not isinstance(info, dict):
        return value
    listed = versioning.get("versions")
    versions: list[Any] = []
    for one in listed if isinstance(listed, list) else ():
        reference = _inner(one, "tykOasApiDefinitionRef")
        child = _text(_inner(reference, "name"))
        if child:
            child_id = api_id(_text(_inner(reference, "namespace")) or namespace, child)
            versions.append({"name": one.get("name"), "id": child_id})
    made = {**versioning, "versions": versions}
    return {**value, EXTENSION: {**value[EXTENSION], "info": {**info, "versioning": made}}}
