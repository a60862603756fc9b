"""A record that breaks the core ends the process, which says which record it was, and its bytes.

One that comes in is on no disk yet: nobody was told of it, and the next start stands where the last one was safe. One
that is in the journal, because another version could bear it, stops each start of this version; nothing of it is lost,
and there are two ways on: the version that wrote it, or a snapshot from behind it.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from oms import records
from oms.replica import Replica
from tests.plants.building import ROOT, build, run
from tests.plants.catalogue import POISON

CAPACITIES = {"order": 64, "request": 64, "execution": 64}


def play(store: Path, plant: int) -> subprocess.CompletedProcess[str]:
    return run((str(ROOT / "tests/plants/poison.py"), str(store)), plant)


def poison(ended: subprocess.CompletedProcess[str], where: str) -> int:
    """The sequence that the process ended with."""
    assert ended.returncode == -signal.SIGABRT, ended.stdout + ended.stderr
    assert "broken invariant: a planted invariant" in ended.stderr
    told = re.search(r"by record (\d+), OrderCancelRequest, which (.*)\noms: its bytes: ([0-9a-f]+)\n", ended.stderr)
    assert told is not None, ended.stderr
    assert where in told[2]
    kind, fields = records.decode(bytes.fromhex(told[3]))
    assert (kind, fields["cl_ord_id"], fields["orig_cl_ord_id"]) == ("OrderCancelRequest", "B", "A")
    return int(told[1])


def test_it_ends_the_process_and_leaves_nothing_behind(tmp_path: Path) -> None:
    build()
    for _ in range(2):
        ended = play(tmp_path, POISON)
        safe = int(ended.stdout.split()[-1])
        assert poison(ended, "is on no disk") == safe + 1
        seen = Replica(tmp_path, CAPACITIES)
        assert seen.sequence == safe
        assert [order.ord_status for order in map(seen.order_picture, range(1, 2))] == ["pending_new"]
    mended = play(tmp_path, 0)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert f"recovered {safe}\n" in mended.stdout


def test_one_in_the_journal_is_named_and_loses_nothing(tmp_path: Path) -> None:
    build()
    bore = play(tmp_path, 0)
    last = int(bore.stdout.split()[-1])
    for _ in range(2):
        assert poison(play(tmp_path, POISON), "is safe in the journal") == last
    shown = run(("-m", "oms", "journal", "dump", str(tmp_path), "--from", str(last)), POISON)
    assert "OrderCancelRequest" in shown.stdout
    before = run(("-m", "oms", "at", str(last - 1), "orders", str(tmp_path)), POISON)
    assert before.returncode == 0, before.stderr
    assert "pending_new" in before.stdout
    made = run(("-m", "oms", "snapshot", str(tmp_path)), 0)  # the version that wrote it goes on as ever
    assert made.returncode == 0, made.stdout + made.stderr
    behind = play(tmp_path, POISON)
    assert behind.returncode == 0, behind.stdout + behind.stderr
    assert f"recovered {last}\n" in behind.stdout


def test_a_crash_of_the_machines_own_making_is_told_the_same_way() -> None:
    crash = "import ctypes; from oms._core.engine import tell_of_crashes; tell_of_crashes(); ctypes.string_at(0)"
    ended = subprocess.run([sys.executable, "-c", crash], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGABRT
    assert "oms: broken invariant: Segmentation fault" in ended.stderr
