"""What trials of tests work with."""

import asyncio
import json
from dataclasses import replace

from tests.helpers import ScriptsInPlace, TasksInPlace

from lockgate.debugging.samples import sample_of
from lockgate.debugging.trial import Bench, Rights, Tried, try_text
from lockgate.inspection import SYSTEM
from lockgate.settings import Settings

BENCH = Bench(
    replace(SYSTEM, tasks=TasksInPlace()), ScriptsInPlace(), Settings(enable_jsvm=True, enable_analytics=True)
)


def tried_text(text, bench=BENCH, rights=None, file="", **sample) -> Tried:
    """A text, or a document, tried."""
    text = text if isinstance(text, str) else json.dumps(text)
    return asyncio.run(try_text(text, file, sample_of({"request": "GET /api/", **sample}), bench, rights or Rights()))
