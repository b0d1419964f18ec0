"""What a template is run on: the body as data, with facts of request and session.

Source: behaviour-scripting 0, 1.5, 1.6 and 1.11.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

from lockgate.body_transforms.transform import BodyTransform, Facts, InputFormat, NoSession
from lockgate.documents.json import JsonError, decode_floats
from lockgate.documents.xml import XmlError, decode_xml
from lockgate.exchange import Variables, VariableValue
from lockgate.templates.values import FormValues, ListMap, NilMap, TypedList, strings

CONTEXT: Final = "_tyk_context"
META: Final = "_tyk_meta"

_COUNTERS: Final = frozenset(
    f"{limit}_{number}" for limit in ("quota", "rate_limit") for number in ("limit", "remaining", "reset")
)
"""Variables that are whole numbers."""


class InputError(ValueError):
    """A body that cannot be read; the message says why."""


def data_of(transform: BodyTransform, body: bytes, facts: Facts) -> tuple[dict[str, object], str]:
    """What the template gets as ``.``, and why the body counted as an empty one; "" where it did not.

    Raises:
        InputError: The body cannot be read, and the transform is not tolerant.
    """
    remark = ""
    try:
        data = read_body(body, transform.input)
    except InputError as error:
        if not transform.tolerant:
            raise
        data, remark = {}, str(error)
    if transform.sees_meta and transform.session and not isinstance(facts.meta, NoSession):
        data[META] = NilMap() if facts.meta is None else as_json(facts.meta)
    if transform.sees_context and facts.context is not None:
        data[CONTEXT] = context_data(facts.context)
    return data, remark


def read_body(body: bytes, kind: InputFormat) -> dict[str, object]:
    """A body as data.

    Raises:
        InputError: It cannot be read.
    """
    if kind is InputFormat.XML:
        try:
            return decode_xml(body) if body else {"_": ""}
        except XmlError as error:
            raise InputError(f"the body is no XML: {error}") from None
    if kind is InputFormat.OTHER:
        raise InputError("unsupported request input type")
    if not body:
        return {}
    try:
        value = decode_floats(body)
    except JsonError as error:
        raise InputError(f"the body is no JSON: {error.text}") from None
    if isinstance(value, dict):
        return value
    return {"array": value} if isinstance(value, list) else {}


def context_data(variables: Variables) -> dict[str, object]:
    """Context variables as data."""
    return {name: _variable(name, value) for name, value in variables.items()}


def _variable(name: str, value: VariableValue) -> object:
    if isinstance(value, str):
        return value
    match name:
        case "path_parts" if _are_texts(value):
            return strings(map(str, value))
        case "headers" if (lists := _lists_of_texts(value)) is not None:
            return ListMap(lists)
        case "request_data" if (lists := _lists_of_texts(value)) is not None:
            return FormValues(lists)
    # What is left is a claim, or what a jq filter set.
    return value if name in _COUNTERS else as_json(value)


def _are_texts(value: VariableValue) -> TypeGuard[Sequence[str]]:
    return isinstance(value, tuple | list) and all(isinstance(one, str) for one in value)


def _lists_of_texts(value: VariableValue) -> dict[str, TypedList] | None:
    """Lists of texts by name; None: something else is in it."""
    if not isinstance(value, Mapping):
        return None
    lists: dict[str, TypedList] = {}
    for name, one in value.items():
        if not _are_texts(one):
            return None
        lists[str(name)] = strings(map(str, one))
    return lists


def as_json(value: Any) -> Any:
    """A JSON value that somebody decoded, with floats for all numbers."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value]
