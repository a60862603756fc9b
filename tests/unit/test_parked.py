"""What could not be booked, of every kind: parked under its name, booked once after the repair, by who may."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from oms import Engine
from oms.enums import Status
from oms.errors import OmsError


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


def test_a_report_with_an_id_too_long_waits_whole_and_is_booked_once(tmp_path: Path):
    """By an operator, under what stands for the id; a bust by that id finds its trade, and so does the same report."""
    with market(tmp_path) as engine:
        name, order_id = "é" * 200, "o" * 300
        engine.submit("A", "X", "Q", "buy", 10, 5)
        fill = {"account": "A", "cl_ord_id": "X", "last_qty": 4, "last_px": 5, "order_id": order_id}
        parked = engine.report("trade", exec_id=name, **fill)
        assert parked.status == Status.id_too_long
        assert [alert.name for alert in parked.alerts] == ["id_too_long"]
        assert engine.order("A", "X").cum_qty == 0
        (waiting,) = engine.parked()
        assert (waiting.record, waiting.status) == ("LongReport", Status.id_too_long)
        assert engine.resolve_parked(waiting.sequence, "apply", "clerk").status == Status.permission_denied
        assert engine.resolve_parked(waiting.sequence, "theirs", "op").status == Status.resolution_invalid
        assert engine.resolve_parked(waiting.sequence, "apply", "op").ok
        assert engine.parked() == []
        assert str(engine.order("A", "X").cum_qty) == "4"
        engine.report("trade", exec_id=name, **fill)
        assert engine.resolve_parked(engine.parked()[0].sequence, "apply", "op").status == Status.execution_repeated
        engine.report("trade_cancel", exec_id="B", exec_ref_id=name, account="A", cl_ord_id="X")
        assert engine.resolve_parked(engine.parked()[0].sequence, "apply", "op").ok
        assert engine.order("A", "X").cum_qty == 0
        engine.define_custodian("bank")
        engine.balance("bank", "b" * 256, "A", "AUD", delta=7)
        assert str(engine.cash("A", "AUD").booked) == "1000"
        assert engine.resolve_parked(engine.parked()[0].sequence, "apply", "op").ok
        assert str(engine.cash("A", "AUD").booked) == "1007"
        report = engine.state_hash()
    with Engine(journal=tmp_path) as again:
        assert again.state_hash() == report


def test_a_row_of_a_list_with_an_id_too_long_counts_and_is_booked_by_an_operator(tmp_path: Path):
    """The list is whole with it, so that nothing else is in doubt; what a row names that says nothing yet, is."""
    with market(tmp_path) as engine:
        engine.submit("A", "X", "Q", "buy", 10, 5)
        terms = {"account": "A", "instrument": "Q", "side": "buy", "price": 5}
        rows = [
            terms | {"cl_ord_id": "X", "order_qty": 10, "order_id": "X1"},
            terms | {"order_id": "ö" * 200, "order_qty": 4},
        ]
        assert engine.open_orders("XASX", rows).status == Status.ok
        assert engine.request("A", "X").status != "in_doubt"
        (waiting,) = engine.parked()
        assert (waiting.record, waiting.status) == ("LongReport", Status.id_too_long)
        held = engine.cash("A", "AUD").reserved
        assert engine.resolve_parked(waiting.sequence, "apply", "op").ok
        assert engine.parked() == []
        assert engine.cash("A", "AUD").reserved == held + 20
        by_digest = "sha256:" + hashlib.sha256(("ö" * 200).encode()).hexdigest()
        assert by_digest in {engine.text(order["order_id"]) for order in engine.rows("order")}
        assert engine.open_orders("XASX", [*rows, terms | {"order_id": "o" * 300, "order_qty": 1}]).ok
        report = engine.state_hash()
    with Engine(journal=tmp_path) as again:
        assert again.state_hash() == report


def test_a_long_report_that_is_no_report_can_only_be_dismissed(tmp_path: Path):
    with market(tmp_path) as engine:
        assert engine.record("LongReport", feed=1, part1="what is this?").status == Status.id_too_long
        waiting = engine.parked()[0]
        with pytest.raises(OmsError, match="not a JSON object"):
            engine.resolve_parked(waiting.sequence, "apply", "op")
        assert engine.resolve_parked(waiting.sequence, "dismiss", "op").ok


def test_busts_that_do_not_say_what_is_left_make_a_break_over_lost_trades_smaller_and_end_it(tmp_path: Path):
    def missing() -> list[int]:
        waiting = [parked for parked in engine.parked() if not parked.outcome]
        assert all(parked.status == Status.trades_missing_at_exchange for parked in waiting)
        return [int(parked.last_qty) for parked in waiting]

    with market(tmp_path) as engine:
        engine.submit("A", "X", "Q", "buy", 100, 5)
        engine.report("new", account="A", cl_ord_id="X", order_id="O1")
        for name, quantity in (("E1", 60), ("E2", 40)):
            engine.report("trade", account="A", cl_ord_id="X", exec_id=name, last_qty=quantity, last_px=5)
        listed = {"order_id": "O1", "account": "A", "instrument": "Q", "side": "buy", "order_qty": 100, "price": 5}
        engine.open_orders("XASX", [listed | {"cum_qty": 0}])
        assert missing() == [100]
        for _ in range(2):
            engine.report("trade_cancel", account="A", cl_ord_id="X", exec_id="B1", exec_ref_id="E1")
            assert missing() == [40]
        engine.report("trade_cancel", account="A", cl_ord_id="X", exec_id="B2", exec_ref_id="E2")
        assert missing() == []
