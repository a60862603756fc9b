"""Every bit of a small snapshot flipped, and every length that it could be cut to: each is refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oms import Engine, snapshot
from oms._core.engine import Core
from oms.snapshot import Snapshot, SnapshotRefused
from tests.store.writer import one_order


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    with Engine({"event": 16}) as engine:
        one_order(engine, "900", 5)
        return engine.snapshot(tmp_path_factory.mktemp("small"))


def refused(path: Path, core: Core, known: Snapshot | None = None) -> str:
    """Why a start would not take it; empty when it would. known: what its header says, where that is not damaged."""
    try:
        snapshot.load(core, known or snapshot.read(path))
    except SnapshotRefused as error:
        return error.reason if error.where == str(path) else ""
    return ""


@pytest.mark.timeout(300)
def test_every_bit_counts(small: Snapshot) -> None:
    core = Core({part.name: part.capacity for part in small.parts})  # a refused snapshot may be read into it again
    good, reasons, silent = small.path.read_bytes(), set(), []
    with small.path.open("r+b", buffering=0) as file:
        for bit in range(8 * len(good)):
            place, mask = divmod(bit, 8)
            os.pwrite(file.fileno(), bytes([good[place] ^ 1 << mask]), place)
            if reason := refused(small.path, core, small if place >= small.offset else None):
                reasons.add(reason.partition(" table ")[0])
            else:
                silent.append(bit)
            os.pwrite(file.fileno(), good[place : place + 1], place)
    assert silent == []
    assert {"the checksum of", "the checksum of its header fails", "it does not begin like a snapshot"} <= reasons
    assert refused(small.path, core) == ""


def test_every_length_counts(small: Snapshot, tmp_path: Path) -> None:
    core = Core({part.name: part.capacity for part in small.parts})
    path = tmp_path / small.path.name
    path.write_bytes(good := small.path.read_bytes())
    for length in range(len(good) - 1, -1, -1):
        os.truncate(path, length)
        assert refused(path, core), f"cut to {length} bytes"
    path.write_bytes(good + b"\0")
    assert refused(path, core)
