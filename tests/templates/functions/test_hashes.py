"""Checksums. What Go answered to each call is in go_strings.jsonl."""

import pytest
from tests.rendering import a_run

from lockgate.templates.errors import LimitError
from lockgate.templates.functions import hashes as functions
from lockgate.templates.run import Limits

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("sha1sum", "a9993e36"), ("sha256sum", "ba7816bf"), ("sha512sum", "ddaf35a1"), ("adler32sum", "38600999")],
)
def test_checksums(name, beginning):
    assert FUNCTIONS[name].call(a_run(), "abc").startswith(beginning)


def test_bytes_count_as_they_are():
    assert FUNCTIONS["adler32sum"].call(a_run(), "\udcff") == "16777472"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_long_texts_are_work(name):
    with pytest.raises(LimitError):
        FUNCTIONS[name].call(a_run(Limits(steps=10, output=1, size=1)), "a" * 10_000)
