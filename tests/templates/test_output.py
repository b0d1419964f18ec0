import pytest

from lockgate.templates.output import Where, after, guessed
from lockgate.templates.parser import parse


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", Where.VALUE),
        ('{"a": ', Where.VALUE),
        ('{"', Where.QUOTED),
        ('{"a\\"', Where.QUOTED),
        ('{"a\\\\"', Where.VALUE),
        ('{"a": "b", "', Where.QUOTED),
        ('"\n', Where.QUOTED),
    ],
)
def test_places_in_json(text: str, where: Where) -> None:
    assert after(Where.VALUE, text) is where


def test_places_in_json_from_within_quotes() -> None:
    assert after(Where.QUOTED, "a") is Where.QUOTED
    assert after(Where.QUOTED, '", "') is Where.QUOTED
    assert after(Where.QUOTED, '"}') is Where.VALUE


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a > \" '", Where.CONTENT),
        ("<", Where.TAG),
        ('<a b="', Where.ATTRIBUTE),
        ("<a b='", Where.OTHER_ATTRIBUTE),
        ("<a b=\"'>\" c='", Where.OTHER_ATTRIBUTE),
        ('<a b=">"', Where.TAG),
        ("<a/>", Where.CONTENT),
        ("<a></a", Where.TAG),
        ("<!-- <a> -", Where.COMMENT),
        ("<!-- <a> -->", Where.CONTENT),
        ("<![CDATA[<a>]]", Where.LITERAL),
        ("<![CDATA[<a>]]>", Where.CONTENT),
        ("<?xml version='1.0'", Where.INSTRUCTION),
        ("<?xml version='1.0'?>", Where.CONTENT),
    ],
)
def test_places_in_xml(text: str, where: Where) -> None:
    assert after(Where.CONTENT, text) is where


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{"a": 1}', "json"),
        ("\n{ {{range .a}}{{end}} }", "json"),
        ("{}", "json"),
        ('[{"a": {{.a}}}]', "json"),
        ("[{{.a}}]", "json"),
        ('{{$x := 1}}{{/* c */}} {"a": 1}', "json"),
        ('{{define "t"}}<a/>{{end}}{"a": 1}', "json"),
        ("<a>", "xml"),
        ("<{{.a}}>", "xml"),
        ("<?xml version='1.0'?><a/>", "xml"),
        ("", ""),
        ("{{.a}}", ""),
        ('{{.a}}{"a": 1}', ""),
        ('{{if .a}}x{{end}}{"a": 1}', ""),
        ("[{{.level}}] text", ""),
        ("[info] text", ""),
        ("{name} is", ""),
        ("a=1", ""),
        ("< 5", ""),
    ],
)
def test_what_a_template_makes_shows_in_what_it_begins_with(text: str, output: str) -> None:
    assert guessed(parse(text, functions=()).trees[""].root) == output
