"""kill -9 of the whole OMS at random points under load: nothing acknowledged is lost, and the day still closes."""

import os
from pathlib import Path

import pytest

from tests.crash.harness import play

DAYS = 10
KILLS = 10 if not os.environ.get("OMS_SOAK") else 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, DAYS + 1))
def test_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    day = play(tmp_path / "day", seed=seed, kills=KILLS)
    assert day.kills == KILLS
    assert day.lost == []
