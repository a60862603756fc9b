"""Short days on which the engine and the oracle once disagreed; each says what the rule is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.property.pair import Pair

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def agree(day: list[Call]) -> None:
    """Plays it on both, compared after each call."""
    pair = Pair()
    for method, args, fields in day:
        pair.do(method, *args, **fields)
        pair.compare()
    pair.close()


def call(method: str, *args: Any, **fields: Any) -> Call:
    return method, args, fields


def told(exec_type: str, account: str, cl_ord_id: str, **fields: Any) -> Call:
    return call("report", exec_type, account=account, cl_ord_id=cl_ord_id, **fields)


def fill(account: str, cl_ord_id: str, exec_id: str, quantity: int | str, price: str, **fields: Any) -> Call:
    return told("trade", account, cl_ord_id, exec_id=exec_id, last_qty=quantity, last_px=price, **fields)


def bust(account: str, cl_ord_id: str, exec_id: str, of: str, **fields: Any) -> Call:
    return told("trade_cancel", account, cl_ord_id, exec_id=exec_id, exec_ref_id=of, **fields)


MONDAY, TUESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in (23, 24, 26, 27))

DAYS: dict[str, list[Call]] = {
    "an operator of another tenant moves no money": [call("deposit", "A", "GBP", 1191, "D1", by="far")],
    "nor decides for another tenant's account": [
        call("submit", "B", "X", "FUT", "buy", 20, ord_type="market"),
        call("authorise", "B", "X", "far"),
        call("authorise", "B", "X", "desk"),
    ],
    "an order unknown or too late comes before all that its terms would break": [
        call("replace", "A", "Y", "none", order_qty=-1),
        call("control", "firm", "", "halted"),
        call("replace", "A", "Z", "none", order_qty=1),
    ],
    "a repeated request gets its first answer, whatever came of it": [
        call("submit", "A", "X", "Q", "buy", 10, "10"),
        told("rejected", "A", "X"),
        call("submit", "A", "X", "Q", "buy", 10, "10"),
    ],
    "a limit order may become a market order": [
        call("submit", "A", "X", "Q", "buy", 10, "9"),
        call("replace", "A", "Y", "X", ord_type="market"),
        told("replaced", "A", "Y"),
    ],
    "a bust that leaves nothing makes the order new again": [
        call("submit", "A", "X", "Q", "buy", 10, "10"),
        fill("A", "X", "E1", 10, "10"),
        bust("A", "X", "B1", "E1"),
    ],
    "a busted order that can trade no more holds nothing": [
        call("submit", "A", "X", "Q", "buy", 10, "10", time_in_force="ioc"),
        fill("A", "X", "E1", 10, "10"),
        bust("A", "X", "B1", "E1"),
    ],
    "the fee moves to a settled trade when the one that bore it is busted": [
        call("submit", "A", "X", "Q", "buy", 1000, "10"),
        fill("A", "X", "E1", 400, "10"),
        fill("A", "X", "E2", 600, "10"),
        call("settle", "S1", date(2026, 12, 1)),
        bust("A", "X", "B1", "E1"),
    ],
    "on the date that the exchange gives for the bust": [
        call("submit", "A", "X", "Q", "sell", 1, "10"),
        fill("A", "X", "E1", 2, "10"),
        fill("A", "X", "E2", 1, "10"),
        call("settle", "S1", date(2026, 11, 30), account="A"),
        bust("A", "X", "B1", "E2", trade_date=MONDAY, settle_date=MONDAY),
    ],
    "a late fill of a dead sell is charged the whole fee": [
        call("submit", "A", "X", "Q", "sell", 10, "10"),
        told("canceled", "A", "X"),
        fill("A", "X", "E1", 1, "10"),
        fill("A", "X", "E2", 1, "10"),
    ],
    "a filled sell that a replace reopens owes no rest until it ends": [
        call("submit", "A", "X", "Q", "sell", 1, "10"),
        told("new", "A", "X"),
        call("replace", "A", "Y", "X", order_qty=5),
        fill("A", "X", "E1", 1, "10"),
        told("replaced", "A", "Y"),
        told("canceled", "A", "Y"),
    ],
    "an older Replaced that is repeated changes nothing": [
        call("submit", "A", "X", "Q", "buy", 10, "10"),
        call("replace", "A", "Y", "X", order_qty=20),
        told("replaced", "A", "Y"),
        call("replace", "A", "Z", "Y", order_qty=30),
        told("replaced", "A", "Z"),
        told("replaced", "A", "Y"),
    ],
    "New after PendingCancel is an older state": [
        call("submit", "A", "X", "Q", "buy", 10, "10"),
        told("pending_cancel", "A", "X"),
        told("new", "A", "X"),
    ],
    "the date decides which trade of one exec_id is busted": [
        call("submit", "A", "X", "TODAY", "buy", 120, "3.33"),
        fill("A", "X", "E1", 30, "3.33", trade_date=date(2026, 11, 22)),
        fill("A", "X", "E1", 10, "3.34"),
        bust("A", "X", "B1", "E1", trade_date=date(2026, 11, 22)),
    ],
    "a correction beyond the order is an overfill, on a closed order too": [
        call("submit", "A", "X", "Q", "buy", 3, "10"),
        call("session", "XASX", "open", TUESDAY),
        fill("A", "X", "E1", 3, "10"),
        told("trade_correct", "A", "X", exec_id="G1", exec_ref_id="E1", last_qty=8, last_px="10", trade_date=TUESDAY),
    ],
    "a corrected T+0 trade is reversed and issued again": [
        call("submit", "A", "X", "TODAY", "buy", 10, "3.33"),
        fill("A", "X", "E1", 10, "3.33"),
        told(
            "trade_correct", "A", "X", exec_id="G1", exec_ref_id="E1", last_qty=10, last_px="3.34", settle_date=THURSDAY
        ),
    ],
    "stock found without a trade keeps the average, and its place among the trades": [
        call("submit", "B", "X", "TODAY", "buy", 40, "3.4"),
        fill("B", "X", "E1", 10, "3.404"),
        call("adjust", "B", "TODAY", 260, "J1", "found"),
        fill("B", "X", "E2", 10, "3.384"),
        told("trade_correct", "B", "X", exec_id="G1", exec_ref_id="E2", last_qty=20, last_px="3.394"),
    ],
    "a report that is repeated under the account that its order has left is of the same trade": [
        call("submit", "A", "X", "PEN", "buy", "0.250", "412.25"),
        fill("A", "X", "E1", "0.125", "412", instrument="PEN"),
        fill("A", "X", "E2", "0.125", "412", instrument="PEN"),
        bust("A", "X", "B1", "E2", instrument="PEN"),
        call("move", "A", "X", "B"),
        fill("A", "X", "E1", "0.125", "412", instrument="PEN"),
        bust("A", "X", "B1", "E2", instrument="PEN"),
        bust("A", "X", "B2", "E9", instrument="PEN"),
        told("canceled", "A", "X", instrument="PEN"),
        told("canceled", "A", "X"),
    ],
    "what is filled is only called pending while a request of ours is out": [
        call("submit", "B", "X", "PEN", "buy", "0.250", "412.25"),
        fill("B", "X", "E1", "0.125", "412.25"),
        fill("B", "X", "E2", "0.125", "412.25", ord_status="pending_replace"),
        fill("B", "X", "E3", "0.125", "412.25"),
        call("submit", "B", "Y", "PEN", "buy", "0.125", "412.25"),
        call("replace", "B", "Z", "Y", order_qty="0.5"),
        fill("B", "Y", "E4", "0.125", "412.25", ord_status="pending_replace"),
        fill("B", "Y", "E5", "0.125", "412.25"),
        fill("B", "Y", "E6", "0.125", "412.25", ord_status="filled"),
        fill("B", "Y", "E7", "0.125", "412.25", ord_status="pending_replace"),
        call("cancel_reject", "B", "Z"),
        fill("B", "Y", "E8", "0.125", "412.25", ord_status="pending_replace"),
    ],
    "done for day goes before filled, also where more is executed than was ordered": [
        call("submit", "B", "X", "PEN", "buy", "0.125", "412.25"),
        fill("B", "X", "E1", "0.125", "412.25", ord_status="done_for_day"),
        fill("B", "X", "E2", "0.125", "412.25"),
        fill("B", "X", "E3", "0.125", "412.25", ord_status="filled"),
    ],
    "done for day is the last word on a filled order, also after its cancel has ended": [
        call("submit", "A", "X", "Q", "buy", 1, "10"),
        call("cancel", "A", "Z", "X"),
        fill("A", "X", "E1", 1, "10"),
        told("canceled", "A", "X"),
        told("done_for_day", "A", "X", cum_qty=1),
    ],
    "what is not filled any more and can trade no more is dead, with all that was asked of it": [
        call("submit", "A", "X", "PEN", "sell", "1.375", "412", time_in_force="fok"),
        call("replace", "A", "Y", "X", order_qty="1.5"),
        call("cancel", "A", "Z", "X"),
        fill("A", "X", "E1", "1.375", "411.25"),
        told("trade_correct", "A", "X", exec_id="G1", exec_ref_id="E1", last_qty="1.125", last_px="412.75"),
        told("canceled", "A", "Z"),
        told("replaced", "A", "Y"),
    ],
    "it stays dead, even if its session begins again": [
        call("submit", "B", "X", "PEN", "buy", "0.250", "412.25"),
        fill("B", "X", "E1", "0.25", "412.25"),
        call("session", "XLON", "complete"),
        told("trade_correct", "B", "X", exec_id="G1", exec_ref_id="E1", last_qty="0.125", last_px="411.5"),
        told("trade_correct", "B", "X", exec_id="G2", exec_ref_id="G1", last_qty="0.25", last_px="411.5"),
        call("session", "XLON", "open"),
        told("trade_correct", "B", "X", exec_id="G3", exec_ref_id="G2", last_qty="0.125", last_px="411.5"),
        told("done_for_day", "B", "X", cum_qty="0.5"),
    ],
    "nor does it hold money then": [
        call("submit", "C", "X", "Q", "buy", 10, "10"),
        fill("C", "X", "E1", 10, "10"),
        call("session", "XASX", "complete"),
        told("trade_correct", "C", "X", exec_id="G1", exec_ref_id="E1", last_qty=8, last_px="10"),
        call("session", "XASX", "open"),
        told("trade_correct", "C", "X", exec_id="G2", exec_ref_id="G1", last_qty=8, last_px="10.5"),
    ],
    "what its exchange says is canceled is not opened again by a bust": [
        call("submit", "A", "X", "Q", "buy", 10, "10"),
        fill("A", "X", "E1", 10, "10"),
        bust("A", "X", "B1", "E1", ord_status="canceled"),
        fill("A", "X", "E2", 4, "10"),
    ],
    "names and rows of what came to nothing are free again two days later": [
        call("submit", "A", "X", "Q", "buy", 10, "10", time_in_force="gtc"),
        call("business_date", TUESDAY),
        call("cancel", "A", "C", "X"),
        told("canceled", "A", "C"),
        call("business_date", THURSDAY),
        call("business_date", FRIDAY),
        call("submit", "A", "X", "PEN", "buy", "1.000", "412.25"),
        call("cancel", "A", "C", "X"),
    ],
}


@pytest.mark.parametrize("rule", DAYS)
def test_both_agree(rule: str) -> None:
    agree(DAYS[rule])
