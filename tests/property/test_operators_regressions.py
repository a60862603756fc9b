"""Short days with operators on which the engine and the oracle once disagreed; each says what the rule is."""

from __future__ import annotations

import pytest

from oms.booking import SettlementItem
from tests.property.test_regressions import THURSDAY, Call, agree, call, fill, told

DAYS: dict[str, list[Call]] = {
    "an order that came to nothing is too late for a move, wherever it should go": [
        call("submit", "B", "X", "Q", "sell_short", 100, "10", locate="LENDER"),
        told("canceled", "B", "X"),
        call("move", "B", "X", "A"),
    ],
    "the exchange's word that it works on a filled order holds until its next word": [
        call("submit", "C", "X", "FUT", "buy", 45, "25.40"),
        fill("C", "X", "E1", 45, "25.4", ord_status="pending_replace"),
        told("order_status", "C", "X", ord_status="new"),
    ],
    "what has settled of a trade and what is open of it scale by themselves": [
        call(
            "report",
            "trade",
            order_id="F",
            order_qty=25,
            feed="XASX",
            account="B",
            instrument="Q",
            side="sell",
            price="10",
            exec_id="E1",
            last_qty=25,
            last_px="10",
            trade_date="2026-11-21",
        ),
        call("settle", "S1", "2026-11-26", items=[SettlementItem("E1", 8)]),
        call("corporate_action", "C1", "Q", "bonus", "2026-11-23", ratio="2:7", price="4.5"),
    ],
    "a filled order whose replace expired is expired once its trade is taken back": [
        call("submit", "C", "X", "Q", "buy", 40, "10"),
        fill("C", "X", "E1", 40, "10"),
        call("replace", "C", "Y", "X", order_qty=60),
        told("pending_replace", "C", "Y"),
        call("resolve", "C", "Y", "expired"),
        told("trade_cancel", "C", "X", exec_id="B1", exec_ref_id="E1"),
    ],
    "an overfill stays one when the exchange repeats the quantity": [
        call("submit", "C", "X", "Q", "buy", 40, "10"),
        fill("C", "X", "E1", 45, "10"),
        told("restated", "C", "X", order_qty=40, price="11", cum_qty=45),
        told("restated", "C", "X", order_qty=42, price="11", cum_qty=45),
    ],
    "what was taken for rejected lives when the exchange has it, unless nothing of it is left": [
        call("submit", "B", "X", "Q", "buy", 10, "10"),
        call("submit", "B", "Y", "Q", "buy", 10, "10"),
        call("resolve", "B", "X", "closed"),
        call("resolve", "B", "Y", "closed"),
        fill("B", "X", "E1", 10, "10"),
        told("new", "B", "X"),
        fill("B", "Y", "E2", 4, "10"),
        told("new", "B", "Y"),
    ],
    "done for the day goes before what the order is without a trade": [
        call("submit", "B", "X", "Q", "sell", 11, "9.9985", time_in_force="ioc"),
        fill("B", "X", "E1", 11, "9.997"),
        told("done_for_day", "B", "X"),
        told("trade_correct", "B", "X", exec_id="G1", exec_ref_id="E1", last_qty=8, last_px="9.9995"),
    ],
    "a replace in flight of what was filled, and is not, is still the exchange's to answer": [
        call("submit", "A", "X", "Q", "sell", 2, "10", time_in_force="fok"),
        call("replace", "A", "Y", "X", order_qty=1),
        fill("A", "X", "E1", 2, "10"),
        told("trade_correct", "A", "X", exec_id="G1", exec_ref_id="E1", last_qty=1, last_px="10"),
        told("pending_replace", "A", "Y"),
        call("resolve", "A", "Y", "closed", by="desk"),
    ],
    "a fee that is given back falls due on the date that the correction gives, though it fills the order": [
        call("submit", "A", "X", "TODAY", "buy", 40, "3.34"),
        fill("A", "X", "E1", 10, "3.32"),
        fill("A", "X", "E2", 30, "3.33"),
        told("trade_cancel", "A", "X", exec_id="B1", exec_ref_id="E1", settle_date="2026-11-25"),
        told(
            "trade_correct", "A", "X", exec_id="G1", exec_ref_id="E2", last_qty=60, last_px="3.37", settle_date=THURSDAY
        ),
    ],
    "the same execution of another order is taken back here and booked there": [
        call("submit", "A", "X", "Q", "buy", 100, "10"),
        call("submit", "C", "Y", "Q", "buy", 100, "10"),
        fill("A", "X", "E1", 40, "10"),
        fill("C", "Y", "E1", 40, "10"),
        call("resolve_parked", "E1", "theirs"),
        call("resolve_parked", "E1", "ours"),
    ],
    "a break of a trade that was busted since is not theirs to correct": [
        call("submit", "A", "X", "Q", "buy", 100, "10"),
        fill("A", "X", "E1", 40, "10"),
        fill("A", "X", "E1", 30, "10"),
        told("trade_cancel", "A", "X", exec_id="B1", exec_ref_id="E1"),
        call("resolve_parked", "E1", "theirs"),
        call("resolve_parked", "E1", "dismiss"),
    ],
    "a fee that stands alone is taken back where the order leaves": [
        call("submit", "A", "X", "Q", "buy", 400, "10"),
        fill("A", "X", "E1", 200, "10"),
        fill("A", "X", "E2", 200, "10"),
        call("settle", "S1", "2026-12-01"),
        told("trade_cancel", "A", "X", exec_id="B1", exec_ref_id="E1"),
        call("move", "A", "X", "C"),
        call("move", "C", "X", "A"),
    ],
    "what waits to be sent for a filled order waits on through a correction that leaves it filled": [
        call("submit", "B", "X", "Q", "buy", 20, "10"),
        fill("B", "X", "E1", 10, "10"),
        fill("B", "X", "E2", 10, "10", feed_sequence=2),
        call("replace", "B", "Y", "X", order_qty=50),
        told("trade_correct", "B", "X", exec_id="G1", exec_ref_id="E1", last_qty=30, last_px="10"),
        call("close_gap", "XASX"),
        told("replaced", "B", "Y"),
    ],
    "a settlement after a corporate action leaves a trade that was busted before it alone": [
        fill("B", "X", "E1", 20, "10"),
        told("trade_cancel", "B", "X", exec_id="B1", exec_ref_id="E1"),
        call("corporate_action", "C1", "Q", "split", "2026-11-23", ratio="2"),
        call("settle", "S1", "2026-12-01"),
        call("undo_corporate_action", "C1"),
    ],
    "an order that was restated between two splits takes back what the trade was in its own units": [
        call("submit", "B", "X", "Q", "buy", 100, "10", time_in_force="gtc"),
        fill("B", "X", "E1", 40, "10"),
        fill("B", "X", "E2", 10, "10"),
        call("corporate_action", "C1", "Q", "split", "2026-11-23", ratio="2", live_orders="hold"),
        told("restated", "B", "X", order_qty=200, price="5", cum_qty=100),
        call("corporate_action", "C2", "Q", "split", "2026-11-23", ratio="3/2", live_orders="hold"),
        told("trade_cancel", "B", "X", exec_id="B1", exec_ref_id="E1"),
        fill("B", "X", "E3", 20, "10", trade_date="2026-11-20"),
        told("trade_correct", "B", "X", exec_id="G1", exec_ref_id="E2", last_qty=12, last_px="10"),
        call("undo_corporate_action", "C2"),
        call("undo_corporate_action", "C1"),
    ],
}


@pytest.mark.parametrize("rule", DAYS)
def test_both_agree(rule: str) -> None:
    agree(DAYS[rule])
