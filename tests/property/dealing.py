"""Steps of trading and nothing else: orders that are there at once, fills, busts, corrections, and the days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.numbers import ZERO
from tests.oracle.orders import Execution, Order
from tests.property import strategies as draw
from tests.property.exchange import plain
from tests.property.machine import Day, newest
from tests.property.world import EXCHANGES

instruments = st.sampled_from(("Q", "Q", "Q", "PEN", "PEN", "FUT", "TODAY"))  # few, so that much happens to each
sides = st.sampled_from(("buy", "buy", "sell", "sell_short"))
settles = st.none() | st.none() | st.integers(0, 4)  # days from today


def counts(order: Order) -> Fraction:
    """Its executions in units of today."""
    return sum((each.counts for each in order.executions), ZERO)


class Dealing(Day):
    def tell(self, exec_type: str, order: Order, **fields: Any) -> str:
        feed = order.instrument.exchange.feeds[0].name
        return self.say("report", exec_type, order_id=order.order_id, feed=feed, **fields)

    def dealt(self) -> list[Order]:
        return [order for order in self.model.orders if order.order_id]

    def trades(self) -> list[Execution]:
        return [each for order in self.dealt() for each in order.executions]

    def day_of(self, order: Order, early: int) -> date:
        return order.instrument.exchange.trade_date - timedelta(early)

    @rule(
        account=draw.accounts,
        instrument=instruments,
        side=sides,
        lots=st.integers(1, 60),
        ticks=st.integers(-40, 40),
        part=st.sampled_from((1, 1, 2, 3)),
        early=st.sampled_from((0, 0, 0, 0, 1, 2)),
    )
    def deal(self, account: str, instrument: str, side: str, lots: int, ticks: int, part: int, early: int) -> None:
        """An order that was entered at the exchange, with its first fill: a fact, whatever the account has."""
        price = draw.price(instrument, ticks)
        terms = {"account": account, "instrument": instrument, "side": side, "time_in_force": "gtc", "price": price}
        quantity = draw.quantity(instrument, max(1, lots // part))
        day = self.model.instruments[instrument].exchange.trade_date - timedelta(early)
        fill = {"exec_id": self.name("E"), "last_qty": quantity, "last_px": price, "trade_date": day}
        feed = self.model.instruments[instrument].exchange.feeds[0].name
        order_id = self.name("F")
        whole = draw.quantity(instrument, lots)
        self.say("report", "trade", order_id=order_id, order_qty=whole, feed=feed, **terms, **fill)

    @precondition(lambda self: self.dealt())
    @rule(
        index=draw.recent, lots=st.integers(1, 20), ticks=st.integers(-40, 40), early=st.sampled_from((0, 0, 0, 1, 2))
    )
    def fill(self, index: int, lots: int, ticks: int, early: int) -> None:
        order = newest(self.dealt(), index)
        symbol = order.instrument.symbol
        figures = {"last_qty": draw.quantity(symbol, lots), "last_px": draw.price(symbol, ticks)}
        self.tell("trade", order, exec_id=self.name("E"), trade_date=self.day_of(order, early), **figures)

    @precondition(lambda self: self.dealt())
    @rule(index=draw.recent)
    def cancel(self, index: int) -> None:
        self.tell("canceled", newest(self.dealt(), index))

    @precondition(lambda self: self.dealt())
    @rule(index=draw.recent, lots=draw.more_lots, ticks=st.integers(-3, 3), counted=st.booleans())
    def restate(self, index: int, lots: int, ticks: int, counted: bool) -> None:
        """With its cum, maybe, in units of today: first of all where a corporate action has made that another one."""
        scaled = [each for each in self.dealt() if counts(each) != each.cum_qty]
        order = newest((counted and scaled) or self.dealt(), index)
        symbol = order.instrument.symbol
        announced = [each for each in self.model.actions.values() if each.state == "announced"]
        counted = counted and order.instrument not in [each.instrument for each in announced]
        told = {"cum_qty": plain(counts(order))} if counted else {}
        figures = {"order_qty": draw.quantity(symbol, lots), "price": draw.price(symbol, ticks)}
        self.tell("restated", order, **figures, **told)

    def reference(self, trade: Execution, kind: str, settles_in: int | None) -> dict[str, Any]:
        dates = {} if settles_in is None else {"settle_date": self.model.today + timedelta(settles_in)}
        names = {"exec_id": self.name(kind), "exec_ref_id": trade.exec_ids[-1], "trade_date": trade.trade_date}
        return names | dates

    @precondition(lambda self: self.trades())
    @rule(index=draw.recent, settles_in=settles)
    def bust(self, index: int, settles_in: int | None) -> None:
        trade = newest(self.trades(), index)
        self.tell("trade_cancel", trade.order, **self.reference(trade, "B", settles_in))

    @precondition(lambda self: self.trades())
    @rule(index=draw.recent, lots=st.integers(1, 60), ticks=st.integers(-40, 40), settles_in=settles)
    def correct(self, index: int, lots: int, ticks: int, settles_in: int | None) -> None:
        trade = newest(self.trades(), index)
        symbol = trade.order.instrument.symbol
        figures = {"last_qty": draw.quantity(symbol, lots), "last_px": draw.price(symbol, ticks)}
        self.tell("trade_correct", trade.order, **self.reference(trade, "G", settles_in), **figures)

    @rule(days=st.sampled_from((1, 1, 1, 2)), opens=st.sampled_from((True, True, False)))
    def next_day(self, days: int, opens: bool) -> None:
        self.pair.do("business_date", self.model.today + timedelta(days))
        for exchange in EXCHANGES if opens else ():
            self.pair.do("session", exchange, "open", self.model.today)
