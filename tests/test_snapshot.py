import gc
import json
import weakref

import pytest
from tests.apis import oas, settings

from lockgate.loading import load_text
from lockgate.problems import Problem
from lockgate.settings import Settings
from lockgate.snapshot import Gateway, Snapshot


def definition(document, file):
    loaded = load_text(json.dumps(document), file, Settings())
    assert loaded.problems == ()
    return loaded.definitions[0]


ONE = definition(oas(name="one", listen="/one/"), "one.json")
TWO = definition(oas(name="two", listen="/two/"), "two.json")
HIDDEN = definition(oas(name="hidden", listen="/hidden/", internal=True), "hidden.json")
ONE_CHANGED = definition(oas(name="one", listen="/uno/"), "one.json")
ERROR = Problem("bad-value", "wrong", file="one.json")


def served(snapshot, path):
    found = snapshot.route("gateway.test", path)
    return None if found is None else found[0].definition.id


def test_apis_are_routed_and_internal_ones_are_not():
    snapshot = Snapshot([ONE, TWO, HIDDEN], Settings())

    assert served(snapshot, "/one/x") == "one"
    assert served(snapshot, "/two/x") == "two"
    assert served(snapshot, "/hidden/x") is None
    assert "hidden" in snapshot.apis


def test_strict_routes_are_the_settings():
    sample = definition(oas(name="sample", listen="/sample"), "sample.json")
    strict = settings(http_server_options={"enable_strict_routes": True})

    assert served(Snapshot([sample], Settings()), "/samplefoo") == "sample"
    assert served(Snapshot([sample], strict), "/samplefoo") is None


def test_a_reload_keeps_what_did_not_change():
    gateway = Gateway(Snapshot([ONE, TWO], Settings()))
    before = gateway.current

    report = gateway.reload([ONE_CHANGED, TWO], [])

    assert (report.generation, report.loaded, report.unchanged) == (2, ("one",), ("two",))
    assert gateway.current.apis["two"] is before.apis["two"]
    assert served(gateway.current, "/uno/x") == "one"
    assert served(before, "/one/x") == "one"


def test_what_does_not_load_keeps_its_last_good_version():
    gateway = Gateway(Snapshot([ONE, TWO], Settings()))

    report = gateway.reload([TWO], [ERROR])

    assert (report.kept, report.removed) == (("one",), ())
    assert served(gateway.current, "/one/x") == "one"


def test_what_is_gone_is_removed():
    gateway = Gateway(Snapshot([ONE, TWO], Settings()))

    report = gateway.reload([TWO], [])

    assert report.removed == ("one",)
    assert served(gateway.current, "/one/x") is None


def test_a_reload_that_cannot_be_compiled_changes_nothing():
    gateway = Gateway(Snapshot([ONE], Settings()))
    broken = definition(oas({"GET /a": {"block": {"enabled": True}}}, name="broken", listen="/b/"), "b.json")
    object.__setattr__(broken, "listen_path", "no slash")

    with pytest.raises(ValueError, match="begins with"):
        gateway.reload([broken], [])
    assert served(gateway.current, "/one/x") == "one"


def test_old_snapshots_are_collected():
    gateway = Gateway(Snapshot([ONE, TWO], Settings()))
    old = weakref.ref(gateway.current)

    gateway.reload([ONE_CHANGED, TWO], [])
    gc.collect()

    assert old() is None
