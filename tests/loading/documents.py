"""Short ways to say what a definition is like."""

import copy
import json

from lockgate.loading import load_text
from lockgate.settings import Settings

EXTENSION = "x-tyk-api-gateway"

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Harbour", "version": "1.0.0"},
    "paths": {
        "/ships": {"get": {"operationId": "listShips", "responses": {"200": {"description": "all"}}}},
        "/ships/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "getShip", "responses": {"200": {"description": "one"}}},
            "post": {"operationId": "moveShip", "responses": {"default": {"description": "moved"}}},
        },
    },
    EXTENSION: {
        "info": {"id": "harbour", "name": "Harbour", "state": {"active": True}},
        "upstream": {"url": "http://upstream.test/base"},
        "server": {"listenPath": {"value": "/harbour/", "strip": True}},
    },
}


CLASSIC = {
    "name": "Harbour",
    "api_id": "harbour",
    "use_keyless": True,
    "active": True,
    "proxy": {"listen_path": "/harbour/", "target_url": "http://upstream.test/base", "strip_listen_path": True},
    "version_data": {
        "not_versioned": True,
        "versions": {"Default": {"name": "Default", "use_extended_paths": True}},
    },
}


def classic(**changes):
    return merged(CLASSIC, changes)


def with_version(**changes):
    return classic(version_data={"versions": {"Default": changes}})


def with_paths(**changes):
    return with_version(extended_paths=changes)


def merged(value, changes):
    """A deep copy with changes put in; None takes a key away."""
    made = copy.deepcopy(value)
    for key, change in changes.items():
        if change is None:
            made.pop(key, None)
        elif isinstance(change, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], change)
        else:
            made[key] = change
    return made


def document(extension=None, **changes):
    return merged(merged(DOCUMENT, {EXTENSION: extension or {}}), changes)


def with_operations(**operations):
    return document({"middleware": {"operations": operations}})


def with_global(**sections):
    return document({"middleware": {"global": sections}})


def load_document(value, settings=None, **options):
    return load_text(json.dumps(value, indent=1), "harbour.json", settings or Settings(), **options)


def only(loaded):
    """The one definition of a load, and its one version."""
    (definition,) = loaded.definitions
    (version,) = definition.versions
    return definition, version


def codes(loaded):
    return [problem.code for problem in loaded.problems]
