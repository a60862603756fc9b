"""Settlement, start-of-day figures, deposits and withdrawals. Owns what moves settled money and stock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tests.oracle.books import Adjustment
from tests.oracle.day import Day
from tests.oracle.numbers import ZERO, Number, as_date, exact, known
from tests.oracle.requests import Result


class Movements(Day):
    def __init__(self) -> None:
        super().__init__()
        self.batches: set[str] = set()
        self.references: dict[str, tuple[object, ...]] = {}
        self.loaded: set[bytes] = set()

    # settlement

    def settle(self, batch_id: str, day: date | str, account: str | None = None) -> Result:
        """All that is due by `day`, of one account or of all, once for each batch."""
        if batch_id in self.batches:
            return Result("settlement_repeated")
        self.batches.add(batch_id)
        for code in [account] if account else self.accounts:
            self.settle_account(code, as_date(day))
        return Result()

    def settle_account(self, code: str, day: date) -> None:
        for book in (self.books, self.stock):
            for (owner, _), row in book.items():
                if owner == code:
                    row.settled += row.ladder.take(day)
        for order in self.orders:
            for execution in order.executions:
                if order.account.code == code and execution.settle_date <= day:
                    execution.settled = True

    # start of day

    def load_cash(
        self, as_of: date | str, rows: Iterable[tuple[str, str, Number]], source: str = "", digest: bytes = b""
    ) -> Result:
        """The bank's figures: positions, not changes."""
        if digest in self.loaded:
            return Result("load_repeated")
        self.loaded.add(digest)
        for account, currency, booked in rows:
            self.books[account, currency].settled = exact(booked)
        return Result()

    def load_holdings(
        self,
        as_of: date | str,
        rows: Iterable[tuple[str, str, Number, Number | None]],
        source: str = "",
        digest: bytes = b"",
    ) -> Result:
        """The registry's figures; an average price only says what came without a trade."""
        if digest in self.loaded:
            return Result("load_repeated")
        self.loaded.add(digest)
        for account, instrument, settled, average_price in rows:
            holding = self.stock[account, instrument]
            change, holding.settled = exact(settled) - holding.settled, exact(settled)
            if change or average_price is not None:
                holding.history.append(Adjustment(change, known(average_price)))
        return Result()

    # movements

    def deposit(self, account: str, currency: str, amount: Number, reference: str, by: str | None = None) -> Result:
        return self.move(reference, ("deposit", account, currency, exact(amount)), by)

    def withdraw(
        self,
        account: str,
        currency: str,
        amount: Number,
        reference: str,
        by: str | None = None,
        override: bool = False,
    ) -> Result:
        return self.move(reference, ("withdrawal", account, currency, -exact(amount)), by, override)

    def adjust(
        self,
        account: str,
        item: str,
        amount: Number,
        reference: str,
        reason: str = "",
        by: str | None = None,
        override: bool = False,
    ) -> Result:
        return self.move(reference, ("adjustment", account, item, exact(amount)), by, override)

    def move(self, reference: str, movement: tuple[object, ...], by: str | None, override: bool = False) -> Result:
        """Once for each reference; below what is free only on record."""
        _, code, item, amount = movement
        if by is not None and "operate" not in self.users[by].permissions:
            return Result("permission_denied")
        if reference in self.references:
            same = self.references[reference] == movement
            return Result("movement_repeated" if same else "movement_conflict")
        account = self.accounts[code]
        if item in self.instruments:
            row, free = self.stock[code, item], self.available_stock(account, self.instruments[item])
        else:
            row, free = self.books[code, item], self.withdrawable(account, self.currencies[item])
        if amount < 0 and -amount > max(ZERO, free) and not override:
            return Result("booked_below_zero")
        self.references[reference] = movement
        row.settled += amount
        if item in self.instruments:
            row.history.append(Adjustment(amount))
        return Result()

    def set_margin(self, account: str, currency: str, margin: Number) -> Result:
        self.books[account, currency].margin = exact(margin)
        return Result()
