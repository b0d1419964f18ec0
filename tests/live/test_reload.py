"""A running gateway follows its files: in effect soon, without a failed request, and never without a good definition."""

import asyncio
import contextlib
import json
import sys

import pytest
from tests.apis import oas
from tests.ports import free_port

SECONDS = 20.0

pytestmark = pytest.mark.timeout(90)


def mock(body, listen="/a/", name="a"):
    sections = {"mockResponse": {"enabled": True, "code": 200, "body": body, "headers": []}}
    return oas({"GET /x": sections}, name=name, listen=listen)


class Served:
    """``lockgate serve`` on a folder."""

    def __init__(self, folder, process, port, log):
        self.folder, self.process, self.port, self.log = folder, process, port, log

    def write(self, name, document):
        """As editors do: beside it, then over it."""
        new = self.folder.parent / f"{name}.new"
        new.write_text(document if isinstance(document, str) else json.dumps(document))
        new.replace(self.folder / name)

    async def get(self, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body

    async def says(self, text):
        async with asyncio.timeout(SECONDS):
            while text not in self.log.read_text():
                await asyncio.sleep(0.02)

    async def becomes(self, path, expected):
        async with asyncio.timeout(SECONDS):
            while await self.get(path) != expected:
                await asyncio.sleep(0.02)


@pytest.fixture
async def serve(tmp_path):
    processes = []

    async def start(documents, **settings):
        folder = tmp_path / "definitions"
        folder.mkdir()
        for name, document in documents.items():
            (folder / name).write_text(json.dumps(document))
        (tmp_path / "gateway.json").write_text(json.dumps({"log_format": "json", **settings}))
        log = (tmp_path / "log").open("wb")
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--definitions", str(folder),
            "--gateway", str(tmp_path / "gateway.json"), "--listen", f"127.0.0.1:{port}", stderr=log,
        )  # fmt: skip
        log.close()
        processes.append(process)
        served = Served(folder, process, port, tmp_path / "log")
        async with asyncio.timeout(SECONDS):
            while True:
                with contextlib.suppress(OSError):
                    await served.get("/")
                    return served
                await asyncio.sleep(0.05)

    yield start
    for process in processes:
        process.terminate()
        await asyncio.wait_for(process.wait(), SECONDS)


async def test_files_that_change_are_followed_under_load(serve):
    served = await serve({"a.json": mock("one")})
    seen, stop = [], asyncio.Event()

    async def ask():
        while not stop.is_set():
            seen.append(await served.get("/a/x"))

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    served.write("a.json", mock("two"))
    await served.becomes("/a/x", (200, b"two"))
    served.write("a.json", "{")
    served.write("b.json", mock("three", "/b/", "b"))
    await served.becomes("/b/x", (200, b"three"))
    assert await served.get("/a/x") == (200, b"two")
    for number in range(20):
        served.write(f"many{number}.json", mock(str(number), f"/many{number}/", f"many{number}"))
    await served.becomes("/many19/x", (200, b"19"))
    (served.folder / "b.json").unlink()
    await served.becomes("/b/x", (404, b"Not Found"))
    stop.set()
    await asyncio.gather(*asking)

    assert set(seen) <= {(200, b"one"), (200, b"two")}


async def test_a_mounted_configmap_is_followed(serve, tmp_path):
    served = await serve({})
    for version in ("1", "2"):
        (served.folder / f"..{version}").mkdir()
        (served.folder / f"..{version}" / "a.json").write_text(json.dumps(mock(version)))
    (served.folder / "..data").symlink_to("..1")
    (served.folder / "a.json").symlink_to("..data/a.json")
    await served.becomes("/a/x", (200, b"1"))

    (served.folder / "..new").symlink_to("..2")
    (served.folder / "..new").rename(served.folder / "..data")

    await served.becomes("/a/x", (200, b"2"))


async def test_settings_are_followed(serve):
    served = await serve({"a.json": mock("one")})
    assert (await served.get("/a//x"))[0] == 301

    settings = {"log_format": "json", "listen_port": 1, "http_server_options": {"skip_url_cleaning": True}}
    (served.folder.parent / "gateway.json").write_text(json.dumps(settings))

    async with asyncio.timeout(SECONDS):
        while (await served.get("/a//x"))[0] == 301:
            await asyncio.sleep(0.02)
    await served.says("listen_port changed")


async def test_watching_can_be_switched_off(serve):
    served = await serve({"a.json": mock("one")}, **{"x-lockgate": {"watch": False}})

    served.write("a.json", mock("two"))
    await asyncio.sleep(1)

    assert await served.get("/a/x") == (200, b"one")


async def test_each_line_on_an_exchange_has_its_id(serve):
    served = await serve(
        {"a.json": mock("one"), "b.json": oas(name="b", listen="/b/", upstream="http://127.0.0.1:1")},
        access_logs={"enabled": True},
    )
    await served.get("/a/x")
    await served.get("/b/x")

    lines = []
    async with asyncio.timeout(SECONDS):
        while len(lines) < 3:
            await asyncio.sleep(0.05)
            lines = [json.loads(line) for line in served.log.read_text().splitlines()]
            lines = [line for line in lines if line["logger"] == "lockgate.exchange"]
    assert [(line["level"], line.get("status")) for line in lines] == [("info", 200), ("warning", None), ("info", 500)]
    assert all(line["exchange_id"] for line in lines)
    assert lines[1]["exchange_id"] == lines[2]["exchange_id"] != lines[0]["exchange_id"]


async def test_files_of_templates_are_followed_wherever_they_stand(serve, tmp_path):
    def transformed(path):
        section = {"enabled": True, "format": "json", "path": path}
        mocked = {"enabled": True, "code": 200, "body": '{"a": 1}', "headers": []}
        return oas({"GET /x": {"mockResponse": mocked, "transformResponseBody": section}}, name="a", listen="/a/")

    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "a.tmpl").write_text("one {{.a}}")
    served = await serve({"a.json": transformed("first/a.tmpl")})
    assert await served.get("/a/x") == (200, b"one 1")

    (first / "a.tmpl").write_text("two {{.a}}")
    await served.becomes("/a/x", (200, b"two 1"))
    # Another folder, which nobody has watched until now, and a file that is not there yet.
    served.write("a.json", transformed("second/b.tmpl"))
    await served.becomes("/a/x", (200, b'{"a": 1}'))
    async with asyncio.timeout(SECONDS):
        while await served.get("/a/x") != (200, b"three 1"):
            (second / "b.tmpl").write_text("three {{.a}}")
            await asyncio.sleep(0.2)
    (second / "b.tmpl").write_text("{{if}}")
    await served.becomes("/a/x", (200, b'{"a": 1}'))
    await served.says("missing value for if")
