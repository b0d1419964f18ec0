from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Headers
from lockgate.middleware import Continue
from lockgate.middlewares.expires_header import ExpiresHeader, request


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(datetime(2199, 2, 3, 4, 5, tzinfo=UTC), "Sun, 03 Feb 2199 04:05:00 UTC", id="UTC"),
        pytest.param(
            datetime(2188, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1))),
            "Thu, 01 Jan 2189 00:59:00 UTC",
            id="another zone",
        ),
    ],
)
def test_every_answer_names_the_date(at, expected):
    outcome = request(ExpiresHeader(at), make_exchange(), make_services())

    assert outcome == Continue(make_exchange(answer_headers=Headers.of(("X-Tyk-Api-Expires", expected))))
