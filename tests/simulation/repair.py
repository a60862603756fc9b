"""After an exchange has lost its last trades: what its people and the firm's find by comparing, and put right.

The OMS keeps what it was told until the exchange takes it back by a report of its own. Nothing is inferred.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oms.adapters.messages import NULL, ExecutionReport
from oms.engine import Engine
from oms.enums import ExecType, OrdStatus, RequestStatus, Resolution, Status, TradeKind
from tests.simulation.bank import effective
from tests.simulation.exchange import Exchange
from tests.simulation.process import Process


def chains(engine: Engine) -> dict[str, dict[str, Any]]:
    """The trades of the books by the exec_id of their first version: their order, every id, and what stands."""
    rows = engine.rows("execution")
    found: dict[str, dict[str, Any]] = {}
    for slot in range(1, len(rows)):
        if rows["ref"][slot] or not rows["exec_id"][slot]:
            continue
        ids, version = [], slot
        while version:
            ids.append(engine.text(rows["exec_id"][version]))
            last, version = version, int(rows["superseded_by"][version])
        stands = rows["kind"][last] != TradeKind.bust
        found[ids[0]] = {"row": rows[last], "ids": [each for each in ids if each], "stands": stands}
    return found


def confirm(engine: Engine, exchange: Exchange) -> None:
    """What the exchange's own people do: trades that it has no trace of are busted, corrections and busts that it
    forgot are made again, orders that others know to be dead are cancelled."""
    theirs = effective(exchange.tape)
    matching = exchange.matching
    for first, ours in chains(engine).items():
        known = theirs.get(first)
        if known is None and ours["stands"]:
            bust(engine, exchange, ours)
        elif known is None or matching.trades[known.exec_id].busted:
            continue  # the other side of the same trade has had it busted
        elif not ours["stands"]:
            matching.bust(known.exec_id)
        elif known.last_px != ours["row"]["last_px"]:
            matching.correct(known.exec_id, int(ours["row"]["last_px"]))
    open_here = {
        engine.text(row["order_id"]) for row in engine.rows("order")[1:] if row["request"] and not row["closed"]
    }
    for order in list(matching.open_orders()):
        if order.order_id not in open_here:
            matching.cancel(order)


def bust(engine: Engine, exchange: Exchange, ours: dict[str, Any]) -> None:
    """The exchange confirms that a trade of which it knows nothing is none."""
    row = ours["row"]
    order = engine.rows("order")[int(row["order"])]
    known = exchange.matching.order_ids.get(engine.text(order["order_id"]))
    exchange.matching._exec_count += 1
    exchange.clock.tell(f"{exchange.mic}: has no trade {ours['ids'][-1]}, and says so")
    exchange.clock.mark("lost trade taken back by the exchange")
    request = int(order["request"])
    exchange.tape.append(
        ExecutionReport(
            int(engine.rows("request")["generation"][request]) << 32 | request,
            int(ExecType.trade_cancel),
            known.status if known else int(OrdStatus.canceled),
            int(row["side"]),
            0,
            0,
            int(row["account"]),
            int(row["instrument"]),
            int(row["last_qty"]),
            int(row["last_px"]),
            known.cum_qty if known else NULL,
            known.leaves_qty if known else NULL,
            NULL,
            NULL,
            exchange.matching.trade_date,
            exchange.clock.now,
            0,
            f"{exchange.mic}-{exchange.matching._exec_count}",
            ours["ids"][-1],
            engine.text(order["order_id"]),
            "",
        )
    )


def close_missing(process: Process, exchange: Exchange) -> None:
    """What the firm's operator does with orders that are in doubt because the exchange has none of that name open."""
    engine = process.running
    there = {order.order_id for order in exchange.matching.open_orders()}
    rows = engine.rows("request")
    for slot in np.flatnonzero(rows["status"] == int(RequestStatus.in_doubt)).tolist():
        order = engine.rows("order")[int(rows["order"][slot])]
        if engine.text(order["order_id"]) not in there:
            exchange.clock.mark("order closed by an operator")
            handle = int(rows["generation"][slot]) << 32 | slot
            process.operate("record", "Resolve", request=handle, outcome=int(Resolution.closed))
    for parked in engine.parked():
        if parked.status == Status.execution_unknown:  # of a trade that it had busted before it forgot that
            exchange.clock.mark("bust of a busted trade dismissed")
            process.operate("resolve_parked", parked.sequence, "dismiss")
