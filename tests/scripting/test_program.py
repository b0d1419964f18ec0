import pytest

from lockgate.scripting.program import Checker, Fault, Program, check


@pytest.fixture(scope="module")
def checker():
    with Checker() as checker:
        yield checker


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("var x = ;", Fault("Unexpected token ';'", 1, 9)),
        ("function f( {\n return 1; }\n", Fault("Unexpected number", 2, 9)),
        ("let a = 1;\n  let a = 2;", Fault("Identifier 'a' has already been declared", 2, 7)),
        ("x = `abc", Fault("Unexpected end of input", 1, 9)),
        ("return 1", Fault("Illegal return statement", 1, 1)),
        ("/* é𝒳 */ var = 1", Fault("Unexpected token '='", 1, 15)),
        ("a\r\nb c", Fault("Unexpected identifier 'c'", 2, 3)),
        ("\t\tvar x y", Fault("Unexpected identifier 'y'", 1, 9)),
        ("x = /(/", Fault("Invalid regular expression: /(/: Unterminated group", 1, 5)),
        ("import x from 'y'", Fault("Cannot use import statement outside a module", 1, 1)),
        ("this is not script", Fault("Unexpected identifier 'is'", 1, 6)),
    ],
)
def test_what_v8_cannot_parse_has_a_place(checker, source, fault):
    assert checker.check(source) == fault


@pytest.mark.parametrize(
    "source",
    [
        "",
        "throw new Error('at load')",
        "for (;;);",
        "undeclared()",
        "const a = 1; class B { #c = a }",
        "function eval() {}",
        "'use strict'; var x = 1",
        '"\ud800"',
        "\ufeffvar x",
        "async function v() { await 0 }",
    ],
)
def test_what_v8_can_parse_has_no_fault_and_is_not_run(checker, source):
    assert checker.check(source) is None
    assert checker.check("let after = 1") is None
    assert checker.check("let after = 1") is None


def test_nesting_without_end_is_a_fault(checker):
    fault = checker.check("(" * 200_000)
    assert fault is not None
    assert "call stack" in fault.message


def test_a_checker_starts_again_when_it_was_closed():
    checker = Checker()
    assert checker.check("1 2") is not None
    checker.close()
    checker.close()
    assert checker.check("1") is None
    checker.close()


async def test_a_single_check_needs_nothing_else():
    assert check("a b") == Fault("Unexpected identifier 'b'", 1, 3)
    assert check("a") is None


def test_programs_differ_by_owner_names_and_texts():
    one = Program("a", (("x.js", "1"), ("y.js", "2")))
    same = Program("a", (("x.js", "1"), ("y.js", "2")))
    others = [
        Program("b", one.sources),
        Program("a", one.sources[::-1]),
        Program("a", (("x.js", "1"), ("z.js", "2"))),
        Program("a", (("x.js", "1"), ("y.js", "3"))),
        Program("a", (("x.js", "12"),)),
        Program("a", one.sources, keeps=True),
    ]
    assert one == same
    assert one.digest == same.digest
    assert len({one.digest, *(other.digest for other in others)}) == 7
    assert len(Program("a", (("x", "\udc80"),)).digest) == 64
