"""What short sales keep from being spent, worked out once more: from the holdings and the executions alone.

Whole numbers of any size and none of the core's arithmetic. It changes nothing.
"""

from __future__ import annotations

import numpy as np

from oms.enums import TradeKind
from oms.recompute import IN_LADDERS, Books, Figures, flow_of
from oms.recompute_cost import stored
from oms.recompute_orders import SHORT


def recompute_shorts(books: Books) -> None:
    """Proceeds of what is short, by holding and by cash row; what of them is receivable, by date."""
    sales, exposures = books.rows["short_sale"], books.rows["exposure"]
    _check_links(books)
    proceeds = np.array([short_value(books, int(holding)) for holding in sales["holding"]], np.int64)
    books.compare("short_sale", "proceeds", proceeds)
    books.compare("exposure", "short_proceeds", books.sums("exposure", sales["exposure"], proceeds))
    rows, dates, due = still_due(books)
    books.compare("exposure", "short_due", books.sums("exposure", rows, due))
    expected: dict[tuple[int, int], int] = {}
    for key, figure in zip(zip(rows.tolist(), dates.tolist(), strict=True), due.tolist(), strict=True):
        expected[key] = expected.get(key, 0) + figure
    held = {(row, date): figure for row in range(1, len(exposures)) for date, figure in _ladder(books, row)}
    for row, date in expected.keys() | held.keys():
        ours, recomputed = held.get((row, date), 0), expected.get((row, date), 0)
        if ours != recomputed:
            books.find("exposure", row, f"short_due of day {date}", ours, recomputed)


def short_value(books: Books, holding: int) -> int:
    """What is short at its average price, in money, rounded up; 0 when nothing is, or no average is known."""
    row = books.rows["holding"][holding]
    total, average = int(row["settled"]) + int(row["incoming"]) - int(row["outgoing"]), stored(row)
    if total >= 0 or average is None:
        return 0
    instrument = books.rows["instrument"][row["instrument"]]
    up, down = int(instrument["value_numerator"]), int(instrument["value_denominator"])
    return -(total * average[0] * up // (average[1] * down))


def still_due(books: Books) -> tuple[Figures, Figures, Figures]:
    """(exposure row, settlement date, amount) of every short sale's trade that is in the ladder."""
    executions = books.rows["execution"]
    sold = np.isin(executions["side"], SHORT) & (executions["kind"] != TradeKind.bust) & (executions["last_qty"] != 0)
    rows = np.flatnonzero(sold & (executions["posted"] == IN_LADDERS))
    cash = books.rows["order"]["cash"][executions["order"][rows]]
    return books.rows["cash"]["exposure"][cash], executions["settle_date"][rows], flow_of(executions).due[rows]


def _ladder(books: Books, row: int) -> list[tuple[int, int]]:
    further, found = books.rows["ladder"], list[tuple[int, int]]()
    slot = int(books.rows["exposure"]["ladder"][row])
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
    executions, orders = books.rows["execution"], books.rows["order"][books.rows["execution"]["order"]]
    kept = books.rows["holding"]["short_sale"][orders["holding"]] != 0
    books.fail("execution", "side", np.isin(executions["side"], SHORT) & ~kept)
