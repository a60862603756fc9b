"""A snapshot and what follows it are the state itself, whatever the state, and nothing else is ever taken for one."""

from __future__ import annotations

import copy
import logging
import os
import shutil
from pathlib import Path

import pytest

from oms import Engine, schema, snapshot
from oms.errors import OmsError
from oms.journal import JournalDamage
from oms.replica import Replica, RolledBack
from oms.snapshot import PREFIX, SnapshotRefused, newest_first
from tests.store.workload import Workload

CAPACITIES = {"event": 512}  # so small that the ring goes round


def opened(store: Path, **options: object) -> Engine:
    given = {"capacities": CAPACITIES, "segment_bytes": 1 << 16} | options
    return Engine(journal=store / "journal", snapshots=store / "snapshots", **given)  # type: ignore[arg-type]


def same(left: Engine, right: Engine) -> None:
    assert left.state_hash() == right.state_hash()
    assert left.sequence == right.sequence
    assert left.time_ns == right.time_ns
    assert left.core.events == right.core.events
    first = max(left.core.events - CAPACITIES["event"], 0)
    assert left.core.events_from(first) == right.core.events_from(first)


@pytest.mark.parametrize("seed", range(12))
def test_a_restart_from_a_snapshot_is_no_restart_at_all(tmp_path, seed):
    """At many points of some random days an engine is restarted from snapshot and tail, and goes on as if nothing
    was."""
    workload = Workload(seed, stops=seed % 2)
    with Engine(CAPACITIES, journal=tmp_path / "whole") as whole:
        for turn in range(8):
            twin, now_ns = copy.deepcopy(workload), whole.time_ns
            workload.play(whole, 20)
            with opened(tmp_path) as engine:
                assert turn == 0 or engine.core.events
                engine.time_ns = now_ns  # what passed since the last record stands in no journal
                twin.play(engine, 20)
                same(whole, engine)
                engine.snapshot(tmp_path / "snapshots")
                more = copy.deepcopy(workload)
                workload.play(whole, 5)  # the tail
                more.play(engine, 5)
                same(whole, engine)
    assert len(newest_first(tmp_path / "snapshots")) == snapshot.KEPT
    replayed = Replica(tmp_path, CAPACITIES, use_snapshots=False)
    assert replayed.state_hash() == whole.state_hash()


@pytest.fixture
def store(tmp_path):
    """A journal with snapshots at three points, closed. Returns the directory and the state's hash."""
    workload = Workload(7)
    with opened(tmp_path) as engine:
        for _ in range(3):
            workload.play(engine, 60)
            engine.snapshot(tmp_path / "snapshots")
        workload.play(engine, 10)
        return tmp_path, engine.state_hash()


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_the_newest_is_used_and_only_the_tail_is_replayed(store):
    directory, expected = store
    replica = Replica(directory, CAPACITIES)
    assert replica.state_hash() == expected
    assert replica.snapshot is not None
    assert replica.snapshot.path == newest_first(directory / "snapshots")[0]
    assert replica.records == replica.sequence - replica.snapshot.sequence > 0


def test_every_byte_of_a_header_counts(store):
    directory, _ = store
    path = newest_first(directory / "snapshots")[0]
    good, size = path.read_bytes(), snapshot.read(path).offset
    with path.open("r+b", buffering=0) as file:
        for offset in range(size):
            os.pwrite(file.fileno(), bytes([good[offset] ^ 1 << offset % 8]), offset)
            with pytest.raises(SnapshotRefused) as refused:
                snapshot.read(path)
            assert str(path) in str(refused.value)
            os.pwrite(file.fileno(), good[offset : offset + 1], offset)


def test_damage_in_any_table_is_found_named_and_an_older_snapshot_used(store, caplog):
    directory, expected = store
    path, older = newest_first(directory / "snapshots")[:2]
    good, found = path.read_bytes(), snapshot.read(path)
    offset = found.offset
    for part in found.parts:
        for place in {offset, offset + part.bytes // 2, offset + part.bytes - 1}:
            caplog.clear()
            path.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
            with opened(directory) as engine:
                assert engine.state_hash() == expected
            assert [path.name in word and f"table {part.name} " in word for word in refusals(caplog)] == [True]
        offset += part.bytes
    assert older == newest_first(directory / "snapshots")[1]


@pytest.mark.parametrize("change", ["cut", "longer", "empty", "another"])
def test_a_file_that_is_not_whole_is_refused(store, caplog, change):
    directory, expected = store
    path, older = newest_first(directory / "snapshots")[:2]
    good = path.read_bytes()
    path.write_bytes({"cut": good[:-1], "longer": good + b"\0", "empty": b"", "another": older.read_bytes()}[change])
    with opened(directory) as engine:
        assert engine.state_hash() == expected
    (word,) = refusals(caplog)
    assert path.name in word


def test_without_any_good_snapshot_the_whole_journal_is_replayed(store, caplog):
    directory, expected = store
    for path in newest_first(directory / "snapshots"):
        path.write_bytes(path.read_bytes()[:-8])
    with opened(directory) as engine:
        assert engine.state_hash() == expected
    assert len(refusals(caplog)) == 3


def test_another_format_or_schema_version_is_refused_by_its_number(store, monkeypatch):
    directory, _ = store
    path = newest_first(directory / "snapshots")[0]
    monkeypatch.setattr("oms.snapshot.FORMAT", 7)
    with pytest.raises(SnapshotRefused, match="has format 1, and this oms reads format 7"):
        snapshot.read(path)
    monkeypatch.undo()
    written = schema.SCHEMA_VERSION
    monkeypatch.setattr("oms.schema.SCHEMA_VERSION", written + 1)
    with pytest.raises(SnapshotRefused, match=f"has schema version {written}, and this oms reads {written + 1}"):
        snapshot.read(path)
    monkeypatch.undo()
    monkeypatch.setattr("oms.snapshot.layout", lambda: "other")
    with pytest.raises(SnapshotRefused, match="another layout"):
        snapshot.read(path)


def test_a_snapshot_of_another_journal_is_refused(store, tmp_path_factory, caplog):
    directory, _ = store
    other = tmp_path_factory.mktemp("other")
    with opened(other) as engine:
        Workload(7).play(engine, 300)
        expected = engine.state_hash()
    shutil.copytree(directory / "snapshots", other / "snapshots")
    with opened(other) as engine:
        assert engine.state_hash() == expected
    assert all("belongs to another journal" in word for word in refusals(caplog))
    assert len(refusals(caplog)) == 3


def test_a_snapshot_ahead_of_its_journal_stops_the_start(store):
    """The journal was put back from an older copy: what it has lost was acknowledged."""
    directory, _ = store
    older = directory / "older"
    with opened(older) as engine:
        Workload(3).play(engine, 20)
        before, last = engine.state_hash(), engine.sequence
    shutil.copytree(older / "journal", directory / "copy")
    with opened(older) as engine:
        Workload(4).play(engine, 40)
        taken = engine.snapshot(older / "snapshots")
    shutil.rmtree(older / "journal")
    shutil.copytree(directory / "copy", older / "journal")
    for _ in range(2):
        with pytest.raises(
            RolledBack, match=f"ends before its sequence {taken.sequence}, at sequence {last}"
        ) as refused:
            opened(older)
        assert str(taken.path) in str(refused.value)
    away = directory / "away"
    (older / "snapshots").rename(away)
    with opened(older) as engine:
        assert engine.state_hash() == before
        Workload(5).play(engine, 80)  # other records take the place of those that are lost
    away.rename(older / "snapshots")
    with pytest.raises(RolledBack, match="holds other records"):
        opened(older)


def test_snapshots_without_their_journal_are_not_taken_for_a_store(store):
    directory, _ = store
    shutil.rmtree(directory / "journal")
    with pytest.raises(OmsError, match="snapshots but no journal"):
        opened(directory)


def test_a_damaged_journal_is_not_mended_by_a_snapshot(store):
    directory, _ = store
    segment = sorted((directory / "journal").glob("*.journal"))[-1]
    data = bytearray(segment.read_bytes())
    used = len(bytes(data).rstrip(b"\0"))
    data[used - 20] ^= 1
    segment.write_bytes(data)
    with pytest.raises(JournalDamage):
        opened(directory)


def test_tables_may_grow_between_runs_but_not_lose_rows(store):
    directory, expected = store
    larger = CAPACITIES | {"order": 400_000, "event": 2048}
    assert Replica(directory, larger).state_hash() == expected
    with opened(directory, capacities=larger) as engine:
        Workload(9).play(engine, 20)
    with pytest.raises(OmsError, match="the capacity of table order is 20, but") as error:
        opened(directory, capacities=CAPACITIES | {"order": 20})
    assert "capacities.order" in error.value.remedy


def test_a_snapshot_without_a_journal_brings_an_engine_back(tmp_path):
    with Engine(CAPACITIES) as engine:
        Workload(2).play(engine, 100)
        engine.snapshot(tmp_path)
        with Engine(CAPACITIES, snapshots=tmp_path) as twin:
            same(engine, twin)


def test_there_is_no_snapshot_of_nothing(tmp_path):
    with Engine(CAPACITIES) as engine, pytest.raises(OmsError, match="nothing to take a snapshot of"):
        engine.snapshot(tmp_path / "snapshots")


def test_what_a_killed_writer_left_is_cleared_away(store):
    directory, _ = store
    left = directory / "snapshots" / "99.part"
    left.write_bytes(b"half of a snapshot")
    Replica(directory, CAPACITIES).write_snapshot()
    assert not left.exists()
    assert len(newest_first(directory / "snapshots")) == snapshot.KEPT


def test_the_prefix_is_as_documented():
    assert PREFIX.size == 48
