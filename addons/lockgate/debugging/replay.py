"""A recorded exchange run again, through the chain that serves live traffic, with the answers that were recorded. No I/O."""

from collections.abc import Awaitable, Callable
from typing import Final

from lockgate.debugging.recordings import Recorded, exchange_of
from lockgate.engine import Run, begin, begin_response, fail, run_request, run_response
from lockgate.exchange import NOT_READ, NotRead, Request, Response, Upstream
from lockgate.inspection import answer_run
from lockgate.middleware import Reason
from lockgate.services import Fallbacks, NotRecordedError, Outside, ServiceError, recorded
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

_NOT_RECORDED: Final = "not recorded: "
"""With which ``Trace.error`` begins where an exchange could not be run to its end."""
_UNSENDABLE: Final = "the request cannot be sent"

type LiveUpstream = Callable[[Request, Upstream], Awaitable[Response]]
"""Sends a request, and gives the whole response. Raises ServiceError: there is none."""


async def replay(snapshot: Snapshot, of: Recorded, outside: Outside, *, upstream: LiveUpstream | None = None) -> Trace:
    """Run a recorded exchange again.

    Services answer what they answered then; the upstream too, whatever it is sent now. Time that is asked for anew is that
    of the exchange's receipt, ids are derived from the exchange's, and it is the first target's turn. A script that changed,
    or is given something else, is run, and gets the recorded answers to what it asks for.

    What was not recorded is not made up: the exchange ends there, and ``not_recorded`` says what it was.

    Args:
        snapshot: The definitions.
        of: The exchange.
        outside: Its tasks, scripts, place to compute and zone are used, and nothing else.
        upstream: A live one that is asked instead of the recording; None for the recording.
    """
    fallbacks = Fallbacks(of.received_at.timestamp(), of.id)
    run = begin(snapshot, recorded(of.calls, outside, fallbacks), exchange_of(of))
    try:
        await _run(run, of, upstream)
    except (NotRecordedError, _MissingError) as error:
        fail(run, Reason.INTERNAL, str(error))
    except Exception as error:  # noqa: BLE001 - a link has a bug; a host answers 500 then
        fail(run, Reason.INTERNAL, f"a link crashed: {error!r}")
    return run.trace


def not_recorded(trace: Trace) -> str:
    """What the run asked for that the recording does not hold: "sessions.find"; "" where nothing was."""
    return trace.error.removeprefix(_NOT_RECORDED) if trace.error.startswith(_NOT_RECORDED) else ""


class _MissingError(Exception):
    """A part of a message is needed that was not kept."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{_NOT_RECORDED}{what}")


async def _run(run: Run, of: Recorded, upstream: LiveUpstream | None) -> None:
    if not run.answered:
        _must_have(run.needs_request_body, of, of.request)
        await run_request(run, of.request.body)
        _must_have(run.waits_for_body, of, of.request)
    target = run.upstream
    if run.answered or target is None:
        return
    if upstream is not None:
        try:
            answer = await upstream(run.exchange.request, target)
        except ServiceError as error:
            fail(run, Reason.PROXY_FAILED, str(error))
            return
        await answer_run(run, answer)
        return
    came = of.upstream_response
    if came is None:
        _fail_as_then(run, of)
    elif isinstance(came.body, NotRead):
        await _answer_unread(run, of, came)
    else:
        await answer_run(run, came)


def _must_have(needed: bool, of: Recorded, message: Request | Response) -> None:  # noqa: FBT001
    """See that a body is there, if a link needs it."""
    if needed and isinstance(message.body, NotRead):
        name = "the body of the request" if message is of.request else "the body of the upstream's answer"
        raise _MissingError(next((one for one in of.missing if one.startswith(name)), name))


def _fail_as_then(run: Run, of: Recorded) -> None:
    """There was no answer of the upstream: what the host said of that."""
    reached = of.upstream_request is not None and of.failure in Reason.__members__
    if not reached or (of.error.startswith(_UNSENDABLE) and run.exchange.request != of.upstream_request):
        raise _MissingError("an answer of the upstream: the exchange did not get to one then")
    fail(run, Reason[of.failure], of.error)


async def _answer_unread(run: Run, of: Recorded, came: Response) -> None:
    """Go on with an answer of which there is no body."""
    begin_response(run, came)
    run.trace.error = of.error
    if of.failure in Reason.__members__:
        # It failed while its body came.
        fail(run, Reason[of.failure], of.error)
        return
    _must_have(run.needs_response_body, of, came)
    await run_response(run, NOT_READ)
