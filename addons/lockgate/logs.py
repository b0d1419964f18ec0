"""What the gateway writes into its log: how a line looks, and what is said of an exchange.

Every line that concerns an exchange has its id, which is also in its trace.
"""

import json
import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO, override

from lockgate.access_log import access_record
from lockgate.engine import Run
from lockgate.services import script_lines
from lockgate.trace_format import printable, without_secrets

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
"""By the names that ``log_level`` and ``TYK_LOGLEVEL`` know."""

FIELDS: Final = "lockgate_fields"
"""Attribute of a log record: what it says beside its message, by name."""

_exchanges: Final = logging.getLogger("lockgate.exchange")


class TextFormatter(logging.Formatter):
    """One line for people: time, level, message, fields; then a traceback if there is one."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone()
        fields = getattr(record, FIELDS, {})
        shown = "".join(f" {name}={_quoted(value)}" for name, value in fields.items())
        line = f"{time:%H:%M:%S}.{int(record.msecs):03d} {record.levelname.lower():<7} {record.getMessage()}{shown}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object on a line: time (RFC 3339), level, msg, logger, and the fields."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        value: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            "logger": record.name,
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            value["traceback"] = self.formatException(record.exc_info)
        return json.dumps(value, default=str)


def _quoted(value: Any) -> str:
    text = str(value)
    plain = text.isprintable() and text and not any(character in text for character in ' "=')
    return text if plain else json.dumps(text)


def handler(stream: TextIO, form: str, level: int) -> logging.Handler:
    """A handler that writes lines as the settings want them.

    Args:
        stream: Where to.
        form: "json" or "text".
        level: Lines below it are left out.
    """
    made = logging.StreamHandler(stream)
    made.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    made.setLevel(level)
    return made


SCRIPT_LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "warn": logging.WARNING,
    "error": logging.WARNING,  # mitmproxy ends on a line of ERROR at its start.
}
"""Of lines that scripts log, by their own level; others are information."""


def log_exchange(run: Run, *, access: bool, fields: Collection[str] = ()) -> None:
    """Say what became of an exchange that is over: each link that failed, what its host met, the access record.

    Args:
        run: Its request was answered, or never will be.
        access: Write the access record.
        fields: Of the access record; empty is all.
    """
    trace = run.trace
    exchange_id = trace.original.id
    name = run.api.definition.name if run.api is not None else ""
    secrets = trace.secrets | {run.exchange.key} if run.exchange.key else trace.secrets

    def line(text: str) -> str:
        return printable(without_secrets(text, secrets, trace.secret_names))

    passes = run.exchange.passes
    for step in trace.steps:
        said = script_lines(step.calls) if step.calls else ()
        if not said and step.outcome not in ("failed", "error"):
            continue
        of = passes[step.pass_index].api_name if step.pass_index < len(passes) else name
        detail = {"exchange_id": exchange_id, "api_name": of, "link": step.link, "entry": step.why.entry}
        where = {FIELDS: {key: value for key, value in detail.items() if value}}
        for level, text in said:
            _exchanges.log(SCRIPT_LEVELS.get(level, logging.INFO), "%s", line(text), extra=where)
        if step.outcome in ("failed", "error"):
            _exchanges.warning("%s", line(step.detail), extra=where)
    if trace.error:
        _exchanges.warning("%s", line(trace.error), extra={FIELDS: {"exchange_id": exchange_id, "api_name": name}})
    if access and _exchanges.isEnabledFor(logging.INFO):
        record = access_record(run, fields)
        if record is not None:
            _exchanges.info("access", extra={FIELDS: {"exchange_id": exchange_id, **record}})
