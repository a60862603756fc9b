"""A journal is damaged in every way and put right from a copy: nothing is lost, overwritten or guessed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from oms.errors import OmsError
from oms.journal import Journal, JournalLocked, verify
from oms.journal_repair import repair
from tests.journal.test_commands import oms
from tests.journal.tools import SEGMENT, fill, make, record, segments

Damage = Callable[[Path], None]


def flip(number: int, offset: int) -> Damage:
    def damage(directory: Path) -> None:
        path = segments(directory)[number]
        data = bytearray(path.read_bytes())
        data[offset] ^= 4
        path.write_bytes(data)

    return damage


def swap(directory: Path) -> None:
    first, second, *_ = segments(directory)
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def rub_out(directory: Path) -> None:
    path = segments(directory)[1]
    path.write_bytes(path.read_bytes()[:4096] + bytes(SEGMENT - 4096))


def put_in(directory: Path) -> None:
    """A segment of another journal behind the last."""
    other = make(directory.parent / "other", 120)
    shutil.copy(segments(other)[2], directory / "00000004.journal")


DAMAGES: dict[str, Damage] = {
    "header": flip(1, 40),
    "mark": flip(1, 600),
    "record": flip(1, 6000),
    "first record": flip(0, 4100),
    "last commit": flip(2, 4096 + 5 * 128 + 20),
    "missing": lambda directory: segments(directory)[1].unlink(),
    "missing end": lambda directory: segments(directory)[2].unlink(),
    "empty": lambda directory: os.truncate(segments(directory)[2], 0),
    "cut": lambda directory: os.truncate(segments(directory)[0], 5000),
    "swapped": swap,
    "duplicated": lambda directory: shutil.copy(segments(directory)[1], segments(directory)[2]),
    "rubbed out": rub_out,
    "foreign": put_in,
    "all": lambda directory: [path.unlink() for path in segments(directory)],
}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return make(tmp_path / "journal", 120)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_repaired_from_a_whole_copy(journal, name):
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    head = verify(journal).chain_head
    DAMAGES[name](journal)
    before = {path.name: path.read_bytes() for path in segments(journal)}
    assert not verify(journal).ok or name == "all"
    done = repair(journal, copy)
    report = verify(journal)
    assert report.ok
    assert (report.last, report.chain_head, done.last) == (120, head, 120)
    assert done.taken or done.dropped == ["00000004.journal"]
    aside = Path(done.set_aside)
    for changed in [*done.taken, *done.dropped]:
        if changed in before:
            assert (aside / changed).read_bytes() == before[changed]
    with Journal(journal, "none", segment_bytes=SEGMENT) as again:
        assert again.append(record(1)) == 121
    assert repair(journal, copy).taken == []


def test_what_is_newer_than_the_copy_stays(journal):
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    with Journal(journal, "none", segment_bytes=SEGMENT) as more:
        fill(more, 60)
    head = verify(journal).chain_head
    flip(2, 4200)(journal)
    done = repair(journal, copy)
    assert done.taken == ["00000003.journal"]
    assert verify(journal).ok
    assert (verify(journal).last, verify(journal).chain_head) == (180, head)


def test_an_older_journal_is_brought_up_to_its_copy(journal):
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    with Journal(copy, "none", segment_bytes=SEGMENT) as more:
        fill(more, 100)
    done = repair(journal, copy)
    assert (done.damage, done.last) == ("", 220)
    assert verify(journal).chain_head == verify(copy).chain_head


def test_a_copy_that_does_not_have_it_changes_nothing(journal):
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    with Journal(journal, "none", segment_bytes=SEGMENT) as more:
        fill(more, 60)
    flip(3, 4200)(journal)
    before = {path.name: path.read_bytes() for path in journal.iterdir() if path.name != "lock"}
    with pytest.raises(OmsError, match="not repaired, nothing is changed: the copy does not have what is damaged"):
        repair(journal, copy)
    assert {path.name: path.read_bytes() for path in journal.iterdir() if path.name != "lock"} == before


def test_a_copy_with_the_same_damage_does_not_help(journal):
    flip(1, 6000)(journal)
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    with pytest.raises(OmsError, match="nothing is changed"):
        repair(journal, copy)


def test_a_copy_of_another_journal_is_refused(journal):
    other = make(journal.parent / "other", 120)
    flip(1, 6000)(journal)
    with pytest.raises(OmsError, match="another journal"):
        repair(journal, other)


def test_two_that_have_parted_are_left_alone(journal):
    copy = journal.parent / "copy"
    shutil.copytree(journal, copy)
    for directory, number in ((journal, 1), (copy, 2)):
        with Journal(directory, "none", segment_bytes=SEGMENT) as more:
            more.append(record(number))
    with pytest.raises(OmsError, match="they have parted"):
        repair(journal, copy)


def test_not_under_a_process_that_writes(journal):
    with Journal(journal, "none", segment_bytes=SEGMENT), pytest.raises(JournalLocked):
        repair(journal, journal.parent / "copy")


def test_the_command_tells_what_was_wrong_where_it_was(capsys, journal):
    copy = journal.parent / "copy"
    assert "there is no copy of a journal" in oms(capsys, "journal", "repair", journal, "--from", copy)[1]
    shutil.copytree(journal, copy)
    flip(1, 6000)(journal)
    status, text = oms(capsys, "journal", "repair", journal, "--from", copy)
    assert status == 0
    assert f"{journal}/00000002.journal, byte " in text
