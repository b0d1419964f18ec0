"""Listen paths: what prefix an API is served under, and how it is cut off.

Source: behaviour-chain 1.4 (ValidatePath), 1.5 and 1.7; templates are gorilla/mux's.
"""

import re
from typing import Final, final

from lockgate.routing.pattern import PatternError, Regex, compile_regex

_TEMPLATE_SEGMENT: Final = re.compile(r"/\{[^{}]*\}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Stands for a byte that is no UTF-8; engines take U+FFFD for it."""
_DOT_SEGMENT: Final = re.compile(r"(?:\.|%2[eE]){1,2}(?:/|%2[fF]|\Z)")


def split_template(text: str) -> list[tuple[str, str]]:
    """Literal and placeholder pieces, in turn: pairs of literal and inside of the braces; the last one has no inside.

    Raises:
        ValueError: Unbalanced braces.
    """
    pieces: list[tuple[str, str]] = []
    depth, start, literal_from = 0, 0, 0
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
            if depth == 1:
                start = index
        elif character == "}":
            depth -= 1
            if depth == 0:
                pieces.append((text[literal_from:start], text[start + 1 : index]))
                literal_from = index + 1
            elif depth < 0:
                raise ValueError(f"unbalanced braces in {text!r}")
    if depth:
        raise ValueError(f"unbalanced braces in {text!r}")
    pieces.append((text[literal_from:], ""))
    return pieces


def template_pattern(text: str, *, default: str = "[^/]+") -> str:
    """The anchored regular expression for a mux template, without an end anchor.

    Raises:
        ValueError: Unbalanced braces, or a placeholder without a name or with an empty pattern.
    """
    pieces = split_template(text)
    pattern = ["^"]
    for number, (literal, inside) in enumerate(pieces):
        pattern.append(re.escape(literal) if literal else "")
        if number == len(pieces) - 1:
            break
        name, colon, inner = inside.partition(":")
        if not name or (colon and not inner):
            raise ValueError(f"missing name or pattern in {'{' + inside + '}'!r}")
        pattern.append(f"(?:{inner if colon else default})")
    return "".join(pattern)


@final
class ListenPath:
    """One listen path, ready to match and to strip."""

    __slots__ = ("regex", "text")

    def __init__(self, text: str) -> None:
        """Compile ``text``, a prefix such as "/pets/" or a template such as "/{name:[a-z]+}/".

        Raises:
            ValueError: It does not begin with "/", or its template is not acceptable.
        """
        self.text: Final = text
        self.regex: Final[Regex | None] = self._compiled(text)

    @staticmethod
    def _compiled(text: str) -> Regex | None:
        if not text.startswith("/"):
            raise ValueError(f"expected a listen path that begins with '/', found {text!r}")
        if "{" not in text and "}" not in text:
            return None
        try:
            return compile_regex(template_pattern(text), dot_all=True)
        except PatternError as error:
            raise ValueError(f"the pattern in {text!r} does not compile: {error}") from None

    @property
    def is_template(self) -> bool:
        """Whether it has placeholders."""
        return self.regex is not None

    @property
    def rank(self) -> int:
        """By which routes are tried, highest first: its length without segments that are placeholders."""
        return len(_TEMPLATE_SEGMENT.sub("", self.text))

    def strip(self, path: str) -> str:
        """Cut the listen path off ``path`` (decoded or not, as long as both are of one kind); adds a leading "/".

        A path that a cut would give a dot segment stays whole: "/api../x" is not "/../x" below "/api".
        """
        end = 0
        if path.startswith(self.text):
            end = len(self.text)
        elif self.regex is not None:
            found = self.regex.search(path if path.isascii() else _SURROGATE.sub("\ufffd", path))
            end = 0 if found is None else found.end()
        rest = path[end:]
        if rest.startswith("/"):
            return rest
        # Differs: the reference gateway cuts, so that a path leaves the upstream's base path and passes by lists
        # (test_a_cut_inside_a_segment_makes_no_dot_segment).
        if end > 0 and path[end - 1] != "/" and _DOT_SEGMENT.match(rest):
            return path
        return "/" + rest
