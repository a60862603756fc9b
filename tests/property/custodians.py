"""Steps of banks and registries while the market is open: what has moved and what there is, late, twice and wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property import strategies as draw
from tests.property.exchange import plain
from tests.property.machine import Day, newest
from tests.property.world import CUSTODIANS

custodians = st.sampled_from(CUSTODIANS)
dates = st.none() | st.sampled_from((-3, -2, -1, 0, 0, 1))  # from today; None = not told


class Custodians(Day):
    def told_of(self, days: int | None) -> dict[str, Any]:
        return {} if days is None else {"as_of": self.model.today + timedelta(days)}

    @rule(
        feed=custodians,
        account=st.one_of(*[draw.accounts] * 6, st.just("NOBODY")),
        currency=st.one_of(*[draw.currencies] * 6, st.just("XXX")),
        amount=st.integers(-60000, 30000),
        absolute=st.booleans(),
        days=dates,
    )
    def tell_of_money(
        self, feed: str, account: str, currency: str, amount: int, absolute: bool, days: int | None
    ) -> None:
        figure = {"absolute" if absolute else "delta": amount}
        self.say("balance", feed, self.name("B"), account, currency, **figure, **self.told_of(days))

    @rule(
        feed=custodians,
        account=draw.accounts,
        instrument=draw.instruments,
        lots=st.integers(-20, 40),
        absolute=st.booleans(),
        days=dates,
    )
    def tell_of_stock(
        self, feed: str, account: str, instrument: str, lots: int, absolute: bool, days: int | None
    ) -> None:
        figure = {"absolute" if absolute else "delta": draw.quantity(instrument, lots)}
        self.say("balance", feed, self.name("B"), account, instrument, **figure, **self.told_of(days))

    @precondition(lambda self: self.model.told)
    @rule(feed=custodians, index=draw.recent, account=draw.accounts, amount=st.integers(-5, 5))
    def reuse_a_report(self, feed: str, index: int, account: str, amount: int) -> None:
        """Another one under the same name, or by another custodian."""
        self.pair.do("balance", feed, newest([*self.model.told], index)[1], account, "AUD", delta=amount)

    @precondition(lambda self: self.model.withdrawals)
    @rule(feed=custodians, index=draw.recent, more=st.sampled_from((0, 0, 0, 1)), days=dates)
    def pay_a_withdrawal(self, feed: str, index: int, more: int, days: int | None) -> None:
        reference, asked = newest([*self.model.withdrawals.items()], index)
        fields = {"delta": plain(-asked.amount - more), "reference": reference, **self.told_of(days)}
        self.say("balance", feed, self.name("B"), asked.account, asked.currency, **fields)
