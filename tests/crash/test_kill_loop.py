"""kill -9 of the whole OMS under load, in whatever it does: nothing acknowledged is lost, and each day still closes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crash.killed_day import play

DAYS = 5


@pytest.fixture(scope="module")
def kills() -> Counter[str]:
    return Counter()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, DAYS + 1))
def test_nothing_acknowledged_is_lost(tmp_path: Path, kills: Counter[str], seed: int) -> None:
    kills.update(play(tmp_path / "day", seed))


def test_there_were_enough_kills_of_each_kind(kills: Counter[str]) -> None:
    """Runs last: a kind that was hardly hit would prove less than it seems to."""
    assert kills.total() >= 200
    for doing in ("journal", "roll", "snapshot", "recovery", "promotion"):
        assert kills[doing] >= 25, kills
