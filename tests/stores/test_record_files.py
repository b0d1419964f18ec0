"""Records in a file: lines that are whole, whatever happens to the file."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from lockgate.stores.record_files import RecordFile
from lockgate.stores.record_queue import RecordQueue


@dataclass(frozen=True)
class Entry:
    value: Any
    size: int = 1

    def plain(self):
        return {"value": self.value}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.jsonl"


@pytest.fixture
def open_file(path):
    """Makes sinks, and closes them."""
    made = []

    def make(**options):
        made.append(RecordFile(path, **options))
        return made[-1]

    yield make
    for sink in made:
        asyncio.run(sink.close())


def write(sink, *values):
    """Values of the records that could not be written."""
    return [record.value for record in asyncio.run(sink.write([Entry(value) for value in values]))]


def lines(path):
    return [json.loads(line)["value"] for line in path.read_text("utf-8").splitlines()]


def test_each_record_is_a_line(path, open_file):
    sink = open_file()

    assert write(sink, *range(100)) == []
    assert write(sink, "ä\n") == []
    assert lines(path) == [*range(100), "ä\n"]


def test_it_is_appended_to_what_is_there(path, open_file):
    path.write_text('{"value": "old"}\n')
    write(open_file(), "new")

    assert lines(path) == ["old", "new"]


def test_what_was_broken_off_stays_a_line_of_its_own(path, open_file):
    path.write_text('{"value": "o')
    write(open_file(), "new")

    assert path.read_text() == '{"value": "o\n{"value":"new"}\n'


def test_only_its_owner_reads_it(path, open_file):
    write(open_file(), 1)

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_record_that_is_no_json_is_left_out(path, open_file, caplog):
    assert write(open_file(), 1, "\ud800", object, 2) == ["\ud800", object]
    assert lines(path) == [1, 2]
    assert "2 records could not be written" in caplog.text


def test_a_file_that_was_moved_away_is_begun_anew(path, open_file):
    sink = open_file()
    write(sink, 1)
    path.rename(path.with_suffix(".moved"))
    write(sink, 2)
    path.unlink()
    write(sink, 3)

    assert lines(path.with_suffix(".moved")) == [1]
    assert lines(path) == [3]


def test_a_file_that_another_took_the_place_of_is_left(path, open_file):
    sink = open_file()
    write(sink, 1)
    other = path.with_suffix(".other")
    other.write_text("")
    other.replace(path)
    write(sink, 2)

    assert lines(path) == [2]


LINE = len(b'{"value":10}\n')


def test_a_long_file_is_moved_away(path, open_file):
    sink = open_file(max_bytes=2 * LINE, keep_files=2)
    for value in range(10, 19):
        assert write(sink, value) == []

    assert lines(path) == [18]
    assert lines(path.with_name("records.jsonl.1")) == [16, 17]
    assert lines(path.with_name("records.jsonl.2")) == [14, 15]
    assert not path.with_name("records.jsonl.3").exists()


def test_none_is_kept_if_none_is_wanted(path, open_file):
    sink = open_file(max_bytes=LINE)
    for value in (10, 11):
        write(sink, value)

    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert lines(path) == [11]


def test_the_length_that_a_file_had_counts(path, open_file):
    path.write_text('{"value":10}\n')
    write(open_file(max_bytes=LINE, keep_files=1), 11)

    assert lines(path) == [11]
    assert lines(path.with_name("records.jsonl.1")) == [10]


def test_a_record_longer_than_a_file_is_written(path, open_file):
    sink = open_file(max_bytes=3, keep_files=1)

    assert write(sink, 10) == []
    assert lines(path) == [10]


def test_a_file_that_cannot_be_opened_loses_its_records_and_is_tried_again(path, open_file, caplog):
    path.mkdir()
    sink = open_file()

    assert write(sink, 1, 2) == [1, 2]
    assert write(sink, 3) == [3]
    path.rmdir()
    assert write(sink, 4) == []
    assert lines(path) == [4]
    (line,) = caplog.records
    assert "2 records could not be written" in line.getMessage()
    assert str(path) in line.getMessage()


class Full:
    """A file on a disk that has room for some bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        part = data[: self.room]
        if not part:
            raise OSError(28, "No space left on device")
        self.room -= len(part)
        return self.file.write(part)

    def close(self):
        self.file.close()


def test_a_disk_that_fills_up_keeps_whole_lines(path, open_file, caplog):
    sink = open_file()
    write(sink, 10)
    sink._file = Full(sink._file, LINE + 3)

    assert write(sink, 11, 12, 13) == [12, 13]
    assert "No space left" in caplog.text
    assert write(sink, 14) == []
    whole = path.read_text().splitlines()
    assert [json.loads(line)["value"] for line in (whole[0], whole[1], whole[3])] == [10, 11, 14]
    assert len(whole) == 4


@pytest.mark.parametrize("count", [0, 1, 500])
def test_what_waits_is_in_the_file_when_the_queue_is_closed(path, count):
    queue = RecordQueue(RecordFile(path), 1000)
    for number in range(count):
        queue.put(Entry(number))
    queue.close()

    assert queue.counts.written == count
    assert (lines(path) if count else []) == list(range(count))


def test_a_failing_file_is_counted(path):
    path.mkdir()
    queue = RecordQueue(RecordFile(path), 1000)
    for number in range(50):
        assert queue.put(Entry(number))
    queue.close()

    assert (queue.counts.failed, queue.counts.written) == (50, 0)
