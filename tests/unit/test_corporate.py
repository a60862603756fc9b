"""Corporate actions through the Python calls: a preview tells what comes, statements add up, undo is exact."""

from decimal import Decimal
from fractions import Fraction

import pytest

from oms import Engine
from oms.booking import SettlementItem
from oms.corporate import parts_of
from oms.enums import Status
from oms.errors import OmsError
from oms.statement import statement
from oms.verify import audit


@pytest.fixture
def engine():
    with Engine() as engine:
        engine.define_currency("AUD")
        engine.define_exchange("XASX")
        engine.define_class("default")
        engine.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="12")
        engine.business_date("2026-11-23")
        for code in ("K", "L", "M"):
            engine.define_account(code)
            engine.deposit(code, "AUD", "10000", f"opening {code}")
        engine.load_holdings("2026-11-20", [("K", "Q", 101, "9"), ("L", "Q", 7, None)])
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        for number, (side, quantity, px) in enumerate((("buy", 33, "10"), ("sell", 15, "12"), ("buy", 8, "11"))):
            name = f"X{number}"
            engine.submit("K", name, "Q", side, quantity, px)
            engine.report("trade", account="K", cl_ord_id=name, exec_id=name, last_qty=quantity, last_px=px)
        engine.settle("part", "2026-11-25", items=[SettlementItem("X0", 10)])
        yield engine


def sound(engine):
    assert [str(finding) for finding in audit(engine).findings] == []
    for account in ("K", "L", "M"):
        found = statement(engine, account, from_date="2026-11-23")
        assert found.adds_up, [(part.item, part.wrong) for part in found.parts]


def books(engine):
    names = ("cash", "holding", "ladder", "progress", "instrument", "currency")
    unlike = ("version", "cost_event", "action")
    return {
        name: [[row[field].tolist() for field in row.dtype.names if field not in unlike] for row in engine.rows(name)]
        for name in names
    }


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("split", {"ratio": "3/2", "price": "8"}),
        ("split", {"ratio": "7:3"}),
        ("consolidation", {"ratio": "1/10", "price": "111.05"}),
        ("bonus", {"ratio": "1/7", "price": "10"}),
        ("dividend", {"amount": "0.123456"}),
    ],
)
def test_a_preview_tells_what_comes_and_undo_takes_it_back(engine, kind, given):
    before, sequence = books(engine), engine.sequence
    shares = {share.account: share for share in engine.preview_corporate_action("Q", kind, "2026-11-23", **given)}
    assert (books(engine), engine.sequence) == (before, sequence)
    booked = {code: engine.cash(code, "AUD").booked for code in shares}
    assert engine.corporate_action("A", "Q", kind, "2026-11-23", **given).ok
    for code, share in shares.items():
        holding = engine.holding(code, "Q")
        assert holding.total == share.after
        assert (holding.settled, holding.incoming, holding.outgoing) == (share.settled, share.incoming, share.outgoing)
        assert holding.average_price == share.average_after
        assert engine.cash(code, "AUD").booked - booked[code] == share.amount
    assert set(shares) == {"K", "L"}
    sound(engine)
    assert engine.undo_corporate_action("A").ok
    assert books(engine) == before
    sound(engine)


def test_trades_of_before_settle_bust_and_correct_in_new_stock(engine):
    engine.corporate_action("A", "Q", "split", "2026-11-24", ratio="3/2")
    engine.corporate_action("B", "Q", "consolidation", "2026-11-26", ratio="1/4", price="30")
    engine.business_date("2026-11-24")
    sound(engine)
    engine.report(
        "trade_correct", account="K", cl_ord_id="X2", exec_id="C1", exec_ref_id="X2", last_qty=6, last_px="11"
    )
    sound(engine)
    engine.settle("rest", "2026-11-25")
    engine.business_date("2026-11-26")
    sound(engine)
    assert engine.holding("K", "Q").settled == engine.holding("K", "Q").total
    for ref in ("X0", "C1", "X1"):
        result = engine.report("trade_cancel", account="K", cl_ord_id="X0", exec_id=f"B{ref}", exec_ref_id=ref)
        assert result.status in (Status.ok, Status.execution_unknown)
        sound(engine)


def test_a_trade_of_before_that_is_told_late_counts_in_new_stock(engine):
    engine.submit("M", "Y", "Q", "buy", 50, "10", time_in_force="gtc")
    engine.corporate_action("A", "Q", "split", "2026-11-24", ratio=2)
    engine.business_date("2026-11-24")
    engine.session("XASX", "open")
    engine.report("trade", account="M", cl_ord_id="Y", exec_id="L1", last_qty=20, last_px="10", trade_date="2026-11-23")
    assert engine.holding("M", "Q").total == 40
    assert engine.holding("M", "Q").average_price == 5
    assert engine.order("M", "Y").cum_qty == 20
    engine.report("trade", account="M", cl_ord_id="Y", exec_id="L2", last_qty=10, last_px="6")
    assert engine.holding("M", "Q").total == 50
    assert engine.holding("M", "Q").average_price == Decimal("5.2")
    sound(engine)
    engine.report("trade_cancel", account="M", cl_ord_id="Y", exec_id="L3", exec_ref_id="L1", trade_date="2026-11-23")
    assert engine.holding("M", "Q").total == 10
    sound(engine)


def test_an_action_told_late_leaves_trades_in_new_stock_alone(engine):
    engine.business_date("2026-11-25")
    engine.session("XASX", "open")
    engine.submit("K", "N", "Q", "buy", 10, "6")
    engine.report("trade", account="K", cl_ord_id="N", exec_id="N1", last_qty=10, last_px="6")
    before = engine.holding("K", "Q")
    assert before.total == 101 + 33 - 15 + 8 + 10
    told = {share.account: share for share in engine.preview_corporate_action("Q", "split", "2026-11-24", ratio=2)}
    assert engine.corporate_action("A", "Q", "split", "2026-11-24", ratio=2).ok
    after = engine.holding("K", "Q")
    assert after.total == 2 * 127 + 10
    assert after.average_price == told["K"].average_after
    sound(engine)
    cost = (Decimal(101) * 9 + 33 * 10) / 134 * (134 - 15) + 8 * 11 + 60
    assert abs(after.average_price * after.total - cost) < Decimal("0.00001")


def test_a_figure_loaded_for_the_ex_date_is_in_new_stock(engine):
    engine.load_holdings("2026-11-24", [("L", "Q", 14, None)])
    engine.business_date("2026-11-25")
    engine.corporate_action("A", "Q", "split", "2026-11-24", ratio=2)
    assert engine.holding("L", "Q").settled == 14
    sound(engine)


def test_a_figure_of_before_the_ex_date_keeps_the_split_on_top(engine):
    engine.corporate_action("A", "Q", "split", "2026-11-24", ratio=2)
    engine.business_date("2026-11-24")
    assert engine.holding("L", "Q").settled == 14
    engine.load_holdings("2026-11-23", [("L", "Q", 7, None)])
    assert engine.holding("L", "Q").settled == 14
    sound(engine)


@pytest.mark.parametrize(
    ("ratio", "kind", "parts"),
    [
        ("2", "split", (2, 1)),
        (2, "split", (2, 1)),
        ("2:1", "split", (2, 1)),
        ("6/4", "split", (3, 2)),
        ("10", "consolidation", (1, 10)),
        ("1:10", "consolidation", (1, 10)),
        ("1/10", "bonus", (11, 10)),
        ("0.1", "bonus", (11, 10)),
    ],
)
def test_ratios_are_read_as_people_write_them(ratio, kind, parts):
    assert parts_of(ratio, kind) == parts


@pytest.mark.parametrize("ratio", ["", "x", "0", "-2", "1/0", str(1 << 32)])
def test_what_is_no_ratio_is_told(ratio):
    with pytest.raises(OmsError, match="ratio"):
        parts_of(ratio, "split")


def test_what_does_not_belong_to_the_type_is_told(engine):
    with pytest.raises(OmsError, match="a dividend takes amount, no ratio"):
        engine.corporate_action("A", "Q", "dividend", "2026-11-23", ratio=2, amount="1")
    with pytest.raises(OmsError, match="a split takes ratio"):
        engine.corporate_action("A", "Q", "split", "2026-11-23")
    with pytest.raises(OmsError, match="known: split"):
        engine.corporate_action("A", "Q", "merger", "2026-11-23")
    with pytest.raises(OmsError, match="reference_invalid"):
        engine.preview_corporate_action("Q", "split", "2026-11-23", ratio="1/2")


def test_a_fraction_is_shown_as_it_is(engine):
    share = engine.preview_corporate_action("Q", "consolidation", "2026-11-23", ratio="1/10")[1]
    assert (share.account, share.before, share.after, share.fraction) == ("L", 7, 0, Fraction(7, 10))
    assert (share.average_before, share.amount) == (None, 0)


def test_owners_have_names(engine):
    assert engine.define_owner(3, "Broker A").ok
    assert engine.define_owner(3, "Broker A").ok
    assert engine.define_owner(4, "Broker A").status == Status.name_taken
    assert engine.define_owner(3, "Broker B").status == Status.reference_invalid
    assert engine.rename("owner", "Broker A", "Broker B").ok
    assert engine.owner_slot("Broker B") == 3
    assert engine.define_owner(4, "Broker A").ok  # the name is free


def test_only_operators_do_this(engine):
    engine.define_user("client", ("trade", "read"))
    engine.define_user("tenant", ("operate",), owner=3)
    for user in ("client", "tenant"):
        assert engine.corporate_action("A", "Q", "split", "2026-11-23", ratio=2, by=user).status == 3
        assert engine.undo_corporate_action("A", by=user).status == Status.permission_denied
        assert engine.rename("account", "K", "K2", by=user).status == Status.permission_denied
        assert engine.define_owner(3, "X", by=user).status == Status.permission_denied
