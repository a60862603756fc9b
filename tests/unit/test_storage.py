"""A disk that has no room for the journal: nothing new is taken, and everything that is under way goes on."""

import time

import pytest

from oms import Engine
from oms.enums import Status, StorageState
from oms.journal import Journal
from tests.journal.tools import SEGMENT, fill


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    engine.define_currency("AUD")
    engine.define_exchange("XASX")
    engine.define_class("retail")
    engine.define_user("ann", ["trade_any"])
    engine.define_account("K", account_class="retail")
    engine.define_instrument("BHP", exchange="XASX", currency="AUD")
    engine.deposit("K", "AUD", 100_000, "D")
    engine.open_feed("XASX")
    engine.session("XASX", "open")
    assert engine.submit("K", "A", "BHP", "buy", 100, "10", by="ann").ok
    return engine


def test_full_refuses_what_is_new_and_nothing_else(engine):
    told = engine.record("StorageChanged", state=StorageState.full)
    assert told.alerts == [Status.storage_full]
    assert engine.submit("K", "B", "BHP", "buy", 100, "10", by="ann").status == Status.storage_full
    assert engine.replace("K", "C", "A", order_qty=50, by="ann").status == Status.storage_full
    assert engine.report("new", account="K", cl_ord_id="A", order_id="X1").ok
    assert engine.report("trade", account="K", cl_ord_id="A", exec_id="E1", last_qty=40, last_px="10").ok
    assert engine.cancel("K", "D", "A", by="ann").ok
    assert engine.record("StorageChanged", state=StorageState.enough).alerts == []
    assert engine.submit("K", "E", "BHP", "buy", 100, "10", by="ann").ok


def test_low_is_an_alert_only(engine):
    assert engine.record("StorageChanged", state=StorageState.low).alerts == [Status.storage_low]
    assert engine.submit("K", "B", "BHP", "buy", 100, "10", by="ann").ok


def test_nobody_else_can_say_so(engine):
    told = engine.record("StorageChanged", by="ann", state=StorageState.full)
    assert told.status == Status.permission_denied
    assert engine.record("StorageChanged", state=3).status == Status.reference_invalid


def room(journal: Journal, wanted: StorageState) -> None:
    until = time.monotonic() + 20
    while journal.facts()["room"] != wanted:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_segment_that_cannot_be_made_is_told_long_before_it_is_needed(tmp_path):
    """And made as soon as it can be."""
    with Journal(tmp_path, "batch", segment_bytes=4 * SEGMENT) as journal:
        (tmp_path / "next.prepared").mkdir()
        fill(journal, 60)
        room(journal, StorageState.full)
        assert journal.fault is None
        assert journal.facts()["position"] < 2 * SEGMENT
        (tmp_path / "next.prepared").rmdir()
        room(journal, StorageState.enough)
        fill(journal, 300)
        assert journal.facts()["segment"] > 1
