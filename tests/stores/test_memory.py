from lockgate.stores.memory import MemoryTurns


def test_turns_go_round_by_name():
    turns = MemoryTurns()

    assert [turns.next_turn("a", 3) for _ in range(4)] == [0, 1, 2, 0]
    assert turns.next_turn("b", 3) == 0


def test_fewer_targets_than_before():
    turns = MemoryTurns()
    for _ in range(5):
        turns.next_turn("a", 5)

    assert turns.next_turn("a", 2) in (0, 1)
