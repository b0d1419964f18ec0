"""``lockgate try``: one request through a definition, or through a section of one, that is not deployed."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.commands import template
from lockgate.commands.common import (
    Commands,
    UsageError,
    add_format,
    add_gateway,
    argument_bytes,
    must_exist,
    new_command,
    print_json,
    print_problems,
)
from lockgate.problems import DefinitionError

if TYPE_CHECKING:
    from lockgate.hosts.trying import Trying

_MORE = """\
Exit code: 0 it was tried, whatever came of it; 1 a template by itself failed;
2 it could not be tried.

lockgate try definitions/pets.yaml 'GET /pets/7'
lockgate try definitions/pets.yaml /pets -d @pet.json --answer 404
lockgate try --section rewrite.json 'GET /pets/7'
lockgate try --recorded yesterday.flow definitions/pets.yaml
lockgate try --template order.tmpl --input order.json
"""


def add(commands: Commands) -> None:
    """Declare the arguments."""
    brief = "send one request through a definition that is not deployed, or run a template on an input"
    parser = new_command(commands, "try", run, brief, _MORE)
    parser.add_argument("path", nargs="?", metavar="DEFINITION", help="file or folder")
    parser.add_argument(
        "request", nargs="?", metavar="REQUEST", help="'GET /path', '/path', or @FILE with an HTTP/1.1 message"
    )
    parser.add_argument("-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable")
    parser.add_argument("-d", "--data", default=None, metavar="TEXT", help="the body; @FILE reads one")
    parser.add_argument(
        "--answer", default=None, metavar="STATUS|@FILE", help="what the upstream is taken to answer (default: 200)"
    )
    parser.add_argument("--session", metavar="JSON|@FILE", help="the session object that any key is taken to have")
    parser.add_argument(
        "--context", type=Path, metavar="FILE", help="'context' (variables) and 'meta' (of the session), JSON or YAML"
    )
    parser.add_argument(
        "--section", type=Path, metavar="FILE", help="one section instead of a definition: JSON, YAML, template, script"
    )
    parser.add_argument(
        "--middleware", default="", metavar="NAME", help="what --section is: urlRewrite, global.cors, …"
    )
    parser.add_argument(
        "--recorded", type=Path, metavar="FILE", help="the first exchange of a flow file, HAR or saved trace"
    )
    parser.add_argument("--send", action="store_true", help="really send it upstream")
    parser.add_argument("--calls", action="store_true", help="let scripts and batches call others")
    add_gateway(parser)
    add_format(parser, "text", "json")
    template.add(parser)
    parser.set_defaults(positionals=("path", "request"))


def run(given: argparse.Namespace) -> int:
    """Try it, and print the trace."""
    if given.template is not None:
        return template.run(given)
    from lockgate.debugging.trial import masked_faults, to_values
    from lockgate.hosts.trying import try_files
    from lockgate.trace_format import printable, to_plain, to_text

    try:
        tried = try_files(_asked(given))
    except (UsageError, DefinitionError):
        raise
    except ValueError as error:
        raise UsageError(str(error)) from None
    print_problems(tried.problems, sys.stderr)
    if tried.trace is None:
        raise UsageError(f"{str(given.section or given.path)!r} holds no definition that can be served")
    for fault in masked_faults(tried):
        if fault.line:
            place = f"fault: {fault.link}: line {fault.line}, column {fault.column}"
            print(printable(f"{place}: {fault.text}"), file=sys.stderr)
    if given.format == "json":
        values = to_values(tried)
        # The trace as ever, so that a file of it can be replayed; what else there is to say beside it.
        print_json({**values.pop("trace"), "trial": values})
    else:
        print(to_text(to_plain(tried.trace)), end="")
        for remark in tried.remarks:
            print(remark, file=sys.stderr)
    return 0


def _asked(given: argparse.Namespace) -> "Trying":
    from lockgate.debugging.trial_outside import Rights
    from lockgate.hosts.trying import Trying

    path, text = _words(given)
    must_exist([Path(one) for one in (path, given.section, given.recorded) if one is not None])
    request = None if text is None else argument_bytes(text)
    data, answer, session = (
        None if one is None else argument_bytes(one) for one in (given.data, given.answer, given.session)
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


def _words(given: argparse.Namespace) -> tuple[str | None, str | None]:
    """The definition and the request, as far as they were given.

    Raises:
        UsageError: Something is missing, or is given for nothing.
    """
    lonely = template.lonely(given)
    if lonely:
        raise UsageError(f"expected --template FILE beside {lonely}")
    if given.middleware and given.section is None:
        raise UsageError(f"expected --section FILE beside --middleware {given.middleware}")
    if given.send and given.answer is not None:
        raise UsageError("expected --send or --answer, found both: what is sent upstream is answered there")
    # With a section there is no definition: the one word is the request.
    path, text = (None, given.request or given.path) if given.section else (given.path, given.request)
    if given.section and given.request:
        raise UsageError(f"expected no DEFINITION beside --section, found {given.path!r}")
    if not given.section and path is None:
        raise UsageError("expected DEFINITION and REQUEST, --section FILE, or --template FILE and --input FILE")
    if text is None and given.recorded is None:
        found = "" if path is None else f", found only {path!r}"
        raise UsageError(f"expected {'' if given.section else 'DEFINITION and '}REQUEST, or --recorded FILE{found}")
    return path, text
