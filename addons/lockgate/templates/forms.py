"""Methods of ``url.Values``, the values of a form: a template calls them like fields.

Source: Go 1.26, net/url/url.go.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.templates.functions.printing import escape_query
from lockgate.templates.methods import Method
from lockgate.templates.values import FormValues, TypedList, sorted_keys, strings


def _get(values: FormValues, key: str) -> object:
    found = values.get(key)
    return found[0] if found else ""


def _has(values: FormValues, key: str) -> bool:
    return key in values


def _encode(values: FormValues) -> str:
    return "&".join(
        f"{escape_query(key)}={escape_query(value)}"
        for key in sorted_keys(values)
        for value in values[key]
        if isinstance(value, str)
    )


def _set(values: FormValues, key: str, value: str) -> None:
    values[key] = strings([value])


def _add(values: FormValues, key: str, value: str) -> None:
    # A list of its own: another one that was taken from here stays as it is.
    values[key] = TypedList([*values.get(key, ()), value], "string")


def _del(values: FormValues, key: str) -> None:
    values.pop(key, None)


METHODS: Final[Mapping[str, Method]] = {
    "Add": ("(string, string) ()", _add),
    "Del": ("(string) ()", _del),
    "Encode": ("() string", _encode),
    "Get": ("(string) string", _get),
    "Has": ("(string) bool", _has),
    "Set": ("(string, string) ()", _set),
}
"""By name: Go's signature without receiver, and what it does to the values, which come first. "()": no result."""
