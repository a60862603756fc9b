"""A record that breaks the core ends the process before it is on disk: nobody was told of it, and the next start
stands where the last one was safe. Whoever sends it again ends the process again; nothing is half done.
"""

from __future__ import annotations

import signal

from oms.replica import Replica
from tests.plants.building import ROOT, build, run
from tests.plants.catalogue import POISON

CAPACITIES = {"order": 64, "request": 64, "execution": 64}


def test_it_ends_the_process_and_leaves_nothing_behind(tmp_path):
    build()
    script = (str(ROOT / "tests/plants/poison.py"), str(tmp_path))
    for _ in range(2):
        ended = run(script, POISON)
        assert ended.returncode == -signal.SIGABRT, ended.stdout + ended.stderr
        assert "a planted invariant" in ended.stderr
        safe = int(ended.stdout.split()[-1])
        seen = Replica(tmp_path, CAPACITIES)
        assert seen.sequence == safe
        assert [order.ord_status for order in map(seen.order_picture, range(1, 2))] == ["pending_new"]
    mended = run(script, 0)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert f"recovered {safe}\n" in mended.stdout
