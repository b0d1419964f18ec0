"""A recorded request as a line for a shell."""

import re
from collections.abc import Iterator
from typing import Final

from lockgate.exchange import TOKEN_CHARACTERS
from lockgate.trace_format import Plain

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_COMPUTED: Final = frozenset({"content-length", "host", "transfer-encoding", "connection"})
_TOKEN: Final = frozenset(map(chr, TOKEN_CHARACTERS))


def curl(request: Plain) -> str:
    """A request as a command, for whoever wants to send it again from elsewhere.

    Nothing in it is more than text for a shell or for curl: quotes, control characters, ``@file`` and patterns of URLs
    are spelled so that they stand for themselves.

    Args:
        request: Of a plain trace; masked, so that the line may be shown and handed on.
    """
    return " ".join(_words(request))


def _words(request: Plain) -> Iterator[str]:
    yield "curl -i -g --path-as-is"
    method, body = request["method"], request["body"]
    if method == "HEAD":
        yield "-I"
    elif method != ("POST" if body.get("size") else "GET"):
        yield f"-X {quoted(method)}"
    yield quoted(f"{request['scheme']}://{request['host'] or 'localhost'}{request['target']}")
    for name, value in request["headers"]:
        if name and name.lower() not in _COMPUTED and _TOKEN.issuperset(name):
            yield f"-H {quoted(f'{name}: {value}' if value else f'{name};')}"
    if "text" in body and body["size"]:
        # Of "--data", a text that begins with "@" would name a file.
        yield f"--data-raw {quoted(body['text'])}"
    elif body.get("size"):
        yield "--data-binary @body"
    elif body.get("streamed"):
        yield "# its body was not kept"


def quoted(text: str) -> str:
    """A text as one word of a shell that stands for itself."""
    if _PLAIN.fullmatch(text):
        return text
    if not _UNSEEN.search(text):
        return "'" + text.replace("'", "'\\''") + "'"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _UNSEEN.sub(lambda found: _escape(found[0]), escaped) + "'"


def _escape(character: str) -> str:
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return known or "".join(f"\\x{byte:02x}" for byte in character.encode())
