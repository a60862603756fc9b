"""Compares the positions of cash and holdings files with ours, as both stood at the end of `as_of`. Changes nothing.

Our figure is what is booked (or settled), plus what falls due by then, less what moved later, and as if this start of
day had not been run before: so a run, its dry run, the same run again and a corrected one start from the same figure.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oms.recompute import IN_LADDERS, counted, flow_of
from oms.records import ENUMS
from oms.start_of_day.book import Array, Book
from oms.start_of_day.figures import shown
from oms.start_of_day.files import FIRST_ROW, MAX_FAULTS, Fault, SourceFile
from oms.start_of_day.report import Break

START_OF_DAY, SETTLEMENT, MARGIN = (ENUMS["MovementKind"][kind] for kind in ("start_of_day", "settlement", "margin"))
BUY = ENUMS["Side"]["buy"]
CLOSED = ENUMS["AccountStatus"]["closed"]
TOLERANCE_EXPONENT = 4


@dataclass(frozen=True)
class Kind:
    """Where a kind of position stands: table, fields and ladder columns."""

    name: str  # of the file
    item: str  # column of the file and field of the row
    figure: str  # column of the file and field of the row
    owed: str
    due: str
    ladder_owed: str
    ladder_due: str
    table: str


CASH = Kind("cash", "currency", "booked", "payable", "receivable", "ladder_payable", "ladder_receivable", "cash")
HOLDINGS = Kind(
    "holdings", "instrument", "settled", "outgoing", "incoming", "ladder_outgoing", "ladder_incoming", "holding"
)


@dataclass(frozen=True)
class Positions:
    """The rows of all files of one kind, sorted by account and item; unknown accounts left out."""

    keys: Array  # account << 32 | item
    amounts: Array
    files: Array  # which file, and which row of it
    rows: Array
    faults: list[Fault]


@dataclass(frozen=True)
class Ours:
    """Our figures at the end of `as_of`, sorted by account and item."""

    keys: Array
    figures: Array


@dataclass(frozen=True)
class Outcome:
    """How a kind of position compares."""

    breaks: list[Break]
    compared: int
    agreeing: int
    opening: int


def key_of(account: Array, item: Array) -> Array:
    keys: Array = account.astype(np.uint64) << np.uint64(32) | item.astype(np.uint64)
    return keys


def positions(kind: Kind, files: Sequence[SourceFile]) -> Positions:
    """The files' rows as one. An account and item that come twice are a fault of the later row's file."""
    empty = np.zeros(0, np.int64)
    accounts = np.concatenate([empty, *(file.arrays["account"] for file in files)])
    items = np.concatenate([empty, *(file.arrays[kind.item] for file in files)])
    amounts = np.concatenate([empty, *(file.arrays[kind.figure] for file in files)])
    which = np.repeat(np.arange(len(files)), [len(file.arrays["account"]) for file in files])
    rows = np.concatenate([empty, *(np.arange(len(file.arrays["account"])) for file in files)])
    keys = key_of(accounts, items)
    known = np.flatnonzero(accounts)
    if np.any(keys[known][1:] <= keys[known][:-1]):
        known = known[np.argsort(keys[known], kind="stable")]
    keys = keys[known]
    twice = known[1:][keys[1:] == keys[:-1]]
    reason = f"an earlier row has the same account and {kind.item}"
    faults = [
        Fault(files[which[at]].name, int(rows[at]) + FIRST_ROW, "account", reason) for at in twice[:MAX_FAULTS].tolist()
    ]
    return Positions(keys, amounts[known], which[known], rows[known], faults)


def our_figures(kind: Kind, book: Book, as_of: int, settles: bool) -> Ours:
    """Our figures at the end of `as_of` (days); settles: items due by then count as moved."""
    table = book.arrays[kind.table]
    used = np.flatnonzero((table["account"] != 0) & owned(book, table["account"]))
    keys = key_of(table["account"][used], table[kind.item][used])
    if np.any(keys[1:] < keys[:-1]):
        order = np.argsort(keys, kind="stable")
        used, keys = used[order], keys[order]
    figures = table[kind.figure][used]
    if settles:
        due = np.flatnonzero((table[kind.owed][used] != 0) | (table[kind.due][used] != 0))
        figures[due] += due_by(kind, book, table[used[due]], as_of)
        late, amounts = late_items(kind, book, as_of)
        take_off(keys, figures, late, amounts)
        left, amounts = open_items(kind, book, left_by(book, as_of))
        take_off(keys, figures, left, -amounts)
    moved = book.arrays["movement"]
    later = (moved["value_date"] > as_of) | ((moved["value_date"] == as_of) & (moved["kind"] == START_OF_DAY))
    of_kind = ((moved["instrument"] == 0) == (kind is CASH)) & (moved["kind"] != MARGIN)
    mine = np.flatnonzero((moved["account"] != 0) & later & of_kind)
    take_off(keys, figures, key_of(moved["account"][mine], moved[kind.item][mine]), moved["amount"][mine])
    closed = (moved["kind"] == SETTLEMENT) & (moved["amount"] == 0) & (moved["value_date"] == as_of) & of_kind
    mine = np.flatnonzero(closed)  # since the load, as what its figure was to contain
    contained = moved["due"][mine] - moved["owed"][mine]
    take_off(keys, figures, key_of(moved["account"][mine], moved[kind.item][mine]), -contained)
    return Ours(keys, figures)


def take_off(keys: Array, figures: Array, wanted: Array, amounts: Array) -> None:
    """Subtract amounts from the figures of their keys."""
    at = find(keys, wanted)
    np.subtract.at(figures, at[at >= 0], amounts[at >= 0])


def owned(book: Book, accounts: Array) -> Array:
    mine: Array = book.arrays["account"]["owner"][accounts] == book.owner
    return mine


def due_by(kind: Kind, book: Book, rows: Array, as_of: int) -> Array:
    """What falls due by a date, net, of each row: from the row itself and from its further ladder items.

    An item that an earlier loaded figure contains moves nothing any more.
    """
    after = rows["loaded_as_of"]
    falls = (rows["ladder_date"] > after[:, np.newaxis]) & (rows["ladder_date"] <= as_of)
    net: Array = np.where(falls, rows[kind.ladder_due] - rows[kind.ladder_owed], 0).sum(axis=1)
    ladder = book.arrays["ladder"]
    at = rows["ladder"].astype(np.int64)
    while np.any(at):
        item = ladder[at]
        net += np.where((at != 0) & (item["date"] > after) & (item["date"] <= as_of), item["due"] - item["owed"], 0)
        at = np.where(at != 0, item["next"], 0).astype(np.int64)
    return net


def late_items(kind: Kind, book: Book, as_of: int) -> tuple[Array, Array]:
    """(key, amount) of what would fall due by a date but is late: it failed, and no file can be expected to hold it."""
    rows, progress, table = book.arrays["execution"], book.arrays["progress"], book.arrays[kind.table]
    late = progress["late"][rows["progress"]] != 0
    slots = np.flatnonzero((rows["posted"] == IN_LADDERS) & late & (rows["settle_date"] <= as_of))
    keys, left = open_items(kind, book, slots)
    held = key_of(table["account"], table[kind.item])
    order = np.argsort(held, kind="stable")
    loaded = table["loaded_as_of"][order[find(held[order], keys)]]
    expected = rows["settle_date"][slots] > loaded
    return keys[expected], left[expected]


def open_items(kind: Kind, book: Book, slots: Array) -> tuple[Array, Array]:
    """(key, amount) of what has not settled of some executions, signed as it comes."""
    rows, progress = book.arrays["execution"], book.arrays["progress"]
    flow = flow_of(rows, counted(book.arrays))
    whole = flow.due - flow.owed if kind is CASH else flow.incoming - flow.outgoing
    left = whole - progress["net" if kind is CASH else "stock"][rows["progress"]]
    item = rows["instrument"][slots]
    if kind is CASH:
        item = book.arrays["instrument"]["currency"][item]
    return key_of(rows["account"][slots], item), left[slots]


def left_by(book: Book, as_of: int) -> Array:
    """The executions that the start of day of a date has left open: a corrected file may confirm them."""
    rows, progress = book.arrays["execution"], book.arrays["progress"]
    slots: Array = np.flatnonzero((rows["posted"] == IN_LADDERS) & (progress["left_by"][rows["progress"]] == as_of))
    return slots


def confirmed(book: Book, as_of: int, closing: Container[int]) -> list[int]:
    """The accounts of which the start of day of this date has left something open, and that no break closes now."""
    accounts = np.unique(book.arrays["execution"]["account"][left_by(book, as_of)])
    mine = accounts[owned(book, accounts)]
    return [account for account in mine.tolist() if account not in closing]


def find(keys: Array, wanted: Array) -> Array:
    """Where each wanted key stands among sorted keys; -1 = nowhere."""
    if not len(keys):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def accounts_with_history(book: Book, size: int, as_of: int) -> Array:
    """Which accounts had a past by `as_of`: an execution, or a movement other than this start of day's own."""
    past = np.zeros(size, bool)
    trades, moved = book.arrays["execution"], book.arrays["movement"]
    past[trades["account"][trades["trade_date"] <= as_of]] = True
    own = ((moved["kind"] == START_OF_DAY) & (moved["value_date"] == as_of)) | (moved["kind"] == MARGIN)
    past[moved["account"][(moved["value_date"] <= as_of) & ~own]] = True
    return past


class Comparison:
    """One kind of position, theirs against ours."""

    def __init__(
        self,
        kind: Kind,
        files: Sequence[SourceFile],
        theirs: Positions,
        ours: Ours,
        book: Book,
        fields: dict[str, Array],
        history: Array,
    ) -> None:
        self.kind, self.files, self.theirs, self.ours, self.book = kind, files, theirs, ours, book
        self.fields, self.history = fields, history
        codes = book.codes()
        self.exponents = codes.currency_exponents if kind is CASH else codes.quantity_exponents
        self.tolerances = book.arrays["account_class"]["break_tolerance"]

    def outcome(self) -> Outcome:
        theirs, ours = self.theirs, self.ours
        at = find(ours.keys, theirs.keys)
        figures = np.where(at >= 0, ours.figures[np.maximum(at, 0)], 0) if len(ours.keys) else np.zeros_like(at)
        opening = ~self.history[accounts_of(theirs.keys)] & (figures == 0)
        different = np.flatnonzero((figures != theirs.amounts) & ~opening)
        breaks = [*self.unknown(), *self.absent()]
        breaks += [self.difference(row, int(figures[row])) for row in different.tolist()]
        count, opened = len(theirs.keys), int(opening.sum())
        return Outcome(breaks, count, count - opened - len(different), opened)

    def unknown(self) -> Iterator[Break]:
        """Rows of accounts that we do not know."""
        for file in self.files:
            for fault in file.unknown:
                row = fault.line - FIRST_ROW
                if row >= len(file.arrays[self.kind.item]):
                    continue
                item, amount = (int(file.arrays[name][row]) for name in (self.kind.item, self.kind.figure))
                yield self.entry("account_unknown", fault.text, item, None, amount, file.name, fault.line)

    def absent(self) -> Iterator[Break]:
        """Figures of ours that the files do not have; absent never means zero."""
        ours = self.ours
        missing = ours.keys[(find(self.theirs.keys, ours.keys) < 0) & (ours.figures != 0)]
        figures = dict(zip(ours.keys.tolist(), ours.figures.tolist(), strict=True)) if len(missing) else {}
        if self.kind is CASH:
            missing = np.union1d(missing, self.own_currencies())
        for key in missing.tolist():
            code = self.code(key >> 32)
            yield self.entry("account_absent", code, key & 0xFFFFFFFF, figures.get(key, 0), None, account=key >> 32)

    def own_currencies(self) -> Array:
        """Every account that is not closed is expected in its own currency."""
        expected = np.flatnonzero((self.fields["status"] != CLOSED) & (self.book.account_codes != b""))
        keys = key_of(expected, self.fields["currency"][expected])
        return keys[find(self.theirs.keys, keys) < 0]

    def difference(self, row: int, ours: int) -> Break:
        key, amount = int(self.theirs.keys[row]), int(self.theirs.amounts[row])
        file, line = self.files[self.theirs.files[row]].name, int(self.theirs.rows[row]) + FIRST_ROW
        within = abs(amount - ours) <= self.tolerance(key)
        reason = "within_tolerance" if within else "difference"
        account = 0 if within else key >> 32
        return self.entry(reason, self.code(key >> 32), key & 0xFFFFFFFF, ours, amount, file, line, account)

    def tolerance(self, key: int) -> int:
        """What a figure may be off, in its own units. Stock has to agree exactly."""
        if self.kind is not CASH:
            return 0
        exponent = int(self.exponents[key & 0xFFFFFFFF])
        tolerance = int(self.tolerances[self.fields["class"][key >> 32]])
        return int(tolerance * 10**exponent // 10**TOLERANCE_EXPONENT)

    def code(self, account: int) -> str:
        code: bytes = self.book.account_codes[account]
        return code.decode("utf-8", "replace")

    def entry(
        self,
        reason: str,
        code: str,
        item: int,
        ours: int | None,
        theirs: int | None,
        file: str = "",
        line: int = 0,
        account: int = 0,
    ) -> Break:
        """account: the number of the account that stays closed for it; 0 = none."""
        exponent = int(self.exponents[item])
        names: Any = self.book.arrays["currency"]["code"] if self.kind is CASH else self.book.instrument_codes
        name = names[item].decode()
        return Break(
            kind=self.kind.name,
            reason=reason,
            account=code,
            currency=name if self.kind is CASH else "",
            instrument="" if self.kind is CASH else name,
            ours="" if ours is None else shown(ours, exponent),
            theirs="" if theirs is None else shown(theirs, exponent),
            difference="" if ours is None or theirs is None else shown(theirs - ours, exponent),
            file=file,
            line=line,
            closes=account,
        )


def accounts_of(keys: Array) -> Array:
    accounts: Array = (keys >> np.uint64(32)).astype(np.int64)
    return accounts
