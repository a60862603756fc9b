"""Accounts, cash, holdings, orders and requests as lists of rows in human values, filtered.

Owns which rows belong to a question; what a row means is in views.py. Filters are applied to the tables as a whole,
before any row is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from oms.enums import AccountStatus, ControlState, OrdStatus, RequestStatus
from oms.errors import OmsError
from oms.views import Views

Row = Mapping[str, Any]
Slots = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Filters:
    """None = whatever it is."""

    account: str | None = None
    instrument: str | None = None
    currency: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class Listing:
    """One question. columns: of the text."""

    columns: tuple[str, ...]
    slots: Callable[[Views, Filters], Slots]
    picture: Callable[[Views, int], Row]

    def rows(self, views: Views, filters: Filters, limit: int) -> tuple[int, list[Row]]:
        """How many there are, and the first `limit` of them (0 = all)."""
        slots = self.slots(views, filters)
        return len(slots), [self.picture(views, int(slot)) for slot in slots[: limit or None]]


def chosen(views: Views, table: str, filters: Filters) -> Slots:
    """Which rows of the table are of the account, instrument and currency asked for."""
    rows = views.rows(table)
    keep = np.ones(len(rows), bool)
    keep[0] = False
    if filters.account is not None:
        holders = np.flatnonzero(views.rows("account")["code"] == filters.account.encode())  # one of each owner
        if not len(holders):
            raise OmsError(f"no account is called {filters.account!r}")
        keep &= np.isin(rows["account"], holders)
    if filters.instrument is not None:
        keep &= rows["instrument"] == views.instrument_slot(filters.instrument)
    if filters.currency is not None:
        keep &= rows["currency"] == views.currency_slot(filters.currency)
    return keep


def number(enum: type[IntEnum], word: str, *more: str) -> int:
    """The value of a status word; more: what else may stand there. Raises OmsError that lists the words."""
    try:
        return int(enum[word])
    except KeyError:
        words = ", ".join((*more, *(member.name for member in enum)))
        raise OmsError(f"no status is called {word!r}", where="--status", remedy=f"one of {words}") from None


def newest(slots: Slots, times: Slots) -> Slots:
    """The latest first."""
    return slots[np.argsort(times, kind="stable")[::-1]]


def accounts(views: Views, filters: Filters) -> Slots:
    rows = views.rows("account")
    keep = np.ones(len(rows), bool)
    keep[0] = False
    if filters.account is not None:
        keep &= rows["code"] == filters.account.encode()
    if filters.status is not None:
        keep &= rows["status"] == number(AccountStatus, filters.status)
    return np.flatnonzero(keep)


def account_row(views: Views, slot: int) -> Row:
    row = views.row("account", slot)
    return {
        "account": views.code("account", slot, "code"),
        "owner": int(row["owner"]),
        "name": views.text(row["name"]),
        "class": views.code("account_class", int(row["account_class"]), "name"),
        "currency": views.code("currency", int(row["currency"]), "code"),
        "status": AccountStatus(int(row["status"])),
        "control": ControlState(int(row["control_state"])),
        "unreconciled": bool(row["unreconciled"]),
        "users": tuple(users_of(views, int(row["entitlement"]))),
    }


def users_of(views: Views, slot: int) -> Iterator[str]:
    rows = views.rows("entitlement")
    while slot:
        yield views.code("user", int(rows["user"][slot]), "name")
        slot = int(rows["next"][slot])


def orders(views: Views, filters: Filters) -> Slots:
    rows = views.rows("order")
    keep = chosen(views, "order", filters) & (rows["request"] != 0)
    if filters.status in ("open", "closed"):
        keep &= (rows["closed"] == 0) == (filters.status == "open")
    elif filters.status is not None:
        keep &= rows["ord_status"] == number(OrdStatus, filters.status, "open", "closed")
    slots = np.flatnonzero(keep)
    return newest(slots, views.rows("request")["time_ns"][rows["request"][slots]])


def requests(views: Views, filters: Filters) -> Slots:
    rows = views.rows("request")
    keep = chosen(views, "request", filters) & (rows["status"] != 0)
    if filters.status is not None:
        keep &= rows["status"] == number(RequestStatus, filters.status)
    slots = np.flatnonzero(keep)
    return newest(slots, rows["time_ns"][slots])


LISTINGS = {
    "accounts": Listing(
        ("account", "name", "class", "currency", "status", "control", "unreconciled", "users"),
        accounts,
        account_row,
    ),
    "cash": Listing(
        ("account", "currency", "booked", "payable", "receivable", "reserved", "margin", "available", "withdrawable"),
        lambda views, filters: np.flatnonzero(chosen(views, "cash", filters)),
        lambda views, slot: vars(views.cash_picture(slot)),
    ),
    "holdings": Listing(
        ("account", "instrument", "settled", "incoming", "outgoing", "reserved", "total", "available", "average_price"),
        lambda views, filters: np.flatnonzero(chosen(views, "holding", filters)),
        lambda views, slot: vars(views.holding_picture(slot)),
    ),
    "orders": Listing(
        (
            *("account", "cl_ord_id", "instrument", "side", "shown_status", "order_qty", "leaves_qty", "cum_qty"),
            *("price", "avg_px", "reserved", "reserved_qty", "flags", "pending"),
        ),
        orders,
        lambda views, slot: vars(views.order_picture(slot)),
    ),
    "requests": Listing(
        ("account", "cl_ord_id", "type", "status", "reason", "instrument", "side", "order_qty", "price", "user"),
        requests,
        lambda views, slot: vars(views.request_picture(slot)),
    ),
}
