"""Steps of exchanges: acceptance, fills on time, late, beyond the order, busted, corrected and repeated, and feeds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.orders import Execution, Order, Request
from tests.property import strategies as draw
from tests.property.machine import Day, newest
from tests.property.world import LOT, TICK

SIZES = ("lot", "lot", "half", "all", "all", "too much")


def plain(number: Fraction) -> str:
    return str(Decimal(number.numerator) / number.denominator)


class Exchanges(Day):
    def sent(self) -> list[Request]:
        """News that an exchange can know of, dead orders included."""
        return [order.request for order in self.model.orders if order.request.feed and self.current(order)]

    def unanswered(self) -> list[Request]:
        """Replaces and cancels that an exchange has to answer."""
        pending = [request for order in self.model.orders for request in order.pending if self.current(order)]
        return [request for request in pending if request.feed and request.cl_ord_id]

    def trades(self) -> list[Execution]:
        return [execution for order in self.model.orders if self.current(order) for execution in order.executions]

    def tell(self, exec_type: str, request: Request, **fields: Any) -> str:
        fields |= {"account": request.account.code, "instrument": request.order.instrument.symbol}
        return self.say("report", exec_type, cl_ord_id=request.cl_ord_id, **fields)

    def size(self, order: Order, size: str) -> Fraction:
        lot, leaves = Fraction(LOT[order.instrument.symbol]), order.terms.order_qty - order.cum_qty
        if size == "half":
            return max(lot, leaves / 2 // lot * lot)
        if size == "all":
            return max(lot, leaves)
        return max(lot, leaves + lot) if size == "too much" else lot

    def fill_price(self, order: Order, ticks: int) -> Fraction:
        tick = Fraction(TICK[order.instrument.symbol])
        return max(tick, order.terms.price + ticks * tick)

    # orders

    @precondition(lambda self: self.sent())
    @rule(index=draw.recent, named=st.booleans(), ticks=st.none() | st.none() | st.integers(-3, 3))
    def accept(self, index: int, named: bool, ticks: int | None) -> None:
        """An order without a limit may be told where it stands."""
        request = newest(self.sent(), index)
        stated = ticks is not None and request.terms.protected
        price = draw.price(request.order.instrument.symbol, ticks) if stated else None
        self.tell("new", request, order_id=f"O{request.cl_ord_id}" if named else "", price=price)

    def working(self) -> list[Order]:
        return [order for order in self.open() if order.request.feed]

    @precondition(lambda self: self.working())
    @rule(
        index=draw.recent,
        size=st.sampled_from(SIZES),
        ticks=st.integers(-3, 1),
        ord_status=st.sampled_from((None, None, "partially_filled", "pending_cancel", "pending_replace", "suspended")),
        jump=st.sampled_from((None, None, 0, 0, 1)),
    )
    def fill(self, index: int, size: str, ticks: int, ord_status: str | None, jump: int | None) -> None:
        """With the exchange's own word and number, or without; a jump in the numbers is a gap."""
        order = newest(self.working(), index)
        quantity, price = plain(self.size(order, size)), plain(self.fill_price(order, ticks))
        if order.terms.time_in_force not in ("day", "gtc", "gtd"):
            ord_status = None
        fields: dict[str, Any] = {"ord_status": ord_status}
        if jump is not None:
            fields["feed_sequence"] = order.instrument.exchange.feeds[0].last_in + 1 + jump
        if order.terms.protected and index % 2:
            fields["price"] = price
        self.tell("trade", order.request, exec_id=self.name("E"), last_qty=quantity, last_px=price, **fields)

    @rule(feed=draw.feeds)
    def close_gap(self, feed: str) -> None:
        self.pair.do("close_gap", feed)

    @precondition(lambda self: self.sent())
    @rule(index=draw.recent, size=st.sampled_from(SIZES), ticks=st.integers(-3, 1), day=st.integers(0, 6))
    def fill_whatever_it_is(self, index: int, size: str, ticks: int, day: int) -> None:
        """Late, beyond the order, under any name of its chain, of an earlier day."""
        order = newest(self.sent(), index).order
        quantity, price = plain(self.size(order, size)), plain(self.fill_price(order, ticks))
        fields: dict[str, Any] = {}
        if day == 6:
            fields["trade_date"] = self.earlier(order.instrument.exchange.trade_date)
        request = newest([r for r in self.chain(order) if r.type != "cancel" and r.feed], index // 3)
        self.tell("trade", request, exec_id=self.name("E"), last_qty=quantity, last_px=price, **fields)

    def earlier(self, day: date) -> date:
        return day - timedelta(1)

    @precondition(lambda self: self.trades() and self.sent())
    @rule(trade=draw.recent, index=draw.recent, size=st.sampled_from(SIZES))
    def fill_under_a_used_exec_id(self, trade: int, index: int, size: str) -> None:
        """A conflict on the same exchange, day and side; another trade on any other."""
        order, exec_id = newest(self.sent(), index).order, newest(self.trades(), trade).exec_ids[0]
        quantity, price = plain(self.size(order, size)), plain(self.fill_price(order, 0))
        self.tell("trade", order.request, exec_id=exec_id, last_qty=quantity, last_px=price)

    @precondition(lambda self: self.sent())
    @rule(
        index=draw.recent,
        exec_type=st.sampled_from(("canceled", "canceled", "expired", "done_for_day", "rejected", "pending_cancel")),
        missing=st.sampled_from((None, None, 0, 2)),
    )
    def end(self, index: int, exec_type: str, missing: int | None) -> None:
        """With a cum that is ours, or one that says that a trade has not come yet."""
        request = newest(self.sent(), index)
        order = request.order
        lot = Fraction(LOT[order.instrument.symbol])
        fields = {} if missing is None else {"cum_qty": plain(order.cum_qty + missing * lot)}
        self.tell(exec_type, request, **fields)

    @precondition(lambda self: self.sent())
    @rule(
        index=draw.recent,
        exec_type=st.sampled_from(("suspended", "stopped", "calculated", "triggered", "order_status")),
        word=st.sampled_from(("new", "partially_filled", "filled", "suspended", "canceled", "expired")),
    )
    def say_what_it_is(self, index: int, exec_type: str, word: str) -> None:
        fields = {"ord_status": word} if exec_type == "order_status" else {}
        self.tell(exec_type, newest(self.sent(), index), **fields)

    @precondition(lambda self: self.working())
    @rule(
        index=draw.recent,
        lots=st.none() | draw.more_lots,
        ticks=st.none() | st.integers(-3, 3),
        word=st.sampled_from((None, None, "suspended", "new")),
    )
    def restate(self, index: int, lots: int | None, ticks: int | None, word: str | None) -> None:
        """Other terms, or none, without being asked."""
        order = newest(self.working(), index)
        symbol = order.instrument.symbol
        figures = {
            "order_qty": None if lots is None else draw.quantity(symbol, lots),
            "price": None if ticks is None else draw.price(symbol, ticks),
        }
        told = {name: value for name, value in figures.items() if value is not None}
        self.tell("restated", order.request, ord_status=word, **told)

    # answers to replaces and cancels

    @precondition(lambda self: self.unanswered())
    @rule(index=draw.recent)
    def confirm(self, index: int) -> None:
        request = newest(self.unanswered(), index)
        self.tell("replaced" if request.type == "replace" else "canceled", request)

    @precondition(lambda self: self.unanswered())
    @rule(index=draw.recent)
    def think_about_it(self, index: int) -> None:
        request = newest(self.unanswered(), index)
        self.tell("pending_replace" if request.type == "replace" else "pending_cancel", request)

    @precondition(lambda self: self.unanswered())
    @rule(index=draw.recent, ord_status=st.sampled_from((None, "new", "partially_filled", "filled")))
    def refuse(self, index: int, ord_status: str | None) -> None:
        request = newest(self.unanswered(), index)
        self.say("cancel_reject", request.account.code, request.cl_ord_id, ord_status=ord_status)

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent)
    def refuse_again(self, index: int) -> None:
        """An answer to what may have been answered, or closed, before."""
        request = newest(list(self.model.requests.values()), index)
        if request.feed and request.type != "new" and request.cl_ord_id:
            self.say("cancel_reject", request.account.code, request.cl_ord_id)

    # busts and corrections

    @precondition(lambda self: self.trades())
    @rule(index=draw.recent, settles_in=st.none() | st.integers(0, 5))
    def bust(self, index: int, settles_in: int | None) -> None:
        trade = newest(self.trades(), index)
        fields = self.reference(trade, settles_in)
        self.tell("trade_cancel", trade.order.request, exec_id=self.name("B"), **fields)

    @precondition(lambda self: self.trades())
    @rule(index=draw.recent, lots=draw.more_lots, ticks=st.integers(-3, 3), settles_in=st.none() | st.integers(0, 5))
    def correct(self, index: int, lots: int, ticks: int, settles_in: int | None) -> None:
        trade = newest(self.trades(), index)
        fields = self.reference(trade, settles_in)
        quantity = draw.quantity(trade.order.instrument.symbol, lots)
        price = plain(self.fill_price(trade.order, ticks))
        self.tell(
            "trade_correct", trade.order.request, exec_id=self.name("G"), last_qty=quantity, last_px=price, **fields
        )

    @precondition(lambda self: self.sent())
    @rule(index=draw.recent)
    def bust_the_unknown(self, index: int) -> None:
        request = newest(self.sent(), index)
        day = request.order.instrument.exchange.trade_date
        self.tell("trade_cancel", request, exec_id=self.name("B"), exec_ref_id="none", trade_date=day)

    def reference(self, trade: Execution, settles_in: int | None) -> dict[str, Any]:
        fields: dict[str, Any] = {"exec_ref_id": trade.exec_ids[-1], "trade_date": trade.trade_date}
        if settles_in is not None:
            fields["settle_date"] = self.model.today + timedelta(settles_in)
        return fields

    # feeds and sessions

    @rule(feed=draw.feeds)
    def lose_feed(self, feed: str) -> None:
        self.pair.do("lose_feed", feed)

    @rule(feed=draw.feeds, held=st.none() | st.integers(0, 3))
    def open_feed(self, feed: str, held: int | None) -> None:
        """The adapter holds all that was sent, or misses the last few."""
        fields = {} if held is None else {"last_received": max(0, self.model.feeds[feed].last_out - held)}
        self.pair.do("open_feed", feed, **fields)

    @rule(exchange=draw.exchanges, state=st.sampled_from(("open", "open", "ended", "complete")), forward=st.booleans())
    def session(self, exchange: str, state: str, forward: bool) -> None:
        today = self.model.exchanges[exchange].trade_date
        day = max(today, self.model.today) if state == "open" and forward else None
        self.pair.do("session", exchange, state, day)

    @rule(instrument=draw.instruments, ticks=st.integers(-10, 10), known=st.booleans())
    def market(self, instrument: str, ticks: int, known: bool) -> None:
        self.pair.do("market", instrument, last=draw.price(instrument, ticks) if known else "0")
