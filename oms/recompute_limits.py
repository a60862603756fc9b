"""What counts against limits, worked out once more: from the orders and the executions of the day alone.

Shares no arithmetic with the core. It changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oms.enums import ControlScope, RequestType, Side, TradeKind
from oms.recompute import Books, Figures
from oms.recompute_orders import DEAD
from oms.views import LIVE

WATCH_LIMITS = 4  # of firm.watched


def recompute_limits(books: Books) -> None:
    """Every tally, and what each order counts for in them."""
    if not books.rows["firm"]["watched"][1] & WATCH_LIMITS:
        return
    orders, executions, instruments = (books.rows[table] for table in ("order", "execution", "instrument"))
    opened = np.array([open_value(books, order) if order["request"] else 0 for order in orders], np.int64)
    held = books.rows["open_value"]
    kept = np.zeros(len(orders), np.int64)
    kept[: len(held)] = held["value"]
    for row in np.flatnonzero(kept != opened):
        books.find("open_value", row, "value", kept[row], opened[row])
    today = (executions["trade_date"] == books.rows["firm"]["business_date"][1]) & (executions["posted"] != 0)
    values = np.where(executions["kind"] == TradeKind.bust, -executions["value"], executions["value"]) * today
    buys = executions["side"] == Side.buy
    for slot, tally in enumerate(books.rows["tally"][1:], 1):
        limit, currency = books.rows["limit"][tally["limits"]], tally["currency"]
        mine = within(limit, orders) & (instruments["currency"][orders["instrument"]] == currency)
        traded = within(limit, executions) & (instruments["currency"][executions["instrument"]] == currency)
        figures = {"open_value": opened[mine].sum(), "bought": values[traded & buys].sum()}
        figures["sold"] = values[traded & ~buys].sum()
        for name, figure in figures.items():
            if tally[name] != figure:
                books.find("tally", slot, name, tally[name], figure)


def within(limit: Any, rows: Any) -> Figures:
    """Which orders or executions a limit is about."""
    if limit["scope"] == ControlScope.firm:
        return np.ones(len(rows), bool)
    column = "account" if limit["scope"] == ControlScope.account else "instrument"
    return np.asarray(rows[column] == limit["number"])


def open_value(books: Books, order: Any) -> int:
    """The most that its leaves may be worth, at its terms or those of a replace that is not answered."""
    if order["closed"] == DEAD:
        return 0
    requests, slot = books.rows["request"], int(order["pending"])
    terms = [] if order["closed"] else [(int(order["price"]), int(order["order_qty"]))]
    while slot:
        request = requests[slot]
        if request["type"] == RequestType.replace and request["status"] in LIVE:
            terms.append((int(request["price"]), int(request["order_qty"])))
        slot = int(request["next_pending"])
    instrument = books.rows["instrument"][order["instrument"]]
    up, down = int(instrument["value_numerator"]), int(instrument["value_denominator"])
    worth = [abs(-(-price * max(qty - int(order["cum_qty"]), 0) * up // down)) for price, qty in terms]
    return max(worth, default=0)
