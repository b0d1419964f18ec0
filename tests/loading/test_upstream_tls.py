import pytest
from tests.apis import oas
from tests.live.authority import Authority
from tests.loading.documents import classic, codes, load_document, only

from lockgate.exchange import UpstreamTls
from lockgate.middlewares.forward import Forwarding
from lockgate.problems import Severity
from lockgate.settings import Own, Settings

STORED = "5f" * 32


@pytest.fixture
def both(tmp_path):
    """A file with a certificate and its key."""
    file = tmp_path / "both.pem"
    parts = Authority(tmp_path).issue("gateway.test")
    file.write_bytes(b"".join((tmp_path / part).read_bytes() for part in parts))
    return str(file)


def forwarding(loaded):
    found = only(loaded)[1].sections["forward"].config
    assert isinstance(found, Forwarding)
    return found


def load_oas(settings=None, **upstream):
    document = oas()
    document["x-tyk-api-gateway"]["upstream"] |= upstream
    return load_document(document, settings)


def mapping(*pairs):
    listed = [{"domain": domain, "certificate": certificate} for domain, certificate in pairs]
    return {"enabled": True, "domainToCertificateMapping": listed}


def test_nothing_unusual_is_left_to_the_host():
    for loaded in (load_oas(), load_document(classic()), load_oas(tlsTransport={"insecureSkipVerify": False})):
        assert forwarding(loaded).tls is None


def test_both_formats_say_the_same():
    loaded = load_oas(tlsTransport={"insecureSkipVerify": True, "minVersion": "1.1", "maxVersion": "1.3"})
    transport = {"ssl_insecure_skip_verify": True, "ssl_min_version": 770, "ssl_max_version": 772}
    written = load_document(classic(proxy={"transport": transport}))
    expected = UpstreamTls(verify=False, min_version="1.1", max_version="1.3")
    assert forwarding(loaded).tls == forwarding(written).tls == expected
    assert (loaded.problems, written.problems) == ((), ())


def test_a_definition_goes_before_the_settings():
    settings = Settings(proxy_ssl_min_version=772, own=Own(upstream_ca_files=("ca.pem",)), folder="conf")
    usual = UpstreamTls(ca_files=("conf/ca.pem",), min_version="1.3")
    assert forwarding(load_oas(settings)).tls == usual
    changed = forwarding(load_oas(settings, tlsTransport={"minVersion": "1.2"})).tls
    assert changed == UpstreamTls(ca_files=("conf/ca.pem",), min_version="1.2")


def test_a_certificate_is_chosen_by_host(both):
    loaded = load_oas(mutualTLS=mapping(("*.A.test", both)), tlsTransport={"insecureSkipVerify": True})
    assert forwarding(loaded).tls_by_host == {"*.a.test": UpstreamTls(verify=False, client_cert_file=both)}
    written = load_document(classic(upstream_certificates={"*": both}))
    assert forwarding(written).tls_by_host == {"*": UpstreamTls(client_cert_file=both)}
    off = load_document(classic(upstream_certificates={"*": both}, upstream_certificates_disabled=True))
    assert forwarding(off).tls_by_host == {}


def test_ids_of_certificates_are_not_known():
    for loaded in (
        load_oas(mutualTLS=mapping(("a.test", STORED))),
        load_document(classic(upstream_certificates={"*": STORED})),
    ):
        assert codes(loaded) == ["unsupported-section"]
        assert forwarding(loaded).tls_by_host == {}


def test_what_cannot_be_used_is_said(tmp_path):
    gone = str(tmp_path / "gone.pem")
    for loaded in (
        load_oas(mutualTLS=mapping(("a.test", gone))),
        load_document(classic(upstream_certificates={"*": gone})),
    ):
        (problem,) = loaded.problems
        assert (problem.code, problem.severity) == ("bad-certificate", Severity.ERROR)
        assert gone in problem.message
    assert codes(load_oas(tlsTransport={"minVersion": "1.3", "maxVersion": "1.2"})) == ["bad-value"]
    assert codes(load_oas(tlsTransport={"ciphers": ["NONE_SUCH"]})) == ["bad-value"]


def test_settings_are_part_of_what_a_definition_is():
    hashes = {
        load_oas(settings).definitions[0].content_hash for settings in (Settings(), Settings(proxy_ssl_min_version=772))
    }
    assert len(hashes) == 2
