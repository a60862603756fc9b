"""Looks things up in a world: orders and requests by their ids, trades and breaks in the words of the language.

Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from oms import records
from oms.engine import Order, Request
from oms.enums import Status
from oms.scenario.expected import SUSPENSE
from oms.scenario.world import World


def text(arrays: Mapping[str, np.ndarray[Any, Any]], table: str, row: int, field: str) -> str:
    """A text that a row refers to."""
    start = int(arrays[table][field][row]) * 8
    raw = arrays["text"]["bytes"].reshape(-1)[start : start + 256].tobytes()
    return raw[1 : 1 + raw[0]].decode("utf-8", "replace") if start else ""


def order(world: World, name: str) -> Order | None:
    """The order that an id of its chain, or the exchange's name for it, stands for."""
    account = world.account_of.get(name, SUSPENSE)
    return world.engine.order(account, name)


def request(world: World, name: str) -> Request | None:
    return world.engine.request(world.account_of.get(name, SUSPENSE), name)


def last_execution(world: World) -> int:
    return len(world.engine.arrays()["execution"]) - 1


def trades(world: World, from_row: int) -> list[dict[str, Any]]:
    """What trade feeds get of the executions from a row on."""
    found = []
    for trade in world.engine.trades(from_row):
        fees = trade.fee if trade.side == "buy" else -trade.fee
        found.append(
            {
                "exec_id": trade.exec_id,
                "account": trade.account,
                "instrument": trade.instrument,
                "side": trade.side,
                "quantity": trade.last_qty,
                "price": trade.last_px,
                "value": trade.value,
                "net": trade.value + fees,
                "version": trade.version,
                "type": trade.kind,
                "trade_date": trade.trade_date,
                "settle_date": trade.settle_date,
            }
        )
    return found


def breaks(world: World) -> list[dict[str, Any]]:
    """Those of the last start of day, and executions that came again with other content."""
    arrays = world.engine.arrays()
    found = list(world.day_breaks)
    for parked in arrays["parked"][1:]:
        if parked["status"] == Status.execution_conflict:
            row = arrays["execution"][parked["execution"]]
            found.append(
                {
                    "kind": "execution",
                    "account": arrays["account"]["code"][row["account"]].decode(),
                    "instrument": arrays["instrument"]["symbol"][row["instrument"]].decode(),
                    "exec_id": text(arrays, "execution", int(parked["execution"]), "exec_id"),
                }
            )
    return found


def reasons(world: World) -> set[str]:
    """Every status that stands in a row: why requests ended or wait, why reports are parked."""
    arrays = world.engine.arrays()
    codes = {int(code) for code in np.unique(arrays["request"]["reason"][1:])}
    codes |= {int(code) for code in np.unique(arrays["parked"]["status"][1:])}
    return {records.STATUS_BY_CODE[code].name for code in codes}
