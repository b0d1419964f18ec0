"""A transform on its way: here, where nobody may have to wait for it, or as a task for a limited process."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.body_transforms.data import InputError, data_of
from lockgate.body_transforms.making import link
from lockgate.body_transforms.transform import (
    NO_SESSION,
    BodyTransform,
    Engine,
    Facts,
    Failure,
    InputFormat,
    NoSession,
    Result,
    TemplateText,
)
from lockgate.exchange import VariableValue
from lockgate.services import Done, Task
from lockgate.templates.errors import TemplateError, TooLongError
from lockgate.templates.run import INLINE, LONG, Resolver, Run
from lockgate.templates.values import from_bytes, to_bytes

KIND: Final = "template"
"""Of tasks."""

INLINE_BYTES: Final[Mapping[InputFormat, int]] = {
    InputFormat.JSON: 64 * 1024,
    InputFormat.XML: 16 * 1024,
    InputFormat.OTHER: 64 * 1024,
}
"""Of a body that is looked at on the event loop."""

SECONDS: Final = 2.0
"""Of computing, for one transform in a process of its own."""
SECONDS_PER_MB: Final = 0.5
"""More of them for each megabyte of the body: about four times what reading it and writing all of it takes."""
MOST_SECONDS: Final = 30.0

MOST_COMPILED: Final = 256
"""Templates that a process keeps compiled."""


def transform_inline(transform: BodyTransform, body: bytes, facts: Facts) -> Result:
    """Transform a body here: some milliseconds at most.

    Raises:
        TooLongError: It may take longer.
    """
    if len(body) > INLINE_BYTES[transform.input] or transform.engine is not Engine.GO:
        raise TooLongError
    return _run(transform, body, facts, Run(limits=INLINE, inline=True, **_of(facts)))


def transform_at_length(
    transform: BodyTransform, body: bytes, facts: Facts, resolver: Resolver | None = None
) -> Result:
    """Transform a body here, however long it takes."""
    return _run(transform, body, facts, Run(limits=LONG, inline=False, resolver=resolver, **_of(facts)))


def _of(facts: Facts) -> dict[str, Any]:
    return {"now": facts.now, "seed": facts.seed, "literals": facts.literals, "zone": facts.zone}


def _run(transform: BodyTransform, body: bytes, facts: Facts, run: Run) -> Result:
    try:
        data, remark = data_of(transform, body, facts)
        return Result(to_bytes(transform.template.render(data, run)), remark=remark)
    except InputError as error:
        return Result(failure=Failure(str(error), "input"))
    except TemplateError as error:
        return Result(failure=Failure.of(error))
    except RecursionError:
        return Result(failure=Failure("it is nested too deeply", "limit"))


# ── as a task ──


def task(transform: BodyTransform, body: bytes, facts: Facts, owner: str) -> Task:
    """The same for a limited process.

    Args:
        transform: What to do.
        body: What to do it to.
        facts: As for ``transform_inline``.
        owner: The API that wants it.
    """
    header = {
        "engine": transform.engine.value,
        "input": transform.input.value,
        "session": transform.session,
        "tolerant": transform.tolerant,
        "sees": [transform.sees_context, transform.sees_meta],
        "slots": len(transform.literals),
        "names": [_plain(one.name) for one in transform.texts],
        "now": facts.now,
        "seed": facts.seed.hex(),
        "zone": facts.zone,
    }
    known = {
        "literals": facts.literals,
        "has_meta": not isinstance(facts.meta, NoSession),
        "meta": None if isinstance(facts.meta, NoSession) or not transform.sees_meta else _plain(facts.meta),
        "context": None if facts.context is None or not transform.sees_context else _plain(facts.context),
    }
    texts = (to_bytes(one.text) for one in transform.texts)
    seconds = min(SECONDS + len(body) / 1_000_000 * SECONDS_PER_MB, MOST_SECONDS)
    return Task(KIND, header, (body, json.dumps(known).encode(), *texts), seconds, owner)


def result_of(done: Done) -> Result:
    """What came of a task."""
    failed = done.header.get("failure")
    remark = str(done.header.get("remark", ""))
    if isinstance(failed, Mapping):
        return Result(failure=Failure(**failed), remark=remark)
    return Result(done.blobs[0], remark=remark)


def perform(header: Mapping[str, Any], blobs: Sequence[bytes], resolver: Resolver | None = None) -> Done:
    """Do a task: what a limited process calls.

    Args:
        header: As ``task`` makes it.
        blobs: Likewise.
        resolver: Names of hosts, for templates that ask for them.
    """
    body, known, *texts = blobs
    said = json.loads(known)
    sees_context, sees_meta = header["sees"]
    names = [str(name) for name in header["names"]]
    written = tuple(TemplateText(name, from_bytes(text)) for name, text in zip(names, texts, strict=True))
    engine = Engine(header["engine"])
    try:
        template = _COMPILED.get(written, engine, variables=bool(header["slots"]))
    except TemplateError as error:
        return _done(Result(failure=Failure.of(error)))
    transform = BodyTransform(
        template,
        written,
        engine,
        InputFormat(header["input"]),
        bool(header["session"]),
        bool(header["tolerant"]),
        sees_context=bool(sees_context),
        sees_meta=bool(sees_meta),
    )
    facts = Facts(
        said["context"],
        said["meta"] if said["has_meta"] else NO_SESSION,
        tuple(said["literals"]),
        float(header["now"]),
        bytes.fromhex(header["seed"]),
        str(header["zone"]),
    )
    return _done(transform_at_length(transform, body, facts, resolver))


def _done(result: Result) -> Done:
    if result.failure is None:
        return Done({"remark": result.remark}, (result.output or b"",))
    failure = result.failure
    return Done({"remark": result.remark, "failure": {name: getattr(failure, name) for name in Failure.__slots__}})


def _plain(value: Any) -> VariableValue:
    """A value of variables or metadata as JSON values."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]  # type: ignore[return-value]
    if isinstance(value, float):
        return float(value)
    return value  # type: ignore[no-any-return]


class _Compiled:
    """Templates that were compiled here, by what they were made of; the one unused for longest goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Any] = OrderedDict()

    def get(self, texts: Sequence[TemplateText], engine: Engine, *, variables: bool) -> Any:
        digest = hashlib.sha256(f"{engine.value} {variables}".encode())
        for one in texts:
            for part in (to_bytes(one.name), to_bytes(one.text)):
                digest.update(b"%d " % len(part))
                digest.update(part)
        key = digest.digest()
        template = self._known.get(key)
        if template is None:
            template = link(texts, engine, variables=variables).template
            self._known[key] = template
            if len(self._known) > MOST_COMPILED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return template


_COMPILED: Final = _Compiled()
