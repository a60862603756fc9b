"""Double entry, shown: per currency and per instrument all sides of its postings, which add up to nothing.

Owns how the sides are added up from the rows; recompute.py checks each of them. It changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from oms.enums import MovementKind
from oms.values import from_units
from oms.views import Views


@dataclass(frozen=True)
class Balance:
    """One currency or instrument. sides: what accounts hold, bucket by bucket, then the other sides, all signed so that
    they add up to nothing. outside: what the side `external` (banks, registries, depositors, issuers) consists of, by
    the kind of movement."""

    item: str
    of: str  # currency or instrument
    sides: dict[str, Decimal]
    outside: dict[str, Decimal]
    sum: Decimal


def balances(views: Views) -> list[Balance]:
    """Of every currency and instrument that anything was ever posted in."""
    return [
        *_balances(views, "currency", "cash", "booked", ("payable", "receivable"), ("market", "fees", "external")),
        *_balances(views, "instrument", "holding", "settled", ("outgoing", "incoming"), ("market", "external")),
    ]


def _balances(
    views: Views, item: str, holder: str, settled: str, ladder: tuple[str, str], others: tuple[str, ...]
) -> list[Balance]:
    rows, held, found = views.rows(item), views.rows(holder), []
    owed, due = ladder
    sums = {settled: totals(rows, held[item], held[settled])}
    sums[f"- {owed}"] = -totals(rows, held[item], held[owed])
    sums[due] = totals(rows, held[item], held[due])
    sums |= {name: rows[name] for name in others}
    outside = external_by_kind(views, item)
    for slot in range(1, len(rows)):
        sides = {name: int(figures[slot]) for name, figures in sums.items()}
        if not any(sides.values()):
            continue
        exponent = int(rows["exponent" if item == "currency" else "quantity_exponent"][slot])
        parts = {kind: from_units(int(figures[slot]), exponent) for kind, figures in outside.items() if figures[slot]}
        shown = {name: from_units(figure, exponent) for name, figure in sides.items()}
        code = views.code(item, slot, "code" if item == "currency" else "symbol")
        found.append(Balance(code, item, shown, parts, from_units(sum(sides.values()), exponent)))
    return found


def totals(rows: Any, slots: Any, figures: Any) -> Any:
    sums = np.zeros(len(rows), np.int64)
    np.add.at(sums, slots, figures)
    return sums


def external_by_kind(views: Views, item: str) -> dict[str, Any]:
    """The other side of movements: of a settlement only what a loaded figure already held."""
    rows, moved = views.rows(item), views.rows("movement")
    moved = moved[((moved["instrument"] == 0) == (item == "currency")) & (moved["kind"] != MovementKind.margin)]
    found = {}
    for kind in MovementKind:
        mine = moved[moved["kind"] == kind]
        figures = mine["due"] - mine["owed"] - mine["amount"]
        if len(mine):
            found[kind.name] = totals(rows, mine[item], figures)
    return found
