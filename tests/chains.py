"""APIs from values, for sections that a test wants whatever format they are written in."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from tests.helpers import FixedOutside, make_exchange

from lockgate.engine import Run, begin, run_request
from lockgate.error_replies import PLAIN, ErrorReplies
from lockgate.exchange import Response
from lockgate.inspection import answer_run
from lockgate.middleware import Rule
from lockgate.middlewares.forward import Forwarding
from lockgate.model import ApiDefinition, Section, Version
from lockgate.routing.listen import ListenPath
from lockgate.services import Outside
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.urls import parse_target


def make_api(sections: Mapping[str, object], *rules: Rule, errors: ErrorReplies = PLAIN) -> Snapshot:
    """A snapshot of one API under /api/ with configs by middleware, and rules."""
    forwarding = Forwarding(parse_target("http://upstream.test:8000"), ListenPath("/api/"), strip=True)
    configs = {"forward": forwarding, **sections}
    version = Version("", {name: Section(config, f"/{name}") for name, config in configs.items()}, rules)
    return Snapshot(
        [ApiDefinition("api", "API", "/api/", strip_listen_path=True, versions=(version,), errors=errors)], Settings()
    )


def passed(of: Snapshot, method: str, url: str, headers: tuple[tuple[str, str], ...] = ()) -> Run:
    """A request after the request phase: answered, or with the upstream that it goes to."""
    fixed = FixedOutside()
    exchange = replace(make_exchange(method, url, headers), passes=())
    run = begin(of, Outside(clock=fixed, ids=fixed, turns=fixed), exchange)
    if not run.answered:
        asyncio.run(run_request(run, b""))
    return run


def answered(
    of: Snapshot, method: str, url: str, headers: tuple[tuple[str, str], ...] = (), answer: Response | None = None
) -> Response:
    """What the client gets."""
    run = passed(of, method, url, headers)
    if not run.answered:
        asyncio.run(answer_run(run, answer or Response(200, body=b"from upstream")))
    response = run.exchange.response
    assert response is not None
    return response


def links(run: Run) -> list[str]:
    """Names of the links that ran."""
    return [step.link for step in run.trace.steps if step.link != "routing"]
