"""Steps of clients who ask for several things as one: lists that become whole, that fail, and that something ends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property import strategies as draw
from tests.property.floor import BEYOND, SYMBOLS, Floor
from tests.property.machine import newest

SOUND = st.one_of(*[st.integers(1, 9)] * 3, st.just(BEYOND))
SENDERS = st.sampled_from(("bob", "bob", None, "alice"))
MEMBER = st.tuples(draw.accounts, SYMBOLS, st.sampled_from(("buy", "buy", "buy", "sell")), SOUND)


class Listing(Floor):
    def member(self, terms: tuple[str, str, str, int], by: str | None) -> None:
        account, symbol, side, lots = terms
        what = (symbol, side, draw.quantity(symbol, lots), draw.price(symbol, 0))
        self.say("submit", account, self.name("L"), *what, time_in_force="gtc", listed=True, by=by)

    @precondition(lambda self: not self.senders())
    @rule(count=st.integers(2, 3), whole=st.sampled_from((True, True, True, False)), by=SENDERS)
    def begin_list(self, count: int, whole: bool, by: str | None) -> None:
        self.pair.do("begin_list", count, all_or_nothing=whole, by=by)

    @rule(members=st.lists(MEMBER, min_size=2, max_size=3), short=st.booleans(), trading=st.booleans(), by=SENDERS)
    def tell_list(self, members: list[Any], short: bool, trading: bool, by: str | None) -> None:
        """To its end, or all but the last: something else comes in between then."""
        if trading:
            self.resume()
        self.pair.do("begin_list", len(members), by=by)
        for terms in members[: len(members) - short]:
            self.member(terms, by)

    def senders(self) -> list[str | None]:
        return list(self.model.lists)

    @precondition(lambda self: self.senders())
    @rule(index=draw.recent, terms=MEMBER)
    def go_on(self, index: int, terms: tuple[str, str, str, int]) -> None:
        self.member(terms, newest(self.senders(), index))

    @precondition(lambda self: self.senders() and self.open())
    @rule(index=draw.recent, which=draw.recent, lots=SOUND)
    def go_on_with_a_change(self, index: int, which: int, lots: int) -> None:
        order = newest(self.open(), which)
        quantity, by = draw.quantity(order.instrument.symbol, lots), newest(self.senders(), index)
        names = (order.account.code, self.name("M"), order.request.cl_ord_id)
        self.say("replace", *names, order_qty=quantity, listed=True, by=by)

    @rule(terms=MEMBER, by=SENDERS)
    def tell_a_member(self, terms: tuple[str, str, str, int], by: str | None) -> None:
        """Mostly of no list."""
        self.member(terms, by)
