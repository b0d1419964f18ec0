from tests.helpers import make_exchange, make_response, make_services

from lockgate.middleware import Continue
from lockgate.middlewares.rate_limit_headers import RateLimitHeaders, response

ZEROS = (("X-Ratelimit-Limit", "0"), ("X-Ratelimit-Remaining", "0"), ("X-Ratelimit-Reset", "0"))


def test_replaces_what_the_upstream_said():
    said = (("x-ratelimit-limit", "9"), ("X-A", "1"), ("X-Ratelimit-Reset", "9"))
    exchange = make_exchange(response=make_response(200, said))

    outcome = response(RateLimitHeaders(), exchange, make_services())

    assert outcome == Continue(make_exchange(response=make_response(200, (("X-A", "1"), *ZEROS))))


def test_without_a_response_nothing_happens():
    assert response(RateLimitHeaders(), make_exchange(), make_services()) == Continue(make_exchange())
