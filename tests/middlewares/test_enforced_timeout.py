from tests.chains import make_api, passed
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Upstream
from lockgate.middleware import Continue, Rule
from lockgate.middlewares.enforced_timeout import EnforcedTimeout, upstream

HERE = Upstream("http", "upstream.test", 8000)
LIMITED = Upstream("http", "upstream.test", 8000, total_timeout_seconds=0.5)


def test_without_an_upstream_nothing_happens():
    assert upstream(EnforcedTimeout(1), make_exchange(), make_services()) == Continue(make_exchange())


def test_zero_sets_nothing():
    exchange = make_exchange(upstream=LIMITED)

    assert upstream(EnforcedTimeout(0), exchange, make_services()) == Continue(exchange)


def test_sets_the_limit_of_the_whole_exchange():
    outcome = upstream(EnforcedTimeout(0.5), make_exchange(upstream=HERE), make_services())

    assert outcome == Continue(make_exchange(upstream=LIMITED))


def test_tc_timeout_duration_field():
    api = make_api(
        {"enforced_timeout": EnforcedTimeout(3)},
        Rule("enforced_timeout", "/slow", "GET", EnforcedTimeout(0.5)),
    )

    assert passed(api, "GET", "/api/slow").upstream.total_timeout_seconds == 0.5
    assert passed(api, "GET", "/api/fast").upstream.total_timeout_seconds == 3
    assert passed(api, "POST", "/api/slow").upstream.total_timeout_seconds == 3
