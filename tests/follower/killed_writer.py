"""Kills a process that writes a snapshot at each of its steps in turn: before each call to the system that writes,
flushes, renames or removes, and in the middle of each write. What is left has to be good enough to start from.

usage: python -m tests.follower.killed_writer STORE. Prints what was found, as JSON.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import sys
from pathlib import Path

from oms import snapshot
from oms.moment import Moment
from oms.replica import Replica, at
from tests.store.killed_snapshot import die_in_snapshot
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload

KEPT = 2


def prepare(store: Path) -> tuple[Path, Replica]:
    """A journal with two verified snapshots, of which the next one removes the older. Returns a copy of them, and what
    the next one is to hold."""
    with opened(store) as engine:
        for _ in range(2):
            Workload(engine.sequence).play(engine, 40)
            snapshot.verify(engine.snapshot(store / "snapshots").path)
        Workload(99).play(engine, 40)
    shutil.copytree(store / "snapshots", store / "before")
    return store / "before", Replica(store, CAPACITIES)


def write_in_a_child(replica: Replica, step: int, torn: bool) -> bool:
    """Whether the child was killed: it was not when it has fewer steps."""
    child = os.fork()
    if child == 0:
        die_in_snapshot(step, torn)
        replica.write_snapshot(KEPT)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def problems(store: Path, replica: Replica, hashes: dict[int, str]) -> list[str]:
    """What is wrong with what a killed writer has left."""
    found = []
    snapshots = snapshot.newest_first(store / "snapshots")
    if not snapshots:
        found.append("no snapshot is left")
    for path in snapshots:
        if snapshot.verify(path).state_hash != hashes[int(path.stem)]:
            found.append(f"{path.name} is another state")
    started = Replica(store, CAPACITIES)
    if started.refused or started.state_hash() != replica.state_hash():
        found.append("a start does not come to the state")
    parts = list((store / "snapshots").glob("*.part"))
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    snapshot.log.addHandler(handler)
    snapshot.clear(store / "snapshots")
    snapshot.log.removeHandler(handler)
    if [str(path) in line for path, line in zip(parts, said, strict=True)] != [True] * len(parts):
        found.append(f"{parts} were left, and {said} was said")
    return found


def main(store: Path) -> None:
    before, replica = prepare(store)
    hashes = {int(path.stem): at(store, Moment(int(path.stem))).state_hash() for path in before.glob("*.snapshot")}
    hashes[replica.sequence] = replica.state_hash()
    kills, parts, pruned, wrong = 0, 0, 0, []
    for torn in (False, True):
        for step in itertools.count(1):
            shutil.rmtree(store / "snapshots")
            shutil.copytree(before, store / "snapshots")
            if not write_in_a_child(replica, step, torn):
                break
            kills += 1
            parts += len(list((store / "snapshots").glob("*.part")))
            pruned += len(snapshot.newest_first(store / "snapshots")) == KEPT + 1  # killed before it removed the oldest
            wrong += [f"step {step}: {problem}" for problem in problems(store, replica, hashes)]
    print(json.dumps({"kills": kills, "parts": parts, "before_the_removal": pruned, "wrong": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
