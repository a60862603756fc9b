"""An item that is due, of an account whose figure the source does not confirm, stays open and late."""

from datetime import date
from pathlib import Path

from oms import Engine
from oms.values import to_day
from oms.verify import audit
from tests.start_of_day.delivery import FILES, deliver, load, new_engine, reasons


def trade(engine: Engine, account: str) -> None:
    engine.submit(account, "X", "Q", "buy", 100, "10")
    engine.report("trade", account=account, cl_ord_id="X", exec_id=f"E-{account}", last_qty=100, last_px="10")


def test_only_confirmed_accounts_settle_at_the_start_of_day() -> None:
    engine = Engine()
    engine.define_currency("AUD")
    engine.define_exchange("XASX", settlement_days=2)
    engine.define_class("default")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="10")
    engine.business_date("2026-11-23")
    engine.open_feed("XASX")
    engine.session("XASX", "open")
    for account in ("CONFIRMED", "BROKEN"):
        engine.define_account(account)
        engine.deposit(account, "AUD", "5000", account)
        trade(engine, account)
    engine.session("XASX", "complete")
    engine.business_date("2026-11-26")
    engine.sign_off("BROKEN", unreconciled=True, reason="the bank's figure differs")
    assert engine.record("Settle", date=to_day("2026-11-25"), confirmed=1, batch_id="start of day").ok
    assert str(engine.cash("CONFIRMED", "AUD").booked) == "4000"
    assert engine.cash("CONFIRMED", "AUD").payable == 0
    late = engine.cash("BROKEN", "AUD")
    assert (str(late.booked), str(late.payable)) == ("5000", "1000")
    assert engine.settle("by hand", "2026-11-25", account="BROKEN").ok
    assert str(engine.cash("BROKEN", "AUD").booked) == "4000"


def test_a_corrected_file_confirms_what_the_first_one_left_open(tmp_path: Path) -> None:
    """By the files: the first leaves A1's buy of Friday open, the corrected one has it; a run again changes nothing."""
    engine = new_engine()
    first, corrected = (tmp_path / name for name in ("first", "corrected"))
    load(deliver(first, as_of="2026-11-18"), engine, business_date=date(2026, 11, 19))
    engine.open_feed("XASX")
    engine.session("XASX", "open")
    engine.submit("A1", "X", "BHP", "buy", 10, "45")
    engine.report(
        "trade", account="A1", cl_ord_id="X", exec_id="E1", last_qty=10, last_px="45", settle_date="2026-11-19"
    )
    engine.session("XASX", "complete")
    sources = {"as_of": "2026-11-19"}
    report = load(deliver(first, **sources), engine)
    assert reasons(report) == [("difference", "A1", "AUD"), ("difference", "A1", "BHP.XASX")]
    assert str(engine.cash("A1", "AUD").payable) == "450"
    assert reasons(load(first, engine)) == reasons(report), "the same files again start from the same figure"

    changes = {
        "cash.csv": FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,550.5"),
        "holdings.csv": FILES["holdings.csv"].replace("A1,BHP,100", "A1,BHP,110"),
    }
    deliver(corrected, changes, **sources)
    for _ in range(2):
        assert reasons(load(corrected, engine, supersede=True, by="ops1")) == []
        cash, holding = engine.cash("A1", "AUD"), engine.holding("A1", "BHP")
        assert (str(cash.booked), cash.payable, holding.settled, holding.incoming) == ("550.5", 0, 110, 0)
    assert audit(engine).count == 0
    assert engine.submit("A1", "Y", "BHP", "buy", 1, "45").status.name == "account_not_reconciled"
