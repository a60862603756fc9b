"""The matching exchange does what a broker expects of one, request by request."""

import pytest

from oms.adapters.book import Listing
from oms.adapters.messages import ExecutionReport
from tests.adapters.exchange_driver import TODAY, Driver, order_request


def test_orders_that_do_not_cross_rest():
    x = Driver()
    assert x.buy(100, 1000) == [(1, "new", "new", "", 0, 100)]
    assert x.sell(100, 1001) == [(2, "new", "new", "", 0, 100)]
    book = x.exchange.books["ABC"]
    assert (book.bid, book.ask, book.last) == (1000, 1001, 0)


def test_a_trade_takes_the_resting_price_and_the_older_order_first():
    x = Driver()
    x.sell(100, 1001), x.sell(100, 1000), x.sell(100, 1000)
    assert x.buy(150, 1005) == [
        (4, "new", "new", "", 0, 150),
        (4, "trade", "partially_filled", "100@1000", 100, 50),
        (2, "trade", "filled", "100@1000", 100, 0),
        (4, "trade", "filled", "50@1000", 150, 0),
        (3, "trade", "partially_filled", "50@1000", 50, 50),
    ]


def test_an_incoming_order_walks_the_levels_and_the_rest_stays():
    x = Driver()
    x.buy(100, 1000), x.buy(100, 999)
    assert x.sell(300, 999)[1:] == [
        (3, "trade", "partially_filled", "100@1000", 100, 200),
        (1, "trade", "filled", "100@1000", 100, 0),
        (3, "trade", "partially_filled", "100@999", 200, 100),
        (2, "trade", "filled", "100@999", 100, 0),
    ]
    assert (x.exchange.books["ABC"].ask, x.exchange.books["ABC"].bid) == (999, 0)


def test_a_market_order_never_rests():
    x = Driver()
    assert x.buy(100, None) == [(1, "new", "new", "", 0, 100), (1, "canceled", "canceled", "", 0, 0)]
    x.sell(60, 5000)
    assert x.buy(100, None)[1:] == [
        (3, "trade", "partially_filled", "60@5000", 60, 40),
        (2, "trade", "filled", "60@5000", 60, 0),
        (3, "canceled", "canceled", "", 60, 0),
    ]


def test_immediate_or_cancel_takes_what_is_there():
    x = Driver()
    x.sell(60, 1000), x.sell(60, 1001)
    assert x.buy(100, 1000, time_in_force="ioc")[-1] == (3, "canceled", "canceled", "", 60, 0)


def test_min_qty_of_an_immediate_order():
    x = Driver()
    x.sell(60, 1000)
    assert x.buy(100, 1000, time_in_force="ioc", min_qty=61)[1:] == [(2, "canceled", "canceled", "", 0, 0)]
    assert x.buy(100, 1000, time_in_force="ioc", min_qty=60)[1][3] == "60@1000"


@pytest.mark.parametrize(("quantity", "fills"), [(120, True), (121, False)])
def test_fill_or_kill_takes_all_or_nothing(quantity, fills):
    x = Driver()
    x.sell(60, 1000), x.sell(60, 1001), x.sell(60, 1002)
    reports = x.buy(quantity, 1001, time_in_force="fok")
    if fills:
        assert reports[-2] == (4, "trade", "filled", "60@1001", 120, 0)
    else:
        assert reports == [(4, "new", "new", "", 0, 121), (4, "canceled", "canceled", "", 0, 0)]


REJECTS = [
    ({"symbol": "NONE"}, 1),
    ({"qty": 0}, 13),
    ({"qty": 15}, 13),
    ({"price": 1003}, 18),
    ({"price": None, "ord_type": ord("2")}, 18),
    ({"ord_type": ord("3")}, 11),
    ({"time_in_force": "at_open"}, 11),
    ({"side": "sell", "time_in_force": "gtd"}, 99),
    ({"time_in_force": "gtd", "expire_date": TODAY - 1}, 99),
    ({"min_qty": 10}, 11),
    ({"price_exponent": 3}, 99),
]


@pytest.mark.parametrize(("fields", "reason"), REJECTS)
def test_what_is_wrong_with_an_order_is_rejected(fields, reason):
    x = Driver({"ABC": Listing("ABC", 2, 0, tick=5, lot=10)})
    assert x.send(**fields) == [(1, "rejected", reason)]
    assert not x.exchange.live


def test_the_session_and_halts_reject_but_let_cancels_through():
    x = Driver()
    x.buy(100, 1000, time_in_force="gtc")
    x.exchange.books["ABC"].halted = True
    assert x.buy(100, 1000) == [(2, "rejected", 2)]
    assert x.replace(1, 50, 1000) == [(3, "refused", "new", 2)]
    x.exchange.books["ABC"].halted = False
    x.exchange.end_session(0)
    assert x.buy(100, 1000) == [(4, "rejected", 2)]
    assert x.cancel(1) == [(5, "canceled", "canceled", "", 0, 0)]


def test_a_cl_ord_id_serves_once():
    x = Driver()
    x.buy(100, 1000)
    for fields, refused in (
        ({}, (1, "rejected", 6)),
        ({"type": "replace", "orig": 1}, (1, "refused", "new", 6)),
        ({"type": "cancel", "orig": 1}, (1, "refused", "new", 6)),
    ):
        x.exchange.receive([order_request(1, **fields)], 0)
        assert x.said() == [refused]
    assert x.sell(100, 1000)[1][1] == "trade"


def test_cancel():
    x = Driver()
    x.buy(100, 1000), x.sell(30, 1000)
    assert x.cancel(1) == [(3, "canceled", "canceled", "", 30, 0)]
    assert x.cancel(1) == [(4, "refused", "canceled", 0)]
    assert x.cancel(99) == [(5, "refused", "rejected", 1)]
    assert x.sell(100, 1000) == [(6, "new", "new", "", 0, 100)]


def test_replace_keeps_its_place_only_when_it_asks_for_less_at_the_same_price():
    x = Driver()
    x.buy(100, 1000), x.buy(100, 1000)
    assert x.replace(1, 80, 1000) == [(3, "replaced", "new", "", 0, 80)]
    assert x.sell(10, 1000)[-1] == (3, "trade", "partially_filled", "10@1000", 10, 70)
    assert x.replace(3, 90, 1000) == [(5, "replaced", "partially_filled", "", 10, 80)]
    assert x.sell(10, 1000)[-1] == (2, "trade", "partially_filled", "10@1000", 10, 90)


def test_replace_to_a_crossing_price_trades():
    x = Driver()
    x.buy(100, 990), x.sell(40, 1000)
    assert x.replace(1, 100, 1000) == [
        (3, "replaced", "new", "", 0, 100),
        (3, "trade", "partially_filled", "40@1000", 40, 60),
        (2, "trade", "filled", "40@1000", 40, 0),
    ]


def test_replace_at_or_under_what_is_executed_closes_the_order_as_filled():
    x = Driver()
    x.buy(100, 1000), x.sell(40, 1000)
    assert x.replace(1, 30, 1000) == [(3, "replaced", "filled", "", 40, 0)]
    assert x.cancel(3) == [(4, "refused", "filled", 0)]
    assert not x.exchange.books["ABC"].buys.keys


def test_replace_of_type_and_time_in_force():
    x = Driver()
    x.buy(100, 990), x.sell(40, 1000)
    assert x.replace(1, 100, 1000, time_in_force="ioc")[-1] == (3, "canceled", "canceled", "", 40, 0)
    x.sell(50, 1010), x.buy(100, 1000)
    assert x.replace(5, 100, None)[-1] == (6, "canceled", "canceled", "", 50, 0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"side": "sell"}, 99), ({"account": 2}, 99), ({"symbol": "XYZ"}, 99), ({"qty": 0}, 99), ({"orig": 9}, 1)],
)
def test_what_a_replace_may_not_do(fields, reason):
    x = Driver()
    x.buy(100, 1000)
    [(request, said, _, given)] = x.send(**{"type": "replace", "orig": 1, "qty": 50} | fields)
    assert (request, said, given) == (2, "refused", reason)
    assert x.exchange.live[1].order_qty == 100


def test_a_superseded_id_still_names_the_order():
    x = Driver()
    x.buy(100, 1000), x.replace(1, 90, 1000), x.replace(1, 80, 1000)
    assert x.cancel(2) == [(4, "canceled", "canceled", "", 0, 0)]


def test_requests_on_their_way_cross_fills():
    x = Driver(delay_ns=1000, pending_reports=True)
    assert x.buy(100, 1000) == []
    assert x.advance(1000) == [(1, "new", "new", "", 0, 100)]
    x.sell(60, 1000)
    x.now = 1500
    assert x.replace(1, 120, 1000) == [(3, "pending_replace", "pending_replace", "", 0, 100)]
    assert x.advance(2000) == [
        (2, "new", "new", "", 0, 60),
        (2, "trade", "filled", "60@1000", 60, 0),
        (1, "trade", "pending_replace", "60@1000", 60, 40),
    ]
    x.sell(40, 1000)
    assert x.cancel(1) == [(5, "pending_cancel", "pending_cancel", "", 60, 40)]
    assert x.advance(2500) == [(3, "replaced", "pending_cancel", "", 60, 60)]
    assert x.advance(3000)[1:] == [
        (4, "trade", "filled", "40@1000", 40, 0),
        (3, "trade", "pending_cancel", "40@1000", 100, 20),
        (5, "canceled", "canceled", "", 100, 0),
    ]


def test_too_late():
    x = Driver(delay_ns=10)
    x.buy(100, 1000)
    x.sell(100, 1000)
    x.cancel(1), x.replace(1, 200, 1000)
    assert x.advance(10)[-2:] == [(3, "refused", "filled", 0), (4, "refused", "filled", 0)]


def test_the_day_ends():
    x = Driver()
    x.buy(100, 1000), x.buy(100, 999, time_in_force="gtc")
    x.buy(100, 998, time_in_force="gtd", expire_date=TODAY), x.buy(9, 997, time_in_force="gtd", expire_date=TODAY + 1)
    x.exchange.end_session(5)
    assert x.said() == [(1, "expired", "expired", "", 0, 0), (3, "expired", "expired", "", 0, 0)]
    x.exchange.complete_session(6)
    x.exchange.open_session(TODAY + 1, 7)
    assert [order.request for order in x.exchange.open_orders()] == [2, 4]
    assert x.sell(100, 999)[-1] == (2, "trade", "filled", "100@999", 100, 0)
    assert x.exchange.trade_date == TODAY + 1
    with pytest.raises(ValueError, match="forward"):
        x.exchange.open_session(TODAY, 8)


def test_expiry_may_go_unreported():
    x = Driver()
    x.buy(100, 1000)
    x.exchange.end_session(5, expire=False)
    assert x.said() == []
    assert not x.exchange.live


def exec_ids(x):
    return [fill.report.exec_id for fill in x.exchange.fills]


def test_bust_returns_what_can_still_trade():
    x = Driver()
    x.sell(100, 1000), x.buy(100, 1000, time_in_force="ioc")
    taken, rested = exec_ids(x)
    x.exchange.bust(rested)
    assert x.said()[-2:] == [
        (2, "trade_cancel", "canceled", "100@1000", 0, 0),
        (1, "trade_cancel", "new", "100@1000", 0, 100),
    ]
    assert [fill.report.exec_ref_id for fill in x.exchange.fills[2:]] == [taken, rested]
    assert x.exchange.books["ABC"].ask == 1000
    with pytest.raises(KeyError):
        x.exchange.bust(taken)


def test_bust_of_a_past_days_order_moves_only_figures():
    x = Driver()
    x.sell(100, 1000), x.buy(100, 1000, time_in_force="gtc")
    x.exchange.end_session(1), x.exchange.open_session(TODAY + 1, 2), x.said()
    x.exchange.bust(exec_ids(x)[0])
    assert x.said() == [
        (2, "trade_cancel", "new", "100@1000", 0, 100),
        (1, "trade_cancel", "canceled", "100@1000", 0, 0),
    ]


def test_a_correction_names_the_newest_version():
    x = Driver()
    x.sell(100, 1000), x.buy(100, 1000)
    first = exec_ids(x)[0]
    x.exchange.correct(first, 1001)
    second = exec_ids(x)[2]
    x.exchange.correct(second, 1002)
    third = x.exchange.fills[4].report
    assert (third.exec_ref_id, third.last_px) == (second, 1002)
    assert len(set(exec_ids(x))) == 6


def test_the_house_trades_and_is_not_reported():
    x = Driver()
    house = x.exchange.quote(x.exchange._book_of(order_request(0)), ord("2"), 100, 1000)
    assert x.buy(60, 1000)[-1] == (1, "trade", "filled", "60@1000", 60, 0)
    x.exchange.withdraw(house)
    assert x.buy(60, 1000) == [(2, "new", "new", "", 0, 60)]
    assert all(isinstance(fill.report, ExecutionReport) and fill.report.request for fill in x.exchange.fills)
