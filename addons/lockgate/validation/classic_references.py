"""Where ``$ref`` of a ``validate_json`` schema leads. Nothing is fetched: a schema has to be complete.

Source: gojsonschema 1.2.0, schemaPool.go; gojsonpointer; gojsonreference.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, final
from urllib.parse import unquote, urljoin, urlsplit

import jsonschema

from lockgate.documents.json import decode, encode

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_INDEX: Final = re.compile(r"[+-]?[0-9]{1,18}")

# Names of schemas by property are no schemas, and values are taken as they are.
_NAMES_OF_SCHEMAS: Final = ("properties", "dependencies", "patternProperties")
_VALUES: Final = ("const", "enum")

METASCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "http://json-schema.org/draft-04/schema": jsonschema.Draft4Validator.META_SCHEMA,
    "http://json-schema.org/draft-06/schema": jsonschema.Draft6Validator.META_SCHEMA,
    "http://json-schema.org/draft-07/schema": jsonschema.Draft7Validator.META_SCHEMA,
}
"""Schemas of schemas, which every schema may refer to."""


class SchemaError(ValueError):
    """A schema that cannot be used. Its message is the reference gateway's, wherever it has one."""


@final
class References:
    """The parts of one schema by reference."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Read a schema.

        Args:
            schema: Each ``$ref`` in it is made absolute.
        """
        self._parts: Final[dict[str, Any]] = {}
        self._read(schema, "")
        self._parts.setdefault("", schema)

    def find(self, reference: str) -> Any:
        """What a reference leads to.

        Args:
            reference: Absolute, as the constructor left it in the schema.

        Raises:
            SchemaError: There is no such part.
        """
        check_reference(reference)
        address, fragment = _split(reference)
        whole = _joined(address, fragment)
        if whole in self._parts:
            return self._parts[whole]
        if address not in self._parts:
            schema = _metaschema(address, reference)
            self._read(schema, address)
            self._parts[address] = schema
        # A fragment that is no pointer leads to the whole.
        found = _pointed(self._parts[address], fragment) if fragment.startswith("/") else self._parts[address]
        self._parts[whole] = found
        return found

    def _read(self, node: Any, base: str) -> None:
        if isinstance(node, list):
            for item in node:
                self._read(item, base)
        if not isinstance(node, dict):
            return
        own = node.get("id" if "id" in node else "$id")
        if isinstance(own, str) and _is_reference(own):
            base = _resolved(base, own)
            # Of two with one name the first counts.
            self._parts.setdefault(_joined(*_split(base)), node)
        reference = node.get("$ref")
        if isinstance(reference, str) and _is_reference(reference):
            node["$ref"] = _resolved(base, reference)
        for key, value in node.items():
            if key in _NAMES_OF_SCHEMAS:
                for schema in value.values() if isinstance(value, dict) else ():
                    self._read(schema, base)
            elif key not in _VALUES:
                self._read(value, base)


def check_reference(text: str) -> None:
    """Check the form of a reference.

    Raises:
        SchemaError: It is none.
    """
    bad = _BAD_ESCAPE.search(text)
    if bad is not None:
        raise SchemaError(f'parse "{text}": invalid URL escape "{bad[0]}"')
    if not _is_reference(text):
        raise SchemaError(f'parse "{text}": it is no URL')


def _is_reference(text: str) -> bool:
    if _BAD_ESCAPE.search(text) is not None or _CONTROL.search(text) is not None:
        return False
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


def _split(reference: str) -> tuple[str, str]:
    """Address and decoded fragment."""
    address, _, fragment = reference.partition("#")
    return address, unquote(fragment)


def _joined(address: str, fragment: str) -> str:
    return f"{address}#{fragment}" if fragment else address


def _resolved(base: str, reference: str) -> str:
    address = base.partition("#")[0]
    if reference.startswith("#") or not reference:
        # The library's function loses the address of a scheme that it does not know.
        made = address + reference
    else:
        made = urljoin(address, reference) if address else reference
    return made.removesuffix("#")


def _metaschema(address: str, reference: str) -> Any:
    found = METASCHEMAS.get(address)
    if found is not None:
        return decode(encode(found))
    url = urlsplit(address)
    if (url.scheme and url.netloc) or (url.scheme == "file" and url.path.startswith("/")):
        # Differs: the reference gateway fetches it, for every request (test_nothing_is_fetched).
        raise SchemaError(f"Reference {reference} is not fetched: a schema has to be complete")
    raise SchemaError(f"Reference {reference} must be canonical")


def _pointed(node: Any, pointer: str) -> Any:
    for token in pointer[1:].split("/"):
        if isinstance(node, Mapping):
            key = token.replace("~1", "/").replace("~0", "~")
            if key not in node:
                raise SchemaError(f"Object has no key '{key}'")
            node = node[key]
        elif isinstance(node, list):
            if _INDEX.fullmatch(token) is None:
                raise SchemaError(f"Invalid array index '{token}'")
            if not 0 <= int(token) < len(node):
                raise SchemaError(f"Out of bound array[0,{len(node)}] index '{int(token)}'")
            node = node[int(token)]
        else:
            raise SchemaError(f"Invalid token reference '{token}'")
    return node
