"""A reader in another process sees live rows; a row that was half written is never taken for a whole one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from oms.views import attach

READS = 60_000


@pytest.fixture
def writer():
    """The directory of a process's tables, in shared memory, while the process writes to them."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="oms-test-") as tables:
        command = [sys.executable, "-m", "tests.store.writer", tables]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Path(tables)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(60) == 0


def whole(row: np.void) -> bool:
    """All fills are of one unit at 10.00 for one date: sum, ladder and hold move together, under one version."""
    return bool(row["payable"] == row["ladder_payable"][0] and row["payable"] % 100000 == 0)


def test_no_torn_row_goes_unnoticed(writer):
    """Of plain copies, without a look at the version, one in some thousands is torn here."""
    views = attach(writer)
    seen, before = set(), 0
    for _ in range(READS):
        row = views.row("cash", 1)
        assert whole(row), f"a torn row was taken for a whole one: {row}"
        assert row["payable"] >= before, "the row went back"
        before = int(row["payable"])
        seen.add(before)
    assert len(seen) > 10, "the writer did not move"


def test_a_reader_sees_rows_and_events_as_they_come(writer):
    views = attach(writer)
    counts = []
    for _ in range(20):
        counts.append((len(views.rows("execution")), int(views.header("event")["sequence"])))
        time.sleep(0.01)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    rows = views.rows("execution")
    assert (rows["last_qty"][1:-1] == 1).all()
    assert [views.text(ref) for ref in rows["exec_id"][1:4]] == ["e1", "e2", "e3"]


def test_what_a_reader_maps_it_cannot_change(writer):
    views = attach(writer)
    with pytest.raises(ValueError, match="read-only"):
        views.rows("cash")["booked"][1] = 0
