"""README.md and docs/: commands exist, examples load and do what is written, and nothing that can be set is missing."""

import argparse
import json
import re
import shlex
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.options import Options as MitmproxyOptions
from mitmproxy.tools.dump import DumpMaster

from lockgate import cli, settings
from lockgate.hosts.mitm.options import Lockgate
from lockgate.inspection import parse_answer, parse_request, try_request
from lockgate.loading import load_text
from lockgate.settings import (
    AccessLogs,
    AnalyticsConfig,
    ConsulSettings,
    DebugSettings,
    FileStoreSettings,
    HttpServerOptions,
    Limits,
    LoginSettings,
    NormaliseUrls,
    Own,
    RecordSettings,
    ScriptSettings,
    ServerCertificate,
    Settings,
    VaultSettings,
)
from lockgate.snapshot import Snapshot

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))
OPTIONS = (ROOT / "docs" / "options.md").read_text("utf-8")
PROGRAMS = {"curl", "lockgate", "mitmdump", "mitmweb"}


def blocks(text: str, *languages: str) -> list[str]:
    return [
        body
        for language, body in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if language in languages
    ]


def command_lines(text: str) -> list[list[str]]:
    """Commands in code blocks, without those that are somebody else's."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    lines += [line[2:] for block in blocks(text, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def parser_of(name: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = commands()[name]
    return found


def commands() -> dict[str, Any]:
    parser = cli._parser()
    action = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


LOCKGATE = [words[1:] for words in command_lines(README) if words[0] in ("lockgate", "scripts/run") and words[1:]]


@pytest.mark.parametrize("arguments", LOCKGATE, ids=" ".join)
def test_each_command_of_the_readme_is_one(arguments: list[str]) -> None:
    assert cli._parser().parse_args(arguments).run is not cli._demonstrate


def test_each_program_of_the_readme_is_there() -> None:
    for words in command_lines(README):
        program = words[1] if words[0] == ".venv/bin/python" else words[0]
        assert program in PROGRAMS or (ROOT / program).is_file(), program


def test_the_options_of_each_command_are_in_the_readme() -> None:
    rows = dict(re.findall(r"^\| `lockgate (\w+)[^`]*` \| (.*) \|$", README, re.MULTILINE))

    assert set(rows) == set(commands())
    for name, text in rows.items():
        known = {option for action in parser_of(name)._actions for option in action.option_strings}
        longest = {max(action.option_strings, key=len) for action in parser_of(name)._actions if action.option_strings}
        assert set(re.findall(r"--[\w-]+", text)) - {"--headless"} <= known, name
        assert longest - {"--help"} <= set(re.findall(r"--[\w-]+", text)), name


async def test_the_first_example_gets_the_reply_that_is_written() -> None:
    definition = blocks(README, "yaml")[0]
    console = blocks(README, "console")[0]
    command, _, reply = console.partition("\n")
    url = shlex.split(command)[-1]
    loaded = load_text(definition, "hello.yaml", Settings())

    trace = await try_request(
        Snapshot(loaded.definitions, Settings()), parse_request(url.encode()), parse_answer(b"500")
    )

    assert loaded.problems == ()
    written = parse_answer(reply.encode())
    answer = trace.answer
    assert answer is not None
    assert (answer.status, answer.body) == (written.status, written.body)
    # The host adds these.
    assert answer.headers == written.headers.remove("Date", "Content-Length")
    assert written.headers.get("Content-Length") == str(len(written.body if isinstance(written.body, bytes) else b""))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page.read_text("utf-8"), "yaml")], ids=lambda p: p.stem
)
def test_each_definition_of_a_page_loads(page: Path) -> None:
    for text in blocks(page.read_text("utf-8"), "yaml"):
        assert load_text(text, page.name, Settings()).problems == ()


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_each_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


def rows_of(page: str) -> dict[str, str]:
    """Name and default of everything in a table that has defaults."""
    return dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \| ", page, re.MULTILINE))


async def test_each_option_of_mitmproxy_is_on_the_page() -> None:
    master = DumpMaster(MitmproxyOptions(), with_termlog=False, with_dumper=False)
    others = set(master.options.keys())
    master.addons.add(Lockgate())
    ours = {name: getattr(master.options, name) for name in set(master.options.keys()) - others}

    written = {name: default for name, default in rows_of(OPTIONS).items() if name.startswith("lockgate_")}
    assert written == {name: f"`{str(value).lower()}`" if value else "none" for name, value in ours.items()}


SECTIONS = {
    "Settings of the gateway": Settings,
    "http_server_options": HttpServerOptions,
    "http_server_options.certificates": ServerCertificate,
    "access_logs": AccessLogs,
    "analytics_config": AnalyticsConfig,
    "analytics_config.normalise_urls": NormaliseUrls,
    "kv.file": FileStoreSettings,
    "kv.vault": VaultSettings,
    "kv.consul": ConsulSettings,
    "kv.consul.http_auth": LoginSettings,
    "x-lockgate": Own,
    "x-lockgate.limits": Limits,
    "x-lockgate.records": RecordSettings,
    "x-lockgate.scripts": ScriptSettings,
    "x-lockgate.debug": DebugSettings,
}
# Where the settings' file is, which nobody sets.
NO_SETTINGS = {"read_from", "folder"}


def tables() -> dict[str, dict[str, str]]:
    """The rows of each table of settings, by the section that the line before it names last."""
    page = OPTIONS.partition("## Settings of the gateway")[2].partition("###")[0]
    found = {}
    for part in re.split(r"^(?=Under )", page, flags=re.MULTILINE):
        first = part.lstrip().partition("\n")[0]
        names = re.findall(r"`([\w.-]+)`", first) if first.startswith("Under ") else ["Settings of the gateway"]
        found[names[-1]] = rows_of(part)
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_each_setting_is_on_the_page_with_its_default(section: str) -> None:
    written = tables()[section]
    expected = {}
    for field in fields(SECTIONS[section]):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name in NO_SETTINGS or is_dataclass(default):
            continue
        named = isinstance(default, str) and default
        expected[field.name] = "required" if default is MISSING else f"`{default if named else json.dumps(default)}`"
    assert written == expected


def test_each_section_of_the_settings_has_its_table() -> None:
    def kinds(kind: Any) -> set[Any]:
        nested = {type(field.default) for field in fields(kind) if is_dataclass(field.default)}
        only_holds_others = len(nested) == len(fields(kind))
        return set().union(*(kinds(one) for one in nested), set() if only_holds_others else {kind})

    assert kinds(Settings) | {ServerCertificate} == set(SECTIONS.values())
    assert set(tables()) == set(SECTIONS)


def test_each_key_of_the_settings_is_on_the_page() -> None:
    known = set(settings._SETTINGS.keys) | set(settings._SERVER.keys) | set(settings._OWN.keys)

    written = {part for name in re.findall(r"`([\w.-]+)`", OPTIONS) for part in name.split(".")}
    assert known <= written
