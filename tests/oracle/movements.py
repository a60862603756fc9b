"""Deposits, withdrawals, adjustments, transfers and margin. Owns that each books once, by its reference."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.books import Adjustment, Cash, Holding
from tests.oracle.checks import first_of
from tests.oracle.ledger import Withdrawal
from tests.oracle.loads import Loads
from tests.oracle.numbers import ZERO, Number, exact
from tests.oracle.requests import Result


class Movements(Loads):
    def __init__(self) -> None:
        super().__init__()
        self.references: dict[str, tuple[object, ...]] = {}

    def deposit(self, account: str, currency: str, amount: Number, reference: str, by: str | None = None) -> Result:
        return self.book_once(reference, ("deposit", account, currency, exact(amount)), by)

    def withdraw(
        self,
        account: str,
        currency: str,
        amount: Number,
        reference: str,
        by: str | None = None,
        override: bool = False,
        stage: str = "at_once",
    ) -> Result:
        """At once by an operator; of a client in stages: held, then paid or refused."""
        if stage == "request":
            return Result(self.ask_for(account, currency, exact(amount), reference, by, override))
        if stage != "at_once":
            return Result(self.end_withdrawal(account, currency, exact(amount), reference, by, f"{stage}ed"))
        return self.book_once(reference, ("withdrawal", account, currency, -exact(amount)), by, override)

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
        return self.book_once(reference, ("adjustment", account, item, exact(amount)), by, override)

    def book_once(self, reference: str, movement: tuple[object, ...], by: str | None, override: bool = False) -> Result:
        """Once for each reference; below what is free only on record."""
        kind, code, item, amount = movement
        account = self.accounts[code]
        if by is not None and not self.operates(by, account):
            return Result("permission_denied")
        if not amount or (amount < 0 and kind == "deposit"):
            return Result("reference_invalid")
        if reference in self.references:
            same = self.references[reference] == movement
            return Result("movement_repeated" if same else "movement_conflict")
        if reference in self.withdrawals:
            return Result("movement_conflict")
        if amount < 0 and -amount > self.free(code, item) and not override:
            return Result("booked_below_zero")
        self.references[reference] = movement
        self.book_movement(code, item, amount)
        return Result()

    def free(self, code: str, item: str) -> Fraction:
        """What may leave the account."""
        account = self.accounts[code]
        if item not in self.instruments:
            return self.withdrawable(account, self.currencies[item])
        available = self.available_stock(account, self.instruments[item])
        return max(ZERO, min(self.stock[code, item].settled, available))

    def book_movement(self, code: str, item: str, amount: Fraction, average: Fraction | None = None) -> None:
        if item in self.instruments:
            row: Cash | Holding = self.stock[code, item]
            row.history.append(Adjustment(amount, average, carried=average is not None))
        else:
            row = self.books[code, item]
        row.settled += amount
        self.moved.append((code, item, self.today, amount))

    # withdrawals in stages

    def ask_for(
        self, code: str, currency: str, amount: Fraction, reference: str, by: str | None, override: bool
    ) -> str:
        """A client's own account has to be open; an operator asks for any."""
        account, operator = self.accounts[code], by is None or self.operates(by)
        if amount <= 0:
            return "reference_invalid"
        if not operator and not self.may(by, account):
            return "permission_denied"
        asked = Withdrawal(code, currency, amount)
        if reference in self.withdrawals:
            known = self.withdrawals[reference]
            same = (known.account, known.currency, known.amount) == (code, currency, amount)
            return "movement_repeated" if same else "movement_conflict"
        if reference in self.references:
            return "movement_conflict"
        closed = "ok" if operator else first_of(self.standing(by, account))
        if closed != "ok":
            return closed
        if amount > self.free(code, currency) and not (override and operator):
            return "booked_below_zero"
        self.withdrawals[reference] = asked
        return "ok"

    def end_withdrawal(
        self, code: str, currency: str, amount: Fraction, reference: str, by: str | None, status: str
    ) -> str:
        """The bank's word; nothing said of the amount means all of it."""
        if by is not None and not self.operates(by, self.accounts[code]):
            return "permission_denied"
        known = self.withdrawals.get(reference)
        if known is None:
            return "withdrawal_unknown"
        if (known.account, known.currency) != (code, currency) or amount not in (ZERO, known.amount):
            return "movement_conflict"
        if known.status != "requested":
            return "movement_repeated" if known.status == status else "withdrawal_ended"
        known.status = status
        if status == "confirmed":
            self.references[reference] = ("withdrawal", code, currency, -known.amount)
            self.book_movement(code, currency, -known.amount)
        return "ok"

    # from account to account

    def transfer(
        self,
        account: str,
        to: str,
        item: str,
        amount: Number,
        reference: str,
        to_currency: str = "",
        to_amount: Number = 0,
        margin: bool = False,
        by: str | None = None,
        override: bool = False,
    ) -> Result:
        """Both legs at once, once for each reference."""
        leaves, arrives, target = exact(amount), exact(to_amount if to_currency else amount), to_currency or item
        movement = ("margin" if margin else "transfer", account, to, item, leaves, target, arrives)
        refused = self.refused_transfer(movement, reference, by, plain=not (margin or override or to_currency))
        if refused:
            return Result(refused)
        if margin:
            cash = self.books[account, item]
            available = self.available_cash(self.accounts[account], self.currencies[item])
            if leaves > cash.margin or (leaves > available and not override):
                return Result("margin_insufficient")
            cash.margin -= leaves
            self.books[to, item].margin += leaves
        else:
            if leaves > self.free(account, item) and not override:
                return Result("booked_below_zero")
            average = self.stock[account, item].average_price if item in self.instruments else None
            self.book_movement(account, item, -leaves)
            self.book_movement(to, target, arrives, average)
        self.references[reference] = movement
        return Result()

    def refused_transfer(self, movement: tuple[object, ...], reference: str, by: str | None, plain: bool) -> str | None:
        """An operator moves anything; a client money between accounts of its own."""
        kind, account, to, item, leaves, target, arrives = movement
        pair = (self.accounts[account], self.accounts[to])
        stock = item in self.instruments
        if by is not None and not all(self.operates(by, each) for each in pair):
            operator = self.operates(by)
            if operator or stock or not plain or not all(self.may(by, each) for each in pair):
                return "permission_denied"
        changes = target != item
        if leaves <= 0 or arrives <= 0 or (account == to and not changes) or (changes and (stock or kind == "margin")):
            return "reference_invalid"
        if reference in self.references:
            return "movement_repeated" if self.references[reference] == movement else "movement_conflict"
        return "movement_conflict" if reference in self.withdrawals else None

    def set_margin(self, account: str, currency: str, margin: Number) -> Result:
        self.books[account, currency].margin = exact(margin)
        return Result()
