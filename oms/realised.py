"""What an account has gained or lost by what it sold (or bought back), per holding, from its executions.

Realised result = proceeds - cost of what was sold, brokerage apart. Proceeds are the executions' values, cost is the
exact average price; the sum is rounded once, half away from zero, to the currency's smallest unit. Each line shows what
it adds to that sum, so that lines always add up. A trade that was busted or corrected counts as it stands now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from oms.enums import Side
from oms.recompute import Books
from oms.recompute_cost import Step, changes_by_holding, steps
from oms.recompute_orders import half_away
from oms.values import from_units
from oms.views import Views


@dataclass(frozen=True)
class Sale:
    """Stock that left a holding by a trade, or was bought back. result: None where no cost is known."""

    exec_id: str
    side: str
    sequence: int
    quantity: Decimal
    price: Decimal
    proceeds: Decimal
    result: Decimal | None


@dataclass(frozen=True)
class Realised:
    """sales, result: of the period; total: since the beginning. unknown: sold in all without a cost known."""

    currency: str
    result: Decimal
    total: Decimal
    unknown: Decimal
    sales: list[Sale] = field(default_factory=list)


def realised(views: Views, holding: int, begin: int = 0, end: int = (1 << 64) - 1) -> Realised:
    """Of one holding; the period is from journal sequence `begin` to before `end`."""
    books = Books(views)
    instrument = views.row("instrument", int(views.row("holding", holding)["instrument"]))
    currency = int(instrument["currency"])
    prices, quantities = int(instrument["price_exponent"]), int(instrument["quantity_exponent"])
    total, period, unknown, sales = Fraction(0), 0, 0, list[Sale]()
    for _, changes in changes_by_holding(books, only=holding):
        for step in steps(changes, prices):
            part = sold(step)
            if not part:
                continue
            row = books.rows["execution"][step.change.row]
            proceeds = Fraction(int(row["value"]) * part, abs(step.change.quantity))
            before, result = rounded(total), None
            if step.average is None:
                unknown += part
            else:
                total += gain(step, part, proceeds, instrument)
                result = rounded(total) - before
            if begin <= booked_at(books, step.change.row) < end:
                period += result or 0
                sales.append(sale(views, row, part, proceeds, result, (currency, prices, quantities)))
    money = views.code("currency", currency, "code")
    units = views.money(period, currency), views.money(rounded(total), currency)
    return Realised(money, *units, from_units(unknown, quantities), sales)


def sold(step: Step) -> int:
    """How much of what was held a trade took away; the rest of it, if any, is held the other way round."""
    if not step.change.trade or step.held == 0 or (step.held < 0) == (step.change.quantity < 0):
        return 0
    return min(abs(step.held), abs(step.change.quantity))


def gain(step: Step, part: int, proceeds: Fraction, instrument: Any) -> Fraction:
    """Proceeds less cost; of what is bought back, what it had been sold for less what it costs now."""
    assert step.average is not None
    money = Fraction(int(instrument["value_numerator"]), int(instrument["value_denominator"]))
    cost = Fraction(*step.average) * part * money
    return proceeds - cost if step.held > 0 else cost - proceeds


def rounded(figure: Fraction) -> int:
    return half_away(figure.numerator, figure.denominator)


def booked_at(books: Books, row: int) -> int:
    """The journal's sequence of the trade as it was first booked in this account."""
    executions = books.rows["execution"]
    before = int(executions["ref"][row])
    while before and executions["account"][before] == executions["account"][row]:
        row, before = before, int(executions["ref"][before])
    return int(executions["sequence"][row])


def sale(
    views: Views, row: Any, part: int, proceeds: Fraction, result: int | None, units: tuple[int, int, int]
) -> Sale:
    currency, prices, quantities = units
    return Sale(
        exec_id=views.text(row["exec_id"]),
        side=Side(int(row["side"])).name,
        sequence=int(row["sequence"]),
        quantity=from_units(part, quantities),
        price=from_units(int(row["last_px"]), prices),
        proceeds=views.money(rounded(proceeds), currency),
        result=None if result is None else views.money(result, currency),
    )
