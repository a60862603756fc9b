"""The statement of an account: every movement of its cash and stock with its cause, so that any balance can be checked.

Owns how movements are put together from the tables (executions, settlements, deposits, loads …) and what was realised.
Reads only. The opening balance and the movements add up to what the rows hold now; whether they do is part of the
answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from oms.enums import MovementKind, Side, TradeKind, WithdrawalStatus
from oms.errors import OmsError
from oms.realised import Realised, realised
from oms.recompute import IN_LADDERS, Flow, counted, flow_of
from oms.recompute_actions import placed
from oms.values import Day, from_day, from_units, to_day
from oms.views import Views

CASH = ("booked", "payable", "receivable", "margin")
HOLDING = ("settled", "outgoing", "incoming", "margin")  # in the order of CASH; a holding has no margin
FOR_EVER = (1 << 64) - 1
TRIES = 50  # of a live process, whose rows may move while they are read

Figures = dict[str, Decimal]
Ladder = dict[date, tuple[Decimal, Decimal]]


@dataclass(frozen=True)
class Entry:
    """One movement in raw units. change: in the order of CASH. day: of the ladder, where it changes one."""

    sequence: int
    kind: str
    reference: str
    day: int
    change: tuple[int, int, int, int]
    execution: int = 0
    user: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Line:
    """One movement. sequence: of its record in the journal; business_date: of the firm then. reference: exec_id, batch
    id, the operator's reference or the source of a load. settle_date: of the ladder's item that it changes. execution:
    row that a trade feed gives. changes, balances: by bucket, the latter after this line."""

    sequence: int
    business_date: date | None
    kind: str
    reference: str
    settle_date: date | None
    changes: Figures
    balances: Figures
    execution: int = 0
    user: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Part:
    """One cash row or holding, in that `row` of its table. opening + the lines' changes = closing. live: what the row
    itself holds now; wrong: the buckets in which that is not what all movements, or holds, add up to. held: which
    orders and withdrawals reserve how much of it now."""

    item: str
    of: str  # cash or holding
    row: int
    opening: Figures
    lines: list[Line]
    closing: Figures
    ladder: Ladder  # date → (payable, receivable) or (outgoing, incoming), at the close
    live: Figures
    wrong: list[str]
    held: dict[str, Decimal]
    available: Decimal
    average_price: Decimal | None = None
    realised: Realised | None = None


@dataclass(frozen=True)
class Statement:
    """An account's parts from one business date to another. sequence: of the newest record that it takes in."""

    account: str
    from_date: date | None
    to_date: date | None
    sequence: int
    parts: list[Part] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        return not any(part.wrong for part in self.parts)


@dataclass(frozen=True)
class Days:
    """Business dates and where each begins in the journal."""

    dates: Any
    sequences: Any

    def period(self, first: int, last: int) -> tuple[int, int]:
        """The sequences from which, and before which, a movement belongs to the dates; 0 = today, and without end."""
        begin = np.flatnonzero(self.dates >= (first or (self.dates[-1] if len(self.dates) else 0)))
        end = np.flatnonzero(self.dates > last) if last else np.zeros(0, np.int64)
        start = int(self.sequences[begin[0]]) if len(begin) else (FOR_EVER if first else 0)
        return start, int(self.sequences[end[0]]) if len(end) else FOR_EVER

    def at(self, sequence: int) -> date | None:
        place = int(np.searchsorted(self.sequences, sequence, "right"))
        return from_day(self.dates[place - 1]) if place else None


def statement(
    views: Views,
    account: str,
    *,
    currency: str | None = None,
    instrument: str | None = None,
    from_date: Day | None = None,
    to_date: Day | None = None,
    owner: int = 0,
    live: bool = False,
) -> Statement:
    """Of all cash and holdings of the account, or of one. from_date: None = the current business date. live: the
    tables may move while they are read. Raises OmsError for unknown names and dates."""
    holder, first, last = views.account_slot(account, owner), to_day(from_date), to_day(to_date)
    if first and last and last < first:
        raise OmsError(f"the statement would end on {to_date}, before it begins", where="to_date")
    cash = list(slots_of(views, "cash", holder)) if instrument is None else []
    stock = list(slots_of(views, "holding", holder)) if currency is None else []
    if currency is not None:
        cash = [slot for slot in (views.cash_slot(holder, views.currency_slot(currency)),) if slot]
    if instrument is not None:
        stock = [slot for slot in (views.holding_slot(holder, views.instrument_slot(instrument)),) if slot]
    parts = []
    for table, slots in (("cash", cash), ("holding", stock)):
        for slot in slots:
            parts.append(part_of(views, table, slot, first, last))
            for _ in range(TRIES if live else 0):
                if not parts[-1].wrong:
                    break
                time.sleep(0.002)
                parts[-1] = part_of(views, table, slot, first, last)
    firm = views.rows("firm")[1]
    return Statement(
        account,
        from_day(first or firm["business_date"]),
        from_day(last or firm["business_date"]),
        int(firm["last_sequence"]),
        parts,
    )


def slots_of(views: Views, table: str, account: int) -> Any:
    return map(int, np.flatnonzero(views.rows(table)["account"] == account))


def part_of(views: Views, table: str, slot: int, first: int, last: int) -> Part:
    """One cash row's or holding's movements, and whether they lead to what it holds."""
    row, names = views.row(table, slot), CASH if table == "cash" else HOLDING[:3]
    item = int(row["currency" if table == "cash" else "instrument"])
    exponent = int(views.rows("currency")["exponent"][item]) if table == "cash" else views.exponents(item)[1]
    known = views.rows("day")
    days = Days(known["date"][1:], known["sequence"][1:])
    begin, end = days.period(first, last)
    entries = sorted_entries(views, table, int(row["account"]), item)
    opening, lines, ladder, balance = [0] * 4, [], dict[int, list[int]](), [0] * 4
    closing = list(balance)

    def figures(units: list[int] | tuple[int, ...]) -> Figures:
        return {name: from_units(figure, exponent) for name, figure in zip(names, units, strict=False)}

    for entry in entries:
        balance = [a + b for a, b in zip(balance, entry.change, strict=True)]
        if entry.sequence < begin:
            opening = balance
        if entry.sequence < end:
            closing = balance
            dated = ladder.setdefault(entry.day, [0, 0])
            dated[0], dated[1] = dated[0] + entry.change[1], dated[1] + entry.change[2]
        if begin <= entry.sequence < end:
            lines.append(line_of(views, entry, days, figures(entry.change), figures(balance)))
    wrong, held = differences(views, table, row, entries, balance), held_by(views, table, slot, exponent)
    if sum(held.values()) != from_units(int(row["reserved"]), exponent):
        wrong.append("reserved")
    picture: Any = views.cash_picture(slot) if table == "cash" else views.holding_picture(slot)
    return Part(
        item=picture.currency if table == "cash" else picture.instrument,
        of=table,
        row=slot,
        opening=figures(opening),
        lines=lines,
        closing=figures(closing),
        ladder={day_of(day): two(dated, exponent) for day, dated in sorted(ladder.items()) if any(dated)},
        live=figures([int(row[name]) for name in names]),
        wrong=wrong,
        held=held,
        available=picture.available,
        average_price=None if table == "cash" else picture.average_price,
        realised=None if table == "cash" else realised(views, slot, begin, end),
    )


def two(dated: list[int], exponent: int) -> tuple[Decimal, Decimal]:
    return from_units(dated[0], exponent), from_units(dated[1], exponent)


def day_of(days: int) -> date:
    day = from_day(days)
    assert day is not None
    return day


def line_of(views: Views, entry: Entry, days: Days, changes: Figures, balances: Figures) -> Line:
    return Line(
        sequence=entry.sequence,
        business_date=days.at(entry.sequence),
        kind=entry.kind,
        reference=entry.reference,
        settle_date=from_day(entry.day),
        changes={name: change for name, change in changes.items() if change},
        balances=balances,
        execution=entry.execution,
        user=views.code("user", entry.user, "name"),
        reason=entry.reason,
    )


def differences(views: Views, table: str, row: Any, entries: list[Entry], balance: list[int]) -> list[str]:
    """The buckets, and dates of the ladder, in which the movements do not lead to what the row holds."""
    names = CASH if table == "cash" else HOLDING[:3]
    wrong = [name for name, figure in zip(names, balance, strict=False) if figure != int(row[name])]
    dated: dict[int, list[int]] = {}
    for entry in entries:
        item = dated.setdefault(entry.day, [0, 0])
        item[0], item[1] = item[0] + entry.change[1], item[1] + entry.change[2]
    held = views.ladder(row, f"ladder_{names[1]}", f"ladder_{names[2]}")
    for day in sorted(dated.keys() | held.keys()):
        if tuple(dated.get(day, (0, 0))) != held.get(day, (0, 0)):
            wrong.append(f"{names[1]} and {names[2]} of {from_day(day)}")
    return wrong


def held_by(views: Views, table: str, slot: int, exponent: int) -> dict[str, Decimal]:
    """cl_ord_id (or the exchange's name) of each order that holds some of it now, and reference of each withdrawal that
    waits → how much."""
    orders, name = views.rows("order"), "reserved" if table == "cash" else "reserved_qty"
    found: dict[str, Decimal] = {}
    for order in map(int, np.flatnonzero((orders[table] == slot) & (orders[name] != 0))):
        row = orders[order]
        known = views.text(views.rows("request")["cl_ord_id"][row["terms"]]) or views.text(row["order_id"])
        known = known or f"order {order}"  # an id may come again on another day
        found[known] = found.get(known, Decimal(0)) + from_units(int(row[name]), exponent)
    if table == "cash":
        waiting, row = views.rows("withdrawal"), views.rows("cash")[slot]
        mine = (waiting["account"] == row["account"]) & (waiting["currency"] == row["currency"])
        for withdrawal in waiting[mine & (waiting["status"] == WithdrawalStatus.requested)]:
            found[f"withdrawal {views.text(withdrawal['reference'])}"] = from_units(withdrawal["amount"], exponent)
    return found


def sorted_entries(views: Views, table: str, account: int, item: int) -> list[Entry]:
    """All movements of one cash row or holding since the beginning, in the order of the journal."""
    entries = [*execution_entries(views, table, account, item), *movement_entries(views, table, account, item)]
    if table == "holding":
        entries += action_entries(views, account, item)
    return sorted(entries, key=lambda entry: entry.sequence)  # within a record: executions first


def execution_entries(views: Views, table: str, account: int, item: int) -> list[Entry]:
    """What executions put into the ladders, and what of it was taken back because another version took its place."""
    every = views.rows("execution")
    mine = every["account"] == account
    if table == "cash":
        mine &= views.rows("instrument")["currency"][every["instrument"]] == item
    else:
        mine &= every["instrument"] == item
    slots = np.flatnonzero(mine)
    rows = every[slots].copy()
    tables = {name: views.rows(name) for name in ("execution", "scaled", "corporate_action")}
    flow, now = flow_of(rows, placed(tables, slots, slots)), flow_of(rows, counted(tables)[slots])
    found: list[tuple[int, int, Entry]] = []
    for place, slot in enumerate(map(int, slots)):
        row, change = rows[place], posted_by(flow, place, table)
        gone = int(row["superseded_by"]) if row["posted"] == 0 and row["kind"] != TradeKind.bust else 0
        if not any(change) or not (gone or row["posted"] >= IN_LADDERS):
            continue
        kind = TradeKind(int(row["kind"])).name if row["last_qty"] else "fee"
        name, day = views.text(row["exec_id"]), int(row["settle_date"])
        found.append((slot, 1, Entry(int(row["sequence"]), kind, name, day, change, slot)))
        if gone:
            taken = negative(posted_by(now, place, table))
            back = Entry(int(every["sequence"][gone]), f"{kind} taken back", name, day, taken, gone)
            found.append((gone, 0, back))
    return [entry for _, _, entry in sorted(found, key=lambda one: one[:2])]


def action_entries(views: Views, account: int, item: int) -> list[Entry]:
    """What corporate actions made of the items in a holding's ladder, item by item; what settled moved by itself."""
    every, scaled, actions = (views.rows(name) for name in ("execution", "scaled", "corporate_action"))
    found = []
    for slot in map(int, np.flatnonzero((every["account"] == account) & (every["instrument"] == item))):
        row, at = every[slot], int(every["scaled"][slot])
        comes = (row["side"] == Side.buy) != (row["kind"] == TradeKind.bust)
        while at:
            action, more = actions[scaled["action"][at]], int(scaled["quantity"][at] - scaled["before"][at])
            if slot < action["executions"] and more:
                change = (0, 0, more, 0) if comes else (0, more, 0, 0)
                sequence, day = int(action["applied_sequence"]), int(row["settle_date"])
                name, user = views.text(action["id"]), int(action["user"])
                found.append(Entry(sequence, "corporate_action", name, day, change, slot, user))
            at = int(scaled["prev"][at])
    return found


def posted_by(flow: Flow, place: int, table: str) -> tuple[int, int, int, int]:
    """What one execution adds to the buckets."""
    if table == "cash":
        return 0, int(flow.owed[place]), int(flow.due[place]), 0
    return 0, int(flow.outgoing[place]), int(flow.incoming[place]), 0


def negative(change: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return -change[0], -change[1], -change[2], -change[3]


def movement_entries(views: Views, table: str, account: int, item: int) -> list[Entry]:
    """Settlements, loads, and what was moved by hand: one row each, whatever its kind."""
    rows, found = views.rows("movement"), []
    money = table == "cash"
    mine = (rows["account"] == account) & (rows["currency" if money else "instrument"] == item)
    mine &= (rows["instrument"] == 0) == money
    for slot in map(int, np.flatnonzero(mine)):
        row = rows[slot]
        amount, owed, due = (int(row[name]) for name in ("amount", "owed", "due"))
        kind = MovementKind(int(row["kind"]))
        change = (0, 0, 0, amount) if kind == MovementKind.margin else (amount, -owed, -due, 0)
        day = int(row["date"]) if owed or due else 0
        name, reason = views.text(row["reference"]), views.text(row["reason"])
        found.append(
            Entry(int(row["sequence"]), kind.name, name, day, change, int(row["execution"]), int(row["user"]), reason)
        )
    return found
