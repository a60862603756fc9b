"""The history of what an account's orders and withdrawals hold: each change of `reserved` with its cause.

Holds are no movements, and no row keeps their past: the journal is played once more, record by record, from the
beginning of the period, into a private copy of the state. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from oms import records
from oms.enums import ExecType, WithdrawalStatus
from oms.errors import OmsError
from oms.journal import Reader
from oms.moment import Moment
from oms.replica import Replica
from oms.statement import Days, Part, Statement
from oms.values import from_units, to_day
from oms.views import Views, word

REFERENCES = ("cl_ord_id", "exec_id", "reference", "id", "batch_id", "order_id")  # what a record is called by
RESERVED = {"cash": "reserved", "holding": "reserved_qty"}  # of an order

Held = dict[tuple[str, int], int]  # (table, row) → units


@dataclass(frozen=True)
class Hold:
    """One change of a hold. sequence: of the record that caused it; what that is, and what it is called. of: the
    order (by the cl_ord_id of its terms) or withdrawal that holds. reserved: of the whole row after this line."""

    sequence: int
    business_date: date | None
    cause: str
    reference: str
    of: str
    change: Decimal
    reserved: Decimal


@dataclass(frozen=True)
class Holds:
    """Of one cash row or holding. opening + the lines' changes = closing."""

    opening: Decimal
    lines: list[Hold]
    closing: Decimal


class _Row:
    """A cash row or holding of the copy, while the records go by."""

    def __init__(self, views: Views, table: str, slot: int, exponent: int) -> None:
        self.views, self.table, self.slot, self.exponent = views, table, slot, exponent
        self.held = self.holders()
        self.opening = self.total = sum(self.held.values())
        self.lines: list[Hold] = []

    def holders(self) -> Held:
        orders, name = self.views.rows("order"), RESERVED[self.table]
        mine = np.flatnonzero((orders[self.table] == self.slot) & (orders[name] != 0))
        found = {("order", int(row)): int(orders[name][row]) for row in mine}
        if self.table == "cash" and self.slot < len(self.views.rows("cash")):
            row, asked = self.views.rows("cash")[self.slot], self.views.rows("withdrawal")
            same = (asked["account"] == row["account"]) & (asked["currency"] == row["currency"])
            for at in np.flatnonzero(same & (asked["status"] == WithdrawalStatus.requested)):
                found["withdrawal", int(at)] = int(asked["amount"][at])
        return found

    def reserved(self) -> int:
        rows = self.views.rows(self.table)
        return int(rows["reserved"][self.slot]) if self.slot < len(rows) else 0

    def look(self, raw: bytes, days: Days) -> None:
        """A record has been applied."""
        if self.reserved() == self.total:
            return
        before, self.held = self.held, self.holders()
        name, fields = records.decode(raw)
        for holder in sorted(before.keys() | self.held.keys()):
            if change := self.held.get(holder, 0) - before.get(holder, 0):
                self.total += change
                self.lines.append(
                    Hold(
                        sequence=fields["sequence"],
                        business_date=days.at(fields["sequence"]),
                        cause=f"{name} {word(ExecType, fields['exec_type'])}" if "exec_type" in fields else name,
                        reference=next((fields[key] for key in REFERENCES if fields.get(key)), ""),
                        of=self.name(holder),
                        change=from_units(change, self.exponent),
                        reserved=from_units(self.total, self.exponent),
                    )
                )

    def name(self, holder: tuple[str, int]) -> str:
        table, slot = holder
        row = self.views.rows(table)[slot]
        if table == "withdrawal":
            return f"withdrawal {self.views.text(row['reference'])}"
        known = self.views.text(self.views.rows("request")["cl_ord_id"][row["terms"]])
        return known or self.views.text(row["order_id"]) or f"order {slot}"

    def done(self) -> Holds:
        return Holds(from_units(self.opening, self.exponent), self.lines, from_units(self.total, self.exponent))


def holds(store: str | Path, views: Views, found: Statement) -> list[Holds]:
    """Of each part of a statement of this store, in its order. Raises OmsError when the journal no longer reaches back
    to where the statement begins, and no snapshot of before is there."""
    known = views.rows("day")
    days = Days(known["date"][1:], known["sequence"][1:])
    begin, end = days.period(to_day(found.from_date), to_day(found.to_date))
    copy = Replica(store, to=Moment(sequence=max(begin - 1, 0)))
    rows = [_Row(copy, part.of, part.row, decimals(views, part)) for part in found.parts]
    for raw in _records(copy, begin, min(end - 1, found.sequence)):
        for row in rows:
            row.look(raw, days)
    for row in rows:
        if row.total != row.reserved():
            raise OmsError(
                f"the holds of {found.account} do not add up to what is reserved",
                remedy="run `oms verify` on the store",
            )
    return [row.done() for row in rows]


def decimals(views: Views, part: Part) -> int:
    row = views.rows(part.of)[part.row]
    if part.of == "cash":
        return int(views.rows("currency")["exponent"][row["currency"]])
    return views.exponents(int(row["instrument"]))[1]


def _records(copy: Replica, begin: int, last: int) -> Iterator[bytes]:
    """Each record of the period, when the copy has just applied it."""
    core: Any = copy.core
    with Reader(copy.journal, copy.sequence + 1, live=copy.live) as reader:
        for raw in reader:
            sequence, time_ns = (int.from_bytes(raw[at : at + 8], "little") for at in (8, 16))
            if sequence > last:
                return
            core.apply(raw, sequence, time_ns)
            core.drop_outputs()
            if sequence >= begin:
                yield raw
        reader.check()
