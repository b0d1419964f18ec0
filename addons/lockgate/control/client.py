"""The control API from outside: what ``lockgate reload`` says to a running gateway."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

TIMEOUT_SECONDS: Final = 60.0
_OK: Final = 200
_ERROR: Final = re.compile(r"[^\n]*?:\d+: error: ")
_WARNING: Final = re.compile(r"[^\n]*?:\d+: warning: ")
_LISTS: Final = ("loaded", "unchanged", "kept", "removed", "problems")
_TITLES: Final = {
    "loaded": "loaded",
    "unchanged": "unchanged",
    "kept": "not loaded, last good version kept",
    "removed": "removed",
}


class ControlFailedError(RuntimeError):
    """The gateway could not be reached, or refused."""


def reload_gateway(address: tuple[str, int], secret: str, *, only_report: bool = False) -> Mapping[str, Any]:
    """Have a gateway load its definitions again.

    Args:
        address: Host and port of its control API.
        secret: For ``x-tyk-authorization``.
        only_report: Load nothing; the report is that of the last load.

    Returns:
        The report, as ``/lockgate/reload-report`` answers it.

    Raises:
        ControlFailedError: It could not be reached, or refused; the message says which.
    """
    if not only_report:
        _get(address, "/tyk/reload?block=true", secret)
    report = _get(address, "/lockgate/reload-report", secret)
    if "generation" not in report or not all(isinstance(report.get(key), list) for key in _LISTS):
        raise ControlFailedError(f"what answers on {_where(address)} is no control API of Lockgate")
    return report


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """A report for people."""
    yield f"generation {report['generation']} is in force"
    for key, title in _TITLES.items():
        if report[key]:
            yield f"{title}: {', '.join(map(str, report[key]))}"
    yield from map(str, report["problems"])


def has_errors(report: Mapping[str, Any]) -> bool:
    """Whether something did not load."""
    problems = [str(one) for one in report["problems"]]
    return bool(report["kept"]) or any(_ERROR.match(one) and not _WARNING.match(one) for one in problems)


def _where(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _get(address: tuple[str, int], path: str, secret: str) -> dict[str, Any]:
    where = _where(address)
    if not secret.isprintable() or not secret.isascii():
        raise ControlFailedError("expected a secret of printable ASCII characters in the settings: a header carries it")
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"x-tyk-authorization": secret})
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ControlFailedError(f"no control API answers on {where}: {said}") from None
    finally:
        connection.close()
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if reply.status != _OK:
        said = value.get("message") if isinstance(value, dict) else None
        raise ControlFailedError(
            f"the gateway on {where} answered {reply.status}: {said or body[:200].decode('utf-8', 'replace')}"
        )
    if not isinstance(value, dict):
        raise ControlFailedError(f"what answers on {where} is no control API")
    return value
