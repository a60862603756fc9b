"""What a statement says, line by line, and what was realised, to the cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from oms import Engine, cli
from oms.double_entry import balances
from oms.errors import OmsError
from oms.records import row_dtype


@pytest.fixture
def engine():
    with Engine() as engine:
        engine.define_currency("AUD", 2)
        engine.define_exchange("XASX", 2)
        engine.define_class("default")
        engine.define_fee("standard", bps="0", minimum="5")
        engine.assign_fee("default", "standard")
        engine.define_user("ops", ("operate",))
        engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=3, short_allowed=True)
        engine.define_account("K", short_allowed=True)
        engine.business_date("2026-11-23")
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        engine.deposit("K", "AUD", "10000", "opening", by="ops")
        yield engine


def trade(engine, name, side, quantity, price):
    assert engine.report(
        "trade",
        order_id=f"O{name}",
        account="K",
        instrument="Q",
        side=side,
        order_qty=quantity,
        price=price,
        exec_id=name,
        last_qty=quantity,
        last_px=price,
    ).ok


def gained(engine, **period):
    (part,) = engine.statement("K", instrument="Q", **period).parts
    return part.realised


def lines(engine, **period):
    (part,) = engine.statement("K", currency="AUD", **period).parts
    return [(line.kind, line.reference, {n: str(c) for n, c in line.changes.items()}) for line in part.lines]


def test_each_line_names_its_cause(engine):
    trade(engine, "E1", "buy", 100, "10")
    assert engine.report(
        "trade_correct", order_id="OE1", instrument="Q", exec_id="E2", exec_ref_id="E1", last_qty=90, last_px="10"
    ).ok
    engine.set_margin("K", "AUD", "50")
    engine.business_date("2026-11-25")
    engine.settle("batch-1", "2026-11-25", by="ops")
    assert lines(engine, from_date="2026-11-23", to_date="2026-11-24") == [
        ("deposit", "opening", {"booked": "10000"}),
        ("trade", "E1", {"payable": "1005"}),
        ("trade taken back", "E1", {"payable": "-1005"}),
        ("correct", "E2", {"payable": "905"}),
        ("margin", "", {"margin": "50"}),
    ]
    assert lines(engine) == [("settlement", "batch-1", {"booked": "-905", "payable": "-905"})]
    (part,) = engine.statement("K", currency="AUD").parts
    assert part.opening == {"booked": 10000, "payable": 905, "receivable": 0, "margin": 50}
    assert part.closing == part.live == {"booked": 9095, "payable": 0, "receivable": 0, "margin": 50}
    (line,) = part.lines
    assert (str(line.business_date), str(line.settle_date), line.user) == ("2026-11-25", "2026-11-25", "ops")
    assert str(engine.statement("K", currency="AUD", from_date="2026-11-23").parts[0].lines[1].settle_date) == (
        "2026-11-25"
    )


def test_what_is_held_is_told_by_order(engine):
    engine.submit("K", "X", "Q", "buy", 10, "10")
    trade(engine, "E1", "buy", 100, "10")
    engine.submit("K", "S", "Q", "sell", 30, "11")
    cash, stock = engine.statement("K").parts
    assert (cash.held, stock.held) == ({"X": Decimal(105)}, {"S": Decimal(30)})


def test_the_realised_result_is_proceeds_less_cost_rounded_once(engine):
    trade(engine, "E1", "buy", 3, "10")
    trade(engine, "E2", "buy", 4, "10.005")  # 10.002857… a share; brokerage is no part of it
    trade(engine, "E3", "sell", 2, "11")
    trade(engine, "E4", "sell", 2, "11.001")
    found = gained(engine)
    assert [str(sale.result) for sale in found.sales] == ["1.99", "2"]  # 1.994285…, and up to 3.98857… in all
    assert (str(found.total), found.currency, found.unknown) == ("3.99", "AUD", 0)
    assert [str(sale.proceeds) for sale in found.sales] == ["22", "22"]  # 22.002: a trade's value has cents


def test_a_short_position_gains_when_it_is_bought_back_for_less(engine):
    trade(engine, "E1", "sell_short", 100, "10")
    assert gained(engine).total == 0
    trade(engine, "E2", "buy", 40, "9.5")
    assert gained(engine).total == 20
    trade(engine, "E3", "buy", 100, "10.25")  # 60 are bought back at a loss, 40 are held
    found = gained(engine)
    assert [str(sale.result) for sale in found.sales] == ["20", "-15"]
    assert [str(sale.quantity) for sale in found.sales] == ["40", "60"]
    trade(engine, "E4", "sell", 50, "11")  # 40 are sold, 10 are short
    assert gained(engine).total == 35
    assert engine.holding("K", "Q").total == -10


def test_a_bust_changes_what_was_realised(engine):
    trade(engine, "E1", "buy", 10, "10")
    trade(engine, "E2", "buy", 10, "12")
    trade(engine, "E3", "sell", 10, "13")
    assert gained(engine).total == 20
    assert engine.report("trade_cancel", order_id="OE2", instrument="Q", exec_id="E4", exec_ref_id="E2").ok
    assert gained(engine).total == 30


def test_stock_without_a_known_cost_is_counted_apart(engine):
    engine.adjust("K", "Q", 10, "A1", "found")
    trade(engine, "E1", "sell", 4, "10")
    found = gained(engine)
    assert ([sale.result for sale in found.sales], found.total, found.unknown) == ([None], 0, 4)


def test_the_period_takes_in_what_was_booked_in_it(engine):
    trade(engine, "E1", "buy", 10, "10")
    trade(engine, "E2", "sell", 4, "11")
    engine.business_date("2026-11-24")
    trade(engine, "E3", "sell", 4, "12")
    assert (str(gained(engine).result), str(gained(engine).total)) == ("8", "12")
    assert str(gained(engine, from_date="2026-11-23", to_date="2026-11-23").result) == "4"


def test_wrong_words_are_refused(engine):
    for given in ({"currency": "XXX"}, {"instrument": "XXX"}, {"from_date": "2026-11-24", "to_date": "2026-11-23"}):
        with pytest.raises(OmsError):
            engine.statement("K", **given)
    with pytest.raises(OmsError):
        engine.statement("nobody")


def test_a_row_that_is_not_what_its_movements_make_is_told(engine):
    trade(engine, "E1", "buy", 10, "10")
    rows = np.frombuffer(engine.memory("cash"), row_dtype("cash"), 2, 4096)
    rows["booked"][1] += 1
    cash, stock = engine.statement("K").parts
    assert (cash.wrong, stock.wrong) == (["booked"], [])
    rows["booked"][1] -= 1
    rows["ladder_payable"][1][0] += 1
    assert engine.statement("K").parts[0].wrong == ["payable and receivable of 2026-11-25"]


def test_all_sides_of_the_books_sum_to_zero(engine):
    trade(engine, "E1", "buy", 10, "10")
    trade(engine, "E2", "sell_short", 30, "10.001")
    money, stock = balances(engine)
    assert {name: str(figure) for name, figure in money.sides.items()} == {
        "booked": "10000",
        "- payable": "-105",
        "receivable": "295.03",
        "market": "-200.03",
        "fees": "10",
        "external": "-10000",
    }
    assert (money.sum, stock.sum) == (0, 0)
    assert {name: str(figure) for name, figure in money.outside.items()} == {"deposit": "-10000"}


def test_each_change_of_a_hold_names_its_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Order, fill, replace, withdrawal: with the journal, what is reserved can be checked back, too."""
    with Engine(journal=tmp_path / "journal") as engine:
        engine.define_currency("AUD", 2)
        engine.define_exchange("XASX", 2)
        engine.define_class("default")
        engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=2)
        engine.define_account("K")
        engine.business_date("2026-11-23")
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        engine.deposit("K", "AUD", "10000", "opening")
        engine.load_holdings("2026-11-20", [("K", "Q", 70, None)])
        engine.submit("K", "OLD", "Q", "buy", 10, "1", time_in_force="gtc")
        engine.business_date("2026-11-24")
        engine.submit("K", "X", "Q", "buy", 100, "10")
        engine.submit("K", "S", "Q", "sell", 30, "11")
        engine.report("trade", account="K", cl_ord_id="X", exec_id="E1", last_qty=40, last_px="9")
        engine.replace("K", "Y", "X", order_qty=120)
        engine.withdraw("K", "AUD", "500", "W1", stage="request")
        engine.report("canceled", account="K", cl_ord_id="X")
        engine.withdraw("K", "AUD", 0, "W1", stage="refuse")
        reserved = str(engine.cash("K", "AUD").reserved)
    assert cli.main(["statement", "K", str(tmp_path), "--holds", "--json"]) == 0
    cash, stock = (part["holds"] for part in json.loads(capsys.readouterr().out)["parts"])
    found = [tuple(line[name] for name in ("cause", "reference", "of", "change", "reserved")) for line in cash["lines"]]
    assert (cash["opening"], cash["closing"], reserved) == ("10", "10", "10")
    assert found == [
        ("NewOrderSingle", "X", "X", "1000", "1010"),
        ("ExecutionReport trade", "E1", "X", "-400", "610"),
        ("OrderCancelReplaceRequest", "Y", "X", "200", "810"),
        ("Movement", "W1", "withdrawal W1", "500", "1310"),
        ("ExecutionReport canceled", "", "X", "-800", "510"),
        ("Movement", "W1", "withdrawal W1", "-500", "10"),
    ]
    assert [(line["of"], line["change"]) for line in stock["lines"]] == [("S", "30")]
    assert cli.main(["statement", "K", str(tmp_path), "--holds", "--from", "2026-11-23"]) == 0
    told = capsys.readouterr().out
    assert all(words in told for words in ("held for", "withdrawal W1", "OLD"))
