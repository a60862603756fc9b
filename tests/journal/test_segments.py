"""Segments that are missing, swapped, copied, foreign, cut or newer: refused, with the file named."""

import os
import shutil
import struct

import pytest

from oms._core.journal_digest import crc32c
from oms.journal import Journal, JournalDamage, read, verify
from tests.journal.tools import HEADER, SEGMENT, fill, make, make_crashed, record, rewrite_mark, segments, sequence


def refused(directory) -> JournalDamage:
    """The damage that verify, read and opening agree upon; nothing on disk is changed by them."""
    before = {path: path.read_bytes() for path in segments(directory)}
    damage = verify(directory).damage
    assert damage is not None
    with pytest.raises(JournalDamage) as found:
        list(read(directory))
    assert str(found.value) == str(damage)
    with pytest.raises(JournalDamage) as found:
        Journal(directory)
    assert str(found.value) == str(damage)
    assert {path: path.read_bytes() for path in segments(directory)} == before
    assert damage.advice
    return damage


@pytest.fixture
def journal(tmp_path):
    """Four segments, closed."""
    make(tmp_path, 200)
    assert len(segments(tmp_path)) == 4
    return tmp_path


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_deleted_segment(journal, number):
    os.unlink(segments(journal)[number - 1])
    damage = refused(journal)
    assert damage.file.name == f"{number:08}.journal"
    assert "missing" in damage.reason


@pytest.mark.parametrize("number", [2, 3, 4])
def test_the_records_before_the_damage_are_read(journal, number):
    os.unlink(segments(journal)[number - 1])
    got = []
    with pytest.raises(JournalDamage) as found:
        got.extend(read(journal))
    assert [sequence(raw) for raw in got] == list(range(1, found.value.sequence))
    assert len(got) > 50 * (number - 1)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (2, 3)])
def test_swapped_segments(journal, one, other):
    paths = segments(journal)
    os.rename(paths[one], journal / "aside")
    os.rename(paths[other], paths[one])
    os.rename(journal / "aside", paths[other])
    assert "another segment than its name says" in refused(journal).reason


def test_a_duplicated_segment(journal):
    paths = segments(journal)
    shutil.copy(paths[1], paths[2])
    assert refused(journal).file == paths[2]
    shutil.copy(paths[3], journal / "00000005.journal")
    assert not verify(journal).ok


def test_the_last_segment_copied_as_the_next(journal):
    paths = segments(journal)
    shutil.copy(paths[3], journal / "00000005.journal")
    refused(journal)


def test_a_segment_of_another_journal(journal, tmp_path_factory):
    other = make(tmp_path_factory.mktemp("other"), 200)
    shutil.copy(segments(other)[2], segments(journal)[2])
    damage = refused(journal)
    assert damage.file == segments(journal)[2]
    assert "another journal" in damage.reason


def test_the_first_segment_of_another_journal(journal, tmp_path_factory):
    other = make(tmp_path_factory.mktemp("other"), 200)
    shutil.copy(segments(other)[0], segments(journal)[0])
    assert refused(journal).file == segments(journal)[1]


def test_an_older_copy_of_a_segment(tmp_path):
    """A segment put back from before its last records: what follows does not continue it."""
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        fill(journal, 20)
        shutil.copy(segments(tmp_path)[0], tmp_path / "old")
        fill(journal, 100)
    os.rename(tmp_path / "old", segments(tmp_path)[0])
    assert "does not continue" in refused(tmp_path).reason


@pytest.mark.parametrize("size", [0, 1, 511, 512, HEADER, HEADER + 100, SEGMENT - 1, SEGMENT + 1, 2 * SEGMENT])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_file_of_another_length(journal, number, size):
    path = segments(journal)[number]
    os.truncate(path, size)
    damage = refused(journal)
    assert damage.file == path
    assert "not as long" in damage.reason


@pytest.mark.parametrize("path", ["lock", "next.prepared", "notes.txt", "1.journal.bak"])
def test_other_files_do_not_matter(journal, path):
    (journal / path).write_bytes(b"something")
    assert verify(journal).ok
    with Journal(journal, "none", segment_bytes=SEGMENT) as again:
        fill(again, 100)
    assert verify(journal).records == 300


def test_both_marks_unreadable(journal):
    path = segments(journal)[3]
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    report = verify(journal)
    assert report.damage is None
    assert not report.ok
    assert str(path) in report.bad_marks[0]
    data[1200] ^= 1
    path.write_bytes(data)
    assert "both marks" in refused(journal).reason


def test_one_unreadable_mark_is_told_and_mended(journal):
    path = segments(journal)[3]
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    with Journal(journal, "none", segment_bytes=SEGMENT) as again:
        assert len(again.bad_marks) == 1
        assert again.append(record(201)) == 201
    assert verify(journal).ok


def rewrite_header(path, offset: int, code: str, value: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into(code, data, offset, value)
    struct.pack_into("<I", data, 8, crc32c(data[12:512]))
    path.write_bytes(data)


@pytest.mark.parametrize("offset", [12, 14])
def test_a_newer_format_or_schema_is_refused(journal, offset):
    rewrite_header(segments(journal)[3], offset, "<H", 999)
    damage = refused(journal)
    assert "newer version" in damage.reason
    assert "use the version" in damage.advice


def test_an_older_schema_goes_on_in_a_new_segment(tmp_path):
    make(tmp_path, 10)
    rewrite_header(segments(tmp_path)[0], 14, "<H", 0)
    make(tmp_path, 10)
    assert len(segments(tmp_path)) == 2
    assert verify(tmp_path).records == 20


def test_records_edited_with_fitting_checksums_break_the_chain(journal):
    path = segments(journal)[1]
    data = bytearray(path.read_bytes())
    data[HEADER + 40] ^= 1
    struct.pack_into("<I", data, HEADER + 4, crc32c(data[HEADER + 8 : HEADER + 128]))
    path.write_bytes(data)
    damage = refused(journal)
    assert "chain" in damage.reason
    assert damage.file == path


def test_a_roll_that_a_crash_cut_short(tmp_path):
    """The next segment has its name, the one before is not marked as rolled yet."""
    crashed = make_crashed(tmp_path, 70)
    first, second = segments(crashed)
    rewrite_mark(first, 0, state=1)
    rewrite_mark(first, 1, state=1)
    assert verify(crashed).records == 70
    make(crashed, 10)
    assert verify(crashed).records == 80
    os.unlink(second)
    assert "missing" in refused(crashed).reason  # the restart has marked it


def test_an_empty_directory_is_a_new_journal(tmp_path):
    assert verify(tmp_path).segments == 0
    assert list(read(tmp_path)) == []
    (tmp_path / "next.prepared").write_bytes(bytes(100))
    make(tmp_path, 3)
    assert verify(tmp_path).records == 3
    assert not (tmp_path / "next.prepared").exists()


def test_from_a_sequence_on_only_the_later_segments_are_needed(journal):
    second = sequence(segments(journal)[1].read_bytes()[HEADER:])
    third = sequence(segments(journal)[2].read_bytes()[HEADER:])
    os.unlink(segments(journal)[0])
    assert verify(journal, from_sequence=third).ok
    assert verify(journal, from_sequence=second).ok
    assert "missing" in str(verify(journal, from_sequence=second - 1).damage)
    with Journal(journal, "none", segment_bytes=SEGMENT, from_sequence=third) as again:
        assert again.append(record(1)) == 201
