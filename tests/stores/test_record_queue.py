"""Records on their way: bounded, counted, and never in anybody's way."""

import threading
from dataclasses import dataclass

import pytest

from lockgate.stores import record_queue
from lockgate.stores.record_queue import Complaints, RecordCounts, RecordQueue

SECONDS = 10.0


@dataclass(frozen=True)
class Entry:
    number: int
    size: int = 1

    def plain(self):
        return {"number": self.number}


class Sink:
    """Keeps what it gets, once it may."""

    def __init__(self, failing=lambda record: False):
        self.written, self.batches, self.closed = [], [], False
        self.threads = set()
        self.may = threading.Event()
        self.may.set()
        self.entered = threading.Event()
        self.failing = failing

    async def write(self, batch):
        self.threads.add(threading.current_thread())
        self.entered.set()
        assert self.may.wait(SECONDS)
        self.batches.append(len(batch))
        failed = [record for record in batch if self.failing(record)]
        self.written += [record.number for record in batch if record not in failed]
        return failed

    async def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(record_queue, "GATHER_SECONDS", 0.0)


def test_records_are_kept_in_order_in_another_thread():
    sink = Sink()
    queue = RecordQueue(sink, 2000)
    for number in range(1200):
        assert queue.put(Entry(number))
    queue.close()

    assert sink.written == list(range(1200))
    assert max(sink.batches) <= record_queue.BATCH
    assert sink.threads.isdisjoint({threading.current_thread()})
    assert sink.closed
    assert queue.counts == RecordCounts(written=1200)


def blocked(limit, **options):
    """A queue whose sink is busy with a record of its own."""
    sink = Sink()
    sink.may.clear()
    queue = RecordQueue(sink, limit, **options)
    queue.put(Entry(-1))
    assert sink.entered.wait(SECONDS)
    return queue, sink


def test_what_does_not_fit_is_dropped_and_counted(caplog):
    queue, sink = blocked(3)
    kept = [queue.put(Entry(number)) for number in range(10)]

    assert kept == [True] * 3 + [False] * 7
    assert queue.counts == RecordCounts(dropped=7, waiting=3)
    sink.may.set()
    queue.close()
    assert sink.written == [-1, 0, 1, 2]
    assert queue.counts == RecordCounts(written=4, dropped=7)
    assert len([line for line in caplog.records if "dropped" in line.getMessage()]) == 1


def test_large_records_are_dropped_sooner():
    queue, sink = blocked(1000, most_bytes=100)

    assert [queue.put(Entry(number, size=40)) for number in range(3)] == [True, True, False]
    sink.may.set()
    queue.close()
    assert queue.counts == RecordCounts(written=3, dropped=1)


def test_room_is_made_by_what_was_written():
    queue, sink = blocked(1000, most_bytes=100)
    queue.put(Entry(1, size=90))
    assert not queue.put(Entry(2, size=90))
    sink.may.set()
    for _ in range(1000):
        if queue.counts.written == 2:
            break
        threading.Event().wait(0.01)

    assert queue.put(Entry(3, size=90))
    queue.close()
    assert sink.written == [-1, 1, 3]


def test_what_a_sink_could_not_keep_is_counted():
    sink = Sink(lambda record: record.number % 2)
    queue = RecordQueue(sink, 100)
    for number in range(10):
        queue.put(Entry(number))
    queue.close()

    assert queue.counts == RecordCounts(written=5, failed=5)


def test_a_sink_that_breaks_loses_its_batch_and_no_more(caplog):
    class Broken(Sink):
        async def write(self, batch):
            failed = await super().write(batch)
            if -1 in self.written and len(self.batches) == 1:
                raise RuntimeError("broken")
            return failed

    sink = Broken()
    sink.may.clear()
    queue = RecordQueue(sink, 100)
    queue.put(Entry(-1))
    assert sink.entered.wait(SECONDS)
    queue.put(Entry(1))
    sink.may.set()
    queue.close()

    assert queue.counts == RecordCounts(written=1, failed=1)


def test_closing_waits_for_what_is_there_but_not_for_ever(caplog):
    queue, sink = blocked(100)
    queue.put(Entry(1))
    queue.close(seconds=0.01)

    assert queue.counts.dropped == 1
    assert "not written" in caplog.text
    sink.may.set()


def test_a_closed_queue_takes_nothing():
    sink = Sink()
    queue = RecordQueue(sink, 100)
    queue.close()

    assert not queue.put(Entry(1))
    assert queue.counts == RecordCounts(dropped=1)


def test_a_queue_that_another_takes_the_place_of_writes_what_it_has():
    queue, sink = blocked(100)
    queue.put(Entry(1))
    queue.stop()
    sink.may.set()
    queue.close()

    assert sink.written == [-1, 1]


def test_a_queue_without_records_has_no_thread():
    before = threading.active_count()
    RecordQueue(Sink(), 100)

    assert threading.active_count() == before


def test_trouble_is_told_once_in_a_while(caplog):
    now = [100.0]
    complaints = Complaints(lambda: now[0])
    for _ in range(5):
        complaints.say("%d lost")
    now[0] += record_queue.SILENCE_SECONDS
    complaints.say("%d lost", 2)

    assert [line.getMessage() for line in caplog.records] == ["1 lost", "6 lost"]
