"""The commands: ``lockgate serve``, ``check``, ``show``, ``try``, ``reload``, ``replay``, ``explain``; without one, the demonstration."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TextIO

from lockgate import __version__
from lockgate.problems import DefinitionError, Problem, Severity

USAGE: Final = 2
"""Exit code for a command line that cannot be carried out."""


class UsageError(ValueError):
    """What was asked for cannot be done as asked; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit code: 0 done, 1 the command found something wrong, 2 it could not be carried out.
    """
    parser = _parser()
    given = _parsed(parser, arguments)
    try:
        code: int = given.run(given)
    except (UsageError, DefinitionError) as error:
        print(f"lockgate: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader went away, as `head` does. Nothing is left to say, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was given. Positionals may stand on both sides of options, which argparse does not see where they are optional."""
    given, rest = parser.parse_known_args(arguments)
    for name in getattr(given, "positionals", ()):
        if rest and getattr(given, name) is None and not rest[0].startswith("-"):
            setattr(given, name, rest.pop(0))
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lockgate", description=__doc__)
    parser.add_argument("--version", action="version", version=f"lockgate {__version__}")
    parser.set_defaults(run=_demonstrate)
    commands = parser.add_subparsers(metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the gateway in mitmweb, or in mitmdump with --headless")
    serve.add_argument("--definitions", action="append", type=Path, metavar="PATH", help="file or folder; repeatable")
    serve.add_argument("--gateway", type=Path, metavar="FILE", help="settings, JSON or YAML, with tyk.conf's names")
    serve.add_argument("--listen", default=None, metavar="HOST:PORT", help="for clients (default 127.0.0.1:8080)")
    serve.add_argument("--control", default=None, metavar="HOST:PORT", help="the control API (default: none)")
    serve.add_argument("--web", default="127.0.0.1:8081", metavar="HOST:PORT", help="mitmweb (default %(default)s)")
    serve.add_argument("--web-password", default="", metavar="TEXT", help="for mitmweb (default: a random token)")
    serve.add_argument("--headless", action="store_true", help="mitmdump instead of mitmweb")
    serve.add_argument("--workers", type=int, default=1, metavar="N", help="processes; more than 1 is not built yet")
    serve.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="a mitmproxy option")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="say what is wrong with definitions")
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    check.add_argument("--gateway", type=Path, metavar="FILE")
    check.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    check.set_defaults(run=_check)

    show = commands.add_parser("show", help="print the effective chain of an API, of an endpoint, or of one request")
    show.add_argument("path", type=Path, metavar="PATH")
    show.add_argument("method", nargs="?", metavar="METHOD")
    show.add_argument("url", nargs="?", metavar="URL", help="or the path of an endpoint, as the definition writes it")
    show.add_argument("--api", default="", metavar="ID", help="only this one")
    show.add_argument("--gateway", type=Path, metavar="FILE")
    show.add_argument("--format", choices=("text", "json"), default="text")
    show.set_defaults(run=_show, positionals=("method", "url"))

    attempt = commands.add_parser(
        "try", help="send one request through a definition that is not deployed, or run a template on an input"
    )
    attempt.add_argument("path", nargs="?", metavar="DEFINITION")
    attempt.add_argument(
        "request", nargs="?", metavar="REQUEST", help="'GET /path', '/path', or @FILE with an HTTP/1.1 message"
    )
    attempt.add_argument("-H", "--header", action="append", default=[], metavar="'NAME: VALUE'")
    attempt.add_argument("-d", "--data", default=None, metavar="TEXT", help="the body; @FILE reads one")
    attempt.add_argument(
        "--answer", default=None, metavar="STATUS|@FILE", help="what the upstream is taken to answer (default: 200)"
    )
    attempt.add_argument("--session", metavar="JSON|@FILE", help="the session object that any key is taken to have")
    attempt.add_argument(
        "--context", type=Path, metavar="FILE", help="'context' (variables) and 'meta' (of the session), JSON or YAML"
    )
    attempt.add_argument(
        "--section", type=Path, metavar="FILE", help="one section instead of a definition: JSON, YAML, template, script"
    )
    attempt.add_argument(
        "--middleware", default="", metavar="NAME", help="what --section is: urlRewrite, global.cors, …"
    )
    attempt.add_argument(
        "--recorded", type=Path, metavar="FILE", help="the first exchange of a flow file, HAR or saved trace"
    )
    attempt.add_argument("--send", action="store_true", help="really send it upstream")
    attempt.add_argument("--calls", action="store_true", help="let scripts and batches call others")
    attempt.add_argument("--gateway", type=Path, metavar="FILE")
    attempt.add_argument("--format", choices=("text", "json"), default="text")
    template = attempt.add_argument_group("a template by itself")
    template.add_argument("--template", type=Path, metavar="FILE", help="print what it makes, or its fault (exit 1)")
    template.add_argument("--input", default=None, metavar="FILE", help="the body that it gets; '-' reads stdin")
    template.add_argument("--xml", action="store_true", help="the body is XML (default: JSON)")
    template.add_argument("--engine", choices=("go", "jinja2", "jq"), default="go", help="default %(default)s")
    template.add_argument("--response", action="store_true", help="as for responses (default: as for requests)")
    attempt.set_defaults(run=_try, positionals=("path", "request"))

    replay = commands.add_parser("replay", help="run recorded exchanges through definitions, and say what is different")
    replay.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING", help="flow file, HAR, traces as JSON")
    replay.add_argument("--definitions", action="append", type=Path, required=True, metavar="NEW")
    replay.add_argument(
        "--against", action="append", type=Path, default=[], metavar="OLD", help="definitions (default: the recording)"
    )
    replay.add_argument("--gateway", type=Path, metavar="FILE")
    replay.add_argument("--upstream", default="", metavar="URL", help="a live one (default: the recorded answers)")
    replay.add_argument("--ignore", action="append", default=[], metavar="RULE", help="header:NAME, json:/POINTER, …")
    replay.add_argument(
        "--ignore-value", action="append", default=[], metavar="KINDS", help="date, uuid, timestamp…, or re:PATTERN"
    )
    replay.add_argument("--ignore-nothing", action="store_true", help="not even Date and ids that the gateway drew")
    replay.add_argument("--filter", default="", metavar="EXPR", help="of mitmproxy's: only exchanges that it finds")
    replay.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N exchanges")
    replay.add_argument("--skip-missing", action="store_true", help="exit 0 though some could not be replayed")
    replay.add_argument("--format", choices=("text", "json", "junit", "html"), default="text")
    replay.set_defaults(run=_replay)

    again = commands.add_parser("again", help="send a request that a running gateway had through its definitions again")
    again.add_argument("exchange", metavar="ID|last", help="of the exchange; 'last' is the newest one that is over")
    again.add_argument("--web", default="127.0.0.1:8081", metavar="HOST:PORT", help="mitmweb (default %(default)s)")
    again.add_argument("--token", default=None, metavar="TEXT", help="its password (default: $LOCKGATE_WEB_TOKEN)")
    again.add_argument("--ignore", action="append", default=[], metavar="RULE", help="header:NAME, json:/POINTER, …")
    again.add_argument("--ignore-value", action="append", default=[], metavar="KINDS", help="as for replay")
    again.add_argument("--ignore-nothing", action="store_true", help="not even dates, random ids and limits")
    again.add_argument("--format", choices=("text", "json"), default="text")
    again.set_defaults(run=_again)

    reload = commands.add_parser("reload", help="tell a running gateway to load its definitions again")
    reload.add_argument("--control", default="127.0.0.1:8082", metavar="HOST:PORT")
    reload.add_argument("--gateway", type=Path, metavar="FILE", help="settings, for the secret")
    reload.add_argument("--report", action="store_true", help="print what the last load did, and load nothing")
    reload.set_defaults(run=_reload)

    explain = commands.add_parser("explain", help="what a problem means, and how to mend it")
    explain.add_argument("code", nargs="?", metavar="CODE")
    explain.set_defaults(run=_explain)
    return parser


# serve


def _serve(given: argparse.Namespace) -> int:
    if given.workers != 1:
        raise UsageError(f"expected --workers 1, found {given.workers}: more than one process is not built yet")
    paths = given.definitions or [Path("definitions")]
    _must_exist(paths)
    _optimised(given)
    from lockgate.hosts.mitm.tool import Serving, serve

    return serve(
        Serving(
            definitions=tuple(paths),
            gateway=given.gateway,
            listen=_address(given.listen, "--listen") if given.listen else None,
            control=given.control,
            web=_address(given.web, "--web"),
            web_password=given.web_password,
            headless=given.headless,
            options=tuple(given.set),
        )
    )


def _optimised(given: argparse.Namespace) -> None:
    """Start again with -O, which takes mitmproxy's type checks out of the way of every request."""
    if __debug__ and given.headless and "LOCKGATE_NO_OPTIMISE" not in os.environ:
        os.execv(sys.executable, [sys.executable, "-O", "-m", "lockgate.cli", *sys.argv[1:]])  # noqa: S606


def _address(text: str, option: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise UsageError(f"expected HOST:PORT for {option}, found {text!r}")
    return host.strip("[]"), int(port)


def _demonstrate(_: argparse.Namespace) -> int:
    from lockgate.demonstration import demonstrate

    return demonstrate()


# check


def _check(given: argparse.Namespace) -> int:
    from lockgate.deployment import read_settings
    from lockgate.loading import load

    _must_exist(given.paths)
    settings, found = read_settings(given.gateway, os.environ)
    loaded = load(given.paths, settings, resolve=False)
    problems = (*found, *loaded.problems)
    if given.format == "json":
        print(json.dumps([_problem(problem) for problem in problems], indent=1))
    elif given.format == "sarif":
        from lockgate.sarif import to_sarif

        print(json.dumps(to_sarif(problems, Path.cwd()), indent=1))
    else:
        _print_problems(problems, sys.stdout)
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        served = len(loaded.definitions)
        print(f"{served} API{'s' * (served != 1)}, {errors} errors, {len(problems) - errors} warnings")
    return 1 if any(problem.severity is Severity.ERROR for problem in problems) else 0


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "pointer": problem.pointer,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
    }


def _print_problems(problems: Sequence[Problem], file: TextIO) -> None:
    for problem in problems:
        print(problem, file=file)


def _must_exist(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or folder {str(path)!r}")


# show and try


def _show(given: argparse.Namespace) -> int:
    from lockgate.debugging import effective, showing

    if given.method is not None and given.url is None:
        raise UsageError("expected METHOD and URL together")
    snapshot, problems = _snapshot(given)
    _print_problems(problems, sys.stderr)
    if given.api and given.api not in snapshot.apis:
        raise UsageError(f"there is no API {given.api!r}; there are {', '.join(map(repr, snapshot.apis))}")
    lines: Iterable[str]
    if given.method is None:
        plain: Any = showing.apis_plain(snapshot, given.api)
        lines = showing.api_lines(snapshot, given.api)
    else:
        try:
            shown = asyncio.run(effective.shown_for(snapshot, given.method, given.url, given.api))
        except ValueError as error:
            raise UsageError(str(error)) from None
        plain, lines = showing.shown_plain(shown), showing.request_lines(shown)
    if given.format == "json":
        print(json.dumps(plain, indent=1))
        return 0
    for line in lines:
        print(line)
    return 0


def _try(given: argparse.Namespace) -> int:
    if given.template is not None:
        return _try_template(given)
    from lockgate.debugging.trial import masked_faults, to_values
    from lockgate.hosts.trying import try_files
    from lockgate.trace_format import printable, to_plain, to_text

    try:
        tried = try_files(_trying(given))
    except (UsageError, DefinitionError):
        raise
    except ValueError as error:
        raise UsageError(str(error)) from None
    _print_problems(tried.problems, sys.stderr)
    if tried.trace is None:
        raise UsageError(f"{str(given.section or given.path)!r} holds no definition that can be served")
    for fault in masked_faults(tried):
        if fault.line:
            place = f"fault: {fault.link}: line {fault.line}, column {fault.column}"
            print(printable(f"{place}: {fault.text}"), file=sys.stderr)
    if given.format == "json":
        values = to_values(tried)
        # The trace as ever, so that a file of it can be replayed; what else there is to say beside it.
        print(json.dumps({**values.pop("trace"), "trial": values}, indent=1))
    else:
        print(to_text(to_plain(tried.trace)), end="")
        for remark in tried.remarks if given.recorded or given.section else ():
            print(remark, file=sys.stderr)
    return 0


def _trying(given: argparse.Namespace) -> Any:
    from lockgate.debugging.trial_outside import Rights
    from lockgate.hosts.trying import Trying

    if given.input is not None or given.xml:
        raise UsageError("expected --template FILE beside --input and --xml")
    # With a section there is no definition: the one word is the request.
    path, text = (None, given.request or given.path) if given.section else (given.path, given.request)
    if given.section and given.request:
        raise UsageError(f"expected no DEFINITION beside --section, found {given.path!r}")
    if not given.section and path is None:
        raise UsageError("expected DEFINITION and REQUEST, --section FILE, or --template FILE and --input FILE")
    if text is None and given.recorded is None:
        raise UsageError("expected REQUEST, or --recorded FILE")
    _must_exist([Path(one) for one in (path, given.section, given.recorded) if one is not None])
    request = None if text is None else _argument(text) if text.startswith("@") else text.encode()
    data, answer, session = (
        None if one is None else _argument(one) for one in (given.data, given.answer, given.session)
    )
    return Trying(
        definition=None if path is None else Path(path),
        section=given.section,
        middleware=given.middleware,
        request=request,
        headers=given.header,
        data=data,
        answer=answer,
        session=session,
        context=given.context,
        recorded=given.recorded,
        rights=Rights(given.calls, given.send),
        gateway=given.gateway,
        environ=os.environ,
    )


def _try_template(given: argparse.Namespace) -> int:
    from lockgate.hosts.children import Children
    from lockgate.hosts.local_zone import local_zone
    from lockgate.inspection import SYSTEM
    from lockgate.template_trial import said_of, to_plain, try_template

    trial = _trial(given)
    children = Children()
    try:
        made = asyncio.run(try_template(trial, replace(SYSTEM, tasks=children, zone=local_zone())))
    finally:
        children.close()
    if given.format == "json":
        print(json.dumps(to_plain(made), indent=1))
        return 0 if made.fault is None else 1
    for line in said_of(made, trial.name):
        print(line, file=sys.stderr)
    if made.fault is not None:
        print(made.fault.pointed, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(made.output)
    if sys.stdout.isatty() and not made.output.endswith(b"\n"):
        print()
    return 0


def _trial(given: argparse.Namespace) -> Any:
    from lockgate.template_trial import Given, Language, Trial, parse_given
    from lockgate.templates.values import from_bytes

    if given.path is not None:
        raise UsageError(f"expected no DEFINITION beside --template, found {str(given.path)!r}")
    if given.input is None:
        raise UsageError("expected --input FILE beside --template; '-' reads stdin")
    if given.xml and given.engine == "jq":
        raise UsageError("expected no --xml beside --engine jq: filters get JSON")
    around = Given()
    if given.context is not None:
        written = _argument(f"@{given.context}")
        try:
            around = parse_given(written)
        except ValueError as error:
            raise UsageError(f"{given.context}: {error}") from None
    name = str(given.template)
    return Trial(
        from_bytes(_argument(f"@{name}")),
        sys.stdin.buffer.read() if given.input == "-" else _argument(f"@{given.input}"),
        name,
        Language(given.engine),
        is_xml=given.xml,
        is_response=given.response,
        given=around,
    )


def _snapshot(given: argparse.Namespace) -> tuple[Any, tuple[Problem, ...]]:
    from lockgate.deployment import read_settings
    from lockgate.loading import load
    from lockgate.snapshot import Snapshot

    _must_exist([given.path])
    settings, found = read_settings(given.gateway, os.environ)
    loaded = load([given.path], settings)
    problems = (*found, *loaded.problems)
    if not loaded.definitions:
        _print_problems(problems, sys.stderr)
        raise UsageError(f"{str(given.path)!r} holds no definition that can be served")
    return Snapshot(loaded.definitions, settings), problems


def _argument(text: str) -> bytes:
    """An argument's own bytes, or those of the file that it names with "@"."""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {text[1:]!r}: {error.strerror}") from None


# replay


def _replay(given: argparse.Namespace) -> int:
    from lockgate.debugging.ignoring import DEFAULTS, RuleError, Rules, rules_of
    from lockgate.debugging.recordings import RecordingError
    from lockgate.debugging.reports import FORMATS
    from lockgate.hosts.replaying import ReplayError, Replaying, replay_files

    _must_exist([*given.recordings, *given.definitions, *given.against])
    try:
        rules = rules_of(given.ignore, given.ignore_value, Rules() if given.ignore_nothing else DEFAULTS)
        paths = (given.recordings, given.definitions, given.against)
        report, problems = replay_files(
            Replaying(*paths, given.gateway, given.upstream, rules, given.filter, given.limit, os.environ)
        )
    except (RecordingError, ReplayError, RuleError) as error:
        raise UsageError(str(error)) from None
    _print_problems(problems, sys.stderr)
    sys.stdout.write(FORMATS[given.format](report))
    if report.different:
        return 1
    return USAGE if report.total == 0 or (report.not_replayed and not given.skip_missing) else 0


# again, reload and explain


def _again(given: argparse.Namespace) -> int:
    from lockgate.pages.client import AgainFailedError, lines_of, run_again

    token = os.environ.get("LOCKGATE_WEB_TOKEN", "") if given.token is None else given.token
    query = [("ignore", rule) for rule in given.ignore] + [("values", kinds) for kinds in given.ignore_value]
    if given.ignore_nothing:
        query.append(("off", "dates,ids,limits"))
    try:
        told = run_again(_address(given.web, "--web"), token, given.exchange, query)
    except AgainFailedError as error:
        raise UsageError(str(error)) from None
    if given.format == "json":
        print(json.dumps(told, indent=1))
    else:
        for line in lines_of(told):
            print(line)
    return 1 if told["comparison"]["different"] else 0


def _reload(given: argparse.Namespace) -> int:
    from lockgate.control.client import ControlFailedError, reload_gateway
    from lockgate.deployment import read_settings

    settings, _ = read_settings(given.gateway, os.environ)
    try:
        report = reload_gateway(given.control, settings.secret, only_report=given.report)
    except ControlFailedError as error:
        raise UsageError(str(error)) from None
    print(report)
    return 0


def _explain(given: argparse.Namespace) -> int:
    from lockgate.loading.explanations import EXPLANATIONS

    known: Mapping[str, Any] = EXPLANATIONS
    if given.code is None:
        for code, explanation in sorted(known.items()):
            print(f"{code:<28} {explanation.title}")
        return 0
    explanation = known.get(given.code)
    if explanation is None:
        import difflib

        near = difflib.get_close_matches(given.code, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; `lockgate explain` lists them all"
        raise UsageError(f"there is no problem code {given.code!r}{hint}")
    print(f"{given.code}: {explanation.title}\n\n{explanation.meaning}\n\nTo mend it: {explanation.remedy}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
