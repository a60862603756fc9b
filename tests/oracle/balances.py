"""What banks and registries tell while the market is open. Owns that each report counts once, and is a fact."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.books import Cash, Holding
from tests.oracle.corporate import Corporate
from tests.oracle.numbers import ZERO, Number, as_date, exact
from tests.oracle.requests import Result


class Balances(Corporate):
    def __init__(self) -> None:
        super().__init__()
        self.told: dict[tuple[str, str], tuple[object, ...]] = {}  # what each report said, by feed and id

    def define_custodian(self, name: str) -> None:
        """A bank or registry: it needs no more than its name."""

    def balance(
        self,
        feed: str,
        id: str,
        account: str,
        item: str,
        *,
        delta: Number | None = None,
        absolute: Number | None = None,
        as_of: date | str | None = None,
        reference: str = "",
    ) -> Result:
        """What has moved, or what there is. Of a past date: at its end. Of today: at this moment."""
        self.alerts = []
        amount, day = exact(absolute if delta is None else delta), as_date(as_of) or self.today
        said = (account, item, delta is None, amount, day)
        status = self.refused_report((feed, id), said, dated=as_of is not None)
        if status:
            self.alerts += [status] if status != "movement_repeated" else []
            return Result(status, alerts=self.alerts)
        self.told[feed, id] = said
        row: Cash | Holding = self.stock[account, item] if item in self.instruments else self.books[account, item]
        before = self.free_now(account, item)
        if delta is not None:
            self.pay_out(reference, account, item, -amount)
            if row.loaded_as_of is None or day > row.loaded_as_of:
                self.restate_row(account, row, item, day, amount)
                self.moved.append((account, item, day, amount))
        elif row.loaded_as_of is None or day >= row.loaded_as_of:
            change = amount + self.moved_since(account, item, day) - row.settled
            self.restate_row(account, row, item, day, change)
            seen = day - timedelta(1) if day == self.today else day
            row.loaded_as_of = max(seen, row.loaded_as_of or seen)
        else:
            return Result("report_stale")
        if self.free_now(account, item) < 0 <= before and not self.may_be_short(account, item):
            self.alerts.append("available_negative")
        return Result("ok", alerts=self.alerts)

    def refused_report(self, key: tuple[str, str], said: tuple[object, ...], dated: bool) -> str | None:
        account, item, *_, day = said
        if account not in self.accounts:
            return "account_unknown"
        if item not in self.instruments and item not in self.currencies:
            return "instrument_unknown"
        if day > self.today:
            return "report_out_of_range"
        if key not in self.told:
            return None
        known = self.told[key]
        same = known[:-1] == said[:-1] and (known[-1] == day or not dated)
        return "movement_repeated" if same else "movement_conflict"

    def restate_row(self, account: str, row: Cash | Holding, item: str, day: date, amount: Fraction) -> None:
        row.settled += amount
        if isinstance(row, Holding):
            self.note_change(account, item, row, day, amount)

    def moved_since(self, account: str, item: str, as_of: date) -> Fraction:
        """A figure of this moment has seen it all."""
        if as_of == self.today:
            return ZERO
        mine = (each for each in self.moved if each[:2] == (account, item))
        return sum((amount for *_, day, amount in mine if day > as_of), ZERO)

    def pay_out(self, reference: str, account: str, item: str, amount: Fraction) -> None:
        """A payment that names a client's withdrawal, and is of its amount, is that one."""
        asked = self.withdrawals.get(reference)
        if asked and (asked.account, asked.currency, asked.amount, asked.status) == (
            account,
            item,
            amount,
            "requested",
        ):
            asked.status = "confirmed"

    def free_now(self, account: str, item: str) -> Fraction:
        owner = self.accounts[account]
        if item in self.instruments:
            return self.available_stock(owner, self.instruments[item])
        return self.available_cash(owner, self.currencies[item])

    def may_be_short(self, account: str, item: str) -> bool:
        return item in self.instruments and self.accounts[account].short_allowed
