"""The scripts of an API: where they are read from, in which order they are loaded, and what is wrong with them.

All scripts of an API share one global scope. They are loaded in this order, and of equal names the last one counts:
the gateway's own (``tyk_js_path``), those of virtual endpoints in their order, the files of plugins.

Source: behaviour-scripting 4.1 to 4.3 and 4.10.
"""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from lockgate.decoding.shapes import Place, nearest
from lockgate.exchange import decode_text
from lockgate.loading.beside import read_beside, read_named
from lockgate.loading.making import Making
from lockgate.middlewares.virtual_endpoint import VirtualEndpoint
from lockgate.problems import Problem, Severity, pointer
from lockgate.scripting.calling import Script
from lockgate.scripting.contract import ScriptConfig
from lockgate.scripting.program import Checker, Fault, Program

MAX_SCRIPT_BYTES: Final = 4 << 20
"""Of one script."""

_MODES: Final = ("blob", "file")
_LINE_ENDS: Final = re.compile(r"[\r\n]+")
_FIRST_NAME: Final = re.compile(r"\s*([A-Za-z_$][\w$]*)")
_BYTE_ORDER_MARK: Final = "\ufeff"
_MOST_KNOWN: Final = 512


@dataclass(frozen=True, slots=True)
class WrittenScript:
    """One script as a definition has it, whatever the format."""

    name: str
    """Of a blob, for stack traces: "GET /stock"."""
    source: str
    """Base64, or a path."""
    place: Place
    """Of ``source``."""
    mode: str = "blob"
    """blob or file."""
    mode_place: Place = ()
    consequence: str = "requests are answered with 500"
    """Without it."""


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """One script as it was read."""

    name: str
    """The file as the definition has it, or the endpoint."""
    text: str
    place: Place = ()
    """Of what names it."""
    file: str = ""
    """Where it is; "" for one that stands in the definition."""
    consequence: str = "requests are answered with 500"
    """Of leaving it out."""


@final
class ApiScripts:
    """The scripts of one definition, under way: first they are all added, then what they declare is asked for."""

    def __init__(self, making: Making, config: ScriptConfig) -> None:
        """Begin without any.

        Args:
            making: Of the definition.
            config: What scripts are told of the API.
        """
        self._making: Final = making
        self._config: Final = config
        self._virtual: Final[dict[str, list[ScriptSource]]] = {}
        self._plugins: Final[list[ScriptSource]] = []
        self._programs: Final[dict[str, Program]] = {}
        self._core: tuple[ScriptSource, ...] = ()
        self._checked = False
        self.unusable: Final[set[Place]] = set()
        """Places of sources that are not loaded, which was noted."""
        self.keeps = False
        """They have the functions ``TykStorage…``. Set before anything is asked for."""

    @property
    def runs(self) -> bool:
        """Whether the gateway runs scripts at all."""
        return self._making.settings.enable_jsvm

    def add_virtual(self, written: WrittenScript, version: str = "") -> None:
        """Add the script of a virtual endpoint of a version.

        Raises:
            RuntimeError: Something was asked for already.
        """
        source = read_script(written, self._making)
        if source is None:
            self.unusable.add(written.place)
        else:
            self._add(source, self._virtual.setdefault(version, []))

    def add_plugin(self, source: ScriptSource) -> None:
        """Add a script of plugins.

        Raises:
            RuntimeError: Something was asked for already.
        """
        self._add(source, self._plugins)

    def _add(self, source: ScriptSource, sources: list[ScriptSource]) -> None:
        if self._checked:
            raise RuntimeError("scripts are loaded already")
        sources.append(source)

    def script(self, name: str, version: str = "") -> Script:
        """Something that the scripts declare, as a version's links call it.

        Args:
            name: Any expression of JavaScript.
            version: Its scripts count before those of other versions, which it sees too.
        """
        if not self._checked:
            self._checked = True
            self._check()
        if version not in self._programs:
            others = [source for other, sources in self._virtual.items() if other != version for source in sources]
            sources = [*self._core, *others, *self._virtual.get(version, ()), *self._plugins]
            # Each version's scripts are a program of their own.
            owner = f"{self._config.api_id} {version}".rstrip()
            self._programs[version] = Program(owner, tuple(_without_repeats(sources)), self.keeps)
        making, settings = self._making, self._making.settings
        return Script(
            self._programs[version],
            name,
            self._config,
            settings.script_seconds,
            settings.ignore_canonical_mime_header_key,
            making.script_rules,
        )

    def declares(self, name: str, version: str = "") -> bool:
        """Whether any script that a version sees has the name at all, in its code or in a text."""
        found = _FIRST_NAME.match(name)
        if found is None:
            return bool(name.strip())
        word = re.compile(rf"(?<![\w$]){re.escape(found[1])}(?![\w$])")
        return any(word.search(text) for _, text in self.script(name, version).program.sources)

    def _check(self) -> None:
        """Find the gateway's own script, and leave out what V8 cannot parse."""
        path = self._making.settings.tyk_js_path
        if path and "\0" not in path:
            found = read_beside(path, self._making, MAX_SCRIPT_BYTES)
            # As on Tyk nothing is said where there is none.
            if found.raw is not None:
                core = ScriptSource(path, script_text(found.raw), file=str(found.path), consequence="it is not loaded")
                self._core = () if self._faults((core,)) else (core,)
        for sources in (*self._virtual.values(), self._plugins):
            faults = self._faults(sources)
            self.unusable.update(source.place for source in sources if source.text in faults)
            sources[:] = [source for source in sources if source.text not in faults]

    def usable(self, sources: Sequence[ScriptSource]) -> tuple[tuple[str, str], ...]:
        """Names and texts of scripts that are no API's own, behind the gateway's; what V8 cannot parse is noted.

        Returns:
            () where none of them can be used.
        """
        if not self._checked:
            self._checked = True
            self._check()
        faults = self._faults(sources)
        good = [source for source in sources if source.text not in faults]
        return tuple((source.name, source.text) for source in (*self._core, *good)) if good else ()

    def _faults(self, sources: Iterable[ScriptSource]) -> Mapping[str, Fault]:
        """Faults by text; each is noted."""
        sources = tuple(sources)
        faults = _faults_of(source.text for source in sources)
        for source in sources:
            fault = faults.get(source.text)
            if fault is not None:
                where = f"in line {fault.line}, column {fault.column}"
                message = f"the script does not compile {where}: {fault.message}; {source.consequence}"
                problem = Problem("bad-script", message, pointer(*source.place), Severity.WARNING)
                self._making.notes.problems.append(problem.at(source.file, fault.line) if source.file else problem)
        return faults


def _without_repeats(sources: Sequence[ScriptSource]) -> list[tuple[str, str]]:
    """Names and texts. A text that stands more than twice is loaded where it stands first and where it stands last.

    What is shown to people as its name is that of the first one, and how many others there are.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    names: dict[str, dict[str, None]] = {}
    for index, source in enumerate(sources):
        first.setdefault(source.text, index)
        last[source.text] = index
        names.setdefault(source.text, {})[source.name] = None
    kept = sorted({*first.values(), *last.values()})
    return [(_joint(tuple(names[sources[index].text])), sources[index].text) for index in kept]


def _joint(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


_KNOWN: Final[OrderedDict[bytes, Fault | None]] = OrderedDict()


def _faults_of(texts: Iterable[str]) -> Mapping[str, Fault]:
    """What V8 cannot parse, and why. What was looked at lately is not looked at again."""
    faults: dict[str, Fault] = {}
    with Checker() as checker:
        for text in dict.fromkeys(texts):
            key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            if key not in _KNOWN:
                _KNOWN[key] = checker.check(text)
                while len(_KNOWN) > _MOST_KNOWN:
                    _KNOWN.popitem(last=False)
            fault = _KNOWN.get(key)
            if fault is not None:
                faults[text] = fault
    return faults


# one script


def read_script(written: WrittenScript, making: Making) -> ScriptSource | None:
    """A script's text; None where there is none, which is noted."""
    notes = making.notes
    if making.unjudged(written.source) or making.unjudged(written.mode):
        return None
    if written.mode == "file":
        return _read_file(written, making)
    if written.mode != "blob":
        found = notes.show(written.mode, written.mode_place)
        message = f"expected 'blob' or 'file', found {found}: {written.consequence}"
        notes.warning("bad-value", message, written.mode_place, nearest(written.mode, _MODES))
        return None
    if making.settings.disable_virtual_path_blobs:
        message = f"the script has no effect, because disable_virtual_path_blobs is on: {written.consequence}"
        notes.warning("scripts-off", message, written.place)
        return None
    try:
        raw = base64.b64decode(_LINE_ENDS.sub("", written.source), validate=True)
    except (binascii.Error, ValueError):
        message = f"expected base64 of a script, found something else: {written.consequence}"
        notes.warning("bad-script", message, written.place)
        return None
    return ScriptSource(written.name, script_text(raw), written.place, "", written.consequence)


def _read_file(written: WrittenScript, making: Making) -> ScriptSource | None:
    file = read_named(
        "script", written.source, written.place, making, MAX_SCRIPT_BYTES, written.consequence, code="missing-script"
    )
    if file is None:
        return None
    path, raw = file
    return ScriptSource(written.source, script_text(raw), written.place, str(path), written.consequence)


def script_text(raw: bytes) -> str:
    """A script from the bytes of its file."""
    return decode_text(raw).removeprefix(_BYTE_ORDER_MARK)


# virtual endpoints


@dataclass(frozen=True, slots=True)
class WrittenEndpoint:
    """A virtual endpoint as a definition has it, whatever the format."""

    place: Place
    """Of its section."""
    function: str
    function_place: Place
    script: WrittenScript | None = None
    """None: the function is one of another script."""
    requires_session: bool = False
    proxy_on_error: bool = False
    version: str = ""


def consequence(*, proxy_on_error: bool) -> str:
    """What happens to requests whose script cannot be run."""
    return "requests go to the upstream" if proxy_on_error else "requests are answered with 500"


def add_virtual_endpoints(written: Iterable[WrittenEndpoint], scripts: ApiScripts) -> None:
    """Add the scripts of all virtual endpoints of a definition, in the order in which they are loaded."""
    for one in written:
        if one.script is not None and scripts.runs:
            scripts.add_virtual(one.script, one.version)


def virtual_endpoints(
    written: Iterable[WrittenEndpoint], scripts: ApiScripts, making: Making
) -> Mapping[Place, VirtualEndpoint]:
    """Configurations by place of the section, when all scripts are there. A gateway that runs none has none."""
    made: dict[Place, VirtualEndpoint] = {}
    for one in written:
        if not scripts.runs:
            message = "the virtual endpoint has no effect, because enable_jsvm is off: requests go to the upstream"
            making.notes.warning("scripts-off", message, one.place)
            continue
        script = scripts.script(one.function, one.version)
        usable = one.script is None or one.script.place not in scripts.unusable
        if usable and not making.unjudged(one.function) and not scripts.declares(one.function, one.version):
            found = making.notes.show(one.function, one.function_place)
            message = f"no script of the API has the function {found}: {consequence(proxy_on_error=one.proxy_on_error)}"
            making.notes.warning("missing-function", message, one.function_place)
        made[one.place] = VirtualEndpoint(script, one.requires_session, one.proxy_on_error)
    return made
