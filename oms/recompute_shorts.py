"""What short sales keep from being spent, worked out once more: from the holdings and the executions alone.

Whole numbers of any size and none of the core's arithmetic. It changes nothing.
"""

from __future__ import annotations

import numpy as np

from oms.enums import TradeKind
from oms.recompute import IN_LADDERS, Books, Figures, flow_of, holders_of
from oms.recompute_cost import stored
from oms.recompute_orders import SHORT


def recompute_shorts(books: Books) -> None:
    """Proceeds of what is short, by holding and by cash row; what of them is receivable, by date."""
    sales, exposures = books.rows["short_sale"], books.rows["exposure"]
    _check_links(books)
    proceeds = np.array([short_value(books, int(holding)) for holding in sales["holding"]], np.int64)
    books.compare("short_sale", "proceeds", proceeds)
    books.compare("exposure", "short_proceeds", books.sums("exposure", sales["exposure"], proceeds))
    slots, due = open_due(books)
    executions = books.rows["execution"]
    sold = np.isin(executions["side"][slots], SHORT) & (executions["kind"][slots] != TradeKind.bust)
    sold &= executions["last_qty"][slots] != 0
    late = books.rows["progress"]["late"][executions["progress"][slots]] != 0
    cash = cash_rows(books, slots)
    rows, dates = books.rows["cash"]["exposure"][cash], executions["settle_date"][slots]
    books.compare("exposure", "short_due", books.sums("exposure", rows[sold], due[sold]))
    for chain, wanted in (("ladder", sold & ~late), ("late", late)):
        expected: dict[tuple[int, int], int] = {}
        for row, date, figure in zip(*(column[wanted].tolist() for column in (rows, dates, due)), strict=True):
            expected[row, date] = expected.get((row, date), 0) + figure
        held = {(row, date): figure for row in range(1, len(exposures)) for date, figure in _ladder(books, row, chain)}
        for row, date in expected.keys() | held.keys():
            ours, recomputed = held.get((row, date), 0), expected.get((row, date), 0)
            if ours != recomputed:
                books.find("exposure", row, f"{chain} of day {date}", ours, recomputed)


def short_value(books: Books, holding: int) -> int:
    """What is short at its average price, in money, rounded up; 0 when nothing is, or no average is known."""
    row = books.rows["holding"][holding]
    total, average = int(row["settled"]) + int(row["incoming"]) - int(row["outgoing"]), stored(row)
    if total >= 0 or average is None:
        return 0
    instrument = books.rows["instrument"][row["instrument"]]
    up, down = int(instrument["value_numerator"]), int(instrument["value_denominator"])
    return max(-(total * average[0] * up // (average[1] * down)), 0)


def open_due(books: Books) -> tuple[Figures, Figures]:
    """(execution row, what is due of it and has not settled) of all that is in the ladders."""
    executions, flow = books.rows["execution"], flow_of(books.rows["execution"], books.rows["execution"]["last_qty"])
    left = flow.due - flow.owed - books.rows["progress"]["net"][executions["progress"]]
    slots = np.flatnonzero((executions["posted"] == IN_LADDERS) & (left > 0))
    return slots, left[slots]


def cash_rows(books: Books, slots: Figures) -> Figures:
    """The cash row that each execution posts to."""
    rows = books.rows["cash"]
    found = {(int(row["account"]), int(row["currency"])): slot for slot, row in enumerate(rows) if slot}
    executions = books.rows["execution"][slots]
    currency = books.rows["instrument"]["currency"][executions["instrument"]]
    keys = zip(executions["account"].tolist(), currency.tolist(), strict=True)
    return np.array([found.get(key, 0) for key in keys], np.int64)


def _ladder(books: Books, row: int, chain: str) -> list[tuple[int, int]]:
    further, found = books.rows["ladder"], list[tuple[int, int]]()
    slot = int(books.rows["exposure"][chain][row])
    while slot and len(found) < len(further):
        found.append((int(further["date"][slot]), int(further["due"][slot])))
        slot = int(further["next"][slot])
    return found


def _check_links(books: Books) -> None:
    """A holding and its short_sale row name each other; so do a cash row and its exposure. What was sold short has
    such rows."""
    for owner, table, link in (("holding", "short_sale", "short_sale"), ("cash", "exposure", "exposure")):
        rows, named = books.rows[table], books.rows[owner][link]
        books.compare(table, owner, np.where(named[rows[owner]] == np.arange(len(rows)), rows[owner], 0))
        books.compare(owner, link, np.where(rows[owner][named] == np.arange(len(named)), named, 0))
    kept = books.rows["holding"]["short_sale"][holders_of(books)] != 0
    books.fail("execution", "side", np.isin(books.rows["execution"]["side"], SHORT) & ~kept)
