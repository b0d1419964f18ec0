"""Which version of an API a request gets, through the engine."""

import json

import pytest
from tests.apis import settings, tried

from lockgate.exchange import Response
from lockgate.middleware import Reason
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.forward import Forwarding
from lockgate.model import ApiDefinition, Section, Version, Versioning, VersionLocation
from lockgate.routing.listen import ListenPath
from lockgate.routing.pattern import compile_regex
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.urls import parse_target


def version(name, target, **sections):
    forward = Forwarding(parse_target(f"http://up.test/{target}"), ListenPath("/api/"), strip=True)
    return Version(name, {"forward": Section(forward), **{key: Section(value) for key, value in sections.items()}})


def api(api_id="base", versions=None, *, listen="/api/", **fields):
    made = versions if versions is not None else (version("", api_id),)
    return ApiDefinition(api_id, api_id, listen, strip_listen_path=True, versions=tuple(made), **fields)


def served(definitions, url="/api/x", headers=(), made=None):
    trace = tried(Snapshot(definitions, made or Settings()), "GET", url, headers, answer=Response(200))
    sent = trace.upstream_request
    return (trace.answer.status, sent.target if sent else json.loads(trace.answer.body)["error"])


OLD = [
    version("v1", "one"),
    version("v2", "two"),
    version("dead", "dead", expiration=Expiration(None, Reason.VERSION_EXPIRED)),
]


def old(**fields):
    options = {"location": VersionLocation.HEADER, "key": "X-Version"} | fields
    return [api(versions=OLD, versioning=Versioning(**options))]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param(None, (403, Reason.VERSION_NOT_NAMED.message), id="none"),
        pytest.param("", (403, Reason.VERSION_NOT_NAMED.message), id="empty"),
        pytest.param("V1", (403, Reason.VERSION_UNKNOWN.message), id="case counts"),
        pytest.param("dead", (403, Reason.VERSION_EXPIRED.message), id="expired"),
        pytest.param("v1", (200, "/one/x"), id="first"),
        pytest.param("v2", (200, "/two/x"), id="second"),
    ],
)
def test_versions_of_one_api(named, expected):
    headers = () if named is None else (("x-version", named),)

    assert served(old(), headers=headers) == expected


@pytest.mark.parametrize(
    ("default", "fallback", "named", "expected"),
    [
        pytest.param("v2", False, None, (200, "/two/x"), id="default"),
        pytest.param("v2", False, "v9", (403, Reason.VERSION_UNKNOWN.message), id="no fallback"),
        pytest.param("v2", True, "v9", (200, "/two/x"), id="fallback"),
        pytest.param("none", False, None, (403, Reason.VERSION_UNKNOWN.message), id="unknown default"),
        pytest.param("none", True, "v9", (500, Reason.INTERNAL.message), id="fallback to nothing"),
    ],
)
def test_defaults(default, fallback, named, expected):
    headers = () if named is None else (("X-Version", named),)

    assert served(old(default=default, fallback=fallback), headers=headers) == expected


def test_the_default_is_told_in_a_header():
    of = Snapshot(old(default="v2"), settings(version_header="X-Used"))

    assert tried(of, url="/api/x").answer.headers.get("x-used") == "v2"
    assert "x-used" not in tried(of, url="/api/x", headers=(("X-Version", "v1"),)).answer.headers


def test_a_header_is_stripped():
    trace = tried(
        Snapshot(old(strip=True), Settings()), url="/api/x", headers=(("X-Version", "v1"), ("x-version", "v2"))
    )

    assert "x-version" not in trace.upstream_request.headers


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("/api/x?v=v1", "/one/x", id="alone"),
        pytest.param("/api/x?z=1&v=v1&a=b%20c&a=2", "/one/x?a=b+c&a=2&z=1", id="the rest is sorted"),
    ],
)
def test_a_parameter_is_stripped(url, target):
    assert served(old(location=VersionLocation.QUERY, key="v", strip=True), url) == (200, target)


def test_stripping_a_parameter_keeps_the_others():
    assert served(old(location=VersionLocation.QUERY, key="v", strip=True), "/api/x?z=1&v=v2&q=a;b") == (
        200,
        "/two/x?q=a;b&z=1",
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/api/v1/x", (200, "/one/x"), id="cut"),
        pytest.param("/api/v1", (200, "/one/v1"), id="nothing behind it"),
        pytest.param("/api/other/x", (200, "/two/other/x"), id="not cut, default"),
    ],
)
def test_a_segment(url, expected):
    of = old(location=VersionLocation.URL, strip=True, default="v2", fallback=True, pattern=compile_regex("^v[0-9]+$"))

    assert served(of, url) == expected


def test_no_location_is_never_named():
    assert served(old(location=VersionLocation.NOWHERE), headers=(("X-Version", "v1"),))[0] == 403


def test_no_version_at_all():
    assert served([api(versions=(), refusal=Reason.VERSION_NONE)]) == (403, Reason.VERSION_NONE.message)


# Versions that are APIs


def base(children, **fields):
    options = {"location": VersionLocation.HEADER, "key": "X-V", "name": "v1", "default": "self"} | fields
    return api(versioning=Versioning(children=children, **options))


CHILD = api("two", listen="/two/", internal=True)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param(None, (200, "/base/x"), id="default"),
        pytest.param("v1", (200, "/base/x"), id="the base's own name"),
        pytest.param("v2", (200, "/two/x"), id="child"),
        pytest.param("v9", (404, Reason.VERSION_UNKNOWN.message), id="unknown"),
        pytest.param("lost", (500, Reason.INTERNAL.message), id="not loaded"),
    ],
)
def test_children(named, expected):
    headers = () if named is None else (("X-V", named),)

    assert served([base({"v2": "two", "lost": "nobody"}), CHILD], headers=headers) == expected


def test_a_child_that_is_a_base_looks_the_same_name_up():
    middle = api(
        "two",
        listen="/two/",
        versioning=Versioning(VersionLocation.HEADER, "X-Minor", name="v2", default="self", children={"m1": "min"}),
    )
    least = api("min", listen="/min/")
    definitions = [base({"v2": "two"}), middle, least]

    assert served(definitions, headers=(("X-V", "v2"), ("X-Minor", "m1"))) == (200, "/two/x")
    assert served(definitions, "/two/x", headers=(("X-Minor", "m1"),)) == (200, "/min/x")


def test_versions_of_one_another_end():
    one = base({"v2": "two"}, default="v2", fallback=True)
    two = api(
        "two",
        listen="/two/",
        versioning=Versioning(VersionLocation.HEADER, "X-V", default="v2", children={"v2": "base"}),
    )

    assert served([one, two])[0] == 500
