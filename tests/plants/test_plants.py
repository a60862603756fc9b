"""Bugs that are planted on purpose are found; where nothing is planted, the same runs pass."""

from __future__ import annotations

import pytest

from tests.plants.building import build, run
from tests.plants.catalogue import PLANTS


@pytest.fixture(scope="module", autouse=True)
def copy():
    return build()


def test_the_copy_is_what_runs():
    done = run(("-c", "import oms, oms._core.engine as core; print(oms.__file__, core.__file__)"), 0)
    assert done.stdout.count("build/plants") == 2, done.stdout + done.stderr


@pytest.mark.parametrize("found_by", sorted({plant.found_by for plant in PLANTS}), ids=lambda found_by: found_by[-1])
def test_without_a_plant_everything_passes(found_by):
    done = run(found_by, 0)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("number", range(1, len(PLANTS) + 1), ids=[plant.name.replace(" ", "_") for plant in PLANTS])
def test_a_planted_bug_is_found(number):
    plant = PLANTS[number - 1]
    done = run(plant.found_by, number)
    assert done.returncode != 0, f"{plant.name}: not found by python {' '.join(plant.found_by)}"
    assert "no tests ran" not in done.stdout
    assert "usage:" not in done.stderr
    assert "ImportError" not in done.stdout + done.stderr
