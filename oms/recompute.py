"""Every bucket of cash and stock, worked out once more: from the executions and the movements alone.

Owns the arithmetic of the comparison, and shares none with the core: what `apply` keeps up to date step by step is
here summed up from the beginning, so that a wrong figure shows. It changes nothing. The orders' part is in
recompute_orders.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, SupportsInt

import numpy as np

from oms import schema
from oms.enums import MovementKind, RequestStatus, Side, TradeKind
from oms.views import Views

Rows = np.ndarray[Any, Any]
Figures = np.ndarray[Any, Any]

MOST = 1000  # findings that are listed; all are counted
IN_LADDERS, SETTLED = 1, 2  # execution.posted
APPLIED = 2  # corporate_action.state
RESTATED = 64  # order.flags


@dataclass(frozen=True)
class Finding:
    """One figure that is not what it has to be, both in the raw units of the table."""

    table: str
    row: int
    field: str
    ours: int
    recomputed: int

    def __str__(self) -> str:
        return f"{self.table} row {self.row}: {self.field} is {self.ours}, and should be {self.recomputed}"


@dataclass
class Books:
    """The tables that are checked, and what was found to be wrong with them."""

    views: Views
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.rows = {table.name: self.views.rows(table.name) for table in schema.TABLES}

    def find(self, table: str, row: SupportsInt, name: str, ours: SupportsInt, recomputed: SupportsInt) -> None:
        self.count += 1
        if len(self.findings) < MOST:
            self.findings.append(Finding(table, int(row), name, int(ours), int(recomputed)))

    def compare(self, table: str, name: str, expected: Figures) -> None:
        """A field of a table against what it should be, by row."""
        ours = self.rows[table][name]
        for row in np.flatnonzero(ours[1:] != expected[1:]) + 1:
            self.find(table, row, name, ours[row], expected[row])

    def fail(self, table: str, name: str, wrong: Figures, expected: int = 0) -> None:
        """Rows that break a rule; `expected` is what the rule asks for."""
        for row in np.flatnonzero(wrong):
            self.find(table, row, name, self.rows[table][name][row], expected)

    def sums(self, table: str, slots: Figures, figures: Figures) -> Figures:
        """Figures added up by the rows of a table that they belong to."""
        total = np.zeros(len(self.rows[table]), np.int64)
        np.add.at(total, slots, figures)
        return total


@dataclass(frozen=True)
class Flow:
    """What each execution posts while it stands."""

    owed: Figures
    due: Figures
    incoming: Figures
    outgoing: Figures
    side: Figures  # + 1 buys, - 1 sells; the other way round for what reverses
    sign: Figures  # of its fee


def counted(rows: Mapping[str, Rows]) -> Figures:
    """The stock that each execution moves today: its own quantity, through the corporate actions since."""
    executions = rows["execution"]
    return np.where(executions["scaled"] != 0, rows["scaled"]["quantity"][executions["scaled"]], executions["last_qty"])


def counted_by_orders(rows: Mapping[str, Rows]) -> Figures:
    """What each execution adds to its order's cum_qty: its own quantity, or, of an order that the exchange has restated
    after a corporate action, what that was then."""
    executions, actions, scaled = rows["execution"], rows["corporate_action"], rows["scaled"]
    when = actions["applied_sequence"]
    restated = (rows["order"]["flags"] & RESTATED != 0)[executions["order"]]
    quantity = executions["last_qty"].copy()
    for row in np.flatnonzero(restated & (quantity != 0)):
        x, through, root = executions[row], set(), row
        newest = when[rows["told_terms"]["action"][x["order"]]]
        at, figure = int(x["scaled"]), int(quantity[row])
        while at and when[scaled["action"][at]] > newest:
            at = int(scaled["prev"][at])
        if at:
            figure = int(scaled["quantity"][at])
        while executions["ref"][root]:
            root = executions["ref"][root]
        while at:
            through.add(int(scaled["action"][at]))
            at = int(scaled["prev"][at])
        applied = np.flatnonzero((actions["instrument"] == x["instrument"]) & (actions["state"] == APPLIED))
        for number in applied[np.argsort(when[applied], kind="stable")]:
            action = actions[number]
            before = (int(x["trade_date"]), root) < (int(action["ex_date"]), int(action["executions"]))
            if before and action["denominator"] and number not in through and when[number] <= newest:
                figure = figure * int(action["numerator"]) // int(action["denominator"])
        quantity[row] = figure
    return quantity


def flow_of(executions: Rows, quantity: Figures) -> Flow:
    """A buy owes value and fee; a fee that is given back by itself is due. A sell is due its value less what of the
    fee that can pay, and owes the rest. A bust posts the same the other way round."""
    value, fee = executions["value"], executions["fee"]
    buys, reverses = executions["side"] == Side.buy, executions["kind"] == TradeKind.bust
    paid = np.minimum(fee, value)
    owed = np.where(buys, np.maximum(value + fee, 0), fee - paid)
    due = np.where(buys, np.maximum(-value - fee, 0), value - paid)
    incoming, outgoing = np.where(buys, quantity, 0), np.where(buys, 0, quantity)
    sign = np.where(reverses, -1, 1)
    return Flow(
        owed=np.where(reverses, due, owed),
        due=np.where(reverses, owed, due),
        incoming=np.where(reverses, outgoing, incoming),
        outgoing=np.where(reverses, incoming, outgoing),
        side=np.where(buys, 1, -1) * sign,
        sign=sign,
    )


def recompute_books(books: Books) -> None:
    """All that cash, holdings, currencies and instruments hold of executions and movements."""
    executions, movements = books.rows["execution"], books.rows["movement"]
    quantity = counted(books.rows)
    flow = flow_of(executions, quantity)
    currency = books.rows["instrument"]["currency"][executions["instrument"]]
    margin = movements["kind"] == MovementKind.margin
    money = (movements["instrument"] == 0) & ~margin
    purse = Purse(books, "cash", "currency", "booked", "payable", "receivable", "net")
    purse.check(executions["account"], currency, flow.owed, flow.due, movements[money])
    stock = Purse(books, "holding", "instrument", "settled", "outgoing", "incoming", "stock")
    stock.check(
        executions["account"], executions["instrument"], flow.outgoing, flow.incoming, movements[~money & ~margin]
    )
    lent = movements[margin]
    books.compare("cash", "margin", books.sums("cash", purse.slots(lent["account"], lent["currency"]), lent["amount"]))
    stands = executions["posted"] != 0
    currency, instrument = np.where(stands, currency, 0), np.where(stands, executions["instrument"], 0)
    books.compare("currency", "market", books.sums("currency", currency, flow.side * executions["value"]))
    books.compare("currency", "fees", books.sums("currency", currency, flow.sign * executions["fee"]))
    books.compare("instrument", "market", books.sums("instrument", instrument, -flow.side * quantity))
    _check_external(books, "currency", movements[money])
    _check_external(books, "instrument", movements[~money & ~margin])
    _check_balance(books)


def _check_external(books: Books, item: str, movements: Rows) -> None:
    """The other side of every movement; of a settlement only what the bank's or registry's figure already held, of a
    corporate action also what settled parts of trades count more."""
    figures = movements["due"] - movements["owed"] - movements["amount"]
    books.compare(item, "external", books.sums(item, movements[item], figures))


def _check_balance(books: Books) -> None:
    """Double entry: per currency and per instrument all sides add up to nothing."""
    for item, holder, plus, minus in (
        ("currency", "cash", ("booked", "receivable"), "payable"),
        ("instrument", "holding", ("settled", "incoming"), "outgoing"),
    ):
        rows, held = books.rows[item], books.rows[holder]
        total = books.sums(item, held[item], held[plus[0]] + held[plus[1]] - held[minus])
        total += rows["market"] + rows["external"] + (rows["fees"] if item == "currency" else 0)
        for row in np.flatnonzero(total[1:]) + 1:
            books.find(item, row, "balance of all postings", total[row], 0)


def matching(keys: Figures, slots: Figures, wanted: Figures) -> Figures:
    """The slot of each wanted key among sorted ones; 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, slots[place], 0)


def holders_of(books: Books) -> Figures:
    """The holding that each execution belongs to: that of its account, which is its order's unless that has moved."""
    executions, holdings = books.rows["execution"], books.rows["holding"]
    keys = holdings["account"].astype(np.int64) << 32 | holdings["instrument"]
    slots = np.argsort(keys, kind="stable")
    return matching(keys[slots], slots, executions["account"].astype(np.int64) << 32 | executions["instrument"])


@dataclass
class Purse:
    """The cash rows, or the holdings: they are kept alike. Names of the fields that differ."""

    books: Books
    table: str
    item: str
    settled: str
    owed: str
    due: str
    part: str  # of a progress row

    def __post_init__(self) -> None:
        rows = self.books.rows[self.table][1:]
        keys = rows["account"].astype(np.int64) << 32 | rows[self.item]
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        for place in np.flatnonzero(self.keys[1:] == self.keys[:-1]):
            row = int(self.order[place + 1]) + 1
            self.books.find(self.table, row, "account", rows["account"][row - 1], 0)  # a second row of the same

    def slots(self, accounts: Figures, items: Figures) -> Figures:
        """The row of each account and item; 0 where there is none."""
        return matching(self.keys, self.order + 1, accounts.astype(np.int64) << 32 | items)

    def check(self, accounts: Figures, items: Figures, owed: Figures, due: Figures, movements: Rows) -> None:
        """What executions (with what they owe and are due) and movements leave in the rows."""
        books, executions = self.books, self.books.rows["execution"]
        rows, posted = self.slots(accounts, items), executions["posted"]
        books.fail("execution", "account", (rows == 0) & (posted != 0))  # money or stock of nobody
        moved = self.slots(movements["account"], movements[self.item])
        settled = books.sums(self.table, moved, movements["amount"])
        books.compare(self.table, self.settled, settled)
        open_ = posted == IN_LADDERS
        left = (due - owed - self._settled(due - owed, movements))[open_]
        owed, due = np.maximum(-left, 0), np.maximum(left, 0)
        books.compare(self.table, self.owed, books.sums(self.table, rows[open_], owed))
        books.compare(self.table, self.due, books.sums(self.table, rows[open_], due))
        dates, keys = executions["settle_date"].astype(np.int64), rows << 32
        self._by_date((keys | dates)[open_], owed, due, self._ladder())

    def _settled(self, whole: Figures, movements: Rows) -> Figures:
        """What of each execution has settled, from its movements: all, the part in its progress row, or nothing. A
        corporate action may have made it count otherwise."""
        books, executions, progress = self.books, self.books.rows["execution"], self.books.rows["progress"]
        settles = np.isin(movements["kind"], (MovementKind.settlement, MovementKind.corporate_action))
        moved = books.sums(
            "execution", movements["execution"][settles], (movements["due"] - movements["owed"])[settles]
        )
        part = progress[self.part][executions["progress"]]
        expected = np.where(executions["posted"] == SETTLED, whole, np.where(executions["posted"] == 0, 0, part))
        for row in np.flatnonzero(moved != expected):
            books.find("execution", row, f"settled of {self.table}", moved[row], expected[row])
        for slot in (
            np.flatnonzero(executions["progress"][progress["execution"][1:]] != np.arange(1, len(progress))) + 1
        ):
            books.find("progress", slot, "execution", progress["execution"][slot], 0)
        return moved

    def _by_date(self, keys: Figures, owed: Figures, due: Figures, held: Iterable[tuple[Figures, ...]]) -> None:
        """Row by row and date by date: what the executions say less what is held."""
        parts = [(keys, owed, due)]
        for slots, dates, held_owed, held_due in held:
            parts.append((slots.astype(np.int64) << 32 | dates.astype(np.int64), -held_owed, -held_due))
        every = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        found, inverse = np.unique(every[0], return_inverse=True)
        for name, figures in ((self.owed, every[1]), (self.due, every[2])):
            rest = np.zeros(len(found), np.int64)
            np.add.at(rest, inverse, figures)
            for place in np.flatnonzero(rest):
                row, date = int(found[place]) >> 32, int(found[place]) & 0xFFFFFFFF
                ours = sum(-int(f) for f in figures[len(keys) :][every[0][len(keys) :] == found[place]])
                self.books.find(self.table, row, f"{name} of day {date}", ours, ours + int(rest[place]))

    def _ladder(self) -> Iterator[tuple[Figures, Figures, Figures, Figures]]:
        """(row, date, owed, due) of every item: those in the rows themselves, then link by link the further ones."""
        rows, further = self.books.rows[self.table], self.books.rows["ladder"]
        slots = np.arange(len(rows))
        for place in range(rows["ladder_date"].shape[1]):
            owed, due = rows[f"ladder_{self.owed}"][:, place], rows[f"ladder_{self.due}"][:, place]
            used = (owed != 0) | (due != 0)
            yield slots[used], rows["ladder_date"][:, place][used], owed[used], due[used]
        links = rows["ladder"].astype(np.int64)
        for _ in range(len(further)):
            slots, links = slots[links > 0], links[links > 0]
            if not len(links):
                return
            items = further[links]
            used = (items["owed"] != 0) | (items["due"] != 0)
            yield slots[used], items["date"][used], items["owed"][used], items["due"][used]
            links = items["next"].astype(np.int64)
        self.books.find(self.table, int(slots[0]), "ladder", int(links[0]), 0)  # a ring of links


def check_counts(books: Books) -> None:
    """The firm's and the feeds' counts of waiting requests, and each table's of its rows."""
    status, firm = books.rows["request"]["status"], books.rows["firm"][1]
    for name in ("queued", "buffered", "in_doubt"):
        waiting = int(np.count_nonzero(status == RequestStatus[name]))
        if firm[name] != waiting:
            books.find("firm", 1, name, firm[name], waiting)
    sent = np.isin(status, (RequestStatus.submitted, RequestStatus.in_doubt))
    feeds = books.rows["request"]["feed"][sent]
    books.compare("feed", "unanswered", books.sums("feed", feeds, np.ones(len(feeds), int)))
    dates = books.rows["day"]["date"]
    if dates[-1] != firm["business_date"] or np.any(dates[1:] <= dates[:-1]):
        books.find("day", len(dates) - 1, "date", dates[-1], firm["business_date"])
    for table in ("order", "request"):
        header, rows = books.views.header(table), books.rows[table]
        links, slot, free = rows.view(np.uint32).reshape(len(rows), -1)[:, 2], int(header["free"]), 0
        while slot and free < len(rows):
            free, slot = free + 1, int(links[slot])
        if header["live"] != len(rows) - 1 - free:
            books.find(table, 0, "live rows", header["live"], len(rows) - 1 - free)
