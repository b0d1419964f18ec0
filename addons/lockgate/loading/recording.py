"""What definitions of both formats say about records of their exchanges.

Source: behaviour-chain 1.3, 4.16 and 7.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lockgate.decoding.shapes import Notes, Place, Toggle
from lockgate.loading.classic_parts import look_up
from lockgate.loading.classic_sections import Classic, Entry, ExtendedPaths
from lockgate.loading.durations import duration_seconds
from lockgate.loading.oas_sections import Extension, Operation
from lockgate.middlewares.track_endpoint import TrackEndpoint
from lockgate.model import Recording

NOT_RECORDED: Final = "nothing is recorded of this API, because they may be there to keep something out of the records"


def oas_recording(extension: Extension, at: Place, notes: Notes) -> Recording:
    """The records of an OAS definition.

    Args:
        extension: ``x-tyk-api-gateway``.
        at: Its place.
        notes: Of what is wrong with it.
    """
    logs, server = extension.middleware.global_.traffic_logs, extension.server
    gateway_tags = server.gateway_tags
    enabled = logs is not None and logs.enabled
    if enabled and logs is not None and any(plugin.enabled for plugin in logs.plugins):
        place = (*at, "middleware", "global", "trafficLogs", "plugins")
        notes.unsupported("trafficLogs.plugins", place, consequence=NOT_RECORDED)
        enabled = False
    return Recording(
        enabled=enabled,
        detailed=_on(server.detailed_activity_logs),
        tag_headers=() if logs is None else logs.tag_headers,
        tags=gateway_tags.tags if gateway_tags is not None and gateway_tags.enabled else (),
        retention_seconds=0 if logs is None else int(duration_seconds(logs.custom_retention_period) or 0),
    )


def oas_tracking(section: Operation, path: str) -> Iterator[tuple[str, str, TrackEndpoint]]:
    """Key, kind and configuration of what an operation says about its records."""
    if _on(section.do_not_track_endpoint):
        yield "doNotTrackEndpoint", "do_not_track", TrackEndpoint(never=True)
    if _on(section.track_endpoint):
        yield "trackEndpoint", "track", TrackEndpoint(path)


def classic_recording(classic: Classic, document: Mapping[str, Any], notes: Notes) -> Recording:
    """The records of a Classic definition.

    Args:
        classic: The definition.
        document: It as it is written.
        notes: Of what is wrong with it.
    """
    enabled = not classic.do_not_track
    for name, place, active in _plugins(document):
        if enabled and active:
            notes.unsupported(name, place, consequence=NOT_RECORDED)
            enabled = False
    return Recording(
        enabled=enabled,
        detailed=classic.enable_detailed_recording,
        tag_headers=classic.tag_headers,
        tags=() if classic.tags_disabled else classic.tags,
        retention_seconds=max(classic.expire_analytics_after, 0),
    )


def _plugins(document: Mapping[str, Any]) -> Iterator[tuple[str, Place, bool]]:
    yield "analytics_plugin", ("analytics_plugin",), look_up(document, "analytics_plugin", "enable") is True
    logs = look_up(document, "custom_middleware", "traffic_logs") or ()
    active = any(look_up(one, "name") and look_up(one, "disabled") is not True for one in logs)
    yield "custom_middleware.traffic_logs", ("custom_middleware", "traffic_logs"), active


def classic_tracking(paths: ExtendedPaths) -> Iterator[tuple[str, str, tuple[Entry, ...]]]:
    """Key, kind and entries of what a version says about its records."""
    yield "do_not_track_endpoints", "do_not_track", paths.do_not_track_endpoints
    yield "track_endpoints", "track", paths.track_endpoints


def tracked(kind: str, path: str) -> TrackEndpoint:
    """The configuration of an entry."""
    return TrackEndpoint(never=True) if kind == "do_not_track" else TrackEndpoint(path)


def _on(section: Toggle | None) -> bool:
    return section is not None and section.enabled
