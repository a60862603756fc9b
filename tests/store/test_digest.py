"""The running digest of the state: alike where the same journal is applied, another one where anything differs."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from oms import Engine, schema
from oms.replica import Replica
from oms.verify import verify
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload

WORDS = 8  # of the tables for each record
STATE = [table.name for table in schema.TABLES if table.name not in schema.UNHASHED]


def digest(engine):
    return int(engine.rows("firm")[1]["digest"])


def mark(engine):
    return engine.record("StateMark", digest=digest(engine))


def round_of(engine):
    """Records that meet every word of every table once more."""
    rows = engine.arrays()
    return sum(rows[name].nbytes // 8 // WORDS + 2 for name in STATE)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_replay_comes_to_every_mark(tmp_path, seed):
    """From the beginning, and from a snapshot."""
    with opened(tmp_path) as engine:
        workload = Workload(seed)
        for number in range(30):
            workload.play(engine, 10)
            last = mark(engine)
            if number == 15:
                engine.snapshot(tmp_path / "snapshots")
        found = digest(engine)
    for use_snapshots in (False, True):
        replica = Replica(tmp_path, CAPACITIES, use_snapshots)
        assert replica.core.agreed == last.sequence
        assert replica.difference == ""
        assert digest(replica) == found


@pytest.mark.parametrize("table", STATE)
def test_a_bit_that_differs_anywhere_is_met_within_a_round(table):
    with Engine(CAPACITIES) as engine, Engine(CAPACITIES) as other:
        for each in (engine, other):
            Workload(4).play(each, 150)
        for each in (engine, other):
            for _ in range(round_of(engine)):
                each.tick()
        assert digest(engine) == digest(other)
        rows = other._raw_arrays()[table]
        raw = rows[-1:].view(np.uint8)
        raw[rows.dtype.fields["epoch"][1] if table == "firm" else -1] ^= 1  # the firm's last bytes are the digest's own
        for each in (engine, other):
            for _ in range(round_of(engine)):
                each.tick()
        assert digest(engine) != digest(other)


def test_versions_of_rows_do_not_count():
    """A row that was opened and closed for nothing is the same row."""
    with Engine(CAPACITIES) as engine, Engine(CAPACITIES) as other:
        for each in (engine, other):
            Workload(4).play(each, 150)
        other._raw_arrays()["account"]["version"] += 2
        for each in (engine, other):
            for _ in range(round_of(engine)):
                each.tick()
        assert digest(engine) == digest(other)


def test_a_mark_that_a_replay_does_not_come_to_is_told(tmp_path, caplog):
    """And no more: the state is what the records lead to."""
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 40)
        engine.record("StateMark", digest=digest(engine) ^ 1)
        sequence, expected = engine.sequence, engine.state_hash()
    with caplog.at_level(logging.WARNING), opened(tmp_path) as engine:
        assert engine.state_hash() == expected
    told = f"at sequence {sequence} the process that led had come to another state"
    assert told in caplog.text
    report = verify(tmp_path, CAPACITIES)
    assert report.ok
    assert told in report.notes[0]


def test_only_the_process_itself_marks():
    with Engine(CAPACITIES) as engine:
        engine.define_user("ann", ["operate"])
        assert engine.record("StateMark", by="ann", digest=digest(engine)).status.name == "permission_denied"
        assert engine.core.agreed == 0
