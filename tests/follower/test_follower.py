"""A follower beside a leader: its snapshots are whole and verified, its state is the leader's, and whatever becomes of
it, the leader goes on."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oms import Engine, schema, snapshot
from oms.config import Following
from oms.follower import Diverged, Follower
from oms.journal import read
from oms.records import decode, row_dtype
from oms.replica import WITNESS, RolledBack
from oms.snapshot import newest_first
from oms.stat import followers
from oms.verify import verify
from oms.views import attach
from tests.follower.support import PATIENCE_S, firm, wait
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload


def verified(directory: Path) -> list[int]:
    return [int(path.stem) for path in newest_first(directory / "snapshots") if snapshot.is_verified(path)]


@pytest.mark.timeout(300)
def test_it_follows_through_kills_of_the_leader_and_of_itself(tmp_path: Path) -> None:
    chance = random.Random(4)
    with firm(tmp_path, records=150) as store:
        leader, follower = store.serve(), store.follow()
        store.trade(100)
        for turn in range(6):
            store.trade(160)
            time.sleep(chance.uniform(0, 0.4))
            (leader if turn % 2 else follower).end(signal.SIGKILL)
            store.trade(40)
            if turn % 2:
                leader = store.serve()
            else:
                follower = store.follow()
            store.trade(20, timeout_s=30)
            assert store.lost() == []
        last = str(attach(store.config.tables).rows("firm")[1]["last_sequence"])
        wait(lambda: store.where(follower).get("compared") == last, "the comparison with the leader", follower)
        assert store.where(follower)["behind"] == 0
        assert [told["pid"] for told in followers(tmp_path)] == [follower.popen.pid]
        assert follower.end() == 0  # the last one, of where it stands
        assert list((tmp_path / "snapshots").glob("*.part")) == []
        kept = [int(path.stem) for path in newest_first(tmp_path / "snapshots")]
        assert kept[0] == int(last)
        assert verified(tmp_path) == kept
        assert len(kept) == 3
        assert snapshot.replaceable_through(tmp_path / "snapshots") == kept[-1]
        leader.end(signal.SIGKILL)
        report = verify(tmp_path, store.config.capacities)
        assert report.ok, report.problems
        assert report.snapshots == [f"{number}.snapshot" for number in kept]
        assert list((tmp_path / "followers").iterdir()) == []


def flip_a_bit(tables: Path) -> None:
    """Of the leader's memory: in its first account."""
    rows, field = row_dtype("account"), row_dtype("account").fields
    assert field is not None
    with (tables / "account.table").open("r+b") as table:
        place = 4096 + rows.itemsize + field["attributes"][1]
        table.seek(place)
        held = table.read(1)
        table.seek(place)
        table.write(bytes([held[0] ^ 4]))


@pytest.mark.timeout(120)
def test_where_its_state_is_not_the_leaders_it_stops_and_the_leader_goes_on(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader = store.serve()
        store.trade(20, timeout_s=30)
        follower = store.follow()
        flip_a_bit(store.config.tables)
        wrong = attach(store.config.tables).state_hash()
        assert follower.popen.wait(PATIENCE_S) == 1
        said = follower.said()
        last = attach(store.config.tables).rows("firm")[1]["last_sequence"]
        assert f"the states differ at sequence {last}" in said
        assert wrong in said
        assert store.replayed().state_hash() in said
        assert f"the leader, process {leader.popen.pid}," in said
        assert leader.popen.poll() is None
        store.trade(10, timeout_s=30)
        assert store.lost() == []
        leader.end(signal.SIGKILL)  # it must not write a snapshot of that


@pytest.mark.timeout(240)
def test_beside_a_leader_that_never_rests_it_compares_by_marks(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader = store.serve()
        follower = store.follow()
        store.trade(4200)
        wait(lambda: int(store.where(follower)["compared"]) > 4000, "the first mark", follower)
        leader.end(signal.SIGKILL)
        assert follower.end() == 0
        marks = [raw for raw in read(tmp_path / "journal") if decode(raw)[0] == "StateMark"]
        assert len(marks) == 1
        assert store.replayed().core.agreed == int.from_bytes(marks[0][8:16], "little")


@pytest.mark.timeout(240)
def test_a_bit_of_the_leaders_memory_shows_at_its_next_mark(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader = store.serve()
        follower = store.follow()
        store.trade(20)
        flip_a_bit(store.config.tables)
        while follower.popen.poll() is None and store.sent < 9000:
            store.trade(100)
        assert follower.popen.wait(PATIENCE_S) == 1
        assert "the leader's mark in the journal has" in follower.said()
        assert leader.popen.poll() is None
        leader.end(signal.SIGKILL)  # it must not write a snapshot of that


def test_who_has_parted_leaves_no_snapshot_that_anybody_starts_from(tmp_path: Path) -> None:
    """One from before the last mark that agreed stays."""
    with opened(tmp_path) as engine:
        follower, said = follower_of(tmp_path, snapshot_records=1)
        workload = Workload(3)
        for wrong in (0, 1):
            workload.play(engine, 40)
            engine.journal.flush()
            follower.step()
            follower.not_before = 0.0
            assert follower.take() is not None
            follower.proven(wait=True)
            engine.record("StateMark", digest=int(engine.rows("firm")[1]["digest"]) ^ wrong)
            engine.journal.flush()
            if not wrong:
                follower.step()
                assert follower.compared == engine.sequence
        kept = newest_first(tmp_path / "snapshots")
        assert len(kept) == 2
        with pytest.raises(Diverged, match=f"the states differ at sequence {engine.sequence}: .* the leader's mark"):
            follower.step()
        assert newest_first(tmp_path / "snapshots") == kept[1:]
        assert "put aside" in said[-1]
        assert snapshot.is_verified(kept[1])
        follower.leave()


@pytest.mark.parametrize("other", [False, True])
def test_a_journal_that_has_lost_what_a_follower_has_seen_is_refused(tmp_path: Path, other: bool) -> None:
    """An older copy was put back; other: and something else has happened since. There is no snapshot."""
    workload = Workload(3)
    with opened(tmp_path) as engine:
        workload.play(engine, 40)
        before = engine.sequence
    shutil.copytree(tmp_path / "journal", tmp_path / "copy")
    with opened(tmp_path) as engine:
        workload.play(engine, 40)
        last = engine.sequence
    follower, _ = follower_of(tmp_path)
    follower.step()
    follower.look(0.0)
    follower.leave()
    with opened(tmp_path) as engine:  # the journal that it has seen
        assert engine.sequence == last
    shutil.rmtree(tmp_path / "journal")
    shutil.copytree(tmp_path / "copy", tmp_path / "journal")
    if other:
        with Engine(CAPACITIES, journal=tmp_path / "journal", segment_bytes=1 << 16) as engine:
            while engine.sequence < last:
                engine.tick()
    told = "other records" if other else f"up to {last}, and it ends at {before}"
    with pytest.raises(RolledBack, match=f"a follower has seen .*{told}"):
        opened(tmp_path)
    with pytest.raises(RolledBack):
        follower_of(tmp_path)
    (tmp_path / "snapshots" / WITNESS).write_text("damaged")
    opened(tmp_path).close()


def test_a_follower_notes_only_what_is_safe(tmp_path: Path) -> None:
    """Without flushes nothing of a running process is: a loss of power may take it, and that is no damage."""
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 40)
        engine.journal.flush()
        follower, _ = follower_of(tmp_path)
        follower.step()
        follower.look(0.0)
        assert not (tmp_path / "snapshots" / WITNESS).exists()
        follower.leave()


@pytest.mark.timeout(120)
def test_a_snapshot_of_another_process_at_its_sequence_is_compared(tmp_path: Path) -> None:
    """As the one that a leader writes when it ends."""
    with firm(tmp_path) as store:
        leader, follower = store.serve(), store.follow()
        store.trade(20, timeout_s=30)
        assert leader.end() == 0
        last = newest_first(tmp_path / "snapshots")[0].stem
        wait(lambda: store.where(follower).get("compared") == last, "the comparison", follower)
        command = [sys.executable, "-m", "oms", "snapshot", str(tmp_path), "--json"]
        done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        assert done["sequence"] == last
        assert verified(tmp_path) == [int(last)]
        assert follower.end() == 0


def follower_of(directory: Path, **settings: int) -> tuple[Follower, list[str]]:
    """A follower in this process, and what it tells."""
    said: list[str] = []
    following = Following(**{"snapshot_records": 0, "snapshot_seconds": 0} | settings)
    return Follower(directory, following, 3, said.append, capacities=CAPACITIES), said


def test_a_snapshot_that_does_not_verify_is_put_aside_and_written_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 60)
        expected = engine.state_hash()
    follower, said = follower_of(tmp_path, snapshot_records=1)
    follower.step()
    assert follower.due()
    written = follower.take()
    assert written is not None
    assert follower.proof is not None
    follower.proof.process.send_signal(signal.SIGSTOP)  # long before it has read a byte
    with written.path.open("r+b") as file:
        file.seek(-9, 2)
        file.write(b"\xff")
    follower.proof.process.send_signal(signal.SIGCONT)
    assert not follower.due(), "one at a time"
    follower.proven(wait=True)
    assert "put aside" in said[-1]
    assert "the checksum of table" in said[-1]
    assert [path.name for path in tmp_path.glob("snapshots/*.bad")] == [f"{written.sequence}.bad"]
    assert newest_first(tmp_path / "snapshots") == []
    assert not follower.due(), "not at once"
    follower.not_before = 0.0
    assert follower.due()
    again = follower.take()
    follower.proven(wait=True)
    assert again is not None
    assert again.state_hash == expected
    assert snapshot.is_verified(again.path)
    follower.leave()


def test_a_verification_that_hangs_or_a_full_disk_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 60)
    follower, said = follower_of(tmp_path, snapshot_records=1)
    follower.step()
    follower.take()
    assert follower.proof is not None
    follower.proof.process.send_signal(signal.SIGSTOP)
    follower.proven()
    assert follower.proof is not None, "there is still time"
    follower.proof.until = time.monotonic()
    follower.proven()
    assert "it could not be verified in time" in said[-1]
    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        follower.not_before = 0.0
        assert follower.due()
        assert follower.take() is None
    assert "No space left on device" in said[-1]
    assert follower.proof is None
    assert list((tmp_path / "snapshots").glob("*.part")) == []
    assert not follower.due(), "the next one is tried in its time"
    follower.not_before = 0.0
    assert follower.due()
    follower.leave()


def test_it_is_due_by_records_or_by_seconds_and_only_when_something_changed(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 60)
        last = engine.sequence
    for records, expected in (
        (last, True),
        (last + 1, False),
        (0, False),
    ):
        follower, _ = follower_of(tmp_path, snapshot_records=records)
        follower.step()
        assert follower.due() is expected
        follower.leave()
    follower, _ = follower_of(tmp_path, snapshot_seconds=10)
    follower.step()
    assert not follower.due()
    follower.taken_at -= 10
    assert follower.due()
    follower.take()
    follower.proven(wait=True)
    follower.taken_at -= 10
    assert not follower.due()
    follower.leave()


@pytest.mark.timeout(180)
def test_a_writer_killed_at_any_of_its_steps_leaves_a_store_to_start_from(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.follower.killed_writer", str(tmp_path)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert found["kills"] > 2 * len(schema.TABLES)
    assert found["parts"] > len(schema.TABLES)
    assert found["before_the_removal"] >= 2


def test_a_follower_needs_a_journal_and_a_standby_its_endpoints(tmp_path: Path) -> None:
    for more, expected in (([], "there is no journal"), (["--standby"], "a standby needs the configuration")):
        command = [sys.executable, "-m", "oms", "follower", str(tmp_path), *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert re.search(expected, done.stderr)


def test_while_it_catches_up_it_stops_where_another_snapshot_stands(tmp_path: Path) -> None:
    """A state that differs is noticed at the snapshot, not somewhere behind it."""
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 40)
        engine.journal.flush()
        middle = engine.sequence
    follower, _ = follower_of(tmp_path)
    with opened(tmp_path) as engine:
        Workload(4).play(engine, 20)
        at_middle = snapshot.read(engine.snapshot(tmp_path / "snapshots").path)
        Workload(5).play(engine, 20)
        last = engine.sequence
    follower.foreign = follower.others()
    assert follower.step() == at_middle.sequence - middle
    assert follower.compared == follower.sequence == at_middle.sequence
    follower.step()
    assert follower.sequence == last
    follower.leave()
    whole, _ = follower_of(tmp_path)
    with pytest.raises(Diverged, match=f"the states differ at sequence {last}"):
        whole._compare(at_middle.state_hash, "the snapshot")
    whole.leave()
