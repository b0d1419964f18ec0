"""Real processes. Each test ends its own; the last fixture sees that none is left."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.filters import filtering

from lockgate.cli import main
from lockgate.hosts import children as children_module
from lockgate.hosts.child import Names
from lockgate.hosts.children import MEMORY, Children
from lockgate.jq_filters import Facts, Message, known_of, task
from lockgate.services import ServiceError, Task, TaskLimitError

FOR_EVER = "last(range(1e12))"
SECONDS = 0.3


def jq(text: str, body: bytes = b"null", *, owner: str = "api", seconds: float = SECONDS) -> Task:
    made = task(f"{{body: ({text})}}", Message(body), known_of(Facts()), owner)
    return Task(made.kind, made.header, made.blobs, seconds, owner)


async def answer(pool: Children, text: str, body: bytes = b"null", **options: object) -> bytes:
    done = await pool.run(jq(text, body, **options))
    assert "failure" not in done.header, done.header
    return done.blobs[0]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def gone(*pids: int) -> None:
    for _ in range(3000):
        if not any(map(is_running, pids)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still there: {[pid for pid in pids if is_running(pid)]}")


async def standing(pool: Children, count: int) -> frozenset[int]:
    """Pids, once there are so many."""
    for _ in range(3000):
        if len(pool.pids) >= count:
            return pool.pids
        await asyncio.sleep(0.01)
    raise AssertionError(f"expected {count} processes, found {len(pool.pids)}")


@pytest.fixture
def pool():
    made = Children()
    yield made
    made.close()


async def test_a_task_is_done(pool):
    assert await answer(pool, ".body | .a + 1", b'{"a": 41}') == b"42"


async def test_nothing_is_started_before_it_is_needed(pool):
    assert pool.pids == frozenset()


async def test_processes_can_be_started_ahead(pool):
    pool.warm()
    pids = await standing(pool, 3)
    assert await answer(pool, "1") == b"1"
    assert pool.pids == pids


async def test_a_process_does_many_tasks(pool):
    pool.warm()
    pids = await standing(pool, 3)
    answers = await asyncio.gather(*(answer(pool, f".body + {n}", b"1", owner=str(n % 5)) for n in range(60)))
    assert answers == [str(n + 1).encode() for n in range(60)]
    assert pool.pids == pids


async def test_large_messages_pass(pool):
    text = b'"' + b"x" * 5_000_000 + b'"'
    assert await answer(pool, ".body", text, seconds=5) == text


async def test_what_a_program_says_is_wrong_is_said(pool):
    with pytest.raises(ServiceError, match="no program for tasks of the kind 'nonsense'"):
        await pool.run(Task("nonsense", {}))
    with pytest.raises(ServiceError, match="ValueError"):
        await pool.run(Task("jq", {}, (b"",)))
    with pytest.raises(ServiceError, match="cannot be handed over"):
        await pool.run(Task("jq", {"a": object()}))
    assert await answer(pool, "1") == b"1"


# ── what is stopped ──


@pytest.mark.parametrize(
    "text",
    [
        FOR_EVER,
        "def f: f; f",
        "[limit(1e9; repeat(1))] | length",
        '[limit(1e6; repeat("a"))] | add | [match("a*?b"; "g")]',
        "[range(1e9)]",
    ],
)
async def test_a_task_that_takes_too_long_is_stopped(pool, text):
    await answer(pool, "1")
    started = time.monotonic()
    with pytest.raises(TaskLimitError, match=r"it takes more than 0\.3 s"):
        await pool.run(jq(text))
    assert time.monotonic() - started < 5 * SECONDS + 5
    assert await answer(pool, "1") == b"1"


@pytest.mark.parametrize(
    "text", ["[range(1e9)]", "reduce range(1e9) as $i (null; [.])", '[range(1000) | "x" * 10000000]']
)
async def test_a_task_that_needs_too_much_memory_is_stopped(text):
    small = Children(memory=MEMORY // 4)
    try:
        with pytest.raises(TaskLimitError, match=r"it needs more than 256 MiB of memory"):
            await small.run(jq(text, seconds=60))
        assert await answer(small, "1") == b"1"
    finally:
        small.close()


async def test_a_process_that_is_stuck_is_killed(pool, monkeypatch):
    # The kernel ends a process that computes; one that does nothing at all is left to the pool.
    monkeypatch.setattr(children_module, "_GRACE_SECONDS", 0.1)
    pool.warm()
    pids = await standing(pool, 3)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TaskLimitError, match=r"it takes more than 0\.3 s"):
        await pool.run(jq("1"))
    for pid in pids & pool.pids:
        os.kill(pid, signal.SIGCONT)


async def test_a_spare_stands_ready_for_the_one_that_was_killed(pool):
    pool.warm()
    await standing(pool, 3)
    with pytest.raises(TaskLimitError):
        await pool.run(jq(FOR_EVER))
    ready = pool.pids
    assert len(ready) >= 2
    await answer(pool, "1")
    await standing(pool, 3)


async def test_the_loop_goes_on_meanwhile(pool):
    await answer(pool, "1")
    running = asyncio.create_task(pool.run(jq(FOR_EVER)))
    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0.001)
    with pytest.raises(TaskLimitError):
        await running
    assert turns > 20  # a loop that waited for the task would have one or two


# ── whose turn it is ──


async def test_one_owner_never_has_all_processes(pool):
    pool.warm()
    await standing(pool, 3)
    hostile = [asyncio.create_task(pool.run(jq(FOR_EVER, owner="hostile", seconds=20))) for _ in range(20)]
    await asyncio.sleep(0)
    assert await answer(pool, "1", owner="quiet") == b"1"
    assert not any(one.done() for one in hostile)
    for one in hostile:
        one.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)
    assert await answer(pool, "1", owner="hostile") == b"1"


async def test_owners_take_turns(pool):
    pool.warm()
    await standing(pool, 3)
    order: list[str] = []

    async def one(owner: str) -> None:
        await pool.run(jq("[range(1e4)] | length", owner=owner))
        order.append(owner)

    many = [one("a") for _ in range(30)]
    await asyncio.gather(*many, one("b"), one("c"))
    assert max(order.index("b"), order.index("c")) < 10


async def test_no_more_than_so_many_tasks_of_an_owner_wait(pool, monkeypatch):
    monkeypatch.setattr(children_module, "MOST_WAITING", 2)
    pool.warm()
    await standing(pool, 3)
    waiting = [asyncio.create_task(pool.run(jq(FOR_EVER))) for _ in range(4)]
    with pytest.raises(ServiceError, match="more than 2 tasks of this API wait already"):
        await asyncio.gather(*waiting)
    assert await answer(pool, "1", owner="other") == b"1"
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_task_does_not_wait_for_ever():
    impatient = Children(wait_seconds=0.05)
    try:
        await answer(impatient, "1")
        first = asyncio.create_task(impatient.run(jq(FOR_EVER)))
        await asyncio.sleep(0)
        with pytest.raises(ServiceError, match=r"it waited for more than 0\.05 s"):
            await impatient.run(jq("1"))
        with pytest.raises(TaskLimitError):
            await first
        assert await answer(impatient, "1") == b"1"
    finally:
        impatient.close()


# ── processes ──


async def test_a_task_that_is_cancelled_takes_its_process_along(pool):
    pool.warm()
    before = await standing(pool, 3)
    running = asyncio.create_task(pool.run(jq(FOR_EVER, seconds=60)))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (lost,) = before - pool.pids
    await gone(lost)
    assert await answer(pool, "1") == b"1"


async def test_a_process_that_somebody_killed_is_replaced(pool):
    pool.warm()
    before = await standing(pool, 3)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await gone(*before)
    assert await answer(pool, "1") == b"1"
    assert not before & pool.pids


async def test_a_process_is_replaced_after_many_tasks(pool, monkeypatch):
    monkeypatch.setattr(children_module, "MOST_TASKS", 3)
    pool.warm()
    before = await standing(pool, 3)
    for _ in range(20):
        await answer(pool, "1")
    assert not before & pool.pids


async def test_a_process_that_holds_on_to_memory_is_replaced(pool, monkeypatch):
    monkeypatch.setattr(children_module, "MOST_GROWTH", -1)
    pool.warm()
    before = await standing(pool, 3)
    await answer(pool, "1")
    assert len(before & pool.pids) == 2


async def test_nothing_is_left_behind(pool):
    pool.warm()
    pids = await standing(pool, 3)
    running = asyncio.create_task(pool.run(jq(FOR_EVER, seconds=60)))
    await asyncio.sleep(0.05)
    pool.close()
    with pytest.raises(ServiceError):
        await running
    assert not any(map(is_running, pids))
    with pytest.raises(ServiceError, match="the gateway ends"):
        await pool.run(jq("1"))


def test_one_event_loop_after_another():
    pool = Children()
    try:
        assert asyncio.run(answer(pool, "1")) == b"1"
        pids = pool.pids
        assert asyncio.run(answer(pool, "2")) == b"2"
        assert pids <= pool.pids
    finally:
        pool.close()


async def test_a_program_that_does_not_start_is_an_error_and_tried_again(monkeypatch):
    pool = Children()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", "/nowhere/python")
            with pytest.raises(ServiceError, match="no process for tasks starts"):
                await pool.run(jq("1"))
            with pytest.raises(ServiceError, match="no process for tasks starts"):
                await pool.run(jq("1"))
        monkeypatch.setattr(children_module, "_PAUSE_SECONDS", 0.0)
        assert await answer(pool, "1") == b"1"
    finally:
        pool.close()


PARENT = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.hosts.test_children import FOR_EVER, jq, standing
from lockgate.hosts.children import Children

async def main():
    pool = Children()
    pool.warm()
    await standing(pool, 3)
    print(*pool.pids, flush=True)
    await pool.run(jq(FOR_EVER, seconds=600))

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_processes_end_with_the_gateway_however_it_ends(number):
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(root=root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3
        parent.send_signal(number)
        parent.wait()
    asyncio.run(gone(*pids))


# ── what a process has ──


async def test_a_process_has_no_environment_no_files_and_a_session_of_its_own(pool, monkeypatch):
    monkeypatch.setenv("LOCKGATE_SECRET", "sesame")
    monkeypatch.delenv("TZ", raising=False)
    await answer(pool, "1")
    for pid in pool.pids:
        process = Path(f"/proc/{pid}")
        assert b"sesame" not in (process / "environ").read_bytes()
        names = {part.partition(b"=")[0] for part in (process / "environ").read_bytes().split(b"\0") if part}
        assert names == set()
        targets = {number.name: str(number.readlink()) for number in (process / "fd").iterdir()}
        assert targets["0"] == targets["1"]
        assert targets["0"].startswith("socket:")
        assert targets["2"] == "/dev/null"
        assert {target for name, target in targets.items() if name not in "012"} <= {f"/proc/{pid}/statm"}
        assert str((process / "cwd").readlink()) == "/"
        assert os.getsid(pid) == pid
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
        limits = (process / "limits").read_text()
        assert f"Max address space         {MEMORY} " in limits
        assert "Max file size             0 " in limits
        assert "Max core file size        0 " in limits


CONFINED = """
import json, os, sys
from lockgate.hosts import child
child.load()
for line in sys.stdin:
    text, names = json.loads(line)
    code = compile(text, "<task>", "exec")
    pid = os.fork()
    if pid == 0:
        guard = child.Guard()
        guard.looks_up_names = names
        try:
            exec(code, {"child": child})
        except PermissionError as error:
            print("refused:", error, flush=True)
        except BaseException as error:
            print("failed:", error, flush=True)
        else:
            print("done", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    print("over", flush=True)
"""


@pytest.fixture(scope="module")
def confined():
    """What comes of code in a process as tasks have one: forks of one that has imported everything."""
    with subprocess.Popen(
        [sys.executable, "-c", CONFINED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(code: str, *, names: bool = False) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([code, names]) + "\n")
            process.stdin.flush()
            said = ""
            while (line := process.stdout.readline()) != "over\n":
                assert line, "it ended"
                said += line
            return said.strip()

        yield run


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd')",
        "open('/tmp/new', 'w')",
        "open(child.__file__, 'a')",
        "open(child.__file__ + '/../../../../../../../etc/passwd')",
        "open(0)",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.listdir('/')",
        "import os; os.remove('/tmp/nothing')",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.putenv('A', 'b')",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', None)",
        "import ctypes; ctypes.CDLL(None)",
        "import gc; gc.get_objects()",
    ],
)
def test_what_python_code_of_a_task_may_not_do(confined, code):
    assert confined(code).startswith("refused: a task may not do this:")


@pytest.mark.parametrize(
    "code",
    [
        "open(child.__file__).read()",
        "import wave",
        "import zoneinfo; zoneinfo.ZoneInfo('Europe/Paris')",
        "exec(compile('1', '', 'exec'))",
        "import json; json.loads('{}')",
    ],
)
def test_what_it_may_do(confined, code):
    assert confined(code) == "done"


def test_tasks_that_ask_for_addresses_may(confined):
    assert confined("import socket; socket.getaddrinfo('127.0.0.1', None)", names=True) == "done"


def test_addresses_of_hosts():
    assert Names().addresses("127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(socket.gaierror):
        Names().addresses("no such host")


def test_a_request_that_is_tried_has_processes_too(tmp_path, capsys):
    (tmp_path / "jq.json").write_text(json.dumps(filtering("{body: [.body.a]}")))
    assert main(["try", str(tmp_path / "jq.json"), "POST /jq/jq", "-d", '{"a": 1}', "--format", "json"]) == 0
    trace = json.loads(capsys.readouterr().out)
    assert [step["outcome"] for step in trace["steps"] if step["link"] == "request_jq"] == ["continue"]
