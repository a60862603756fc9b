"""A reader follows a journal that another process writes, and sees only what is committed."""

import os
import time
from pathlib import Path

import pytest

from oms.journal import Journal, JournalDamage, Reader, is_locked, read, verify
from tests.journal.test_crash import appender
from tests.journal.tools import SEGMENT, fill, payload, record, segments, sequence


def follow(directory: Path, process, seconds: float) -> int:
    """Reads until the writer has been followed for a while; the last sequence seen."""
    last = 0
    until = time.monotonic() + seconds
    with Reader(directory, live=True) as reader:
        while time.monotonic() < until:
            for raw in reader:
                last += 1
                assert sequence(raw) == last
                assert payload(raw) == payload(record(last, 32 + last % 40 * 8))
            reader.check()
            assert process.poll() is None
    return last


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_following_another_process_over_rolls(tmp_path, durability):
    process = appender(tmp_path, durability, SEGMENT)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        assert follow(tmp_path, process, 1.0) > 200
        assert is_locked(tmp_path)
        report = verify(tmp_path)
        assert (report.live, report.damage) == (True, None)
    finally:
        process.kill()
        process.communicate()


def test_nothing_is_seen_before_it_is_safe(tmp_path):
    with Journal(tmp_path, "batch", segment_bytes=SEGMENT) as journal, Reader(tmp_path, live=True) as reader:
        assert list(reader) == []
        for number in range(1, 200):
            journal.append(record(number))
            assert list(reader) == []
            journal.flush()
            assert [sequence(raw) for raw in reader] == [number]
    assert list(reader) == []


def test_a_reader_may_start_anywhere_and_outlive_a_restart(tmp_path):
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        fill(journal, 100)
        reader = Reader(tmp_path, from_sequence=90, live=True)
        assert [sequence(raw) for raw in reader] == list(range(90, 101))
    for restart in range(1, 3):
        with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
            fill(journal, 100)
            assert [sequence(raw) for raw in reader] == list(range(restart * 100 + 1, restart * 100 + 101))
    reader.check()
    reader.close()


def test_read_of_a_live_journal_ends_at_what_is_committed(tmp_path):
    with Journal(tmp_path, "batch", segment_bytes=SEGMENT) as journal:
        fill(journal, 10)
        journal.append(record(11))
        assert len(list(read(tmp_path))) == 10


@pytest.mark.parametrize(("live", "size"), [(True, 0), (True, 4096), (True, 6000), (False, 200_000)])
def test_a_file_that_shrinks_under_a_reader(tmp_path, live, size):
    """Touching a mapped byte that is gone would kill the process: it is told instead."""
    with Journal(tmp_path, "none", segment_bytes=1 << 20) as journal:
        fill(journal, 500, batch=1, size=1024)
    with Reader(tmp_path, live=live) as reader:
        assert sequence(next(reader)) == 1
        os.truncate(segments(tmp_path)[0], size)
        assert len(list(reader)) < 200
        with pytest.raises(JournalDamage, match="not as long"):
            reader.check()
