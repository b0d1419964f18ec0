"""Templates as tests run them."""

import base64
from typing import Any

from lockgate.documents.json import decode_floats
from lockgate.templates.errors import Kind, TemplateError
from lockgate.templates.run import INLINE, LONG, Limits, Run
from lockgate.templates.sets import compile_template
from lockgate.templates.values import to_bytes

NOW = 1_700_000_000.0


def a_run(limits: Limits = LONG, *, inline: bool = False) -> Run:
    return Run(limits=limits, inline=inline, now=NOW, seed=b"0" * 32)


def inline_run(limits: Limits = INLINE) -> Run:
    return a_run(limits, inline=True)


def rendered(template: str, data: Any = None, run: Run | None = None) -> str:
    """What a template makes of data as they come out of ``body_data``, or of any other values."""
    return compile_template(template).render(data, run or a_run())


def body_data(raw: bytes) -> Any:
    """A JSON body as templates get it: lists stand under "array", scalars are dropped."""
    value = decode_floats(raw)
    if isinstance(value, list):
        return {"array": value}
    return value if isinstance(value, dict) else {}


def outcome(template: str, data: Any, run: Run | None = None) -> dict[str, str]:
    """What came of it, as recorded rows say it."""
    try:
        compiled = compile_template(template)
    except TemplateError as error:
        return {"parse_error" if error.kind is Kind.PARSE else "no parse error": error.text}
    try:
        return _named("output", compiled.render(data, run or a_run()))
    except TemplateError as error:
        return {**_named("exec_error", error.text), **_named("partial_output", error.partial)}


def _named(key: str, text: str) -> dict[str, str]:
    raw = to_bytes(text)
    try:
        return {key: raw.decode()}
    except UnicodeDecodeError:
        return {f"{key}_base64": base64.b64encode(raw).decode()}
