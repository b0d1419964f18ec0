"""The keys of one version of a Classic definition: ``extended_paths``, legacy ``paths``, and what holds for all of it.

Source: behaviour-chain 1.3, 2.6 and 4; Tyk 5.11, "Tyk Classic API definition" reference.
"""

from typing import Any, Final

from lockgate.decoding.shapes import (
    Field,
    Shape,
    anything,
    boolean,
    ignored,
    list_of,
    optional,
    string,
)
from lockgate.loading.classic_bodies import FIELDS as BODY_TRANSFORM
from lockgate.loading.classic_parts import (
    FLAG,
    NAMES,
    TEXT,
    TEXTS,
    WHOLE,
    go_record,
    named,
    number_or_text,
    whole,
)
from lockgate.loading.classic_scripts import FIELDS as VIRTUAL
from lockgate.loading.classic_sections import (
    ActionEntry,
    BodyEntry,
    Entry,
    ExtendedPaths,
    HeaderEntry,
    JqEntry,
    LegacyPaths,
    ListEntry,
    MethodEntry,
    MockEntry,
    RewriteEntry,
    SizeEntry,
    TimeoutEntry,
    ValidationEntry,
    VersionSection,
    VirtualEntry,
)
from lockgate.loading.classic_validation import FIELDS as JSON_VALIDATION
from lockgate.loading.rewrite_triggers import CLASSIC_TRIGGERS

_ENTRY: Final = {"path": TEXT, "method": TEXT, "disabled": FLAG}


def _entries(make: Any, **fields: Field) -> Field:
    return optional(list_of(go_record(make, {**_ENTRY, **fields})), ())


def _kept(**shapes: Shape[Any]) -> Field:
    """Entries that are not built: what they say is checked for its type."""
    return _entries(Entry, **{key: ignored(shape) for key, shape in shapes.items()})


def _checked(**shapes: Shape[Any]) -> Shape[Any]:
    return go_record(lambda **_: None, {key: ignored(shape) for key, shape in shapes.items()})


_ACTION: Final = go_record(ActionEntry, {"action": TEXT, "code": WHOLE, "data": TEXT, "headers": NAMES})
_LIST: Final = _entries(
    ListEntry,
    ignore_case=FLAG,
    method_actions=optional(named(_ACTION), {}),
)
_HEADERS: Final = _entries(HeaderEntry, delete_headers=TEXTS, add_headers=NAMES, act_on=ignored(boolean()))
EXTENDED_PATHS: Final = go_record(
    ExtendedPaths,
    {
        "white_list": _LIST,
        "black_list": _LIST,
        "ignored": _LIST,
        "internal": _entries(Entry),
        "mock_response": _entries(MockEntry, ignore_case=FLAG, code=WHOLE, body=TEXT, headers=NAMES),
        "transform_headers": _HEADERS,
        "transform_response_headers": _HEADERS,
        "size_limits": _entries(SizeEntry, size_limit=WHOLE),
        "method_transforms": _entries(MethodEntry, to_method=TEXT),
        "hard_timeouts": _entries(TimeoutEntry, timeout=optional(whole(0), 0), duration=TEXT),
        "url_rewrites": _entries(
            RewriteEntry,
            match_pattern=TEXT,
            rewrite_to=TEXT,
            rewrite_to_internal=ignored(anything()),
            triggers=optional(CLASSIC_TRIGGERS, ()),
        ),
        "cache": TEXTS,
        "advance_cache_config": _kept(
            cache_key_regex=string(),
            cache_response_codes=list_of(whole()),
            timeout=whole(),
        ),
        "transform": _entries(BodyEntry, **BODY_TRANSFORM),
        "transform_response": _entries(BodyEntry, **BODY_TRANSFORM),
        "transform_jq": _entries(JqEntry, filter=TEXT),
        "transform_jq_response": _entries(JqEntry, filter=TEXT),
        "circuit_breakers": _kept(
            threshold_percent=number_or_text(),
            samples=whole(),
            return_to_service_after=whole(),
            disable_half_open_state=boolean(),
        ),
        "virtual": _entries(VirtualEntry, **VIRTUAL),
        "track_endpoints": _entries(Entry),
        "do_not_track_endpoints": _entries(Entry),
        "validate_json": _entries(ValidationEntry, **JSON_VALIDATION),
        "validate_request": _kept(error_response_code=whole(), enabled=boolean()),
        "go_plugin": _kept(symbol_name=string(), func_name=string(), plugin_path=string()),
        "persist_graphql": _kept(operation=string(), variables=anything()),
        "rate_limit": _kept(rate=anything(), per=anything()),
    },
)
VERSION: Final = go_record(
    VersionSection,
    {
        "name": TEXT,
        "expires": TEXT,
        "override_target": TEXT,
        "paths": optional(
            go_record(LegacyPaths, {"ignored": TEXTS, "black_list": TEXTS, "white_list": TEXTS}), LegacyPaths()
        ),
        "use_extended_paths": FLAG,
        "extended_paths": optional(EXTENDED_PATHS, ExtendedPaths()),
        "global_headers": NAMES,
        "global_headers_remove": TEXTS,
        "global_headers_disabled": FLAG,
        "global_response_headers": NAMES,
        "global_response_headers_remove": TEXTS,
        "global_response_headers_disabled": FLAG,
        "ignore_endpoint_case": FLAG,
        "global_size_limit": WHOLE,
        "global_size_limit_disabled": FLAG,
        "global_enforce_timeout": TEXT,
        "global_enforce_timeout_disabled": FLAG,
    },
)
"""One of ``version_data.versions``."""
