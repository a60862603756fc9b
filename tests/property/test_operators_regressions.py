"""Short days with operators on which the engine and the oracle once disagreed; each says what the rule is."""

from __future__ import annotations

import pytest

from tests.property.pair import Pair
from tests.property.test_regressions import Call, call, fill, told

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
    "a fee that stands alone is taken back where the order leaves": [
        call("submit", "A", "X", "Q", "buy", 400, "10"),
        fill("A", "X", "E1", 200, "10"),
        fill("A", "X", "E2", 200, "10"),
        call("settle", "S1", "2026-12-01"),
        told("trade_cancel", "A", "X", exec_id="B1", exec_ref_id="E1"),
        call("move", "A", "X", "C"),
        call("move", "C", "X", "A"),
    ],
}


@pytest.mark.parametrize("rule", DAYS)
def test_both_agree(rule: str) -> None:
    pair = Pair()
    for method, args, fields in DAYS[rule]:
        pair.do(method, *args, **fields)
        pair.compare()
    pair.close()
