"""Where in JSON or XML a template is with what it has written: within quotes, in a tag, between values."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Final

from lockgate.templates.nodes import Action, Block, Node, Text


class Where(Enum):
    """Places of an output; what they allow is different."""

    VALUE = "value"
    """JSON: where a value or a name with its quotes may stand."""
    QUOTED = "quoted"
    """JSON: within quotes."""
    CONTENT = "content"
    """XML: between tags."""
    TAG = "tag"
    """XML: within a tag, where names stand."""
    ATTRIBUTE = "attribute"
    """XML: within double quotes of a tag."""
    OTHER_ATTRIBUTE = "other attribute"
    """XML: within single quotes of a tag."""
    COMMENT = "comment"
    LITERAL = "literal"
    """XML: CDATA."""
    INSTRUCTION = "instruction"


_STRING: Final = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_OPENERS: Final[Mapping[str, Where]] = {
    "<!--": Where.COMMENT,
    "<![CDATA[": Where.LITERAL,
    "<?": Where.INSTRUCTION,
    "<": Where.TAG,
}
_OPENER: Final = re.compile(r"<!--|<!\[CDATA\[|<\?|<")
_IN_TAG: Final = re.compile("[\"'>]")
_CLOSERS: Final[Mapping[Where, tuple[str, Where]]] = {
    Where.COMMENT: ("-->", Where.CONTENT),
    Where.LITERAL: ("]]>", Where.CONTENT),
    Where.INSTRUCTION: ("?>", Where.CONTENT),
    Where.ATTRIBUTE: ('"', Where.TAG),
    Where.OTHER_ATTRIBUTE: ("'", Where.TAG),
}
_AFTER_SIGN: Final[Mapping[str, Where]] = {
    '"': Where.ATTRIBUTE,
    "'": Where.OTHER_ATTRIBUTE,
    ">": Where.CONTENT,
}
_JSON: Final = re.compile(r'\s*(?:\{(?:\s*["}]|\s*$)|\[\s*["{\[\]])')
_OPEN_LIST: Final = re.compile(r"\s*\[\s*")
_XML: Final = re.compile(r"\s*<(?:[?!A-Za-z_]|$)")


def guessed(root: Block) -> str:
    """What a template makes, if its first text shows it: "json", "xml", or ""."""
    first = _first_text(root.nodes)
    if _XML.match(first):
        return "xml"
    last = root.nodes[-1] if root.nodes else None
    is_list = _OPEN_LIST.fullmatch(first) is not None and isinstance(last, Text) and last.text.rstrip().endswith("]")
    return "json" if is_list or _JSON.match(first) else ""


def _first_text(inner: Iterable[Node]) -> str:
    """The text that a template begins with; "" where something else may come first."""
    for node in inner:
        match node:
            case Text(text=text):
                if text.strip():
                    return text
            case Action(pipe=pipe):
                if not pipe.declared:
                    return ""
            case _:
                return ""
    return ""


def after(where: Where, text: str) -> Where:
    """Where one is behind a text."""
    return _after_json(where, text) if where in (Where.VALUE, Where.QUOTED) else _after_xml(where, text)


def _after_json(where: Where, text: str) -> Where:
    at = 0
    while True:
        if where is Where.VALUE:
            at = text.find('"', at) + 1
            if not at:
                return where
            where = Where.QUOTED
        found = _STRING.match(text, at)
        at = at if found is None else found.end()
        if text[at : at + 1] != '"':
            return where
        at += 1
        where = Where.VALUE


def _after_xml(where: Where, text: str) -> Where:
    at = 0
    while True:
        step: Callable[[Where, str, int], tuple[Where, int]] = _STEPS.get(where, _to_closer)
        where, at = step(where, text, at)
        if at < 0:
            return where


def _to_opener(where: Where, text: str, at: int) -> tuple[Where, int]:
    found = _OPENER.search(text, at)
    return (where, -1) if found is None else (_OPENERS[found[0]], found.end())


def _to_sign(where: Where, text: str, at: int) -> tuple[Where, int]:
    found = _IN_TAG.search(text, at)
    return (where, -1) if found is None else (_AFTER_SIGN[found[0]], found.end())


def _to_closer(where: Where, text: str, at: int) -> tuple[Where, int]:
    closer, behind = _CLOSERS[where]
    found = text.find(closer, at)
    return (where, -1) if found < 0 else (behind, found + len(closer))


_STEPS: Final = {Where.CONTENT: _to_opener, Where.TAG: _to_sign}
