"""Every bit of a small journal is flipped, one at a time: each is found, and nothing acknowledged is ever cut."""

import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms._core.journal_flips import judge_flips
from oms._core.journal_reader import ReaderCore, ReaderStatus
from oms.journal import Journal, verify
from tests.journal.tools import HEADER, make, make_crashed, record, segments

KIB_64 = 65536


def flips(path: Path, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Flips each bit in turn, and back again."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for offset in range(end or len(data)):
            for bit in range(8):
                data[offset] ^= 1 << bit
                yield offset, bit
                data[offset] ^= 1 << bit


def judged(directory) -> tuple[ReaderStatus, dict]:
    with ReaderCore(directory) as reader:
        reader.to_end()
        return reader.status, reader.facts()


@pytest.mark.parametrize(("count", "size"), [(56, 128), (20, 504)])
def test_every_bit_of_a_closed_journal(tmp_path, count, size):
    """One and two segments, with little room left: full of records, commits, marks, and zeros at the end."""
    make(tmp_path, count, size=size)
    assert len(segments(tmp_path)) == 1 + (size == 504)
    for path in segments(tmp_path):
        for offset, bit in flips(path):
            status, facts = judged(tmp_path)
            assert status == ReaderStatus.READER_DAMAGED or facts["bad_marks"], (path.name, offset, bit)
    assert verify(tmp_path).ok


def test_every_bit_of_a_journal_whose_process_was_killed(tmp_path):
    """Nothing that was acknowledged may be taken for a torn tail; what lies behind it may."""
    crashed = make_crashed(tmp_path, 53)
    assert len(segments(crashed)) == 1
    end = judged(crashed)[1]["position"]
    for offset, bit in flips(segments(crashed)[0]):
        status, facts = judged(crashed)
        if status == ReaderStatus.READER_TORN:
            assert (facts["last"], offset >= end) == (53, True), (offset, bit)
        else:
            assert status == ReaderStatus.READER_DAMAGED or facts["bad_marks"], (offset, bit)
    assert verify(crashed).ok


@pytest.fixture(params=["closed", "killed"])
def large(request, tmp_path) -> Path:
    """A journal of one segment of 64 KiB, all but full, of records of all sizes."""
    live, taken = tmp_path / "live", tmp_path / "taken"
    with Journal(live, "none", segment_bytes=KIB_64) as journal:
        while journal.facts()["position"] < 60_000:
            for _ in range(5):
                journal.append(record(journal.sequence + 1, 32 + journal.sequence % 40 * 8), time_ns=10**9)
            journal.flush()
        if request.param == "killed":
            shutil.copytree(live, taken)
    return taken if request.param == "killed" else live


def test_every_bit_of_64_kib(large):
    """524 288 flips: damage, or an unreadable mark that is told; or, behind the end of a killed one, a torn tail."""
    [path] = segments(large)
    _, facts = judged(large)
    for offset, bit in flips(path, HEADER):
        status, found = judged(large)
        assert status == ReaderStatus.READER_DAMAGED or found["bad_marks"], (offset, bit)
        assert found["bad_marks"] == 0 or found["last"] == facts["last"]
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data, ReaderCore(large) as reader:
        count, taken = judge_flips(reader, data)
    assert count == 8 * (KIB_64 - HEADER)
    silent = [flip for flip in taken if flip[2:] != (ReaderStatus.READER_TORN, facts["last"])]
    assert silent == []
    assert all(offset >= facts["position"] for offset, *_ in taken)
    assert taken == [] or large.name == "taken"
    assert verify(large).ok


def test_every_length_of_64_kib(large):
    """Cut to each length, with the file as long as it was and zeros in the place of what is gone, or not."""
    [path] = segments(large)
    whole = path.read_bytes()
    last = judged(large)[1]["last"]
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for length in reversed(range(KIB_64)):
            if not data[length]:
                continue
            data[length] = 0
            status, found = judged(large)
            assert status == ReaderStatus.READER_DAMAGED or (found["bad_marks"] and length < HEADER), length
        data[:] = whole
    for length in reversed(range(KIB_64)):
        os.truncate(path, length)
        assert judged(large)[0] == ReaderStatus.READER_DAMAGED, length
    path.write_bytes(whole)
    report = verify(large)
    assert report.ok
    assert report.last == last
