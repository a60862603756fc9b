"""What an order holds, what its executions cost, and what is available. Owns every figure of the books.

Nothing here is kept that can be worked out: holds are functions of the orders, postings of their executions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tests.oracle.books import Adjustment, Cash, Holding, Item, Ladder
from tests.oracle.numbers import ZERO, add_business_days, upwards
from tests.oracle.orders import Execution, FeeRow, Order, Terms
from tests.oracle.reference import SHORT, Account, Currency, Instrument, Reference

ALL_DAYS = 3650  # a class that counts receivables so far ahead counts all of them


@dataclass
class Charge:
    """What an execution costs or brings."""

    execution: Execution
    fee: Fraction  # with tax
    tax: Fraction
    owed: Fraction
    due: Fraction


@dataclass
class Withdrawal:
    """Money that a client wants: held until the bank has paid it, or will not."""

    account: str
    currency: str
    amount: Fraction
    status: str = "requested"  # confirmed, refused


class Ledger(Reference):
    def __init__(self) -> None:
        super().__init__()
        self.today: date | None = None
        self.books: defaultdict[tuple[str, str], Cash] = defaultdict(Cash)
        self.stock: defaultdict[tuple[str, str], Holding] = defaultdict(Holding)
        self.moved: list[tuple[str, str, date, Fraction]] = []  # account, item, date, amount
        self.orders: list[Order] = []
        self.reversals: date | None = None  # when what the correction at hand reverses falls due, if it says so
        self.withdrawals: dict[str, Withdrawal] = {}  # that clients asked for, by reference

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
        excess = max(ZERO, fee(done + value) - (done + value))
        if order.side == "sell":
            return excess, leaves
        margin = Fraction(order.instrument.short_margin_bps, 10000)
        return upwards(value * margin, order.instrument.currency.exponent) + excess, ZERO

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
        waiting = (
            each.amount
            for each in self.withdrawals.values()
            if (each.account, each.currency, each.status) == (account.code, currency.code, "requested")
        )
        return sum((self.hold(order)[0] for order in mine), ZERO) + sum(waiting, ZERO)

    def reserved_stock(self, account: Account, instrument: Instrument) -> Fraction:
        mine = (o for o in self.orders if o.account is account and o.instrument is instrument)
        return sum((self.hold(order)[1] for order in mine), ZERO)

    # what is available

    def countable(self, account: Account, currency: Currency, ladder: Ladder, late: list[Execution]) -> Fraction:
        """Receivables that the policy counts: so many business days ahead, none that is late, be its date to come."""
        ahead = account.account_class.receivable_days
        if not ahead:
            return ZERO
        last = date.max if ahead >= ALL_DAYS else add_business_days(self.today, ahead, currency.holidays)
        dated = (max(ZERO, each.open_money) for each in late if self.today <= each.settle_date <= last)
        return ladder.due_within(self.today, last) - sum(dated, ZERO)

    def late(self, account: Account, currency: Currency) -> list[Execution]:
        """What a batch left open."""
        mine = (o for o in self.orders if o.account is account and o.instrument.currency is currency)
        return [each for order in mine for each in order.executions if each.in_ladder and each.late]

    def short_proceeds(self, account: Account, currency: Currency) -> Fraction:
        """What stock that was sold short, and is not bought back, had been sold for."""
        total = ZERO
        for (code, symbol), holding in list(self.stock.items()):
            what = self.instruments[symbol]
            if code == account.code and what.currency is currency and holding.sold_short and holding.total < 0:
                average = holding.cost.average
                total += ZERO if average is None else upwards(what.value(average, -holding.total), currency.exponent)
        return total

    def available_cash(self, account: Account, currency: Currency) -> Fraction:
        """Without the proceeds of open short sales: neither what of them is booked nor what is due."""
        cash, late = self.books[account.code, currency.code], self.late(account, currency)
        free = cash.settled + cash.margin - cash.ladder.owed - self.reserved_cash(account, currency)
        proceeds = self.short_proceeds(account, currency)
        still_due = min(proceeds, cash.short.due)
        counted = self.countable(account, currency, cash.ladder, late)
        short = self.countable(account, currency, cash.short, [each for each in late if each.side in SHORT])
        return free + counted - min(still_due, short) - (proceeds - still_due)

    def withdrawable(self, account: Account, currency: Currency) -> Fraction:
        cash = self.books[account.code, currency.code]
        proceeds = self.short_proceeds(account, currency)
        booked = cash.settled - max(ZERO, proceeds - cash.short.due)
        return max(ZERO, booked - cash.ladder.owed - self.reserved_cash(account, currency))

    def available_stock(self, account: Account, instrument: Instrument) -> Fraction:
        holding = self.stock[account.code, instrument.symbol]
        free = holding.settled - holding.ladder.owed - self.reserved_stock(account, instrument)
        return free + (holding.ladder.due if account.account_class.sell_unsettled else ZERO)

    # postings

    def charges(self, order: Order) -> Iterator[Charge]:
        """Of each execution, its part of the order's fee, and what is owed and what is due for it.

        A sell's fee comes out of its proceeds, brokerage before tax; what they do not cover is owed when the order
        ends.
        """
        value = charged = taxed = ZERO
        last = order.effective[-1] if order.effective else None
        for execution in order.executions:
            value += execution.value
            brokerage, tax = self.fee_and_tax(order.account, order.instrument, order.side, value)
            fee = brokerage + tax
            covered = fee if order.side == "buy" else min(fee, value)
            tax_covered = max(ZERO, tax - (fee - covered))
            part, charged = covered - charged, covered
            tax_part, taxed = tax_covered - taxed, tax_covered
            if order.side == "buy":
                yield Charge(execution, part, tax_part, execution.value + part, ZERO)
                continue
            due = execution.value - part
            ends = execution is last and order.ended
            rest, tax_rest = (fee - covered, tax - tax_covered) if ends else (ZERO, ZERO)
            yield Charge(execution, part + rest, tax_part + tax_rest, rest + max(ZERO, -due), max(ZERO, due))

    def post(self, order: Order) -> None:
        """Brings the books to what the executions are now; what that changes of settled fees is an item of its own."""
        fees = taxes = ZERO
        for charge in list(self.charges(order)):
            execution, owed, due = charge.execution, charge.owed, charge.due
            if execution.settled or execution.partly_settled:
                fees += (owed - due) - (execution.money.owed - execution.money.due)
                taxes += charge.tax - execution.tax
                continue
            bought = execution.counts if order.side == "buy" else ZERO
            money, stock = Item(owed, due), Item(execution.counts - bought, bought)
            if execution.in_ladder:
                self.replace_items(execution, money, stock)
            else:
                execution.settled = self.enter(order, execution.trade_date, execution.settle_date, money, stock)
                execution.in_ladder = not execution.settled
            execution.money, execution.stock = money, stock
            execution.fee, execution.tax = charge.fee, charge.tax
            if execution.settled:
                execution.settled_money, execution.settled_stock = money.due - money.owed, stock.due - stock.owed
        change, order.fee_items, order.tax_items = fees - order.fee_items, fees, taxes
        if change:
            row = FeeRow(change, self.reversal_date(order, self.reversals))
            row.settled = self.enter(order, self.today, row.date, *self.fee_of(row))
            order.fee_rows.append(row)

    def fee_of(self, row: FeeRow) -> tuple[Item, Item]:
        """Money and, of a fee, no stock."""
        return Item(max(ZERO, row.amount), max(ZERO, -row.amount)), Item()

    def give_back(self, order: Order, row: FeeRow) -> None:
        """A fee that stood alone never was: out of the ladder, or the opposite of what has settled."""
        if row.settled:
            self.enter(order, self.today, self.reversal_date(order, None), *self.fee_of(FeeRow(-row.amount, row.date)))
        else:
            money, _ = self.fee_of(row)
            self.rows(order)[0].ladder.post(row.date, -money.owed, -money.due)

    def enter(self, order: Order, of: date, day: date, money: Item, stock: Item) -> bool:
        """Items that fall due on a day; with nothing between trade and settlement they are booked when it has come."""
        cash, holding = self.rows(order)
        if order.instrument.settlement_days or day > max(of, self.today):
            cash.ladder.post(day, money.owed, money.due)
            if order.side in SHORT and stock != Item():  # a fee that is given back is not proceeds
                cash.short.post(day, ZERO, money.due)
            holding.ladder.post(day, stock.owed, stock.due)
            return False
        account, instrument = order.account.code, order.instrument
        self.take_in(cash, account, instrument.currency.code, day, money.due - money.owed)
        self.take_in(holding, account, instrument.symbol, day, stock.due - stock.owed)
        return True

    def take_in(self, row: Cash | Holding, account: str, item: str, day: date, net: Fraction) -> None:
        """A settled item moves, unless the figure of a bank or registry contains it: then it is only closed."""
        if row.loaded_as_of is None or day > row.loaded_as_of:
            row.settled += net
            self.moved.append((account, item, day, net))
        elif isinstance(row, Holding):
            row.history.append(Adjustment(-net))

    def replace_items(self, execution: Execution, money: Item, stock: Item) -> None:
        cash, holding = self.rows(execution.order)
        for book, posted, now in ((cash, execution.money, money), (holding, execution.stock, stock)):
            book.ladder.post(execution.settle_date, now.owed - posted.owed, now.due - posted.due)
        if execution.side in SHORT:
            cash.short.post(execution.settle_date, ZERO, money.due - execution.money.due)

    def rows(self, order: Order) -> tuple[Cash, Holding]:
        code, instrument = order.account.code, order.instrument
        return self.books[code, instrument.currency.code], self.stock[code, instrument.symbol]

    def reversal_date(self, order: Order, told: date | None) -> date:
        return told or order.instrument.settle_date(self.today)

    def lift(self, execution: Execution, sign: int) -> None:
        """Takes what is open of an execution out of the ladders, or puts it there."""
        cash, holding = self.rows(execution.order)
        for book, net in ((cash, execution.open_money), (holding, execution.open_stock)):
            book.ladder.post(execution.settle_date, sign * max(ZERO, -net), sign * max(ZERO, net))
        if execution.side in SHORT:
            cash.short.post(execution.settle_date, ZERO, sign * max(ZERO, execution.open_money))

    def reverse_settled(self, execution: Execution, told: date | None) -> None:
        """The opposite of what a settlement has moved falls due later; from here on the execution is unsettled."""
        order, day = execution.order, self.reversal_date(execution.order, told)
        if execution.in_ladder:
            self.lift(execution, -1)
        money, stock = execution.settled_money, execution.settled_stock
        back = [Item(max(ZERO, net), max(ZERO, -net)) for net in (money, stock)]
        self.enter(order, execution.trade_date, day, *back)
        execution.money, execution.stock = Item(), Item()
        execution.settled_money = execution.settled_stock = ZERO
        execution.late, execution.taken_back = False, True
        execution.settle_date, execution.settled, execution.in_ladder = day, False, False
