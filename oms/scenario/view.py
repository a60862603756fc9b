"""Looks things up in a world: orders and requests by their ids, trades and breaks in the words of the language.

Reads only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from oms import records
from oms.errors import OmsError
from oms.pictures import Order, Request, Trade
from oms.scenario.expected import SUSPENSE
from oms.scenario.world import World

REFUSED = {"rejected": "rejected", "cancelled": "canceled", "expired": "expired"}  # what a New ended as, unsent


def order(world: World, name: str) -> Order:
    """The order that an id of its chain, or the exchange's name for it, stands for. Raises LookupError."""
    engine, account = world.engine, world.account_of.get(name, SUSPENSE)
    try:
        return engine.order(account, name)
    except OmsError:
        rows = engine.arrays()["order"]
        for slot in range(1, len(rows)):
            if rows["request"][slot] and engine.text(rows["order_id"][slot]) == name:
                return engine.order_picture(slot)
    raise LookupError(f"there is no order {name}")


def refused(world: World, name: str, field: str) -> Any:
    """A figure of an order that never came to be: a New that was refused here. Raises LookupError."""
    request = _request(world, name)
    if request is None or request.type != "new" or request.status not in REFUSED:
        raise LookupError(f"there is no order {name}")
    if field in ("cum_qty", "leaves_qty", "avg_px", "reserved", "reserved_qty", "fee_charged"):
        return Decimal(0)
    figures = {"ord_status": REFUSED[request.status], "shown_status": REFUSED[request.status], "closed": True}
    figures |= {"pending": [], "flags": [], "cl_ord_id": name, "account": world.account_of.get(name, "")}
    return figures[field] if field in figures else getattr(request, field)


def request(world: World, name: str) -> Request:
    """A request by the client's name for it. Raises LookupError."""
    if (found := _request(world, name)) is None:
        raise LookupError(f"there is no request {name}")
    return found


def _request(world: World, name: str) -> Request | None:
    try:
        return world.engine.request(world.account_of.get(name, SUSPENSE), name)
    except OmsError:
        return None


def account_codes(world: World) -> set[str]:
    return {code.decode() for code in world.engine.arrays()["account"]["code"].tolist()}


def last_execution(world: World) -> int:
    return len(world.engine.arrays()["execution"]) - 1


def trades(world: World, from_row: int) -> list[dict[str, Any]]:
    """What trade feeds get of the executions from a row on."""
    found = []
    for trade in world.engine.trades(from_row):
        found.append(
            {
                "exec_id": trade.exec_id,
                "exec_ids": versions(world, trade),
                "account": trade.account,
                "instrument": trade.instrument,
                "side": trade.side,
                "quantity": trade.quantity,
                "price": trade.price,
                "value": trade.value,
                "net": abs(trade.net),
                "version": trade.version,
                "type": trade.kind,
                "trade_date": trade.trade_date,
                "settle_date": trade.settle_date,
            }
        )
    return found


def versions(world: World, trade: Trade) -> list[str]:
    """What the exchange called a trade: its newest name first, then those of the versions that it replaced."""
    names = [trade.exec_id]
    while trade.ref:
        trade = world.engine.trade_picture(trade.ref)
        names.append(trade.exec_id)
    return names


def breaks(world: World) -> list[dict[str, Any]]:
    """Those of the last start of day, and executions that came again with other content."""
    found = [each.shown() for each in world.day_breaks]
    for each in world.engine.breaks():
        found.append(
            {
                "kind": "execution" if each.ours_px is not None else "order",
                "account": each.account,
                "instrument": each.instrument,
                "exec_id": each.exec_id,
                "ours": each.ours,
                "theirs": each.theirs,
                "ours_price": each.ours_px,
                "theirs_price": each.theirs_px,
            }
        )
    return found


def reasons(world: World) -> set[str]:
    """Every status that stands in a row: why requests ended or wait, why reports are parked."""
    arrays = world.engine.arrays()
    codes = {int(code) for code in np.unique(arrays["request"]["reason"][1:])}
    codes |= {int(code) for code in np.unique(arrays["parked"]["status"][1:])}
    return {records.STATUS_BY_CODE[code].name for code in codes}
