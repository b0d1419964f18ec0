"""Requests per second side by side: plain mitmdump, and Lockgate under mitmdump and as `lockgate serve`.

    .venv/bin/python scripts/bench/throughput.py [--rounds 20] [--seconds 2] [--state OTHER_CHECKOUT]

Every variant is a process of its own, started once and idle while the others are measured. A round measures each of
them once, in an order that is rotated from round to round. Ratios are those of one round, so that what happens to the
machine happens to both sides. Needs wrk and nginx.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import jinja2
from figures import ROOT, machine_lines, median_interval, ratios, stop, table

DEFINITIONS: Final = Path(__file__).resolve().parent / "definitions"
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
ORDER: Final = json.dumps(json.loads((TEMPLATES / "order_summary.json").read_text("utf-8")), ensure_ascii=False)
"""Of 2 kB, what is transformed."""
UPSTREAM_IN_DEFINITIONS: Final = "http://127.0.0.1:8089"
PLAIN: Final = "mitmdump"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
CONNECTIONS: Final = 16

NGINX: Final = """\
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      default_type application/json;
      add_header X-Seen "$request_uri $http_x_gateway";
      add_header X-Length "$content_length";
      return 200 '{{"id": 42, "title": "a book", "pages": 312}}';
    }}
    location = /order.json {{
      root {folder};
      types {{ application/json json; }}
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class State:
    """A checkout that is measured."""

    name: str
    folder: Path

    @property
    def python(self) -> str:
        """Its own environment's Python, or the one that runs this."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own) if own.exists() else sys.executable

    @property
    def environment(self) -> dict[str, str]:
        """So that its own package is the one that is imported."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return environment | {"PYTHONPATH": str(self.folder / "addons")}


@dataclass(slots=True)
class Variant:
    """One process that is measured, and what was measured of it."""

    name: str
    state: State
    arguments: Sequence[str]
    """Of the state's Python. "{port}" is the port to listen on."""
    path: str
    expected: tuple[tuple[str, str], ...]
    """Headers that the answer has if the chain did its work."""
    posted: str = ""
    """Body of the requests; "" sends GET."""
    base: str = PLAIN
    """Name of the variant that it is compared with."""
    port: int = 0
    rates: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    """Milliseconds within which 99 % of the answers came, one of each round."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    @property
    def command(self) -> list[str]:
        return [self.state.python, *(argument.replace("{port}", str(self.port)) for argument in self.arguments)]


MITMDUMP: Final = ("-c", "from mitmproxy.tools.main import mitmdump; mitmdump()")
SERVE: Final = ("-m", "lockgate.cli", "serve", "--headless")
TYPICAL: Final = ("/typical/books/42", (("X-Seen", "/library/42 bench"), ("X-Served-By", "bench")))
MOCK: Final = ("/mocked/books/42", (("X-Served-By", "bench"),))
PLAIN_REQUEST: Final = "mitmdump, 2 kB request"
PLAIN_RESPONSE: Final = "mitmdump, 2 kB response"


def _transformed() -> str:
    """What the transform makes of the order: Jinja2's template of the same text says."""
    environment = jinja2.Environment(keep_trailing_newline=True)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    template = environment.from_string((TEMPLATES / "order_summary.j2").read_text("utf-8"))
    return template.render(json.loads(ORDER))


def _length(text: str, name: str = "Content-Length") -> tuple[str, str]:
    return name, str(len(text.encode()))


def variants(here: State, other: State | None, definitions: Path, upstream: str) -> list[Variant]:
    """What is measured: with another checkout, its variants of Lockgate beside ours."""
    listen = ("-q", "--set", "confdir={confdir}", "--listen-host", "127.0.0.1", "--listen-port", "{port}")
    reverse = (*listen, "--mode", f"reverse:{upstream}")
    bare = ("/library/42", (("X-Seen", "/library/42"),))
    made = [
        Variant(PLAIN, here, (*MITMDUMP, *reverse), *bare),
        Variant("mitmdump, python -O", here, ("-O", *MITMDUMP, *reverse), *bare),
        Variant(
            PLAIN_REQUEST, here, (*MITMDUMP, *reverse), "/orders", (_length(ORDER, "X-Length"),), ORDER, PLAIN_REQUEST
        ),
        Variant(PLAIN_RESPONSE, here, (*MITMDUMP, *reverse), "/order.json", (_length(ORDER),), "", PLAIN_RESPONSE),
    ]
    summary = _transformed()
    transforms = (
        ("request-body", "/transformed/orders", _length(summary, "X-Length"), ORDER, PLAIN_REQUEST),
        ("response-body", "/transformed/order.json", _length(summary), "", PLAIN_RESPONSE),
    )
    for state in (here, other):
        if state is None:
            continue
        prefix = "" if state is here else f"{state.name}: "
        for kind, request in (("typical", TYPICAL), ("mock", MOCK)):
            folder = str(definitions / kind)
            addon = str(state.folder / "addons" / "serve.py")
            under = (*MITMDUMP, *listen, "-s", addon, "--set", f"lockgate_definitions={folder}")
            serve = (*SERVE, "--definitions", folder, "--listen", "127.0.0.1:{port}")
            made.append(Variant(f"{prefix}mitmdump -s, {kind}", state, under, *request))
            made.append(Variant(f"{prefix}serve, {kind}", state, serve, *request))
        if not (state.folder / "addons" / "lockgate" / "templates").is_dir():
            continue  # It has no body transforms yet.
        for kind, path, expected, posted, base in transforms:
            serve = (*SERVE, "--definitions", str(definitions / kind), "--listen", "127.0.0.1:{port}")
            made.append(Variant(f"{prefix}serve, {kind}", state, serve, path, (expected,), posted, base))
    return made


def main() -> int:
    given = _arguments()
    for tool, package in (("wrk", "wrk"), ("nginx", "nginx-light")):
        if shutil.which(tool) is None:
            raise stop(f"{tool} was not found; on Debian and Ubuntu, install the package {package}")
    here = State("this state", ROOT)
    other = None if given.state is None else State("other state", given.state.resolve())
    if other is not None and not (other.folder / "addons" / "lockgate").is_dir():
        raise stop(f"{str(other.folder)!r} is no checkout of Lockgate: it has no addons/lockgate")
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        port = _free_port()
        stack.enter_context(_upstream(folder, port))
        measured = variants(here, other, _definitions(folder, port), f"http://127.0.0.1:{port}")
        wanted = [one for one in measured if not given.only or given.only in one.name]
        bases = {one.base for one in wanted}
        wanted = [one for one in measured if one in wanted or one.name in bases]
        for variant in wanted:
            stack.enter_context(_running(variant, folder))
            _verify(variant)
        _measure(wanted, given.rounds, given.seconds)
    _report(wanted, given, here, other)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="samples of each variant (default 20)")
    parser.add_argument("--seconds", type=int, default=2, metavar="N", help="length of a sample (default 2)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="another checkout to compare with")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="variants with this in their name, and what they are compared with"
    )
    return parser.parse_args()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _definitions(folder: Path, port: int) -> Path:
    """The committed definitions, each in a folder of its own, with the upstream that was started."""
    for source in sorted(DEFINITIONS.glob("*.yaml")):
        target = folder / "definitions" / source.stem / source.name
        target.parent.mkdir(parents=True)
        text = source.read_text("utf-8")
        target.write_text(text.replace(UPSTREAM_IN_DEFINITIONS, f"http://127.0.0.1:{port}"), "utf-8")
        shutil.copy(TEMPLATES / "order_summary.tmpl", target.parent)
    return folder / "definitions"


@contextlib.contextmanager
def _upstream(folder: Path, port: int) -> Iterator[None]:
    (folder / "order.json").write_text(ORDER, "utf-8")
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port), "utf-8")
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(configuration)]
    with _process("nginx", command, port, folder, dict(os.environ)):
        yield


@contextlib.contextmanager
def _running(variant: Variant, folder: Path) -> Iterator[None]:
    variant.port = _free_port()
    confdir = folder / f"mitmproxy-{variant.port}"
    command = [argument.replace("{confdir}", str(confdir)) for argument in variant.command]
    with _process(variant.name, command, variant.port, folder, variant.state.environment):
        yield


@contextlib.contextmanager
def _process(name: str, command: Sequence[str], port: int, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends."""
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=environment
        )
    try:
        _await_start(name, process, port, log)
        yield
        if process.poll() is not None:
            raise stop(f"{name} ended while it was measured:\n{_tail(log)}")
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_start(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise stop(f"{name} did not start:\n{_tail(log)}")
        time.sleep(0.05)
    raise stop(f"{name} does not listen after {START_SECONDS:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])


def _verify(variant: Variant) -> None:
    """See that it does the work before measuring how fast it does it."""
    headers = {"X-Internal": "1"} | ({"Content-Type": "application/json"} if variant.posted else {})
    request = urllib.request.Request(variant.url, variant.posted.encode() or None, headers)
    try:
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            answered = answer.headers
    except (OSError, urllib.error.HTTPError) as error:
        raise stop(f"{variant.name} does not serve {variant.url}: {error}") from None
    for name, value in variant.expected:
        if (answered.get(name) or "").strip() != value:
            raise stop(f"{variant.name}: expected {name}: {value!r}, found {answered.get(name)!r}")


def _measure(wanted: Sequence[Variant], rounds: int, seconds: int) -> None:
    for variant in wanted:
        _sample(variant, seconds)  # Warm: caches, the allocator, connections.
    for number in range(rounds):
        first = number % len(wanted)
        for variant in (*wanted[first:], *wanted[:first]):
            rate, slowest = _sample(variant, seconds)
            variant.rates.append(rate)
            variant.slowest.append(slowest)
        _progress(f"round {number + 1} of {rounds}")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


_RATE: Final = re.compile(r"^Requests/sec:\s+([0-9.]+)", re.MULTILINE)
_SLOWEST: Final = re.compile(r"^\s+99%\s+([0-9.]+)(us|ms|s)", re.MULTILINE)
_FAILED: Final = re.compile(r"^\s*(?:Non-2xx or 3xx responses|Socket errors):.*", re.MULTILINE)
_MILLISECONDS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def _sample(variant: Variant, seconds: int) -> tuple[float, float]:
    """Requests per second, and milliseconds within which 99 % came."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", variant.url]
    if variant.posted:
        command[-1:-1] = ["-s", "/dev/stdin"]
    output = subprocess.run(command, input=_script(variant), capture_output=True, text=True, check=False).stdout
    rate, slowest, failed = _RATE.search(output), _SLOWEST.search(output), _FAILED.search(output)
    if rate is None or slowest is None or failed is not None:
        raise stop(f"{variant.name}: {failed[0].strip() if failed else 'wrk gave no figures'}\n{output}")
    return float(rate[1]), float(slowest[1]) * _MILLISECONDS[slowest[2]]


def _script(variant: Variant) -> str:
    """For wrk, in Lua."""
    return (
        f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[{variant.posted}]==]\n'
    )


def _report(wanted: Sequence[Variant], given: argparse.Namespace, here: State, other: State | None) -> None:
    _progress("")
    states = [(state.name, state.folder) for state in (here, other) if state is not None]
    print("\n".join(machine_lines(*states)))
    print(f"wrk -t1 -c{CONNECTIONS} -d{given.seconds}s, {given.rounds} rounds; median [95 % interval]\n")
    bases = {variant.name: variant for variant in wanted}
    rows = [
        [
            variant.name,
            str(len(variant.rates)),
            f"{min(variant.rates):.0f}",
            f"{median(variant.rates):.0f}",
            f"{max(variant.rates):.0f}",
            f"{median(variant.slowest):.1f}",
            str(median_interval(ratios(variant.rates, bases[variant.base].rates))),
        ]
        for variant in wanted
    ]
    print(table(["variant", "n", "min", "median", "max requests/s", "p99 ms", "÷ its mitmdump"], rows))
    if other is None:
        return
    by_name = {variant.name: variant for variant in wanted}
    pairs = [(name, by_name[f"{other.name}: {name}"]) for name in by_name if f"{other.name}: {name}" in by_name]
    compared = [
        [name, str(len(theirs.rates)), str(median_interval(ratios(by_name[name].rates, theirs.rates)))]
        for name, theirs in pairs
    ]
    print()
    print(table(["variant", "n", f"{here.name} ÷ {other.name}"], compared))


if __name__ == "__main__":
    raise SystemExit(main())
