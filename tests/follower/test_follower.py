"""A follower beside a leader: its snapshots are whole and verified, its state is the leader's, and whatever becomes of
it, the leader goes on."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oms import schema, snapshot
from oms.config import Following
from oms.follower import Diverged, Follower
from oms.records import row_dtype
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


@pytest.mark.timeout(120)
def test_where_its_state_is_not_the_leaders_it_stops_and_the_leader_goes_on(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader = store.serve()
        store.trade(20, timeout_s=30)
        follower = store.follow()
        rows, field = row_dtype("account"), row_dtype("account").fields
        assert field is not None
        with (store.config.tables / "account.table").open("r+b") as table:  # one bit of the leader's memory
            place = 4096 + rows.itemsize + field["attributes"][1]
            table.seek(place)
            held = table.read(1)
            table.seek(place)
            table.write(bytes([held[0] ^ 4]))
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
