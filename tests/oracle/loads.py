"""Start-of-day figures. Owns what of the books the bank and the registry have told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.books import Adjustment, Cash, Holding, Scaling
from tests.oracle.numbers import ZERO, Number, as_date, exact, known
from tests.oracle.reference import Account
from tests.oracle.requests import Result
from tests.oracle.settlement import Settlement


class Loads(Settlement):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[tuple[str, date, str, bytes]] = []  # kind, as of, source, digest

    def load_cash(self, as_of: date | str, rows: Iterable[tuple[str, str, Number]], **file: Any) -> Result:
        """The bank's figures: positions at the end of `as_of`, not changes. file: as of `refused_load`."""
        day = as_date(as_of)
        if refused := self.refused_load("cash", day, **file):
            return Result(refused)
        for account, currency, booked in rows:
            self.take_over(self.books[account, currency], account, currency, day, exact(booked))
        return Result()

    def load_holdings(
        self, as_of: date | str, rows: Iterable[tuple[str, str, Number, Number | None]], **file: Any
    ) -> Result:
        """The registry's figures; a price is taken over only where no average is known. file: as of `refused_load`."""
        day = as_date(as_of)
        if refused := self.refused_load("holdings", day, **file):
            return Result(refused)
        for account, instrument, settled, average_price in rows:
            holding = self.stock[account, instrument]
            change = self.take_over(holding, account, instrument, day, exact(settled))
            told = known(average_price) if holding.cost.average is None else None
            self.note_change(account, instrument, holding, day, change, told)
        return Result()

    def note_change(
        self, account: str, item: str, holding: Holding, day: date, change: Fraction, told: Fraction | None = None
    ) -> None:
        """A change as of a date before corporate actions has its place before them, and each makes more of it."""
        since = [each for each in self.applied if each.instrument.symbol == item and each.ex_date > day]
        if not since:
            holding.history.append(Adjustment(change, told))
            return
        first, loose, placed = change, change, False
        for action in since:
            more = action.scaled(change) - change
            at = [isinstance(event, Scaling) and event.action is action for event in holding.history]
            if True in at:
                place = at.index(True)
                holding.history[place] = Scaling(action, holding.history[place].rest + more)
                if not placed:
                    holding.history.insert(place, Adjustment(loose, told))
                    loose, placed = ZERO, True
            else:
                loose += more
            self.moved.append((account, action.instrument.symbol, action.ex_date, more))
            change += more
        if loose:
            holding.history.append(Adjustment(loose))
        holding.settled += change - first

    def refused_load(
        self,
        kind: str,
        as_of: date,
        source: str = "",
        digest: bytes = b"",
        supersede: bool = False,
        by: str | None = None,
    ) -> str | None:
        """A file counts once; another of the same source and date only by a named operator."""
        if by is not None and not self.operates(by):
            return "permission_denied"
        if any(load[3] == digest for load in self.loads):
            return "load_repeated"
        if any(load[:3] == (kind, as_of, source) for load in self.loads) and not (supersede and by):
            return "load_superseded_unsigned"
        self.loads.append((kind, as_of, source, digest))
        return None

    def take_over(self, row: Cash | Holding, account: str, item: str, as_of: date, figure: Fraction) -> Fraction:
        """What settled or moved after the date that the figure describes stays on top. Returns the change."""
        later = sum(
            (amount for code, what, day, amount in self.moved if (code, what) == (account, item) and day > as_of), ZERO
        )
        before, row.settled = row.settled, figure + later
        row.loaded_as_of = max(as_of, row.loaded_as_of or as_of)
        return row.settled - before

    def operates(self, by: str, account: Account | None = None) -> bool:
        user = self.users[by]
        mine = account is None or user.owner in (0, account.owner)
        return user.active and "operate" in user.permissions and mine
