"""Settlement batches row by row: whose rows they are, and what a batch refuses whole."""

from __future__ import annotations

from typing import Any

import pytest

from oms import Engine, records
from oms.booking import SettlementItem
from oms.schema import NULL_I64


def traded(**capacities: int) -> Engine:
    """A has bought 50 for 200, due on 2026-11-24."""
    engine = Engine(capacities)
    engine.define_currency("AUD", 2)
    engine.define_exchange("XASX", 1)
    engine.define_class("default")
    for user, owner in (("ann", 0), ("bob", 0), ("tenant", 8)):
        engine.define_user(user, ["operate"], owner=owner)
    engine.define_account("A")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=2)
    engine.business_date("2026-11-23")
    engine.session("XASX", "open", "2026-11-23")
    engine.open_feed("XASX")
    engine.deposit("A", "AUD", 1000, "opening")
    engine.submit("A", "X", "Q", "buy", 50, 4)
    engine.report("trade", account="A", cl_ord_id="X", exec_id="E1", last_qty=50, last_px=4)
    return engine


def item(first: int = 0, **fields: Any) -> dict[str, Any]:
    return {"execution": 1, "first": first, "quantity": NULL_I64, "amount": NULL_I64} | fields


def status(result: Any) -> str:
    return str(result.status.name)


def commit(engine: Engine, by: str, rows: int) -> str:
    batch = {"batch_id": "B", "date": 20781, "rows": rows, "listed": 1}
    return status(engine.record("Settle", by, **batch))


def test_rows_are_of_one_user_at_a_time():
    engine = traded()
    assert status(engine.record("SettleItem", "ann", **item())) == "load_not_begun"
    assert status(engine.record("SettleItem", "ann", **item(first=1))) == "ok"
    assert status(engine.record("SettleItem", "bob", **item())) == "stage_taken"
    assert commit(engine, "bob", 1) == "stage_taken"
    assert status(engine.record("SettleItem", "bob", **item(first=1))) == "ok"  # bob begins anew: ann's rows are gone
    assert commit(engine, "ann", 1) == "stage_taken"
    assert commit(engine, "bob", 1) == "ok"
    assert engine.holding("A", "Q").settled == 50


def test_a_load_is_of_one_user_too():
    engine = traded()
    row = records.encode("LoadCash", account=1, currency=1, booked=5)
    digest = list(bytes(32))
    begin = {"kind": 1, "as_of": 20780, "origin": "bank", "digest": digest}
    assert status(engine.record("LoadBegin", "ann", **begin)) == "ok"
    assert status(engine.apply(row, engine.user_slot("bob"))) == "stage_taken"
    assert status(engine.record("LoadCommit", "bob", rows=0)) == "stage_taken"
    assert status(engine.apply(row, engine.user_slot("ann"))) == "ok"
    assert status(engine.record("SettleItem", "bob", **item())) == "load_not_begun"
    assert status(engine.record("LoadCommit", "ann", rows=1)) == "ok"


def test_a_batch_with_rows_missing_moves_nothing():
    engine = traded()
    assert status(engine.record("SettleItem", "ann", **item(first=1, quantity=10))) == "ok"
    assert commit(engine, "ann", 2) == "load_count_differs"
    assert commit(engine, "ann", 1) == "stage_taken"  # the rows are gone with the batch that was refused
    assert engine.cash("A", "AUD").booked == 1000


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        ([SettlementItem("E1"), SettlementItem("E1", 5)], "settlement_item_unknown"),
        ([SettlementItem("E1", 51)], "settlement_item_exceeds"),
        ([SettlementItem("E1", 50, "200.01")], "settlement_item_exceeds"),
        ([SettlementItem("E1", 0)], "settlement_item_exceeds"),
        ([SettlementItem("E1", -1)], "reference_invalid"),
        ([SettlementItem("E9")], "settlement_item_unknown"),
    ],
)
def test_an_item_that_cannot_be_refuses_the_batch(items, answer):
    engine = traded()
    before = engine.state_hash()
    assert status(engine.settle("B", "2026-11-24", items=[*items])) == answer
    assert engine.cash("A", "AUD").payable == 200
    assert status(engine.settle("B", "2026-11-24", items=[SettlementItem("E1", 30)])) == "ok"
    assert engine.holding("A", "Q").settled == 30
    assert before != engine.state_hash()


def test_a_tenant_settles_its_own_accounts_only():
    engine = traded()
    assert status(engine.record("SettleItem", "tenant", **item(first=1))) == "permission_denied"
    expected = {"account": 1, "currency": 1, "amount": 5, "first": 1}
    assert status(engine.record("SettleExpected", "tenant", **expected)) == "permission_denied"
    assert status(engine.settle("B", "2026-11-24", by="tenant")) == "permission_denied"


def test_a_full_table_refuses_the_batch_whole():
    engine = traded(movement=6)  # the deposit, and what a new order leaves
    for number in range(3):
        assert engine.deposit("A", "AUD", 1, f"D{number}").ok  # one row is left: the batch needs two
    assert status(engine.settle("B", "2026-11-24")) == "capacity_reached"
    assert (engine.cash("A", "AUD").payable, engine.holding("A", "Q").incoming) == (200, 50)
