"""Pages of all middlewares, from their modules and from ``docs/middlewares/sources``.

A module gives its docstring, its summary, its place in the chains, and of each class of its configuration the fields
with types, defaults and docstrings. The source, one YAML file for each middleware, gives what no module knows:

    oas: {api: KEY, endpoint: KEY}        # where it is configured; either may be missing, and be a list
    classic: {api: KEY, endpoint: KEY}
    configs:                              # classes of the module, and which keys each field comes from
      CLASS:
        FIELD: {oas: KEY, classic: KEY, gateway: KEY}
        FIELD: made of what is said here  # instead of keys: the field is worked out
    keys: [{oas: KEY, classic: KEY, text: TEXT}, …]   # that are no field of a class
    notes: [TEXT, …]
    examples:
      - title: TEXT
        gateway: {…}                      # settings
        keys: {KEY: {…}}                  # sessions
        oas: TEXT                         # YAML; what every definition has is left out, see frame.yaml
        classic: TEXT
        upstream: {status, headers, body} # what the upstream answers
        requests:
          - request: GET /api/pets
            headers: {NAME: VALUE}
            body: TEXT
            # A header that is null must not be there; ``error`` is the message of an error reply.
            answer: {status, headers, body, error}
            upstream: {method, target, host, headers, body, timeout}      # what it got; false: nothing

A KEY is a path with dots, from ``x-tyk-api-gateway`` or from the root of a Classic definition; with a dot in front it
stands within the section. ``[]`` are the entries of a list, ID and NAME any key. KEY may be a list, or {api, endpoint} where
the two differ.
"""

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import yaml

from lockgate.middleware import BodyNeed, Matching, Middleware
from lockgate.middlewares import OWN, REQUEST, RESPONSE, UPSTREAM

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "middlewares"
SOURCES: Final = FOLDER / "sources"
FRAME: Final = SOURCES / "frame.yaml"
CHAINS: Final[Mapping[str, tuple[Middleware[Any], ...]]] = {
    "request": REQUEST,
    "upstream": UPSTREAM,
    "response": RESPONSE,
    "own": OWN,
}
FORMATS: Final = {"oas": "Tyk OAS", "classic": "Tyk Classic"}
_LEVELS: Final = {"api": "whole API", "endpoint": "endpoint"}
_TITLES: Final = {
    "request": "On the way to the upstream",
    "upstream": "Between the two",
    "response": "On the way to the client",
    "own": "Endpoints of the gateway's own",
}
_MADE_BY: Final = "<!-- Made by scripts/docs from the module and from sources/{name}.yaml. -->"
_ORDER: Final = (
    "In the order in which they run. Of an API and of an endpoint the API's link runs first in requests, and last in "
    "responses. `lockgate show PATH METHOD URL` prints the ones that a request passes."
)
_FRAMES: Final = (
    "Each example stands in a definition like one of these. Every operation of an OpenAPI document needs `responses` "
    "too, and a path parameter for each placeholder of its path."
)
_MATCHING: Final = {
    Matching.PATHS: "Entries for endpoints are [searched in the path](../definitions.md#how-paths-match), and the first "
    "one that matches counts.",
    Matching.LISTS: "Entries for endpoints are [searched in the path](../definitions.md#how-paths-match), with the listen "
    "path and without it.",
    Matching.ROUTER: "An endpoint is found by [the document's path as a whole](../definitions.md#how-paths-match).",
}
_WORDS: Final = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "bytes": "text",
    "datetime": "time",
    "Headers": "names and values",
    "Text": "text with variables",
    "Regex": "regular expression",
    "Target": "URL",
    "ListenPath": "listen path",
    "Reach": "list of hosts",
    "BodyTransform": "template",
    "Plugin": "plugin",
    "tuple[Plugin, ...]": "list of plugins",
    "tuple[str, ...]": "list of texts",
    "frozenset[str]": "list of texts",
    "tuple[Network, ...]": "list of addresses",
    "tuple[Target, ...]": "list of URLs",
    "tuple[tuple[str, Text], ...]": "names and texts with variables",
}
_STANDS_IN: Final = re.compile(
    r"^(?:middleware\.(?:global|operations\.ID)|version_data\.versions\.NAME(?:\.extended_paths)?)\."
)
_UNITS: Final = {"_seconds": "seconds", "_bytes": "bytes"}


@dataclass(frozen=True)
class ConfigField:
    """One field of a configuration."""

    name: str
    words: str
    """What it is, for people."""
    default: str
    """The same."""
    text: str
    """Its docstring."""


@dataclass(frozen=True)
class Config:
    """One class of a module."""

    name: str
    text: str
    fields: tuple[ConfigField, ...]
    """Those that are given; what the class works out by itself is not among them."""


@dataclass(frozen=True)
class Page:
    """What one page is made from."""

    middleware: Middleware[Any]
    module: ModuleType
    source: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.middleware.name

    @property
    def configs(self) -> tuple[Config, ...]:
        """The classes that the source names, or the middleware's own."""
        found = configs_of(self.module)
        return tuple(found[name] for name in self.source.get("configs", {self.middleware.config.__name__: {}}))

    def mapping(self, config: Config) -> Mapping[str, Any]:
        """By field, what the source says of it."""
        fields: Mapping[str, Any] = (self.source.get("configs") or {}).get(config.name) or {}
        return fields

    def section(self, form: str, level: str) -> list[str]:
        """Keys of the section in one format."""
        return as_list((self.source.get(form) or {}).get(level))


def as_list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


# ── reading ──


def pages() -> dict[str, Page]:
    """Every middleware once, in the order of the chains."""
    found: dict[str, Page] = {}
    for chain in CHAINS.values():
        for middleware in chain:
            if middleware.name not in found:
                module = sys.modules[f"lockgate.middlewares.{middleware.name}"]
                found[middleware.name] = Page(middleware, module, source_of(middleware.name))
    return found


def source_of(name: str) -> Mapping[str, Any]:
    path = SOURCES / f"{name}.yaml"
    if not path.exists():
        raise SystemExit(f"{path} is missing: every middleware has a source")
    source: Mapping[str, Any] = yaml.safe_load(path.read_text("utf-8")) or {}
    return source


def configs_of(module: ModuleType) -> dict[str, Config]:
    """The dataclasses of a module."""
    tree = ast.parse(inspect.getsource(module))
    found: dict[str, Config] = {}
    for node in tree.body:
        kind = getattr(module, node.name) if isinstance(node, ast.ClassDef) else None
        if isinstance(node, ast.ClassDef) and dataclasses.is_dataclass(kind):
            found[node.name] = Config(node.name, _joined(ast.get_docstring(node)), tuple(_fields(node, module)))
    return found


def _fields(node: ast.ClassDef, module: ModuleType) -> Iterator[ConfigField]:
    known = {field.name: field for field in dataclasses.fields(getattr(module, node.name)) if field.init}
    for number, statement in enumerate(node.body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        field = known.get(statement.target.id)
        if field is None:
            continue
        following = node.body[number + 1] if number + 1 < len(node.body) else None
        text = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = _joined(inspect.cleandoc(str(following.value.value)))
        words = _words(field.name, ast.unparse(statement.annotation), module)
        yield ConfigField(field.name, words, _default(field), text)


def _words(name: str, annotation: str, module: ModuleType) -> str:
    """The type of a field, for people."""
    plain = annotation.removesuffix(" | None")
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
    members: Mapping[str, Enum] = getattr(getattr(module, plain, None), "__members__", {})
    values = [f"`{one.value}`" for one in members.values() if isinstance(one.value, str)]
    if values:
        return ", ".join(values)
    words = _WORDS.get(plain, f"`{plain}`")
    return f"{words}, {unit}" if unit else words


def _default(field: "dataclasses.Field[Any]") -> str:
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if value is dataclasses.MISSING:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        return f"`{value.value if isinstance(value.value, str) else value.name}`"
    if isinstance(value, int | float):
        return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
    if isinstance(value, str | bytes):
        return f"`{value!s}`" if value else "empty"
    return "none" if value is None or not len(value) else f"`{value}`"


def _joined(text: str | None) -> str:
    """A docstring as one paragraph of Markdown."""
    paragraphs = (text or "").split("\n\n")
    kept = " ".join(part for part in paragraphs if not part.startswith("Source:"))
    return " ".join(kept.split()).replace("``", "`")


# ── writing ──


def written(all_pages: Mapping[str, Page]) -> dict[str, str]:
    """Text by file name."""
    texts = {f"{name}.md": _page(page) for name, page in all_pages.items()}
    return texts | {"README.md": _index(all_pages)}


def _page(page: Page) -> str:
    module_text = [_joined(part) for part in (page.module.__doc__ or "").split("\n\n")]
    lines = [
        _MADE_BY.format(name=page.name),
        "",
        f"# {page.name}",
        "",
        *(line for part in module_text if part for line in (part, "")),
        " ".join(_in_the_chain(page)),
        "",
        *_where(page),
        *(line for config in page.configs for line in _config(page, config)),
        *_other_keys(page),
    ]
    notes = page.source.get("notes") or []
    if notes:
        lines += ["## Worth knowing", "", *(f"- {note}" for note in notes), ""]
    for number, example in enumerate(page.source.get("examples") or []):
        lines += _example(example, first=number == 0)
    return "\n".join(lines).rstrip() + "\n"


def _in_the_chain(page: Page) -> Iterator[str]:
    for phase, chain in CHAINS.items():
        names = [middleware.name for middleware in chain]
        if page.name not in names:
            continue
        at = names.index(page.name)
        around = [
            *([f"after [{names[at - 1]}]({names[at - 1]}.md)"] if at else []),
            *([f"before [{names[at + 1]}]({names[at + 1]}.md)"] if at + 1 < len(names) else []),
        ]
        phrase = {"request": "Request chain", "upstream": "Between the chains", "response": "Response chain"}.get(
            phase, "An endpoint of the gateway's own"
        )
        yield f"{phrase}: {', '.join(around) or 'alone'}."
    middleware = page.middleware
    if middleware.always is not None:
        yield "Every exchange passes it."
    if middleware.body_when is not None:
        yield "It waits for the body only where it has to; other bodies stream."
    elif middleware.body is BodyNeed.NONE:
        yield "It needs no body: bodies stream past it."
    else:
        yield f"It {'reads' if middleware.body is BodyNeed.READ else 'reads and changes'} the body."
    if any(page.section(form, "endpoint") for form in FORMATS):
        yield _MATCHING[middleware.matching]


def _where(page: Page) -> Iterator[str]:
    levels = [level for level in _LEVELS if any(page.section(form, level) for form in FORMATS)]
    if not levels:
        return
    yield from _table(
        ["", *FORMATS.values()],
        [
            [_LEVELS[level], *(", ".join(f"`{key}`" for key in page.section(form, level)) or "–" for form in FORMATS)]
            for level in levels
        ],
    )
    yield ""


def _config(page: Page, config: Config) -> Iterator[str]:
    if not config.fields:
        return
    mapping = page.mapping(config)
    has_gateway = any("gateway" in said for said in mapping.values() if isinstance(said, dict))
    yield f"## {config.name}"
    yield ""
    if len(page.configs) > 1 and config.text:
        yield config.text
        yield ""
    rows = []
    for field in config.fields:
        said = mapping.get(field.name, {})
        meaning = field.text
        row = [f"`{field.name}`", field.words, field.default, meaning]
        if isinstance(said, str):
            row[3] = f"{meaning} {said[:1].upper()}{said[1:]}.".strip()
            row += ["–", "–"]
        else:
            row += [_keys(said.get("oas")), _keys(said.get("classic"))]
        if has_gateway:
            row.append(_keys(said.get("gateway")) if isinstance(said, dict) else "–")
        rows.append(row)
    yield from _table(["field", "is", "default", "", *FORMATS.values(), *(["gateway"] if has_gateway else [])], rows)
    yield ""


def _other_keys(page: Page) -> Iterator[str]:
    keys = page.source.get("keys") or []
    if keys:
        yield "## Other keys"
        yield ""
        yield from _table(
            ["", *FORMATS.values()], [[key["text"], *(_keys(key.get(form)) for form in FORMATS)] for key in keys]
        )
        yield ""


def _keys(said: Any) -> str:
    if isinstance(said, dict):
        return ", ".join(f"{_LEVELS[level]}: {_keys(key)}" for level, key in said.items())
    keys = (key if key.startswith("(") else f"`{_STANDS_IN.sub('', key.removeprefix('.'))}`" for key in as_list(said))
    return ", ".join(keys) or "–"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _example(example: Mapping[str, Any], *, first: bool) -> Iterator[str]:
    if first:
        yield "## Examples"
        yield ""
        yield "What every definition has is [left out](README.md#what-examples-leave-out)."
        yield ""
    if example.get("title"):
        yield f"### {example['title']}"
        yield ""
    if example.get("gateway"):
        yield "Settings of the gateway:"
        yield ""
        yield "```yaml"
        yield yaml.safe_dump(example["gateway"], sort_keys=False).rstrip()
        yield "```"
        yield ""
    if example.get("keys"):
        yield "Keys, with what differs from an empty session:"
        yield ""
        yield "```yaml"
        yield yaml.safe_dump(example["keys"], sort_keys=False, default_flow_style=None).rstrip()
        yield "```"
        yield ""
    for form, name in FORMATS.items():
        if form in example:
            yield f"{name}:"
            yield ""
            yield "```yaml"
            yield example[form].rstrip()
            yield "```"
            yield ""
    yield from _table(["request", "upstream gets", "answer"], [_request(one) for one in example["requests"]])
    yield ""


def _request(one: Mapping[str, Any]) -> list[str]:
    asked = [_code(one["request"]), *_fields_of(one.get("headers"))]
    if "body" in one:
        asked.append(_code(one["body"]))
    sent = one.get("upstream")
    got = ["nothing"] if sent is False else []
    if isinstance(sent, dict):
        line = " ".join(str(sent[key]) for key in ("method", "target") if key in sent)
        got = [*([_code(line)] if line else []), *([_code(f"Host: {sent['host']}")] if "host" in sent else [])]
        got += [*_fields_of(sent.get("headers")), *([_code(sent["body"])] if "body" in sent else [])]
        got += [f"for {sent['timeout']} seconds at most"] if "timeout" in sent else []
    answer = one.get("answer") or {}
    status = [str(answer["status"])] if "status" in answer else []
    back = [*status, *_fields_of(answer.get("headers")), *([_code(answer["body"])] if answer.get("body") else [])]
    back += [_code(f'{{"error": "{answer["error"]}"}}')] if "error" in answer else []
    return ["<br>".join(asked), "<br>".join(got) or "–", "<br>".join(back) or "–"]


def _fields_of(headers: Mapping[str, Any] | None) -> Iterator[str]:
    for name, value in (headers or {}).items():
        yield f"no {_code(name)}" if value is None else _code(f"{name}: {value}")


def _code(text: str) -> str:
    text = text.replace("\n", "\\n")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _index(all_pages: Mapping[str, Page]) -> str:
    frame = yaml.safe_load(FRAME.read_text("utf-8"))
    lines = [
        _MADE_BY.format(name="frame"),
        "",
        "# Middlewares",
        "",
        _ORDER,
        "",
    ]
    for phase, chain in CHAINS.items():
        rows = [
            [
                f"[{middleware.name}]({middleware.name}.md)",
                middleware.summary,
                *(_all_keys(all_pages[middleware.name], form) for form in FORMATS),
            ]
            for middleware in chain
        ]
        lines += [f"## {_TITLES[phase]}", "", *_table(["", "", *FORMATS.values()], rows), ""]
    lines += [
        "## What examples leave out",
        "",
        _FRAMES,
        "",
    ]
    for form, name in FORMATS.items():
        lines += [f"{name}:", "", "```yaml", frame[form].rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _all_keys(page: Page, form: str) -> str:
    """Where it is configured, without what all sections of a level stand in."""
    keys = [key for level in _LEVELS for key in page.section(form, level)]
    short = dict.fromkeys(_STANDS_IN.sub("", key).removesuffix("[]") for key in keys)
    return ", ".join(f"`{key}`" for key in short) or "–"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them."""
    if set(arguments) - {"--check"}:
        print("usage: scripts/docs [--check]", file=sys.stderr)
        return 2
    wanted = written(pages())
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if "--check" in arguments:
        for name in stale:
            print(f"docs/middlewares/{name} is not up to date: run scripts/docs", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        path = FOLDER / name
        if name in wanted:
            path.write_text(wanted[name], "utf-8")
        else:
            path.unlink()
        print(f"{'wrote' if name in wanted else 'removed'} docs/middlewares/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
