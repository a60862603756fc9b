"""Which table is full is part of the history: a replay with other tables accepts and refuses the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from oms import Engine
from oms.errors import OmsError
from oms.replica import Replica
from tests.property.world import define

CAPACITIES = {"order": 512, "request": 1024, "execution": 1024, "text": 16384, "event": 1024}
SMALL = CAPACITIES | {"order": 8, "request": 32}


def filled(directory: Path) -> str:
    """A store whose order table is full; its state hash."""
    with Engine(SMALL, journal=directory / "journal") as engine:
        define(engine)
        statuses = [engine.submit("A", f"C{n}", "Q", "buy", 10, 5).status.name for n in range(12)]
        assert "ok" in statuses
        assert statuses[-1] == "capacity_reached"
        return engine.state_hash()


def test_larger_tables_replay_the_same_refusals(tmp_path):
    expected = filled(tmp_path)
    assert Replica(tmp_path, CAPACITIES, use_snapshots=False).state_hash() == expected
    assert Replica(tmp_path).core.tables.capacities["order"] == SMALL["order"]  # as the journal says
    with Engine(CAPACITIES, journal=tmp_path / "journal") as engine:
        assert engine.submit("A", "NOW", "Q", "buy", 10, 5).status.name == "ok"  # from here on there is room
        expected = engine.state_hash()
    assert Replica(tmp_path, CAPACITIES | {"order": 9000}, use_snapshots=False).state_hash() == expected


@pytest.mark.parametrize("snapshots", [False, True])
def test_smaller_tables_are_refused_with_what_to_do(tmp_path, snapshots):
    filled(tmp_path)
    places = {"journal": tmp_path / "journal", "snapshots": tmp_path / "snapshots" if snapshots else None}
    if snapshots:
        with Engine(SMALL, **places) as engine:
            engine.snapshot(tmp_path / "snapshots")
    with pytest.raises(OmsError, match="table request holds 31 rows, and the journal counts on 32") as error:
        Engine(SMALL | {"request": 31}, **places)
    assert "capacities.request" in error.value.remedy
    with pytest.raises(OmsError, match="table request holds 31 rows"):
        Replica(tmp_path, SMALL | {"request": 31}, use_snapshots=snapshots)


def test_nobody_but_the_process_tells_of_its_tables(tmp_path):
    with Engine(SMALL, journal=tmp_path / "journal") as engine:
        engine.define_user("ops", ["operate"])
        assert engine.record("Capacities", "ops", rows=[9] * 63, text=900).status.name == "permission_denied"
        assert engine.record("Capacities", rows=[1] * 63, text=0).status.name == "reference_invalid"
