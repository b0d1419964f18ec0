"""What mitmproxy's own windows show of an exchange: a content view, the comment column, the marker.

A trace sits in ``flow.metadata`` as plain values, so that it is saved with the flow and shown when that is loaded again.
"""

from collections.abc import Mapping
from typing import Any, Final, override

from mitmproxy import contentviews, ctx, flow, http

from lockgate.trace import Phase, Trace
from lockgate.trace_format import summary, to_plain, to_text

METADATA: Final = "lockgate"
"""Key in ``flow.metadata``: the trace, as ``to_plain`` made it."""
REFUSED: Final = ":no_entry:"
FAILED: Final = ":x:"
SENT_AGAIN: Final = " (sent again)"
VIEW_OPTION: Final = "lockgate_trace_view"

_SERVER_ERROR: Final = 500


class TraceView(contentviews.Contentview):
    """What the chain of one side did."""

    name = "lockgate"
    syntax_highlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: contentviews.Metadata) -> str:
        trace = trace_of(metadata.flow)
        if trace is None:
            raise ValueError("Lockgate left no trace on this flow")
        of_response = isinstance(metadata.http_message, http.Response)
        address = page_of(trace["exchange"])
        first = f"{address}\n" if address else ""
        return first + to_text(trace, Phase.RESPONSE if of_response else Phase.REQUEST)

    @override
    def render_priority(self, data: bytes, metadata: contentviews.Metadata) -> float:
        if trace_of(metadata.flow) is None:
            return -1
        return 10 if getattr(ctx.options, VIEW_OPTION, False) else 0.1


def trace_of(of: flow.Flow | None) -> dict[str, Any] | None:
    """The plain trace that a flow carries, live or loaded."""
    trace = of.metadata.get(METADATA) if of is not None else None
    return trace if isinstance(trace, dict) else None


def page_of(exchange_id: str) -> str:
    """The address of an exchange's page; "" where there are no pages, or it is not kept."""
    master = getattr(ctx, "master", None)
    carrier = master.addons.get("lockgate") if master is not None else None
    desk = getattr(carrier, "desk", None)
    if master is None or desk is None or not hasattr(master, "app") or exchange_id not in desk.exchanges.entries:
        return ""
    host, port = master.options.web_host, master.options.web_port
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/lockgate/exchanges/{exchange_id}"


def show(of: http.HTTPFlow, trace: Trace, *, forwarded: bool) -> None:
    """Put a trace, as far as it goes, where people see it.

    Args:
        of: The flow.
        trace: Of the exchange that it carries.
        forwarded: The request was released to its upstream.
    """
    plain = to_plain(trace)
    if forwarded:
        plain["forwarded"] = True
    of.metadata[METADATA] = plain
    of.comment = summary(plain)
    of.marked = _marker(plain)


def was_forwarded(of: http.HTTPFlow) -> bool:
    """Whether the flow's request is as a chain of ours sent it, so that a plain replay sends it again as it is."""
    trace = trace_of(of)
    return trace is not None and trace.get("forwarded") is True


def _marker(plain: Mapping[str, Any]) -> str:
    outcomes = [step["outcome"] for step in plain["steps"]]
    if plain["error"] or "error" in outcomes or "failed" in outcomes:
        return FAILED
    answer = plain["answer"]
    if "reject" in outcomes:
        return FAILED if answer and answer["status"] >= _SERVER_ERROR else REFUSED
    return ""
