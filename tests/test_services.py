import pytest

from lockgate.services import NotRecordedError, Outside, ServiceCall, Services, recorded


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
