"""Orders that an exchange has and that were not entered here. Owns how they are told apart and taken in.

They are facts: reserved without a check, and flagged. What belongs to an account that nobody knows waits in suspense.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from tests.oracle.lists import Lists
from tests.oracle.numbers import ZERO
from tests.oracle.orders import EXTERNAL, Order, Request, Terms
from tests.oracle.reference import Account, Exchange, Instrument

SUSPENSE = "SUSPENSE"


class External(Lists):
    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[str] = []  # of the step at hand

    def order_at(self, exchange: Exchange, order_id: str) -> Order | None:
        """The order that the exchange calls so."""
        mine = (order for order in self.orders if order.instrument.exchange is exchange)
        return next((order for order in mine if order_id and order.order_id == order_id), None)

    def adopt(self, account: str, order_id: str, instrument: Instrument, side: str, terms: Terms) -> Order:
        """An order from elsewhere: what the exchange says of it stands, whatever is free in the account."""
        owner = self.accounts.get(account) or self.suspense()
        request = Request(owner, "", ("external", order_id), "new", None, self.time_ns, self.today, status="completed")
        request.terms = self.protected(owner, instrument, side, terms)
        order = Order(
            owner, instrument, side, request, request.terms, instrument.exchange.trade_date, order_id=order_id
        )
        order.ord_status, order.flags, request.order = "new", EXTERNAL, order
        with self.watch(order):
            self.orders.append(order)
        self.alerts.append("external_order")
        return order

    def suspense(self) -> Account:
        """Of the first class that was defined; nobody trades in it."""
        if SUSPENSE not in self.accounts:
            self.accounts[SUSPENSE] = Account(SUSPENSE, next(iter(self.classes.values())), "", 0, "suspended", set())
        return self.accounts[SUSPENSE]

    def below_zero(self) -> bool:
        """Whether anything that is available anywhere is below zero."""
        cash = (self.available_cash(self.accounts[code], self.currencies[money]) for code, money in list(self.books))
        stock = (self.available_stock(self.accounts[code], self.instruments[what]) for code, what in list(self.stock))
        return any(figure < 0 for figure in (*cash, *stock))

    @contextmanager
    def watch(self, order: Order) -> Iterator[None]:
        """A fact that takes what is available below zero is told, but for stock that may be sold short."""

        def free() -> tuple[Fraction, Fraction]:
            account, instrument = order.account, order.instrument
            stock = ZERO if account.short_allowed else self.available_stock(account, instrument)
            return self.available_cash(account, instrument.currency), stock

        before = free()
        yield
        if any(after < 0 <= figure for figure, after in zip(before, free(), strict=True)):
            self.alerts.append("available_negative")
