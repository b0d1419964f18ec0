"""Parameters of an operation: reading them from a request, judging them, and the defaults of those that are missing.

A parameter is read in the style that the document gives it, and its texts as the types that its schema has. Where a
schema leaves a choice (oneOf, anyOf), each reading is tried.

Source: behaviour-chain 4.8; OpenAPI 3.0.3, "Style Values".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from lockgate.documents import json as documents
from lockgate.documents.numbers import format_v
from lockgate.exchange import Headers, Request, canonical, encode_text, replace
from lockgate.routing.pattern import decode_path, decoded
from lockgate.urls import escaped_path
from lockgate.validation.budget import too_many
from lockgate.validation.layout import UNTYPED, Layout
from lockgate.validation.nodes import MAX_STEPS
from lockgate.validation.objects import MOST_LEVELS, build_object, pairs_of
from lockgate.validation.openapi_schema import OpenApiSchema
from lockgate.validation.pairs import Pairs, parse_cookies, parse_pairs, with_cookie, with_pairs
from lockgate.validation.scalars import ReadingError, UnreadableError, not_finite, read_scalar
from lockgate.validation.texts import quoted

MOST_READINGS: Final = 64
"""Ways to read one parameter that are tried; schemas that leave more are given up."""

MOST_ITEMS: Final = 10_000
"""In an array of one parameter, which no more than all its text may be."""

MISSING: Final = "value is required but missing"
EMPTY: Final = "empty value is not allowed"

_TOO_MANY: Final = "its schema leaves too many ways to read it"
_DELIMITERS: Final = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


class Place(Enum):
    """Where a parameter stands."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Given:
    """The parts of one request that parameters are read from."""

    path: Mapping[str, str]
    """Percent-encoded as Go has it, by placeholder."""
    query: Pairs
    headers: Headers
    host: str
    cookies: Mapping[str, list[str]]
    lenient: bool = True
    """Whether parts of the query count that Go leaves out."""

    @property
    def queried(self) -> Mapping[str, list[str]]:
        """Values of the query."""
        return self.query.lenient if self.lenient else self.query.values

    def header(self, name: str) -> tuple[str, ...]:
        """Values of a header; bytes that are no UTF-8 are U+FFFD."""
        if name.lower() == "host":
            # Differs: the reference gateway never finds a Host (test_host_is_a_header).
            return (self.host,) if self.host else ()
        return tuple(decoded(encode_text(value)) for value in self.headers.get_all(name))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a parameter."""

    values: tuple[object, ...] = ()
    """Ways to read it, the likeliest first; none where it is absent or empty."""
    found: bool = False
    """Whether the request has it."""
    others: Mapping[str, object] = field(default_factory=dict)
    """Of an object whose schema allows no other members: those that it has all the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one parameter of one request."""

    cause: str = ""
    """Why it is refused; "" when it passes."""
    default: object = None
    """What is to be added to the request; None where nothing is."""


_PASSES: Final = Finding()


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter, compiled."""

    name: str
    place: Place
    required: bool = False
    allow_empty: bool = False
    style: str = "form"
    explode: bool = True
    explodes_defaults: bool = False
    """Whether ``explode: true`` is written out: only then an array default becomes several parameters."""
    schema: OpenApiSchema | None = None
    """None: anything passes."""
    layout: Layout = UNTYPED
    by_content: bool = False
    """Declared with ``content`` instead of ``schema``."""
    content_problem: str = ""
    """Why a value of ``content`` cannot be read."""

    @property
    def label(self) -> str:
        """For messages."""
        return f"parameter {quoted(self.name)} in {self.place.value}"

    def check(self, given: Given, *, steps: int = MAX_STEPS) -> Finding:
        """Read and judge it.

        Args:
            given: The request's parts.
            steps: How much work judging it may be, as ``OpenApiSchema.judge`` counts.

        Raises:
            TooComplexError: It takes more steps to judge than are allowed.
        """
        if self.schema is None and not self.by_content:
            return _PASSES
        finding = self._found(given, steps)
        # What the reference gateway says of each request where such a cookie is declared.
        several = self.layout.kind in ("array", "object") and not self.by_content
        if finding.cause and self.place is Place.COOKIE and self.explode and several:
            return Finding(self._unfit())
        return finding

    def _found(self, given: Given, steps: int) -> Finding:
        try:
            reading = self._by_content(given) if self.by_content else self._read(given)
        except ReadingError as error:
            return Finding(str(error))
        except UnreadableError as error:
            return Finding(str(error))
        values, default = reading.values, None
        if not values and self.schema is not None and not (self.required and not reading.found):
            default = self._default()
            values = () if default is None else (default,)
        if self.required and not reading.found:
            return Finding(MISSING)
        if not values:
            return _PASSES if self.allow_empty or not reading.found else Finding(EMPTY)
        cause = self._judged(values, steps)
        if cause is None and reading.others and self.schema is not None and isinstance(values[0], dict):
            # Differs: in the reference gateway no object parameter has other members (test_other_members_are_refused).
            cause = self.schema.judge({**values[0], **reading.others}, steps=steps).violation
        return Finding(cause or "", default)

    def _default(self) -> object:
        layout = self.layout
        default = next((one.default for one in layout.all_of if one.default is not None), layout.default)
        # An object has no text of its own: only a query has a place for each of its members.
        # Differs: the reference gateway gives objects of a query their defaults only where there is no query at all,
        # and writes Go's text of a map (test_defaults_of_objects).
        is_object = layout.kind == "object" or isinstance(default, Mapping)
        return None if is_object and self.place is not Place.QUERY else default

    def _judged(self, values: tuple[object, ...], steps: int) -> str | None:
        """What is wrong with the likeliest reading, unless another one passes."""
        schema, layout = self.schema, self.layout
        if schema is None:
            return None
        first: str | None = None
        for value in values:
            cause = schema.judge(value, steps=steps).violation or not_finite(value)
            if not cause:
                return None
            first = first or cause
        # What the reference gateway says of a parameter that it cannot read.
        # Differs: there, such a parameter never passes (test_a_schema_without_type_takes_text).
        if not layout.is_typed and not self.by_content:
            if layout.has_not:
                return "not implemented: decoding 'not'"
            if not (layout.has_pattern and self.place is Place.QUERY):
                return EMPTY
        return first

    def _unfit(self) -> str:
        return f"invalid serialization method: style={quoted(self.style)}, explode={str(self.explode).lower()}"

    # reading

    def _read(self, given: Given) -> Reading:
        if self.place is Place.QUERY and not given.queried:
            return Reading()
        return _Reader(self, given).read(self.layout)

    def _by_content(self, given: Given) -> Reading:
        values = self._texts(given)
        if not values:
            if self.required:
                raise UnreadableError(f"parameter {quoted(self.name)} is required, but missing")
            # Differs: for the reference gateway a cookie is never optional (test_a_missing_cookie_with_content_passes).
            return Reading()
        if len(values) > 1 and self.place is not Place.QUERY:
            raise UnreadableError(f"{self.place.value} parameter {quoted(self.name)} cannot have multiple values")
        if self.content_problem:
            raise UnreadableError(self.content_problem)
        if len(values) == 1:
            value = self._from_json(values[0], self.layout)
        else:
            value = [self._from_json(text, self.layout.items) for text in values]
        return Reading(() if value is None else (value,), found=True)

    def _texts(self, given: Given) -> tuple[str, ...]:
        match self.place:
            case Place.PATH:
                raw = given.path.get(self.name)
                return () if raw is None else (decode_path(raw),)
            case Place.QUERY:
                return tuple(given.queried.get(self.name, ()))
            case Place.HEADER:
                return given.header(self.name)
            case Place.COOKIE:
                return tuple(given.cookies.get(self.name, ())[:1])

    def _from_json(self, text: str, layout: Layout | None) -> object:
        raw = text.encode()
        if problem := too_many(raw):
            raise UnreadableError(problem)
        try:
            return documents.decode(raw, float64=True)
        except documents.JsonError:
            if layout is None or layout.kind == "object":
                raise UnreadableError(f"error unmarshaling parameter {quoted(self.name)}") from None
            return text

    # defaults

    def added_to(self, request: Request, default: object) -> Request:
        """A request with the default of this parameter."""
        default = _as_float64(default)
        text = format_v(default)
        match self.place:
            case Place.PATH:
                return request
            case Place.QUERY:
                pairs = self._query_pairs(default)
                return request if default == {} else replace(request, query=with_pairs(request.query, pairs))
            case Place.HEADER:
                return replace(request, headers=request.headers.add(canonical(self.name), text))
            case Place.COOKIE:
                return replace(request, headers=with_cookie(request.headers, self.name, text))

    def _query_pairs(self, default: object) -> list[tuple[str, str]]:
        if isinstance(default, list):
            if self.explodes_defaults:
                return [(self.name, format_v(item)) for item in default]
            return [(self.name, ",".join(format_v(item) for item in default))]
        if isinstance(default, Mapping):
            members = [(str(key), format_v(value)) for key, value in default.items()]
            if self.style == "deepObject":
                return [(f"{self.name}[{key}]", value) for key, value in members]
            if self.explode:
                return members
            return [(self.name, ",".join(part for pair in members for part in pair))]
        return [(self.name, format_v(default))]


@dataclass(slots=True)
class _Reader:
    """One parameter of one request under way."""

    parameter: Parameter
    given: Given
    steps: int = field(default=0)

    def read(self, layout: Layout) -> Reading:
        """Every way to read it.

        Raises:
            ReadingError: Its text is not of the schema's types.
            UnreadableError: It cannot be read at all.
        """
        self.steps += 1
        if self.steps > MOST_READINGS:
            raise UnreadableError(_TOO_MANY)
        typed = [one for one in layout.all_of if one.is_typed]
        if typed:
            return self._all_of(typed)
        if layout.any_of:
            return self._any_of(layout)
        if layout.one_of:
            return self._one_of(layout)
        match layout.kind:
            case "array":
                return self._array(layout)
            case "object":
                return self._object(layout)
            case _:
                return self._scalar(layout)

    def _all_of(self, branches: list[Layout]) -> Reading:
        reading = Reading()
        found = False
        for branch in branches:
            reading = self.read(branch)
            found = found or reading.found
            if not reading.values:
                break
        return Reading(reading.values, found)

    def _branches(self, branches: tuple[Layout, ...]) -> tuple[list[object], bool]:
        values: list[object] = []
        found = False
        for branch in branches:
            try:
                reading = self.read(branch)
            except ReadingError:
                # What is no member of an object may be another parameter of a query.
                found = found or not (branch.kind == "object" and self.parameter.place is Place.QUERY)
                continue
            except UnreadableError:
                if self.steps > MOST_READINGS:
                    raise
                continue
            found = found or reading.found
            values += reading.values
        return values, found

    def _needs_one(self, branches: tuple[Layout, ...]) -> bool:
        """Whether it is told that no branch could be read; to the reference gateway, an object always can."""
        return self.parameter.required and all(branch.kind != "object" for branch in branches)

    def _any_of(self, layout: Layout) -> Reading:
        # Differs: the reference gateway tries the first branch that can be read alone
        # (test_each_branch_of_any_of_is_tried).
        values, found = self._branches(layout.any_of)
        if not values and self._needs_one(layout.any_of):
            raise UnreadableError(f"decoding anyOf for parameter {quoted(self.parameter.name)} failed")
        return Reading(tuple(values), found)

    def _one_of(self, layout: Layout) -> Reading:
        # Differs: the reference gateway tries the last branch that can be read alone
        # (test_each_branch_of_one_of_is_tried).
        values, found = self._branches(layout.one_of)
        if not values and self._needs_one(layout.one_of):
            raise UnreadableError(f"decoding oneOf failed: {quoted(self.parameter.name)} is required")
        return Reading(tuple(reversed(values)), found)

    # by type

    def _scalar(self, layout: Layout) -> Reading:
        parameter, given = self.parameter, self.given
        name = parameter.name
        match parameter.place:
            case Place.PATH:
                self._only("simple", "label", "matrix")
                prefix = {"label": ".", "matrix": f";{name}="}.get(parameter.style, "")
                raw = given.path.get(name, "")
                if not raw:
                    return Reading()
                shown = _cut(raw, prefix)
                # Differs: the reference gateway judges it percent-encoded (test_path_values_are_judged_decoded).
                return self._one(decode_path(shown), layout, shown)
            case Place.QUERY:
                if layout.types or layout.has_pattern:
                    self._only("form")
                texts: tuple[str, ...] | list[str] = given.queried.get(name, ())
                if texts and not layout.types and layout.has_pattern:
                    return Reading((texts[0],), found=True)
            case Place.HEADER:
                self._only("simple")
                texts = given.header(name)
            case Place.COOKIE:
                self._only("form")
                texts = given.cookies.get(name, ())
        return self._one(texts[0], layout) if texts else Reading()

    @staticmethod
    def _one(text: str, layout: Layout, shown: str | None = None) -> Reading:
        value = read_scalar(text, layout, shown)
        if value is None:
            return Reading(found=True)
        if layout.types or all(isinstance(choice, str) for choice in layout.choices):
            return Reading((value,), found=True)
        others = [_try(text, kind) for kind in (_NUMBER, _BOOLEAN)]
        return Reading((value, *(one for one in others if one is not None)), found=True)

    def _array(self, layout: Layout) -> Reading:
        parameter, given = self.parameter, self.given
        name, style = parameter.name, parameter.style
        match parameter.place:
            case Place.PATH:
                self._only("simple", "label", "matrix")
                prefix, delimiter = _path_array(name, style, explode=parameter.explode)
                raw = given.path.get(name, "")
                if not raw:
                    return Reading()
                parts = _cut(raw, prefix).split(delimiter, MOST_ITEMS)
                return _items([(decode_path(one), one) for one in parts], layout)
            case Place.QUERY:
                self._not("deepObject")
                values = given.queried.get(name, ())
                if not values:
                    return Reading()
                if not parameter.explode:
                    values = values[0].split(_DELIMITERS.get(style, ","), MOST_ITEMS)
                return _items([(one, one) for one in values], layout)
            case Place.HEADER:
                self._only("simple")
                found = given.header(name)
                return _items([(one, one) for one in found[0].split(",", MOST_ITEMS)], layout) if found else Reading()
            case Place.COOKIE:
                self._only("form")
                # Differs: the reference gateway refuses every request where such a cookie is declared
                # (test_an_array_cookie_in_the_default_style).
                cookies = given.cookies.get(name, ())
                if not cookies:
                    return Reading()
                texts = cookies if parameter.explode else cookies[0].split(",", MOST_ITEMS)
                return _items([(one, one) for one in texts], layout)

    def _object(self, layout: Layout) -> Reading:
        parameter, given = self.parameter, self.given
        name, explode = parameter.name, parameter.explode
        match parameter.place:
            case Place.PATH:
                self._only("simple", "label", "matrix")
                raw = given.path.get(name, "")
                if not raw:
                    return Reading()
                prefix, between, inside = _path_object(name, parameter.style, explode=explode)
                pairs = pairs_of(_cut(raw, prefix), between, inside)
                members: Mapping[str, object] = {decode_path(key): decode_path(value) for key, value in pairs.items()}
            case Place.QUERY:
                return self._query_object(layout)
            case Place.HEADER:
                self._only("simple")
                headers = given.header(name)
                if not headers:
                    return Reading()
                members = pairs_of(headers[0], ",", "=" if explode else ",")
            case Place.COOKIE:
                self._only("form")
                if explode:
                    members = {key: values[0] for key, values in given.cookies.items() if key in layout.properties}
                    return Reading((build_object(members, layout),), found=True) if members else Reading()
                cookies = given.cookies.get(name, ())
                if not cookies:
                    return Reading()
                members = pairs_of(cookies[0], ",", ",")
        return _object(members, layout)

    def _query_object(self, layout: Layout) -> Reading:
        parameter, queried = self.parameter, self.given.queried
        self._only("form", "deepObject")
        if parameter.style == "deepObject":
            return self._deep_object(layout)
        if parameter.explode:
            members = {name: values[0] for name, values in queried.items()}
            # Any other parameter may stand beside the members: nothing is said of those that are not declared.
            value = build_object(members, layout)
            return Reading((value,), found=_is_there(members, layout))
        values = queried.get(parameter.name, ())
        if not values:
            return Reading()
        return _queried(pairs_of(values[0], ",", ","), layout)

    def _deep_object(self, layout: Layout) -> Reading:
        opening = f"{self.parameter.name}["
        members: dict[str, object] = {}
        for name, values in self.given.queried.items():
            if not name.startswith(opening):
                continue
            keys = [
                part.partition("]")[0]
                for part in name[len(opening) - 1 :].split("[", MOST_LEVELS + 2)[1:]
                if "]" in part
            ]
            if len(keys) > MOST_LEVELS:
                raise UnreadableError("it is nested too deeply")
            if keys:
                _put(members, keys, values)
        return _queried(members, layout) if members else Reading()

    # style

    def _only(self, *styles: str) -> None:
        if self.parameter.style not in styles:
            raise UnreadableError(self.parameter._unfit())  # noqa: SLF001 - of one module

    def _not(self, style: str) -> None:
        if self.parameter.style == style:
            raise UnreadableError(self.parameter._unfit())  # noqa: SLF001 - of one module


def _as_float64(value: object) -> object:
    """JSON data with its integers as float64, which is what Go decodes them to."""
    if isinstance(value, list):
        return [_as_float64(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_float64(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000:
        return float(value)
    return value


_NUMBER: Final = Layout(("number",))
_BOOLEAN: Final = Layout(("boolean",))


def _try(text: str, layout: Layout) -> object:
    try:
        return read_scalar(text, layout)
    except ReadingError:
        return None


def _items(texts: list[tuple[str, str]], layout: Layout) -> Reading:
    """An array: each item's text, and that text as the client wrote it. One empty item leaves nothing of it."""
    if len(texts) > MOST_ITEMS:
        raise UnreadableError(f"more than {MOST_ITEMS} items")
    items = layout.items or UNTYPED
    values: list[object] = []
    for index, (text, shown) in enumerate(texts):
        try:
            # Differs: the reference gateway reads branches in queries and forms only, and refuses such an array elsewhere
            # (test_items_with_branches).
            value = _Item(text, shown).read(items)
        except ReadingError as error:
            raise error.within(index) from None
        except UnreadableError as error:
            raise UnreadableError(f"item {index}: {error}") from None
        if value is None:
            return Reading(found=True)
        values.append(value)
    return Reading((values,), found=True)


class _Item:
    """An item of an array, whose schema may have branches."""

    __slots__ = ("_shown", "_steps", "_text")

    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._steps = 0

    def read(self, layout: Layout) -> object:
        self._steps += 1
        if self._steps > MOST_READINGS:
            raise UnreadableError(_TOO_MANY)
        typed = [one for one in layout.all_of if one.is_typed]
        if typed:
            value: object = None
            for branch in typed:
                value = self.read(branch)
                if value is None:
                    break
            return value
        if layout.any_of:
            return self._any_of(layout.any_of)
        if layout.one_of:
            found = [value for branch in layout.one_of for value in self._one(branch)]
            if len(found) != 1:
                raise UnreadableError(f"decoding oneOf failed: {len(found)} schemas matched")
            return found[0]
        return read_scalar(self._text, layout, self._shown)

    def _any_of(self, branches: tuple[Layout, ...]) -> object:
        failure: ReadingError | UnreadableError | None = None
        for branch in branches:
            try:
                return self.read(branch)
            except (ReadingError, UnreadableError) as error:
                failure = error
        raise failure or UnreadableError(_TOO_MANY)

    def _one(self, branch: Layout) -> list[object]:
        try:
            return [self.read(branch)]
        except (ReadingError, UnreadableError):
            return []


def _object(members: Mapping[str, object], layout: Layout) -> Reading:
    """An object that nothing else stands beside."""
    others = {}
    if layout.additional is False:
        others = {name: value for name, value in members.items() if name not in layout.properties}
    return Reading((build_object(members, layout),), found=True, others=others)


def _is_there(members: Mapping[str, object], layout: Layout) -> bool:
    """Whether some of these members are those of an object.

    Differs: in the reference gateway no object without properties is ever there (test_a_required_object_may_be_free).
    """
    return any(name in members for name in layout.properties) if layout.properties else bool(members)


def _queried(members: Mapping[str, object], layout: Layout) -> Reading:
    """An object of a query, which is there only with a member that counts."""
    reading = _object(members, layout)
    is_there = reading.values[0] or reading.others or _is_there(members, layout)
    return reading if is_there else Reading(reading.values)


def _cut(raw: str, prefix: str) -> str:
    if not raw.startswith(prefix):
        raise ReadingError(f"value {raw}: a value must be prefixed with {quoted(prefix)}")
    return raw[len(prefix) :]


def _path_array(name: str, style: str, *, explode: bool) -> tuple[str, str]:
    """Prefix and delimiter."""
    match style:
        case "label":
            return ".", "." if explode else ","
        case "matrix":
            return f";{name}=", f";{name}=" if explode else ","
        case _:
            return "", ","


def _path_object(name: str, style: str, *, explode: bool) -> tuple[str, str, str]:
    """Prefix, and delimiters between members and inside them."""
    match style:
        case "label":
            return (".", ".", "=") if explode else (".", ",", ",")
        case "matrix":
            return (";", ";", "=") if explode else (f";{name}=", ",", ",")
        case _:
            return "", ",", "=" if explode else ","


def _put(members: dict[str, object], keys: list[str], values: list[str]) -> None:
    """Put a value of a deepObject where its keys say."""
    if len(values) > 1:
        raise ReadingError("array items must be set with indexes", tuple(keys))
    holder = members
    for key in keys[:-1]:
        inner = holder.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ReadingError("path is not convertible to primitive", tuple(keys))
        holder = inner
    if isinstance(holder.get(keys[-1]), dict):
        raise ReadingError("path is not convertible to primitive", tuple(keys))
    holder[keys[-1]] = values[0]


def read_parameter(parameter: Parameter, given: Given) -> Reading:
    """Every way to read one, whatever is then said of it.

    Raises:
        ReadingError: Its text is not of the schema's types.
        UnreadableError: It cannot be read at all.
    """
    return _Reader(parameter, given).read(parameter.layout)


def given_of(request: Request, path: Mapping[str, str], places: frozenset[Place]) -> Given:
    """The parts of a request that parameters of these places are read from.

    Raises:
        TooManyError: It has too many of one kind.
    """
    return Given(
        {name: escaped_path(value) for name, value in path.items()},
        parse_pairs(request.query) if request.query and Place.QUERY in places else _NO_PAIRS,
        request.headers,
        request.host,
        parse_cookies(request.headers) if Place.COOKIE in places else {},
    )


_NO_PAIRS: Final = Pairs()
