"""Semantic versions. What Go answered to each call is in go_strings.jsonl."""

import pytest
from tests.rendering import a_run, outcome, rendered

from lockgate.templates.errors import FunctionError, LimitError
from lockgate.templates.functions import versions as functions
from lockgate.templates.run import Limits

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}


def called(name, *arguments, run=None):
    return FUNCTIONS[name].call(run or a_run(), *arguments)


def fault(name, *arguments):
    with pytest.raises(FunctionError) as caught:
        called(name, *arguments)
    return caught.value.text


@pytest.mark.parametrize(
    ("text", "printed"),
    [("1", "1.0.0"), ("v1.2", "1.2.0"), ("01.2.3-a.1+b.01", "1.2.3-a.1+b.01")],
)
def test_a_version_prints_whole(text, printed):
    assert rendered("{{semver .}}", text) == printed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid Semantic Version"),
        ("1.2.3.4", "Invalid Semantic Version"),
        ("1.2.3\n", "Invalid Semantic Version"),
        ("1.2.3-01", "Version segment starts with 0"),
        (
            "99999999999999999999",
            'Error parsing version segment: strconv.ParseUint: parsing "99999999999999999999": value out of range',
        ),
    ],
)
def test_what_is_no_version(text, reason):
    assert fault("semver", text) == reason


def test_methods_of_a_version():
    template = (
        '{{with semver "v1.2.3-beta+build"}}{{.Major}} {{.Minor}} {{.Patch}} {{.Prerelease}} {{.Metadata}} {{.Original}}'
        '|{{.IncPatch}} {{.IncMinor}} {{.IncMajor}} {{.SetPrerelease "rc.1"}} {{.SetMetadata "x"}}'
        '|{{.Compare (semver "1.2.3")}} {{.LessThan (semver "1.2.3")}} {{.Equal .}} {{toJson .}} {{kindOf .}}{{end}}'
    )

    assert rendered(template) == (
        "1 2 3 beta build v1.2.3-beta+build"
        "|1.2.3 1.3.0 2.0.0 1.2.3-rc.1+build 1.2.3-beta+x"
        '|-1 true true "1.2.3-beta+build" ptr'
    )


def test_a_version_that_a_method_gave_is_no_pointer():
    made = outcome('{{(semver "1").IncMajor.Original}}', {})

    assert made["exec_error"].endswith("can't evaluate field Original in type semver.Version")


def test_there_is_nothing_to_compare_with():
    made = outcome('{{(semver "1").Compare nil}}', {})

    assert made["exec_error"].endswith(
        "error calling Compare: runtime error: invalid memory address or nil pointer dereference"
    )
    assert rendered('{{(semver "1").Equal nil}}') == "false"


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        ("^1.2.3", "1.9.0", "2.0.0"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("~1.2", "1.2.9", "1.3.0"),
        ("1.2.x", "1.2.9", "1.3.0"),
        (">1", "2.0.0", "1.9.9"),
        ("<=1.2", "1.2.9", "1.3.0"),
        (">=1.2.3", "1.2.3", "1.3.0-beta"),
        (">=1.2.3-0", "1.3.0-beta", "1.2.2"),
        ("!=1.2", "1.3.0", "1.2.1"),
        ("1.2 - 1.4", "1.4.9", "1.5.0"),
        (">=1, <2 || >3", "4.0.0", "2.5.0"),
        ("*", "1.2.3", "1.2.3-a"),
    ],
)
def test_constraints(constraint, allowed, refused):
    assert called("semverCompare", constraint, allowed) is True
    assert called("semverCompare", constraint, refused) is False


@pytest.mark.parametrize("constraint", ["", "==1", "1 2,", "a", "1 || "])
def test_what_is_no_constraint(constraint):
    assert fault("semverCompare", constraint, "1").startswith("improper constraint: ")


def test_a_constraint_is_read_before_the_version():
    assert fault("semverCompare", "?", "?") == "improper constraint: ?"


@pytest.mark.parametrize("constraint", ["1 " * 1000, "1 - 1 " * 1000, "x" * 100_000])
def test_long_constraints_are_work(constraint):
    with pytest.raises(LimitError):
        called("semverCompare", constraint, "1", run=a_run(Limits(steps=5000, output=1, size=1)))
