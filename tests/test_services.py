import pytest
from tests.keys import Broken, World, make_session

from lockgate.services import (
    Count,
    Limit,
    NotRecordedError,
    Outside,
    ServiceCall,
    ServiceError,
    Services,
    Taken,
    recorded,
)


class Fixed:
    def now(self):
        return 7.5

    def new_id(self):
        return "an-id"

    def next_turn(self, name, count):
        return 1


def test_every_call_is_kept():
    services = Services(Outside(clock=Fixed(), ids=Fixed(), turns=Fixed()))

    assert (services.now(), services.new_id(), services.next_turn("a", 2)) == (7.5, "an-id", 1)
    assert services.calls == [
        ServiceCall("clock", "now", 7.5),
        ServiceCall("ids", "new_id", "an-id"),
        ServiceCall("turns", "next_turn", 1, ("a", 2)),
    ]


def test_a_recording_answers_again():
    calls = (
        ServiceCall("ids", "new_id", "first"),
        ServiceCall("clock", "now", 1.0),
        ServiceCall("ids", "new_id", "second"),
    )
    services = Services(recorded(calls))

    assert [services.new_id(), services.new_id(), services.now()] == ["first", "second", 1.0]


def test_what_was_not_recorded_is_said():
    services = Services(recorded((ServiceCall("clock", "now", 1.0),)))

    with pytest.raises(NotRecordedError, match=r"not recorded: ids\.new_id"):
        services.new_id()


LIMITS = [Limit("ann", "rate", 5, 10), Limit("ann", "quota", 2, 0)]


async def test_keys_and_limits_are_kept_as_plain_values():
    world = World()
    await world.keys.keep("not ann", "bob", make_session())
    services = Services(world.outside)

    assert await services.find_key(("ann", "bob")) is None
    taken = await services.take_limits(LIMITS)
    assert services.calls == [
        ServiceCall("sessions", "find", None, ("ann", "bob")),
        ServiceCall(
            "limits",
            "take",
            {"refused": None, "counts": [[4, taken.counts[0].renews_at], [1, 0.0]]},
            (["ann", "rate", 5, 10], ["ann", "quota", 2, 0]),
        ),
    ]


async def test_limits_are_replayed():
    call = ServiceCall("limits", "take", {"refused": 1, "counts": [[4, 7.5], [0, 0.0]]})

    assert await Services(recorded((call,))).take_limits(LIMITS) == Taken((Count(4, 7.5), Count(0, 0.0)), 1)


async def test_a_key_is_replayed():
    session = make_session(alias="ann", meta_data={"a": [1]})
    call = ServiceCall("sessions", "find", {"name": "ann", "session": dict(session.document)})
    found = await Services(recorded((call,))).find_key(("x", "ann"))

    assert found is not None
    assert (found.name, found.session) == ("ann", session)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"name": "bob", "session": dict(make_session().document)}, id="another key"),
        pytest.param({"name": "ann", "session": {}}, id="no session"),
        pytest.param({"name": "ann", "session": None}, id="null"),
        pytest.param({"name": "ann", "session": {**make_session().document, "access_rights": [1]}}, id="bad rights"),
        pytest.param("ann", id="text"),
    ],
)
async def test_a_recorded_key_that_is_none_is_not_recorded(answer):
    with pytest.raises(NotRecordedError):
        await Services(recorded((ServiceCall("sessions", "find", answer),))).find_key(("ann",))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"refused": None, "counts": [[1, 0]]}, id="one count for two limits"),
        pytest.param({"refused": 2, "counts": [[1, 0]] * 3}, id="no such limit"),
        pytest.param({"refused": None, "counts": ["x", "y"]}, id="no counts"),
        pytest.param(None, id="nothing"),
        pytest.param([], id="list"),
    ],
)
async def test_recorded_counts_that_are_none_are_not_recorded(answer):
    with pytest.raises(NotRecordedError):
        await Services(recorded((ServiceCall("limits", "take", answer),))).take_limits(LIMITS)


async def test_a_failure_is_kept_and_fails_again():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed, sessions=Broken(), limits=Broken()))
    again = services
    for _ in range(2):
        with pytest.raises(ServiceError, match="the store is away"):
            await again.find_key(("ann",))
        with pytest.raises(ServiceError, match="the store is away"):
            await again.take_limits(LIMITS)
        again = Services(recorded(tuple(services.calls)))


async def test_without_stores_there_are_no_keys_and_nothing_is_let_through():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed))

    assert await services.find_key(("ann",)) is None
    with pytest.raises(ServiceError):
        await services.take_limits(LIMITS)
