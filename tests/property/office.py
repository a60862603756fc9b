"""Steps of the back office and of time: dates, money in and out, control."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property import strategies as draw
from tests.property.figures import Figures
from tests.property.machine import newest
from tests.property.world import ACCOUNTS, EXCHANGES, INSTRUMENTS, USERS

SCOPES = {
    "firm": ("",),
    "exchange": EXCHANGES,
    "account": ACCOUNTS,
    "instrument": INSTRUMENTS,
    "user": USERS,
}


class Office(Figures):
    @rule(days=st.sampled_from((1, 1, 1, 2, 3, 0)))
    def next_day(self, days: int) -> None:
        self.pair.do("business_date", self.model.today + timedelta(days))

    @rule(seconds=st.sampled_from((1, 15, 31)))
    def time_passes(self, seconds: int) -> None:
        self.pair.do("advance", seconds)
        self.pair.do("tick")

    @rule(account=draw.accounts, currency=draw.currencies, amount=st.integers(0, 30000), by=draw.users)
    def deposit(self, account: str, currency: str, amount: int, by: str | None) -> None:
        self.say("deposit", account, currency, amount, self.name("D"), by=by)

    @rule(
        account=draw.accounts,
        currency=draw.currencies,
        amount=st.integers(1, 60000),
        override=st.booleans(),
        by=draw.users,
    )
    def withdraw(self, account: str, currency: str, amount: int, override: bool, by: str | None) -> None:
        self.say("withdraw", account, currency, amount, self.name("W"), by=by, override=override)

    @precondition(lambda self: self.model.references)
    @rule(account=draw.accounts, currency=draw.currencies, index=draw.recent, amount=st.integers(1, 9))
    def reuse_a_reference(self, account: str, currency: str, index: int, amount: int) -> None:
        self.pair.do("deposit", account, currency, amount, newest(list(self.model.references), index))

    @rule(account=draw.accounts, currency=draw.currencies, margin=st.integers(0, 20000))
    def set_margin(self, account: str, currency: str, margin: int) -> None:
        self.pair.do("set_margin", account, currency, margin)

    @rule(scope=st.sampled_from(tuple(SCOPES)), state=draw.states, data=st.data())
    def control(self, scope: str, state: str, data: Any) -> None:
        self.pair.do("control", scope, data.draw(st.sampled_from(SCOPES[scope])), state)

    @rule(
        account=st.none() | draw.accounts,
        instrument=st.none() | draw.instruments,
        exchange=st.none() | st.none() | draw.exchanges,
        side=st.none() | st.none() | draw.sides,
        user=st.none() | st.none() | st.sampled_from(USERS),
        by=st.sampled_from((None, None, "alice", "bob", "gone")),
    )
    def mass_cancel(self, by: str | None, **described: str | None) -> None:
        self.pair.do("mass_cancel", **described, by=by)

    def control_of(self, scope: str, name: str) -> str:
        if scope == "firm":
            return self.model.firm_control
        return getattr(self.model, f"{scope}s")[name].control

    @rule()
    def resume_all(self) -> None:
        """Back to a market that trades, so that a long day does not stay halted."""
        for scope, names in SCOPES.items():
            for name in names:
                if self.control_of(scope, name) != "active":
                    self.pair.do("control", scope, name, "active")
        for exchange in EXCHANGES:
            self.pair.do("session", exchange, "open", max(self.model.today, self.model.exchanges[exchange].trade_date))
            self.pair.do("open_feed", exchange)
