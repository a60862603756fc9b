"""Records go in and come back, in every durability word, over rolls and restarts."""

import os
import subprocess
import sys

import pytest

from oms.journal import Journal, JournalLocked, Reader, is_locked, read, stat, verify
from tests.journal.tools import SEGMENT, TEMPLATE, fill, make, payload, record, segments, sequence

WORDS = ["batch", "interval", "none"]


@pytest.mark.parametrize("durability", WORDS)
def test_what_is_appended_is_read_back_over_rolls_and_restarts(tmp_path, durability):
    sizes = [32, 40, 128, 504, 4096]
    for restart in range(3):
        with Journal(tmp_path, durability, segment_bytes=SEGMENT, interval_ms=1) as journal:
            for step in range(40):
                number = restart * 40 + step + 1
                assert journal.append(record(number, sizes[number % 5]), time_ns=number, source=number % 9) == number
                if step % 7 == 0:
                    journal.commit()
            assert journal.flush() == journal.safe == journal.sequence == (restart + 1) * 40
    records = list(read(tmp_path))
    assert [sequence(raw) for raw in records] == list(range(1, 121))
    assert [payload(raw) for raw in records] == [payload(record(n, sizes[n % 5])) for n in range(1, 121)]
    assert [int.from_bytes(raw[16:24], "little") for raw in records] == list(range(1, 121))
    assert [int.from_bytes(raw[28:30], "little") for raw in records] == [n % 9 for n in range(1, 121)]
    report = verify(tmp_path)
    assert report.ok
    assert (report.records, report.first, report.last, report.torn_tail) == (120, 1, 120, None)
    assert report.segments == len(segments(tmp_path)) > 5


@pytest.mark.parametrize("durability", WORDS)
def test_many_batches_and_a_small_buffer(tmp_path, durability):
    """The appending thread outruns the writer, so that batches merge and it has to wait for room."""
    with Journal(tmp_path, durability, segment_bytes=1 << 20, buffer_bytes=16384) as journal:
        for number in range(1, 20_001):
            assert journal.append(record(number)) == number
            if number % 16 == 0:
                journal.commit()
        journal.flush()
    records = read(tmp_path)
    assert all(payload(raw) == payload(record(n)) for n, raw in enumerate(records, start=1))
    assert verify(tmp_path).records == 20_000


@pytest.mark.parametrize("durability", WORDS)
def test_an_append_without_commit_is_written_by_close(tmp_path, durability):
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as journal:
        journal.append(record(1))
        assert journal.safe == 0
    assert [payload(raw) for raw in read(tmp_path)] == [payload(record(1))]


def test_appends_beyond_the_buffer_commit_by_themselves(tmp_path):
    with Journal(tmp_path, "batch", segment_bytes=1 << 20, buffer_bytes=16384) as journal:
        for number in range(1, 1001):
            journal.append(record(number, 1024))
    assert verify(tmp_path).records == 1000


def test_reading_from_any_sequence(tmp_path):
    make(tmp_path, 150, batch=4)
    assert len(segments(tmp_path)) == 3
    for start in range(152):
        assert [sequence(raw) for raw in read(tmp_path, start)] == list(range(max(start, 1), 151))


def test_time_never_decreases(tmp_path):
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        for time_ns in (5, 3, 9, 1):
            journal.append(record(1), time_ns=time_ns)
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        journal.append(record(1), time_ns=2)
    assert [int.from_bytes(raw[16:24], "little") for raw in read(tmp_path)] == [5, 5, 9, 9, 9]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        record(1)[:31],
        record(1)[:-8],
        record(1) + bytes(8),
        record(1, 4104),
        (36).to_bytes(4, "little") + record(1, 40)[4:36],
        record(1, template=1),
        record(1, template=0),
    ],
)
def test_what_is_not_a_record_is_refused_and_changes_nothing(tmp_path, raw):
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        with pytest.raises(ValueError, match="record"):
            journal.append(raw)
        assert journal.append(record(1)) == 1
    assert verify(tmp_path).records == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("durability", "always"),
        ("segment_bytes", 8192),
        ("segment_bytes", 12289),
        ("buffer_bytes", 8192),
        ("buffer_bytes", 100_000),
        ("interval_ms", 0),
    ],
)
def test_a_wrong_setting_is_named_and_the_directory_is_left_unlocked(tmp_path, setting, value):
    with pytest.raises(ValueError, match=f"{setting}.*{value}"):
        Journal(tmp_path, **{setting: value})
    assert not is_locked(tmp_path)
    assert segments(tmp_path) == []


def test_a_second_writer_is_refused_by_name(tmp_path):
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        fill(journal, 3)
        with pytest.raises(JournalLocked, match=f"process {os.getpid()} is writing"):
            Journal(tmp_path)
        code = "import sys; from oms.journal import Journal; Journal(sys.argv[1])"
        done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
        assert f"process {os.getpid()} is writing to it" in done.stderr
        assert verify(tmp_path).live
    assert not is_locked(tmp_path)
    Journal(tmp_path).close()


def test_settings_may_change_between_runs(tmp_path):
    for durability, size in [("none", SEGMENT), ("batch", 16384), ("interval", 20480), ("batch", SEGMENT)]:
        with Journal(tmp_path, durability, segment_bytes=size) as journal:
            fill(journal, 100)
    assert verify(tmp_path).records == 400
    assert {path.stat().st_size for path in segments(tmp_path)} == {SEGMENT, 16384, 20480}


def test_a_replay_sees_everything_before_the_first_append(tmp_path):
    make(tmp_path, 50)
    seen = []
    with Journal(tmp_path, "none", segment_bytes=SEGMENT, replay=seen.extend) as journal:
        assert [sequence(raw) for raw in seen] == list(range(1, 51))
        assert journal.append(record(51)) == 51


def test_a_replay_that_fails_leaves_the_journal_as_it_was(tmp_path):
    make(tmp_path, 50)
    before = [path.read_bytes() for path in segments(tmp_path)]

    def replay(reader: Reader) -> None:
        next(reader)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        Journal(tmp_path, replay=replay)
    assert [path.read_bytes() for path in segments(tmp_path)] == before
    assert not is_locked(tmp_path)


def test_stat_needs_no_records(tmp_path):
    assert stat(make(tmp_path, 120)) | {"store_id": "", "directory": ""} == {
        "directory": "",
        "live": False,
        "segments": 3,
        "bytes": 3 * SEGMENT,
        "last": 120,
        "state": "closed",
        "durability": "none",
        "store_id": "",
    }


def test_closed_twice_and_used_after(tmp_path):
    journal = Journal(tmp_path, "batch", segment_bytes=SEGMENT)
    journal.close()
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        journal.append(record(1))
    assert record(1)[24] == TEMPLATE
