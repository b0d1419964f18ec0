"""Every example of the reference documentation whose page tells what comes of a request: it comes here too.

The examples, and what is told of them, are read in place; ``INDEX.md`` beside them says how they are written. Most
are parts of a definition: the rest of it is put around them here. What the reference gateway was recorded doing counts
before its documentation: such exchanges are in ``OTHERWISE``, each with the reason, and so are those that wait.
"""

import asyncio
import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tests.apis import oas, settings
from tests.helpers import NEW_ID, RECEIVED_AT, FixedOutside, ScriptsInPlace
from tests.loading.documents import merged

from lockgate import jq_filters
from lockgate.body_transforms.making import Draft, compile_one
from lockgate.body_transforms.running import transform_inline
from lockgate.body_transforms.transform import Facts, InputFormat, TemplateText
from lockgate.engine import Run, begin, fail, run_request
from lockgate.exchange import Client, Exchange, Headers, Request, Response
from lockgate.identity.keys import handle_of, key_name
from lockgate.identity.sessions import session_document
from lockgate.inspection import answer_run
from lockgate.loading import load_text
from lockgate.loading.operator import api_id
from lockgate.middleware import Reason
from lockgate.middlewares.context_variables import RequestFacts
from lockgate.problems import Severity
from lockgate.services import FoundKey, Outside
from lockgate.session import Session
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits

sys.path.insert(0, str(Path(__file__).parent / "conformance"))

import case as conformance_case
import check as conformance_check
import upstream as conformance_upstream

ROOT = Path(__file__).parents[2] / "shared" / "reference" / "examples"
EXTENSION = "x-tyk-api-gateway"

IN_SCRIPTING = "it is run in scripting/test_documented.py"
OF_PLUGINS = "it is run in scripting/test_documented_plugins.py"
NOT_COMPARED = {
    "cache": "there is no cache",
    "circuit-breaker": "there are no circuit breakers",
    "go-templates": "templates alone are compared below",
    "import": "these are calls of the control API",
    "javascript-plugins/04": OF_PLUGINS,
    "javascript-plugins/06": OF_PLUGINS,
    "javascript-plugins/11": OF_PLUGINS,
    "javascript-plugins/21": "the page does not show its script",
    "jq-transforms": "it shows filters without a definition, which are run below",
    "virtual-endpoints/04": IN_SCRIPTING,
    "virtual-endpoints/06": IN_SCRIPTING,
    "virtual-endpoints/08": IN_SCRIPTING,
    "virtual-endpoints/10": IN_SCRIPTING,
    "virtual-endpoints/11": IN_SCRIPTING,
    "context-variables/01": "there are no JSON web tokens",
    "kv-store/03": "it asks Consul, as test_secret_stores.py does",
    "kv-store/08": "the page tells no outcome",
    "operator/13": OF_PLUGINS,
    "operator/73": "there are no JSON web tokens",
    "operator/95": "there are no policies",
    "other/01": "the page does not say what is sent",
    "other/06": "there are no overrides for all APIs",
    "other/09": "a deployment puts the messages in, as test_deployment.py shows",
    "other/30": "parts of a batch come by the gateway's address, as in live/test_batch.py",
}
"""Folders and files that say nothing of what is here."""
IN_FRONT = "the pattern sees the listen path, which the page leaves out of account (rw-groups-listen-path-counted-oas)"
NOT_THERE = "a negated rule needs the header to be there (dx-url-rewrite-triggers)"
NO_VARIABLES = "the definition does not switch context variables on (dx-request-headers, dx-request-body)"
OTHERWISE = {
    "looping/01#0": IN_FRONT,
    "looping/01#1": f"{IN_FRONT}; and a loop keeps the client's query (rt-loop-query)",
    "mock-response/10": "an example that is a text is sent without quotes, which are no part of it",
    "mock-response/11#2": "a status without example is an error of the gateway (dx-mock-by-request-headers)",
    "request-body/01#0": NO_VARIABLES,
    "request-headers/01#0": NO_VARIABLES,
    "request-headers/02#1": NO_VARIABLES,
    "response-body/01#0": NO_VARIABLES,
    "response-headers/01#0": NO_VARIABLES,
    "response-headers/06#0": "TykPort is no port, so that there is no host to write (hd-res-rev-proxy-cleanup)",
    "response-headers/07#0": NO_VARIABLES,
    "url-rewriting/03#0": NOT_THERE,
    "url-rewriting/06#0": NOT_THERE,
    "url-rewriting/10#0": NOT_THERE,
}
"""Exchanges in which the reference gateway was recorded doing something else, and what."""
ENDPOINTS: dict[str, dict[str, Any]] = {
    "mock-response/08": {"getget": {"mockResponse": {"enabled": True, "fromOASExamples": {"enabled": True}}}},
    "url-matching/02": {"get /users/{id}": {"validateRequest": {"enabled": True}}},
}
"""Middleware that only the text of the page gives, by operation."""
TOGETHER = {
    "request-headers/02#1": "request-headers/01-oas-api-level.json",
    "request-headers/04#1": "request-headers/03-classic-global-headers.json",
    "response-headers/02#1": "response-headers/01-oas-api-level.json",
    "response-headers/05#1": "response-headers/04-classic-global-response-headers.json",
}
"""Another example that is in the same definition."""
BESIDE = {
    "operator/01": ("operator/10-looping-proxy-api.yaml",),
    "operator/08": ("operator/10-looping-proxy-api.yaml",),
    "operator/09": ("operator/10-looping-proxy-api.yaml",),
}
"""Definitions that are served beside the example."""
WRITTEN: dict[str, dict[str, Any]] = {"looping/05": {"rewriteTo": "tyk://self/anything"}}
"""Where the page shows something else than a definition."""
BY_TEMPLATE = {
    "kv-store/04": {"transformRequestBody": ("json", "kv-store/04-body-template-secret-env.json")},
    "soap-to-rest/03": {
        "transformRequestBody": ("json", "soap-to-rest/01-request.tmpl"),
        "transformResponseBody": ("xml", "soap-to-rest/02-response.tmpl"),
    },
}
"""Where the page shows a template and no definition."""
HEADERS = {"soap-to-rest/03": ("text/xml", "application/json")}
"""Content-Type of the request and of the answer, which the page tells in words."""
ANSWERS = {"soap-to-rest/03": "soap-to-rest/02-response.input.xml"}
"""What the upstream answers, where it is another example."""
CHILDREN = {"other/20": (oas(name="<child-api-id>", listen="/child/"),)}
"""Definitions that an example names, and does not show."""

VERSION_KEYS = re.compile(r"global_\w+|extended_paths|use_extended_paths|paths|expires|ignore_endpoint_case")
LISTS = re.compile(
    r"white_list|black_list|ignored|internal|mock_response|transform_headers|transform_response_headers|size_limits"
    r"|method_transforms|hard_timeouts|url_rewrites|validate_json|track_endpoints|do_not_track_endpoints"
)
SECTIONS = {"info", "upstream", "server", "errorOverrides"}
OAS_KEYS = {"paths", EXTENSION, "operations", "middleware", *SECTIONS}
MAX_SIZE = "max_request_body_size"
METADATA = {"uid": "<uid>"}


# Reading


def told(path: Path) -> Iterator[tuple[str, int, dict[str, Any], dict[str, Any]]]:
    """What one page tells that can be compared: name, number, the whole file, and the exchange."""
    value = yaml.safe_load(path.read_text("utf-8"))
    name = str(path.relative_to(ROOT)).removesuffix(".expect.yaml")
    for number, exchange in enumerate(value["exchanges"]):
        if "request" in exchange and exchange.keys() & {"upstream_receives", "response", "handled_by", "loops_to"}:
            yield name, number, value, exchange


def short(name: str) -> str:
    """ "request-headers/02-oas-endpoint-level" is "request-headers/02"."""
    return re.sub(r"(/\d+)-.*", r"\1", name)


def marks(name: str, number: int) -> list[Any]:
    """How an exchange that cannot be compared, or goes another way, is marked."""
    folder, file = name.partition("/")[0], short(name)
    missing = NOT_COMPARED.get(folder) or NOT_COMPARED.get(file)
    if missing is not None:
        return [pytest.mark.skip(reason=missing)]
    other = OTHERWISE.get(file) or OTHERWISE.get(f"{file}#{number}")
    return [] if other is None else [pytest.mark.xfail(reason=other, strict=True, raises=AssertionError)]


def cases() -> Iterator[Any]:
    for path in sorted(ROOT.glob("*/*.expect.yaml")):
        for name, number, value, exchange in told(path):
            yield pytest.param(name, number, value, exchange, id=f"{short(name)}#{number}", marks=marks(name, number))


def mended(text: str) -> Any:
    """JSON as the pages write it: without its braces, with commas too many or too few, and with stray backslashes."""
    text = text.strip().rstrip(",")
    if not text.startswith(("{", "[")):
        text = "{" + text + "}"
    try:
        return json.loads(text)
    except ValueError:
        pass
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    text = re.sub(r'([}\]])(\s*")', r"\1,\2", text)
    text = re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", text)
    return json.loads(text)


def file_of(name: str) -> Path:
    """The example that a page's outcomes are of."""
    found = [ROOT / f"{name}{suffix}" for suffix in (".json", ".yaml", ".txt") if (ROOT / f"{name}{suffix}").exists()]
    return found[0]


# Putting definitions together


def whole(value: dict[str, Any], exchange: dict[str, Any], name: str) -> dict[str, Any]:
    """A definition from what a page shows of one."""
    if "openapi" in value or value.get("proxy", {}).get("listen_path"):
        return value
    listen = listen_of(name, exchange)
    if value.keys() & OAS_KEYS or any(re.search("[A-Z]", key) for key in value):
        path = urlsplit(path_of(exchange, listen)).path.removeprefix(listen) or "/"
        return whole_oas(value, listen, path, exchange["request"]["method"].lower(), name)
    made = whole_classic(value, listen)
    if not name.startswith("operator/"):
        return made
    return {
        "apiVersion": "tyk.tyk.io/v1alpha1",
        "kind": "ApiDefinition",
        "metadata": {"name": "documented"},
        "spec": made,
    }


def whole_oas(value: dict[str, Any], listen: str, path: str, method: str, name: str) -> dict[str, Any]:
    base: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "documented", "version": "1"},
        "paths": value.get("paths", {}),
        EXTENSION: {
            "info": {"id": listen or "root", "name": "documented", "state": {"active": True}},
            "upstream": {"url": "http://httpbin.org/"},
            "server": {"listenPath": {"value": f"{listen}/", "strip": True}},
            "middleware": {"operations": ENDPOINTS.get(short(name), {})},
        },
    }
    given = dict(value.get(EXTENSION, {key: one for key, one in value.items() if key in SECTIONS}))
    if "operations" in value:
        given["middleware"] = {"operations": value["operations"]}
    elif not given and "paths" not in value:
        section = {"urlRewrite": {"enabled": True, "pattern": ".*", **value}} if "rewriteTo" in value else value
        given["middleware"] = {"operations": {"documented": section}}
    made = merged(base, {EXTENSION: given})
    for place, item in made["paths"].items():
        for verb, operation in item.items():
            operation.setdefault("operationId", f"{verb} {place}")
            operation.setdefault("responses", {"200": {"description": ""}})
    known = {operation["operationId"] for item in made["paths"].values() for operation in item.values()}
    for operation in made[EXTENSION]["middleware"]["operations"].keys() - known:
        made["paths"].setdefault(path, {})["get" if method == "<any>" else method] = {
            "operationId": operation,
            "responses": {"200": {"description": ""}},
        }
    return made


def whole_classic(value: dict[str, Any], listen: str) -> dict[str, Any]:
    version: dict[str, Any] = {"name": "Default", "use_extended_paths": True}
    rest = {}
    for key, one in value.items():
        if LISTS.fullmatch(key):
            version.setdefault("extended_paths", {})[key] = as_written_elsewhere(one)
        elif VERSION_KEYS.fullmatch(key):
            version[key] = one
        else:
            rest[key] = one
    base = {
        "name": "documented",
        "api_id": "documented",
        "use_keyless": True,
        "active": True,
        "proxy": {"listen_path": f"{listen}/", "target_url": "http://httpbin.org/", "strip_listen_path": True},
        "version_data": {"not_versioned": True, "versions": {"Default": version}},
    }
    made = merged(base, rest)
    if len(made["version_data"]["versions"]) > 1:
        del made["version_data"]["versions"]["Default"]
    return made


def as_written_elsewhere(entries: Any) -> Any:
    """``add_headers`` as an object; one page has a list."""
    for entry in entries:
        if isinstance(entry.get("add_headers"), list):
            entry["add_headers"] = {name: one for pair in entry["add_headers"] for name, one in pair.items()}
    return entries


def settings_for(shown: Any) -> Settings:
    options: dict[str, Any] = {"enable_custom_domains": True}
    if shown is not None and MAX_SIZE in shown:
        options["http_server_options"] = {MAX_SIZE: shown[MAX_SIZE]}
    return settings(**options)


def served(name: str, number: int, value: dict[str, Any], exchange: dict[str, Any]) -> Snapshot:
    """The example's definitions, and those beside it."""
    file = file_of(name)
    text = file.read_text("utf-8")
    if file.suffix == ".txt" and "apiVersion" in text:
        text = "\n".join(text[text.index("apiVersion") :].splitlines()[:-1])
    shown = None if "apiVersion" in text else written(name) or read(file)
    gateway = settings_for(shown)
    setup = value.get("setup") or {}
    texts = [text if shown is None else json.dumps(definition_of(name, number, shown, exchange))]
    texts += [json.dumps(one) for one in CHILDREN.get(short(name), ())]
    folder = name.partition("/")[0]
    beside = [f"{folder}/{one}" for one in setup.get("definitions", ())]
    for other in (*beside, *BESIDE.get(short(name), ())):
        if ROOT / other != file:
            other_text = (ROOT / other).read_text("utf-8")
            inner = {"request": {"method": "GET", "path": "/download/x"}}
            is_whole = "apiVersion" in other_text
            texts.append(other_text if is_whole else json.dumps(whole(mended(other_text), inner, other)))
    return loaded(texts, gateway, setup.get("environment", {}))


def loaded(texts: Sequence[str], gateway: Settings, environ: Mapping[str, str]) -> Snapshot:
    """A snapshot of definitions in which nothing is wrong."""
    definitions = []
    for index, one in enumerate(texts):
        found = load_text(one, f"{index}.yaml", gateway, environ=environ)
        assert [str(problem) for problem in found.problems if problem.severity is Severity.ERROR] == []
        definitions += found.definitions
    return Snapshot(definitions, gateway)


def written(name: str) -> dict[str, Any] | None:
    """What stands for an example that is no definition."""
    templates = BY_TEMPLATE.get(short(name))
    if templates is None:
        return WRITTEN.get(short(name))
    made: dict[str, Any] = {
        key: {"enabled": True, "format": kind, "body": base64.b64encode((ROOT / file).read_bytes()).decode()}
        for key, (kind, file) in templates.items()
    }
    for key, kind in zip(
        ("transformRequestHeaders", "transformResponseHeaders"), HEADERS.get(short(name), ()), strict=False
    ):
        made[key] = {"enabled": True, "add": [{"name": "Content-Type", "value": kind}]}
    return made


def read(file: Path) -> Any:
    text = file.read_text("utf-8")
    return yaml.safe_load(text) if file.suffix == ".yaml" else mended(text)


def definition_of(name: str, number: int, shown: Any, exchange: dict[str, Any]) -> dict[str, Any]:
    made = whole({key: one for key, one in shown.items() if key != MAX_SIZE}, exchange, name)
    other = TOGETHER.get(f"{short(name)}#{number}")
    if other is not None:
        more = whole(read(ROOT / other), exchange, other)
        made = merged(more, made)
    told_elsewhere = other is not None and "version_data" in made
    if told_elsewhere or "enable_context_vars" in str(exchange.get("context", {}).get("definition")):
        made["enable_context_vars"] = True
    if "<unknown key>" in exchange["request"].get("headers", {}).values():
        made = with_keys(made)
    if short(name) == "looping/01":
        made[EXTENSION]["upstream"]["url"] = "http://books-service"
    if name.startswith("mock-response/10") and number == 1:
        mock = made[EXTENSION]["middleware"]["operations"]["anythingget"]["mockResponse"]
        mock["fromOASExamples"]["code"] = 300
    return made


def with_keys(value: dict[str, Any]) -> dict[str, Any]:
    """An API that asks for one."""
    if EXTENSION not in value:
        return merged(value, {"use_keyless": False, "use_standard_auth": True})
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization"}
    switched_on = {"enabled": True, "securitySchemes": {"authToken": {"enabled": True}}}
    return merged(
        value,
        {
            "components": {"securitySchemes": {"authToken": scheme}},
            "security": [{"authToken": []}],
            EXTENSION: {"server": {"authentication": switched_on}},
        },
    )


class Keys:
    """Every key that a page does not call unknown is one."""

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        return None if "unknown" in names[0] else FoundKey(names[0], Session())


# Sending


def listen_of(name: str, exchange: dict[str, Any]) -> str:
    """The listen path without slash at its end; one is chosen where the page leaves it open."""
    path: str = exchange["request"]["path"]
    if not path.startswith("{listen_path"):
        return "/" + path.split("/")[1]
    # What these pages tell holds at the root: patterns of rewrites see the listen path.
    return "" if name.startswith("url-rewriting/") else "/documented"


def path_of(exchange: dict[str, Any], listen: str) -> str:
    """Path and query, with something for what the page leaves open."""
    path = re.sub(r"^\{listen_path[^}]*\}", listen, exchange["request"]["path"])
    return re.sub(r"\{[^}]*\}", "anything", path)


def sent(exchange: dict[str, Any], listen: str, folder: Path) -> Request:
    request = exchange["request"]
    path, mark, query = path_of(exchange, listen).partition("?")
    headers = {name: one for name, one in request.get("headers", {}).items() if name.lower() != "host"}
    body = content(request.get("body"), folder)
    if body:
        headers.setdefault("Content-Length", str(len(body)))
    return Request(
        request["method"].replace("<any>", "GET"),
        path,
        query if mark else None,
        Headers.of(*headers.items()),
        body,
        request.get("headers", {}).get("Host", "gateway.test"),
    )


def content(written: Any, folder: Path) -> bytes:
    if written is None:
        return b""
    if "file" in written:
        return (folder / written["file"]).read_bytes()
    if isinstance(written, str):
        return written.encode()
    return b"x" * written["size"] if "size" in written else json.dumps(written["json"]).encode()


def echoed(request: Request, url: str) -> Response:
    """What httpbin answers, on whose echo pages rely."""
    args = {name: values[0] for name, values in parse_qs(request.query or "").items()}
    body = {"args": args, "headers": dict(request.headers), "method": request.method, "url": url}
    return Response(200, Headers.of(("Content-Type", "application/json")), json.dumps(body).encode())


def returned(run: Run, exchange: dict[str, Any], example: str) -> Response:
    given = exchange.get("upstream_returns", {})
    answer = echoed(run.exchange.request, upstream_url(run))
    if example in ANSWERS:
        answer = replace(answer, body=(ROOT / ANSWERS[example]).read_bytes())
    elif "body" in given:
        answer = replace(answer, body=json.dumps(given["body"]["json_contains"]).encode())
    headers = answer.headers
    for name, one in given.get("headers", {}).items():
        headers = headers.set(name, one.replace("<upstream address>", "http://httpbin.org/x"))
    return replace(answer, headers=headers, status=given.get("status", 200))


def upstream_url(run: Run) -> str:
    sent_to = run.trace.upstream_request
    assert sent_to is not None
    scheme = run.exchange.upstream.scheme if run.exchange.upstream is not None else "http"
    return f"{scheme}://{sent_to.host}{sent_to.target}"


def seconds(run: Run, exchange: dict[str, Any]) -> float:
    """How long the upstream takes."""
    delay = re.search(r"/delay/(\d+)", run.exchange.request.path)
    return float(exchange.get("upstream_returns", {}).get("after_seconds_more_than", delay[1] if delay else 0))


async def play(of: Snapshot, exchange: dict[str, Any], name: str) -> Run:
    context = exchange.get("context", {})
    fixed = FixedOutside()
    outside = Outside(
        clock=fixed, ids=fixed, turns=fixed, sessions=Keys(), limits=MemoryLimits(fixed), scripts=ScriptsInPlace()
    )
    # As if a key had been shown.
    keyed = "session_meta_data" in context or "definition_change" in exchange
    session = Session(meta_data=METADATA | context.get("session_meta_data", {})) if keyed else None
    client = Client(context.get("remote_addr", "127.0.0.1"))
    request = sent(exchange, listen_of(name, exchange), ROOT / name.partition("/")[0])
    run = begin(of, outside, Exchange("documented", RECEIVED_AT, request, client, session=session))
    if not run.answered:
        await run_request(run, run.exchange.request.body)
    if not run.answered:
        limit = run.exchange.upstream.total_timeout_seconds
        # As a host would.
        if 0 < limit < seconds(run, exchange) + 0.001:
            fail(run, Reason.UPSTREAM_TIMEOUT, "the upstream takes longer")
        else:
            await answer_run(run, returned(run, exchange, short(name)))
    return run


# Comparing


def check_upstream(run: Run, wanted: Mapping[str, Any], folder: Path) -> None:
    request = run.trace.upstream_request
    assert (request is not None) is wanted.get("called", True)
    if request is None:
        return
    if "method" in wanted:
        assert request.method == wanted["method"]
    if "path" in wanted:
        assert request.path.strip("/") == wanted["path"].strip("/")
    if "url" in wanted:
        assert upstream_url(run) == wanted["url"]
    if "url_starts_with" in wanted:
        assert upstream_url(run).startswith(wanted["url_starts_with"])
    if "host" in wanted:
        assert request.host == wanted["host"]
    query = {name: values[0] for name, values in parse_qs(request.query or "").items()}
    if "query" in wanted:
        assert query == wanted["query"]
    if "body" in wanted:
        assert isinstance(request.body, bytes)
        check_body(request.body, wanted["body"], folder)
    assert not query.keys() & set(wanted.get("query_absent", ()))
    check_headers(request.headers.set("Host", request.host), wanted)


def check_headers(headers: Headers, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.get("headers", {}).items():
        # Hosts write it, and what mitmproxy and the HTTP library of the reference gateway ask for differs.
        if name in ("Content-Length", "Accept-Encoding"):
            continue
        found = headers.get(name)
        if isinstance(value, dict):
            assert found is not None
            assert found.startswith(value["starts_with"])
        else:
            assert found == value.replace("<request_id context variable>", NEW_ID), name
    assert all(name in headers for name in wanted.get("headers_present", ()))
    assert not any(name in headers for name in wanted.get("headers_absent", ()))


def check_response(run: Run, wanted: Mapping[str, Any], folder: Path) -> None:
    response = run.exchange.response
    assert response is not None
    if "status" in wanted:
        assert response.status == wanted["status"]
    check_headers(response.headers, wanted)
    assert isinstance(response.body, bytes)
    if "message" in wanted:
        assert json.loads(response.body) == {"error": wanted["message"]}
    body = wanted.get("body")
    if isinstance(body, str):
        assert response.body.decode() == body
    elif body is not None:
        check_body(response.body, body, folder)


def check_body(body: bytes, wanted: Mapping[str, Any], folder: Path) -> None:
    if "json" in wanted:
        assert json.loads(body) == wanted["json"]
    if "json_contains" in wanted:
        whole_body = json.loads(body)
        assert merged(whole_body, wanted["json_contains"]) == whole_body
    for text in wanted.get("contains", ()):
        assert text in body.decode()
    if "file" in wanted:
        assert body.decode() == (folder / wanted["file"]).read_text("utf-8")


def check_way(run: Run, exchange: Mapping[str, Any]) -> None:
    passes = run.exchange.passes
    if "handled_by" in exchange:
        wanted = exchange["handled_by"]
        version = re.fullmatch(r"version (\S+)", wanted)
        assert (passes[-1].version if version else passes[-1].api_name) == (version[1] if version else wanted)
    looped = exchange.get("loops_to", "")
    if looped.startswith("tyk://"):
        assert any(step.outcome == "loop" and step.detail.startswith(looped) for step in run.trace.steps)
    else:
        ids = [one.api_id for one in passes[1:]]
        assert [api_id("default", name) for name in re.findall(r"the API (\S+)", looped)] in (ids, [])


@pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")
@pytest.mark.parametrize(("name", "number", "value", "exchange"), [*cases()])
def test_what_the_documentation_tells(name, number, value, exchange):
    run = asyncio.run(play(served(name, number, value, exchange), exchange, name))

    if "upstream_receives" in exchange:
        check_upstream(run, exchange["upstream_receives"], ROOT / name.partition("/")[0])
    if "response" in exchange:
        check_response(run, exchange["response"], ROOT / name.partition("/")[0])
    check_way(run, exchange)


# Templates alone

TEMPLATES = ("go-templates", "soap-to-rest")
"""Folders with templates of bodies."""
NOT_AS_TOLD = {
    "go-templates/02": "call asks for a function (bt-doc-call-named-template)",
    "go-templates/03": "the page leaves out commas and blank lines that the template writes, and a list is no map",
    "go-templates/04": "a list is no map: the page reads a parameter's members as if it were one",
}


def templates() -> Iterator[Any]:
    for path in sorted(file for folder in TEMPLATES for file in (ROOT / folder).glob("*.expect.yaml")):
        value = yaml.safe_load(path.read_text("utf-8"))
        name = str(path.relative_to(ROOT)).removesuffix(".expect.yaml")
        for number, exchange in enumerate(value["exchanges"]):
            if "template_output" in exchange:
                why = NOT_AS_TOLD.get(short(name))
                marks = [] if why is None else [pytest.mark.xfail(reason=why, strict=True, raises=AssertionError)]
                yield pytest.param(name, value, exchange, id=f"{short(name)}#{number}", marks=marks)


@pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")
@pytest.mark.parametrize(("name", "value", "exchange"), [*templates()])
def test_what_the_documentation_tells_of_templates(name, value, exchange):
    folder = ROOT / name.partition("/")[0]
    files = [folder / file for file in value.get("template_files", (f"{name.rpartition('/')[2]}.tmpl",))]
    text = "\n".join(file.read_text("utf-8") for file in files)
    request = exchange.get("request", {})
    given = exchange.get("template_input") or request["body"]
    is_xml = given.get("format", "") == "xml" or str(given.get("file", "")).endswith(".xml")
    transform = compile_one(Draft(TemplateText("", text), input=InputFormat.XML if is_xml else InputFormat.JSON))
    context = exchange.get("context", {})
    client = Client(context.get("remote_addr", "127.0.0.1"))
    message = Request("POST", "/x", request.get("path", "").partition("?")[2] or None)
    facts = Facts()
    if request:
        facts = Facts(RequestFacts(message, client, "/x", "id", 0), context.get("session_meta_data", {}))

    result = transform_inline(transform, content(given if "file" in given else None, folder), facts)

    assert result.failure is None
    wanted = exchange["template_output"]
    output = result.output or b""
    if wanted.get("compare") == "without blank lines" or "file" in wanted:
        lines = [line.rstrip() for line in output.decode().splitlines() if line.strip()]
        assert lines == [
            line.rstrip() for line in (folder / wanted["file"]).read_text("utf-8").splitlines() if line.strip()
        ]
    else:
        check_body(output, wanted, folder)


# Recorded

UPSTREAM_PORT = 9
NOT_RECORDED_HERE = {
    "dx-circuit-breaker": "there are no circuit breakers",
    "dx-endpoint-cache": "there is no cache",
    "dx-endpoint-cache-with-global": "there is no cache",
    "dx-endpoint-plugin": "plugins of single endpoints are in Go, and make the API unavailable",
    "dx-global-webhook": "there are no limits of APIs",
    "dx-local-webhook": "there are no limits of APIs",
    "dx-plugin-bundle": "an API whose bundle cannot be had answers 503",
    "dx-plugin-bundle-classic": "an API whose bundle cannot be had answers 503",
    "dx-rate-limit": "there are no limits of APIs",
    "dx-rate-limit-wildcard": "there are no limits of endpoints",
    "dx-rate-limit-wildcard-declared": "there are no limits of endpoints",
}
"""Recordings of what is not there yet."""


def recordings() -> Iterator[Any]:
    for path in sorted((ROOT / "recorded").glob("*.yaml")):
        why = NOT_RECORDED_HERE.get(path.stem)
        marks = [] if why is None else [pytest.mark.skip(reason=why)]
        yield pytest.param(path, id=path.stem, marks=marks)


async def play_recorded(of: Snapshot, case: dict[str, Any], outside: Outside, request: dict[str, Any]) -> Run:
    given = request.get("headers", ())
    body = str(request.get("body") or "").encode()
    headers = Headers.of(*((name, one) for name, one in given if name.lower() != "host"))
    if body and "Content-Length" not in headers:
        headers = headers.add("Content-Length", str(len(body)))
    path, mark, query = request["path"].partition("?")
    message = Request(request.get("method", "GET"), path, query if mark else None, headers, body, "gateway.test")
    run = begin(of, outside, Exchange("recorded", RECEIVED_AT, message, Client()))
    if not run.answered:
        await run_request(run, body)
    if not run.answered:
        rules = SimpleNamespace(rules={case["name"]: case.get("upstream") or []})
        reply = conformance_upstream.Upstream.choose(rules, case["name"], seen(run))
        if 0 < run.exchange.upstream.total_timeout_seconds < reply.get("delay", 0):
            fail(run, Reason.UPSTREAM_TIMEOUT, "the upstream takes longer")
        else:
            pairs = ((name, one) for name, one in reply.get("headers", ()))
            answer = Response(reply.get("status", 200), Headers.of(*pairs), reply.get("body", "").encode())
            await answer_run(run, answer)
    return run


def seen(run: Run) -> dict[str, Any]:
    """What the upstream gets, as recordings have it."""
    request = run.trace.upstream_request
    assert request is not None
    headers = [["Host", request.host], *([name, one] for name, one in request.headers)]
    return {"method": request.method, "target": request.target, "headers": headers, "body": request.body.decode()}


def scrubbed(message: Any, case: dict[str, Any]) -> Any:
    text = json.dumps(message).replace(f"http://127.0.0.1:{UPSTREAM_PORT}/{case['name']}", "$UPSTREAM")
    text = text.replace(f"127.0.0.1:{UPSTREAM_PORT}", "$UPSTREAM_HOST")
    return json.loads(text.replace(case["name"], "$CASE"))


@pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")
def test_what_the_documentation_tells_of_jq():
    def made(section: str, body: dict[str, Any], facts: jq_filters.Facts, **message: Any) -> jq_filters.Result:
        paths = json.loads("{" + (ROOT / "jq-transforms/01-classic-transform-jq.json").read_text("utf-8") + "}")
        text = paths["extended_paths"][section][0]["filter"]
        asked = jq_filters.task(
            text, jq_filters.Message(json.dumps(body).encode(), **message), jq_filters.known_of(facts), "api"
        )
        return jq_filters.result_of(jq_filters.perform(asked.header, asked.blobs))

    variables = {"path": "/jq/post", "headers_User_Agent": "an agent"}
    sent = made("transform_jq", {"DEVICEID": "d"}, jq_filters.Facts(variables))
    assert json.loads(sent.body) == {
        "DEVICEID": "d",
        "TRANSFORMED-REQUEST-BY-JQ": True,
        "path": "/jq/post",
        "user_agent": "an agent",
    }
    assert dict(sent.headers) == {"X-added-rewrite-headers": "test"}
    assert dict(sent.variables) == {"m2m_origin": "CSE3219/C9886", "deviceid": "d"}
    answered = made("transform_jq_response", {"origin": "192.0.2.1"}, jq_filters.Facts(variables))
    assert json.loads(answered.body)["TRANSFORMED-RESPONSE-BY-JQ"] is True
    assert dict(answered.headers) == {"JQ-Response-header": "192.0.2.1"}


@pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")
@pytest.mark.parametrize("path", [*recordings()])
def test_what_was_recorded_of_the_documentation(path):
    case = conformance_case.load(path)
    texts = []
    for number, api in enumerate(case["apis"]):
        document = conformance_case.bind(api.get("oas") or api["classic"], case, UPSTREAM_PORT)
        if "oas" in api:
            document[EXTENSION]["info"].setdefault("id", f"{case['name']}-{number}")
        else:
            document.setdefault("api_id", f"{case['name']}-{number}")
        texts.append(json.dumps(document))
    of = loaded(texts, settings(**(case.get("gateway") or {})), {})
    keys = MemoryKeys()
    fixed = FixedOutside()
    outside = Outside(
        clock=fixed, ids=fixed, turns=fixed, sessions=keys, limits=MemoryLimits(fixed), scripts=ScriptsInPlace()
    )
    for name, written in (case.get("keys") or {}).items():
        posted = json.dumps(conformance_case.bind(written, case, UPSTREAM_PORT)).encode()
        session = Session.of(session_document(posted))
        whole_name = key_name(session.org_id, name)
        asyncio.run(keys.keep(handle_of(whole_name), whole_name, session))
    ignored = conformance_check.ignored_headers(conformance_check.IGNORED, case)
    ignored_upstream = conformance_check.ignored_headers(conformance_check.IGNORED_UPSTREAM, case)
    for exchange in case["exchanges"]:
        request = conformance_case.bind(exchange["request"], case, UPSTREAM_PORT)
        run = asyncio.run(play_recorded(of, case, outside, request))
        response = run.exchange.response
        got = {
            "status": response.status,
            "headers": [[name, one] for name, one in response.headers],
            "body": "" if request.get("method") == "HEAD" else response.body.decode(),
        }
        found = conformance_check.differences(exchange["response"], scrubbed(got, case), ignored, "response")
        calls = [] if run.trace.upstream_request is None else [scrubbed(seen(run), case)]
        assert len(calls) == len(exchange["upstream"])
        for wanted, call in zip(exchange["upstream"], calls, strict=True):
            found += conformance_check.differences(wanted, call, ignored_upstream, "upstream")
        assert found == []
