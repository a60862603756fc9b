"""The average price of every holding, worked out once more from its trades and what changed it without one.

Exact whole-number fractions of any size; the engine's have 128 bits, so that the eight decimals shown are compared. It
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from oms.enums import Side, TradeKind
from oms.recompute import Books, Figures, holders_of
from oms.recompute_actions import placed, ratios
from oms.schema import NULL_I64

WIDE = 1 << 64  # fractions are reduced from here on

Average = tuple[int, int] | None  # (cost, of how many): their quotient, in units of price


class Change(NamedTuple):
    """What happened to a holding. figure: a trade's price, else the average that a registry told or null. row: of the
    trade as it stands now, or of the cost event."""

    trade: bool
    quantity: int  # signed; of a busted trade 0
    figure: int
    row: int
    carried: bool  # stock that a transfer has brought with its average
    traded: int  # the quantity that the price is for; since a corporate action the trade may count another one
    ratio: tuple[int, int] | None  # of a corporate action: new, for so much old


class Step(NamedTuple):
    """A change with what was held, and at what average, before and after it."""

    change: Change
    held: int
    average: Average
    total: int
    after: Average


def recompute_cost(books: Books) -> None:
    """Average prices, and that all changes of a holding add up to what it holds."""
    holdings = books.rows["holding"]
    exponents = books.rows["instrument"]["price_exponent"][holdings["instrument"]].tolist()
    total, averages = np.zeros(len(holdings), np.int64), dict[int, Average]()
    for holding, changes in changes_by_holding(books):
        for step in steps(changes, exponents[holding]):
            total[holding], averages[holding] = step.total, step.after
    held = holdings["settled"] + holdings["incoming"] - holdings["outgoing"]
    for row in np.flatnonzero(held[1:] != total[1:]) + 1:
        books.find("holding", row, "total", held[row], total[row])
    touched = holdings["cost_quantity"] != 0
    touched[list(averages)] = True
    for slot in map(int, np.flatnonzero(touched)):
        ours = decimals(stored(holdings[slot]), exponents[slot])
        recomputed = decimals(averages.get(slot), exponents[slot])
        if abs(ours - recomputed) > 1 or (ours < 0) != (recomputed < 0):
            books.find("holding", slot, "average price, eight decimals (-1 = none)", ours, recomputed)


def stored(holding: Any) -> Average:
    of = int(holding["cost_quantity"])
    return (int(holding["cost_high"]) << 64 | int(holding["cost_low"]), of) if of else None


def decimals(average: Average, exponent: int) -> int:
    """The average with eight decimals, cut off; -1 when there is none."""
    return average[0] * 10 ** (8 - exponent) // average[1] if average else -1


def changes_by_holding(books: Books, only: int = 0) -> Iterator[tuple[int, list[Change]]]:
    """What happened to each holding (or to one), in order: an event stands behind the trade that was the last when it
    came."""
    executions, events = books.rows["execution"], books.rows["cost_event"]
    newest = newest_versions(executions)
    comes = (executions["ref"] == 0) | (executions["account"][executions["ref"]] != executions["account"])
    roots = np.flatnonzero(comes & (executions["last_qty"] != 0))
    roots = roots[roots != 0]
    holders = holders_of(books)[roots]
    if only:
        roots, holders = roots[holders == only], holders[holders == only]
    final = executions[newest[roots]]
    sign = np.where(final["side"] == Side.buy, 1, -1)
    quantity = np.where(final["kind"] == TradeKind.bust, 0, sign * placed(books.rows, newest[roots], roots))
    slots = np.flatnonzero(events["holding"] == only) if only else np.arange(1, len(events))
    order = np.lexsort(
        (
            np.concatenate((np.zeros(len(roots), np.int64), chained(books)[slots])),  # events of one place
            np.concatenate((roots, events["after"][slots])),
            np.concatenate((holders, events["holding"][slots])),
        )
    )
    columns = [
        np.concatenate((holders, events["holding"][slots])),
        np.concatenate((np.ones(len(roots), bool), np.zeros(len(slots), bool))),
        np.concatenate((quantity, events["quantity"][slots])),
        np.concatenate((final["last_px"], events["average_price_e8"][slots])),
        np.concatenate((newest[roots], slots)),
        np.concatenate((np.zeros(len(roots), bool), events["carried"][slots] != 0)),
        np.concatenate((final["last_qty"], np.zeros(len(slots), np.int64))),
        np.concatenate((np.zeros(len(roots), np.int64), events["action"][slots])),
    ]
    last, changes, scales = 0, list[Change](), ratios(books)
    for holding, *figures, action in zip(*(column[order].tolist() for column in columns), strict=True):
        if holding != last and changes:
            yield last, changes
            changes = []
        last = holding
        if not action or scales[action]:  # those that were taken back have left nothing
            changes.append(Change._make([*figures, scales[action]]))
    if changes:
        yield last, changes


def chained(books: Books) -> Figures:
    """The place of each event among those of its holding, from the oldest on: as they are linked."""
    links, place = books.rows["cost_event"]["prev"], np.zeros(len(books.rows["cost_event"]), np.int64)
    for head in books.rows["holding"]["cost_event"].tolist():
        chain: list[int] = []
        while head and len(chain) < len(place):
            chain.append(head)
            head = int(links[head])
        place[chain] = np.arange(len(chain), 0, -1)
    return place


def newest_versions(executions: Any) -> Figures:
    """What has become of each trade at its account: a move takes it back there, and issues it again elsewhere."""
    newest, after = np.arange(len(executions)), executions["superseded_by"]
    stays = (after != 0) & (executions["account"][after] == executions["account"])
    for row in np.flatnonzero(stays)[::-1]:
        newest[row] = newest[after[row]]
    return newest


def steps(changes: Iterable[Change], exponent: int) -> Iterator[Step]:
    """What is held after each change, and its average: weighted on adds, unchanged on reductions, the trade's price
    after crossing zero, none when flat. Stock that comes without a trade keeps the average, unless a registry tells
    one, or a transfer has carried its own here; a corporate action scales it inversely."""
    total = 0
    average: Average = None
    for change in changes:
        trade, quantity, figure, _, carried, traded, ratio = change
        held, before, after = total, average, total + quantity
        crosses = total == 0 or (total < 0) != (after < 0)
        if trade and quantity == 0:  # busted
            continue
        if trade and crosses:
            average = (figure * traded, abs(quantity))
        elif trade and average and (total < 0) == (quantity < 0):
            average = weighted(average, abs(total), abs(quantity), figure * traded)
        elif ratio and average:
            average = (average[0] * ratio[1], average[1] * ratio[0])
        elif carried and not crosses:
            if average and total > 0:
                average = weighted(average, total, quantity, figure * quantity, 10 ** (8 - exponent))
        elif not trade and figure != NULL_I64:
            average = (figure, 10 ** (8 - exponent))
        if after == 0 or (not trade and figure == NULL_I64 and crosses):
            average = None
        total = after
        yield Step(change, held, before, total, average)


def weighted(average: tuple[int, int], held: int, added: int, paid: int, per: int = 1) -> tuple[int, int]:
    cost, of = average
    cost, of = cost * held * per + paid * of, of * per * (held + added)
    if of > WIDE:
        divisor = gcd(cost, of)
        cost, of = cost // divisor, of // divisor
    return cost, of
