"""The oracle against figures worked out by hand: it judges the engine, so it is judged itself first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from oms.booking import SettlementItem
from tests.oracle import Oracle
from tests.oracle.books import Cost
from tests.oracle.numbers import add_business_days, nearest, upwards

MONDAY = date(2026, 11, 23)
WEDNESDAY = date(2026, 11, 25)


def oracle(cash: str = "20000", stock: str = "0", **policy: object) -> Oracle:
    """One account K, one instrument Q at XASX, T+2, session open, feed online."""
    o = Oracle()
    o.define_currency("AUD", 4)
    o.define_exchange("XASX", 2)
    o.define_class("default", **policy)
    o.define_account("K")
    o.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=4, reference_price="10")
    o.business_date(MONDAY)
    o.session("XASX", "open", MONDAY)
    o.open_feed("XASX")
    o.load_cash(MONDAY, [("K", "AUD", cash)], digest=b"cash")
    o.load_holdings(MONDAY, [("K", "Q", stock, None)], digest=b"stock")
    return o


def brokerage(o: Oracle, **fee: object) -> Oracle:
    o.define_fee("brokerage", **fee)
    o.assign_fee("default", "brokerage")
    return o


def trade(o: Oracle, name: str, exec_id: str, quantity: str, price: str, **more: object) -> str:
    return o.report(
        "trade", account="K", cl_ord_id=name, exec_id=exec_id, last_qty=quantity, last_px=price, **more
    ).status


def money(o: Oracle, *buckets: str) -> list[Decimal]:
    view = o.cash("K", "AUD")
    return [Decimal(f.numerator) / f.denominator for f in (getattr(view, bucket) for bucket in buckets)]


def figures(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def test_worked_example_to_the_cent() -> None:
    o = brokerage(oracle("20000.00"), bps="11", minimum="19.95")
    assert o.submit("K", "X", "Q", "buy", 1000, "10.00").sent == ["new X"]
    assert money(o, "reserved", "available") == figures("10019.95", "9980.05")
    o.report("new", account="K", cl_ord_id="X")
    trade(o, "X", "E1", "400", "9.98")
    assert money(o, "available") == figures("9988.05")
    trade(o, "X", "E2", "600", "9.99")
    assert o.order("K", "X").ord_status == "filled"
    assert o.holding("K", "Q").average_price == Fraction("9.986")
    assert money(o, "payable", "reserved", "available") == figures("10005.95", "0", "9994.05")
    assert o.cash("K", "AUD").ladder == {WEDNESDAY: (Fraction("10005.95"), 0)}
    assert trade(o, "X", "E1", "400", "9.98") == "execution_repeated"
    assert money(o, "payable", "reserved", "available") == figures("10005.95", "0", "9994.05")
    o.report("trade_cancel", account="K", cl_ord_id="X", exec_id="B1", exec_ref_id="E1")
    order = o.order("K", "X")
    assert (order.cum_qty, order.leaves_qty, order.ord_status) == (600, 400, "partially_filled")
    assert money(o, "payable", "reserved", "available") == figures("6013.95", "4000", "9986.05")


@pytest.mark.parametrize(
    ("schedule", "side", "value", "fee"),
    [
        ({"bps": "11", "minimum": "19.95"}, "buy", "10000", "19.95"),
        ({"bps": "11", "minimum": "19.95"}, "buy", "50000", "55"),
        ({"bps": "11", "minimum": "19.95"}, "buy", "0", "0"),
        ({"bps": "11", "minimum": "19.95", "tax_bps": "1000"}, "buy", "10000", "21.945"),
        ({"bps": "1"}, "sell", "0.5", "0.0001"),  # 0.00005: half away from zero
        ({"components": [{"side": "sell", "basis": "value", "rate_bps": "10"}]}, "buy", "1000", "0"),
        ({"components": [{"side": "sell", "basis": "value", "rate_bps": "10"}]}, "sell", "1000", "1"),
        ({"components": [{"basis": "value", "rate_bps": "100", "maximum": "5"}]}, "buy", "1000", "5"),
        (
            {"components": [{"basis": "flat", "amount": "7"}, {"basis": "brokerage", "rate_bps": "5000"}]},
            "buy",
            "1",
            "10.5",
        ),
    ],
)
def test_fees(schedule: dict[str, object], side: str, value: str, fee: str) -> None:
    o = brokerage(oracle(), **schedule)
    assert o.fee(o.accounts["K"], o.instruments["Q"], side, Fraction(value)) == Fraction(fee)


def test_rounding() -> None:
    assert [nearest(Fraction(x), 2) for x in ("0.125", "-0.125", "0.1249")] == [
        Fraction(x) for x in ("0.13", "-0.13", "0.12")
    ]
    assert [upwards(Fraction(x), 2) for x in ("0.1201", "0.12", "-0.129")] == [
        Fraction(x) for x in ("0.13", "0.12", "-0.12")
    ]


def test_settlement_dates_skip_weekends_and_both_calendars() -> None:
    friday, monday = date(2026, 11, 27), date(2026, 11, 30)
    assert add_business_days(friday, 1, set()) == monday
    assert add_business_days(friday, 1, {monday}) == date(2026, 12, 1)
    assert add_business_days(friday, 0, {friday}) == friday
    o = oracle()
    o.currencies["AUD"].holidays.add(WEDNESDAY)
    o.exchanges["XASX"].holidays.add(date(2026, 11, 26))
    assert o.instruments["Q"].settle_date(MONDAY) == friday


def test_average_price_over_zero_and_back() -> None:
    cost = Cost()
    steps = [("100", "1", "1"), ("200", "2", "5/3"), ("-150", "9", "5/3"), ("-200", "4", "4"), ("-50", "1", "2.5")]
    for quantity, price, average in steps:
        cost.trade(Fraction(quantity), Fraction(price))
        assert cost.average == Fraction(average)
    cost.trade(Fraction(100), Fraction(7))
    assert (cost.quantity, cost.average) == (0, None)


def test_stock_without_a_cost_has_no_average_until_it_was_flat() -> None:
    o = oracle(stock="100")
    o.submit("K", "X", "Q", "buy", 50, "10")
    trade(o, "X", "E1", "50", "10")
    assert o.holding("K", "Q").average_price is None
    o.submit("K", "Y", "Q", "sell", 150, "10")
    trade(o, "Y", "E2", "150", "10")
    o.submit("K", "Z", "Q", "buy", 10, "11")
    trade(o, "Z", "E3", "10", "11")
    assert o.holding("K", "Q").average_price == 11


def test_two_requests_never_pass_on_the_same_money_or_stock() -> None:
    o = oracle("1000", stock="100")
    assert o.submit("K", "A", "Q", "buy", 60, "10").status == "ok"
    assert o.submit("K", "B", "Q", "buy", 41, "10").status == "funds_insufficient"
    assert o.submit("K", "C", "Q", "buy", 40, "10").status == "ok"
    assert o.submit("K", "D", "Q", "sell", 60, "10").status == "ok"
    assert o.submit("K", "E", "Q", "sell", 41, "10").status == "stock_insufficient"


def test_sell_fee_comes_from_the_proceeds_and_the_rest_is_payable_at_the_end() -> None:
    o = brokerage(oracle("100", stock="100"), minimum="30")
    assert o.submit("K", "X", "Q", "sell", 4, "10").status == "ok"
    assert money(o, "reserved") == figures("0")  # 40 covers the 30
    trade(o, "X", "E1", "1", "10")
    assert money(o, "receivable", "payable") == figures("0", "0")  # all of the 10 went to the fee
    trade(o, "X", "E2", "1", "10")
    assert money(o, "receivable", "payable") == figures("0", "0")
    o.report("canceled", account="K", cl_ord_id="X")
    assert money(o, "receivable", "payable") == figures("0", "10")


def test_sell_fee_above_the_value_holds_the_excess() -> None:
    o = brokerage(oracle("15", stock="100"), minimum="30")
    assert o.submit("K", "X", "Q", "sell", 1, "10").status == "funds_insufficient"
    assert o.submit("K", "Y", "Q", "sell", 2, "10").status == "ok"
    assert money(o, "reserved", "available") == figures("10", "5")


def test_replace_holds_the_larger_until_the_outcome() -> None:
    o = oracle("10000")
    o.submit("K", "X", "Q", "buy", 1000, "5")
    o.report("new", account="K", cl_ord_id="X")
    o.replace("K", "Y", "X", order_qty=1500)
    assert money(o, "reserved") == figures("7500")
    trade(o, "X", "E1", "400", "5")
    assert money(o, "reserved") == figures("5500")
    o.cancel_reject("K", "Y", ord_status="partially_filled")
    assert money(o, "reserved") == figures("3000")
    o.replace("K", "Z", "X", order_qty=500)
    assert money(o, "reserved") == figures("3000")
    o.report("replaced", account="K", cl_ord_id="Z")
    assert money(o, "reserved") == figures("500")
    assert o.order("K", "Y").leaves_qty == 100


def test_receivables_count_as_far_ahead_as_the_class_says() -> None:
    for ahead, available in ((0, "0"), (1, "0"), (2, "10")):
        o = oracle("0", stock="1", receivable_days=ahead)
        o.submit("K", "X", "Q", "sell", 1, "10")
        trade(o, "X", "E1", "1", "10")
        assert money(o, "receivable", "available") == figures("10", available)
    o.business_date(date(2026, 11, 26))  # it is late now
    assert money(o, "available") == figures("0")
    o.settle("B1", date(2026, 11, 26))
    assert money(o, "booked", "receivable", "available") == figures("10", "0", "10")


def test_market_buy_is_held_at_a_protected_price() -> None:
    o = oracle("1000")
    assert o.submit("K", "X", "Q", "buy", 10, ord_type="market").status == "ok"
    assert money(o, "reserved") == figures("105")
    o.market("Q", last="9.9999")
    assert o.submit("K", "Y", "Q", "buy", 10, ord_type="market").status == "ok"
    assert money(o, "reserved") == figures("209.999")  # 10.499895 goes up to the next of the price's decimals


def test_late_fill_and_overfill_are_booked_and_flagged() -> None:
    o = oracle("100")
    o.submit("K", "X", "Q", "buy", 10, "10")
    o.report("canceled", account="K", cl_ord_id="X")
    assert o.report("trade", account="K", cl_ord_id="X", exec_id="E1", last_qty="12", last_px="10").alerts == [
        "fill_after_close",
        "overfill",
        "available_negative",
    ]
    assert money(o, "payable", "available") == figures("120", "-20")
    assert o.submit("K", "Y", "Q", "buy", 1, "1").status == "funds_insufficient"


def test_a_transfer_brings_its_average_price() -> None:
    o = oracle(stock="100")
    o.define_account("L")
    o.load_holdings(MONDAY, [("L", "Q", "50", "7")], source="another", digest=b"more")
    o.transfer("L", "K", "Q", 20, "T1")
    assert o.holding("K", "Q").average_price is None  # what was there has no known cost
    o.transfer("K", "L", "Q", 120, "T2")
    assert (o.holding("L", "Q").total, o.holding("L", "Q").average_price) == (150, 7)
    o.adjust("K", "Q", 10, "A1", "found")
    o.load_holdings(WEDNESDAY, [("K", "Q", "10", "13")], source="third", digest=b"price")
    o.transfer("L", "K", "Q", 20, "T3")
    assert o.holding("K", "Q").average_price == 9  # (10 at 13 and 20 at 7)
    assert o.transfer("L", "K", "Q", 20, "T3").status == "movement_repeated"


def test_a_withdrawal_holds_then_books_or_frees() -> None:
    o = oracle("100")
    assert o.withdraw("K", "AUD", 60, "W1", stage="request").status == "ok"
    assert money(o, "booked", "reserved", "available", "withdrawable") == figures("100", "60", "40", "40")
    assert o.withdraw("K", "AUD", 41, "W2", stage="request").status == "booked_below_zero"
    assert o.withdraw("K", "AUD", 40, "W3", stage="request").status == "ok"
    assert o.withdraw("K", "AUD", 0, "W3", stage="refuse").status == "ok"
    assert o.withdraw("K", "AUD", 60, "W1", stage="confirm").status == "ok"
    assert money(o, "booked", "reserved", "available", "withdrawable") == figures("40", "0", "40", "40")
    assert o.withdraw("K", "AUD", 60, "W1", stage="refuse").status == "withdrawal_ended"


def test_settlement_in_parts_fails_and_expects() -> None:
    o = oracle("0", stock="3", receivable_days=9999)
    o.submit("K", "X", "Q", "sell", 3, "3.3333")
    trade(o, "X", "E1", "3", "3.3333")
    assert o.settle("B1", WEDNESDAY, expected={("K", "AUD"): "10"}).status == "settlement_balance_differs"
    assert money(o, "booked", "receivable", "available") == figures("0", "9.9999", "9.9999")
    assert o.settle("B1", WEDNESDAY, fail=["E1"]).status == "ok"
    assert money(o, "booked", "receivable", "available") == figures("0", "9.9999", "0")  # late
    assert o.settle("B2", WEDNESDAY, items=[SettlementItem("E1", 4)]).status == "settlement_item_exceeds"
    assert o.settle("B3", WEDNESDAY, items=[SettlementItem("E1", 1)]).status == "ok"
    assert money(o, "booked", "receivable", "available") == figures("3.3333", "6.6666", "3.3333")
    assert o.settle("B4", WEDNESDAY, expected={("K", "AUD"): "9.9999"}).status == "ok"
    assert money(o, "booked", "receivable", "available") == figures("9.9999", "0", "9.9999")
    assert o.holding("K", "Q").settled == 0


def test_a_short_sale_holds_margin_and_its_proceeds_never_count() -> None:
    o = oracle("1000", receivable_days=2)
    o.define_account("K", short_allowed=True)
    o.define_instrument(
        "Q", exchange="XASX", currency="AUD", reference_price="10", short_allowed=True, short_margin_bps=5000
    )
    assert o.submit("K", "N", "Q", "sell_short", 100, "10").status == "locate_missing"
    assert o.submit("K", "X", "Q", "sell_short", 100, "10", locate="LENDER").status == "ok"
    assert money(o, "reserved", "available") == figures("500", "500")
    trade(o, "X", "E1", "100", "10")
    assert money(o, "receivable", "short_proceeds", "reserved", "available") == figures("1000", "1000", "0", "1000")
    o.settle("B1", WEDNESDAY)
    assert money(o, "booked", "available", "withdrawable") == figures("2000", "1000", "1000")
    o.submit("K", "Y", "Q", "buy", 40, "9")
    trade(o, "Y", "E2", "40", "9")
    assert money(o, "short_proceeds", "available") == figures("600", "1040")
    assert o.holding("K", "Q").average_price == 10


def test_selling_short_needs_the_account_and_the_instrument_to_allow_it() -> None:
    o = oracle()
    assert o.submit("K", "X", "Q", "sell_short", 1, "10", locate="LENDER").status == "short_not_allowed"
