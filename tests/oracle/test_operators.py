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


def test_a_doubt_ends_rejected_when_nobody_heard_of_the_order_else_canceled() -> None:
    o = oracle("20000")
    for name in ("X", "Y"):
        o.submit("K", name, "Q", "buy", 100, "10")
    trade(o, "Y", "E1", "40", "10")
    o.cancel("K", "C", "Y")
    o.lose_feed("XASX")
    assert o.resolve("K", "X", "closed").status == "ok"
    assert (o.order("K", "X").ord_status, o.request("K", "X").reason) == ("rejected", "resolved_by_operator")
    assert o.resolve("K", "C", "closed").status == "ok"
    assert (o.order("K", "Y").ord_status, o.order("K", "Y").cum_qty) == ("canceled", 40)
    assert money(o, "K", "reserved", "payable") == figures("0", "400")
    assert o.resolve("K", "Y", "closed").status == "nothing_to_resolve"


def test_of_a_break_the_figure_moves_only_when_it_is_theirs() -> None:
    o = oracle("20000")
    o.submit("K", "X", "Q", "buy", 1000, "10")
    trade(o, "X", "E1", "400", "10")
    assert trade(o, "X", "E1", "300", "10") == "execution_conflict"
    assert trade(o, "X", "E1", "300", "10") == "execution_repeated"
    assert money(o, "K", "payable") == figures("4000")
    assert o.resolve_parked("E1", "theirs").status == "ok"
    assert money(o, "K", "payable", "reserved") == figures("3000", "7000")
    assert o.resolve_parked("E1", "ours").status == "nothing_to_resolve"


def test_missing_executions_are_held_until_an_operator_says_that_none_will_come() -> None:
    o = oracle("20000")
    o.submit("K", "X", "Q", "buy", 1000, "10")
    o.report("canceled", account="K", cl_ord_id="X", cum_qty="300")
    assert money(o, "K", "reserved") == figures("3000")
    assert o.resolve("K", "X", "accepted").status == "resolution_invalid"
    assert o.resolve("K", "X", "closed").status == "ok"
    assert money(o, "K", "reserved") == figures("0")
