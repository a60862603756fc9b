"""Segments that a verified snapshot stands in for go to an archive, and everybody still finds them."""

import shutil
from pathlib import Path

import pytest

from oms import Engine, archive, snapshot
from oms.config import Following
from oms.errors import OmsError
from oms.follower import Follower
from oms.journal import first_sequence, read, verify
from oms.journal_repair import repair
from oms.replica import Replica
from tests.journal.test_commands import oms
from tests.journal.tools import segments

SEGMENT = 1 << 16


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Several segments, and a snapshot that was verified in the last but one."""
    store = tmp_path / "store"
    with Engine(journal=store / "journal", segment_bytes=SEGMENT) as engine:
        engine.define_currency("AUD")
        while len(segments(store / "journal")) < 6:
            engine.tick()
        engine.snapshot(store / "snapshots", kept=1)
        while len(segments(store / "journal")) < 8:
            engine.tick()
    return store


def test_nothing_goes_before_a_snapshot_is_verified(store, tmp_path):
    assert archive.archive(store, tmp_path / "away") == []
    assert not (tmp_path / "away").exists()


@pytest.fixture
def archived(store, tmp_path) -> Path:
    [path] = snapshot.newest_first(store / "snapshots")
    snapshot.verify(path)
    before = verify(store / "journal")
    names = archive.archive(store, tmp_path / "away")
    assert names == [f"{number:08}.journal" for number in range(1, 6)]
    assert sorted(path.name for path in (tmp_path / "away").iterdir()) == names
    assert len(segments(store / "journal")) == 3
    assert verify(store / "journal") == before
    assert archive.archive(store, tmp_path / "away") == []
    return store


def test_everybody_still_finds_them(archived):
    with Engine(journal=archived / "journal", snapshots=archived / "snapshots", segment_bytes=SEGMENT) as engine:
        engine.tick()
        last = engine.sequence
    assert first_sequence(archived / "journal") == 1
    assert len(list(read(archived / "journal"))) == last
    assert Replica(archived).state_hash() == Replica(archived, use_snapshots=False).state_hash()


def test_the_start_needs_none_of_them(archived, tmp_path):
    (tmp_path / "away").rename(tmp_path / "out of reach")
    with Engine(journal=archived / "journal", snapshots=archived / "snapshots", segment_bytes=SEGMENT) as engine:
        assert engine.tick().ok
    assert first_sequence(archived / "journal") > 1
    with pytest.raises(OmsError, match="archived"):
        Replica(archived, use_snapshots=False)
    damage = verify(archived / "journal").damage
    assert damage is not None
    assert damage.advice == f"put the archive {tmp_path / 'away'} back: it may be there"


def test_damage_in_the_archive_is_found_and_repaired(archived, tmp_path):
    shutil.copytree(archived / "journal", tmp_path / "copy")
    path = tmp_path / "away" / "00000002.journal"
    data = bytearray(path.read_bytes())
    data[9000] ^= 1
    path.write_bytes(data)
    damage = verify(archived / "journal").damage
    assert damage is not None
    shutil.rmtree(tmp_path / "copy")
    shutil.copytree(archived / "journal", tmp_path / "copy", symlinks=False)
    data[9000] ^= 1
    (tmp_path / "copy" / "archive" / "00000002.journal").write_bytes(data)
    assert repair(archived / "journal", tmp_path / "copy").taken == ["00000002.journal"]
    assert verify(archived / "journal").ok
    assert path.read_bytes() == bytes(data)


def test_a_second_archive_is_refused(archived, tmp_path):
    with pytest.raises(OmsError, match="has its archive in"):
        archive.link(archived / "journal", tmp_path / "other")


def test_a_damaged_segment_does_not_go(store, tmp_path):
    snapshot.verify(snapshot.newest_first(store / "snapshots")[0])
    path = segments(store / "journal")[1]
    data = bytearray(path.read_bytes())
    data[9000] ^= 1
    path.write_bytes(data)
    with pytest.raises(OmsError, match=r"00000002\.journal, byte"):
        archive.archive(store, tmp_path / "away")
    assert len(segments(store / "journal")) == 8


def test_a_follower_archives_what_its_snapshots_replace(store, tmp_path):
    said: list[str] = []
    follower = Follower(store, Following(snapshot_records=1), 1, said.append)
    follower.archive = tmp_path / "away"
    try:
        follower.finish()
    finally:
        follower.leave()
    assert [line for line in said if line.startswith("moved 6 segments up to 00000006.journal")] == said[-1:]
    assert len(segments(store / "journal")) == 2
    assert verify(store / "journal").ok


def test_the_command(store, tmp_path, capsys):
    snapshot.verify(snapshot.newest_first(store / "snapshots")[0])
    status, text = oms(capsys, "journal", "archive", store)
    assert (status, "no archive is named" in text) == (1, True)
    (store / "oms.toml").write_text('[store]\narchive = "away"\n')
    assert oms(capsys, "journal", "archive", store) == (0, f"5 segments moved to {store / 'away'}\n")
    assert oms(capsys, "journal", "archive", store)[1].startswith("no segment may go")
