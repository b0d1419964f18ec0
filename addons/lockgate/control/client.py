"""The control API from outside: what ``lockgate reload`` says to a running gateway."""

import json
import urllib.error
import urllib.request
from typing import Any, Final

TIMEOUT_SECONDS: Final = 60.0


class ControlFailedError(RuntimeError):
    """The gateway could not be reached, or refused."""


def reload_gateway(address: str, secret: str, *, only_report: bool = False) -> str:
    """Have a gateway load its definitions again.

    Args:
        address: HOST:PORT of its control API.
        secret: For ``x-tyk-authorization``.
        only_report: Load nothing; the report is that of the last load.

    Returns:
        The report, for people.

    Raises:
        ControlFailedError: It could not be reached, or refused; the message says which.
    """
    if not only_report:
        _get(address, "/tyk/reload?block=true", secret)
    return "\n".join(_report_lines(_get(address, "/lockgate/reload-report", secret)))


def _report_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"generation {report['generation']} is in force"]
    for key, title in (
        ("loaded", "loaded"),
        ("unchanged", "unchanged"),
        ("kept", "not loaded, last good version kept"),
        ("removed", "removed"),
    ):
        if report[key]:
            lines.append(f"{title}: {', '.join(report[key])}")
    return [*lines, *report["problems"]]


def _get(address: str, path: str, secret: str) -> dict[str, Any]:
    request = urllib.request.Request(f"http://{address}{path}", headers={"x-tyk-authorization": secret})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
            value = json.loads(reply.read())
    except urllib.error.HTTPError as error:
        raise ControlFailedError(f"the gateway on {address} answered {error.code}: {_message(error.read())}") from None
    except (OSError, ValueError) as error:
        raise ControlFailedError(f"no control API answers on {address}: {error}") from None
    if not isinstance(value, dict):
        raise ControlFailedError(f"what answers on {address} is no control API")
    return value


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
