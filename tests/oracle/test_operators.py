"""What operators and clients ask beside orders, in the oracle, against figures worked out by hand."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle import Oracle
from tests.oracle.test_oracle import WEDNESDAY, figures, oracle, trade


def two_accounts(**policy: object) -> Oracle:
    """K and L with 20 000 each: K pays 10 bp, at least 20; L pays 5."""
    o = oracle("20000", **policy)
    o.define_class("low")
    o.define_account("L", account_class="low")
    o.deposit("L", "AUD", 20000, "opening")
    for name, bps, minimum in (("default", "10", "20"), ("low", "0", "5")):
        o.define_fee(name, bps=bps, minimum=minimum)
        o.assign_fee(name, name)
    return o


def money(o: Oracle, account: str, *buckets: str) -> list[Fraction]:
    return [getattr(o.cash(account, "AUD"), bucket) for bucket in buckets]


def test_a_move_takes_hold_executions_and_fees_along() -> None:
    o = two_accounts()
    o.submit("K", "X", "Q", "buy", 1000, "10")
    trade(o, "X", "E1", "400", "10")
    assert money(o, "K", "payable", "reserved", "available") == figures("4020", "6000", "9980")
    assert o.move("K", "X", "L").status == "ok"
    assert money(o, "K", "payable", "reserved", "available") == figures("0", "0", "20000")
    assert money(o, "L", "payable", "reserved", "available") == figures("4005", "6000", "9995")
    assert (o.holding("K", "Q").average_price, o.holding("L", "Q").average_price) == (None, 10)
    assert o.order("L", "X").fee_charged == 5
    assert o.order("K", "X") is None


def test_a_settled_trade_moves_by_dated_items() -> None:
    o = two_accounts()
    o.submit("K", "X", "Q", "buy", 1000, "10")
    trade(o, "X", "E1", "1000", "10")
    o.business_date(WEDNESDAY)
    o.settle("S1", WEDNESDAY)
    assert o.move("K", "X", "L", "").status == "ok"
    assert money(o, "K", "booked", "receivable", "payable") == figures("9980", "10020", "0")
    assert money(o, "L", "booked", "receivable", "payable") == figures("20000", "0", "10005")
    assert (o.holding("K", "Q").total, o.holding("L", "Q").total) == (0, 1000)


def test_a_move_needs_cover_at_the_target_and_leaves_nobody_below_zero() -> None:
    o = two_accounts()
    o.submit("K", "X", "Q", "buy", 1000, "10")
    trade(o, "X", "E1", "400", "10")
    o.submit("K", "S", "Q", "sell", 300, "10")
    assert o.move("K", "X", "L").status == "stock_insufficient"  # 300 of the 400 are on sale
    o.report("canceled", account="K", cl_ord_id="S")
    o.withdraw("L", "AUD", "9995.01", "W1")
    assert o.move("K", "X", "L").status == "funds_insufficient"  # 4 005 paid and 6 000 held
    o.deposit("L", "AUD", "0.01", "D1")
    assert o.move("K", "X", "L").status == "ok"
    assert money(o, "L", "available") == figures("0")
