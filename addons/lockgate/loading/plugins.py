"""Plugins of a definition, whatever its format: which of them run, and the scripts that they are in.

A script that cannot be read is noted, and left out: the request that needs it is answered 500, as on Tyk. A plugin of
another driver that keeps something out makes the API answer 503.

Source: behaviour-scripting 4.1 to 4.4.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lockgate.decoding.shapes import Place, nearest
from lockgate.identity.credentials import Places
from lockgate.loading.authentication import CUSTOM_AUTH, Keys
from lockgate.loading.bundles import Bundle, BundleError, merged, read_bundle
from lockgate.loading.making import Making
from lockgate.loading.plugin_entries import Entry, Hook, Hooks, Written
from lockgate.loading.scripts import ApiScripts, ScriptSource, WrittenScript, read_script, script_text
from lockgate.middlewares.script_auth import ScriptAuth
from lockgate.middlewares.script_post import ScriptPost
from lockgate.middlewares.script_post_auth import ScriptPostAuth
from lockgate.middlewares.script_pre import ScriptPre
from lockgate.middlewares.script_response import ScriptResponse
from lockgate.model import Section
from lockgate.scripting.plugins import Plugin

JAVASCRIPT: Final = ("otto", "goja", "javascript")
"""Drivers whose plugins run here: three names for one engine."""

_KEEPING: Final = ("goja", "javascript")
"""Those whose scripts have the functions ``TykStorage…``."""
_ELSEWHERE: Final = ("python", "grpc", "goplugin")
"""Drivers that a gateway has besides."""
_FOLDERS: Final = ("pre", "auth", "post_auth", "post")
_WITH_SESSION: Final = "_with_session"
_LINE_ENDS: Final = re.compile(r"[\r\n]+")
_SECTIONS: Final[Mapping[Hook, tuple[str, Callable[[tuple[Plugin, ...], bool], object]]]] = {
    Hook.PRE: ("script_pre", ScriptPre),
    Hook.POST_KEY_AUTH: ("script_post_auth", ScriptPostAuth),
    Hook.POST: ("script_post", ScriptPost),
    Hook.RESPONSE: ("script_response", ScriptResponse),
}
"""Middleware of each hook, but for authentication."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """The plugins of one API that run."""

    hooks: Hooks = field(default_factory=dict)
    """In the order in which they run."""
    checks_auth: bool = False
    """A plugin authenticates requests."""
    auth_place: Place = ()
    """Of what asks for that."""


def plugins_of(written: Written, scripts: ApiScripts, making: Making) -> Plugins:
    """What is to run. What does not is noted.

    Args:
        written: Of the definition.
        scripts: Of the definition; those of the plugins are added.
        making: Of the definition.
    """
    bundle: Bundle | None = None
    if written.bundle:
        bundle = _bundle_of(written, making)
        if bundle is None:
            return Plugins()
        written = _unpacked(written, bundle)
    if not _runs(written, making):
        return Plugins()
    scripts.keeps = written.driver in _KEEPING
    hooks = written.hooks
    in_folder = _in_folder(written, making)
    checks = _checks((*hooks.get(Hook.AUTH_CHECK, ()), *in_folder.get(Hook.AUTH_CHECK, ())), written, making)
    # Files of folders come behind the definition's, but for those after authentication, which come before.
    order = (
        *checks,
        *(one for hook in (Hook.PRE, Hook.POST) for one in hooks.get(hook, ())),
        *(one for hook, entries in in_folder.items() if hook is not Hook.AUTH_CHECK for one in entries),
        *(one for hook in (Hook.POST_KEY_AUTH, Hook.RESPONSE) for one in hooks.get(hook, ())),
    )
    if scripts.runs:
        before: tuple[str, str] | None = None
        for one in order:
            source = _source(one, bundle, scripts, making)
            # Of several plugins of one file it is loaded once.
            if source is not None and (source.name, source.text) != before:
                before = (source.name, source.text)
                scripts.add_plugin(source)
    elif order or written.checks_auth:
        message = "plugins do not run, because enable_jsvm is off: requests are answered with 500"
        making.notes.warning("scripts-off", message, order[0].place if order else written.auth_place)
    joined = {
        Hook.PRE: (*hooks.get(Hook.PRE, ()), *in_folder.get(Hook.PRE, ())),
        Hook.AUTH_CHECK: checks,
        Hook.POST_KEY_AUTH: (*in_folder.get(Hook.POST_KEY_AUTH, ()), *hooks.get(Hook.POST_KEY_AUTH, ())),
        Hook.POST: (*hooks.get(Hook.POST, ()), *in_folder.get(Hook.POST, ())),
        Hook.RESPONSE: hooks.get(Hook.RESPONSE, ()),
    }
    return Plugins(
        {hook: entries for hook, entries in joined.items() if entries},
        checks_auth=written.checks_auth,
        auth_place=written.auth_place,
    )


def _checks(entries: tuple[Entry, ...], written: Written, making: Making) -> tuple[Entry, ...]:
    """The plugin that authenticates: there is one, and the definition's counts before those of the folder."""
    runs = entries[:1] if written.checks_auth else ()
    why = f"{runs[0].name!r} authenticates requests" if runs else "nothing asks for custom authentication"
    for one in entries[len(runs) :]:
        making.notes.warning("plugin-not-run", f"the plugin {one.name!r} does not run: {why}", one.place)
    return runs


def plugin_sections(
    plugins: Plugins, scripts: ApiScripts, making: Making, keys: Keys | None, version: str = ""
) -> Iterator[tuple[str, Section]]:
    """The sections of plugins, when all scripts are there.

    Args:
        plugins: Of the definition.
        scripts: Of the definition.
        making: Of the definition.
        keys: How the API authenticates; None where it does not.
        version: Whose sections they are.
    """

    def made(one: Entry) -> Plugin:
        return Plugin(scripts.script(one.name, version), one.session)

    for hook, (name, config) in _SECTIONS.items():
        entries = plugins.hooks.get(hook, ())
        if not entries or (hook is Hook.POST_KEY_AUTH and keys is None):
            continue
        place = next((one.place for one in entries if one.place), ())
        # Without a place for each of them: the list's.
        place = place[:-1] if place and isinstance(place[-1], int) else place
        run = tuple(made(one) for one in entries) if scripts.runs else ()
        yield name, Section(config(run, scripts.runs), making.pointer(place))
    if plugins.checks_auth and keys is not None:
        entry = next(iter(plugins.hooks.get(Hook.AUTH_CHECK, ())), None)
        check = made(entry) if entry is not None and scripts.runs else None
        identifies = keys.identity in ("", CUSTOM_AUTH)
        config_of_check = ScriptAuth(check, keys.plugin or Places(), identifies, scripts.runs)
        yield "script_auth", Section(config_of_check, making.pointer(plugins.auth_place))


def note_plugins(plugins: Plugins, scripts: ApiScripts, making: Making, version: str = "") -> None:
    """Note plugins that no script declares, when all scripts are there."""
    if not scripts.runs:
        return
    if plugins.checks_auth and Hook.AUTH_CHECK not in plugins.hooks:
        message = "there is no plugin for custom authentication: every request is answered with 500"
        making.notes.warning("missing-function", message, plugins.auth_place)
    for entries in plugins.hooks.values():
        for one in entries:
            if not one.name or making.unjudged(one.name) or scripts.declares(one.name, version):
                continue
            # What is known only now: a script that does not compile has been told.
            if _source_place(one) not in scripts.unusable:
                message = f"no script of the API has the variable {one.name!r}: requests are answered with 500"
                making.notes.warning("missing-function", message, one.place)


# ── drivers ──


def _runs(written: Written, making: Making) -> bool:
    """Whether the driver is one of ours; where it is not, what follows from that is noted."""
    driver, notes = written.driver, making.notes
    if driver in JAVASCRIPT:
        return True
    in_folder = _in_folder(written, making) if not driver and _folder_of(written, making).is_dir() else {}
    entries = tuple(
        one
        for hooks in (written.hooks, in_folder)
        for hook in Hook
        if hook is not Hook.AUTH_CHECK
        for one in hooks.get(hook, ())
    )
    if driver in _ELSEWHERE:
        for one in entries:
            notes.unsupported(f"plugins of driver {driver!r}", one.place, restricts=True)
        if written.checks_auth:
            notes.unsupported(f"custom authentication with driver {driver!r}", written.auth_place, restricts=True)
        return False
    shown = notes.show(driver, written.driver_place) if driver else "no driver"
    hint = nearest(driver, JAVASCRIPT[:1]) or "plugins in JavaScript have the driver 'otto'"
    for one in entries:
        message = f"the plugin {one.name!r} does not run, here as on Tyk: {_no_driver(shown, named=bool(driver))}"
        notes.warning("plugin-not-run", message, one.place, hint)
    if written.checks_auth:
        name = "custom authentication" if not driver else f"custom authentication with driver {driver!r}"
        notes.unsupported(name, written.auth_place, restricts=True)
    return False


def _no_driver(shown: str, *, named: bool) -> str:
    return f"there is no driver {shown}" if named else "its definition names no driver"


# ── folders ──


def _folder_of(written: Written, making: Making) -> Path:
    return Path(making.settings.folder) / making.settings.middleware_path / written.api_id.replace("\0", "/")


def _in_folder(written: Written, making: Making) -> dict[Hook, tuple[Entry, ...]]:
    """The plugins in the API's own folder within ``middleware_path``, sorted by name."""
    folder = _folder_of(written, making)
    if folder.name != written.api_id or folder.name in ("", ".", "..") or making.origin.refuses(folder):
        return {}
    # Watched, so that a folder that comes is seen.
    making.files[str(folder)] = ""
    made: dict[Hook, tuple[Entry, ...]] = {}
    for part in _FOLDERS:
        hook = {"auth": Hook.AUTH_CHECK, "post_auth": Hook.POST_KEY_AUTH}.get(part) or Hook(part)
        entries = tuple(_folder_entries(folder / part, hook, making))
        if entries:
            made[hook] = entries
    return made


def _folder_entries(folder: Path, hook: Hook, making: Making) -> Iterator[Entry]:
    try:
        names = [] if making.origin.refuses(folder) else sorted(one.name for one in folder.iterdir() if one.is_file())
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"cannot read the folder of plugins {str(folder)!r}: {error.strerror}"
        making.notes.warning("missing-script", message, ())
        return
    making.files[str(folder)] = hashlib.sha256(repr(names).encode("utf-8", "surrogatepass")).hexdigest()
    for file in names:
        if ".js" not in file:
            message = f"{file!r} in the folder of plugins {str(folder)!r} is not loaded: its name has no '.js'"
            making.notes.warning("plugin-not-run", message, ())
            continue
        name = file.partition(".")[0]
        session = name.endswith(_WITH_SESSION) and hook in (Hook.POST, Hook.POST_KEY_AUTH)
        yield Entry(name, path=str(folder / file), session=session)


# ── scripts ──


def _source(one: Entry, bundle: Bundle | None, scripts: ApiScripts, making: Making) -> ScriptSource | None:
    """A plugin's script; None where it has none of its own, or where it cannot be read, which is noted."""
    notes = making.notes
    place = _source_place(one)
    consequence = f"requests that need {one.name!r} are answered with 500"
    if not one.name:
        consequence = "requests are answered with 500"
        notes.warning("missing-script", f"the plugin has no name: {consequence}", place)
    if making.unjudged(one.path) or making.unjudged(one.code) or not (one.code or one.path):
        return None
    source: ScriptSource | None = None
    if one.code:
        raw = _decoded(one.code)
        if raw is None:
            message = f"expected base64 of a script, found something else: {consequence}"
            notes.warning("bad-script", message, place)
        else:
            source = ScriptSource(f"{one.name or 'code'}.js", script_text(raw), place, "", consequence)
    elif bundle is not None and one.path in bundle.scripts:
        source = ScriptSource(one.path, script_text(bundle.scripts[one.path]), place, "", consequence)
    elif ".js" not in one.path.rpartition("/")[2]:
        message = f"the file {notes.show(one.path, place)} is not loaded, its name has no '.js': {consequence}"
        notes.warning("missing-script", message, place)
    else:
        source = read_script(WrittenScript(one.name, one.path, place, "file", consequence=consequence), making)
    if source is None:
        scripts.unusable.add(place)
    return source


def _source_place(one: Entry) -> Place:
    """Of what names a plugin's script."""
    if one.code:
        return (*one.place, "code")
    return (*one.place, one.path_key) if one.place and one.path and one.path_key else one.place


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(_LINE_ENDS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


# ── bundles ──


def _bundle_of(written: Written, making: Making) -> Bundle | None:
    """The bundles that a definition names, as one; None where that cannot be had, and the API answers 503."""
    names = [name.strip() for name in written.bundle.split(",") if name.strip()]
    try:
        return merged([read_bundle(name, written.bundle_place, making) for name in names])
    except BundleError as error:
        message = f"the bundle {making.notes.show(written.bundle, written.bundle_place)} cannot be used: {error}"
        making.broken.append(message)
        making.notes.error("unsupported-bundle", f"{message}; the API answers 503", written.bundle_place, error.hint)
        return None


def _unpacked(written: Written, bundle: Bundle) -> Written:
    """With the plugins of the bundle instead of the definition's."""
    return replace(written, driver=bundle.driver, driver_place=written.bundle_place, hooks=bundle.hooks)
