"""The effective chain as lines of text and as plain values."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from lockgate.assembly import CompiledApi
from lockgate.debugging.effective import Shown, ShownPhase
from lockgate.snapshot import Snapshot
from lockgate.trace import Phase
from lockgate.trace_format import left_out_lines, printable

_TITLES: Final = {
    Phase.REQUEST: "request:",
    Phase.UPSTREAM: "between request and response, as the upstream gets it:",
    Phase.RESPONSE: "response:",
}


def api_lines(snapshot: Snapshot, only: str = "") -> Iterator[str]:
    """Every API with its sections and entries, in the order in which they run.

    Args:
        snapshot: Definitions.
        only: Id of an API; "" for all.
    """
    for api in snapshot.apis.values():
        if only in ("", api.definition.id):
            yield from _api_lines(api)
            yield ""


def _api_lines(api: CompiledApi) -> Iterator[str]:
    definition = api.definition
    kind = "internal, reached by loops only" if definition.internal else definition.listen_path
    yield f"{definition.name} ({definition.id})  {kind}"
    if definition.unavailable:
        yield f"  answers 503: {definition.unavailable}"
    for version in definition.versions:
        if len(definition.versions) > 1:
            yield f"  version {version.name}"
        for name, section in version.sections.items():
            yield f"  {name:<18} whole API  [{section.pointer}]"
        for rule in version.rules:
            kind = rule.kind if rule.kind and rule.kind != rule.middleware else ""
            yield f"  {rule.middleware:<18} {rule.entry}  {kind}  [{rule.pointer}]"


def request_lines(shown: Shown) -> Sequence[str]:
    """The plans of a request for a terminal."""
    if not shown.phases:
        return [printable(shown.ending)]
    where = f"{shown.api_name} ({shown.api_id}) on {shown.listen_path}"
    version = f", version {shown.version}" if shown.version not in ("", "Default") else ""
    lines = [f"{shown.method} {shown.target} → {where}{version}"]
    said = False
    for phase in shown.phases:
        if phase.phase is not Phase.REQUEST and not said and phase.phase is Phase.RESPONSE:
            lines.append(shown.ending)
            said = True
        title = _TITLES[phase.phase]
        lines.append(title if phase.is_reached else f"{title[:-1]}, which it does not get to; for its path:")
        lines += _link_lines(phase)
        lines += left_out_lines(phase.left_out)
    if not said:
        lines.append(shown.ending)
    return [printable(line) for line in lines]


def _link_lines(phase: ShownPhase) -> Iterator[str]:
    for number, link in enumerate(phase.links, 1):
        place = f"  [{link.pointer}]" if link.pointer else ""
        yield f"{number:4} {link.middleware:<18} {link.reason}{place}"


def shown_plain(shown: Shown) -> dict[str, Any]:
    """The same as plain values, for scripts and pages."""
    return {
        "method": shown.method,
        "target": shown.target,
        "api_id": shown.api_id,
        "api": shown.api_name,
        "listen_path": shown.listen_path,
        "version": shown.version,
        "ending": shown.ending,
        "phases": [
            {
                "phase": phase.phase.value,
                "api_id": phase.api_id,
                "method": phase.method,
                "path": phase.path,
                "reached": phase.is_reached,
                "links": [
                    {
                        "middleware": link.middleware,
                        "reason": link.reason,
                        "pointer": link.pointer,
                        "entry": link.entry,
                        "body": link.body,
                    }
                    for link in phase.links
                ],
                "left_out": [{"middleware": one.middleware, "reason": one.reason} for one in phase.left_out],
            }
            for phase in shown.phases
        ],
    }


def apis_plain(snapshot: Snapshot, only: str = "") -> list[dict[str, Any]]:
    """Every API with its sections and entries, as plain values."""
    return [
        {
            "id": api.definition.id,
            "name": api.definition.name,
            "listen_path": api.definition.listen_path,
            "internal": api.definition.internal,
            "unavailable": api.definition.unavailable,
            "file": api.definition.source,
            "versions": [
                {
                    "name": version.name,
                    "sections": [
                        {"middleware": name, "pointer": section.pointer} for name, section in version.sections.items()
                    ],
                    "entries": [
                        {
                            "middleware": rule.middleware,
                            "kind": rule.kind,
                            "method": rule.method,
                            "path": rule.path,
                            "pointer": rule.pointer,
                        }
                        for rule in version.rules
                    ],
                }
                for version in api.definition.versions
            ],
        }
        for api in snapshot.apis.values()
        if only in ("", api.definition.id)
    ]
