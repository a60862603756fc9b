"""Rules of the engine that a broker's day seldom meets: tenants, exchanges that speak of each other, full tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from oms import Engine, records
from oms.errors import OmsError

MONDAY = date(2026, 11, 23)


def market(**capacities: int) -> Engine:
    engine = Engine(capacities)
    engine.define_currency("AUD", 2)
    engine.define_exchange("XASX", 2)
    engine.define_exchange("XNZE", 2)
    engine.define_class("default", sell_unsettled=True)
    engine.define_user("tenant", ["operate", "authorise"], owner=8)
    engine.define_account("A")
    for symbol, mic, days in (("Q", "XASX", 2), ("NOW", "XASX", 0), ("NZ", "XNZE", 2)):
        engine.define_instrument(
            symbol, exchange=mic, currency="AUD", price_exponent=2, settlement_days=days, reference_price=10
        )
    engine.business_date(MONDAY)
    for mic in ("XASX", "XNZE"):
        engine.session(mic, "open", MONDAY)
        engine.open_feed(mic)
    engine.deposit("A", "AUD", 100000, "opening")
    return engine


def status(result: Any) -> str:
    return str(result.status.name)


def test_an_exchange_speaks_of_its_own_orders_only():
    engine = market()
    engine.submit("A", "X", "Q", "buy", 10, 5)
    told = {"account": "A", "cl_ord_id": "X", "feed": "XNZE"}
    assert status(engine.report("trade", exec_id="E", last_qty=10, last_px=5, **told)) == "report_unmatched"
    assert status(engine.report("canceled", **told)) == "report_unmatched"
    listed = [{"account": "A", "cl_ord_id": "X", "order_qty": 10, "price": 4}]
    engine.open_orders("XNZE", listed)
    assert engine.order("A", "X").price == 5
    assert engine.order("A", "X").cum_qty == 0


def test_figures_have_the_decimals_of_the_order_or_of_the_named_instrument():
    engine = market()
    with pytest.raises(OmsError, match="names no instrument, order or trade that is known") as raised:
        engine.report("trade", order_id="THEIRS", exec_id="E", last_qty=10, last_px=5)
    assert raised.value.where == "THEIRS"
    assert "say its instrument" in raised.value.remedy
    with pytest.raises(OmsError, match="states cum_qty, but names no instrument"):
        engine.report("trade_cancel", exec_ref_id="E", cum_qty=0, feed="XASX")
    assert len(engine.rows("parked")) == 1
    assert status(engine.report("canceled", order_id="THEIRS", feed="XASX")) == "report_unmatched"  # without a figure
    fill = {
        "account": "A",
        "side": "buy",
        "order_qty": 10,
        "price": "5.5",
        "exec_id": "E",
        "last_qty": 4,
        "last_px": "5.25",
    }
    assert engine.report("trade", order_id="THEIRS", instrument="Q", feed="XASX", **fill).ok
    assert engine.report("trade", order_id="THEIRS", feed="XASX", **fill | {"exec_id": "E2"}).ok
    correction = {"exec_id": "E3", "exec_ref_id": "E2", "last_qty": 4, "last_px": "5.5", "feed": "XASX"}
    assert engine.report("trade_correct", **correction).ok
    assert [str(trade.price) for trade in engine.trades()][-1] == "5.5"
    assert str(engine.holding("A", "Q").total) == "8"


def test_an_exchange_cannot_make_orders_in_what_another_one_lists():
    engine = market()
    fill = {"account": "A", "instrument": "Q", "side": "buy", "order_qty": 10, "price": 5, "order_id": "THEIRS"}
    result = engine.report("trade", feed="XNZE", exec_id="E", last_qty=10, last_px=5, **fill)
    assert status(result) == "report_unmatched"
    assert engine.holding("A", "Q").total == 0


def test_a_tenants_operator_acts_for_its_own_accounts_only():
    engine = market()
    engine.define_account("B", owner=8)
    assert status(engine.deposit("A", "AUD", 1, "ours", by="tenant")) == "permission_denied"
    assert status(engine.settle("all", MONDAY, by="tenant")) == "permission_denied"
    assert status(engine.control("firm", "", "halted", by="tenant")) == "permission_denied"
    assert status(engine.business_date("2026-11-24", by="tenant")) == "permission_denied"
    powers = {"name": b"me", "permissions": 255, "active": 1}
    assert status(engine.record("DefineUser", "tenant", **powers)) == "permission_denied"
    shape = {"account_class": 1, "currency": 1}
    assert status(engine.record("DefineAccount", "tenant", code=b"C", owner=8, **shape)) == "ok"
    assert status(engine.record("DefineAccount", "tenant", code=b"C", owner=0, **shape)) == "permission_denied"


def test_what_was_never_received_is_sent_again_in_the_order_of_its_numbers():
    """Rows of requests are used again, so that their places say nothing of their age."""
    engine = market()
    for name in ("P1", "P2", "P3"):
        engine.submit("A", name, "Q", "buy", 10, 5)
        engine.report("canceled", account="A", cl_ord_id=name)
    for day in ("2026-11-24", "2026-11-25"):
        engine.business_date(day)
    for name in ("X1", "X2", "X3"):
        engine.submit("A", name, "Q", "buy", 10, 5)
    engine.lose_feed("XASX")
    numbers = [request["feed_sequence"] for request in engine.open_feed("XASX", last_received=3).sent]
    assert numbers == [4, 5, 6]


def test_what_waits_for_a_feed_goes_out_in_the_order_in_which_it_came():
    engine = market()
    for name in ("P1", "P2", "P3"):
        engine.submit("A", name, "Q", "buy", 10, 5)
        engine.report("canceled", account="A", cl_ord_id=name)
    for day in ("2026-11-24", "2026-11-25"):
        engine.business_date(day)
    engine.lose_feed("XASX")
    for name, quantity in (("X1", 1), ("X2", 2), ("X3", 3)):
        engine.submit("A", name, "Q", "buy", quantity, 5)
    assert [request["order_qty"] for request in engine.open_feed("XASX").sent] == [1, 2, 3]


def test_an_order_keeps_the_fees_of_its_entry():
    engine = market()
    engine.define_fee("old", bps=100)
    engine.define_fee("new", bps=500)
    engine.assign_fee("default", "old")
    engine.submit("A", "X", "Q", "buy", 100, 10)
    engine.assign_fee("default", "new")
    engine.report("trade", account="A", cl_ord_id="X", exec_id="E1", last_qty=40, last_px=10)
    assert engine.order("A", "X").fee_charged == 4
    assert engine.order("A", "X").reserved == 606
    engine.report("trade_cancel", account="A", cl_ord_id="X", exec_id="B1", exec_ref_id="E1")
    assert engine.order("A", "X").reserved == 1010


@pytest.mark.parametrize("settles", [None, "2026-11-26"])
def test_a_same_day_trade_that_is_busted_goes_back_on_the_date_that_the_exchange_gives(settles):
    engine = market()
    engine.submit("A", "X", "NOW", "buy", 10, 5)
    engine.report("trade", account="A", cl_ord_id="X", exec_id="E1", last_qty=10, last_px=5)
    assert engine.cash("A", "AUD").booked == 99950
    engine.report("trade_cancel", account="A", cl_ord_id="X", exec_id="B1", exec_ref_id="E1", settle_date=settles)
    cash, holding = engine.cash("A", "AUD"), engine.holding("A", "NOW")
    assert cash.booked == (99950 if settles else 100000)
    assert cash.receivable == (50 if settles else 0)
    assert holding.total == 0


def test_a_same_day_trade_that_a_loaded_figure_contains_counts_once():
    engine = market()
    engine.submit("A", "X", "NOW", "buy", 10, 5, time_in_force="gtc")
    engine.business_date("2026-11-24")
    engine.load_cash(MONDAY, [("A", "AUD", 99950)])
    engine.load_holdings(MONDAY, [("A", "NOW", 10, None)])
    late = {"exec_id": "E1", "last_qty": 10, "last_px": 5, "trade_date": MONDAY}
    engine.report("trade", account="A", cl_ord_id="X", **late)
    assert engine.cash("A", "AUD").booked == 99950
    assert engine.holding("A", "NOW").total == 10


def test_a_correction_that_finds_no_room_is_parked_and_changes_nothing():
    engine = market(execution=10)
    engine.submit("A", "X", "Q", "buy", 100, 10)
    for number in range(5):
        fill = {"exec_id": f"E{number}", "last_qty": 10, "last_px": 10}
        assert status(engine.report("trade", account="A", cl_ord_id="X", **fill)) == "ok"
    before = engine.cash("A", "AUD")
    bust = {"exec_id": "B", "exec_ref_id": "E0"}
    assert status(engine.report("trade_cancel", account="A", cl_ord_id="X", **bust)) == "capacity_reached"
    assert engine.cash("A", "AUD") == before
    assert [row.status.name for row in engine.parked()] == ["capacity_reached"]


def test_stock_that_is_found_keeps_the_average_and_a_later_bust_leaves_it_so():
    engine = market()
    engine.submit("A", "X", "Q", "buy", 100, 10)
    engine.report("trade", account="A", cl_ord_id="X", exec_id="E1", last_qty=50, last_px=8)
    engine.adjust("A", "Q", 50, "found", "count")
    engine.report("trade", account="A", cl_ord_id="X", exec_id="E2", last_qty=50, last_px=10)
    assert engine.holding("A", "Q").average_price == Decimal("8.66666667")
    engine.report("trade_cancel", account="A", cl_ord_id="X", exec_id="B2", exec_ref_id="E2")
    assert engine.holding("A", "Q").average_price == 8


def test_deciding_twice_is_no_way_around_a_halt():
    engine = Engine()
    engine.define_currency("AUD")
    engine.define_exchange("XASX")
    engine.define_class("default", auth_above_value=100)
    engine.define_user("dtr", ["authorise"])
    engine.define_account("A")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", reference_price=10)
    engine.business_date(MONDAY)
    engine.open_feed("XASX")
    engine.session("XASX", "open", MONDAY)
    engine.deposit("A", "AUD", 100000, "opening")
    engine.submit("A", "X", "Q", "buy", 100, 10)
    engine.control("account", "A", "halted")
    assert [status(engine.authorise("A", "X", by="dtr")) for _ in range(3)] == ["trading_halted"] * 3
    engine.control("account", "A", "active")
    assert status(engine.authorise("A", "X", by="dtr")) == "ok"


def test_a_record_that_claims_more_text_than_it_has_is_malformed():
    engine = market()
    raw = bytearray(records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id="X"))
    raw[records.record_dtype("NewOrderSingle").fields["cl_ord_id_length"][1]] = 255
    short = raw[:32]
    short[:4] = (32).to_bytes(4, "little")
    before = [len(rows) for rows in engine.arrays().values()]
    assert [status(engine.apply(bytes(record))) for record in (raw, short)] == ["record_malformed"] * 2
    assert [len(rows) for rows in engine.arrays().values()] == before
