"""What decoding has to know of a schema: its types and where its parts are. Judging a value is for ``openapi_schema``.

Texts of a request (parameters, forms, parts) have no types of their own: the schema says what they are to be read as.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final
from urllib.parse import unquote

MOST_STEPS: Final = 32
"""``$ref`` that lead to one another without end are given up after so many."""

type Json = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Layout:
    """One schema, resolved. It may contain itself. Complete once ``Layouts.of`` has returned."""

    types: tuple[str, ...] = ()
    """Without "null"; empty where the schema has no type."""
    format: str = ""
    has_pattern: bool = False
    choices: tuple[object, ...] = ()
    """``enum`` or ``const``."""
    items: "Layout | None" = None
    properties: dict[str, "Layout"] = field(default_factory=dict)
    additional: "Layout | bool | None" = None
    """None where nothing is said of other properties."""
    all_of: tuple["Layout", ...] = ()
    any_of: tuple["Layout", ...] = ()
    one_of: tuple["Layout", ...] = ()
    has_not: bool = False
    default: object = None

    @property
    def kind(self) -> str:
        """The type where there is one alone, else ""."""
        return self.types[0] if len(self.types) == 1 else ""

    @property
    def is_typed(self) -> bool:
        """Whether something says how a text is to be read."""
        return bool(self.types or self.all_of or self.any_of or self.one_of)


UNTYPED: Final = Layout()


@final
class Layouts:
    """Schemas of one document."""

    __slots__ = ("_document", "_known")

    def __init__(self, document: Json) -> None:
        self._document: Final = document
        self._known: Final[dict[int, Layout]] = {}

    def of(self, schema: object) -> Layout:
        """The layout of a schema as it stands in the document. What cannot be resolved has none: it is refused elsewhere."""
        target = self.followed(schema)
        if not isinstance(target, Mapping):
            return UNTYPED
        known = self._known.get(id(target))
        if known is not None:
            return known
        layout = self._known[id(target)] = Layout()
        written = target.get("type")
        types = written if isinstance(written, list) else [written]
        layout.types = tuple(one for one in types if isinstance(one, str) and one != "null")
        form = target.get("format")
        layout.format = form if isinstance(form, str) else ""
        layout.has_pattern = bool(target.get("pattern"))
        choices = target.get("enum")
        layout.choices = (
            (target["const"],) if "const" in target else tuple(choices if isinstance(choices, list) else ())
        )
        if "items" in target:
            layout.items = self.of(target["items"])
        properties = target.get("properties")
        if isinstance(properties, Mapping):
            layout.properties = {str(name): self.of(one) for name, one in properties.items()}
        additional = target.get("additionalProperties")
        if additional is not None:
            layout.additional = additional if isinstance(additional, bool) else self.of(additional)
        layout.all_of, layout.any_of, layout.one_of = (self._several(target.get(key)) for key in _BRANCHES)
        layout.has_not = target.get("not") is not None
        layout.default = target.get("default")
        return layout

    def _several(self, schemas: object) -> tuple[Layout, ...]:
        return tuple(self.of(one) for one in schemas) if isinstance(schemas, list) else ()

    def followed(self, value: object) -> object:
        """A value with ``$ref`` into the document followed; None where they lead nowhere."""
        return followed(self._document, value)


_BRANCHES: Final = ("allOf", "anyOf", "oneOf")


def followed(document: Json, value: object) -> object:
    """A value of a document with ``$ref`` followed, inside the document only; None where they lead nowhere."""
    for _ in range(MOST_STEPS):
        if not (isinstance(value, Mapping) and isinstance(value.get("$ref"), str)):
            return value
        value = pointed(document, value["$ref"])
    return None


def pointed(document: Json, reference: str) -> object:
    """What ``#/…`` points to; None when there is nothing, or it points elsewhere."""
    if not reference.startswith("#"):
        return None
    value: object = document
    for part in unquote(reference[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
