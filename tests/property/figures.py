"""Steps that change settled figures: batches, what banks and registries say at the start of a day, adjustments."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property import strategies as draw
from tests.property.machine import Day


class Figures(Day):
    @rule(days=st.integers(-1, 4), account=st.none() | draw.accounts)
    def settle(self, days: int, account: str | None) -> None:
        day = self.model.today + timedelta(days)
        self.say("settle", self.name("S"), day, **({"account": account} if account else {}))

    @rule(
        account=draw.accounts,
        currency=draw.currencies,
        booked=st.integers(-500, 60000),
        days=st.integers(-3, 0),
        supersede=st.booleans(),
    )
    def load_cash(self, account: str, currency: str, booked: int, days: int, supersede: bool) -> None:
        """The bank's figure for the end of an earlier day: what moved since stays on top."""
        as_of, digest = self.model.today + timedelta(days), self.name("file").ljust(32, "-").encode()
        rows = [(account, currency, booked)]
        by = "desk" if supersede else None
        self.pair.do("load_cash", as_of, rows, source="bank", digest=digest, supersede=supersede, by=by)

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        lots=st.integers(-3, 60),
        price=st.none() | st.sampled_from(("1.23456789", "7", "10.5")),
        days=st.integers(-3, 0),
        source=st.sampled_from(("registry", "another")),
    )
    def load_holdings(
        self, account: str, instrument: str, lots: int, price: str | None, days: int, source: str
    ) -> None:
        as_of, digest = self.model.today + timedelta(days), self.name("file").ljust(32, "-").encode()
        rows = [(account, instrument, draw.quantity(instrument, lots), price)]
        self.pair.do("load_holdings", as_of, rows, source=source, digest=digest)

    @rule(account=draw.accounts, instrument=draw.instruments, lots=st.integers(-30, 30).filter(bool), by=draw.users)
    def adjust(self, account: str, instrument: str, lots: int, by: str | None) -> None:
        self.say("adjust", account, instrument, draw.quantity(instrument, lots), self.name("J"), "found", by=by)
