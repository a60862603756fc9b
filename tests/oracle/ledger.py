"""What an order holds, what its executions cost, and what is available. Owns every figure of the books.

Nothing here is kept that can be worked out: holds are functions of the orders, postings of their executions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction

from tests.oracle.books import Cash, Holding, Item
from tests.oracle.numbers import ZERO, add_business_days, upwards
from tests.oracle.orders import Execution, Order, Terms
from tests.oracle.reference import Account, Currency, Instrument, Reference

ALL_DAYS = 3650  # a class that counts receivables so far ahead counts all of them


class Ledger(Reference):
    def __init__(self) -> None:
        super().__init__()
        self.today: date | None = None
        self.books: defaultdict[tuple[str, str], Cash] = defaultdict(Cash)
        self.stock: defaultdict[tuple[str, str], Holding] = defaultdict(Holding)
        self.orders: list[Order] = []

    # holds

    def terms_hold(self, order: Order, terms: Terms) -> tuple[Fraction, Fraction]:
        """Money and stock that these terms may still take."""
        leaves = terms.order_qty - order.cum_qty
        if leaves <= 0:
            return ZERO, ZERO
        value = upwards(order.instrument.value(terms.price, leaves), order.instrument.currency.exponent)
        done = order.cum_value

        def fee(x: Fraction) -> Fraction:
            return self.fee(order.account, order.instrument, order.side, x)

        if order.side == "buy":
            return value + max(ZERO, fee(done + value) - fee(done)), ZERO
        return max(ZERO, fee(done + value) - (done + value)), leaves

    def hold(self, order: Order, *more: Terms) -> tuple[Fraction, Fraction]:
        """The most that the terms in force, and those of every replace without an answer, may take.

        A filled order still holds for a replace that may reopen it; a dead one for executions that are missing.
        """
        terms = [request.terms for request in order.pending if request.type == "replace"] + list(more)
        if not order.closed:
            terms.append(order.terms)
        elif order.missing_qty:
            terms.append(replace(order.terms, order_qty=order.cum_qty + order.missing_qty))
        holds = [self.terms_hold(order, each) for each in terms]
        return max((cash for cash, _ in holds), default=ZERO), max((stock for _, stock in holds), default=ZERO)

    def reserved_cash(self, account: Account, currency: Currency) -> Fraction:
        mine = (o for o in self.orders if o.account is account and o.instrument.currency is currency)
        return sum((self.hold(order)[0] for order in mine), ZERO)

    def reserved_stock(self, account: Account, instrument: Instrument) -> Fraction:
        mine = (o for o in self.orders if o.account is account and o.instrument is instrument)
        return sum((self.hold(order)[1] for order in mine), ZERO)

    # what is available

    def countable(self, account: Account, currency: Currency) -> Fraction:
        """Receivables that the policy counts: so many business days ahead, none that is late."""
        ahead = account.account_class.receivable_days
        if not ahead:
            return ZERO
        last = date.max if ahead >= ALL_DAYS else add_business_days(self.today, ahead, currency.holidays)
        return self.books[account.code, currency.code].ladder.due_within(self.today, last)

    def available_cash(self, account: Account, currency: Currency) -> Fraction:
        cash = self.books[account.code, currency.code]
        free = cash.settled + cash.margin - cash.ladder.owed - self.reserved_cash(account, currency)
        return free + self.countable(account, currency)

    def withdrawable(self, account: Account, currency: Currency) -> Fraction:
        cash = self.books[account.code, currency.code]
        return max(ZERO, cash.settled - cash.ladder.owed - self.reserved_cash(account, currency))

    def available_stock(self, account: Account, instrument: Instrument) -> Fraction:
        holding = self.stock[account.code, instrument.symbol]
        free = holding.settled - holding.ladder.owed - self.reserved_stock(account, instrument)
        return free + (holding.ladder.due if account.account_class.sell_unsettled else ZERO)

    # postings

    def charges(self, order: Order) -> Iterator[tuple[Execution, Fraction, Fraction]]:
        """Of each execution, what is owed and what is due for it, with its part of the order's fee.

        A sell's fee comes out of its proceeds; what they do not cover is owed when the order ends.
        """
        value = charged = ZERO
        last = order.effective[-1] if order.effective else None
        for execution in order.executions:
            value += execution.value
            fee = self.fee(order.account, order.instrument, order.side, value)
            covered = fee if order.side == "buy" else min(fee, value)
            part, charged = covered - charged, covered
            if order.side == "buy":
                yield execution, execution.value + part, ZERO
                continue
            due = execution.value - part
            owed = fee - covered if execution is last and order.closed else ZERO
            yield execution, owed + max(ZERO, -due), max(ZERO, due)

    def post(self, order: Order, later: date | None = None) -> None:
        """Brings the books to what the executions are now; what that changes of settled fees is an item of its own."""
        cash = self.books[order.account.code, order.instrument.currency.code]
        holding = self.stock[order.account.code, order.instrument.symbol]
        fees = ZERO
        for execution, owed, due in list(self.charges(order)):
            bought = execution.quantity if order.side == "buy" else ZERO
            if execution.settled:
                fees += (owed - due) - (execution.money.owed - execution.money.due)
                continue
            self.repost(cash, execution, execution.money, owed, due)
            self.repost(holding, execution, execution.stock, execution.quantity - bought, bought)
        change, order.fee_items = fees - order.fee_items, fees
        cash.ladder.post(self.reversal_date(order, later), max(ZERO, change), max(ZERO, -change))

    def repost(self, book: Cash | Holding, execution: Execution, posted: Item, owed: Fraction, due: Fraction) -> None:
        change_owed, change_due = owed - posted.owed, due - posted.due
        posted.owed, posted.due = owed, due
        if execution.at_once:
            book.settled += change_due - change_owed
        else:
            book.ladder.post(execution.settle_date, change_owed, change_due)

    def reversal_date(self, order: Order, told: date | None) -> date:
        return told or order.instrument.settle_date(self.today)

    def reverse_settled(self, execution: Execution, told: date | None) -> None:
        """The opposite of what a settlement has moved falls due later; from here on the execution is unsettled."""
        order, day = execution.order, self.reversal_date(execution.order, told)
        for book, posted in (
            (self.books[order.account.code, order.instrument.currency.code], execution.money),
            (self.stock[order.account.code, order.instrument.symbol], execution.stock),
        ):
            book.ladder.post(day, posted.due, posted.owed)
        execution.money, execution.stock = Item(), Item()
        execution.settle_date, execution.settled = day, False
