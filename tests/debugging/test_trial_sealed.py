"""What a text that is tried cannot see, reach or use up."""

import asyncio
import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.apis import oas, settings
from tests.debugging.trials import BENCH, tried_text

from lockgate.debugging import trial, trial_outside
from lockgate.debugging.samples import Sample, sample_of
from lockgate.debugging.sections import made_around, section_of
from lockgate.debugging.trial import Bench, Rights, TrialError, beside, to_values, try_snapshot, try_text
from lockgate.exchange import Headers, Request
from lockgate.hosts.children import Children
from lockgate.hosts.trials import scripts_of_trials
from lockgate.inspection import SYSTEM
from lockgate.loading import load_text
from lockgate.loading.grounds import Grounds
from lockgate.services import HttpAnswer, HttpReply, ServiceError
from lockgate.snapshot import Snapshot

SECRET = "never-to-be-seen"
POST = {"method": "POST", "path": "/api/x", "body": '{"a": 1}', "headers": {"Content-Type": "application/json"}}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def with_header(value):
    return oas({"GET /": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Found", "value": value}]}}})


def shown(outcome):
    return json.dumps(to_values(outcome), ensure_ascii=False)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        pytest.param("env://LOCKGATE_TEST", "'env://LOCKGATE_TEST' cannot be looked up", id="environment"),
        pytest.param("secrets://mine", "'secrets://mine' cannot be looked up", id="secrets of the gateway"),
        pytest.param("file://hidden", "'file://hidden' cannot be looked up", id="file"),
        pytest.param("vault://a/b.c", "'vault://a/b.c' cannot be looked up", id="Vault"),
        pytest.param("consul://a", "'consul://a' cannot be looked up", id="Consul"),
        pytest.param("$secret_env.test", "'$secret_env.test' cannot be looked up", id="environment in a text"),
        pytest.param("$secret_conf.mine", "'$secret_conf.mine' cannot be looked up", id="secret in a text"),
        pytest.param("$secret_vault.a/b.c", "'$secret_vault.a/b.c' cannot be looked up", id="Vault in a text"),
    ],
)
def test_a_reference_does_not_resolve(reference, says, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCKGATE_TEST", SECRET)
    monkeypatch.setenv("TYK_SECRET_TEST", SECRET)
    (tmp_path / "hidden").write_text(SECRET)
    kv = {"file": {"base_path": str(tmp_path)}, "vault": {"address": "http://127.0.0.1:1"}}
    made = settings(secrets={"mine": SECRET}, kv=kv)
    outcome = tried_text(with_header(reference), replace(BENCH, settings=made, folders=(tmp_path,)))

    assert [one.code for one in outcome.problems] == ["missing-secret"]
    assert says in outcome.problems[0].message
    assert "a text that is tried sees no environment and no secrets" in outcome.problems[0].message
    assert SECRET not in shown(outcome)
    assert outcome.trace.upstream_request.headers.get("X-Found") != SECRET


def test_a_template_does_not_see_them(monkeypatch):
    monkeypatch.setenv("TYK_SECRET_TEST", SECRET)
    body = '$secret_env.test {{env "HOME"}} {{expandenv "$HOME"}}'
    section = made_around(
        section_of({"middleware": "transformRequestBody", "text": body, "method": "POST", "path": "/"})
    )
    outcome = tried_text(section.text, request={**POST, "path": "/"})

    assert SECRET not in shown(outcome)
    assert os.environ["HOME"] not in json.dumps(to_values(outcome)["trace"]["upstream_request"])


# ── files ──


def with_template(path):
    body = {"enabled": True, "format": "json", "path": str(path)}
    return oas({"POST /x": {"transformRequestBody": body}})


def with_script(path):
    return oas({"POST /x": {"virtualEndpoint": {"enabled": True, "functionName": "f", "path": str(path)}}})


@pytest.fixture
def folders(tmp_path):
    """A gateway's folder, and something beside it."""
    for name in ("definitions", "templates", "middleware", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name} {SECRET if name == 'elsewhere' else ''}")
    (tmp_path / "gateway.json").write_text(json.dumps({"secret": SECRET}))
    (tmp_path / "definitions" / "link.txt").symlink_to(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "definitions" / "inside.txt").symlink_to(tmp_path / "definitions" / "a.txt")
    (tmp_path / "definitions" / "folder").symlink_to(tmp_path / "elsewhere")
    os.link(tmp_path / "gateway.json", tmp_path / "definitions" / "settings.txt")
    made = replace(
        settings(template_path="templates", middleware_path="middleware", enable_jsvm=True),
        folder=str(tmp_path),
        read_from=str(tmp_path / "gateway.json"),
    )
    return replace(BENCH, settings=made, folders=(tmp_path / "definitions",)), tmp_path


@pytest.mark.parametrize("name", ["templates/a.txt", "middleware/a.txt", "a.txt", "definitions/a.txt"])
def test_a_file_within_the_folders_is_read(folders, name):
    bench, _ = folders
    outcome = tried_text(with_template(name), bench, request=POST)

    assert outcome.problems == ()
    assert outcome.trace.upstream_request.body.decode().strip() in ("templates", "middleware", "definitions")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("elsewhere/a.txt", id="beside"),
        pytest.param("{folder}/elsewhere/a.txt", id="absolute"),
        pytest.param("definitions/../elsewhere/a.txt", id="upwards"),
        pytest.param("definitions/link.txt", id="link"),
        pytest.param("definitions/inside.txt", id="link that stays inside"),
        pytest.param("definitions/folder/a.txt", id="folder that is a link"),
        pytest.param("gateway.json", id="settings"),
        pytest.param("definitions/settings.txt", id="settings by another name"),
        pytest.param("elsewhere/none.txt", id="nothing"),
        pytest.param("/etc/passwd", id="of the system"),
    ],
)
@pytest.mark.parametrize("definition", [with_template, with_script], ids=["template", "script"])
def test_a_file_elsewhere_is_not_read(folders, name, definition):
    bench, folder = folders
    outcome = tried_text(definition(name.format(folder=folder)), bench, request=POST)

    assert outcome.problems[0].code in ("missing-template", "missing-script")
    expected = (
        "without '..'" if ".." in name else "it is not within the folders of definitions, templates and middleware"
    )
    assert expected in outcome.problems[0].message
    assert SECRET not in shown(outcome)
    assert "there is no such file" not in shown(outcome)  # Not even that is told.


def test_plugins_bundles_and_certificates_elsewhere_are_not_read(folders):
    bench, folder = folders
    (folder / "middleware" / "linked").symlink_to(folder / "elsewhere")
    (folder / "middleware" / "bundles").symlink_to(folder / "elsewhere")
    (folder / "elsewhere" / "pre").mkdir()
    (folder / "elsewhere" / "pre" / f"{SECRET}.js").write_text("")
    linked = oas({}, name="linked", pluginConfig={"driver": "otto"})
    bundled = oas({}, pluginConfig={"driver": "otto", "bundle": {"enabled": True, "path": "a.txt"}})
    certified = oas({})
    mapping = [{"domain": "a.test", "certificate": str(folder / "elsewhere" / "a.pem")}]
    certified["x-tyk-api-gateway"]["upstream"]["mutualTLS"] = {"enabled": True, "domainToCertificateMapping": mapping}

    assert SECRET not in shown(tried_text(linked, bench))
    assert [one.code for one in tried_text(bundled, bench).problems] == ["unsupported-bundle"]
    (problem,) = tried_text(certified, bench).problems
    assert problem.code == "bad-certificate"
    assert "is not read" in problem.message


def test_a_file_that_the_settings_name_is_read(tmp_path):
    script = tmp_path / "core.js"
    script.write_text("")

    assert Grounds(open=(script,)).refusal(script) == ""
    assert Grounds(open=(script,)).refusal(tmp_path / "other.js") != ""


# ── APIs in force ──


def test_a_loop_finds_an_api_in_force_but_none_with_secrets():
    plain = oas({}, name="plain", listen="/plain/", internal=True)
    secretive = oas(
        {
            "GET /": {
                "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Found", "value": "secrets://mine"}]}
            }
        },
        name="secretive",
        listen="/secretive/",
    )
    made = settings(secrets={"mine": SECRET})
    definitions = [
        one for document in (plain, secretive) for one in load_text(json.dumps(document), "a.json", made).definitions
    ]
    bench = replace(BENCH, settings=made, current=Snapshot(definitions, made))

    def loop(name):
        rewrite = {"enabled": True, "pattern": ".*", "rewriteTo": f"tyk://{name}/"}
        return tried_text(oas({"GET /": {"urlRewrite": rewrite}}), bench)

    assert loop("plain").trace.upstream_request is not None
    outcome = loop("secretive")
    assert outcome.trace.answer.status == 500
    assert outcome.remarks == ("loops do not find secretive here: what is tried must not see their secrets",)
    assert SECRET not in shown(outcome)


# ── calls, keys and storage ──


class Recording:
    """Sends nothing, and keeps what it was asked to send."""

    def __init__(self):
        self.calls = []

    async def send(self, calls, _at_once, _max_bytes):
        self.calls += calls
        return [HttpReply(index, HttpAnswer(200, Headers(), b"called")) for index, _ in enumerate(calls)]


CALLING = (
    "function f(request, session, config) {"
    ' var answer = TykMakeHttpRequest(JSON.stringify({Method: "GET", Domain: "http://192.0.2.9", Resource: "/"}));'
    " return TykJsResponse({Body: String(answer && JSON.parse(answer).Body), Code: 200}, {}); }"
)


def calling(rights):
    http = Recording()
    bench = replace(BENCH, outside=replace(BENCH.outside, http=http))
    made = made_around(section_of({"middleware": "virtualEndpoint", "text": CALLING}))
    return tried_text(made.text, bench, rights, request="GET /"), http


def test_a_script_calls_nobody():
    outcome, http = calling(Rights())

    assert http.calls == []
    assert outcome.trace.answer.body == b"undefined"
    assert "a trial calls nobody unless that is asked for" in shown(outcome)


def test_a_script_calls_others_where_that_is_asked_for():
    outcome, http = calling(Rights(calls=True))

    assert [call.url for call in http.calls] == ["http://192.0.2.9/"]
    assert outcome.trace.answer.body == b"called"


class Live:
    """What a live gateway has, which a trial must not ask."""

    def __getattr__(self, name):
        raise AssertionError(f"a trial asked for {name}")


def test_a_script_sees_no_live_keys_and_no_live_storage():
    live = Live()
    outside = replace(BENCH.outside, sessions=live, limits=live, key_data=live, storage=live, http=live, turns=live)
    script = (
        "function f(request, session, config) {"
        ' TykStorageSet("a", "kept", 0); TykSetKeyData("key", JSON.stringify({}), 0);'
        ' return TykJsResponse({Body: TykStorageGet("a") + TykGetKeyData("key", ""), Code: 200}, {}); }'
    )
    made = made_around(section_of({"middleware": "virtualEndpoint", "text": script}))
    outcome = tried_text(made.text.replace("otto", "goja"), replace(BENCH, outside=outside), request="GET /")

    assert outcome.trace.answer.status == 200
    assert outcome.trace.answer.body.startswith(b"kept")  # Storage of this trial alone.


def test_storage_is_forgotten_with_the_trial():
    script = (
        "function f(request, session, config) {"
        ' return TykJsResponse({Body: String(TykStorageIncr("count", 0)), Code: 200}, {}); }'
    )
    made = made_around(section_of({"middleware": "virtualEndpoint", "text": script}))

    text = made.text.replace("otto", "goja")  # Only scripts of this driver have a storage.

    assert [tried_text(text, request="GET /").trace.answer.body for _ in range(2)] == [b"1", b"1"]


def test_keys_are_those_of_the_sample():
    keyed = {
        "enabled": True,
        "securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "X-Key"}}},
    }
    made = made_around(section_of({"middleware": "server.authentication", "config": keyed}))
    live = replace(BENCH, outside=replace(BENCH.outside, sessions=Live(), limits=Live()))
    request = {"path": "/", "headers": {"X-Key": "any-key-at-all"}}

    assert tried_text(made.text, live, request=request).trace.answer.status == 403
    assert tried_text(made.text, live, request=request, session={}).trace.answer.status == 200


def test_nothing_is_sent_unless_asked():
    http = Recording()
    bench = replace(BENCH, outside=replace(BENCH.outside, http=http))
    outcome = tried_text(oas({}), bench)
    sent = tried_text(oas({}), bench, Rights(send=True), request="GET /api/x?y=1")

    assert (outcome.sent, outcome.remarks) == (False, ("nothing was sent upstream: its answer is the given one",))
    assert (sent.sent, sent.remarks, sent.trace.answer.body) == (True, (), b"called")
    (call,) = http.calls
    assert (call.method, call.url, call.as_it_is) == ("GET", "http://upstream.test:8000/x?y=1", True)


def test_an_upstream_that_does_not_answer():
    class Broken:
        async def send(self, _calls, _at_once, _max_bytes):
            raise ServiceError("nobody is there")

    bench = replace(BENCH, outside=replace(BENCH.outside, http=Broken()))
    outcome = tried_text(oas({}), bench, Rights(send=True))

    assert outcome.trace.answer.status == 500
    assert [fault.text for fault in outcome.faults] == ["nobody is there"]


# ── limits ──


def test_scripts_run_in_limited_processes():
    made = settings(enable_jsvm=True, jsvm_timeout=1)

    async def run():
        children, scripts = Children(), scripts_of_trials(lambda: made)
        bench = Bench(replace(SYSTEM, tasks=children), scripts, made)
        try:
            outcomes = []
            for body in ("while (true) {}", 'var a = []; while (true) { a.push(new Array(1000000).fill("x")); }'):
                script = f"function f(request, session, config) {{ {body} }}"
                section = made_around(section_of({"middleware": "virtualEndpoint", "text": script}))
                outcomes.append(await try_text(section.text, "", sample_of({"request": "GET /"}), bench, Rights()))
            return outcomes, scripts._children is not None, scripts._embedded is None
        finally:
            children.close()
            scripts.close()

    outcomes, in_processes, not_here = asyncio.run(run())

    assert [outcome.trace.answer.status for outcome in outcomes] == [500, 500]
    assert in_processes
    assert not_here


def test_a_long_text_is_refused(monkeypatch):
    monkeypatch.setattr(trial, "MOST_TEXT_BYTES", 100)

    with pytest.raises(TrialError, match="expected a text of 100 bytes at most, found"):
        tried_text(oas({}))


def test_a_text_that_takes_long_to_load_is_given_up(monkeypatch):
    monkeypatch.setattr(trial, "LOADING_SECONDS", 0.05)
    gate = __import__("threading").Event()

    with pytest.raises(TrialError, match=r"not loaded after 0.05 seconds"):
        asyncio.run(beside(lambda: gate.wait(5)))
    gate.set()


def test_a_trial_that_lasts_is_stopped(monkeypatch):
    class Endless:
        async def send(self, _calls, _at_once, _max_bytes):
            await asyncio.Event().wait()

    monkeypatch.setattr(trial, "SECONDS", 0.05)
    bench = replace(BENCH, outside=replace(BENCH.outside, http=Endless()))
    outcome = tried_text(oas({}), bench, Rights(send=True))

    assert outcome.trace.answer.status == 500
    assert [fault.text for fault in outcome.faults] == ["the trial was stopped after 0.05 seconds"]


def test_so_many_at_once(monkeypatch):
    monkeypatch.setattr(trial, "AT_ONCE", 0)

    with pytest.raises(TrialError, match="trials are under way already"):
        tried_text(oas({}))


def test_a_link_that_breaks_ends_the_trial(monkeypatch):
    def broken(*_):
        raise RuntimeError("of a link")

    monkeypatch.setattr(trial, "run_request", broken)
    outcome = asyncio.run(
        try_snapshot(
            Snapshot(load_text(json.dumps(oas({})), "a.json", BENCH.settings).definitions, BENCH.settings),
            Sample(Request("GET", "/api/")),
            BENCH,
            Rights(),
        )
    )

    assert outcome.trace.answer.status == 500
    assert outcome.faults[0].text == "RuntimeError: of a link"


def test_answers_of_upstreams_are_bounded():
    http = Recording()
    limits = []

    async def send(calls, at_once, max_bytes):
        limits.append(max_bytes)
        return await Recording.send(http, calls, at_once, max_bytes)

    http.send = send
    tried_text(oas({}), replace(BENCH, outside=replace(BENCH.outside, http=http)), Rights(send=True))

    assert limits == [trial_outside.MOST_ANSWER_BYTES]


def test_grounds_say_nothing_of_what_is_outside(tmp_path):
    (tmp_path / "in").mkdir()
    grounds = Grounds((tmp_path / "in",))

    assert grounds.refusal(tmp_path / "there.txt") == grounds.refusal(Path("/nowhere/at/all"))
    assert grounds.refusal(tmp_path / "in" / "new.txt") == ""
    assert grounds.refusal("a\0b") != ""
