"""How long judging a JSON body against an OpenAPI schema takes, decoding included.

    .venv/bin/python scripts/bench/validation.py [--samples 300]

The fast path is what most requests take; our own verdict decides whenever it says no or is not there. The cases take
turns within a sample. The last ones are bodies that somebody made to be slow, judged with the steps that are allowed
on the event loop.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from time import perf_counter_ns
from typing import Any, Final

import orjson
from figures import ROOT, machine_lines, table

from lockgate.documents.json import decode
from lockgate.validation.nodes import INLINE_STEPS
from lockgate.validation.openapi_schema import OpenApiSchema, TooComplexError

TARGET_MICROSECONDS: Final = 100.0
TARGET_HOSTILE_MILLISECONDS: Final = 50.0

ADDRESS: Final = {
    "type": "object",
    "required": ["street", "city", "zip"],
    "properties": {
        "street": {"type": "string", "maxLength": 100},
        "city": {"type": "string"},
        "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
        "country": {"type": "string", "enum": ["DE", "FR", "US"]},
    },
}
LINE: Final = {
    "type": "object",
    "required": ["sku", "quantity", "price"],
    "properties": {
        "sku": {"type": "string", "minLength": 3},
        "quantity": {"type": "integer", "format": "int32", "minimum": 1},
        "price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
    },
}
ORDER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "customer", "items"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "created": {"type": "string", "format": "date-time"},
        "customer": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "email": {"type": "string", "format": "email"},
                "address": {"$ref": "#/components/schemas/Address"},
            },
        },
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Line"}},
        "notes": {"type": "string", "nullable": True},
    },
    "additionalProperties": False,
}
DOCUMENT: Final = {"components": {"schemas": {"Address": ADDRESS, "Line": LINE}}}
BODY: Final = {
    "id": "6f1c1fbe-8d7e-4b8e-9a57-0d4bb0d1a001",
    "created": "2024-05-01T10:20:30Z",
    "customer": {
        "name": "Ada Lovelace",
        "email": "ada@shop.test",
        "address": {"street": "1 Mill Lane", "city": "Oslo", "zip": "12345", "country": "DE"},
    },
    "items": [{"sku": f"TEA-{i:03d}", "quantity": i + 1, "price": 19.99, "tags": ["a", "b"]} for i in range(25)],
    "notes": None,
}


def compiled(schema: dict[str, Any], **document: Any) -> OpenApiSchema:
    return OpenApiSchema(schema, {"schema": schema, **document}, version="3.0", pointer="/schema")


def nested(depth: int) -> Any:
    value: Any = 5
    for _ in range(depth):
        value = {"c": value}
    return value


def judged_inline(schema: OpenApiSchema, value: Any) -> None:
    with suppress(TooComplexError):
        schema.judge(value, steps=INLINE_STEPS)


def typical() -> dict[str, Callable[[], object]]:
    """Cases of a body of 2 kB."""
    raw = json.dumps(BODY).encode()
    order = compiled(ORDER, **DOCUMENT)
    defaults = {**ORDER, "properties": {**ORDER["properties"], "channel": {"type": "string", "default": "web"}}}
    filled = compiled(defaults, **DOCUMENT)
    if not order.passes(orjson.loads(raw), size_bytes=len(raw)) or not filled.judge(decode(raw)).filled:
        raise SystemExit("validation.py: the cases are not what they are meant to be")
    wrong = raw.replace(b'"TEA-024"', b'"T"')
    print(f"a body of {len(raw)} bytes, decoded and judged")
    return {
        "json.loads alone": lambda: json.loads(raw),
        "fast yes": lambda: order.passes(orjson.loads(raw), size_bytes=len(raw)),
        "own verdict": lambda: order.judge(orjson.loads(raw), steps=INLINE_STEPS),
        "own verdict, texts of numbers kept": lambda: order.judge(decode(raw), steps=INLINE_STEPS),
        "own verdict, a violation at the end": lambda: order.judge(decode(wrong), steps=INLINE_STEPS),
        "own verdict, a default filled in": lambda: filled.judge(decode(raw), steps=INLINE_STEPS),
    }


def hostile() -> dict[str, Callable[[], object]]:
    loose: dict[str, Any] = {"type": "object", "properties": {"c": {"$ref": "#/schema"}}, "required": ["c"]}
    multiplying = compiled({"oneOf": [loose, {**loose, "additionalProperties": False}, {"type": "string"}]})
    pattern = compiled({"items": {"type": "string", "pattern": "(.*a){25}.{20}b"}})
    unique = compiled({"uniqueItems": True})
    dates = compiled({"items": {"anyOf": [{"format": "date"}, {"format": "date-time"}, {"type": "string"}]}})
    deep, long, many, days = nested(30), ["a" * 60_000], [{"a": i} for i in range(8_000)], ["\u00e9" * 10] * 5_000
    return {
        "combinators that multiply": lambda: judged_inline(multiplying, deep),
        "60 kB against a slow pattern": lambda: judged_inline(pattern, long),
        "8,000 objects, unique": lambda: judged_inline(unique, many),
        "5,000 dates that are none": lambda: judged_inline(dates, days),
    }


def measured(cases: dict[str, Callable[[], object]], samples: int, unit: float) -> list[list[str]]:
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for call in cases.values():
        call()
    for _ in range(samples):
        for name, call in cases.items():
            started = perf_counter_ns()
            call()
            figures[name].append((perf_counter_ns() - started) / unit)
    return [
        [name, str(len(values)), *(f"{value:.1f}" for value in (min(values), median(values), max(values)))]
        for name, values in figures.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=300, metavar="N", help="samples of each case (default 300)")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    header = ["case", "n", "min", "median", "max"]
    rows = measured(typical(), given.samples, 1_000)
    print(f"µs; target for the fast yes: {TARGET_MICROSECONDS:.0f}\n\n{table(header, rows)}")
    rows = measured(hostile(), max(given.samples // 10, 5), 1_000_000)
    print(f"\nms on the event loop; target for the worst: {TARGET_HOSTILE_MILLISECONDS:.0f}\n\n{table(header, rows)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
