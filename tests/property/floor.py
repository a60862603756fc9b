"""A small market around clients: a few orders, few words of the exchange, and what stops them. So small that what is
rare elsewhere, a session that ends or a list that breaks, happens often, and happens to live orders."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.orders import HELD, Order, Request
from tests.property import strategies as draw
from tests.property.exchange import plain
from tests.property.machine import Day, newest
from tests.property.world import EXCHANGES, LOT

CLIENTS = st.sampled_from(("alice", "alice", "bob", "desk", None))
SYMBOLS = st.sampled_from(("Q", "Q", "PEN", "YEN"))  # YEN goes to the desk
BEYOND = 60  # lots that are beyond most limits, or the cover


class Floor(Day):
    @rule(account=draw.accounts, symbol=SYMBOLS, side=draw.sides, lots=st.integers(1, BEYOND), by=CLIENTS)
    def ask(self, account: str, symbol: str, side: str, lots: int, by: str | None) -> None:
        quantity, price = draw.quantity(symbol, lots), draw.price(symbol, 0)
        self.say("submit", account, self.name("U"), symbol, side, quantity, price, time_in_force="gtc", by=by)

    @precondition(lambda self: self.open())
    @rule(index=draw.recent, lots=st.integers(1, BEYOND), by=CLIENTS)
    def change(self, index: int, lots: int, by: str | None) -> None:
        order = newest(self.open(), index)
        quantity = draw.quantity(order.instrument.symbol, lots)
        self.say("replace", order.account.code, self.name("V"), order.request.cl_ord_id, order_qty=quantity, by=by)

    @precondition(lambda self: self.open())
    @rule(index=draw.recent, by=CLIENTS)
    def cancel(self, index: int, by: str | None) -> None:
        order = newest(self.open(), index)
        self.say("cancel", order.account.code, self.name("Z"), order.request.cl_ord_id, by=by)

    @precondition(lambda self: self.model.queue())
    @rule(index=draw.recent, passes=st.booleans())
    def decide(self, index: int, passes: bool) -> None:
        request = newest(self.model.queue(), index)
        self.pair.do("authorise" if passes else "reject", request.account.code, request.cl_ord_id, "desk")

    # the exchange

    def open(self) -> list[Order]:
        """Without those of which a list holds something back: what stops them comes for many at once."""
        held = [each.order for each in self.model.requests.values() if each.status == HELD]
        return [order for order in super().open() if order not in held]

    def out(self) -> list[Order]:
        return [order for order in self.open() if order.request.feed]

    def unanswered(self) -> list[Request]:
        return [each for order in self.out() for each in order.pending if each.feed and each.cl_ord_id]

    @precondition(lambda self: self.out())
    @rule(index=draw.recent, whole=st.booleans())
    def fill(self, index: int, whole: bool) -> None:
        order = newest(self.out(), index)
        size = order.leaves_qty if whole else min(order.leaves_qty, Fraction(LOT[order.instrument.symbol]))
        names = {"account": order.account.code, "cl_ord_id": order.request.cl_ord_id, "exec_id": self.name("E")}
        price = draw.price(order.instrument.symbol, 0)
        self.say("report", "trade", **names, last_qty=plain(size), last_px=price)

    @precondition(lambda self: self.unanswered())
    @rule(index=draw.recent, agrees=st.booleans())
    def answer(self, index: int, agrees: bool) -> None:
        request = newest(self.unanswered(), index)
        account, name = request.account.code, request.cl_ord_id
        word = "replaced" if request.type == "replace" else "canceled"
        if agrees:
            self.say("report", word, account=account, cl_ord_id=name)
        else:
            self.say("cancel_reject", account, name)

    @rule(feed=st.sampled_from(EXCHANGES), lost=st.booleans())
    def feed(self, feed: str, lost: bool) -> None:
        self.pair.do("lose_feed" if lost else "open_feed", feed)

    @rule(exchange=draw.exchanges, state=st.sampled_from(("ended", "complete")))
    def end_a_session(self, exchange: str, state: str) -> None:
        self.pair.do("session", exchange, state)

    # what stops trading

    @rule(
        scope=st.sampled_from((("account", "A"), ("user", "alice"), ("instrument", "Q"), ("firm", ""))),
        state=st.sampled_from(("killed", "killed", "halted", "active")),
    )
    def control(self, scope: tuple[str, str], state: str) -> None:
        self.pair.do("control", *scope, state)

    @rule(account=st.none() | draw.accounts, symbol=st.none() | SYMBOLS, user=st.none() | CLIENTS)
    def mass_cancel(self, account: str | None, symbol: str | None, user: str | None) -> None:
        self.pair.do("mass_cancel", account, symbol, user=user)

    @rule()
    def resume(self) -> None:
        """A market that trades, whatever has stopped it."""
        for scope in (("account", "A"), ("user", "alice"), ("instrument", "Q"), ("firm", "")):
            self.pair.do("control", *scope, "active")
        for exchange in EXCHANGES:
            self.pair.do("session", exchange, "open", max(self.model.today, self.model.exchanges[exchange].trade_date))
            self.pair.do("open_feed", exchange)

    @rule()
    def next_day(self) -> None:
        self.pair.do("business_date", self.model.today + timedelta(1))
        self.resume()
