"""Jinja2 as the second language of body transforms, without Python behind it.

Templates are written by whoever writes definitions, so they get data and nothing else:

1. A name or an attribute is a key of the data. There are no attributes of Python objects; texts, lists and objects have
   the few methods that are listed here.
2. There are no files: ``include``, ``import`` and ``extends`` are refused when a template is compiled.
3. What is printed of JSON values is JSON: ``true``, ``null``, ``1`` and not ``1.0``; lists and objects as ``tojson`` does it.
4. What is missing is false and empty, at any depth, but it cannot be printed: that is an error, and no empty text.
5. Nothing is worked out when a template is compiled, and nothing here can stop one that runs. It runs in a process of
   its own, which can be killed.

Source: Jinja 3.1, sandbox and templates; the data is that of behaviour-scripting 1.5 and 1.6.
"""

import contextlib
import difflib
import functools
import json
import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from types import TracebackType
from typing import Any, Final, final

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS, _GroupTuple
from jinja2.runtime import BlockReference, ChainableUndefined, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.tests import TESTS
from jinja2.utils import Namespace, pass_context

from lockgate.templates.errors import Kind, Place, TemplateError
from lockgate.templates.run import Run
from lockgate.templates.values import GoObject, Integer, NilList, NilMap

LONGEST: Final = 256 * 1024
"""Characters of a template."""
WHOLE: Final = "data"
"""Name of the whole document."""

_NO_FILTERS: Final = frozenset({"attr", "pprint", "random", "urlize"})
"""They show Python objects, draw, or write HTML that nobody asked for."""
_TEXT_METHODS: Final = frozenset(
    {
        *("capitalize", "casefold", "center", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal"),
        *("isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip"),
        *("partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit"),
        *("rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill"),
    }
)
_LIST_METHODS: Final = frozenset({"count", "index"})
_OBJECT_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_LOOP: Final = frozenset(
    {
        *("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0"),
        *("previtem", "nextitem", "cycle", "changed"),
    }
)
_GROUP: Final = frozenset({"grouper", "list"})
_FILE_TAGS: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_FILE_NAME: Final = "<template>"
_UNKNOWN: Final = re.compile(r"No (?P<kind>filter|test) named '(?P<name>[^']*)'")


class _Missing(ChainableUndefined):
    """What is not in the data. Only printing it is an error, whether by itself or as a part of another text."""

    __slots__ = ()

    def __str__(self) -> str:
        raise UndefinedError(self._undefined_message)

    __html__ = __str__


@final
class _Function:
    """Something listed here that a template may call: a function, or a method of a value."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _listed(self._call(*arguments, **named))

    def __repr__(self) -> str:
        return "a function"


def _listed(value: Any) -> Any:
    """What a function gave; what can only be gone through becomes a list."""
    return list(value) if isinstance(value, Iterator | KeysView | ValuesView | ItemsView | range) else value


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja without Python's attributes."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    """All: none of them is worked out when a template is compiled."""
    intercepted_unops = frozenset({"+", "-"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute``: a member; or else a method that is listed."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        found = _attribute(obj, attribute)
        return _missing(attribute) if found is None else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        """``obj[argument]``: a member, an element, a part."""
        try:
            if isinstance(obj, Mapping):
                return obj[argument]
            if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
                return obj[argument]
        except (LookupError, TypeError):
            return _missing(argument)
        found = _attribute(obj, argument) if isinstance(argument, str) else None
        return _missing(argument) if found is None else found

    def call(self, context: Context, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """``function(…)``."""
        if isinstance(function, jinja2.Undefined):
            str(function)
        return super().call(context, function, *arguments, **named)

    def is_safe_attribute(self, _obj: Any, _attr: str, _value: Any) -> bool:
        """Never: there are none."""
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether it is something of the template, or listed here."""
        return obj is Namespace or isinstance(obj, Macro | BlockReference | LoopContext | _Function)


def _missing(name: Any) -> jinja2.Undefined:
    return _Missing(f"{name!r} is undefined")


def _attribute(obj: Any, name: str) -> Any:
    """What an object of Jinja has of that name, or a method of a value; None where there is neither."""
    match obj:
        case str():
            return _Function(getattr(str(obj), name)) if name in _TEXT_METHODS else None
        case Mapping():
            return _Function(getattr(obj, name)) if name in _OBJECT_METHODS else None
        case _GroupTuple():
            return getattr(obj, name) if name in _GROUP else None
        case list() | tuple():
            return _Function(getattr(obj, name)) if name in _LIST_METHODS else None
        case LoopContext():
            return _of_loop(obj, name)
        case Namespace():
            return getattr(obj, name, None) if not name.startswith("_") else None
        case TemplateReference():
            with contextlib.suppress(LookupError):
                return obj[name]
        case jinja2.Undefined():
            return obj
    return None


def _of_loop(loop: LoopContext, name: str) -> Any:
    if name not in _LOOP:
        return None
    found = getattr(loop, name)
    return _Function(found) if name in ("cycle", "changed") else found


def _object(**members: Any) -> dict[str, Any]:
    """``dict(a=1)``."""
    return members


_FUNCTIONS: Final[Mapping[str, Any]] = {
    "range": _Function(safe_range),
    "dict": _Function(_object),
    "namespace": Namespace,
}
"""All functions that there are."""


def _listing(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that gives lists."""

    @functools.wraps(filter_)
    def listing(*arguments: Any, **named: Any) -> Any:
        return _listed(filter_(*arguments, **named))

    return listing


def _to_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON.

    Raises:
        UndefinedError: It is missing, or holds something that is.
        TypeError: It is no JSON value.
    """
    text = json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=None if indent is not None else (",", ":"),
        default=_not_json,
    )
    return _HALF_PAIR.sub("\ufffd", text)


_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")


def _not_json(value: Any) -> Any:
    if isinstance(value, jinja2.Undefined):
        str(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


# It asks for the context only so that Jinja does not call it when a template is compiled.
@pass_context
def _printed(_: Context, value: Any) -> Any:
    """What ``{{ value }}`` prints."""
    if value is None or value is True or value is False or isinstance(value, dict | list | tuple):
        return _to_json(value)
    if isinstance(value, float) and value.is_integer():
        return _plain(value)
    if isinstance(value, str | int | float | jinja2.Undefined | Macro):
        return value
    raise TypeError("this is no value that can be printed")


def _make_environment() -> _Environment:
    environment = _Environment(
        extensions=("jinja2.ext.loopcontrols",),
        optimized=False,
        autoescape=False,
        undefined=_Missing,
        finalize=_printed,
        cache_size=0,
        keep_trailing_newline=True,
    )
    environment.globals = dict(_FUNCTIONS)
    environment.filters = {name: _listing(one) for name, one in FILTERS.items() if name not in _NO_FILTERS}
    environment.filters["tojson"] = _to_json
    environment.tests = dict(TESTS)
    return environment


_ENVIRONMENT: Final = _make_environment()


@final
class JinjaTemplate:
    """A template that was compiled."""

    __slots__ = ("_name", "_template", "_text")

    def __init__(self, template: jinja2.Template, text: str, name: str) -> None:
        self._template: Final = template
        self._text: Final = text
        self._name: Final = name

    def render(self, data: object, run: Run) -> str:
        """What it makes of ``data``.

        Args:
            data: An object of JSON values. Its members are names of the template, and all of it is ``data``.
            run: Of a process of its own.

        Raises:
            TemplateError: It failed; the place is a line.
            TooLongError: It is not in a process of its own.
        """
        run.leave()
        values = _plain(data)
        names = {**values, WHOLE: values} if isinstance(values, dict) else {WHOLE: values}
        parts: list[str] = []
        left = run.limits.output
        try:
            for part in self._template.root_render_func(self._template.new_context(names)):
                left -= len(part)
                if left < 0:
                    raise self._error(f"its output has more than {run.limits.output} characters", 0, Kind.LIMIT)
                parts.append(part)
        except (TemplateError, MemoryError):
            raise
        except RecursionError as error:
            raise self._error("it is nested too deeply", self._line(error.__traceback__), Kind.LIMIT) from None
        except Exception as error:  # noqa: BLE001 - whatever filters and operators raise
            raise self._error(_reason(error), self._line(error.__traceback__), Kind.EXECUTION) from None
        return "".join(parts)

    def _line(self, trace: TracebackType | None) -> int:
        """Of the template, where an error came from; 0 where it is not known."""
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == _FILE_NAME:
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line

    def _error(self, reason: str, line: int, kind: Kind) -> TemplateError:
        return _error(reason, line, kind, self._text, self._name)


def compile_jinja(text: str, name: str = "") -> JinjaTemplate:
    """Compile a template. Nothing of it runs.

    Args:
        text: The template.
        name: As error texts spell it.

    Raises:
        TemplateError: It cannot be compiled; the place is a line.
    """
    if len(text) > LONGEST:
        raise _error(f"it has more than {LONGEST} characters", 0, Kind.PARSE, text, name)
    try:
        tree = _ENVIRONMENT.parse(text)
        for tag in tree.find_all(_FILE_TAGS):
            reason = f"'{_tag(tag)}' is not allowed: there are no files"
            raise _error(reason, tag.lineno, Kind.PARSE, text, name)
        template = _ENVIRONMENT.from_string(tree)
    except TemplateSyntaxError as error:
        raise _error(str(error.message), error.lineno, Kind.PARSE, text, name, _nearest(str(error.message))) from None
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError) as error:
        if isinstance(error, TemplateError):
            raise
        reason = "it is nested too deeply" if not isinstance(error, ValueError | OverflowError) else str(error)
        raise _error(reason, 0, Kind.PARSE, text, name) from None
    return JinjaTemplate(template, text, name)


def _tag(tag: nodes.Node) -> str:
    return {"FromImport": "from"}.get(type(tag).__name__, type(tag).__name__.lower())


def _nearest(message: str) -> str:
    found = _UNKNOWN.search(message)
    if found is None:
        return ""
    known = _ENVIRONMENT.filters if found["kind"] == "filter" else _ENVIRONMENT.tests
    return next(iter(difflib.get_close_matches(found["name"], known, 1)), "")


def _error(reason: str, line: int, kind: Kind, text: str, name: str, hint: str = "") -> TemplateError:
    place = Place(line, 0) if line else None
    return TemplateError(
        f"template: {name}:{line}: {reason}" if line else f"template: {name}: {reason}",
        kind=kind,
        reason=reason,
        source=text,
        place=place,
        hint=hint,
    )


def _reason(error: Exception) -> str:
    """One line on an error."""
    if isinstance(error, UndefinedError | SecurityError | jinja2.TemplateError):
        return str(error.message or type(error).__name__)
    return str(error) or type(error).__name__


def _plain(value: object) -> Any:
    """Data as a template sees it: Python's own types, and whole numbers without a fraction."""
    if isinstance(value, NilList | NilMap):
        return None
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, int):
        return int(value) if isinstance(value, Integer) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.text() if isinstance(value, GoObject) else None


_EXACT: Final = 2.0**53
