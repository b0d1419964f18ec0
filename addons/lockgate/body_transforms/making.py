"""Texts of templates to transforms: parsed, linked with the templates that they use, compiled.

The templates of one API see what the others define, as far as they do not define it themselves.

Source: behaviour-scripting 1.2.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.body_transforms.data import CONTEXT, META
from lockgate.body_transforms.slots import slotted, walk
from lockgate.body_transforms.transform import BodyTransform, Compiled, Engine, InputFormat, TemplateText
from lockgate.body_transforms.visibility import seen_by
from lockgate.templates import nodes
from lockgate.templates.errors import TemplateError
from lockgate.templates.functions import certificates, cryptography, dates, random_values
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.nodes import Source
from lockgate.templates.parser import parse
from lockgate.templates.sets import compile_set
from lockgate.variables import Secrets, compile_text

TELL_TIME: Final = frozenset(one.name for one in (*dates.FUNCTIONS, *certificates.FUNCTIONS) if one.needs_run)
"""Functions that may ask for the time of day."""
DRAW: Final = frozenset(
    one.name for one in (*random_values.FUNCTIONS, *cryptography.FUNCTIONS, *certificates.FUNCTIONS) if one.needs_run
)
"""Functions that may be random."""

_NO_SECRETS: Final[Secrets] = lambda _kind, _key: None  # noqa: E731 - a value of its type


@dataclass(frozen=True, slots=True)
class Draft:
    """A transform before it is compiled."""

    text: TemplateText
    engine: Engine = Engine.GO
    input: InputFormat = InputFormat.JSON
    session: bool = True
    tolerant: bool = False
    """As ``BodyTransform.tolerant``."""
    variables: bool = False
    """Whether variables in the template's own text are replaced: in requests they are."""


@dataclass(frozen=True, slots=True)
class Made:
    """A transform that was compiled, and what it was made of."""

    transform: BodyTransform
    source: Source | None = None
    """Its own; None where the engine is not Go's."""


def compile_one(draft: Draft, secrets: Secrets = _NO_SECRETS) -> BodyTransform:
    """A transform by itself.

    Raises:
        TemplateError: The text is no template.
    """
    (made,) = compile_all([draft], secrets)
    if isinstance(made, TemplateError):
        raise made
    return made.transform


def compile_all(drafts: Sequence[Draft], secrets: Secrets = _NO_SECRETS) -> list[Made | TemplateError]:
    """The transforms of one API, which share named templates.

    Args:
        drafts: In the order in which the definition is loaded: of two that define a name, the later one counts for the
            others.
        secrets: For ``$secret_…`` in texts.

    Returns:
        For each draft its transform, or why its text is no template.
    """
    parsed = [_parsed(draft) for draft in drafts]
    known: dict[str, int] = {}
    for index, source in enumerate(parsed):
        if isinstance(source, Source):
            known.update(dict.fromkeys(_defined(source), index))
    return [_compiled(index, drafts, parsed, known, secrets) for index in range(len(drafts))]


@dataclass(frozen=True, slots=True)
class Linked:
    """A template of its text and of those that it uses."""

    template: Compiled
    calls: frozenset[str] = frozenset()
    """Names of functions that it may call."""
    slots: tuple[str, ...] = ()
    """Texts in it that have slots."""
    sources: tuple[Source, ...] = ()
    """Its own, and the others; () where the engine is not Go's."""


def link(texts: Sequence[TemplateText], engine: Engine, *, variables: bool) -> Linked:
    """Compile a template.

    Args:
        texts: Its own, then those of which it uses named templates.
        engine: Of all of them.
        variables: Whether variables in them get slots.

    Raises:
        TemplateError: The first text is no template.
    """
    if engine is Engine.JINJA2:
        from lockgate.templates.jinja import compile_jinja  # it takes long to import, and few need it

        return Linked(compile_jinja(texts[0].text, texts[0].name))
    sources = tuple(parse(one.text, one.name, functions=FUNCTIONS.keys()) for one in texts)
    slots = slotted(sources) if variables else ()
    template = compile_set(sources)[0]
    return Linked(template, template.calls, slots, sources)


def _parsed(draft: Draft) -> Source | TemplateError | None:
    if draft.engine is not Engine.GO:
        return None
    try:
        return parse(draft.text.text, draft.text.name, functions=FUNCTIONS.keys())
    except TemplateError as error:
        return error


def _compiled(
    index: int,
    drafts: Sequence[Draft],
    parsed: Sequence[Source | TemplateError | None],
    known: dict[str, int],
    secrets: Secrets,
) -> Made | TemplateError:
    draft, own = drafts[index], parsed[index]
    if isinstance(own, TemplateError):
        return own
    others = _used(index, parsed, known)
    texts = (draft.text, *(drafts[other].text for other in others))
    try:
        linked = link(texts, draft.engine, variables=draft.variables)
    except TemplateError as error:
        return error
    if draft.engine is Engine.JINJA2:
        from lockgate.templates.jinja import WHOLE

        # Its names are looked at as text: nothing there can be put together.
        whole = WHOLE in draft.text.text
        return Made(
            BodyTransform(
                linked.template,
                texts,
                draft.engine,
                draft.input,
                draft.session,
                draft.tolerant,
                sees_context=whole or CONTEXT in draft.text.text,
                sees_meta=whole or META in draft.text.text,
                tells_time=False,
                draws=False,
            )
        )
    seen = seen_by(linked.sources)
    made = BodyTransform(
        linked.template,
        texts,
        draft.engine,
        draft.input,
        draft.session,
        draft.tolerant,
        literals=tuple(compile_text(text, secrets) for text in linked.slots),
        sees_context=seen.context,
        sees_meta=seen.meta,
        tells_time=not linked.calls.isdisjoint(TELL_TIME),
        draws=not linked.calls.isdisjoint(DRAW),
    )
    return Made(made, linked.sources[0])


def _used(index: int, parsed: Sequence[Source | TemplateError | None], known: dict[str, int]) -> list[int]:
    """Which other sources a source needs, in their order."""
    own = parsed[index]
    needed: set[int] = set()
    left: list[int] = [index] if isinstance(own, Source) else []
    mine = _defined(own) if isinstance(own, Source) else frozenset()
    while left:
        source = parsed[left.pop()]
        if not isinstance(source, Source):
            continue
        for name in _invoked(source) - mine:
            other = known.get(name)
            if other is not None and other != index and other not in needed:
                needed.add(other)
                left.append(other)
    return sorted(needed)


def _defined(source: Source) -> frozenset[str]:
    return frozenset(name for name, tree in source.trees.items() if not tree.is_empty)


def _invoked(source: Source) -> frozenset[str]:
    return frozenset(_each(source, lambda node: node.name if isinstance(node, nodes.Invocation) else None))


def _each(source: Source, name_of: Callable[[nodes.Node], str | None]) -> Iterable[str]:
    for tree in source.trees.values():
        for node in walk(tree.root):
            name = name_of(node)
            if name is not None:
                yield name
