"""What the oracle says was gained, and of each trade the tax, against figures worked out by hand."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle import Oracle
from tests.oracle.test_oracle import brokerage, oracle, trade


def deal(o: Oracle, name: str, side: str, quantity: int, price: str) -> None:
    o.report(
        "trade",
        order_id=name,
        account="K",
        instrument="Q",
        side=side,
        order_qty=quantity,
        price=price,
        exec_id=name,
        last_qty=quantity,
        last_px=price,
    )


def gained(o: Oracle) -> tuple[Fraction, Fraction]:
    cost = o.stock["K", "Q"].cost
    return cost.realised, cost.unknown


def test_what_is_sold_gains_its_proceeds_less_its_cost() -> None:
    o = oracle()
    deal(o, "A", "buy", 100, "10")
    deal(o, "B", "buy", 100, "12")
    deal(o, "C", "sell", 50, "13")
    assert gained(o) == (100, 0)  # 50 * (13 - 11)
    deal(o, "D", "sell", 200, "9")  # 150 that were held, and 50 that were not
    assert gained(o) == (-200, 0)
    deal(o, "E", "buy", 20, "8")
    assert gained(o) == (-180, 0)  # 20 * (9 - 8)
    o.report("trade_cancel", order_id="B", feed="XASX", exec_id="F", exec_ref_id="B")
    assert gained(o) == (150 - 50 + 20, 0)  # as if 100 had been bought at 10


def test_a_split_changes_no_result_and_no_cost_is_no_result() -> None:
    o = oracle(stock="30")
    deal(o, "A", "sell", 10, "10")
    assert gained(o) == (0, 10)
    deal(o, "B", "sell", 20, "10")
    deal(o, "C", "buy", 10, "10")
    o.business_date("2026-11-24")
    o.session("XASX", "open")
    o.corporate_action("S", "Q", "split", "2026-11-24", ratio="2")
    deal(o, "D", "sell", 20, "6")
    assert gained(o) == (20, 30)


def test_each_trade_bears_the_tax_that_it_adds() -> None:
    o = brokerage(oracle("30000"), bps="11", minimum="19.95", tax_bps="1000")
    o.submit("K", "X", "Q", "buy", 2000, "10")
    trade(o, "X", "E1", "100", "10")
    trade(o, "X", "E2", "1900", "10")
    trades = o.orders[0].executions
    assert [(each.fee, each.tax) for each in trades] == [
        (Fraction("21.945"), Fraction("1.995")),
        (Fraction("2.255"), Fraction("0.205")),  # 22 and 2.2 of 20 000 in all
    ]


def test_what_proceeds_do_not_cover_is_tax_first() -> None:
    o = brokerage(oracle("100", stock="10"), minimum="10", tax_bps="1000")
    o.submit("K", "X", "Q", "sell", 2, "10.5")
    trade(o, "X", "E1", "1", "10.5")
    (first,) = o.orders[0].executions
    assert (first.fee, first.tax) == (Fraction("10.5"), Fraction("0.5"))
    trade(o, "X", "E2", "1", "10.5")
    assert [each.tax for each in o.orders[0].executions] == [Fraction("0.5"), Fraction("0.5")]
