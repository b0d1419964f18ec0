"""``validate_json`` of a Classic definition, with its schemas compiled.

Source: behaviour-chain 4.7.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from lockgate.decoding.shapes import Field, Place, anything, ignored, mapping_of, optional, string
from lockgate.documents.json import JsonError, decode
from lockgate.loading.classic_parts import TEXT, WHOLE
from lockgate.loading.classic_sections import ValidationEntry
from lockgate.loading.making import Making
from lockgate.middlewares.validate_json import ValidateJson
from lockgate.validation.classic_schema import ClassicSchema, SchemaError

_USUAL_STATUS: Final = 422
_FIRST_STATUS: Final = 200
_LAST_STATUS: Final = 999


FIELDS: Final[dict[str, Field]] = {
    "schema": optional(mapping_of(anything())),
    "schema_b64": TEXT,
    "error_response_code": WHOLE,
    "schema_version": ignored(string()),
}
"""What an entry has beside path, method and switch."""


def json_validation(making: Making, entry: ValidationEntry, place: Place) -> ValidateJson:
    """What an entry asks for. A schema that cannot be used is noted, and every request refused."""
    status = entry.error_response_code or _USUAL_STATUS
    if not _FIRST_STATUS <= status <= _LAST_STATUS:
        # Differs: the reference gateway answers nothing (test_a_status_that_no_answer_has).
        making.check_status(status, (*place, "error_response_code"), f"bodies are refused with {_USUAL_STATUS}")
        status = _USUAL_STATUS
    limit = making.settings.own.limits.max_validated_body
    schema, where = entry.schema, (*place, "schema")
    consequence = "requests are refused"
    if schema is None and entry.schema_b64:
        # Differs: the reference gateway reads it only in definitions from a Dashboard (test_schema_in_base64).
        where = (*place, "schema_b64")
        schema = _decoded(entry.schema_b64)
        if schema is None:
            message = f"expected base64 of a JSON schema, found something else: {consequence} with 500"
            making.notes.warning("bad-schema", message, where)
    elif schema is None:
        making.notes.warning("bad-schema", f"expected a schema, found none: {consequence} with 500", place)
    if schema is None:
        return ValidateJson(status=status, max_body_bytes=limit)
    try:
        return ValidateJson(ClassicSchema(schema), status=status, max_body_bytes=limit)
    except SchemaError as error:
        message = f"expected a JSON schema, but {error}: {consequence} with 400"
        making.notes.warning("bad-schema", message, where)
        return ValidateJson(fault=str(error), status=status, max_body_bytes=limit)


def _decoded(text: str) -> Mapping[str, Any] | None:
    try:
        schema = decode(base64.b64decode(text, validate=True))
    except (binascii.Error, JsonError, ValueError):
        return None
    return schema if isinstance(schema, dict) else None
