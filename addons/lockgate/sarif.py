"""Problems as SARIF 2.1.0, the form in which code hosts and editors take the findings of a tool. Does no I/O.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0; section numbers are its.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from lockgate import __version__
from lockgate.loading.explanations import EXPLANATIONS, Explanation
from lockgate.problems import Problem, Severity

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT: Final = "ROOT"
"""Name of the folder that relative addresses start from (3.14.14)."""
FINGERPRINT: Final = "lockgate/v1"
"""Of results; counts up when what goes into it changes (3.27.17)."""

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def to_sarif(
    problems: Sequence[Problem], folder: PurePath, explanations: Mapping[str, Explanation] = EXPLANATIONS
) -> Any:
    """A log with one run.

    Args:
        problems: With file and line, as ``lockgate check`` finds them.
        folder: Absolute; addresses of files in it are relative to it, of others absolute.
        explanations: By code.

    Returns:
        Plain values, for a JSON encoder.
    """
    codes = sorted({problem.code for problem in problems})
    index = {code: number for number, code in enumerate(codes)}
    prints = _fingerprints(problems, folder)
    results = [_result(one, index[one.code], folder, mark) for one, mark in zip(problems, prints, strict=True)]
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Lockgate",
                        "semanticVersion": __version__,
                        "rules": [_rule(code, explanations.get(code)) for code in codes],
                    }
                },
                "originalUriBaseIds": {ROOT: {"description": {"text": "the folder in which lockgate check ran"}}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(code: str, explanation: Explanation | None) -> dict[str, Any]:
    """What a code means (3.49)."""
    if explanation is None:
        return {"id": code}
    title = explanation.title
    help_text = f"{explanation.meaning}\n\nTo mend it: {explanation.remedy}"
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in code.split("-")),
        "shortDescription": {"text": title[0].upper() + title[1:]},
        "fullDescription": {"text": explanation.meaning},
        "help": {"text": help_text, "markdown": f"{explanation.meaning}\n\n**To mend it:** {explanation.remedy}"},
    }


def _result(problem: Problem, rule: int, folder: PurePath, fingerprint: str) -> dict[str, Any]:
    hint = f" ({problem.hint})" if problem.hint else ""
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": _LEVELS[problem.severity],
        "message": {"text": f"{problem.message}{hint}"},
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    location: dict[str, Any] = {}
    if problem.file:
        place: dict[str, Any] = {"artifactLocation": _address(problem.file, folder)}
        if problem.line > 0:
            place["region"] = {"startLine": problem.line}
        location["physicalLocation"] = place
    if problem.pointer:
        name = problem.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": problem.pointer, "kind": "member"}]
    if location:
        result["locations"] = [location]
    return result


def _address(file: str, folder: PurePath) -> dict[str, str]:
    """A file as a URI, relative where it can be (3.4)."""
    path = folder / file
    try:
        inner = _normal(path).relative_to(_normal(folder))
    except ValueError:
        return {"uri": _normal(path).as_uri()}
    return {"uri": quote(inner.as_posix(), errors="surrogateescape"), "uriBaseId": ROOT}


def _normal(path: PurePath) -> PurePath:
    """Without ".." and ".", which a URI would lose."""
    made: list[str] = []
    for part in path.parts:
        if part == ".." and len(made) > 1:
            made.pop()
        elif part != "..":
            made.append(part)
    return type(path)(*made)


def _fingerprints(problems: Iterable[Problem], folder: PurePath) -> list[str]:
    """Of each problem: the same as long as code, file, place in the document and text are, whatever its line.

    Of problems alike in all of that, the second one has another, and so on.
    """
    seen: Counter[str] = Counter()
    made = []
    for problem in problems:
        uri = _address(problem.file, folder)["uri"] if problem.file else ""
        text = f"{problem.code}\0{uri}\0{problem.pointer}\0{problem.message}"
        seen[text] += 1
        made.append(hashlib.sha256(f"{text}\0{seen[text]}".encode("utf-8", "backslashreplace")).hexdigest()[:32])
    return made
