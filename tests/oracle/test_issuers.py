"""The oracle's corporate actions and custodians' reports against figures worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.oracle import Oracle
from tests.oracle.test_oracle import figures, money, oracle, trade

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (23, 24, 25))


def stock(o: Oracle) -> tuple[int, int, int, Fraction | None]:
    view = o.holding("K", "Q")
    return int(view.settled), int(view.incoming), int(view.outgoing), view.average_price


def with_a_purchase() -> Oracle:
    """101 at 9, and 30 bought at 10."""
    o = oracle("1000")
    o.load_holdings(MONDAY, [("K", "Q", "101", "9")], source="another", digest=b"101")
    o.business_date(TUESDAY)
    o.session("XASX", "open", TUESDAY)
    o.submit("K", "X", "Q", "buy", 30, "10")
    trade(o, "X", "E1", "30", "10")
    return o


def test_a_split_scales_all_and_pays_the_fraction() -> None:
    o = with_a_purchase()
    assert stock(o) == (101, 30, 0, Fraction("9.22900763"))
    assert o.corporate_action("S", "Q", "split", WEDNESDAY, ratio="3/2", price="8").status == "ok"
    assert stock(o)[0] == 101  # announced
    o.business_date(WEDNESDAY)
    assert stock(o) == (151, 45, 0, Fraction("6.15267176"))  # 196.5 in all
    assert money(o, "booked", "payable") == figures("1004", "300")
    assert o.instruments["Q"].reference_price == Fraction("6.6667")
    assert o.undo_corporate_action("S").status == "ok"
    assert stock(o) == (101, 30, 0, Fraction("9.22900763"))
    assert money(o, "booked", "payable") == figures("1000", "300")
    assert o.instruments["Q"].reference_price == 10
    assert o.undo_corporate_action("S").status == "corporate_action_repeated"


def test_a_trade_is_taken_back_and_corrected_in_new_stock() -> None:
    o = with_a_purchase()
    o.corporate_action("S", "Q", "split", TUESDAY, ratio="3/2")
    correction = {"exec_id": "G1", "exec_ref_id": "E1", "last_qty": "20", "last_px": "12"}
    o.report("trade_correct", account="K", cl_ord_id="X", **correction)
    assert stock(o) == (151, 30, 0, Fraction("6.33057851"))  # 1149 / 181.5
    assert money(o, "payable") == figures("240")
    o.report("trade_cancel", account="K", cl_ord_id="X", exec_id="B1", exec_ref_id="G1")
    assert stock(o) == (151, 0, 0, Fraction(6))
    assert o.undo_corporate_action("S").status == "corporate_action_touched"


def test_a_late_trade_of_before_comes_in_new_stock_and_one_of_after_does_not() -> None:
    o = with_a_purchase()
    o.business_date(WEDNESDAY)
    o.session("XASX", "open", WEDNESDAY)
    o.corporate_action("S", "Q", "consolidation", WEDNESDAY, ratio="1:10")
    assert stock(o) == (10, 3, 0, Fraction("92.29007634"))
    fill = {"account": "K", "cl_ord_id": "X", "last_qty": "25", "last_px": "10"}
    o.report("trade", exec_id="E2", trade_date=TUESDAY, **fill)
    assert stock(o)[:3] == (10, 5, 0)
    o.report("trade", exec_id="E3", trade_date=WEDNESDAY, **fill)
    assert stock(o)[:3] == (10, 30, 0)


def test_a_dividend_is_paid_on_all_that_is_held_and_by_who_is_short() -> None:
    o = with_a_purchase()
    o.define_account("S", short_allowed=True)
    o.adjust("S", "Q", -10, "lent", override=True)
    assert o.corporate_action("D", "Q", "dividend", TUESDAY, amount="0.25").alerts == ["available_negative"]
    assert money(o, "booked") == figures("1032.75")
    assert o.cash("S", "AUD").booked == Fraction("-2.5")
    o.adjust("K", "Q", 1, "more", "found")
    assert o.undo_corporate_action("D").status == "ok"
    assert money(o, "booked") == figures("1000")


def test_live_orders_are_cancelled_or_kept_until_they_are_restated() -> None:
    o = oracle()
    o.submit("K", "X", "Q", "buy", 100, "10")
    assert o.corporate_action("S", "Q", "split", TUESDAY, ratio="2").sent == ["cancel X"]
    assert o.corporate_action("T", "Q", "split", TUESDAY, ratio="2", live_orders="hold").sent == []
    assert o.order("K", "X").flags == ("to_be_restated",)
    assert money(o, "reserved") == figures("1000")


def test_a_custodian_is_believed_once() -> None:
    o = oracle("100")  # at the end of Monday
    o.business_date(TUESDAY)
    assert o.balance("bank", "B1", "K", "AUD", delta="-101").alerts == ["available_negative"]
    assert o.balance("bank", "B1", "K", "AUD", delta="-101").status == "movement_repeated"
    assert o.balance("bank", "B1", "K", "AUD", delta="-102").status == "movement_conflict"
    assert money(o, "booked", "available") == figures("-1", "-1")
    assert o.submit("K", "X", "Q", "buy", 1, "1").status == "funds_insufficient"
    o.business_date(WEDNESDAY)
    o.balance("bank", "B2", "K", "AUD", absolute="70", as_of=TUESDAY)
    assert money(o, "booked") == figures("70")
    o.balance("bank", "B3", "K", "AUD", delta="5", as_of=TUESDAY)  # is in the figure
    o.balance("bank", "B4", "K", "AUD", delta="5")
    assert money(o, "booked") == figures("75")
    o.balance("bank", "B5", "K", "AUD", absolute="50", as_of=TUESDAY)  # what came on Wednesday is on top
    assert money(o, "booked") == figures("55")
    o.balance("bank", "B6", "K", "AUD", absolute="50")
    assert money(o, "booked") == figures("50")
    assert o.balance("bank", "B7", "K", "AUD", absolute="9", as_of=date(2026, 11, 20)).status == "report_stale"


def test_a_payment_that_names_a_withdrawal_is_that_one() -> None:
    o = oracle("100")
    o.business_date(TUESDAY)
    o.withdraw("K", "AUD", 60, "W1", stage="request")
    o.balance("bank", "B1", "K", "AUD", delta="-60", reference="W1")
    assert money(o, "booked", "reserved", "available") == figures("40", "0", "40")
