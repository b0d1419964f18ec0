import pytest
from tests.keys import Clock, make_session

from lockgate.identity.keys import handle_of
from lockgate.services import Count, Limit, ServiceError, Taken
from lockgate.stores.memory import MemoryKeys, MemoryLimits, MemoryStorage, MemoryTurns


def test_turns_go_round_by_name():
    turns = MemoryTurns()

    assert [turns.next_turn("a", 3) for _ in range(4)] == [0, 1, 2, 0]
    assert turns.next_turn("b", 3) == 0


def test_fewer_targets_than_before():
    turns = MemoryTurns()
    for _ in range(5):
        turns.next_turn("a", 5)

    assert turns.next_turn("a", 2) in (0, 1)


async def test_the_first_key_that_there_is_is_found():
    keys, ann, bob = MemoryKeys(), make_session(alias="ann"), make_session(alias="bob")
    await keys.keep(handle_of("ann"), "ann", ann)
    await keys.keep(handle_of("bob"), "bob", bob)

    for names, expected in ((("cyd", "bob", "ann"), ("bob", bob)), (("ann",), ("ann", ann))):
        found = await keys.find(names)
        assert found is not None
        assert (found.name, found.session) == expected
    assert await keys.find(("ANN", "cyd", "")) is None
    assert await keys.find(()) is None


async def test_a_key_that_is_forgotten_is_gone():
    keys = MemoryKeys()
    await keys.keep(handle_of("ann"), "ann", make_session())

    assert await keys.forget(handle_of("ann"))
    assert not await keys.forget(handle_of("ann"))
    assert await keys.find(("ann",)) is None
    assert await keys.get(handle_of("ann")) is None
    assert await keys.shown() == []


async def test_keys_are_listed_as_they_are_shown():
    keys = MemoryKeys()
    for name, shown in (("a", "h1"), ("b", "h2"), ("c", "h1")):
        await keys.keep(handle_of(name), shown, make_session())

    assert await keys.shown() == ["h1", "h2", "h1"]
    assert await keys.handles("h1") == [handle_of("a"), handle_of("c")]
    assert await keys.handles("a") == []


async def test_a_limit_that_is_used_up_stops_the_ones_behind_it():
    clock = Clock()
    limits, now = MemoryLimits(clock), clock.now()
    first, second = Limit("ann", "rate", 1, 10), Limit("ann", "quota", 5, 0)

    assert await limits.take([first, second]) == Taken((Count(0, now + 10), Count(4, 0.0)))
    assert await limits.take([first, second]) == Taken((Count(0, now + 10),), 0)
    assert await limits.look("ann", "quota") == (1, 0.0)
    clock.time += 10
    assert await limits.take([first, second]) == Taken((Count(0, now + 20), Count(3, 0.0)))


async def test_what_is_refused_does_not_prolong_a_window():
    clock = Clock()
    limits, limit = MemoryLimits(clock), Limit("ann", "rate", 1, 10)
    taken = []
    for _ in range(5):
        taken.append((await limits.take([limit])).refused)
        clock.time += 4

    assert taken == [None, 0, 0, None, 0]


async def test_counts_are_apart_by_owner_and_scope():
    limits = MemoryLimits(Clock())
    for owner, scope in (("ann", "a"), ("ann", "b"), ("bob", "a")):
        assert (await limits.take([Limit(owner, scope, 1, 10)])).refused is None
    await limits.give_back("ann")

    assert await limits.look("ann", "a") is None
    assert await limits.look("bob", "a") is not None
    assert (await limits.take([Limit("bob", "a", 1, 10)])).refused == 0


@pytest.mark.parametrize(("retries", "refused"), [(0, 0), (1, 0), (5, None)])
async def test_a_request_over_a_limit_may_wait(retries, refused):
    class Running(Clock):
        """Moves with each look."""

        def now(self):
            self.time += 3
            return self.time

    limits = MemoryLimits(Running())
    limit = Limit("ann", "rate", 1, 10, 0.001, retries)
    assert (await limits.take([limit])).refused is None

    assert (await limits.take([limit])).refused == refused


async def test_a_window_that_is_over_is_not_told():
    clock = Clock()
    limits = MemoryLimits(clock)
    await limits.take([Limit("ann", "rate", 1, 10)])
    clock.time += 10

    assert await limits.look("ann", "rate") is None


async def test_what_scripts_keep_ends_with_its_time():
    clock = Clock()
    store = MemoryStorage(clock)
    assert await store.put("a", "1", 10)
    assert await store.put("b", "2", 0)

    assert [await store.time_left(name) for name in "abc"] == [10, -1, -2]
    clock.time += 9.5
    assert (await store.get("a"), await store.time_left("a")) == ("1", 1)
    clock.time += 0.5
    assert (await store.get("a"), await store.time_left("a")) == (None, -2)
    assert await store.get("b") == "2"
    assert await store.put("a", "3", 0, only_new=True)
    assert not await store.put("a", "4", 0, only_new=True)
    assert await store.get("a") == "3"
    await store.forget("a")
    await store.forget("a")
    assert await store.get("a") is None


async def test_a_number_keeps_the_time_that_it_began_with():
    clock = Clock()
    store = MemoryStorage(clock)

    assert [await store.count("n", 10) for _ in range(2)] == [1, 2]
    clock.time += 4
    assert (await store.count("n", 100), await store.time_left("n")) == (3, 6)
    clock.time += 6
    assert await store.count("n", 100) == 1
    await store.put("n", "-5", 0)
    assert await store.count("n", 0) == -4


@pytest.mark.parametrize("text", ["", "x", "1.5", "1 ", "9223372036854775807", "1" * 30, "٣"])
async def test_what_is_no_number_is_not_counted(text):
    store = MemoryStorage(Clock())
    await store.put("n", text, 0)

    with pytest.raises(ServiceError, match="not an integer"):
        await store.count("n", 0)
    assert await store.get("n") == text


async def test_a_store_that_is_full_keeps_what_it_has():
    clock = Clock()
    store = MemoryStorage(clock, most_bytes=1000)
    await store.put("a", "x" * 300, 10)
    await store.put("b", "x" * 200, 0)

    with pytest.raises(ServiceError, match="full"):
        await store.put("c", "x" * 300, 0)
    await store.put("b", "y" * 290, 0)
    with pytest.raises(ServiceError, match="full"):
        await store.put("b", "y" * 400, 0)
    assert await store.get("b") == "y" * 290
    clock.time += 10
    await store.put("c", "x" * 300, 0)
    await store.forget("b")
    await store.forget("c")
    await store.put("d", "x" * 790, 0)
