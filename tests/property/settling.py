"""Steps of settlement in parts: what a batch takes of single trades, what it fails, and what it must leave behind."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from oms.booking import SettlementItem
from tests.oracle.orders import Execution
from tests.property import strategies as draw
from tests.property.exchange import plain
from tests.property.machine import Day, newest
from tests.property.world import ACCOUNTS, CURRENCIES

SHARES = (None, None, Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(2))  # of what is open; None = not told


class Settling(Day):
    def unsettled(self) -> list[Execution]:
        """Trades that their name alone finds, and of which one row is open."""
        every = [each for order in self.model.orders for each in order.executions]
        names = Counter(name for each in every for name in each.exec_ids)
        return [
            each
            for each in every
            if each.in_ladder
            and each.quantity
            and not each.taken_back
            and each.order.instrument.settlement_days
            and all(names[name] == 1 for name in each.exec_ids)
        ]

    @precondition(lambda self: self.unsettled())
    @rule(
        index=draw.recent,
        share=st.sampled_from(SHARES),
        paid=st.sampled_from((None, None, None, *SHARES)),
        days=st.integers(-1, 3),
    )
    def settle_in_part(self, index: int, share: Fraction | None, paid: Fraction | None, days: int) -> None:
        """So much of its stock, so much of its money; more than is open is refused."""
        trade = newest(self.unsettled(), index)
        unit = trade.order.instrument.currency.exponent
        lot = trade.order.instrument.lot
        quantity = None if share is None else plain(abs(trade.open_stock) * share // lot * lot)
        amount = None if paid is None else plain(Fraction(int(abs(trade.open_money) * paid * 10**unit), 10**unit))
        item = SettlementItem(trade.exec_ids[0], quantity, amount)
        self.batch(days, items=[item])

    @precondition(lambda self: self.unsettled())
    @rule(index=draw.recent, days=st.integers(0, 4), alone=st.booleans(), account=st.none() | draw.accounts)
    def fail_to_settle(self, index: int, days: int, alone: bool, account: str | None) -> None:
        """All that is due settles (or, alone, nothing), but this: it stays open, and late."""
        trade = newest(self.unsettled(), index)
        fields: dict[str, Any] = {"items": []} if alone else {}
        code = None if account is None else trade.order.account.code
        self.batch(days, code, fail=[trade.exec_ids[-1]], **fields)

    @rule(
        days=st.integers(0, 4),
        account=draw.accounts,
        of=st.sampled_from(ACCOUNTS),
        currency=st.sampled_from(CURRENCIES),
        off=st.sampled_from((0, 0, 1)),
    )
    def settle_as_expected(self, days: int, account: str, of: str, currency: str, off: int) -> None:
        """The bank says what the balance will be; one that differs refuses the whole batch."""
        trial = self.model.copy()
        trial.settle("trial", self.model.today + timedelta(days), account)
        expected = plain(trial.settled(of, currency) + off)
        self.batch(days, account, expected={(of, currency): expected})

    def batch(self, days: int, account: str | None = None, **fields: Any) -> None:
        self.pair.do("settle", self.name("S"), self.model.today + timedelta(days), account, **fields)
