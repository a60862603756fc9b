"""Control, looked at once more: states against the changes that led to them, and what a kill must have left nothing of.

It reads the tables alone, and changes nothing.
"""

from __future__ import annotations

import numpy as np

from oms import schema
from oms.enums import ControlScope, ControlState, RequestStatus, RequestType
from oms.recompute import Books

FIRM_ROW = 1


def check_control(books: Books) -> None:
    """Every state is that of its scope's last change, as far as changes are kept; in what is killed nothing waits."""
    changes = books.rows["control"][1:]
    for change in changes[np.argsort(changes["sequence"], kind="stable")]:
        scope = ControlScope(int(change["scope"]))
        row = FIRM_ROW if scope == ControlScope.firm else int(change["number"])
        later = (changes["scope"] == scope) & (changes["number"] == change["number"])
        ours = int(books.rows[scope.name]["control_state"][row])
        if change["sequence"] == changes["sequence"][later].max() and ours != change["state"]:
            books.find(scope.name, row, "control_state", ours, change["state"])
    requests, orders = books.rows["request"], books.rows["order"]
    owner = orders[requests["order"]]
    exchange = books.rows["instrument"]["exchange"][owner["instrument"]]
    killed = np.full(len(requests), books.rows["firm"]["control_state"][FIRM_ROW] == ControlState.killed)
    for table, rows in (
        ("exchange", exchange),
        ("account", requests["account"]),
        ("instrument", owner["instrument"]),
        ("user", requests["user"]),
    ):
        killed |= books.rows[table]["control_state"][rows] == ControlState.killed
    waits = np.isin(requests["status"], (RequestStatus.queued, RequestStatus.buffered))
    books.fail("request", "status", waits & killed & (requests["type"] != RequestType.cancel), RequestStatus.rejected)


def check_capacities(books: Books) -> None:
    """No table holds more rows than the journal allows it."""
    told = books.rows["capacity"]["rows"]
    for number, table in enumerate(schema.TABLES[: len(told) - 1], 1):
        if table.name not in schema.UNHASHED and 0 < told[number] < len(books.rows[table.name]):
            books.find("capacity", number, f"rows of {table.name}", told[number], len(books.rows[table.name]))
