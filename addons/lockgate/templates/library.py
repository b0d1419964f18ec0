"""All functions that a template can call, by name."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from lockgate.templates.function import Function
from lockgate.templates.functions import (
    casing,
    certificates,
    cryptography,
    dates,
    defaults,
    dicts,
    encodings,
    hashes,
    json,
    language,
    lists,
    network,
    numbers,
    paths,
    printing,
    random_values,
    reflection,
    regexes,
    strings,
    urls,
    versions,
    xml,
)

_FILES: Final = (
    casing.FUNCTIONS,
    certificates.FUNCTIONS,
    cryptography.FUNCTIONS,
    dates.FUNCTIONS,
    defaults.FUNCTIONS,
    dicts.FUNCTIONS,
    encodings.FUNCTIONS,
    hashes.FUNCTIONS,
    json.FUNCTIONS,
    language.FUNCTIONS,
    lists.FUNCTIONS,
    network.FUNCTIONS,
    numbers.FUNCTIONS,
    paths.FUNCTIONS,
    printing.FUNCTIONS,
    random_values.FUNCTIONS,
    reflection.FUNCTIONS,
    regexes.FUNCTIONS,
    strings.FUNCTIONS,
    urls.FUNCTIONS,
    versions.FUNCTIONS,
    xml.FUNCTIONS,
)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({each.name: each for each in chain(*_FILES)})
"""By name; no two have the same."""
