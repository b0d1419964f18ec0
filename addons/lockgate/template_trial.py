"""A template by itself, tried on an input: what it makes, or why it makes nothing and where. No I/O.

It runs as in an API: the same functions, the same data, the same limits; what takes long in a limited process.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from lockgate import jq_filters
from lockgate.body_transforms.facts import facts_of, transform_elsewhere
from lockgate.body_transforms.making import Draft, compile_all
from lockgate.body_transforms.running import transform_inline
from lockgate.body_transforms.transform import BodyTransform, Facts, InputFormat, Result, TemplateText
from lockgate.body_transforms.transform import Engine as TemplateEngine
from lockgate.decoding.shapes import nearest
from lockgate.decoding.syntax import SyntaxProblem, parse_json, parse_yaml
from lockgate.exchange import Exchange, Request, Variables, VariableValue
from lockgate.services import Outside, ServiceError, Services, TaskLimitError
from lockgate.session import Session
from lockgate.templates.errors import TemplateError, TooLongError
from lockgate.templates.lint import Finding, findings
from lockgate.templates.nodes import Source
from lockgate.templates.pointing import pointed_at

_SEPARATOR: Final = re.compile(r"[/\\]")


class Language(Enum):
    """What a template is written in."""

    GO = "go"
    JINJA2 = "jinja2"
    JQ = "jq"


@dataclass(frozen=True, slots=True)
class Given:
    """What stands around the input."""

    context: Variables | None = None
    """Context variables by name; None: there are none."""
    meta: Mapping[str, Any] | None = None
    """Metadata of the session; None: there is no session."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A template and what it is tried on."""

    text: str
    """As ``templates.values`` carries strings."""
    input: bytes
    """The body."""
    name: str = ""
    """Of the template, for messages: the path of its file."""
    language: Language = Language.GO
    is_xml: bool = False
    """The body is XML; otherwise it is JSON."""
    is_response: bool = False
    """The template is one for responses: there a body that cannot be read counts as an empty one, and variables in the
    template's own text stay as they are."""
    given: Given = Given()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a template makes nothing."""

    text: str
    """One sentence; of a Go template Go's."""
    kind: str
    """"parse", "execution", "input", "limit" or "service"."""
    line: int = 0
    """In the template; first is 1, 0 when not known."""
    column: int = 0
    """In characters; first is 1, 0 when not known."""
    hint: str = ""
    """What to write instead; "" when there is nothing to say."""
    partial: str = ""
    """What the template had written before."""
    pointed: str = ""
    """All of it for people: on several lines, with the line of the template and a caret under the place."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a trial: an output, or a fault."""

    output: bytes = b""
    fault: Fault | None = None
    remark: str = ""
    """What else there is to say of the run."""
    findings: tuple[Finding, ...] = ()
    """What the template had better not do."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """That a jq filter sets."""
    variables: Variables = field(default_factory=dict)
    """Context variables that a jq filter sets."""


def parse_given(raw: bytes) -> Given:
    """What stands around an input: ``context`` and ``meta``, as JSON or YAML.

    Raises:
        ValueError: It is something else; the message says what.
    """
    try:
        value = _document(raw.decode())
    except UnicodeDecodeError:
        raise ValueError("expected text in UTF-8") from None
    if not isinstance(value, dict):
        raise ValueError("expected an object with 'context' and 'meta'")
    for key, one in value.items():
        if key not in ("context", "meta"):
            hint = nearest(str(key), ("context", "meta"))
            raise ValueError(f"expected 'context' or 'meta', found {key!r}{f'; {hint}' if hint else ''}")
        if one is not None and not isinstance(one, dict):
            raise ValueError(f"expected an object under {key!r}")
    context, meta = value.get("context"), value.get("meta")
    return Given(None if context is None else {str(name): _variable(one) for name, one in context.items()}, meta)


def _document(text: str) -> Any:
    try:
        if text.lstrip().startswith("{"):
            return parse_json(text).value
        documents = parse_yaml(text)
    except SyntaxProblem as error:
        raise ValueError(f"line {error.problem.line}: {error}") from None
    return documents[0].value if documents else {}


def _variable(value: Any) -> VariableValue:
    if isinstance(value, dict):
        return {str(name): _variable(one) for name, one in value.items()}
    if isinstance(value, list):
        return tuple(map(_variable, value))
    return value  # type: ignore[no-any-return]


async def try_template(trial: Trial, outside: Outside) -> Made:
    """Run a template on an input.

    Args:
        trial: Both of them.
        outside: Its ``tasks`` do what takes long; its clock and ids are those of the template.
    """
    services = Services(outside)
    if trial.language is Language.JQ:
        return await _try_filter(trial, services)
    draft = Draft(
        TemplateText(_SEPARATOR.split(trial.name)[-1], trial.text),
        TemplateEngine.JINJA2 if trial.language is Language.JINJA2 else TemplateEngine.GO,
        InputFormat.XML if trial.is_xml else InputFormat.JSON,
        tolerant=trial.is_response,
        variables=not trial.is_response and trial.language is Language.GO,
    )
    (compiled,) = compile_all([draft])
    if isinstance(compiled, TemplateError):
        return Made(fault=_fault(trial, compiled))
    transform = compiled.transform
    facts = facts_of(transform, _exchange(trial), services)
    result = await _run(transform, trial.input, facts, services)
    said = _findings(compiled.source)
    failure = result.failure
    if failure is None:
        return Made(result.output or b"", remark=result.remark, findings=said)
    where = pointed_at(
        failure.text,
        trial.name,
        source=failure.source,
        line=failure.line,
        column=failure.column,
        hint=failure.hint,
    )
    fault = Fault(failure.text, failure.kind, failure.line, failure.column, failure.hint, failure.partial, where)
    return Made(fault=fault, remark=result.remark, findings=said)


def _findings(source: Source | None) -> tuple[Finding, ...]:
    return () if source is None else findings(source)


def _exchange(trial: Trial) -> Exchange:
    session = None if trial.given.meta is None else Session(meta_data=trial.given.meta)
    return Exchange(
        id="try",
        received_at=datetime.fromtimestamp(0, UTC),
        request=Request("POST", "/", body=trial.input),
        session=session,
        variables=trial.given.context,
    )


async def _run(transform: BodyTransform, body: bytes, facts: Facts, services: Services) -> Result:
    try:
        return transform_inline(transform, body, facts)
    except TooLongError:
        return await transform_elsewhere(transform, body, facts, services, owner="try")


def _fault(trial: Trial, error: TemplateError) -> Fault:
    line, column = (0, 0) if error.place is None else (error.place.line, error.place.column)
    where = pointed_at(error.text, trial.name, source=error.source, line=line, column=column, hint=error.hint)
    return Fault(error.text, error.kind.value, line, column, error.hint, error.partial, where)


# ── jq ──


async def _try_filter(trial: Trial, services: Services) -> Made:
    try:
        jq_filters.check_filter(trial.text)
    except jq_filters.FilterError as error:
        where = pointed_at(error.reason, trial.name, source=trial.text, line=error.line, column=error.column)
        return Made(fault=Fault(error.reason, "parse", error.line, error.column, pointed=where))
    headers: dict[str, list[str]] | None = {} if trial.is_response else None
    known = jq_filters.known_of(jq_filters.Facts(trial.given.context, headers, services.now()))
    message = jq_filters.Message(trial.input, may_be_empty=not trial.is_response)
    try:
        result = jq_filters.result_of(await services.run_task(jq_filters.task(trial.text, message, known, "try")))
    except ServiceError as error:
        kind = "limit" if isinstance(error, TaskLimitError) else "service"
        return Made(fault=Fault(str(error), kind, pointed=pointed_at(str(error), trial.name)))
    if result.failure:
        fault = Fault(result.failure, "execution", pointed=pointed_at(result.failure, trial.name))
        return Made(fault=fault, remark=result.remark)
    return Made(result.body, remark=result.remark, headers=result.headers, variables=result.variables)


# ── for people and programs ──


def to_plain(made: Made) -> dict[str, Any]:
    """What came of a trial, as JSON values."""
    fault = made.fault
    try:
        output = {"output": made.output.decode()}
    except UnicodeDecodeError:
        output = {"output_base64": base64.b64encode(made.output).decode()}
    error = None
    if fault is not None:
        error = {name: _text(getattr(fault, name)) for name in Fault.__slots__}
    return {
        **(output if error is None else {}),
        "error": error,
        "remark": _text(made.remark),
        "findings": [{name: _text(getattr(one, name)) for name in Finding.__slots__} for one in made.findings],
        "headers": made.headers,
        "variables": made.variables,
    }


def said_of(made: Made, name: str) -> list[str]:
    """What to tell beside the output: lines for people.

    Args:
        made: What came of a trial.
        name: Of the template.
    """
    lines = []
    for one in made.findings:
        hint = f" ({one.hint})" if one.hint else ""
        lines.append(_text(f"{name}:{one.line}:{one.column}: warning: {one.message}{hint} [{one.code}]"))
    if made.remark:
        lines.append(f"{name}: {_text(made.remark)}")
    lines += [_text(f"header set: {header}: {value}") for header, value in made.headers.items()]
    lines += [_text(f"variable set: {variable} = {value}") for variable, value in made.variables.items()]
    return lines


def _text[T](value: T) -> T | str:
    """A text without what cannot be printed; anything else as it is."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
