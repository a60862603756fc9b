"""A standby takes the lead: nothing that was acknowledged is lost, one process leads, and a deposed one says nothing
more."""

from __future__ import annotations

import os
import random
import re
import signal
import struct
import time
from collections import Counter
from pathlib import Path

import pytest

from oms import records
from oms.enums import Status
from oms.journal import read as read_journal
from oms.journal import verify as verify_journal
from oms.verify import verify
from oms.views import attach
from tests.follower.support import firm, wait
from tests.journal.test_epoch import depose


@pytest.mark.timeout(300)
def test_what_was_acknowledged_is_there_after_each_promotion(tmp_path: Path) -> None:
    """Three leaders are killed under load, one after another; the client goes on sending into the dead and the
    rising."""
    with firm(tmp_path) as store:
        leader = store.serve()
        store.trade(100)
        epochs = []
        for number in range(3):
            standby = store.standby(f"standby{number}")
            store.trade(200 + 130 * number)
            epochs.append(store.epoch())
            leader.end(signal.SIGKILL)
            store.trade(50)
            done = store.promote()
            assert done.returncode == 0, done.stderr + standby.said()
            assert re.search(r"leads with epoch \d+, \d+\.\d{3} s after the order", done.stdout)
            assert store.leader() == standby.popen.pid
            store.trade(50, timeout_s=30)
            assert store.lost() == []
            leader = standby
        epochs.append(store.epoch())
        assert epochs == sorted(set(epochs)), "each leader's sessions have a higher epoch"
        assert len(store.told) == store.sent
        state = attach(store.config.tables).state_hash()
        assert leader.end() == 0
        assert store.replayed().state_hash() == state
        report = verify(tmp_path, store.config.capacities)
        assert report.ok, report.problems
        left = [path.name for path in store.config.tables.parent.glob(f"{store.config.tables.name}*")]
        assert left == []


@pytest.mark.timeout(120)
def test_a_standby_waits_for_the_leaders_end_and_takes_what_a_clean_end_left(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader, standby = store.serve(), store.standby()
        store.trade(40, timeout_s=30)
        refused = store.promote()
        assert refused.returncode == 1
        assert f"process {leader.popen.pid} leads" in refused.stderr
        assert f"kill {leader.popen.pid}" in refused.stderr
        other = f"process 1 does not stand by, but process {standby.popen.pid}"
        assert other in store.promote("--pid", "1").stderr
        assert leader.end() == 0
        done = store.promote("--pid", str(standby.popen.pid), "--json")
        assert done.returncode == 0, done.stderr
        assert store.leader() == standby.popen.pid
        store.trade(10, timeout_s=30)
        assert store.lost() == []
        assert "no process stands by" in store.promote().stderr


@pytest.mark.timeout(120)
def test_of_two_that_are_promoted_at_once_one_leads_and_the_other_follows_it(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader = store.serve()
        both = [store.standby("one"), store.standby("two")]
        store.trade(60, timeout_s=30)
        leader.end(signal.SIGKILL)
        for standby in both:
            standby.send(signal.SIGUSR1)
        pids = [standby.popen.pid for standby in both]
        wait(lambda: store.leader() in pids, "one to lead", *both)
        winner, loser = sorted(both, key=lambda standby: standby.popen.pid != store.leader())
        wait(lambda: "not promoted" in loser.said(), "the other one to give up", loser)
        store.trade(30, timeout_s=30)
        assert store.lost() == []
        at_last = attach(store.config.tables)
        wait(lambda: store.where(loser)["sequence"] == str(at_last.rows("firm")[1]["last_sequence"]), "it", loser)
        wait(lambda: store.where(loser)["compared"] == store.where(loser)["sequence"], "the comparison", loser)
        winner.end(signal.SIGKILL)  # and the loser is as good a standby as before
        assert store.promote().returncode == 0
        store.trade(10, timeout_s=30)
        assert store.lost() == []


@pytest.mark.timeout(120)
def test_a_stopped_leader_is_not_replaced_behind_its_back(tmp_path: Path) -> None:
    """SIGSTOP, and the lock file removed: the locks on the directories are still its own."""
    with firm(tmp_path) as store:
        leader, standby = store.serve(), store.standby()
        store.trade(30, timeout_s=30)
        leader.pause()
        (tmp_path / "journal" / "lock").unlink()
        files = {path: path.stat().st_ino for path in store.config.tables.iterdir()}
        refused = store.promote()
        assert refused.returncode == 1
        assert "another process serves this store" in refused.stderr
        assert {path: path.stat().st_ino for path in store.config.tables.iterdir()} == files
        assert "not promoted" in standby.said()
        leader.send(signal.SIGCONT)
        assert leader.popen.poll() is None
        store.trade(10, timeout_s=30)
        assert store.lost() == []
        leader.end(signal.SIGKILL)  # only now is there room
        assert store.promote().returncode == 0
        store.trade(10, timeout_s=30)
        assert store.lost() == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("durability", ["batch", "none"])
def test_a_deposed_leader_that_wakes_up_writes_nothing_and_tells_nobody(tmp_path: Path, durability: str) -> None:
    """It was stopped, and somebody has written a later epoch: as behind a file system that keeps no locks."""
    with firm(tmp_path) as store:
        path = tmp_path / "oms.toml"
        path.write_text(path.read_text().replace("[store]", f'[store]\ndurability = "{durability}"'))
        leader = store.serve()
        store.trade(30, timeout_s=30)
        told, before = dict(store.told), verify_journal(tmp_path / "journal")
        leader.pause()
        store.trade(20)  # waits in its sockets
        depose(tmp_path / "journal")
        leader.send(signal.SIGCONT)
        assert leader.popen.wait(60) == 1
        assert "another process has taken the journal over" in leader.said()
        store.listen()
        assert store.told == told, "nothing was acknowledged after it"
        after = verify_journal(tmp_path / "journal")
        assert after.ok
        assert (after.last, after.chain_head) == (before.last, before.chain_head)
        store.serve()
        store.listen(timeout_s=30)  # now they are
        assert store.lost() == []
        assert len(store.told) == store.sent


@pytest.mark.timeout(300)
def test_standbys_killed_while_they_take_the_lead_leave_it_to_the_next(tmp_path: Path) -> None:
    """At any moment between the order and the first peer; the next one comes to the same state and leads."""
    chance = random.Random(8)
    with firm(tmp_path, records=40) as store:
        leader = store.serve()
        store.trade(100, timeout_s=30)
        before = store.replayed().sequence
        for number in range(4):
            standby = store.standby(f"standby{number}")
            leader.end(signal.SIGKILL)
            standby.send(signal.SIGUSR1)
            time.sleep(chance.uniform(0, 0.25))
            leader = standby
        leader.end(signal.SIGKILL)
        last = store.standby()
        done = store.promote()
        assert done.returncode == 0, done.stderr + last.said()
        assert store.lost() == []
        store.trade(20, timeout_s=30)
        assert store.lost() == []
        assert len(store.told) == store.sent
        kinds = Counter(records.decode(raw)[0] for raw in read_journal(tmp_path / "journal", before + 1))
        assert set(kinds) == {"Leading", "NewOrderSingle"}, f"nothing else was added: {kinds}\n{last.said()}"
        assert 1 <= kinds["Leading"] <= 5
        assert kinds["NewOrderSingle"] >= 20  # sent again where a session broke
        assert len(attach(store.config.tables).rows("order")) == 1 + sum(
            told == Status.ok for told in store.told.values()
        )
        assert last.end() == 0
        report = verify(tmp_path, store.config.capacities)
        assert report.ok, report.problems


@pytest.mark.timeout(120)
def test_a_torn_tail_is_cut_at_a_promotion_and_told(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        leader, standby = store.serve(), store.standby()
        store.trade(30, timeout_s=30)
        leader.end(signal.SIGKILL)
        segment = sorted((tmp_path / "journal").glob("*.journal"))[-1]
        used = len(segment.read_bytes().rstrip(b"\0"))
        with segment.open("r+b") as file:  # the beginning of a write that never came to its end
            file.seek((used + 7) // 8 * 8)
            file.write(struct.pack("<I", 200) + os.urandom(60))
        assert store.promote().returncode == 0
        assert "cut a torn tail of 64 bytes, acknowledged to nobody" in standby.said()
        store.trade(10, timeout_s=30)
        assert store.lost() == []
        assert standby.end() == 0
        assert verify(tmp_path, store.config.capacities).ok


def test_a_killed_standby_gives_its_memory_back_to_the_next(tmp_path: Path) -> None:
    with firm(tmp_path) as store:
        first = store.standby("first")
        first.end(signal.SIGKILL)
        tables = store.config.tables
        assert [path.name for path in tables.parent.glob(f"{tables.name}.*")] == [
            f"{tables.name}.standby-{first.popen.pid}"
        ]
        second = store.standby("second")
        assert [path.name for path in tables.parent.glob(f"{tables.name}.*")] == [
            f"{tables.name}.standby-{second.popen.pid}"
        ]
        assert second.end() == 0
        assert list(tables.parent.glob(f"{tables.name}*")) == []
