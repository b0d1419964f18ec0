"""``validateRequest``, and our ``validateResponse``: from the OpenAPI document to operations that judge messages.

References are followed inside the document only. What does not compile keeps the API on 503: the section restricts.

Source: behaviour-chain 4.8; OpenAPI 3.0.3 and 3.1.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lockgate.decoding.positions import parts_of
from lockgate.decoding.shapes import Field, Place, Shape, boolean, choice, integer, optional, record, required
from lockgate.loading.making import Making
from lockgate.loading.openapi_rules import operations
from lockgate.middleware import Rule
from lockgate.middlewares.validate_request import ValidateRequest
from lockgate.middlewares.validate_response import Mode, ValidateResponse
from lockgate.problems import pointer
from lockgate.routing.router import check_path
from lockgate.validation import parameters
from lockgate.validation.bodies import MediaType, choose
from lockgate.validation.bodies_form import Encoding
from lockgate.validation.layout import Layouts, pointed
from lockgate.validation.openapi_schema import Compiler, OpenApiSchema, SchemaError, Version
from lockgate.validation.operation import Content, Operation, ResponseShape
from lockgate.validation.parameters import Parameter
from lockgate.validation.texts import quoted

MOST_REFERENCES: Final = 32
"""``$ref`` that lead to one another without end are given up after so many."""

_USUAL_STATUS: Final = 422
_REFUSED_RESPONSE: Final = 502


@dataclass(frozen=True, slots=True)
class ValidateRequestSection:
    """``validateRequest``."""

    enabled: bool
    error_response_code: int = 0


@dataclass(frozen=True, slots=True)
class ValidateResponseSection:
    """``x-lockgate.validateResponse``: responses are held against the OpenAPI document."""

    enabled: bool = True
    """An operation's own section with ``false`` takes it out."""
    mode: str = "report"
    """``report``: a response that is not as promised goes on, trace and log say why. ``enforce``: it is refused."""
    error_response_code: int = _REFUSED_RESPONSE
    """Status of a refusal, 400 to 599."""


@dataclass(frozen=True, slots=True)
class OwnOperationKeys:
    """``x-lockgate`` of an operation."""

    validate_response: ValidateResponseSection | None = None


VALIDATE_REQUEST: Final = record(
    ValidateRequestSection, {"enabled": required(boolean()), "errorResponseCode": optional(integer(), 0)}
)
VALIDATE_RESPONSE: Final[Shape[ValidateResponseSection]] = record(
    ValidateResponseSection,
    {
        "enabled": optional(boolean(), default=True),
        "mode": optional(choice("report", "enforce"), "report"),
        "errorResponseCode": optional(integer(400, 599), _REFUSED_RESPONSE),
    },
)
OWN_OPERATION: Final[Field] = optional(
    record(OwnOperationKeys, {"validateResponse": optional(VALIDATE_RESPONSE)}), name="own"
)


class Validation:
    """What one document wants validated."""

    def __init__(self, document: Mapping[str, Any], making: Making) -> None:
        """Begin.

        Args:
            document: With references to secrets replaced.
            making: Of the definition; gets what is wrong.
        """
        self._document = document
        self._making = making
        self._operations = _Operations(document)
        self._noted: set[tuple[str, str, bool]] = set()

    def request_rule(self, section: ValidateRequestSection, path: str, method: str, place: Place) -> Iterator[Rule]:
        """The rule of an operation's ``validateRequest``.

        Args:
            section: As decoded.
            path: Of the operation.
            method: In upper case.
            place: Of the section.
        """
        status = section.error_response_code or _USUAL_STATUS
        # Differs: the reference gateway closes the connection without an answer
        # (test_an_error_code_that_is_no_status_is_not_used).
        if not 200 <= status <= 999:  # noqa: PLR2004 - final ones
            where = (*place, "errorResponseCode")
            self._making.check_status(status, where, f"refused requests are answered with {_USUAL_STATUS}")
            status = _USUAL_STATUS
        operation = self._compiled(path, method, place, "validateRequest")
        if operation is not None:
            limit = self._making.settings.own.limits.max_validated_body
            config = ValidateRequest(operation, status, limit)
            yield Rule("validate_request", path, method, config, pointer(*place))

    def response_rules(
        self,
        everywhere: ValidateResponseSection | None,
        by_operation: Mapping[str, ValidateResponseSection],
        extension: Place,
    ) -> Iterator[Rule]:
        """The rules of ``validateResponse``, of all operations.

        Args:
            everywhere: Of the API.
            by_operation: Of operations, by id; counts instead.
            extension: Place of the extension.
        """
        for path, method, found in operations(self._document):
            name = found.get("operationId")
            own = by_operation.get(name) if isinstance(name, str) else None
            section = own or everywhere
            if section is None or not section.enabled:
                continue
            place: Place = (*extension, "x-lockgate", "validateResponse")
            if own is not None:
                place = (*extension, "middleware", "operations", str(name), "x-lockgate", "validateResponse")
            operation = self._compiled(
                path, method.upper(), place, "validateResponse", responses=True, restricts=section.mode == "enforce"
            )
            if operation is not None:
                limit = self._making.settings.own.limits.max_validated_body
                config = ValidateResponse(operation, Mode(section.mode), section.error_response_code, limit)
                yield Rule("validate_response", path, method.upper(), config, pointer(*place))

    def _compiled(
        self, path: str, method: str, place: Place, key: str, *, responses: bool = False, restricts: bool = True
    ) -> Operation | None:
        named = f"{key} of {method} {path}"
        try:
            check_path(path)
            return self._operations.operation(path, method.lower(), responses=responses)
        except SchemaError as error:
            # What several operations share is told once.
            known = (error.pointer, error.message, restricts)
            if known not in self._noted:
                self._noted.add(known)
                at = tuple(parts_of(error.pointer)) or place
                self._refuse(f"{named}: {error.message}", at, restricts=restricts)
        except ValueError as error:
            self._refuse(f"{named}: the path is no template: {error}", ("paths", path), restricts=restricts)
        except RecursionError:
            self._refuse(f"{named}: its schemas are nested too deeply", place, restricts=restricts)
        return None

    def _refuse(self, message: str, at: Place, *, restricts: bool) -> None:
        if restricts:
            self._making.broken.append(message)
            self._making.notes.error("unsupported-schema", f"{message}; the API answers 503", at)
        else:
            self._making.notes.warning("unsupported-schema", f"{message}; its responses are not looked at", at)


class _Operations:
    """Operations of one document, compiled; what they share is compiled once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._version: Version = "3.1" if str(document.get("openapi", "")).startswith("3.1") else "3.0"
        self._compiler = Compiler(document, self._version)
        self._layouts = Layouts(document)
        self._schemas: dict[str, OpenApiSchema] = {}
        self._known: dict[tuple[str, str, bool], Operation] = {}

    def operation(self, path: str, method: str, *, responses: bool) -> Operation:
        """One operation.

        Args:
            path: Key of ``paths``.
            method: Key of the path item.
            responses: Whether its responses are wanted; else its parameters and its body are.

        Raises:
            SchemaError: Something of it does not compile.
        """
        key = (path, method, responses)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(path, method, responses=responses)
        return known

    def _made(self, path: str, method: str, *, responses: bool) -> Operation:
        item = self._document["paths"][path]
        operation = item[method]
        at: Place = ("paths", path)
        if responses:
            return Operation(responses=dict(self._responses(operation.get("responses"), (*at, method, "responses"))))
        given = list(self._parameters(operation.get("parameters"), (*at, method, "parameters")))
        own = {(one.place, one.name) for one in given}
        inherited = self._parameters(item.get("parameters"), (*at, "parameters"))
        body = operation.get("requestBody")
        return Operation(
            parameters=(*(one for one in inherited if (one.place, one.name) not in own), *given),
            body=None if body is None else self._body(body, (*at, method, "requestBody")),
            security_problem=self._security(operation),
        )

    # references

    def _object(self, value: object, at: Place, what: str) -> tuple[Mapping[str, Any], Place]:
        """An object with references followed, and where it stands."""
        for _ in range(MOST_REFERENCES):
            if not isinstance(value, Mapping):
                raise SchemaError(f"expected {what}, an object", pointer(*at))
            reference = value.get("$ref")
            if reference is None:
                return value, at
            if not isinstance(reference, str) or not reference.startswith("#"):
                raise SchemaError(f"the reference {reference!r} leads out of the document", pointer(*at, "$ref"))
            value = pointed(self._document, reference)
            if value is None:
                raise SchemaError(f"the reference {reference!r} leads to nothing", pointer(*at, "$ref"))
            at = tuple(parts_of(reference[1:]))
        raise SchemaError("references lead to one another", pointer(*at))

    def _schema(self, schema: object, at: Place) -> OpenApiSchema:
        if not isinstance(schema, Mapping | bool):
            raise SchemaError("expected a schema, an object", pointer(*at))
        reference = schema.get("$ref") if isinstance(schema, Mapping) and len(schema) == 1 else None
        known = self._schemas.get(reference) if isinstance(reference, str) else None
        if known is not None:
            return known
        made = OpenApiSchema(
            schema, self._document, version=self._version, pointer=pointer(*at), compiler=self._compiler
        )
        if isinstance(reference, str):
            self._schemas[reference] = made
        return made

    # parts

    def _parameters(self, listed: object, at: Place) -> Iterator[Parameter]:
        if listed is None:
            return
        if not isinstance(listed, list):
            raise SchemaError("expected a list of parameters", pointer(*at))
        for index, one in enumerate(listed):
            found, place = self._object(one, (*at, index), "a parameter")
            yield self._parameter(found, place)

    def _parameter(self, found: Mapping[str, Any], at: Place) -> Parameter:
        name = found.get("name")
        try:
            where = parameters.Place(found.get("in"))
        except ValueError:
            raise SchemaError("expected 'in' to be path, query, header or cookie", pointer(*at)) from None
        if not isinstance(name, str):
            raise SchemaError("expected a parameter with a name", pointer(*at))
        simple = where in (parameters.Place.PATH, parameters.Place.HEADER)
        return self._valued(found, at, self._shell(found, name, where, simple=simple))

    @staticmethod
    def _shell(found: Mapping[str, Any], name: str, where: parameters.Place, *, simple: bool) -> Parameter:
        style, explode = found.get("style"), found.get("explode")
        return Parameter(
            name.partition(":")[0] if where is parameters.Place.PATH else name,
            where,
            required=found.get("required") is True,
            allow_empty=found.get("allowEmptyValue") is True,
            style=style if isinstance(style, str) and style else "simple" if simple else "form",
            explode=explode if isinstance(explode, bool) else not simple,
            explodes_defaults=explode is True,
        )

    def _valued(self, found: Mapping[str, Any], at: Place, shell: Parameter) -> Parameter:
        """With its schema."""
        if "content" not in found:
            if "schema" not in found:
                return shell
            schema, layout = self._schema(found["schema"], (*at, "schema")), self._layouts.of(found["schema"])
            return replace(shell, schema=schema, layout=layout)
        content, place = self._object(found["content"], (*at, "content"), "media types")
        problem = ""
        media = choose(content, "application/json")
        if len(content) != 1:
            problem = f"multiple content types for parameter {quoted(shell.name)}"
        elif media is None:
            problem = f"parameter {quoted(shell.name)} has no content schema"
        if problem or not isinstance(media, Mapping) or "schema" not in media:
            return replace(shell, by_content=True, content_problem=problem)
        schema = self._schema(media["schema"], (*place, next(iter(content)), "schema"))
        return replace(shell, by_content=True, schema=schema, layout=self._layouts.of(media["schema"]))

    def _body(self, body: object, at: Place) -> Content:
        found, place = self._object(body, at, "a request body")
        content = self._content(found.get("content"), (*place, "content"))
        return replace(content, required=found.get("required") is True)

    def _content(self, content: object, at: Place) -> Content:
        if content is None:
            return Content()
        media, place = self._object(content, at, "media types")
        return Content(media={name: self._media_type(one, (*place, name)) for name, one in media.items()})

    def _media_type(self, media: object, at: Place) -> MediaType:
        found, place = self._object(media, at, "a media type")
        if "schema" not in found:
            return MediaType()
        schema = self._schema(found["schema"], (*place, "schema"))
        title = schema.schema.get("title")
        encodings = found.get("encoding")
        return MediaType(
            schema,
            self._layouts.of(found["schema"]),
            {name: _encoding(one) for name, one in encodings.items()} if isinstance(encodings, Mapping) else {},
            title if isinstance(title, str) else "",
        )

    def _responses(self, responses: object, at: Place) -> Iterator[tuple[str, ResponseShape]]:
        if responses is None:
            return
        found, place = self._object(responses, at, "responses")
        for status, response in found.items():
            if str(status).startswith("x-"):
                continue
            one, where = self._object(response, (*place, status), "a response")
            headers = one.get("headers")
            declared = headers if isinstance(headers, Mapping) else {}
            yield (
                str(status).upper() if str(status) != "default" else "default",
                ResponseShape(
                    self._content(one.get("content"), (*where, "content")),
                    tuple(
                        self._header(str(name), header, (*where, "headers", name))
                        for name, header in declared.items()
                        if str(name).lower() != "content-type"
                    ),
                ),
            )

    def _header(self, name: str, header: object, at: Place) -> Parameter:
        found, place = self._object(header, at, "a header")
        return self._valued(found, place, self._shell(found, name, parameters.Place.HEADER, simple=True))

    def _security(self, operation: Mapping[str, Any]) -> str:
        """Why no requirement can be met; whether one is met is for authentication."""
        wanted = operation["security"] if "security" in operation else self._document.get("security")
        if not isinstance(wanted, list) or not wanted:
            return ""
        components = self._document.get("components")
        declared = components.get("securitySchemes") if isinstance(components, Mapping) else None
        known = declared if isinstance(declared, Mapping) else {}
        problems: list[str] = []
        for requirement in wanted:
            names = sorted(requirement) if isinstance(requirement, Mapping) else []
            missing = next((name for name in names if name not in known), None)
            if missing is None:
                return ""
            problems.append(f"security scheme {quoted(missing)} is not declared")
        return f"security requirements failed: {' | '.join(problems)}"


def _encoding(value: object) -> Encoding:
    if not isinstance(value, Mapping):
        return Encoding()
    style, explode = value.get("style"), value.get("explode")
    return Encoding(style if isinstance(style, str) and style else "form", explode is not False)
