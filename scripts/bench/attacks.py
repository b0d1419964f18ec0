"""How long a quiet client waits while others attack: templates, filters and bodies that want everything.

    .venv/bin/python scripts/bench/attacks.py [--samples 2000] [--attackers 8] [--only WORD]

A whole gateway serves one API for each attack, and one that answers a small mock; a second one runs scripts in processes of
their own, for those that end V8. The quiet client asks for that on one
connection, with a pause behind each answer; first alone, then while the attackers of one API send their requests, each on
a connection of its own, with a pause too: what costs nothing to answer is no attack, however often it is sent. Printed
are both distributions, attack by attack, and how much longer the quiet client's slowest percent took than alone. A gateway
that does not answer the quiet client any more ends the benchmark.

Client, attackers and gateway share the machine: on two cores, an attacked gateway with its two processes for templates
has more to do at the same time than there are cores.
"""

import argparse
import base64
import http.client
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from figures import ROOT, machine_lines, stop, table
from reload import serving, write

TARGET: Final = 2.0
"""Times the quiet p99."""
PAUSE_SECONDS: Final = 0.002
"""Of the quiet client, behind each answer."""
ATTACKER_PAUSE_SECONDS: Final = 0.05
WARM_UP: Final = 200
"""Requests that are not counted."""
RECOVERY_SECONDS: Final = 20.0
"""After an attack, for the gateway to be as it was."""


@dataclass(frozen=True)
class Attack:
    """One way to want everything."""

    name: str
    definition: dict[str, Any]
    body: bytes = b"{}"
    engine: str = "embedded"
    """Of scripts: ``x-lockgate.scripts.engine`` in the gateway's settings."""


# ── definitions ──


def oas(name: str, section: dict[str, Any], kind: str = "transformRequestBody") -> dict[str, Any]:
    operation = {
        "operationId": "x",
        "responses": {"200": {"description": "done"}},
    }
    sections = {kind: section}
    if kind != "virtualEndpoint":
        sections["mockResponse"] = {"enabled": True, "code": 200, "body": "done"}
    return {
        "openapi": "3.0.3",
        "info": {"title": name, "version": "1"},
        "paths": {"/x": {"post": operation}},
        "x-tyk-api-gateway": {
            "info": {"name": name, "id": name, "state": {"active": True}},
            "upstream": {"url": "http://127.0.0.1:9"},
            "server": {"listenPath": {"value": f"/{name}/", "strip": True}},
            "middleware": {"operations": {"x": sections}},
        },
    }


def templated(template: str, kind: str = "json") -> Callable[[str], dict[str, Any]]:
    body = base64.b64encode(template.encode()).decode()
    return lambda name: oas(name, {"enabled": True, "format": kind, "body": body})


def jinja(template: str) -> Callable[[str], dict[str, Any]]:
    body = base64.b64encode(template.encode()).decode()
    own = {"engine": "jinja2", "body": body}
    return lambda name: oas(name, {"enabled": True, "format": "json", "x-lockgate": own})


def scripted(body: str) -> Callable[[str], dict[str, Any]]:
    """A virtual endpoint; it answers "done" if it comes to that."""
    text = f"function f(request, session, config) {{ {body}; return TykJsResponse({{Body: 'done', Code: 200}}, {{}}) }}"
    own = {"enabled": True, "functionName": "f", "body": base64.b64encode(text.encode()).decode()}
    return lambda name: oas(name, own, "virtualEndpoint")


def filtered(text: str) -> Callable[[str], dict[str, Any]]:
    def made(name: str) -> dict[str, Any]:
        paths = {"transform_jq": [{"path": "/x", "method": "POST", "filter": f"{{body: ({text})}}"}]}
        version = {"name": "Default", "use_extended_paths": True, "extended_paths": paths}
        return {
            "name": name,
            "api_id": name,
            "active": True,
            "use_keyless": True,
            "proxy": {"listen_path": f"/{name}/", "target_url": "http://127.0.0.1:9", "strip_listen_path": True},
            "version_data": {"not_versioned": True, "versions": {"Default": version}},
        }

    return made


LAUGHS: Final = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><a>&j;</a>"
)
KEYS: Final = json.dumps({f"key-{n}": n for n in range(60_000)}).encode()
NUMBERS: Final = json.dumps({"a": list(range(150_000))}).encode()


def attacks(only: str) -> Iterator[Attack]:
    kinds: tuple[tuple[str, Callable[[str], dict[str, Any]], bytes], ...] = (
        ("Go: repeat 1000000000", templated('{{ repeat 1000000000 "x" }}'), b"{}"),
        ("Go: until 1000000000", templated("{{ range until 1000000000 }}x{{ end }}"), b"{}"),
        ("Go: ranges in ranges", templated("{{ range until 5000 }}{{ range until 5000 }}{{ end }}{{ end }}"), b"{}"),
        (
            "Go: recursive template",
            templated('{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}'),
            b"{}",
        ),
        ("Go: doubling template", templated(doubling(40)), b"{}"),
        ("Go: keys that are made", templated('{{ range until 100 }}{{ genPrivateKey "rsa" }}{{ end }}'), b"{}"),
        ("Go: a pattern on 1 MB", templated('{{ regexMatch "(.*a){25}.{20}b" .a }}'), text_of(1_000_000)),
        ("Go: 150,000 numbers", templated("{{ range .a }}{{ . }},{{ end }}"), NUMBERS),
        ("Go: 60,000 keys", templated("{{ . | jsonMarshal }}"), KEYS),
        ("Go: lists 100,000 deep", templated("{{ . }}"), b"[" * 100_000 + b"]" * 100_000),
        ("XML: billion laughs", templated("{{ . }}", "xml"), LAUGHS.encode()),
        ("XML: 100,000 deep", templated("{{ . }}", "xml"), b"<a>" * 100_000 + b"</a>" * 100_000),
        ("XML: 1 MB of elements", templated("{{ . | xmlMarshal }}", "xml"), b"<a>" + b"<b/>" * 250_000 + b"</a>"),
        (
            "Jinja2: loops in loops",
            jinja("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
            b"{}",
        ),
        ("Jinja2: a huge text", jinja("{{ ('x' * 10 ** 9) | length }}"), b"{}"),
        ("Jinja2: a huge number", jinja("{{ (10 ** 10 ** 8) % 7 }}"), b"{}"),
        ("jq: last(range(1e12))", filtered("last(range(1e12))"), b"{}"),
        ("jq: [range(1e9)]", filtered("[range(1e9)]"), b"{}"),
        ("jq: nested deeply", filtered("reduce range(1e9) as $i (null; [.])"), b"{}"),
        ("jq: a huge text", filtered('"x" * 1000000000 | length'), b"{}"),
        ("jq: 150,000 numbers", filtered(".body.a | map(. + 1)"), NUMBERS),
        ("script: endless loop", scripted("while (true) {}"), b"{}"),
        ("script: slow pattern", scripted("/(a+)+$/.test('a'.repeat(40) + 'b')"), b"{}"),
        ("script: growing array", scripted("var a = []; while (true) { a.push(new Array(1000).fill(1)) }"), b"{}"),
        ("script: sorting", scripted("new Array(2e7).fill(0).map(function (x, i) { return -i }).sort()"), b"{}"),
        ("script: deep recursion", scripted("(function r() { return r() + 1 })()"), b"{}"),
        ("script: polluting", scripted("Array.prototype.map = Object.prototype.toString = null; left = 1"), b"{}"),
    )
    for number, (name, make, body) in enumerate(kinds):
        if only in name:
            yield Attack(name, make(f"attack-{number}"), body)
    for number, (name, script) in enumerate(IN_PROCESSES.items()):
        if only in name:
            yield Attack(name, scripted(script)(f"process-{number}"), engine="processes")


IN_PROCESSES: Final = {
    "script in a process: endless loop": "while (true) {}",
    "script in a process: growing array": "var a = []; while (true) { a.push(new Array(1000).fill(1)) }",
    "script in a process: one huge allocation": "'x'.repeat(5e8).split('').length",
    "script in a process: filled array": "new Array(6e8).fill({}).length",
    "script in a process: sort of 4e9 elements": "[].sort.call({length: 4294967295})",
    "script in a process: built-in without end": "[].indexOf.call({length: 9007199254740991}, 1)",
}
"""Four that V8 ends its process for, or that nothing but the end of a process stops."""


def doubling(depth: int) -> str:
    templates = "".join(
        f'{{{{ define "t{n}" }}}}{{{{ template "t{n + 1}" . }}}}{{{{ template "t{n + 1}" . }}}}{{{{ end }}}}'
        for n in range(depth)
    )
    return f'{templates}{{{{ define "t{depth}" }}}}x{{{{ end }}}}{{{{ template "t0" . }}}}'


def text_of(size: int) -> bytes:
    return json.dumps({"a": "a" * size}).encode()


# ── clients ──


class Attacker(threading.Thread):
    """Sends one request again and again, and counts what comes of it."""

    def __init__(self, port: int, path: str, body: bytes) -> None:
        super().__init__(daemon=True)
        self.port, self.path, self.body = port, path, body
        self.statuses: Counter[str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopped.is_set():
            try:
                connection.request("POST", self.path, self.body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.statuses[str(answer.status)] += 1
            except (OSError, http.client.HTTPException):
                connection.close()
                self.statuses["none"] += 1
            self.stopped.wait(ATTACKER_PAUSE_SECONDS)
        connection.close()


def asked(port: int, samples: int) -> list[float]:
    """Milliseconds of each answer to a client that is in no hurry."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for _ in range(samples):
        started = time.perf_counter()
        connection.request("GET", "/api-0/x")
        answer = connection.getresponse()
        if (answer.status, answer.read()) != (200, b"first"):
            raise stop(f"the quiet client got {answer.status}")
        taken.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_SECONDS)
    connection.close()
    return taken


def attacked(port: int, attack: Attack, path: str, samples: int, attackers: int) -> tuple[list[float], Counter[str]]:
    clients = [Attacker(port, path, attack.body) for _ in range(attackers)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    taken = asked(port, samples)
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join(RECOVERY_SECONDS)
    return taken, sum((client.statuses for client in clients), Counter())


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def described(values: list[float]) -> list[str]:
    return [f"{median(values):.1f}", f"{percentile(values, 0.99):.1f}", f"{max(values):.1f}"]


def measured(
    engine: str, chosen: Sequence[Attack], given: argparse.Namespace
) -> Iterator[tuple[list[float], list[float], Counter[str]]]:
    """Milliseconds of the quiet client alone and under each attack, and what the attackers got, from one gateway."""
    settings = {"x-lockgate": {"scripts": {"engine": engine}}}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "definitions"
        folder.mkdir()
        write(folder, 0, "first")
        for number, attack in enumerate(chosen):
            (folder / f"attack-{number}.json").write_text(json.dumps(attack.definition))
        with serving(folder, settings) as (port, _):
            asked(port, WARM_UP)
            for attack in chosen:
                quiet = asked(port, given.samples)
                path = f"/{name_of(attack.definition)}/x"
                yield quiet, *attacked(port, attack, path, given.samples, given.attackers)
                print(".", end="", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=2000, metavar="N", help="of each state (default %(default)s)")
    parser.add_argument("--attackers", type=int, default=8, metavar="N", help="connections (default %(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="only attacks with this in their names")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    print(f"n = {given.samples} each, {given.attackers} attackers; ms\n", flush=True)
    rows: list[list[str]] = []
    all_quiet: list[float] = []
    all_attacked: list[float] = []
    by_kind: dict[str, tuple[list[float], list[float]]] = {}
    chosen = list(attacks(given.only))
    for engine in dict.fromkeys(attack.engine for attack in chosen):
        those = [attack for attack in chosen if attack.engine == engine]
        for attack, (quiet, busy, statuses) in zip(those, measured(engine, those, given), strict=True):
            of_kind = by_kind.setdefault(attack.name.partition(":")[0], ([], []))
            for alone, meanwhile in (of_kind, (all_quiet, all_attacked)):
                alone.extend(quiet)
                meanwhile.extend(busy)
            ratio = percentile(busy, 0.99) / percentile(quiet, 0.99)
            came = ", ".join(f"{count}× {status}" for status, count in statuses.most_common(3))
            rows.append([attack.name, *described(quiet), *described(busy), f"{ratio:.2f}", came])
    print("\n")
    heads = ["attack", "p50", "p99", "max", "p50 under attack", "p99", "max", "p99 ratio", "answers"]
    print(table(heads, rows))
    print()
    for kind, (quiet, busy) in {**by_kind, "all": (all_quiet, all_attacked)}.items():
        ratio = percentile(busy, 0.99) / percentile(quiet, 0.99)
        texts = ", ".join(described(quiet)), ", ".join(described(busy))
        print(
            f"{kind}: quiet p50, p99, max {texts[0]}; under attack {texts[1]}; p99 ratio {ratio:.2f} (target {TARGET})"
        )
    return 0


def name_of(definition: dict[str, Any]) -> str:
    extension = definition.get("x-tyk-api-gateway")
    return str(definition["name"] if extension is None else extension["info"]["name"])


if __name__ == "__main__":
    raise SystemExit(main())
