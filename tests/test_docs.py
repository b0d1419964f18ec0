"""docs/middlewares: the pages are up to date, say everything there is to configure, and their examples do what is written."""

import asyncio
import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts import middleware_docs as docs
from tests.apis import settings
from tests.helpers import FixedOutside, ScriptsInPlace, TasksInPlace, make_request

from lockgate.decoding.syntax import parse_yaml
from lockgate.exchange import Headers, Response
from lockgate.identity.keys import handle_of
from lockgate.identity.sessions import completed, session_document
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.middlewares import OWN, REQUEST, RESPONSE, UPSTREAM
from lockgate.services import Outside
from lockgate.session import Session
from lockgate.settings import load_settings
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits
from lockgate.trace import Trace

PAGES = docs.pages()
FRAMES = {form: yaml.safe_load(text) for form, text in yaml.safe_load(docs.FRAME.read_text("utf-8")).items()}
ROOTS = {"oas": ("x-tyk-api-gateway",), "classic": ()}
WITH_SECTIONS = [page for page in PAGES.values() if page.source.get("oas") or page.source.get("classic")]
SAID = {"oas", "classic", "configs", "keys", "notes", "examples"}


def merged(base: Any, more: Any) -> Any:
    if isinstance(base, dict) and isinstance(more, dict):
        return {key: merged(base.get(key), more.get(key, base.get(key))) for key in {**base, **more}}
    return base if more is None else more


# ── pages ──


def test_the_pages_are_up_to_date() -> None:
    written = {path.name: path.read_text("utf-8") for path in docs.FOLDER.glob("*.md")}

    assert written == docs.written(PAGES), "run scripts/docs"


def test_a_stale_page_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "FOLDER", tmp_path)

    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    (tmp_path / "cors.md").write_text("older", "utf-8")
    (tmp_path / "gone.md").write_text("of a middleware that is no more", "utf-8")
    capsys.readouterr()
    assert docs.main(["--check"]) == 1
    assert re.findall(r"(\w+\.md) is not up to date", capsys.readouterr().err) == ["cors.md", "gone.md"]
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0


def test_every_middleware_has_a_page_in_the_order_of_the_chains() -> None:
    index = (docs.FOLDER / "README.md").read_text("utf-8")

    listed = re.findall(r"^\| \[(\w+)\]\(\w+\.md\)", index, re.MULTILINE)
    assert listed == [middleware.name for chain in (REQUEST, UPSTREAM, RESPONSE, OWN) for middleware in chain]


def test_every_source_is_of_a_middleware() -> None:
    assert {path.stem for path in docs.SOURCES.iterdir()} == {*PAGES, "frame"}


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_a_source_has_nothing_that_is_not_shown(page: docs.Page) -> None:
    assert set(page.source) <= SAID


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: docs.Page) -> None:
    text = (docs.FOLDER / f"{page.name}.md").read_text("utf-8")
    for target in re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        linked = docs.FOLDER / file
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, target


# ── fields ──


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_every_field_of_a_configuration_is_on_its_page(page: docs.Page) -> None:
    config = page.middleware.config
    kinds = {config.__name__, *(kind.__name__ for kind in config.__subclasses__())}
    shown = {one.name for one in page.configs}
    decided = page.middleware.resolver is not None
    assert decided or any(kind in shown for kind in kinds)
    for one in page.configs:
        found = getattr(page.module, one.name)
        assert is_dataclass(found)
        assert [field.name for field in one.fields] == [field.name for field in fields(found) if field.init]
        said = page.mapping(one)
        assert set(said) == {field.name for field in one.fields}, one.name
        for name, keys in said.items():
            assert keys, f"{one.name}.{name}"
            assert isinstance(keys, str) or set(keys) <= {"oas", "classic", "gateway"}


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_fields_that_are_texts_of_a_module_have_words(page: docs.Page) -> None:
    """No type of Python's own stands on a page as it is spelled."""
    for config in page.configs:
        for field in config.fields:
            assert not re.search(r"`(str|int|float|bool|bytes|tuple\[str, \.\.\.\])`", field.words), field


# ── keys ──


def full_keys(page: docs.Page, form: str) -> set[str]:
    """Every key of one format that the page names, from the root of the format."""
    sections = {level: page.section(form, level) for level in ("api", "endpoint")}
    found = {key for keys in sections.values() for key in keys}

    def add(said: Any, level: str = "") -> None:
        if isinstance(said, dict):
            for inner, keys in said.items():
                add(keys, inner)
            return
        for key in docs.as_list(said):
            if key.startswith("("):
                continue
            if key.startswith("."):
                bases = sections[level] if level else [base for bases in sections.values() for base in bases]
                assert bases, key
                # Of several sections the key may be in some only: they are named in full then.
                found.update(base + key for base in bases)
            else:
                found.add(key)

    for config in page.configs:
        for said in page.mapping(config).values():
            if isinstance(said, dict):
                add(said.get(form))
    for key in page.source.get("keys") or []:
        add(key.get(form))
    return found


KEYS = sorted({(form, key) for page in WITH_SECTIONS for form in docs.FORMATS for key in full_keys(page, form)})


def with_key(form: str, key: str) -> tuple[dict[str, Any], str]:
    """A definition in which the key has an odd value, and the JSON Pointer to it."""
    value: Any = {"odd": {}}
    pointer: list[str] = []
    for part in reversed([*ROOTS[form], *re.sub(r"\[\]", ".[]", key).split(".")]):
        name = {"ID": "op", "NAME": "Default", "METHOD": "GET", "STATUS": "404", "[]": "0"}.get(part, part)
        value = [value] if part == "[]" else {name: value}
        pointer.insert(0, name)
    document = merged(FRAMES[form], value)
    if form == "oas":
        document["paths"] = {"/op": {"get": {"operationId": "op", "responses": {"200": {"description": "done"}}}}}
    return document, "".join(f"/{part}" for part in pointer)


def unknown(document: dict[str, Any]) -> set[str]:
    loaded = load_text(json.dumps(document), "a.json", settings())
    return {problem.pointer for problem in loaded.problems if problem.code == "unknown-key"}


@pytest.mark.parametrize(("form", "key"), KEYS)
def test_each_key_is_one_of_the_format(form: str, key: str) -> None:
    document, pointer = with_key(form, key)
    assert not any(pointer.startswith(place) for place in unknown(document))

    if key.endswith("[]") or re.search(r"\b(ID|NAME|METHOD|STATUS)$", key):
        return
    misspelled, pointer = with_key(form, f"{key}Odd")
    assert pointer in unknown(misspelled)


GATEWAY_KEYS = sorted(
    {
        key
        for page in PAGES.values()
        for config in page.configs
        for said in page.mapping(config).values()
        if isinstance(said, dict)
        for key in docs.as_list(said.get("gateway"))
    }
)


@pytest.mark.parametrize("key", GATEWAY_KEYS)
def test_each_setting_is_one_of_the_gateway(key: str) -> None:
    assert not unknown_settings(key)
    assert unknown_settings(f"{key}_odd")


def unknown_settings(key: str) -> bool:
    value: Any = None
    for part in reversed(key.split(".")):
        value = {part: value}
    _, problems = load_settings(json.dumps(value), "gateway.json", {})
    return "unknown-key" in {problem.code for problem in problems}


# ── examples ──

EXAMPLES = [
    pytest.param(page, example, form, id=f"{page.name}-{number}-{form}")
    for page in PAGES.values()
    for number, example in enumerate(page.source.get("examples") or [])
    for form in docs.FORMATS
    if form in example
]


def definition(form: str, text: str) -> dict[str, Any]:
    (fragment,) = parse_yaml(text)
    document: dict[str, Any] = merged(FRAMES[form], fragment.value)
    for path, item in document.get("paths", {}).items():
        for operation in item.values():
            operation.setdefault("responses", {"200": {"description": "done"}})
            names = re.findall(r"\{(\w+)", path)
            given = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
            operation["parameters"] = operation.get("parameters", []) + [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in names
                if name not in given
            ]
    return document


def with_keys(keys: dict[str, Any]) -> Outside:
    fixed = FixedOutside()
    store = MemoryKeys()
    for name, session in keys.items():
        document = completed(session_document(json.dumps(session).encode()), fixed.now(), "2026-01-02T03:04:05Z")
        asyncio.run(store.keep(handle_of(name), name, Session.of(document)))
    return Outside(
        clock=fixed,
        ids=fixed,
        turns=fixed,
        sessions=store,
        limits=MemoryLimits(fixed),
        tasks=TasksInPlace(),
        scripts=ScriptsInPlace(),
    )


def sent(of: Snapshot, one: dict[str, Any], given: Response, outside: Outside) -> Trace:
    method, target = one["request"].split(" ")
    headers = {name: str(value) for name, value in (one.get("headers") or {}).items()}
    host = headers.pop("Host", "gateway.test")
    body = one.get("body", "").encode()
    request = make_request(method, target, tuple(headers.items()), body, host)
    return asyncio.run(try_request(of, request, given, outside))


def check_headers(found: Headers, wanted: dict[str, Any] | None) -> None:
    for name, value in (wanted or {}).items():
        assert found.get(name) == value, name


@pytest.mark.parametrize(("page", "example", "form"), EXAMPLES)
def test_an_example_does_what_is_written(page: docs.Page, example: dict[str, Any], form: str) -> None:
    gateway = settings(**example.get("gateway", {}))
    text = json.dumps(definition(form, example[form]))
    loaded = load_text(text, "example.json", gateway)
    assert [str(problem) for problem in loaded.problems] == []
    snapshot = Snapshot(loaded.definitions, gateway)
    upstream = example.get("upstream") or {"status": 200, "headers": {"Content-Type": "text/plain"}, "body": "pets"}
    given = Response(
        upstream["status"], Headers.of(*(upstream.get("headers") or {}).items()), upstream.get("body", "").encode()
    )
    outside = with_keys(example.get("keys") or {})

    ran = set()
    for one in example["requests"]:
        trace = sent(snapshot, one, given, outside)
        ran |= {step.link for step in trace.steps}
        answer, request = trace.answer, trace.upstream_request
        assert answer is not None
        wanted = one.get("answer") or {}
        assert answer.status == wanted.get("status", answer.status)
        check_headers(answer.headers, wanted.get("headers"))
        if "error" in wanted:
            assert json.loads(answer.body)["error"] == wanted["error"]
        if "body" in wanted:
            assert answer.body == wanted["body"].encode()
        if one.get("upstream") is False:
            assert request is None
        elif "upstream" in one:
            assert request is not None
            expected = one["upstream"]
            assert request.method == expected.get("method", request.method)
            assert request.target == expected.get("target", request.target)
            assert request.host == expected.get("host", request.host)
            assert request.body == expected.get("body", request.body.decode()).encode()
            check_headers(request.headers, expected.get("headers"))
            if "timeout" in expected:
                targets = [step.after.upstream for step in trace.steps if step.after.upstream is not None]
                assert targets[-1].total_timeout_seconds == expected["timeout"]
    assert page.name in ran, "no request of the example passes the middleware"
