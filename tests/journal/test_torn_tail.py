"""What a crash may leave of the last write is cut and told; what only damage can leave is refused."""

import random
import shutil
from pathlib import Path

import pytest

from oms.journal import Journal, JournalDamage, verify
from tests.journal.tools import COMMIT, SEGMENT, fill, payload, record, rewrite_mark, segments, sequence

SECTOR = 512
BEFORE = 10  # records that were safe before the last write


class LastWrite:
    """A journal of one segment as it was before its last write and after it, byte by byte."""

    def __init__(self, directory: Path, records: int, size: int, durability: str = "batch") -> None:
        self.directory = directory / "journal"
        with Journal(self.directory, durability, segment_bytes=3 * SEGMENT) as journal:
            fill(journal, BEFORE)
            self.path = segments(self.directory)[0]
            self.before = self.path.read_bytes()
            self.start = journal.facts()["position"]
            for number in range(records):
                journal.append(record(BEFORE + number + 1, size), time_ns=10**9)
            journal.flush()
            self.after = self.path.read_bytes()
            self.end = self.start + records * size + COMMIT
        self.last = BEFORE + records

    def lay(self, written: bytes, marked: bool = False) -> None:
        """Puts back the segment with `written` behind what was safe, and the marks of before or after the write."""
        head = self.after if marked else self.before
        self.path.write_bytes(head[:4096] + self.before[4096 : self.start] + written)

    def cut(self, size: int) -> bytes:
        """The rest of the segment if only the first bytes of the write came through."""
        return self.after[self.start : self.start + size] + bytes(len(self.after) - self.start - size)

    def without(self, lost: set[int]) -> bytes:
        """The rest of the segment if these sectors of the write did not come through."""
        data = bytearray(self.after)
        for sector in lost:
            first = max(sector * SECTOR, self.start)
            data[first : (sector + 1) * SECTOR] = bytes((sector + 1) * SECTOR - first)
        return bytes(data[self.start :])

    def sectors(self) -> range:
        return range(self.start // SECTOR, (self.end - 1) // SECTOR + 1)

    def is_cut(self) -> None:
        """The tail is told; a writer goes on behind the last safe record; nothing of the tail is left."""
        tail = verify(self.directory).torn_tail
        assert tail is not None
        assert (tail.file, tail.offset) == (str(self.path), self.start)
        with Journal(self.directory, "none", segment_bytes=SEGMENT) as journal:
            assert journal.torn_tail == tail
            assert journal.append(record(99)) == BEFORE + 1
        report = verify(self.directory)
        assert report.ok
        assert (report.records, report.torn_tail) == (BEFORE + 1, None)

    def is_refused(self) -> JournalDamage:
        damage = verify(self.directory).damage
        assert damage is not None
        before = self.path.read_bytes()
        with pytest.raises(JournalDamage):
            Journal(self.directory)
        assert self.path.read_bytes() == before
        return damage


def test_cut_at_every_length(tmp_path):
    write = LastWrite(tmp_path, records=4, size=168)
    for size in range(1, write.end - write.start):
        write.lay(write.cut(size))
        report = verify(write.directory)
        assert (report.damage, report.last) == (None, BEFORE), size
        assert report.torn_tail is not None, size
        assert report.torn_tail.offset == write.start
        if size % 29 == 1:
            write.is_cut()
    write.lay(write.cut(0))
    assert verify(write.directory).torn_tail is None
    write.lay(write.cut(write.end - write.start))
    report = verify(write.directory)
    assert (report.damage, report.torn_tail, report.last) == (None, None, write.last)  # whole, though not yet marked


def test_cut_at_every_length_below_the_mark_is_refused(tmp_path):
    write = LastWrite(tmp_path, records=4, size=168)
    for size in range(write.end - write.start):
        if size >= write.end - write.start - 1 and not write.after[write.end - 1]:
            continue  # the last byte of the chain is zero: nothing is missing
        write.lay(write.cut(size), marked=True)
        damage = verify(write.directory).damage
        assert damage is not None, size
        assert BEFORE < damage.sequence <= write.last + 1  # behind the last record stands its commit
    write.lay(write.cut(0), marked=True)
    assert "ends before the last record that was committed" in write.is_refused().reason


def test_sectors_lost_in_any_order(tmp_path):
    """A power cut may keep later sectors of a write and lose earlier ones."""
    write = LastWrite(tmp_path, records=30, size=168)
    sectors = list(write.sectors())
    choices = [{sector} for sector in sectors] + [set(sectors) - {sector} for sector in sectors]
    chance = random.Random(5)
    choices += [set(chance.sample(sectors, chance.randint(1, len(sectors) - 1))) for _ in range(300)]
    for number, lost in enumerate(choices):
        write.lay(write.without(lost))
        report = verify(write.directory)
        assert (report.damage, report.last) == (None, BEFORE), lost
        assert report.torn_tail is not None, lost
        if number % 40 == 0:
            write.is_cut()


def test_lost_sectors_below_the_mark_are_refused(tmp_path):
    write = LastWrite(tmp_path, records=30, size=168)
    for sector in write.sectors():
        write.lay(write.without({sector}), marked=True)
        write.is_refused()


def test_a_wrong_byte_is_no_torn_write_even_when_unmarked(tmp_path):
    """A write that is torn lacks whole sectors; a record that is all there and wrong is damage."""
    write = LastWrite(tmp_path, records=6, size=168)
    for offset in range(write.start, write.end):
        data = bytearray(write.after[write.start :])
        data[offset - write.start] ^= 0x10
        write.lay(bytes(data))
        damage = verify(write.directory).damage
        if damage is None:  # only where the commit itself, not yet marked, seems to go on behind its end
            assert offset - write.start in range(6 * 168, 6 * 168 + 2)
    write.lay(bytes(data))
    write.is_refused()


def test_a_lost_sector_before_a_later_commit_is_refused(tmp_path):
    """The later write began when the earlier was durable: the disk has lost what it had confirmed."""
    write = LastWrite(tmp_path, records=12, size=168)
    write.lay(write.after[write.start :], marked=True)
    with Journal(write.directory, "batch", segment_bytes=SEGMENT) as journal:
        fill(journal, 3)
    write.after = write.path.read_bytes()
    write.lay(write.without({write.sectors()[1]}))
    write.is_refused()


def test_something_far_behind_the_end_is_refused(tmp_path):
    directory = tmp_path / "journal"
    with Journal(directory, "batch", segment_bytes=3 << 20) as journal:
        fill(journal, BEFORE)
        shutil.copytree(directory, tmp_path / "crashed")
    path = segments(tmp_path / "crashed")[0]
    data = bytearray(path.read_bytes())
    data[2 << 20] = 1
    path.write_bytes(data)
    damage = verify(tmp_path / "crashed").damage
    assert damage is not None
    assert damage.offset == 2 << 20


def test_whole_records_without_their_commit_are_cut(tmp_path):
    write = LastWrite(tmp_path, records=4, size=168)
    write.lay(write.cut(4 * 168))
    write.is_cut()


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_after_the_machine_what_was_not_flushed_may_be_gone(tmp_path, durability):
    """These words promise to survive the process: the same loss is damage while the machine runs on."""
    write = LastWrite(tmp_path, records=12, size=168, durability=durability)
    write.lay(write.cut(700), marked=True)
    for slot in range(2):
        rewrite_mark(write.path, slot, synced=BEFORE - 5)
    write.is_refused()
    for slot in range(2):
        rewrite_mark(write.path, slot, boot_id=b"another boot of it")
    tail = verify(write.directory).torn_tail
    assert tail is not None
    assert (tail.lost_from, tail.lost_to) == (BEFORE + 1, write.last)
    with Journal(write.directory, durability, segment_bytes=SEGMENT) as journal:
        assert journal.torn_tail == tail
        assert journal.append(record(BEFORE + 1)) == BEFORE + 1
    assert verify(write.directory).ok
    assert payload(record(BEFORE + 1)) in write.path.read_bytes()


def test_after_the_machine_what_was_flushed_must_be_there(tmp_path):
    write = LastWrite(tmp_path, records=12, size=168, durability="interval")
    write.lay(write.cut(700), marked=True)
    for slot in range(2):
        rewrite_mark(write.path, slot, boot_id=b"another boot of it", synced=write.last)
    assert sequence(write.before[4096:]) == 1
    write.is_refused()
