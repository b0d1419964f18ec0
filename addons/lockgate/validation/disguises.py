"""What a message says of its body that makes others read it otherwise than it is judged.

A body that was judged as one thing must not be read as another behind the gateway. What is said here is asked of bodies
that pass: a body that is refused anyway is refused in the reference gateway's words.
"""

import re
from typing import Final

from lockgate.exchange import Headers
from lockgate.validation.texts import quoted

_PLAIN_CODINGS: Final = frozenset({"", "identity"})
_CHARSET: Final = re.compile(r";[ \t]*charset[ \t]*=[ \t]*(\"[^\"]*\"?|[^;]*)", re.IGNORECASE)
_LIKE_ASCII: Final = re.compile(r"utf-?8|(?:us-)?ascii|iso[-_]?8859[-_]\d{1,2}|latin-?1|windows-125\d", re.IGNORECASE)
"""Character sets in which what structures a body is ASCII, and nothing else is."""


def other_type(headers: Headers) -> str:
    """Why the first Content-Type may not be what counts; "" where it is.

    Differs: the reference gateway looks at the first one (test_several_content_types_are_refused).
    """
    types = headers.get_all("Content-Type")
    if all(one == types[0] for one in types[1:]):
        return ""
    return f"header Content-Type has unexpected value {quoted(', '.join(types))}"


def other_bytes(headers: Headers) -> str:
    """Why its bytes may not be what is read; "" where they are.

    Differs: the reference gateway looks at neither header (test_a_packed_body_is_refused,
    test_a_character_set_that_is_not_like_ascii_is_refused).
    """
    codings = [one.strip(" \t").lower() for line in headers.get_all("Content-Encoding") for one in line.split(",")]
    packed = next((one for one in codings if one not in _PLAIN_CODINGS), None)
    if packed is not None:
        return f"content encoding {quoted(packed)} cannot be read"
    for line in headers.get_all("Content-Type"):
        for found in _CHARSET.finditer(line):
            charset = found[1].strip(' \t"')
            if charset and _LIKE_ASCII.fullmatch(charset) is None:
                return f"character set {quoted(charset)} cannot be read"
    return ""
