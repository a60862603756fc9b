"""What settles, whole and in parts. Owns that what a batch leaves open of its items is late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from fractions import Fraction
from typing import Protocol, Self

from tests.oracle.disconnects import Disconnects
from tests.oracle.numbers import Number, as_date, exact, known, nearest
from tests.oracle.orders import Execution
from tests.oracle.requests import Result


class Part(Protocol):
    """Of a trade, so much stock and so much money; None of both = all that is open."""

    @property
    def trade(self) -> str | int: ...
    @property
    def quantity(self) -> Number | None: ...
    @property
    def amount(self) -> Number | None: ...


class Settlement(Disconnects):
    def __init__(self) -> None:
        super().__init__()
        self.batches: set[str] = set()

    def settle(
        self,
        batch_id: str,
        day: date | str,
        account: str | None = None,
        *,
        items: Iterable[Part] | None = None,
        expected: Mapping[tuple[str, str], Number] | None = None,
        fail: Iterable[str] = (),
    ) -> Result:
        """All that is due by `day`, of one account or of all, but what fails; or only the items. Once for each batch.

        What it would leave behind is tried on a copy: one balance that is not the expected one refuses all of it.
        """
        items, failing, until = items if items is None else list(items), list(fail), as_date(day)
        if batch_id in self.batches:
            return Result("settlement_repeated")
        for item in items or ():
            refused = self.refused_item(item, account)
            if refused:
                return Result(refused)
        if any(self.open_trade(trade, account) is None for trade in failing):
            return Result("settlement_item_unknown")
        if expected:
            trial = self.copy()
            trial.settle(batch_id, until, account, items=items, fail=failing)
            if any(trial.settled(*key) != exact(figure) for key, figure in expected.items()):
                return Result("settlement_balance_differs")
        self.batches.add(batch_id)
        failed = [self.open_trade(trade, account) for trade in failing]
        if items is None:
            for code in [account] if account else self.accounts:
                self.settle_account(code, until, until, failed)
        for item in items or ():
            self.settle_part(self.open_trade(item.trade, account), item, until)
        for execution in failed:
            execution.late = True
        return Result()

    def any_late(self) -> bool:
        return any(each.late for order in self.orders for each in order.executions)

    def copy(self) -> Self:
        """To try something on."""
        return deepcopy(self)

    def settled(self, account: str, item: str) -> Fraction:
        return (self.stock if item in self.instruments else self.books)[account, item].settled

    def open_trade(self, exec_id: str | int, account: str | None) -> Execution | None:
        for order in self.orders:
            for execution in order.executions:
                if exec_id in execution.exec_ids and execution.in_ladder and account in (None, order.account.code):
                    return execution
        return None

    def settle_account(self, code: str, until: date, moves: date | None, failed: list[Execution]) -> None:
        """What is due, but what has failed; `moves`: the date on which it does, None = each item on its own."""
        mine = [each for each in failed if each.order.account.code == code]
        for execution in mine:
            self.lift(execution, -1)
        for (owner, _), cash in self.books.items():
            if owner == code:
                cash.short.take(until)
        for book in (self.books, self.stock):
            for (owner, item), row in book.items():
                for due, net in row.ladder.take(until).items() if owner == code else ():
                    self.take_in(row, code, item, moves or due, net)
        for execution in mine:
            self.lift(execution, 1)
        for order in self.orders:
            for fee in order.fee_rows:
                fee.settled |= fee.date <= until and order.account.code == code
            for execution in order.executions:
                due = execution.in_ladder and execution.settle_date <= until
                if due and order.account.code == code and execution not in mine:
                    self.settled_whole(execution)

    def begin_day(self, day: date) -> None:
        """Contractual settlement: the date has come; what a batch has failed waits for a batch."""
        late = [each for order in self.orders for each in order.executions if each.in_ladder and each.late]
        for account in self.accounts.values():
            if account.account_class.contractual:
                self.settle_account(account.code, day, None, late)

    # parts

    def part_of(self, execution: Execution, item: Part) -> tuple[Fraction, Fraction]:
        """Money and stock, signed as they come; the money of a quantity that is told is its share of what is open."""
        money, stock = execution.open_money, execution.open_stock
        quantity, amount = known(item.quantity), known(item.amount)
        if quantity is not None:
            if quantity < abs(stock):
                exponent = execution.order.instrument.currency.exponent
                money = nearest(money * quantity / abs(stock), exponent)
            stock = quantity if stock > 0 else -quantity
        if amount is not None:
            money = amount if execution.open_money > 0 else -amount
        return money, stock

    def refused_item(self, item: Part, account: str | None) -> str | None:
        execution = self.open_trade(item.trade, account)
        if execution is None:
            return "settlement_item_unknown"
        if item.quantity is None and item.amount is None:
            return None
        money, stock = self.part_of(execution, item)
        more = abs(stock) > abs(execution.open_stock) or abs(money) > abs(execution.open_money)
        return "settlement_item_exceeds" if more or not (money or stock) else None

    def settle_part(self, execution: Execution, item: Part, day: date) -> None:
        money, stock = self.part_of(execution, item)
        order = execution.order
        cash, holding = self.rows(order)
        self.lift(execution, -1)
        execution.settled_money += money
        execution.settled_stock += stock
        self.lift(execution, 1)
        self.take_in(cash, order.account.code, order.instrument.currency.code, day, money)
        self.take_in(holding, order.account.code, order.instrument.symbol, day, stock)
        if execution.open_money or execution.open_stock:
            execution.late = True
        else:
            self.settled_whole(execution)

    def settled_whole(self, execution: Execution) -> None:
        execution.settled_money += execution.open_money
        execution.settled_stock += execution.open_stock
        execution.settled, execution.in_ladder, execution.late = True, False, False
