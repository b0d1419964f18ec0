import asyncio
import gzip
import random
from inspect import isawaitable

import pytest
from tests.helpers import Elsewhere, make_exchange, make_response, make_services

from lockgate.exchange import NOT_READ
from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares import content_encoding
from lockgate.middlewares.content_encoding import ContentEncoding, body_need, response
from lockgate.trace import Phase

PACKED = gzip.compress(b"hello", mtime=0)
GZIP = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("Content-Length", "25"))


def exchange_with(body=PACKED, headers=GZIP, method="GET", asked=(), **fields):
    answer = make_response(200, headers, body)
    return make_exchange(method, "/", asked, response=answer, **{"forwarded": True, **fields})


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(exchange_with(forwarded=False), id="a mock"),
        pytest.param(exchange_with(asked=(("accept-encoding", "gzip"),)), id="the client asked"),
        pytest.param(exchange_with(asked=(("Range", "bytes=0-3"),)), id="a range"),
        pytest.param(exchange_with(method="HEAD"), id="HEAD"),
        pytest.param(exchange_with(headers=(("Content-Encoding", "br"),)), id="another coding"),
        pytest.param(make_exchange(), id="no response"),
    ],
)
def test_leaves_alone(exchange):
    assert body_need(ContentEncoding(), exchange, Phase.RESPONSE) is BodyNeed.NONE
    assert response(ContentEncoding(), exchange, make_services()) == Continue(exchange)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        pytest.param(
            b"plain", "it is not gzip (Error -3 while decompressing data: incorrect header check)", id="plain"
        ),
        pytest.param(PACKED[:-1], "it is cut short", id="cut short"),
    ],
)
def test_a_broken_body_goes_on_as_it_came(body, failure):
    exchange = exchange_with(body)

    outcome = response(ContentEncoding(), exchange, make_services())

    assert outcome == Continue(exchange, failure=f"the response cannot be unpacked: {failure}")


def test_a_body_that_grows_too_much_goes_on_as_it_came(monkeypatch):
    monkeypatch.setattr(content_encoding, "MAX_UNPACKED_BYTES", 4)

    outcome = asyncio.run(response(ContentEncoding(), exchange_with(), make_services()))

    assert outcome == Continue(exchange_with(), failure="the response cannot be unpacked: it has more than 4 bytes")


@pytest.mark.parametrize("body", [b"", NOT_READ])
def test_without_a_body_nothing_happens(body):
    assert response(ContentEncoding(), exchange_with(body), make_services()) == Continue(exchange_with(body))


@pytest.mark.parametrize(("body", "expected"), [(PACKED, b"hello"), (PACKED + PACKED, b"hellohello")])
def test_unpacks(body, expected):
    outcome = response(ContentEncoding(), exchange_with(body), make_services())

    assert body_need(ContentEncoding(), exchange_with(body), Phase.RESPONSE) is BodyNeed.WRITE
    assert body_need(ContentEncoding(), exchange_with(body), Phase.REQUEST) is BodyNeed.NONE
    assert outcome == Continue(exchange_with(expected, GZIP[:1]))


@pytest.mark.parametrize(
    ("body", "computed"), [(b"hello", 0), (b"a" * 1_000_000, 1), (random.Random(1).randbytes(20_000), 1)]
)
async def test_much_is_unpacked_elsewhere(body, computed):
    elsewhere = Elsewhere()

    outcome = response(ContentEncoding(), exchange_with(gzip.compress(body)), make_services(elsewhere))
    outcome = await outcome if isawaitable(outcome) else outcome

    assert elsewhere.count == computed
    assert outcome.exchange.response.body == body
