"""Words of templates, as Go 1.26 takes them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.lexer import KEYWORDS, Token, Word, tokens


def words(text: str) -> list[tuple[Word, str]]:
    return [(token.word, token.text) for token in tokens(text)]


def inside(text: str) -> list[tuple[Word, str]]:
    """Words of one action."""
    found = words("{{" + text + "}}")
    assert found[0] == (Word.LEFT, "{{")
    assert found[-2:] == [(Word.RIGHT, "}}"), (Word.EOF, "")]
    return found[1:-2]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("", []),
        ("a}}b{c", ["a}}b{c"]),
        ("a {{1}} b", ["a ", " b"]),
        ("a \t\r\n{{- 1 -}}\n \tb", ["a", "b"]),
        ("a\u00a0{{- 1 -}}\u2003b", ["a\u00a0", "\u2003b"]),
        ("a {{-1}} b", ["a ", " b"]),
        ("a {{- 1}} {{1 -}} b", ["a", " ", "b"]),
        ("a {{- /* c\n */ -}} b{{/**/}}c", ["a", "b", "c"]),
        (" {{- 1 -}} ", []),
        ("{{1}}{{1}}", []),
    ],
)
def test_text_between_actions(text: str, texts: list[str]) -> None:
    assert [token.text for token in tokens(text) if token.word is Word.TEXT] == texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("print", [Word.IDENTIFIER]),
        ("é_1", [Word.IDENTIFIER]),
        ("٣a", [Word.IDENTIFIER]),
        ("true", [Word.BOOL]),
        ("truer", [Word.IDENTIFIER]),
        (".", [Word.DOT]),
        (".a.b", [Word.FIELD, Word.FIELD]),
        (".é", [Word.FIELD]),
        ("$", [Word.VARIABLE]),
        ("$1.a", [Word.VARIABLE, Word.FIELD]),
        (".5", [Word.NUMBER]),
        ("-1_0.5e+3i", [Word.NUMBER]),
        ("0x.8p-1", [Word.NUMBER]),
        ("0b1.0", [Word.NUMBER]),
        ("1+2i", [Word.COMPLEX]),
        ("-1.5-.5i", [Word.COMPLEX]),
        ('"a\\"}}b"', [Word.STRING]),
        ("`a\n}}\\`", [Word.RAW_STRING]),
        ("'\\''", [Word.CHARACTER]),
        (" \n1", [Word.SPACE, Word.NUMBER]),
        ("$x:=1", [Word.VARIABLE, Word.DECLARE, Word.NUMBER]),
        ("$x =1", [Word.VARIABLE, Word.SPACE, Word.ASSIGN, Word.NUMBER]),
        ("(.a)|f", [Word.OPEN, Word.FIELD, Word.CLOSE, Word.PIPE, Word.IDENTIFIER]),
        ("!~", [Word.SIGN, Word.SIGN]),
    ],
)
def test_words_of_actions(text: str, expected: list[Word]) -> None:
    assert [word for word, _ in inside(text)] == expected
    assert "".join(written for _, written in inside(text)) == text


def test_keywords() -> None:
    assert {name: [word for word, _ in inside(name)] for name in KEYWORDS} == {
        name: [word] for name, word in KEYWORDS.items()
    }
    assert [word for word, _ in inside(".if.end")] == [Word.FIELD, Word.FIELD]


@pytest.mark.parametrize(
    ("text", "reason", "position", "line"),
    [
        ("{{", "unclosed action", 2, 1),
        ("{{(}}", "unclosed left paren", 3, 1),
        ("{{( -}}", "unclosed left paren", 3, 1),
        ("{{)", "unexpected right paren", 2, 1),
        ("{{:a", "expected :=", 2, 1),
        ('\n{{"a', "unterminated quoted string", 3, 2),
        ('{{"\\', "unterminated quoted string", 2, 1),
        ("{{'\n'", "unterminated character constant", 2, 1),
        ("{{`\n", "unterminated raw quoted string", 2, 1),
        ("{{1a}}", 'bad number syntax: "1a"', 2, 1),
        ("{{1+é}}", 'bad number syntax: "1+é"', 2, 1),
        ("{{ab[0]}}", "bad character U+005B '['", 4, 1),
        ("{{.\udcff}}", "bad character U+FFFD '\ufffd'", 3, 1),
        ("{{\x7f}}", "unrecognized character in action: U+007F", 2, 1),
        ("a\n{{/*\n", "unclosed comment", 4, 2),
        ("{{/*\n*/ }}", "comment ends before closing delimiter", 2, 1),
    ],
)
def test_where_no_word_is(text: str, reason: str, position: int, line: int) -> None:
    assert tokens(text)[-1] == Token(Word.ERROR, reason, position, line)


def test_lines_and_positions() -> None:
    found = tokens("a\n{{- /*\n*/ -}}\n{{print\n1 -}}\n\nb{{.c}}")

    assert [(token.text, token.position, token.line) for token in found] == [
        ("a", 0, 1),
        ("{{", 16, 4),
        ("print", 18, 4),
        ("\n", 23, 4),
        ("1", 24, 5),
        ("}}", 27, 5),
        ("b", 31, 7),
        ("{{", 32, 7),
        (".c", 34, 7),
        ("}}", 36, 7),
        ("", 38, 7),
    ]


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (Token(Word.EOF, "", 0, 1), "EOF"),
        (Token(Word.IF, "if", 0, 1), "<if>"),
        (Token(Word.NIL, "nil", 0, 1), "<nil>"),
        (Token(Word.DOT, ".", 0, 1), "<.>"),
        (Token(Word.ERROR, "unclosed action", 0, 1), "unclosed action"),
        (Token(Word.STRING, '"a"', 0, 1), r'"\"a\""'),
        (Token(Word.FIELD, ".abcdefghi", 0, 1), '".abcdefghi"'),
        (Token(Word.FIELD, ".abcdefghij", 0, 1), '".abcdefghi"...'),
        (Token(Word.FIELD, ".日本語日", 0, 1), '".日本語日"...'),
    ],
)
def test_words_in_errors(token: Token, shown: str) -> None:
    assert str(token) == shown


@given(st.text(st.sampled_from("{}-/* \n.$a1\"'`()|:=+é\udcff")))
def test_words_are_pieces_of_the_source_in_its_order(text: str) -> None:
    end = 0
    *found, last = tokens(text)
    for token in found:
        assert token.position >= end
        assert text.startswith(token.text, token.position)
        assert token.line == text.count("\n", 0, token.position) + 1
        end = token.position + len(token.text)
    assert last.word in (Word.EOF, Word.ERROR)
