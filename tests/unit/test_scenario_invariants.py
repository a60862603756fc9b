"""The invariants that scenarios check unasked are able to fail: each damaged figure is found."""

import pytest

from oms.scenario import actions
from oms.scenario.document import parse
from oms.scenario.invariants import Watch
from oms.scenario.parse import build
from oms.scenario.world import World

SCENARIO = """
title: t
given:
  business_date: 2026-11-23
  currencies: {AUD: {}}
  exchanges: {XASX: {}}
  instruments: {Q: {exchange: XASX, currency: AUD}}
  accounts: {K: {cash: {AUD: "1000"}}}
steps:
- new: {cl_ord_id: X, account: K, instrument: Q, side: buy, order_qty: 100, price: "5"}
- report: {exec_type: Trade, cl_ord_id: X, exec_id: E1, last_qty: 40, last_px: "5"}
- new: {cl_ord_id: Y, account: K, instrument: Q, side: buy, order_qty: 10, price: "5"}
"""


@pytest.fixture
def played(tmp_path):
    """A world after the first two steps, with its watch, the last step and what came of it."""
    scenario = build(parse(SCENARIO, "s.yaml"), "s.yaml")
    world = World(scenario.given, tmp_path / "journal", twice=False)
    watch = Watch(world)
    for step in scenario.steps[:2]:
        actions.play(world, step)
    watch.before()
    step = scenario.steps[2]
    yield world, watch, step, actions.play(world, step)
    world.close()


def found(played):
    _, watch, step, outcome = played
    return {failure.key for failure in watch.after(step, outcome)}


def test_a_sound_world_breaks_nothing(played):
    assert found(played) == set()


@pytest.mark.parametrize(
    ("table", "row", "figure", "broken"),
    [
        ("cash", 1, "reserved", "invariant 1: reserved of cash row 1, in units"),
        ("holding", 1, "reserved", "invariant 1: reserved of holding row 1, in units"),
        ("order", 1, "reserved", "invariant 1: reserved of cash row 1, in units"),
        ("order", 1, "cum_qty", "invariant 3: cum_qty of order row 1, in units"),
        ("execution", 1, "last_qty", "invariant 3: cum_qty of order row 1, in units"),
        ("cash", 1, "booked", "invariant 4: the sum of all postings of currency 1, in units"),
        ("cash", 1, "payable", "invariant 4: the sum of all postings of currency 1, in units"),
        ("currency", 1, "fees", "invariant 4: the sum of all postings of currency 1, in units"),
        ("holding", 1, "incoming", "invariant 4: the sum of all postings of instrument 1, in units"),
        ("request", 1, "time_ns", "invariant 5: the state hash of the journal's replay"),
    ],
)
def test_a_damaged_figure_is_found(played, table, row, figure, broken):
    played[0].engine._raw_arrays()[table][figure][row] += 1
    assert broken in found(played)


def test_an_execution_that_is_booked_twice_is_found(played):
    world = played[0]
    actions.play(world, build(parse(SCENARIO.replace("E1", "E2"), "s.yaml"), "s.yaml").steps[1])
    rows = world.engine._raw_arrays()["execution"]
    rows["key_hash"][2] = rows["key_hash"][1]
    assert any(key.startswith("invariant 3: how often") for key in found(played))


def test_an_accepted_request_that_takes_too_much_is_found(played):
    played[0].engine._raw_arrays()["cash"]["booked"][1] -= 10_000_000
    assert "invariant 2: available of K in AUD after an accepted new" in found(played)
