"""Patterns that sessions hold, on the paths of an API.

They come with a key and not with a definition, so they are compiled when they are first asked for, and kept for the next
request.

Source: behaviour-chain 5.2 and 2.1.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lockgate.routing.listen import ListenPath
from lockgate.routing.pattern import PatternError, Regex, compile_regex, path_pattern

MAX_PATTERN_CHARACTERS: Final = 4096
"""A longer pattern finds nothing."""

KEPT_PATTERNS: Final = 4096
"""Of all keys together; the one unused for longest goes first."""


@dataclass(frozen=True, slots=True)
class GrantedPaths:
    """How a pattern of a key finds paths of one API."""

    listen: ListenPath
    prefix: bool = False
    """``enable_path_prefix_matching``: patterns begin where the path begins, with its listen path or without."""
    suffix: bool = False
    """``enable_path_suffix_matching``."""

    def found(self, pattern: str, path: str) -> bool:
        """Whether a pattern is found in a path.

        Args:
            pattern: As the key has it. One that does not compile finds nothing.
            path: Decoded, with the listen path.
        """
        regex = _compiled(pattern, self.prefix, self.suffix)
        if regex is None:
            return False
        return regex.search(path) is not None or (self.prefix and regex.search(self.listen.strip(path)) is not None)


@lru_cache(maxsize=KEPT_PATTERNS)
def _compiled(pattern: str, prefix: bool, suffix: bool) -> Regex | None:  # noqa: FBT001 - it is cached
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        return None
    try:
        return compile_regex(path_pattern(pattern, prefix=prefix, suffix=suffix), dot_all=True)
    except PatternError:
        return None
