"""Requests counted by endpoint, in memory: outside any snapshot, so that the counts survive a reload."""

from typing import Final, final

MOST_ENDPOINTS: Final = 10_000
"""Of all APIs together. Further ones are counted as unknown ones of their API, further APIs not at all."""
MOST_APIS: Final = 10_000

UNKNOWN: Final = ""
"""Stands for every path that is no endpoint's."""

_CLASSES: Final = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")


@final
class EndpointCounters:
    """How many requests of each endpoint ended with which class of status."""

    __slots__ = ("_apis", "_endpoints")

    def __init__(self) -> None:
        self._apis: Final[dict[str, dict[str, list[int]]]] = {}
        self._endpoints = 0

    def count(self, api_id: str, endpoint: str, status: int) -> None:
        """Count one request.

        Args:
            api_id: Of the API that answered.
            endpoint: Method and path template, or ``UNKNOWN``.
            status: Of the answer.
        """
        api = self._apis.get(api_id)
        if api is None:
            if len(self._apis) >= MOST_APIS:
                return
            api = self._apis[api_id] = {}
        counts = api.get(endpoint)
        if counts is None:
            if endpoint != UNKNOWN and self._endpoints >= MOST_ENDPOINTS:
                self.count(api_id, UNKNOWN, status)
                return
            self._endpoints += 1
            counts = api[endpoint] = [0] * len(_CLASSES)
        kind = status // 100
        counts[kind if 0 < kind < len(_CLASSES) else 0] += 1

    def plain(self) -> dict[str, dict[str, dict[str, int]]]:
        """Requests by API id, endpoint and class of status, with ``total``; unknown paths stand under ``(other)``."""
        return {
            api_id: {endpoint or "(other)": _named(counts) for endpoint, counts in sorted(endpoints.items())}
            for api_id, endpoints in sorted(self._apis.items())
        }


def _named(counts: list[int]) -> dict[str, int]:
    named = {name: count for name, count in zip(_CLASSES, counts, strict=True) if count}
    return {"total": sum(counts), **dict(sorted(named.items()))}
