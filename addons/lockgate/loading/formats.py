"""Which format a document is in, from its shape."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from lockgate.loading.oas_format import EXTENSION

_CLASSIC_KEYS: Final = frozenset({"proxy", "version_data", "api_id", "use_keyless", "listen_path", "definition"})
_OPERATOR_KINDS: Final = frozenset({"ApiDefinition", "TykOasApiDefinition", "ConfigMap"})


class Format(Enum):
    """A kind of document."""

    OAS = "Tyk OAS"
    CLASSIC = "Tyk Classic"
    OPERATOR = "Tyk Operator"
    UNKNOWN = "unknown"


def format_of(document: Any) -> Format:
    """The format of a JSON value."""
    if not isinstance(document, Mapping):
        return Format.UNKNOWN
    if "kind" in document and "apiVersion" in document:
        return Format.OPERATOR if document["kind"] in _OPERATOR_KINDS else Format.UNKNOWN
    if EXTENSION in document or "openapi" in document or "swagger" in document:
        return Format.OAS
    inner = document.get("api_definition")
    if isinstance(inner, Mapping) or not _CLASSIC_KEYS.isdisjoint(document):
        return Format.CLASSIC
    return Format.UNKNOWN
