"""What is refused takes no room of others: a storm from one client leaves the request table to those who trade."""

from __future__ import annotations

from pathlib import Path

from oms import Engine
from oms.enums import Status
from oms.verify import audit

REQUESTS = 256


def market(path: Path) -> Engine:
    engine = Engine({"request": REQUESTS, "event": 4096}, journal=path / "journal")
    engine.define_currency("AUD", 4)
    engine.define_exchange("XASX", 2)
    engine.define_class("default")
    engine.define_user("storm", permissions=("trade",), max_rate=2)
    engine.define_user("wild", permissions=("trade",))
    engine.define_user("calm", permissions=("trade",))
    engine.define_account("K", users=["storm", "wild", "calm"])
    engine.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="5")
    engine.business_date("2026-11-23")
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    engine.deposit("K", "AUD", 10_000, "opening")
    return engine


def buy(engine: Engine, name: str, by: str, order_qty: int = 1) -> Status:
    return engine.submit("K", name, "Q", "buy", order_qty, "5", by=by).status


def test_what_is_throttled_leaves_no_row_and_may_be_asked_again(tmp_path: Path) -> None:
    with market(tmp_path) as engine:
        assert [buy(engine, f"S{number}", "storm").name for number in range(2)] == ["ok", "ok"]
        used = len(engine.rows("request"))
        texts = engine.core.used("text")
        for number in range(4 * REQUESTS):
            assert buy(engine, f"T{number}", "storm") == Status.rate_exceeded
        change = engine.replace("K", "R", "S0", order_qty=2, by="storm")
        assert change.status == Status.rate_exceeded
        assert (len(engine.rows("request")), engine.core.used("text")) == (used, texts)
        assert buy(engine, "S0", "storm").name == "ok", "the same again gets its first answer"
        assert engine.cash("K", "AUD").reserved == 10
        assert buy(engine, "C", "calm").name == "ok"
        engine.advance(1)
        assert buy(engine, "T0", "storm").name == "ok", "it was never taken, so it is new"
        assert audit(engine).count == 0
    with Engine({"request": REQUESTS, "event": 4096}, journal=tmp_path / "journal") as again:
        assert again.cash("K", "AUD").reserved == 20


def test_what_the_rules_refuse_leaves_the_last_quarter_to_what_is_accepted(tmp_path: Path) -> None:
    with market(tmp_path) as engine:
        for number in range(4 * REQUESTS):
            result = engine.submit("K", f"W{number}", "Q", "buy", 10_000, "5", by="wild")
            assert result.status == Status.funds_insufficient
            assert (result.answer["figure"], result.answer["limit"]) == (50_000_0000, 10_000_0000)
            assert result.answer["hits"] == 1 << Status.funds_insufficient - Status.account_suspended
        assert len(engine.rows("request")) - 1 == REQUESTS * 3 // 4 - 1
        assert buy(engine, "W0", "wild", 10_000) == Status.funds_insufficient, "an early one has its first answer"
        assert engine.submit("K", "W0", "Q", "buy", 1, "5", by="wild").status == Status.cl_ord_id_duplicate
        for number in range(16):
            assert buy(engine, f"C{number}", "calm").name == "ok"
        assert len(engine.kill("account", "K").sent) == 16
        assert audit(engine).count == 0
