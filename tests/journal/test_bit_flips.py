"""Every bit of a small journal is flipped, one at a time: each is found, and nothing acknowledged is ever cut."""

import mmap
from collections.abc import Iterator

import pytest

from oms._core.journal_reader import ReaderCore, ReaderStatus
from oms.journal import verify
from tests.journal.tools import make, make_crashed, segments


def flips(path) -> Iterator[tuple[int, int]]:
    """Flips each bit in turn, and back again."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for offset in range(len(data)):
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
