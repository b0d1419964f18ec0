"""What is done to header fields: removing and setting by a definition, and removing those of one connection only.

Source: behaviour-chain 1.8 and 4.5.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, final

from lockgate.exchange import Exchange, Headers, encode_text
from lockgate.variables import Text

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"proxy-connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Names, in lower case, of fields that concern one connection."""

NOT_IN_A_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""A byte that HTTP does not take in a value."""

_NOT_IN_A_NAME: Final = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")


def are_valid(fields: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether HTTP takes all of these names and values."""
    names = [name for name, _ in fields]
    values = b"".join([value for _, value in fields])
    return b"" not in names and not _NOT_IN_A_NAME.search(b"".join(names)) and not NOT_IN_A_VALUE.search(values)


@final
class HeaderEdits:
    """Fields to remove and to set, in that order, ready to be applied in one pass."""

    __slots__ = ("_gone", "_set", "removed", "set_names")

    def __init__(
        self, remove: Iterable[str], add: Iterable[tuple[str, Text]], *, untouchable: frozenset[bytes] = frozenset()
    ) -> None:
        """Get ready.

        Args:
            remove: Names in any case.
            add: Names, as they are sent, and values to set; of one name twice the last counts.
            untouchable: Names in lower case that are left alone.
        """
        self.removed: Final = frozenset(encode_text(name).lower() for name in remove) - untouchable
        values = {encode_text(name).lower(): (encode_text(name), text) for name, text in add}
        self._set: Final = tuple(
            (name, None if text.constant is None else _value(text.constant), text)
            for key, (name, text) in values.items()
            if key not in untouchable
        )
        self.set_names: Final = frozenset(name.lower() for name, _, _ in self._set)
        """In lower case."""
        self._gone: Final = self.removed | self.set_names

    def apply(self, headers: Headers, exchange: Exchange) -> Headers:
        """Headers without what is removed, and with what is set at their end.

        Args:
            headers: To begin with.
            exchange: For the variables in values.
        """
        gone = self._gone
        fields = [field for field in headers.fields if field[0].lower() not in gone]
        if not self._set:
            return headers if len(fields) == len(headers.fields) else Headers(tuple(fields))
        for name, constant, text in self._set:
            fields.append((name, _value(text.expand(exchange)) if constant is None else constant))
        return Headers(tuple(fields))


def _value(text: str) -> bytes:
    """A value as it is sent: blanks around it, which an empty variable may leave, are none of it."""
    return encode_text(text).strip(b" \t")


def connection_names(headers: Headers) -> frozenset[bytes]:
    """Names, in lower case, that the first Connection field lists."""
    value = headers.get("Connection")
    if not value:
        return frozenset()
    return frozenset(encode_text(name.strip()).lower() for name in value.split(",") if name.strip())


def has_token(headers: Headers, name: str, token: str) -> bool:
    """Whether a field ``name`` lists ``token``, whatever the case."""
    return any(part.strip().lower() == token for value in headers.get_all(name) for part in value.split(","))


def without_hop_by_hop(
    headers: Headers,
    *,
    keep: frozenset[bytes] = frozenset(),
    not_listed: frozenset[bytes] = frozenset(),
) -> list[tuple[bytes, bytes]]:
    """The fields that are not for one connection only.

    Args:
        headers: Of a request or response.
        keep: Names in lower case that stay.
        not_listed: Names in lower case that a Connection field cannot take away.
    """
    names = {field[0].lower() for field in headers.fields}
    if HOP_BY_HOP.isdisjoint(names):
        return list(headers.fields)
    listed = connection_names(headers) - not_listed - keep
    first_is_empty: dict[bytes, bool] = {}
    kept: list[tuple[bytes, bytes]] = []
    for field in headers.fields:
        name = field[0].lower()
        if name in listed:
            continue
        # The reference gateway leaves fields whose first value is empty.
        if name in HOP_BY_HOP and name not in keep and not first_is_empty.setdefault(name, not field[1]):
            continue
        kept.append(field)
    return kept
