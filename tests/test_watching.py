"""Files that change, as editors, deployments and Kubernetes change them."""

import asyncio
import contextlib

import pytest

from lockgate.watching import changes, folders_of

SECONDS = 20


class Watch:
    """Watches paths; ``told`` waits until something is told about a file of this name."""

    def __init__(self, *paths):
        self.paths, self.stop, self.seen = paths, asyncio.Event(), asyncio.Queue()

    async def _run(self):
        async for changed in changes(self.paths, self.stop):
            await self.seen.put(changed)

    async def told(self, *names):
        missing = set(names)
        while missing:
            missing -= {path.name for path in await asyncio.wait_for(self.seen.get(), SECONDS)}

    async def __aenter__(self):
        self.task = asyncio.create_task(self._run())
        # The watch is there when it tells a change.
        probe = folders_of(self.paths)[0] / ".probe"
        for number in range(200):
            probe.write_text(str(number))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.seen.get(), 0.1)
                return self
        raise AssertionError("nothing is watched")

    async def __aexit__(self, *_):
        self.stop.set()
        await asyncio.wait_for(self.task, SECONDS)


async def test_a_file_that_is_written(tmp_path):
    async with Watch(tmp_path) as watch:
        (tmp_path / "a.json").write_text("{}")
        await watch.told("a.json")


async def test_a_file_that_is_named_alone(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("1")
    async with Watch(file) as watch:
        (tmp_path / "new").write_text("2")
        (tmp_path / "new").replace(file)
        await watch.told("a.json")


async def test_twenty_files_at_once(tmp_path):
    names = [f"{number}.json" for number in range(20)]
    async with Watch(tmp_path) as watch:
        for name in names:
            (tmp_path / name).write_text("{}")
        await watch.told(*names)


async def test_a_symlink_that_is_swapped(tmp_path):
    folder = tmp_path / "mounted"
    for version in ("..1", "..2"):
        (folder / version).mkdir(parents=True)
        (folder / version / "a.json").write_text(version)
    (folder / "..data").symlink_to("..1")
    (folder / "a.json").symlink_to("..data/a.json")
    async with Watch(folder) as watch:
        (folder / "..data_tmp").symlink_to("..2")
        (folder / "..data_tmp").rename(folder / "..data")
        await watch.told("..data")
    assert (folder / "a.json").read_text() == "..2"


async def test_a_folder_that_goes_and_comes_back(tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    async with Watch(folder) as watch:
        (folder / ".probe").unlink()
        folder.rmdir()
        await asyncio.sleep(0.2)
        folder.mkdir()
        for number in range(50):
            (folder / "a.json").write_text(str(number))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(watch.told("a.json"), 0.2)
                return
    pytest.fail("the folder that came back is not watched")


async def test_it_ends_when_it_is_told_to(tmp_path):
    watch = Watch(tmp_path)
    async with watch:
        pass
    assert watch.task.done()
