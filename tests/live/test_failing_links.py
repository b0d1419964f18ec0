"""A fault in any link of any phase: nothing goes upstream, nothing of the upstream's gets out, the next request works."""

import pytest

from lockgate.middlewares import REQUEST, RESPONSE, UPSTREAM
from lockgate.trace import Phase

pytestmark = pytest.mark.timeout(60)

LINKS = {
    phase: [middleware.name for middleware in chain if middleware.step(phase) is not None]
    for phase, chain in ((Phase.REQUEST, REQUEST), (Phase.UPSTREAM, UPSTREAM), (Phase.RESPONSE, RESPONSE))
}


async def test_every_link_fails_closed(start, upstream):
    @upstream.on("/a/x")
    async def _(call):
        await call.read_body()
        await call.answer(b"from upstream")

    gateway = await start({"listen": "/a/", "target": upstream.url}, breakable=True)
    connection = await gateway.connect()
    seen = {}
    for phase, names in LINKS.items():
        for name in names:
            for method, body in (("GET", b""), ("POST", b"abc")):
                upstream.calls.clear()
                answer = await connection.request(method, "/a/x", f"X-Break: {phase.value}:{name}", body=body)
                forwarded = len(upstream.calls)
                if answer.headers.get("connection") == "close":
                    connection.close()
                    connection = await gateway.connect()
                after = await connection.request("GET", "/a/x")
                seen[phase.value, name, method] = (
                    answer.status,
                    b"upstream" in answer.body,
                    forwarded,
                    (after.status, after.body),
                )

    served = (200, b"from upstream")
    assert seen == {
        (phase.value, name, method): (500, False, 1 if phase is Phase.RESPONSE else 0, served)
        for phase, names in LINKS.items()
        for name in names
        for method in ("GET", "POST")
    }
    assert sum(len(names) for names in LINKS.values()) >= len(REQUEST)
