import pytest

from lockgate.routing.listen import ListenPath
from lockgate.routing.table import DomainTable, RouteTable


def table(*listen_paths, strict=False):
    return RouteTable([(f"id{number}", ListenPath(path)) for number, path in enumerate(listen_paths)], strict=strict)


def served(routes, path):
    route = routes.find(path)
    return None if route is None else route.api


@pytest.mark.parametrize("path", ["/", "/pet", "/Pets/", "/id9/x", "/id0", ""])
def test_what_no_prefix_leads_to_is_not_found(path):
    assert served(table("/pets/"), path) is None


@pytest.mark.parametrize(
    ("path", "api"),
    [
        pytest.param("/pets/7", 0, id="listen path"),
        pytest.param("/pets/store/7", 1, id="longest wins"),
        pytest.param("/id0/x", 0, id="by API id"),
        pytest.param("/samplefoo", 2, id="inside a segment"),
        pytest.param("/v/7/tail", 3, id="template"),
    ],
)
def test_prefixes(path, api):
    assert served(table("/pets/", "/pets/store/", "/sample", "/{name}/7/"), path) == api


def test_a_strict_miss_does_not_fall_through():
    routes = table("/sample", "/", strict=True)

    assert served(routes, "/samplefoo") is None
    assert served(routes, "/sample/foo") == 0
    assert served(routes, "/sample") == 0


def test_segments_that_are_placeholders_do_not_count_for_the_order():
    assert served(table("/{a}/{b}/", "/x/"), "/x/y/") == 1


def test_the_first_of_two_equal_prefixes_keeps_it():
    assert served(table("/x/", "/x/"), "/x/y") == 0


def domains(*apis, **options):
    return DomainTable(
        [(f"id{number}", ListenPath(path), domain) for number, (path, domain) in enumerate(apis)], **options
    )


@pytest.mark.parametrize(
    ("host", "api"),
    [
        pytest.param("green.test", 0, id="another host gets what has no domain"),
        pytest.param("RED.test", 0, id="case counts"),
        pytest.param("a.b.any.test", 0, id="a variable is one label"),
        pytest.param("", 0, id="no host"),
        pytest.param("red.test", 1, id="its own"),
        pytest.param("red.test:99", 1, id="the port does not count"),
        pytest.param("acme.any.test", 2, id="variable"),
    ],
)
def test_domains(host, api):
    table = domains(("/x/", ""), ("/x/", "red.test"), ("/x/", "{tenant}.any.test"))

    assert table.find(host, "/x/y").api == api


def test_a_domain_falls_back_to_apis_without_one_for_other_paths():
    assert domains(("/y/", ""), ("/x/", "red.test")).find("red.test", "/y/").api == 0


def test_a_host_name_of_the_gateway_is_asked_for():
    table = domains(("/x/", ""), hostname="gw.test")

    assert table.find("gw.test:80", "/x/").api == 0
    assert table.find("other.test", "/x/") is None
