"""Which of an exchange's words about an order's terms is the newer one, where they come late or twice."""

from __future__ import annotations

from typing import Any

from oms import Engine
from oms.schema import NULL_I64
from oms.verify import audit


def market() -> Engine:
    engine = Engine()
    engine.define_currency("AUD", 2)
    engine.define_exchange("XASX", 2, ["one", "two"])
    engine.define_class("default", sell_unsettled=True)
    engine.define_account("A")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=2, reference_price=10)
    engine.business_date("2026-11-23")
    engine.session("XASX", "open")
    engine.open_feed("one")
    engine.open_feed("two")
    engine.deposit("A", "AUD", 1000, "opening")
    engine.submit("A", "X", "Q", "buy", 100, 5)
    engine.report("new", account="A", cl_ord_id="X", feed="one")
    return engine


def told(
    engine: Engine, feed: str, sequence: int, time_ns: int, order_qty: int, request: str = "X", **more: Any
) -> str:
    """What came of a report of new terms, by its own number and time."""
    unknown = dict.fromkeys(("cum_qty", "leaves_qty", "price"), NULL_I64)
    result = engine.record(
        "ExecutionReport",
        feed=engine.feed_slot(feed),
        feed_sequence=sequence,
        transact_time_ns=time_ns,
        request=engine.handle_of("A", request),
        exec_type=engine.character("ExecType", "restated" if request == "X" else "replaced"),
        order_qty=order_qty,
        **(unknown | more),
    )
    assert audit(engine).findings == []
    return str(result.status.name)


def quantity(engine: Engine) -> int:
    return int(engine.order("A", "X").order_qty)


def test_what_another_feed_tells_late_is_older_by_the_exchanges_time():
    engine = market()
    assert told(engine, "one", 2, 2000, 60) == "ok"  # what this feed lost, number 1, comes over the other one
    assert told(engine, "two", 1, 1000, 80) == "report_stale"
    assert quantity(engine) == 60
    assert told(engine, "two", 2, 2000, 60) == "ok"  # the same terms again change nothing
    assert told(engine, "two", 3, 3000, 70) == "ok"
    assert quantity(engine) == 70


def test_what_a_feed_replays_after_a_gap_is_older_by_its_number():
    engine = market()
    assert told(engine, "one", 3, 0, 60) == "ok"
    assert told(engine, "one", 1, 0, 90) == "report_stale"
    assert told(engine, "one", 2, 0, 80) == "report_stale"
    assert quantity(engine) == 60
    assert told(engine, "one", 4, 0, 50) == "ok"
    engine.open_feed("one", session_id=2)  # numbers begin again
    assert told(engine, "one", 1, 0, 40) == "ok"
    assert quantity(engine) == 40


def test_our_own_replace_may_be_answered_after_newer_terms_were_told():
    engine = market()
    engine.replace("A", "R", "X", order_qty=90)
    assert told(engine, "one", 2, 2000, 60) == "ok"
    assert told(engine, "two", 1, 1000, 90, "R") == "report_stale"
    assert (quantity(engine), engine.request("A", "R").status) == (60, "completed")
    assert str(engine.cash("A", "AUD").reserved) == "300"


def test_a_restatement_is_forgotten_with_its_order():
    engine = market()
    told(engine, "one", 1, 1000, 60, exec_id="R1")
    assert len(engine.rows("restatement")) == 2
    engine.report("canceled", account="A", cl_ord_id="X")
    for day in (24, 25):
        engine.business_date(f"2026-11-{day}")
    assert engine.rows("restatement")["hash"].tolist() == [0, 0]
    engine.submit("A", "Y", "Q", "buy", 100, 5)  # takes the row of the order
    assert engine.rows("told_terms")["time_ns"].tolist() == [0, 0]
