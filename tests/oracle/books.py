"""Cash and holdings: settled figures, what is to be settled by date, and cost. Owns no hold: holds come from orders.

A ladder item is two figures by settlement date: what the account owes and what is due to it, both never below zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import ZERO, nearest
from tests.oracle.orders import PRICE_DECIMALS, Action, Execution, Item


@dataclass
class Ladder:
    items: dict[date, Item] = field(default_factory=dict)

    @property
    def owed(self) -> Fraction:
        return sum((item.owed for item in self.items.values()), ZERO)

    @property
    def due(self) -> Fraction:
        return sum((item.due for item in self.items.values()), ZERO)

    def post(self, day: date, owed: Fraction, due: Fraction) -> None:
        item = self.items.setdefault(day, Item())
        item.owed += owed
        item.due += due
        assert item.owed >= 0, (day, item)
        assert item.due >= 0, (day, item)
        if not item.owed and not item.due:
            del self.items[day]

    def take(self, until: date) -> dict[date, Fraction]:
        """Removes what is due by `until`; the net of each date, from the account's view."""
        due = [day for day in self.items if day <= until]
        return {day: item.due - item.owed for day in due for item in [self.items.pop(day)]}

    def due_within(self, first: date, last: date) -> Fraction:
        return sum((item.due for day, item in self.items.items() if first <= day <= last), ZERO)


@dataclass
class Cash:
    settled: Fraction = ZERO  # what the bank has: `booked`
    loaded_as_of: date | None = None
    margin: Fraction = ZERO
    ladder: Ladder = field(default_factory=Ladder)
    short: Ladder = field(default_factory=Ladder)  # what of that is due for short sales


@dataclass
class Cost:
    """Average price of a position: weighted on adds, unchanged on reductions, the fill's after crossing zero."""

    quantity: Fraction = ZERO
    average: Fraction | None = None  # none when flat, or when it came without a cost
    realised: Fraction = ZERO  # money: proceeds less cost of what was sold, or bought back, brokerage apart
    unknown: Fraction = ZERO  # stock that was sold without a cost known

    def trade(self, quantity: Fraction, price: Fraction) -> None:
        """Adds a signed quantity at a price."""
        before, after = self.quantity, self.quantity + quantity
        if not after:
            self.average = None
        elif before * after <= 0:
            self.average = price
        elif quantity * before > 0 and self.average is not None:
            self.average = (before * self.average + quantity * price) / after
        self.quantity = after

    def close(self, quantity: Fraction, value: Fraction, factor: Fraction) -> None:
        """Of a signed quantity that is traded for a value: what takes away of what is held, before it is traded."""
        part = min(abs(quantity), abs(self.quantity)) if quantity * self.quantity < 0 else ZERO
        if part and self.average is None:
            self.unknown += part
        elif part:
            gain = value * part / abs(quantity) - self.average * part * factor
            self.realised += gain if self.quantity > 0 else -gain

    def adjust(self, quantity: Fraction, average: Fraction | None) -> None:
        """Stock that came or went without a trade keeps the average, unless it brings one."""
        before, self.quantity = self.quantity, self.quantity + quantity
        if average is not None:
            self.average = average
        if (before * self.quantity <= 0 and average is None) or not self.quantity:
            self.average = None

    def scale(self, ratio: Fraction, change: Fraction) -> None:
        """A corporate action: what the stock has cost stays, but for the part that is paid out."""
        before, self.quantity = self.quantity, self.quantity + change
        if before * self.quantity <= 0:
            self.average = None
        elif self.average is not None:
            self.average /= ratio

    def carry(self, quantity: Fraction, average: Fraction) -> None:
        """Stock that another account had weighs in with what it cost there; what it buys back keeps the average."""
        before, known = self.quantity, self.average
        if before > 0 and known is not None:
            average = (before * known + quantity * average) / (before + quantity)
        keeps = before * (before + quantity) > 0 and (before < 0 or known is None)
        self.adjust(quantity, known if keeps else average)


@dataclass
class Adjustment:
    """A load, correction or transfer of settled stock, in its place among the executions."""

    quantity: Fraction
    average: Fraction | None = None
    carried: bool = False  # it came from another account, with the average that it had there


@dataclass
class Scaling:
    """A corporate action, in its place: what it has added apart from what it has made of trades."""

    action: Action
    rest: Fraction


@dataclass
class Holding:
    settled: Fraction = ZERO
    loaded_as_of: date | None = None
    ladder: Ladder = field(default_factory=Ladder)
    history: list[Execution | Adjustment | Scaling] = field(default_factory=list)
    sold_short: bool = False  # ever

    def copy(self) -> Holding:
        items = {day: replace(item) for day, item in self.ladder.items.items()}
        return replace(self, ladder=Ladder(items), history=[*self.history])

    @property
    def total(self) -> Fraction:
        return self.settled + self.ladder.due - self.ladder.owed

    @property
    def trades(self) -> list[Execution]:
        return [event for event in self.history if isinstance(event, Execution)]

    def open_on(self, day: date) -> list[Execution]:
        return [each for each in self.trades if each.in_ladder and each.settle_date == day]

    @property
    def cost(self) -> Cost:
        """Worked out from the first event on: a busted execution never was, a corrected one was so from the start."""
        cost = Cost()
        for event in self.history:
            if isinstance(event, Adjustment) and event.carried:
                cost.carry(event.quantity, event.average)
            elif isinstance(event, Adjustment):
                cost.adjust(event.quantity, event.average)
            elif isinstance(event, Scaling):
                change = event.rest + sum((each.change_by(event.action) for each in self.trades), ZERO)
                cost.scale(event.action.ratio, change)
            elif event.placed:
                cost.close(event.signed(event.placed), event.value, event.order.instrument.factor)
                cost.trade(event.signed(event.placed), event.price * event.quantity / event.placed)
        return cost

    @property
    def average_price(self) -> Fraction | None:
        average = self.cost.average
        return None if average is None else nearest(average, PRICE_DECIMALS)
