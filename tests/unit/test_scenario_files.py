"""What the scenario language refuses, and with which words; and what an exchange would say."""

from datetime import date
from decimal import Decimal

import pytest

from oms.scenario.document import ScenarioError, parse
from oms.scenario.exchange import Exchange
from oms.scenario.parse import build

GIVEN = """
title: t
given:
  business_date: 2026-11-23
  currencies: {AUD: {}}
  exchanges: {XASX: {}}
  instruments: {BRK.B: {exchange: XASX, currency: AUD}}
  accounts: {K.1: {cash: {AUD: 1}, holdings: {BRK.B: {settled: 1, average_price: "4.5"}}}}
steps:
"""


def read(steps):
    return build(parse(GIVEN + steps, "f.yaml"), "f.yaml")


@pytest.mark.parametrize(
    ("steps", "what", "line"),
    [
        ("- new: {cl_ord_id: X, price: 1.5}", "1.5 is a floating-point number", 10),
        ("- nwe: {}", "step 1: no action is called nwe: did you mean new?", 10),
        ("- restart:\n- time: {second: 3}", "step 2 time: no field is called second: did you mean seconds?", 11),
        ("- time: {seconds: 1}\n  cancel: {}", "step 1: one action a step, not time or cancel", 10),
        ("- cancel: {cl_ord_id: C}", "step 1 cancel: orig_cl_ord_id is missing", 10),
        ("- halt: {firm: true, account: K.1}", "step 1 halt: give one of firm, exchange, account", 10),
        ("- report: {exec_type: new, cl_ord_id: X}", "exec_type: expected New, DoneForDay", 10),
        ("- market: {instrument: Q, last: five}", "last: expected a number such as 100", 10),
        ("- market: {instrument: Q, last: [5]}", 'expected a number such as 100 or "12.50", not a list', 10),
        ("- business_date: tomorrow", "date: expected a date such as 2026-11-23, not tomorrow", 10),
        ("- restart:\n  expect:\n    cash.K.1.USD.booked: 1", "expected cash.ACCOUNT.CURRENCY.figure", 12),
        ("- restart:\n  expect: {cash.K.1.AUD.boked: 1}", "cash has no figure boked: did you mean booked?", 11),
        ("- restart:\n  expect: {cash.K.1.AUD.booked@2026-11-23: 1}", "cash has no figure booked@2026-11-23", 11),
        ("- restart:\n  expect: {order.X.ord_status: New}", "no step makes X", 11),
        ("- restart:\n  expect: {answer: fine}", "answer: expected ok", 11),
        ("- restart:\n  expect: {trade: []}", "nothing is called trade: did you mean trades?", 11),
        ("- restart:\n  expect: {sent: [X]}", "sent: expected for instance", 11),
        ("- settle: {batch_id: A, batch_id: B}", "batch_id stands here twice", 10),
    ],
)
def test_a_slip_is_named_with_its_line_and_what_is_allowed(steps, what, line):
    with pytest.raises(ScenarioError) as error:
        read(steps)
    assert what in error.value.what
    assert error.value.where == f"f.yaml:{line}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("[1]", "expected a map, not a list"),
        ("title: t", "given is missing"),
        ("a: [", "not YAML"),
    ],
)
def test_what_is_no_scenario_is_refused(text, what):
    with pytest.raises(ScenarioError, match=what):
        build(parse(text, "f.yaml"), "f.yaml")


def test_a_list_that_holds_itself_is_refused():
    with pytest.raises(ScenarioError, match="nested"):
        parse("a: &a [*a]", "f.yaml")


def test_only_plain_forms_are_numbers_and_truth_values():
    assert parse("[0017, 10:30, NO, 1_000, -5, true, 0x10, ~]", "f") == [
        "0017",
        "10:30",
        "NO",
        1000,
        -5,
        True,
        "0x10",
        None,
    ]


def test_codes_and_ids_may_hold_points_and_maps_may_be_nested():
    step = read("- restart:\n  expect: {cash: {K.1: {AUD: {booked: 1}}}, holding.K.1.BRK.B.total: 1}").steps[0]
    assert [item.names for item in step.expect] == [("K.1", "AUD"), ("K.1", "BRK.B")]
    assert [item.field for item in step.expect] == ["booked", "total"]
    assert step.expect[0].expected == Decimal(1)


def test_what_comes_later_is_noted_where_it_stands():
    found = read("- escalate: {cl_ord_id: M, anything: 1}\n- claim: {cl_ord_id: M}\n")
    assert [gap.capability for step in found.steps for gap in step.gaps] == [
        "several queues at the desk",
        "claims at the desk",
    ]
    later = build(parse(GIVEN.replace("  currencies", "  rules: x\n  currencies") + "- restart:", "f.yaml"), "f.yaml")
    assert [(gap.capability, gap.line) for gap in later.gaps] == [("the rule language", 5)]


DAY = date(2026, 11, 23)


def exchange(order_qty=100, time_in_force="day"):
    """An exchange with one order X, and what it would say to a report."""
    found = Exchange()
    found.entered("X", Decimal(order_qty), time_in_force, DAY)

    def says(exec_type, today=DAY, **fields):
        numbers = {name: Decimal(value) if isinstance(value, int) else value for name, value in fields.items()}
        full = found.completed({"exec_type": exec_type, "cl_ord_id": "X"} | numbers, 1, today)
        return full["ord_status"], int(full["cum_qty"]), int(full["leaves_qty"])

    return found, says


def test_the_exchange_counts_its_own_executions():
    _, says = exchange()
    assert says("new") == ("new", 0, 100)
    assert says("trade", exec_id="E1", last_qty=40, last_px=5) == ("partially_filled", 40, 60)
    assert says("trade", exec_id="E2", last_qty=60, last_px=5) == ("filled", 100, 0)
    assert says("trade", exec_id="E1", last_qty=40, last_px=5) == ("partially_filled", 40, 60), "the same report again"
    assert says("trade_cancel", exec_id="E3", exec_ref_id="E1") == ("partially_filled", 60, 40)
    assert says("trade_correct", exec_id="E4", exec_ref_id="E2", last_qty=50) == ("partially_filled", 50, 50)
    assert says("trade_cancel", exec_id="E5", exec_ref_id="E4") == ("new", 0, 100)


def test_what_a_report_says_itself_stands():
    _, says = exchange()
    assert says("trade", exec_id="E1", last_qty=40, cum_qty=70, ord_status="pending_replace") == (
        "pending_replace",
        70,
        30,
    )
    assert says("trade", exec_id="E2", last_qty=10) == ("partially_filled", 80, 20)


def test_an_order_that_has_ended_leaves_nothing():
    found, says = exchange()
    assert says("canceled") == ("canceled", 0, 0)
    assert says("trade", exec_id="E1", last_qty=40) == ("canceled", 40, 0)
    assert found.orders["X"].status() == "canceled"


def test_a_replaced_order_has_the_quantity_that_was_asked_for():
    found, says = exchange()
    found.renamed("Y", "X", Decimal(150), replace=True)
    assert says("trade", exec_id="E1", last_qty=100) == ("filled", 100, 0)
    assert says("replaced", cl_ord_id="Y") == ("partially_filled", 100, 50)


@pytest.mark.parametrize(("time_in_force", "leaves"), [("day", 0), ("gtc", 100)])
def test_done_for_day_leaves_a_good_till_cancelled_order_its_quantity(time_in_force, leaves):
    _, says = exchange(time_in_force=time_in_force)
    assert says("done_for_day") == ("done_for_day", 0, leaves)


def test_a_past_days_order_does_not_come_back():
    _, says = exchange()
    assert says("trade", exec_id="E1", last_qty=100) == ("filled", 100, 0)
    tomorrow = date(2026, 11, 24)
    assert says("trade_cancel", today=tomorrow, exec_id="E2", exec_ref_id="E1") == ("expired", 0, 0)
