"""Paths. What Go answered to each call is in go_strings.jsonl."""

import pytest
from tests.rendering import a_run

from lockgate.templates.errors import LimitError
from lockgate.templates.functions import paths as functions
from lockgate.templates.run import Limits

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}


def called(name, path, run=None):
    function = FUNCTIONS[name]
    return function.call(*((run or a_run(),) if function.needs_run else ()), path)


@pytest.mark.parametrize(
    ("path", "base", "directory", "clean", "extension"),
    [
        ("", ".", ".", ".", ""),
        ("/", "/", "/", "/", ""),
        ("//", "/", "/", "/", ""),
        ("a/b.txt", "b.txt", "a", "a/b.txt", ".txt"),
        ("/a/b/", "b", "/a/b", "/a/b", ""),
        ("a//b/../c/.", ".", "a/c", "a/c", "."),
        ("../../a", "a", "../..", "../../a", ""),
        ("/../a", "a", "/", "/a", ""),
        ("a/../..", "..", ".", "..", "."),
        (".bashrc", ".bashrc", ".", ".bashrc", ".bashrc"),
        ("a.b/c", "c", "a.b", "a.b/c", ""),
    ],
)
@pytest.mark.parametrize("prefix", ["", "os"])
def test_parts_of_a_path(path, base, directory, clean, extension, prefix):
    names = [f"os{name.title()}" if prefix else name for name in ("base", "dir", "clean", "ext")]

    assert [called(name, path) for name in names] == [base, directory, clean, extension]


@pytest.mark.parametrize("name", ["isAbs", "osIsAbs"])
def test_only_a_slash_makes_a_path_absolute(name):
    assert [called(name, path) for path in ("/a", "a/", "", "C:/a")] == [True, False, False, False]


@pytest.mark.parametrize("name", ["clean", "dir", "osClean", "osDir"])
def test_long_paths_are_work(name):
    with pytest.raises(LimitError):
        called(name, "a/" * 10_000, a_run(Limits(steps=100, output=1, size=1)))
