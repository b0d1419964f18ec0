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

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "conformance"))

import case as cases  # noqa: E402
import check as checker  # noqa: E402

START = (
    f"{sys.executable} -m lockgate.cli serve --headless --definitions {{definitions}} --gateway {{gateway}} "
    "--listen 127.0.0.1:{port} --control 127.0.0.1:{control}"
)
LATER = yaml.safe_load((HERE / "accidents.yaml").read_text("utf-8"))["later"]
GROUPS = cases.grouped(path for path in sorted((HERE / "vectors").glob("*/*.yaml")) if path.stem not in LATER)


def test_there_are_vectors():
    assert sum(len(group) for _, group in GROUPS) > 0


@pytest.mark.parametrize(
    ("settings", "group"),
    [pytest.param(settings, group, id=json.dumps(settings, sort_keys=True)) for settings, group in GROUPS],
)
def test_vectors_agree(settings, group, record_property):
    tally, shown, report = collections.defaultdict(lambda: [0, 0]), [], {}
    args = argparse.Namespace(start=START, show=20, accidents=False)

    checker.check(group, settings, args, tally, shown, report)

    record_property("vector_exchanges", sum(bad + good for bad, good in tally.values()))
    assert not shown, "\n".join(shown)
