"""The commands: ``lockgate serve``, ``check``, ``show``, ``try``, ``reload``, ``explain``; without one, the demonstration."""

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
    given = parser.parse_args(arguments)
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
    check.add_argument("--format", choices=("text", "json"), default="text")
    check.set_defaults(run=_check)

    show = commands.add_parser("show", help="print the effective chain of an API, or of one request")
    show.add_argument("path", type=Path, metavar="PATH")
    show.add_argument("method", nargs="?", metavar="METHOD")
    show.add_argument("url", nargs="?", metavar="URL")
    show.add_argument("--gateway", type=Path, metavar="FILE")
    show.set_defaults(run=_show)

    attempt = commands.add_parser(
        "try", help="send one request through a definition that is not deployed, or run a template on an input"
    )
    attempt.add_argument("path", nargs="?", type=Path, metavar="DEFINITION")
    attempt.add_argument(
        "request", nargs="?", metavar="REQUEST", help="'GET /path', '/path', or @FILE with an HTTP/1.1 message"
    )
    attempt.add_argument("-H", "--header", action="append", default=[], metavar="'NAME: VALUE'")
    attempt.add_argument("-d", "--data", default=None, metavar="TEXT", help="the body; @FILE reads one")
    attempt.add_argument("--answer", default="200", metavar="STATUS|@FILE", help="what the upstream is taken to answer")
    attempt.add_argument("--session", metavar="JSON|@FILE", help="the session object that any key is taken to have")
    attempt.add_argument("--gateway", type=Path, metavar="FILE")
    attempt.add_argument("--format", choices=("text", "json"), default="text")
    template = attempt.add_argument_group("a template by itself")
    template.add_argument("--template", type=Path, metavar="FILE", help="print what it makes, or its fault (exit 1)")
    template.add_argument("--input", default=None, metavar="FILE", help="the body that it gets; '-' reads stdin")
    template.add_argument("--xml", action="store_true", help="the body is XML (default: JSON)")
    template.add_argument(
        "--context", type=Path, metavar="FILE", help="'context' (variables) and 'meta' (of the session), JSON or YAML"
    )
    template.add_argument("--engine", choices=("go", "jinja2", "jq"), default="go", help="default %(default)s")
    template.add_argument("--response", action="store_true", help="as for responses (default: as for requests)")
    attempt.set_defaults(run=_try)

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
    from lockgate.inspection import parse_request, show_apis, show_request

    if given.method is not None and given.url is None:
        raise UsageError("expected METHOD and URL together")
    snapshot, problems = _snapshot(given)
    _print_problems(problems, sys.stderr)
    lines: Iterable[str]
    if given.method is None:
        lines = show_apis(snapshot)
    else:
        try:
            request = parse_request(f"{given.method} {given.url}".encode())
        except ValueError as error:
            raise UsageError(str(error)) from None
        lines = asyncio.run(show_request(snapshot, request))
    for line in lines:
        print(line)
    return 0


def _try(given: argparse.Namespace) -> int:
    if given.template is not None:
        return _try_template(given)
    if given.path is None or given.request is None:
        raise UsageError("expected DEFINITION and REQUEST, or --template FILE and --input FILE")
    if given.input is not None or given.xml or given.context is not None:
        raise UsageError("expected --template FILE beside --input, --xml and --context")
    from lockgate.hosts.children import Children
    from lockgate.hosts.local_zone import local_zone
    from lockgate.hosts.scripts import GatewayScripts
    from lockgate.inspection import SYSTEM, parse_answer, parse_request, try_request, with_session
    from lockgate.trace_format import masked, to_plain, to_text

    snapshot, problems = _snapshot(given)
    _print_problems(problems, sys.stderr)
    text = given.request
    data = None if given.data is None else _argument(given.data)
    try:
        request = parse_request(_argument(text) if text.startswith("@") else text.encode(), given.header, data)
        answer = parse_answer(_argument(given.answer))
        outside = SYSTEM if given.session is None else with_session(_argument(given.session))
    except ValueError as error:
        raise UsageError(str(error)) from None
    children, scripts = Children(), GatewayScripts(lambda: snapshot.settings)
    outside = replace(outside, tasks=children, zone=local_zone(), scripts=scripts)
    try:
        trace = asyncio.run(try_request(snapshot, request, answer, outside))
    finally:
        children.close()
        scripts.close()
    plain = to_plain(trace)
    print(json.dumps(masked(plain), indent=1) if given.format == "json" else to_text(plain), end="")
    if given.format == "json":
        print()
    return 0


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


# reload and explain


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
