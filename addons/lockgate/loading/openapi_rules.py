"""What the OpenAPI part of a definition must be like.

The reference gateway refuses a document that is not valid OpenAPI 3.0; so do we, for the mistakes that change what a
definition means. Documents of version 3.1, which newer gateways take, are held to less.

Source: OpenAPI 3.0.3 and 3.1.0; behaviour-chain 6.3.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lockgate.decoding.shapes import (
    BAD,
    Bad,
    Notes,
    Place,
    Shape,
    anything,
    boolean,
    choice,
    list_of,
    nearest,
    number,
    string,
)
from lockgate.routing.pattern import PatternError, compile_regex

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""Keys of a path item that are operations."""

_VERSION: Final = re.compile(r"3\.[01]\.\d+(-.+)?")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_STATUS: Final = re.compile(r"default|[1-5](?:\d\d|XX)")
_COMPONENT: Final = re.compile(r"[a-zA-Z0-9._-]+")


# ── shapes of version 3.0 ──


def _closed(needs: str = "", /, **keys: Shape[Any]) -> Shape[Any]:
    """An object that has no keys but these, and extensions.

    Args:
        needs: Keys that must be there, with blanks between.
        keys: Shape of each; a trailing underscore is not part of the name.
    """
    shapes = {name.rstrip("_"): shape for name, shape in keys.items()}
    wanted = needs.split()

    def read(value: object, at: Place, notes: Notes) -> Any:
        if not isinstance(value, dict):
            notes.error("wrong-type", f"expected an object, found {notes.show(value, at)}", at)
            return BAD
        for key in wanted:
            if key not in value:
                notes.error("missing-key", f"expected {key!r}, {shapes[key].expected}, but it is missing", at)
        for key, inner in value.items():
            shape = shapes.get(key)
            if shape is not None:
                shape.read(inner, (*at, key), notes)
            elif not key.startswith("x-"):
                message = f"{key!r} is not allowed here by OpenAPI 3.0"
                notes.error("not-allowed", message, (*at, key), nearest(key, tuple(shapes)))
        return value

    return Shape("an object", read)


def _named(shape: Shape[Any], pattern: re.Pattern[str] | None = None, what: str = "a name") -> Shape[Any]:
    """An object whose keys are names; extensions are let pass where names follow a pattern."""

    def read(value: object, at: Place, notes: Notes) -> Any:
        if not isinstance(value, dict):
            notes.error("wrong-type", f"expected an object, found {notes.show(value, at)}", at)
            return BAD
        for key, inner in value.items():
            if pattern is None or pattern.fullmatch(key):
                shape.read(inner, (*at, key), notes)
            elif not key.startswith("x-"):
                notes.error("not-allowed", f"expected {what}, found {key!r}", (*at, key))
        return value

    return Shape("an object", read)


def _lazy(get: Callable[[], Shape[Any]]) -> Shape[Any]:
    return Shape("an object", lambda value, at, notes: get().read(value, at, notes))


def _or_reference(shape: Shape[Any]) -> Shape[Any]:
    """The object itself, or ``{"$ref": …}``, whose other keys do not count."""

    def read(value: object, at: Place, notes: Notes) -> Any:
        if isinstance(value, dict) and "$ref" in value:
            return string().read(value["$ref"], (*at, "$ref"), notes)
        return shape.read(value, at, notes)

    return Shape(shape.expected, read)


def _also(shape: Shape[Any], check: Callable[[Mapping[str, Any], Place, Notes], None]) -> Shape[Any]:
    def read(value: object, at: Place, notes: Notes) -> Any:
        decoded = shape.read(value, at, notes)
        if isinstance(value, dict):
            check(value, at, notes)
        return decoded

    return Shape(shape.expected, read)


def _pattern() -> Shape[Any]:
    def read(value: object, at: Place, notes: Notes) -> Any:
        decoded = string().read(value, at, notes)
        if isinstance(decoded, Bad):
            return BAD
        try:
            compile_regex(decoded)
        except PatternError as error:
            notes.error("bad-pattern", f"the pattern {notes.show(decoded, at)} does not compile: {error}", at)
            return BAD
        return decoded

    return Shape("a regular expression", read)


def _boolean_or(shape: Shape[Any]) -> Shape[Any]:
    def read(value: object, at: Place, notes: Notes) -> Any:
        return value if isinstance(value, bool) else shape.read(value, at, notes)

    return Shape(f"true, false or {shape.expected}", read)


def _one_example(value: Mapping[str, Any], at: Place, notes: Notes) -> None:
    if "example" in value and "examples" in value:
        notes.error("bad-value", "expected 'example' or 'examples', found both", at)


def _schema_rules(value: Mapping[str, Any], at: Place, notes: Notes) -> None:
    if value.get("type") == "array" and "items" not in value:
        notes.error("missing-key", "expected 'items' in a schema of type 'array', but it is missing", at)
    if value.get("readOnly") is True and value.get("writeOnly") is True:
        notes.error("bad-value", "expected 'readOnly' or 'writeOnly', found both", at)


def _parameter_rules(value: Mapping[str, Any], at: Place, notes: Notes) -> None:
    _one_example(value, at, notes)
    if ("schema" in value) == ("content" in value):
        found = "both" if "schema" in value else "neither"
        notes.error("bad-value", f"expected 'schema' or 'content', found {found}", at)
    if value.get("in") == "path" and value.get("required") is not True:
        place = (*at, "required") if "required" in value else at
        notes.error("bad-value", "expected 'required' to be true, because the parameter is in the path", place)


_TEXT: Final = string()
_TEXTS: Final = list_of(string())
_SOME_TEXTS: Final = list_of(string(), minimum=1)
_COUNT: Final = number(0)
_DOCS: Final = _closed("url", url=_TEXT, description=_TEXT)
_SCHEMA: Final[Shape[Any]] = _or_reference(_lazy(lambda: _PLAIN_SCHEMA))
_PLAIN_SCHEMA: Final[Shape[Any]] = _also(
    _closed(
        title=_TEXT,
        multipleOf=number(),
        maximum=number(),
        exclusiveMaximum=boolean(),
        minimum=number(),
        exclusiveMinimum=boolean(),
        maxLength=_COUNT,
        minLength=_COUNT,
        pattern=_pattern(),
        maxItems=_COUNT,
        minItems=_COUNT,
        uniqueItems=boolean(),
        maxProperties=_COUNT,
        minProperties=_COUNT,
        required=_SOME_TEXTS,
        enum=list_of(anything(), minimum=1),
        type=choice("array", "boolean", "integer", "number", "object", "string"),
        not_=_SCHEMA,
        allOf=list_of(_SCHEMA),
        oneOf=list_of(_SCHEMA),
        anyOf=list_of(_SCHEMA),
        items=_SCHEMA,
        properties=_named(_SCHEMA),
        additionalProperties=_boolean_or(_SCHEMA),
        description=_TEXT,
        format=_TEXT,
        default=anything(),
        nullable=boolean(),
        discriminator=_closed("propertyName", propertyName=_TEXT, mapping=_named(_TEXT)),
        readOnly=boolean(),
        writeOnly=boolean(),
        example=anything(),
        externalDocs=_DOCS,
        deprecated=boolean(),
        xml=_closed(name=_TEXT, namespace=_TEXT, prefix=_TEXT, attribute=boolean(), wrapped=boolean()),
    ),
    _schema_rules,
)
_EXAMPLES: Final = _named(
    _or_reference(_closed(summary=_TEXT, description=_TEXT, value=anything(), externalValue=_TEXT))
)
_CONTENT: Final[Shape[Any]] = _named(_lazy(lambda: _MEDIA_TYPE))
_HEADER: Final = _or_reference(
    _also(
        _closed(
            description=_TEXT,
            required=boolean(),
            deprecated=boolean(),
            allowEmptyValue=boolean(),
            style=_TEXT,
            explode=boolean(),
            allowReserved=boolean(),
            schema=_SCHEMA,
            content=_CONTENT,
            example=anything(),
            examples=_EXAMPLES,
        ),
        _one_example,
    )
)
_MEDIA_TYPE: Final[Shape[Any]] = _also(
    _closed(
        schema=_SCHEMA,
        example=anything(),
        examples=_EXAMPLES,
        encoding=_named(
            _closed(
                contentType=_TEXT,
                headers=_named(_HEADER),
                style=_TEXT,
                explode=boolean(),
                allowReserved=boolean(),
            )
        ),
    ),
    _one_example,
)
_PARAMETER: Final = _or_reference(
    _also(
        _closed(
            "name in",
            name=_TEXT,
            in_=choice("path", "query", "header", "cookie"),
            description=_TEXT,
            required=boolean(),
            deprecated=boolean(),
            allowEmptyValue=boolean(),
            style=_TEXT,
            explode=boolean(),
            allowReserved=boolean(),
            schema=_SCHEMA,
            content=_CONTENT,
            example=anything(),
            examples=_EXAMPLES,
        ),
        _parameter_rules,
    )
)
_SERVERS: Final = list_of(
    _closed(
        "url",
        url=_TEXT,
        description=_TEXT,
        variables=_named(_closed("default", enum=_TEXTS, default=_TEXT, description=_TEXT)),
    )
)
_LINK: Final = _or_reference(
    _closed(
        operationId=_TEXT,
        operationRef=_TEXT,
        parameters=_named(anything()),
        requestBody=anything(),
        description=_TEXT,
        server=anything(),
    )
)
_RESPONSE: Final = _or_reference(
    _closed(
        "description",
        description=_TEXT,
        headers=_named(_HEADER),
        content=_CONTENT,
        links=_named(_LINK),
    )
)
_BODY: Final = _or_reference(_closed("content", description=_TEXT, content=_CONTENT, required=boolean()))
_SECURITY: Final = list_of(_named(_TEXTS))
_CALLBACKS: Final = _named(_named(anything()))


def _some_response(value: Mapping[str, Any], at: Place, notes: Notes) -> None:
    if not any(not key.startswith("x-") for key in value):
        notes.error("missing-key", "expected at least one response, found none", at)


_OPERATION: Final = _closed(
    "responses",
    tags=_TEXTS,
    summary=_TEXT,
    description=_TEXT,
    externalDocs=_DOCS,
    operationId=_TEXT,
    parameters=list_of(_PARAMETER),
    requestBody=_BODY,
    responses=_also(_named(_RESPONSE, _STATUS, "a status such as '200', '4XX' or 'default'"), _some_response),
    callbacks=_CALLBACKS,
    deprecated=boolean(),
    security=_SECURITY,
    servers=_SERVERS,
)
_PATHS: Final = _named(
    _closed(
        **{"$ref": _TEXT},
        summary=_TEXT,
        description=_TEXT,
        servers=_SERVERS,
        parameters=list_of(_PARAMETER),
        **dict.fromkeys(METHODS, _OPERATION),
    ),
    re.compile(r"/.*", re.DOTALL),
    "a path that begins with '/'",
)
_FLOW: Final = _closed("scopes", authorizationUrl=_TEXT, tokenUrl=_TEXT, refreshUrl=_TEXT, scopes=_named(_TEXT))
_SCHEME: Final = _or_reference(
    _closed(
        "type",
        type=choice("apiKey", "http", "oauth2", "openIdConnect"),
        name=_TEXT,
        in_=choice("header", "query", "cookie"),
        scheme=_TEXT,
        bearerFormat=_TEXT,
        description=_TEXT,
        flows=_closed(implicit=_FLOW, password=_FLOW, clientCredentials=_FLOW, authorizationCode=_FLOW),
        openIdConnectUrl=_TEXT,
    )
)


def _component(shape: Shape[Any]) -> Shape[Any]:
    return _named(shape, _COMPONENT, "a name of letters, digits, '.', '-' and '_'")


_INFO: Final = _closed(
    "title version",
    title=_TEXT,
    description=_TEXT,
    termsOfService=_TEXT,
    contact=_closed(name=_TEXT, url=_TEXT, email=_TEXT),
    license=_closed("name", name=_TEXT, url=_TEXT),
    version=_TEXT,
)
_DOCUMENT: Final = _closed(
    "openapi info paths",
    openapi=_TEXT,
    info=_INFO,
    externalDocs=_DOCS,
    servers=_SERVERS,
    security=_SECURITY,
    tags=list_of(_closed("name", name=_TEXT, description=_TEXT, externalDocs=_DOCS)),
    paths=_PATHS,
    components=_closed(
        schemas=_component(_SCHEMA),
        responses=_component(_RESPONSE),
        parameters=_component(_PARAMETER),
        examples=_component(anything()),
        requestBodies=_component(_BODY),
        headers=_component(_HEADER),
        securitySchemes=_component(_SCHEME),
        links=_component(_LINK),
        callbacks=_component(anything()),
    ),
)


# ── rules across the document ──


def check_document(document: Mapping[str, Any], notes: Notes) -> None:
    """Note everything wrong with the OpenAPI part of a document."""
    version = document.get("openapi")
    if "openapi" not in document:
        notes.error("missing-key", "expected 'openapi', a version such as '3.0.3', but it is missing", ())
    elif not isinstance(version, str):
        notes.error("wrong-type", f"expected a version such as '3.0.3', found {notes.show(version, ())}", ("openapi",))
    elif not _VERSION.fullmatch(version):
        message = f"expected a version 3.0 or 3.1 with three parts, such as '3.0.3', found {version!r}"
        notes.error("bad-openapi-version", message, ("openapi",))
    if isinstance(version, str) and version.startswith("3.1"):
        _check_newer(document, notes)
    else:
        shown = {**document, "openapi": "3.0.3"}
        _DOCUMENT.read(shown, (), notes)
    _check_operations(document, notes)


def _check_newer(document: Mapping[str, Any], notes: Notes) -> None:
    if not isinstance(document.get("info"), dict):
        notes.error("missing-key", "expected 'info', an object, but it is missing", ())
    paths = document.get("paths", {})
    if not isinstance(paths, dict):
        notes.error("wrong-type", f"expected an object, found {notes.show(paths, ('paths',))}", ("paths",))
        return
    for path, item in paths.items():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            notes.error("not-allowed", f"expected a path that begins with '/', found {path!r}", ("paths", path))
        elif not isinstance(item, dict):
            notes.error("wrong-type", f"expected an object, found {notes.show(item, ())}", ("paths", path))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, key of the method and operation of everything under ``paths``, in the order of the document."""
    paths = document.get("paths")
    if not isinstance(paths, dict):
        return
    for path, item in paths.items():
        if not path.startswith("/") or not isinstance(item, dict):
            continue
        for method, operation in item.items():
            if method in METHODS and isinstance(operation, dict):
                yield path, method, operation


def _check_operations(document: Mapping[str, Any], notes: Notes) -> None:
    seen: dict[str, str] = {}
    for path, method, operation in operations(document):
        entry = f"{method.upper()} {path}"
        place: Place = ("paths", path, method)
        name = operation.get("operationId")
        if isinstance(name, str) and name:
            if name in seen:
                message = f"{entry} has the operation id {name!r}, which {seen[name]} has already"
                notes.error("duplicate-operation", message, (*place, "operationId"))
            seen.setdefault(name, entry)
        _check_path_parameters(document, path, place, notes)


def _check_path_parameters(document: Mapping[str, Any], path: str, place: Place, notes: Notes) -> None:
    item = document["paths"][path]
    operation = item[place[-1]]
    wanted = {inside.strip() for inside in _PLACEHOLDER.findall(path)}
    given: set[str] = set()
    for holder in (item, operation):
        listed = holder.get("parameters")
        for parameter in listed if isinstance(listed, list) else ():
            resolved = _followed(document, parameter)
            if resolved is None:
                return  # A reference that leads nowhere, or is malformed: noted elsewhere, or not ours to judge.
            if resolved.get("in") == "path" and isinstance(resolved.get("name"), str):
                given.add(resolved["name"])
    # A placeholder may hold a pattern, as in "{id:[0-9]+}".
    missing = sorted(name for name in wanted if name not in given and name.partition(":")[0] not in given)
    extra = sorted(given - wanted - {name.partition(":")[0] for name in wanted})
    entry = f"{str(place[-1]).upper()} {path}"
    if missing:
        names = ", ".join(map(repr, missing))
        notes.error(
            "bad-parameters", f"expected a path parameter for each placeholder of {entry}, missing {names}", place
        )
    if extra:
        names = ", ".join(map(repr, extra))
        notes.error(
            "bad-parameters", f"expected a placeholder in {entry} for each path parameter, missing {names}", place
        )


def _followed(document: Mapping[str, Any], value: Any) -> Mapping[str, Any] | None:
    """A value with references into the document followed; None when that does not end at an object."""
    for _ in range(10):
        if not isinstance(value, dict):
            return None
        reference = value.get("$ref")
        if reference is None:
            return value
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return None
        value = document
        for part in reference[2:].split("/"):
            value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return None
