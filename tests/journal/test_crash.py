"""The process is killed, the write fails, the disk is full: nothing acknowledged is lost, nothing false is said."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oms.journal import Journal, JournalFailed, is_locked, read, verify
from tests.journal.tools import HEADER, SEGMENT, fill, payload, record, segments, sequence

ROOT = Path(__file__).parents[2]


def appender(directory: Path, durability: str, *more: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.journal.appender", directory, durability, *map(str, more)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def holds_all_up_to(directory: Path, acknowledged: int) -> int:
    """The records are those of the appender, in order, and no acknowledged one is missing."""
    last = 0
    for last, raw in enumerate(read(directory), start=1):
        assert sequence(raw) == last
        assert payload(raw) == payload(record(last, 32 + last % 40 * 8))
    assert last >= acknowledged
    return last


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_killed_while_appending_again_and_again(tmp_path, durability):
    chance = random.Random(durability)
    acknowledged = 0
    for _ in range(8):
        with appender(tmp_path, durability, SEGMENT) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randint(1, 60))]
            process.kill()
            lines += process.stdout.readlines()
        acknowledged = max([acknowledged, *(int(line) for line in lines if line.endswith("\n"))])
        assert process.returncode == -9
        report = verify(tmp_path)
        assert (report.damage, report.bad_marks, report.live) == (None, (), False)
        assert holds_all_up_to(tmp_path, acknowledged) == report.last
    assert len(segments(tmp_path)) > 3
    Journal(tmp_path, durability, segment_bytes=SEGMENT).close()
    assert verify(tmp_path).ok


def writer_file(directory: Path, segment: int) -> int:
    """The descriptor that this process's journal writes its segment with."""
    wanted = os.stat(segments(directory)[segment - 1])
    for name in os.listdir("/proc/self/fd"):
        try:
            found = os.fstat(int(name))
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return int(name)
    raise AssertionError("the journal has no file open")


def put_in_place(file: int, of: int) -> None:
    """Another file under the journal's own descriptor: from here on its writes fail."""
    os.dup2(file, of)
    os.close(file)


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_the_first_failed_write_is_the_last(tmp_path, durability):
    """Its file becomes read-only under the journal: no record after that is safe, and the reason is told."""
    journal = Journal(tmp_path, durability, segment_bytes=SEGMENT)
    fill(journal, 5)
    file = writer_file(tmp_path, 1)
    put_in_place(os.open(segments(tmp_path)[0], os.O_RDONLY), file)
    journal.append(record(6))
    with pytest.raises(JournalFailed, match=r"could not be written \(Bad file descriptor\)") as failed:
        journal.flush()
    assert journal.safe == 5
    assert failed.value.file == segments(tmp_path)[0]
    assert (failed.value.sequence, failed.value.offset) == (6, HEADER + 5 * 128 + 80)
    assert "restart" in failed.value.advice
    for call in (lambda: journal.append(record(7)), journal.commit, journal.flush, journal.close):
        with pytest.raises(JournalFailed):
            call()
    assert journal.safe == 5
    assert not is_locked(tmp_path)
    assert verify(tmp_path).last == 5
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as again:
        assert again.append(record(6)) == 6


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_no_room_for_the_next_segment(tmp_path, durability):
    Journal(tmp_path, durability, segment_bytes=SEGMENT).close()
    process = appender(tmp_path, durability, 2 * SEGMENT, 0, SEGMENT)
    acknowledged, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the next segment could not be made (File too large)" in error
    assert "00000002.journal" in error
    assert "Traceback" not in error
    last = holds_all_up_to(tmp_path, int(acknowledged.split()[-1]))
    assert verify(tmp_path).ok
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as journal:
        assert journal.append(record(1)) == last + 1


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
@pytest.mark.parametrize("limit", [HEADER, HEADER + 3001, HEADER + 4096])
def test_a_write_that_ends_in_the_middle(tmp_path, durability, limit):
    """What was written of the batch is a torn tail; nobody was told of it."""
    process = appender(tmp_path, durability, SEGMENT, 0, limit)
    lines, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "could not be written (File too large)" in error
    acknowledged = int((lines.split() or ["0"])[-1])
    report = verify(tmp_path)
    assert (report.damage, report.last) == (None, holds_all_up_to(tmp_path, acknowledged))
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as journal:
        assert journal.torn_tail == report.torn_tail
        assert journal.append(record(1)) == report.last + 1
    assert verify(tmp_path).ok


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_a_full_disk_in_words(tmp_path, durability):
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as journal:
        fill(journal, 5)
        put_in_place(os.open("/dev/full", os.O_WRONLY), writer_file(tmp_path, 1))
        journal.append(record(6))
        with pytest.raises(JournalFailed, match="No space left on device"):
            journal.flush()
        with pytest.raises(JournalFailed):
            journal.close()


def test_a_flush_in_the_background_that_fails(tmp_path):
    journal = Journal(tmp_path, "interval", segment_bytes=SEGMENT, interval_ms=300)
    fill(journal, 5)
    read_end, write_end = os.pipe()
    os.close(read_end)
    put_in_place(write_end, writer_file(tmp_path, 1))
    until = time.monotonic() + 10
    while not journal.fault and time.monotonic() < until:
        time.sleep(0.01)
    with pytest.raises(JournalFailed, match="Invalid argument"):
        journal.append(record(6))
    with pytest.raises(JournalFailed):
        journal.close()


def test_a_journal_that_cannot_be_made(tmp_path):
    (tmp_path / "next.prepared").mkdir()
    with pytest.raises(JournalFailed, match="next segment could not be made"):
        Journal(tmp_path)
    assert not is_locked(tmp_path)


def test_a_journal_that_is_dropped_is_as_after_a_crash(tmp_path):
    journal = Journal(tmp_path, "batch", segment_bytes=SEGMENT)
    fill(journal, 7)
    del journal
    with Journal(tmp_path, "batch", segment_bytes=SEGMENT) as again:
        assert again.append(record(8)) == 8


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_a_journal_that_is_dropped_in_the_middle_of_rolls(tmp_path, durability):
    journal = Journal(tmp_path, durability, segment_bytes=SEGMENT)
    for number in range(1, 10_001):
        journal.append(record(number, 32 + number % 40 * 8))
    journal.commit()
    safe = journal.safe
    del journal
    assert holds_all_up_to(tmp_path, safe) <= 10_000
    assert verify(tmp_path).ok


def test_ends_by_itself_and_goes_on(tmp_path):
    for records in (100, 200):
        process = appender(tmp_path, "interval", SEGMENT, records)
        _, error = process.communicate(timeout=60)
        assert (process.returncode, error) == (0, "")
        assert holds_all_up_to(tmp_path, records) < records + 13
