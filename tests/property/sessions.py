"""Steps of clients' sessions: one ends, comes back in time or too late, and what was asked may be told again."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.property import strategies as draw
from tests.property.floor import CLIENTS, Floor
from tests.property.machine import newest

WHO = st.sampled_from(("alice", "alice", "bob", "desk"))


class Sessions(Floor):
    @initialize()
    def ask_for_a_grace(self) -> None:
        """The desk asks for none: its orders stay."""
        self.pair.do("define_user", "alice", ["trade"], cancel_on_disconnect=10)
        self.pair.do("define_user", "bob", ["trade_any", "operate"], cancel_on_disconnect=1)

    @rule(name=WHO)
    def lose_a_session(self, name: str) -> None:
        self.pair.do("user_lost", name)

    @rule(name=WHO, seconds=st.sampled_from((0, 0, 1, 9, 10)))
    def come_back(self, name: str, seconds: int) -> None:
        """Nothing is heard in between, but by who comes back."""
        self.pair.do("advance", seconds)
        self.pair.do("user_back", name)
        self.pair.do("tick")

    @rule(seconds=st.sampled_from((1, 9, 10)))
    def wait(self, seconds: int) -> None:
        self.pair.do("advance", seconds)
        self.pair.do("tick")

    @precondition(lambda self: self.said)
    @rule(index=draw.recent)
    def resend(self, index: int) -> None:
        """As it was: a name that is known gets its first answer, one that is free again is asked anew."""
        method, args, fields = newest(self.said, index)
        if method in ("submit", "replace", "cancel"):
            self.pair.do(method, *args, **(fields | {"poss_resend": True}))

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent, instrument=draw.instruments, lots=draw.more_lots, by=CLIENTS)
    def resend_something_else(self, index: int, instrument: str, lots: int, by: str | None) -> None:
        """The name counts, and not what is asked under it."""
        account, name = newest(self.keys(), index)
        self.resent("submit", account, name, instrument, "buy", draw.quantity(instrument, lots), "1", by=by)

    @precondition(lambda self: self.open())
    @rule(index=draw.recent, known=st.booleans(), lots=draw.more_lots, kind=st.sampled_from(("replace", "cancel")))
    def resend_a_change(self, index: int, known: bool, lots: int, kind: str) -> None:
        order = newest(self.open(), index)
        account, orig = order.account.code, order.request.cl_ord_id
        names = [key[1] for key in self.keys() if key[0] == account]
        name = newest(names, index) if known else self.name("R")
        terms = {"order_qty": draw.quantity(order.instrument.symbol, lots)} if kind == "replace" else {}
        self.resent(kind, account, name, orig, **terms)

    @rule(account=draw.accounts, instrument=draw.instruments, lots=draw.more_lots, by=CLIENTS)
    def resend_what_never_came(self, account: str, instrument: str, lots: int, by: str | None) -> None:
        quantity, price = draw.quantity(instrument, lots), draw.price(instrument, 0)
        name = self.name("P")
        for _ in range(2):
            self.resent("submit", account, name, instrument, "buy", quantity, price, by=by)

    def resent(self, method: str, *args: Any, **fields: Any) -> None:
        self.pair.do(method, *args, poss_resend=True, **fields)
