"""What must hold at any time, and what must hold when everything is quiet."""

from __future__ import annotations

from collections import Counter

import numpy as np

from oms.engine import Engine
from oms.enums import RequestStatus, TradeKind
from tests.simulation.bank import Bank, effective
from tests.simulation.clock import Broken
from tests.simulation.exchange import Exchange
from tests.simulation.people import Ledger

UNFINISHED = [int(getattr(RequestStatus, name)) for name in ("received", "queued", "buffered", "submitted", "in_doubt")]


def nothing_acknowledged_is_lost(engine: Engine, ledger: Ledger) -> None:
    """What anybody was told of is there, as the same request."""
    rows = engine.rows("request")
    for known in (ledger.accepted, ledger.refused):
        for (account, cl_ord_id), handle in known.items():
            slot = handle & 0xFFFFFFFF
            if slot >= len(rows) or int(rows["generation"][slot]) != handle >> 32:
                raise Broken(f"request {slot} ({cl_ord_id} of account {account}) was acknowledged, and is not there")
            if rows["account"][slot] != account or engine.text(rows["cl_ord_id"][slot]) != cl_ord_id:
                raise Broken(f"request {slot} was acknowledged as {cl_ord_id} of account {account}, and is another one")
    for (account, cl_ord_id), handle in ledger.refused.items():
        if rows["status"][handle & 0xFFFFFFFF] != RequestStatus.rejected:
            raise Broken(f"{cl_ord_id} of account {account} was refused, and lives")


def standing(engine: Engine) -> Counter[tuple[int, int, int, int, int, int]]:
    """order, account, instrument, side, quantity, price of the executions that stand in the books."""
    rows = engine.rows("execution")[1:]
    rows = rows[(rows["superseded_by"] == 0) & (rows["kind"] != TradeKind.bust) & (rows["last_qty"] != 0)]
    names = ("order", "account", "instrument", "side", "last_qty", "last_px")
    return Counter(zip(*(rows[name].tolist() for name in names), strict=True))


def each_execution_once(engine: Engine, exchange: Exchange) -> None:
    """No execution key stands twice, and none that the exchange has never told of."""
    rows = engine.rows("execution")[1:]
    first = rows[(rows["kind"] == TradeKind.trade) & (rows["exec_id"] != 0)]
    names = [engine.text(ref) for ref in first["exec_id"].tolist()]
    if len(names) != len(set(names)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        raise Broken(f"counted twice: {', '.join(twice)}")
    never = set(names) - exchange.told
    if never:
        raise Broken(f"booked, and never executed: {', '.join(sorted(never))}")


def everything_has_ended(engine: Engine) -> None:
    """Every request has its outcome; none is in doubt."""
    rows = engine.rows("request")
    for slot in np.flatnonzero(np.isin(rows["status"], UNFINISHED)).tolist():
        if slot:
            raise Broken(f"still unfinished: {engine.request_picture(slot)}")
    firm = engine.rows("firm")[1]
    for name in ("queued", "buffered", "in_doubt"):
        if firm[name]:
            raise Broken(f"{firm[name]} requests {name} by the firm's count, and none in the table")
    for feed in engine.rows("feed")[1:]:
        if feed["unanswered"] or feed["gap"]:
            raise Broken(f"feed {bytes(feed['name']).decode()}: {feed['unanswered']} unanswered, gap {feed['gap']}")


def open_orders_agree(engine: Engine, exchange: Exchange) -> None:
    rows = engine.rows("order")
    ours = {
        engine.text(row["order_id"]): tuple(int(row[name]) for name in ("order_qty", "cum_qty", "price", "ord_status"))
        for row in rows[1:]
        if row["request"] and not row["closed"]
    }
    theirs = {
        order.order_id: (order.order_qty, order.cum_qty, order.price, order.status)
        for order in exchange.matching.open_orders()
    }
    if ours != theirs:
        only = {name: ours.get(name) for name in ours if ours.get(name) != theirs.get(name)}
        other = {name: theirs.get(name) for name in theirs if ours.get(name) != theirs.get(name)}
        raise Broken(f"open orders differ (order_qty, cum_qty, price, status): OMS {only}, exchange {other}")


def executions_agree(engine: Engine, exchange: Exchange) -> None:
    """An order is known by the request that it came with, or, entered there by hand, by its name there. (An exchange
    that has forgotten an order may take the same request up again, under another name.)"""
    told = effective(exchange.tape)
    requests = engine.rows("request")
    ids = {engine.text(row["order_id"]): slot for slot, row in enumerate(engine.rows("order")) if slot}
    theirs: Counter[tuple[int, int, int, int, int, int]] = Counter()
    for trade in told.values():
        figures = trade.account, trade.instrument, trade.side, trade.last_qty, trade.last_px
        order = int(requests["order"][trade.request & 0xFFFFFFFF]) if trade.request else ids.get(trade.order_id, 0)
        theirs[order, *figures] += 1
    ours = standing(engine)
    if ours != theirs:
        raise Broken(f"executions differ: only in the OMS {ours - theirs}, only at the exchange {theirs - ours}")


def books_agree(engine: Engine, exchange: Exchange, bank: Bank, settled: bool = False) -> None:
    """Money and stock, with what is still to settle; settled: without it."""
    cash, stock = bank.after([exchange.tape])
    for account, expected in cash.items():
        row = engine.rows("cash")[engine.cash_slot(account, 1)]
        unsettled = int(row["receivable"]) - int(row["payable"])
        found = int(row["booked"]) + (0 if settled else unsettled)
        if found != expected:
            raise Broken(f"account {account}: {found} in the books, {expected} at the bank ({unsettled} unsettled)")
    for (account, instrument), expected in stock.items():
        row = engine.rows("holding")[engine.holding_slot(account, instrument)]
        found = int(row["settled"]) + (0 if settled else int(row["incoming"]) - int(row["outgoing"]))
        if found != expected:
            raise Broken(
                f"account {account}, instrument {instrument}: {found} in the books, {expected} at the registry"
            )


def nothing_is_left(engine: Engine) -> None:
    """No report is parked, no break is open."""
    if waiting := engine.parked():
        raise Broken(f"still parked: {waiting}")
    if breaks := engine.breaks():
        raise Broken(f"still a break: {breaks}")
