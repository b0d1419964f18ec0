import re
from pathlib import Path

import lockgate
from lockgate.loading.explanations import EXPLANATIONS

PACKAGE = Path(lockgate.__file__).parent
CODE = re.compile(
    r'(?:\.(?:error|warning|problem|_find)|Problem|SyntaxProblem)\(\s*"([a-z][a-z-]+)",|code(?:, severity)? = "([a-z-]+)"|code="([a-z-]+)"'
)


def used_codes():
    files = [
        *(PACKAGE / "loading").glob("*.py"),
        *(PACKAGE / "decoding").glob("*.py"),
        PACKAGE / "templates" / "lint.py",
        PACKAGE / "settings.py",
        PACKAGE / "deployment.py",
    ]
    return {
        next(group for group in match.groups() if group)
        for file in files
        if file.exists()
        for match in CODE.finditer(file.read_text())
    }


def test_every_code_is_explained():
    assert used_codes() - set(EXPLANATIONS) == set()


def test_every_explanation_is_of_a_code():
    assert set(EXPLANATIONS) - used_codes() == set()


def test_explanations_are_sentences():
    for explanation in EXPLANATIONS.values():
        assert not explanation.title.endswith(".")
        assert explanation.meaning.endswith(".")
        assert explanation.remedy.endswith(".")
