"""An item that is due, of an account whose figure the source does not confirm, stays open and late."""

from oms import Engine
from oms.values import to_day


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
