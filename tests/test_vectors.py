"""Recorded exchanges of the reference gateway, replayed through ours: parity cannot slip unseen.

``tests/conformance`` is the checker, unchanged; ``tests/vectors`` holds at least one case per behaviour. Exchanges marked
as accidents are left to ``test_accidents``, and cases that wait for a feature too.
"""

import argparse
import collections
import json
import sys
from pathlib import Path

import pytest
import yaml
from tests.checking import prepare
from tests.same_everywhere import compare_file, snapshot_of

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "conformance"))

import case as cases  # noqa: E402
import check as checker  # noqa: E402

prepare(cases, checker)

START = (
    f"{sys.executable} -m lockgate.cli serve --headless --definitions {{definitions}} --gateway {{gateway}} "
    "--listen 127.0.0.1:{port} --control 127.0.0.1:{control}"
)
LATER = yaml.safe_load((HERE / "accidents.yaml").read_text("utf-8"))["later"]
MOST_TOGETHER = 60
"""Cases that share a gateway, so that no test is much longer than others."""


def parts():
    """Settings and cases of each gateway, and what the test with it is called."""
    for settings, group in cases.grouped(
        path for path in sorted((HERE / "vectors").glob("*/*.yaml")) if path.stem not in LATER
    ):
        for start in range(0, len(group), MOST_TOGETHER):
            name = json.dumps(settings, sort_keys=True) + (f" from {start}" if start else "")
            yield pytest.param(settings, group[start : start + MOST_TOGETHER], id=name)


PARTS = tuple(parts())


def test_there_are_vectors():
    assert PARTS


RELOADING = ("/tyk/apis", "/tyk/oas", "/tyk/reload")
"""Paths of the control API that change definitions, so that a case's exchanges did not all run on the same ones."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("settings", "group"), PARTS)
def test_vectors_agree(settings, group, record_property, tmp_path, monkeypatch, forks):
    """With the recording; and live exchanges, replayed ones and tried ones with one another, messages and traces."""
    tally, shown, report = collections.defaultdict(lambda: [0, 0]), [], {}
    flows = tmp_path / "flows"
    args = argparse.Namespace(start=f"{START} --set save_stream_file={flows}", show=20, accidents=False)
    homes = []

    class Gateway(checker.Gateway):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            homes.append(self.home)

    monkeypatch.setattr(checker, "Gateway", Gateway)
    monkeypatch.setattr(checker, "subprocess", forks)
    checker.check(group, settings, args, tally, shown, report)

    record_property("vector_exchanges", sum(bad + good for bad, good in tally.values()))
    assert not shown, "\n".join(shown)
    for name, value in settings.get("_env", {}).items():
        monkeypatch.setenv(name, value)
    snapshot = snapshot_of(homes[0] / "definitions", homes[0] / "gateway.json")
    compared = compare_file(flows, snapshot, tuple(f"/{case['name']}/" for case in group if reloads(case)))
    record_property("same_everywhere", compared.replayed + compared.tried)
    assert not compared.differences, "\n".join(compared.differences[:20])
    assert compared.unanswered <= 1


def reloads(case):
    """Whether its exchanges change definitions."""
    requests = [exchange["request"] for exchange in case["exchanges"]]
    return any(request.get("control") and request["path"].startswith(RELOADING) for request in requests)
