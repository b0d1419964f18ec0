"""print, println, printf; html, js and urlquery, which print their arguments and escape the text.

Source: Go 1.26, text/template, funcs.go; net/url (QueryEscape).
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from lockgate.templates import formatting
from lockgate.templates.function import function
from lockgate.templates.quoting import is_printable
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, to_bytes

_HTML: Final = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&#34;"),
    ("'", "&#39;"),
    ("\0", "\ufffd"),
)
"""The ampersand comes first: it stands in the others."""
_JS_SPECIAL: Final = re.compile(r"""[\x00-\x1f\\'"<>&=]|[^\x00-\x9f]|[\x7f-\x9f]""")
_JS: Final = {
    "\\": r"\\",
    "'": r"\'",
    '"': r"\"",
    "<": r"\u003C",
    ">": r"\u003E",
    "&": r"\u0026",
    "=": r"\u003D",
}
_DELETE: Final = "\x7f"
_URL_SPECIAL: Final = re.compile(rb"[^A-Za-z0-9_.~-]")


def escape_html(text: str) -> str:
    """HTML's special characters as references."""
    # Most texts have none of them, and to look for them is quicker than to translate each character.
    for character, reference in _HTML:
        if character in text:
            text = text.replace(character, reference)
    return text


def escape_js(text: str) -> str:
    r"""What is special in JavaScript's strings as escapes: \u003C for <."""
    return _JS_SPECIAL.sub(_js, text)


def escape_query(text: str) -> str:
    """Percent-encoded as Go's QueryEscape does: a space is a plus."""
    if text.isascii() and text.isalnum():
        return text
    return _URL_SPECIAL.sub(_percent, to_bytes(text)).decode()


def _js(match: re.Match[str]) -> str:
    character = match[0]
    if (short := _JS.get(character)) is not None:
        return short
    if character == _DELETE or "\udc80" <= character <= "\udcff" or is_printable(character):
        return character
    return f"\\u{ord(character):04X}"


def _percent(match: re.Match[bytes]) -> bytes:
    return b"+" if match[0] == b" " else b"%%%02X" % match[0][0]


def _print(run: Run, *values: object) -> str:
    return formatting.print_spaced(values, run)


def _println(run: Run, *values: object) -> str:
    return formatting.println(values, run)


def _printf(run: Run, text: str, *values: object) -> str:
    return formatting.sprintf(text, values, run)


def _escaped(run: Run, text: str, escape: Callable[[str], str]) -> str:
    # The escapes are at most six times as long.
    run.make(len(text))
    escaped = escape(text)
    run.make(len(escaped) - len(text))
    return escaped


def _html(run: Run, *values: object) -> str:
    return _escaped(run, _text_of_all(run, values), escape_html)


def _js_of(run: Run, *values: object) -> str:
    return _escaped(run, _text_of_all(run, values), escape_js)


def _urlquery(run: Run, *values: object) -> str:
    return _escaped(run, _text_of_all(run, values), escape_query)


def _text_of_all(run: Run, values: Sequence[object]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    named = [formatting.NO_VALUE if value is None or value is MISSING else value for value in values]
    return formatting.print_spaced(named, run)


FUNCTIONS: Final = (
    function("print", "(...interface {}) string", _print, needs_run=True),
    function("println", "(...interface {}) string", _println, needs_run=True),
    function("printf", "(string, ...interface {}) string", _printf, needs_run=True),
    function("html", "(...interface {}) string", _html, needs_run=True),
    function("js", "(...interface {}) string", _js_of, needs_run=True),
    function("urlquery", "(...interface {}) string", _urlquery, needs_run=True),
)
