"""docs/first-transform.md, followed to the letter: its commands in a shell, its clicks in a browser.

What a step looks like is in ``STEPS``; a line of a numbered list that is none of them fails. Ports are the one thing that
is not taken literally: they are replaced by free ones.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.live.web_gateway import follow, until
from tests.ports import free_port

pytestmark = pytest.mark.timeout(120)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "first-transform.md"
PORTS = ("8080", "8081", "8089")
STEPS = {
    "open": r"Open <(?P<one>[^>]+)>",
    "click": r"Click \*\*(?P<one>[^*]+)\*\*",
    "tick": r"Tick \*\*(?P<one>[^*]+)\*\*",
    "press": r"Press <kbd>(?P<one>[^<]+)</kbd>",
    "put": r"Put `(?P<one>[^`]+)` into \*\*(?P<where>[^*]+)\*\*",
    "replace": r"Replace `(?P<one>[^`]+)` with `(?P<two>[^`]*)` in \*\*(?P<where>[^*]+)\*\*",
    "see": r"See `(?P<one>[^`]+)`",
}
LONG = 30_000
"""Milliseconds until something that ought to show counts as missing."""


class Part(NamedTuple):
    """One thing to do."""

    kind: str
    """A step, or the language of a fenced block."""
    text: str
    before: str
    """The paragraph in front of a block."""
    line: int


def parts(text: str) -> Iterator[Part]:
    lines = text.splitlines()
    paragraph = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("```"):
            end = lines.index("```", number + 1)
            yield Part(line[3:], "\n".join(lines[number + 1 : end]), paragraph, number + 1)
            number = end
        elif re.match(r"\d+\. ", line):
            yield Part("step", line.partition(". ")[2], "", number + 1)
        elif line.strip():
            paragraph = line
        number += 1


class Walk:
    """Somebody with terminals and a browser."""

    def __init__(self, folder: Path, page: Page) -> None:
        self.folder, self.page = folder, page
        self.servers: list[subprocess.Popen[bytes]] = []
        self.waiting: subprocess.Popen[bytes] | None = None
        self.output = ""
        programs = Path(sys.executable).parent
        self.environ = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder)}

    def do(self, part: Part) -> None:
        match part.kind:
            case "sh" if "in a terminal of its own" in part.before:
                self.serve(part.text)
            case "sh" if "it waits" in part.before:
                self.waiting = self.start(part.text, subprocess.PIPE)
            case "sh":
                done = self.start(part.text, subprocess.PIPE).communicate(timeout=30)
                self.output = done[0].decode()
            case "yaml":
                (name,) = re.findall(r"Save this as `([^`]+)`", part.before)
                (self.folder / name).write_text(part.text + "\n")
            case "text":
                if self.waiting is not None:
                    self.output = self.waiting.communicate(timeout=30)[0].decode()
                    self.waiting = None
                for line in part.text.splitlines():
                    assert line in self.output
            case "step":
                self.step(part.text)
            case other:
                raise AssertionError(f"nobody knows what to do with a block of {other!r}")

    def start(self, command: str, stdout: int) -> "subprocess.Popen[bytes]":
        # "exec" of the one command of a server, so that ending the shell ends it.
        script = command if "\n" in command else f"exec {command}"
        return subprocess.Popen(
            ["sh", "-ec", script], cwd=self.folder, env=self.environ, stdout=stdout, stderr=subprocess.DEVNULL
        )

    def serve(self, command: str) -> None:
        self.servers.append(self.start(command, subprocess.DEVNULL))
        for port in re.findall(r"\b(\d{4,5})\b", command):
            until(lambda port=port: listens(int(port)), f"server on {port}", 30)

    def step(self, text: str) -> None:
        for kind, form in STEPS.items():
            if found := re.match(rf"{form}(?=[.:]|$)", text):
                given = found.groupdict()
                getattr(self, kind)(**given)
                return
        raise AssertionError(f"nobody knows how to do {text!r}")

    def open(self, one: str) -> None:
        self.page.goto(one)

    def click(self, one: str) -> None:
        target = self.named(one)
        if target.evaluate("element => element.closest('a[href]') !== null"):
            follow(target)
        else:
            target.click()

    def tick(self, one: str) -> None:
        self.page.get_by_label(one).check()

    def press(self, one: str) -> None:
        self.page.keyboard.press(one)

    def put(self, one: str, where: str) -> None:
        self.page.get_by_label(where, exact=True).fill(one)

    def replace(self, one: str, two: str, where: str) -> None:
        field = self.page.get_by_label(where, exact=True)
        expect(field).to_have_value(re.compile(re.escape(one)), timeout=LONG)
        before = field.input_value()
        assert before.count(one) == 1
        field.fill(before.replace(one, two))

    def see(self, one: str) -> None:
        expect(self.page.get_by_text(one).filter(visible=True).first).to_be_visible(timeout=LONG)

    def named(self, label: str) -> Locator:
        """A link or button of this name, a key that stands in it aside; or else what has this text."""
        escaped = re.escape(label).replace("/", r"\/")  # The browser gets it between slashes.
        name = re.compile(rf"^\s*{escaped}(\s+\S)?\s*$")
        actions = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        texts = self.page.get_by_text(label, exact=True)
        either = actions.or_(texts).filter(visible=True)
        expect(either.first).to_be_visible(timeout=LONG)
        return (actions if actions.filter(visible=True).count() else texts).filter(visible=True).first


def listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def walk(tmp_path: Path, browser: Browser) -> Iterator[Walk]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(LONG)
    made = Walk(tmp_path, page)
    try:
        yield made
    finally:
        for server in made.servers:
            server.terminate()
        for server in made.servers:
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if made.waiting is not None:
            made.waiting.kill()
            made.waiting.communicate()
        page.close()


def test_the_walk_is_what_its_document_says(walk: Walk) -> None:
    text = DOCUMENT.read_text("utf-8")
    for port in PORTS:
        text = re.sub(rf"\b{port}\b", str(free_port()), text)
    done: list[str] = []
    for part in parts(text):
        try:
            walk.do(part)
        except BaseException as error:
            error.add_note(f"docs/first-transform.md:{part.line}: {part.text}")
            raise
        done.append(part.kind)
    assert done.count("step") > 20
    assert "/pets/(\\w+)$" in (walk.folder / "first" / "definitions" / "shop.yaml").read_text()
    assert "^/pets" not in (walk.folder / "first" / "definitions" / "shop.yaml").read_text()
