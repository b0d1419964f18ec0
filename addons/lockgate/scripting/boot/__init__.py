"""What scripts find in V8: the sources that are evaluated once in a fresh isolate, before any script.

Each file holds one expression, `(lockgate) => { … }`. `lockgate` is an object that scripts cannot reach:

Given by the engine, at the latest before the first script runs:
    `call(name, text) -> string | undefined`: a call of the host; `text` is a JSON list of the arguments.
    `log(level, text)`: a line for trace and log; level is log, raw, debug, info, warn or error.
    `isUnwinding(thrown) -> boolean`, optional: whether `thrown` is the engine's own way out of a run. Nothing here
    swallows it.

Given by the files:
    `globals`: what scripts see by name. `install()` puts it on the global object.
    `storage`: the functions TykStorage…, for scripts of the driver that has them: shown to these before each load.
    `remember()`: keeps how built-in objects look; once, when everything is in place and before any script.
    `begin()`: before every run: forgets what the library counts.
    `dirty()`: after a call: whether anything remembered looks different now.
    `restore() -> boolean`: puts it back; false where that cannot be done, and the isolate is of no use any more.
    `stringify`, `quote`, `text`, `describe`, `primordials`: see the files; none is touched by what scripts overwrite.

All code that shares an isolate with scripts has to be strict (`'use strict'`): functions of sloppy code are handed
out by `caller` and by stack traces.
"""

from importlib import resources
from typing import Final

FILES: Final = (
    "primordials.js",
    "hardening.js",
    "json.js",
    "parse.js",
    "texts.js",
    "base64.js",
    "tyk.js",
    "underscore.js",
    "state.js",
)
"""The files in the order in which they are evaluated."""


def _read() -> str:
    folder = resources.files(__name__)
    parts = ",\n".join(folder.joinpath(name).read_text(encoding="utf-8").strip() for name in FILES)
    return (
        "((lockgate) => {\n'use strict';\nconst parts = [\n"
        + parts
        + "\n];\nfor (let index = 0; index < parts.length; index++) parts[index](lockgate);\nreturn lockgate;\n})"
    )


_SOURCE: Final = _read()


def source() -> str:
    """One expression of JavaScript, `((lockgate) => { … return lockgate; })`, that runs all files in their order.

    The engine keeps the result out of reach of scripts: on the global object, or in a variable whose name can be
    guessed, scripts would find it.
    """
    return _SOURCE
