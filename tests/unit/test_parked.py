"""What could not be booked, of every kind: parked under its name, booked once after the repair, by who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oms import Engine
from oms.enums import Status


def market(directory: Path) -> Engine:
    engine = Engine(journal=directory)
    engine.define_currency("AUD", 2)
    engine.define_exchange("XASX", 2)
    engine.define_class("default", sell_unsettled=True)
    engine.define_user("op", ["operate"])
    engine.define_user("clerk", ["trade"])
    engine.define_account("A")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=2, reference_price=10)
    engine.business_date("2026-11-23")
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    engine.deposit("A", "AUD", 1000, "opening")
    return engine


def reject(engine: Engine, feed: int) -> Any:
    engine.submit("A", "X", "Q", "buy", 10, 5)
    engine.report("new", account="A", cl_ord_id="X")
    engine.cancel("A", "C", "X")
    return engine.record("OrderCancelReject", feed=feed, request=engine.handle_of("A", "C"))


def test_a_cancel_reject_over_a_feed_that_was_not_declared_is_booked_once_it_is(tmp_path: Path):
    with market(tmp_path) as engine:
        assert reject(engine, 2).status == Status.feed_unknown
        waiting = engine.parked()
        assert [(row.record, row.status) for row in waiting] == [("OrderCancelReject", Status.feed_unknown)]
        assert engine.resolve_parked(waiting[0].sequence, "apply", "op").status == Status.feed_unknown
        engine.define_exchange("XASX", feeds=["XASX2"])
        assert engine.request("A", "C").status == "submitted"
        assert engine.resolve_parked(waiting[0].sequence, "apply", "clerk").status == Status.permission_denied
        assert engine.resolve_parked(waiting[0].sequence, "apply", "op").ok
        assert engine.request("A", "C").status == "rejected"
        assert engine.parked() == []
        assert [row.outcome for row in engine.parked(closed=True)] == ["apply"]


@pytest.mark.parametrize("name", ["ExecutionReport", "OrderCancelReject", "BalanceReport", "OpenOrder"])
def test_what_names_a_parked_row_that_is_not_its_own_books_nothing(tmp_path: Path, name: str):
    with market(tmp_path) as engine:
        reject(engine, 2)
        row = engine.parked()[0].row
        ids = {"BalanceReport": "id", "OpenOrder": "order_id", "ExecutionReport": "exec_id"}
        more = {ids[name]: "OTHER"} if name in ids else {"request": 0, "feed": 60000}
        refused = {"OrderCancelReject": Status.feed_unknown}.get(name, Status.nothing_to_resolve)
        assert engine.record(name, "op", parked=row, **more).status == refused
        assert engine.record(name, "op", parked=60000, **more).status == Status.nothing_to_resolve
        assert [waiting.row for waiting in engine.parked()] == [row]
