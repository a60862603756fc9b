"""One writer: the lock is on the directory that is written, and whoever was passed by a later epoch writes no more."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from oms import records
from oms._core.journal_file import FaultCode
from oms.journal import Journal, JournalFailed, JournalLocked, verify

EPOCH_AT = 64
TICK = records.encode("Tick")


def epoch_told(directory: Path) -> int:
    (epoch,) = struct.unpack_from("<Q", (directory / "lock").read_bytes(), EPOCH_AT)
    return int(epoch)


def depose(directory: Path) -> None:
    """What another writer does first."""
    file = os.open(directory / "lock", os.O_RDWR)
    os.pwrite(file, struct.pack("<Q", epoch_told(directory) + 1), EPOCH_AT)
    os.close(file)


def test_each_opening_has_a_higher_epoch(tmp_path):
    for expected in (1, 2, 3):
        with Journal(tmp_path, "none", segment_bytes=1 << 16) as journal:
            assert journal.epoch == epoch_told(tmp_path) == expected
            journal.append(TICK)
    with Journal(tmp_path, "none") as journal:
        journal.lead(9)
        assert journal.epoch == epoch_told(tmp_path) == 9
        with pytest.raises(ValueError, match="epoch 8 cannot follow 9"):
            journal.lead(8)
    assert (tmp_path / "lock").read_bytes()[:32].decode().strip() == str(os.getpid())


@pytest.mark.parametrize("change", ["removed", "replaced", "copied"])
def test_another_lock_file_lets_no_second_writer_in(tmp_path, change):
    lock = tmp_path / "lock"
    with Journal(tmp_path, "none", segment_bytes=1 << 16) as journal:
        with pytest.raises(JournalLocked, match=f"process {os.getpid()} is writing to it"):
            Journal(tmp_path, "none")
        before = lock.read_bytes()
        lock.unlink()
        if change != "removed":
            lock.write_bytes(before if change == "copied" else b"")
        with pytest.raises(JournalLocked, match="though its lock file is a new one"):
            Journal(tmp_path, "none")
        journal.append(TICK)
        assert journal.flush() == 1
    with Journal(tmp_path, "none") as journal:  # it ended: now there is room
        assert journal.sequence == 1


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_a_deposed_writer_writes_nothing_and_nothing_of_it_becomes_safe(tmp_path, durability):
    journal = Journal(tmp_path, durability, segment_bytes=1 << 16)
    journal.append(TICK)
    assert journal.flush() == 1
    held = (tmp_path / "00000001.journal").read_bytes()
    journal.append(TICK)  # not written yet
    depose(tmp_path)
    with pytest.raises(JournalFailed, match="another process has taken the journal over") as failed:
        journal.flush()
    assert failed.value.code == FaultCode.FAULT_DEPOSED
    assert journal.safe == 1
    with pytest.raises(JournalFailed):
        journal.append(TICK)
    with pytest.raises(JournalFailed):
        journal.close()
    after = (tmp_path / "00000001.journal").read_bytes()
    assert after[4096:] == held[4096:]  # not a byte of a record; its own mark may have been on its way
    report = verify(tmp_path)
    assert report.ok
    assert report.last == 1


def test_a_deposed_writer_does_not_mark_a_clean_end(tmp_path):
    journal = Journal(tmp_path, "none", segment_bytes=1 << 16)
    journal.append(TICK)
    journal.flush()
    held = (tmp_path / "00000001.journal").read_bytes()
    depose(tmp_path)
    with pytest.raises(JournalFailed):
        journal.close()
    assert (tmp_path / "00000001.journal").read_bytes() == held
