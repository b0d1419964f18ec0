"""One record for each exchange: who asked for what, where it went and what came of it.

Source: behaviour-chain 7.3.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from lockgate.client_address import client_address
from lockgate.endings import Ending, ending
from lockgate.engine import Run
from lockgate.exchange import decode_text, encode_text
from lockgate.identity.keys import shown_hash
from lockgate.settings import Settings
from lockgate.trace_format import without_secrets

_LONG_KEY: Final = 12
"""Characters from which on four do not tell much."""


def access_record(run: Run, fields: Collection[str] = ()) -> Mapping[str, Any] | None:
    """The record of an exchange that is over.

    Args:
        run: Its request was answered.
        fields: Names of those to keep (``access_logs.template``); empty keeps all. ``prefix`` is always kept.

    Returns:
        None for an exchange that is not to be logged.
    """
    api, trace = run.api, run.trace
    if api is None or not _is_logged(run):
        return None
    definition, original = api.definition, trace.original
    request = original.request
    sent = trace.upstream_request
    upstream = run.exchange.upstream
    total = trace.elapsed_ns / 1e6
    at_upstream = trace.upstream_ns / 1e6
    record: dict[str, Any] = {
        "prefix": "access-log",
        "exchange_id": original.id,
        "api_id": definition.id,
        "api_name": definition.name,
        "org_id": definition.org_id,
        "api_key": _key(run.exchange.key, run.snapshot.settings),
        "api_type": "oas" if "openapi" in definition.document else "classic",
        "client_ip": client_address(
            request.headers, original.client, run.snapshot.settings.http_server_options.xff_depth
        ),
        "remote_addr": f"{original.client.address}:{original.client.port}",
        "host": request.host,
        "method": request.method,
        "path": run.exchange.request.path if sent is None else sent.path,
        "original_path": request.path,
        "protocol": request.version,
        "upstream_addr": "" if upstream is None or sent is None else f"{upstream.address}{sent.path}",
        "user_agent": request.headers.get("user-agent") or "",
        "status": 0 if trace.answer is None else trace.answer.status,
        "latency_total": round(total, 3),
        "latency_gateway": round(max(total - at_upstream, 0.0), 3),
        "upstream_latency": round(at_upstream, 3),
        "error": trace.error,
    }
    return {
        name: _shown(value, trace.secrets)
        for name, value in record.items()
        if value != "" and (name == "prefix" or not fields or name in fields)
    }


def _is_logged(run: Run) -> bool:
    """Whether there is a record: of everything that an API answered, but of refusals where its endpoint is not tracked."""
    tracking = run.exchange.tracking
    match ending(run):
        case Ending.UNROUTED:
            return False
        case Ending.REFUSED:
            return tracking is None or not tracking.never
        # Differs: the reference gateway writes no line for refusals and mocks of APIs without traffic logs, and none
        # for Classic mocks (test_which_exchanges_are_logged).
        case _:
            return True


def _key(key: str, settings: Settings) -> str:
    """What is shown of a key: its hash where keys are hashed, else its last characters, if it has enough of them."""
    if not key:
        return ""
    if settings.hash_keys:
        return shown_hash(key, settings.hash_key_function)
    return f"****{key[-4:]}" if len(key) >= _LONG_KEY else "****"


def _shown(value: Any, secrets: frozenset[str]) -> Any:
    """Text that any encoder takes, and everybody may see."""
    if not isinstance(value, str):
        return value
    if secrets:
        value = without_secrets(value, secrets)
    if value.isascii():
        return value
    return decode_text(encode_text(value)).encode("utf-8", "backslashreplace").decode()
