"""jq filters: checked when a definition is loaded, run in a limited process.

A filter is code of whoever writes definitions, in a language that can go on for ever and in a library that holds Python's
lock while it does. ``run_filter`` belongs where it can be killed. What would reach beyond the document (the environment,
files, further input) or end the process is refused by name, wherever it stands as code; the process has none of it
anyway.

Source: behaviour-scripting 3; jq 1.7, manual and src/lexer.l.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import jq

from lockgate.documents.json import JsonError, decode_floats, encode
from lockgate.exchange import Exchange, Headers, NotRead, Variables, VariableValue, canonical
from lockgate.services import Done, Services, Task, TaskLimitError
from lockgate.unpacking import READABLE, PackingError, TooLargeError, packed_all, unpacked_all

KIND: Final = "jq"
"""Of tasks."""
SECONDS: Final = 1.0
"""Of computing, for one filter."""
LONGEST: Final = 64 * 1024
"""Characters of a filter."""
MOST_TOKENS: Final = 4_000
"""Words, signs and pieces of strings in a filter: jq takes time for the square of their number."""
INLINE_BYTES: Final = 32 * 1024
"""Of facts that are handed over on the event loop."""
LARGEST: Final = 64 << 20
"""Bytes of a body, without its content encodings."""
MOST_LEVELS: Final = 100
"""Of lists and objects in a variable that a filter sets."""
MOST_COMPILED: Final = 64
"""Filters that a process keeps compiled."""

_REACHES_OUT: Final[Mapping[str, str]] = {
    "$ENV": "reads the environment",
    "env": "reads the environment",
    "input": "reads further input",
    "inputs": "reads further input",
    "input_filename": "reads further input",
    "input_line_number": "reads further input",
    "import": "reads a file",
    "include": "reads a file",
    "module": "makes a module of the filter",
    "modulemeta": "reads a file",
    "get_jq_origin": "tells where files are",
    "get_prog_origin": "tells where files are",
    "get_search_list": "tells where files are",
    "debug": "writes to the log",
    "stderr": "writes to the log",
    "halt": "ends the process",
    "halt_error": "ends the process",
}


class FilterError(ValueError):
    """A filter that cannot be used."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"{reason} (line {line}, column {column})" if line else reason)
        self.reason: Final = reason
        """"'env' is not allowed: it reads the environment"."""
        self.line: Final = line
        """First is 1; 0 where it is not known."""
        self.column: Final = column
        """In characters, first is 1; 0 where it is not known."""


# ── checking ──


class _Kind(Enum):
    WORD = "word"
    KEY = "key"
    """The name of an object's member."""
    NUMBER = "number"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    text: str
    start: int


# The longest match counts, as in jq's own scanner: hence the order. A field (`.env`) is no word.
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<comment>\#[^\n\r]*)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<field>\.[a-zA-Z_][a-zA-Z_0-9]*)
    |(?P<format>@[a-zA-Z0-9_]+)
    |(?P<word>(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*)
    |(?P<quote>")
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<sign>\?//=?|//=|\.\.|[!=<>|+*/%-]=|//|.)""",
    re.VERBOSE | re.DOTALL,
)
_IN_STRING: Final = re.compile(r'(?P<text>[^"\\]+|\\[^(])|(?P<enter>\\\()|(?P<end>")', re.DOTALL)
_MESSAGE: Final = re.compile(
    r"^jq: error: (?P<reason>.*?) at <top-level>, line (?P<line>\d+)(?:, column (?P<column>\d+))?", re.DOTALL
)


def check_filter(text: str) -> None:
    """Check a filter.

    Raises:
        FilterError: It cannot be used.
    """
    if len(text) > LONGEST:
        raise FilterError(f"it has more than {LONGEST} characters")
    if "\0" in text:
        raise FilterError("it holds a NUL character", *_place(text, text.index("\0")))
    tokens = list(_tokens(text))
    if len(tokens) > MOST_TOKENS:
        raise FilterError(f"it has more than {MOST_TOKENS} words and signs")
    for index, token in enumerate(tokens):
        if token.kind is not _Kind.WORD:
            continue
        is_variable = index > 0 and tokens[index - 1].text == "$"
        name = f"${token.text}" if is_variable else token.text
        if name in _REACHES_OUT:
            start = tokens[index - 1].start if is_variable else token.start
            raise FilterError(f"{name!r} is not allowed: it {_REACHES_OUT[name]}", *_place(text, start))
    if tokens:  # nothing but space is a filter too
        _compile_safely(text, tokens)


def _tokens(text: str) -> Iterator[_Token]:
    """What a filter is made of, without spaces, comments and what stands in strings as text.

    Raises:
        FilterError: A string does not end, or what is a comment depends on the version of jq.
    """
    # Which brackets are open: `(`, `[`, `{`, and `"` for the parenthesis of an interpolation.
    inside: list[str] = []
    before = ""
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        sign, start, position = match[0], match.start(), match.end()
        group = match.lastgroup
        if group == "comment" and sign.endswith("\\"):
            raise FilterError("a comment ends in a backslash", *_place(text, start))
        if group in ("space", "comment"):
            continue
        is_key = group == "word" and before in ("{", ",") and inside[-1:] == ["{"]
        yield _Token(_Kind.KEY if is_key else _KINDS.get(group, _Kind.OTHER), sign, start)
        before = sign
        if group == "open":
            inside.append(sign)
            continue
        closed = inside.pop() if group == "close" and inside else ""
        if group == "quote" or (closed == '"' and sign == ")"):
            position, enters = _through_string(text, position, start)
            if enters:
                inside.append('"')


_KINDS: Final[Mapping[str | None, _Kind]] = {"word": _Kind.WORD, "number": _Kind.NUMBER}


def _through_string(text: str, position: int, start: int) -> tuple[int, bool]:
    """To the end of a string's text: behind its closing quote, or into an interpolation, which is code.

    Args:
        text: The filter.
        position: In the string.
        start: Where it began.

    Returns:
        The position, and whether it is in an interpolation.
    """
    while (match := _IN_STRING.match(text, position)) is not None:
        position = match.end()
        if match.lastgroup != "text":
            return position, match.lastgroup == "enter"
    raise FilterError("a string does not end", *_place(text, start))


_BEFORE: Final = "(.x|"
_BEHIND: Final = ")"


def _compile_safely(text: str, tokens: Sequence[_Token]) -> None:
    """See whether jq takes a filter.

    jq works out constants while it compiles: ``"x" * 1e9`` makes that string here and now. With the number behind something
    that depends on the input (``(.x|1e9)``) it waits.
    """
    pieces: list[str] = []
    inserted: list[tuple[int, int]] = []
    end = grown = 0
    for token in tokens:
        if token.kind is _Kind.NUMBER:
            pieces += (text[end : token.start], _BEFORE, token.text, _BEHIND)
            end = token.start + len(token.text)
            inserted += ((token.start + grown, len(_BEFORE)), (end + grown + len(_BEFORE), len(_BEHIND)))
            grown += len(_BEFORE) + len(_BEHIND)
    pieces.append(text[end:])
    safe = "".join(pieces)
    try:
        jq.compile(safe)
    except ValueError as error:
        raise _refusal(str(error), safe, inserted) from None
    try:
        jq.compile(_wrapped(safe))
    except ValueError:
        raise FilterError("it is no filter by itself") from None


def _refusal(message: str, compiled: str, inserted: Sequence[tuple[int, int]]) -> FilterError:
    """What jq says, with the place in the text as it was written.

    Args:
        message: Of jq.
        compiled: The text that it saw.
        inserted: Where in that text something stands that is not in the filter, and how long that is.
    """
    found = _MESSAGE.match(message)
    if found is None:
        return FilterError(message.partition("\n")[0].removeprefix("jq: error: "))
    line = int(found["line"])
    lines = compiled.split("\n")
    begin = sum(len(one) + 1 for one in lines[: line - 1])
    seen = lines[line - 1] if line <= len(lines) else ""
    # jq counts bytes.
    offset = begin + len(seen.encode("utf-8", "surrogatepass")[: int(found["column"]) - 1].decode("utf-8", "ignore"))
    extra = sum(min(length, max(0, offset - start)) for start, length in inserted if start >= begin)
    return FilterError(found["reason"], line, offset - begin - extra + 1)


_PROLOGUE: Final = ". as [$__now, $__document] | def now: $__now; $__document | ("


def _wrapped(text: str) -> str:
    """The program for a filter. It gets the time of day with its input, so that a replay gives the same again."""
    return f"{_PROLOGUE}{text}\n)"


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


# ── as a task ──


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter sees beside the body."""

    variables: Variables | None = None
    """``_tyk_context``; None where there are none."""
    headers: Mapping[str, Sequence[str]] | None = None
    """``_tyk_response_headers``: of a response."""
    now: float = 0.0
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Message:
    """The body that a filter is run on."""

    body: bytes
    codings: Sequence[str] = ()
    """Its content encodings, in the order in which they were applied."""
    may_be_empty: bool = False
    """An empty body counts as null; otherwise it is an error."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a filter."""

    body: bytes = b""
    """With the content encodings that it had."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """To set."""
    variables: Variables = field(default_factory=dict)
    """Context variables to set."""
    failure: str = ""
    """Why there is none."""
    remark: str = ""
    """What the filter gave and could not be used; "" where there is no such thing."""


async def filtered(filter_text: str, message: Message, exchange: Exchange, services: Services) -> Result:
    """What a filter makes of the exchange's request, or of its response once it has one, in a limited process.

    Args:
        filter_text: Checked.
        message: The body that it is run on.
        exchange: What else it sees.
        services: Of the exchange.

    Raises:
        ServiceError: It could not be run. One that takes too long, or too much memory, failed instead.
    """
    headers = None if exchange.response is None else _listed(exchange.response.headers)
    facts = Facts(exchange.variables, headers, exchange.received_at.timestamp())
    if _size(exchange) <= INLINE_BYTES:
        known = known_of(facts)
    else:
        known = await services.compute(lambda: known_of(facts))
    try:
        done = await services.run_task(task(filter_text, message, known, exchange.current_pass.api_id))
    except TaskLimitError as error:
        return Result(failure=f"the filter was stopped: {error}")
    return result_of(done)


def _listed(headers: Headers) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in headers:
        listed.setdefault(canonical(name), []).append(value)
    return listed


def _size(exchange: Exchange) -> int:
    """About how many bytes a filter sees beside the body."""
    request = exchange.request
    fields = request.headers.fields if exchange.response is None else exchange.response.headers.fields
    size = sum(len(name) + len(value) for name, value in fields)
    if exchange.variables is None:
        return size
    # Variables are made of the query, of headers, which are there three times, and of a form.
    form = 0 if isinstance(request.body, NotRead) else len(request.body)
    return 4 * size + 2 * len(request.query or "") + 2 * form


def known_of(facts: Facts) -> bytes:
    """The facts, ready to be handed over."""
    context = None if facts.variables is None else {name: _plain(value) for name, value in facts.variables.items()}
    return json.dumps({"context": context, "headers": facts.headers, "now": facts.now}).encode()


def task(filter_text: str, message: Message, known: bytes, owner: str) -> Task:
    """What a limited process is to do.

    Args:
        filter_text: Checked.
        message: What it is run on.
        known: What ``known_of`` made.
        owner: The API that wants it.
    """
    header = {"codings": list(message.codings), "may_be_empty": message.may_be_empty}
    return Task(KIND, header, (filter_text.encode("utf-8", "replace"), known, message.body), SECONDS, owner)


def result_of(done: Done) -> Result:
    """What came of it."""
    header = done.header
    failure = header.get("failure")
    if failure is not None:
        return Result(failure=str(failure))
    headers, variables = header["headers"], header["variables"]
    if not isinstance(headers, Mapping) or not isinstance(variables, Mapping):
        return Result(failure="the answer makes no sense")
    return Result(
        done.blobs[0],
        {str(name): str(value) for name, value in headers.items()},
        {str(name): _variable(value) for name, value in variables.items()},
        remark=str(header["remark"]),
    )


def perform(header: Mapping[str, Any], blobs: Sequence[bytes]) -> Done:
    """Run a filter: what a limited process calls.

    Args:
        header: As ``task`` makes it.
        blobs: Likewise.
    """
    filter_text, facts, body = blobs
    known = json.loads(facts)
    codings = [str(packing) for packing in header["codings"]]
    remark = ""
    if (unknown := next((one for one in codings if one not in READABLE), None)) is not None:
        # As with templates: a label such as "utf-8" says nothing of the body.
        codings, remark = [], f"content encoding {unknown!r} cannot be read: the body is taken as it is"
    try:
        document = _document(unpacked_all(body, codings, LARGEST), known, header)
        output = _first_output(filter_text.decode(), document, known["now"])
        made = encode(_floats(output.get("body")))
        packed = packed_all(made, codings, like=body)
    except (_FilterFailedError, PackingError) as error:
        return Done({"failure": str(error)})
    except TooLargeError:
        return Done({"failure": f"the body has more than {LARGEST >> 20} MiB"})
    except JsonError as error:
        return Done({"failure": error.text})
    headers, variables, remarks = _beside(output)
    remarks = [remark, *remarks] if remark else remarks
    return Done({"headers": headers, "variables": variables, "remark": "; ".join(remarks)}, (packed,))


class _FilterFailedError(Exception):
    """A filter failed; the message says why."""


def _document(body: bytes, known: Mapping[str, Any], header: Mapping[str, Any]) -> dict[str, object]:
    """What the filter gets.

    Raises:
        JsonError: The body is no JSON.
    """
    is_null = not body and header["may_be_empty"]
    document: dict[str, object] = {"body": None if is_null else decode_floats(body), "_tyk_context": known["context"]}
    if known["headers"] is not None:
        document["_tyk_response_headers"] = known["headers"]
    return document


def _first_output(text: str, document: Mapping[str, object], now: float) -> dict[str, object]:
    try:
        output = next(iter(_compiled(text).input_text(encode([now, document]).decode())), _NOTHING)
    except ValueError as error:
        raise _FilterFailedError(f"the filter failed: {error}") from None
    if output is _NOTHING:
        raise _FilterFailedError("the filter gave nothing")
    if not isinstance(output, dict):
        raise _FilterFailedError(f"the filter gave {_NAMES.get(type(output), 'something')}, not an object")
    return output


_NOTHING: Final = object()
_NAMES: Final = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"} | {
    type(None): "null"
}


@lru_cache(maxsize=MOST_COMPILED)
def _compiled(text: str) -> Any:
    return jq.compile(_wrapped(text if any(_tokens(text)) else "."))


def _beside(output: Mapping[str, object]) -> tuple[dict[str, str], dict[str, object], list[str]]:
    """Headers and variables that a filter's output sets, and what of it cannot be used."""
    remarks: list[str] = []
    headers, variables = output.get("rewrite_headers"), output.get("tyk_context")
    kept: dict[str, str] = {}
    if isinstance(headers, dict):
        for name, value in headers.items():
            if isinstance(value, str):
                kept[name] = value
            else:
                remarks.append(f"the header {name!r} is no string")
    elif headers is not None:
        remarks.append("'rewrite_headers' is no object")
    known: dict[str, object] = {}
    if isinstance(variables, dict):
        for name, value in variables.items():
            if _is_deep(value):
                remarks.append(f"the variable {name!r} is nested too deeply")
            else:
                known[name] = value
    elif variables is not None:
        remarks.append("'tyk_context' is no object")
    return kept, known, remarks


def _is_deep(value: object) -> bool:
    """Whether a value has more levels than a variable may have."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        holders = [one for one in level if isinstance(one, list | dict)]
        if not holders:
            return False
        level = [item for one in holders for item in (one.values() if isinstance(one, dict) else one)]
    return True


def _floats(value: object) -> object:
    """A value with floats for all numbers, as the reference gateway's language has them; of any depth, and in its place."""
    whole: list[object] = [value]
    left: list[list[object] | dict[str, object]] = [whole]
    while left:
        holder = left.pop()
        for key, item in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if type(item) is int:
                holder[key] = float(item)  # type: ignore[index] # a key of its own
            elif isinstance(item, list | dict):
                left.append(item)
    return whole[0]


def _plain(value: VariableValue) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _variable(value: object) -> VariableValue:
    if isinstance(value, Mapping):
        return {str(name): _variable(one) for name, one in value.items()}
    if isinstance(value, list):
        return tuple(_variable(one) for one in value)
    return value if isinstance(value, str | int | float) else None
