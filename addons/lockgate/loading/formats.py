"""Which format a document is in, from its shape."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from lockgate.loading.classic_parts import look_up
from lockgate.loading.oas_format import EXTENSION
from lockgate.loading.operator import is_resource

_CLASSIC_KEYS: Final = ("proxy", "version_data", "use_keyless", "definition")

WRAPPER: Final = "api_definition"
"""Key under which a dashboard exports a Classic definition."""


class Format(Enum):
    """A kind of document."""

    OAS = "Tyk OAS"
    CLASSIC = "Tyk Classic"
    OPERATOR = "Kubernetes"
    WRAPPED = "wrapped Tyk Classic"
    LIST = "list"
    UNKNOWN = "unknown"


def format_of(document: Any) -> Format:
    """The format of a JSON value."""
    if isinstance(document, list) and any(format_of(one) is not Format.UNKNOWN for one in document):
        return Format.LIST
    if not isinstance(document, Mapping):
        return Format.UNKNOWN
    if is_resource(document):
        return Format.OPERATOR
    if EXTENSION in document or "openapi" in document or "swagger" in document:
        return Format.OAS
    if isinstance(document.get(WRAPPER), Mapping):
        return Format.WRAPPED
    if any(look_up(document, key) is not None for key in _CLASSIC_KEYS):
        return Format.CLASSIC
    return Format.UNKNOWN
