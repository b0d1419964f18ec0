import pytest

from lockgate.templates.errors import Kind, Place, TemplateError
from lockgate.templates.parser import parse
from lockgate.templates.pointing import WIDTH, pointed, pointed_at


def shown(text: str, name: str = "order.tmpl") -> str:
    with pytest.raises(TemplateError) as caught:
        parse(text, "", functions=("toJson",))
    return pointed(caught.value, name)


def test_a_caret_stands_under_the_place() -> None:
    assert shown('{\n  "a": {{.a | toJSON}}\n}').splitlines() == [
        'order.tmpl:2:15: template: :2: function "toJSON" not defined',
        '      "a": {{.a | toJSON}}',
        "                  ^",
        "hint: did you mean 'toJson'?",
    ]


def test_an_error_of_a_run_is_shown_like_one_of_the_parser() -> None:
    error = TemplateError(
        'template: t:1:2: executing "t" at <.a>: no',
        kind=Kind.EXECUTION,
        source="{{.a}}",
        place=Place(1, 3),
    )

    assert pointed(error, "t").splitlines() == [
        't:1:3: template: t:1:2: executing "t" at <.a>: no',
        "    {{.a}}",
        "      ^",
    ]


@pytest.mark.parametrize("before", ["\t", "日本", "e\u0301", "a\tb"])
def test_the_caret_stands_under_it_whatever_is_before(before: str) -> None:
    widths = {"\t": "\t", "日": "  ", "本": "  ", "\u0301": ""}

    _, line, caret, *_ = shown(f"{before}{{{{nosuch}}}}").splitlines()

    assert line == f"    {before}{{{{nosuch}}}}"
    assert caret == "    " + "".join(widths.get(one, " ") for one in before) + "  ^"


def test_of_a_very_long_line_a_part_is_shown() -> None:
    for before, after in ((0, 1000), (1000, 0), (1000, 1000)):
        _, line, caret, *_ = shown("x" * before + "{{nosuch}}" + "y" * after).splitlines()

        assert line[caret.index("^") :].startswith("nosuch")
        assert len(line) <= len("    ") + WIDTH + 2
        assert line.startswith("    …") is (before > 0)
        assert line.endswith("…") is (after > 0)


def test_where_only_the_line_is_known_there_is_no_caret() -> None:
    assert pointed_at("no", "t", source="a\nb\nc", line=2).splitlines() == ["t:2: no", "    b"]


@pytest.mark.parametrize(("source", "line"), [("", 1), ("a", 2), ("a\n\n", 2), ("a", 0)])
def test_without_a_line_to_show_only_the_text_is_there(source: str, line: int) -> None:
    assert len(pointed_at("no", "t", source=source, line=line, column=1).splitlines()) == 1


def test_nothing_reaches_the_terminal_but_text() -> None:
    text = pointed_at("a\x1b[2J\nb", "t\x07", source="\x1b]0;x\x9b\u202e\udcff\r\n", line=1, column=3, hint="\x00")

    assert not any(one in text for one in "\x1b\x07\x9b\u202e\udcff\r\x00")
    assert text.splitlines()[-1] == "hint: \ufffd"
