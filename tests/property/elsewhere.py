"""Steps of exchanges about orders that were not entered here, and their lists of what is open."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.orders import CUM_DIFFERS, EXTERNAL, WAITING, Order
from tests.property import strategies as draw
from tests.property.exchange import SIZES, Exchanges, plain
from tests.property.machine import newest
from tests.property.world import EXCHANGE_OF, LOT

WORKING = ("pending_new", "new", "partially_filled")


class Elsewhere(Exchanges):
    def external(self) -> list[Order]:
        return [order for order in self.model.orders if order.flags & EXTERNAL]

    def about(self, exec_type: str, order: Order, **fields: Any) -> str:
        """A report that names the order as the exchange does."""
        feed = order.instrument.exchange.feeds[0].name
        return self.say("report", exec_type, order_id=order.order_id, feed=feed, **fields)

    def foreign(self, account: str, instrument: str, side: str, lots: int, ticks: int) -> dict[str, Any]:
        return {
            "order_id": self.name("F"),
            "account": account,
            "instrument": instrument,
            "side": side,
            "order_qty": draw.quantity(instrument, lots),
            "price": draw.price(instrument, ticks),
        }

    @rule(
        account=draw.accounts | st.just("NOBODY"),
        instrument=draw.instruments,
        side=draw.sides | st.just("sell_short"),
        lots=draw.more_lots,
        ticks=st.integers(-3, 3),
        time_in_force=st.sampled_from(("day", "gtc")),
        filled=st.integers(0, 4),
    )
    def enter_elsewhere(
        self, account: str, instrument: str, side: str, lots: int, ticks: int, time_in_force: str, filled: int
    ) -> None:
        order = self.foreign(account, instrument, side, lots, ticks) | {"time_in_force": time_in_force}
        order["feed"] = EXCHANGE_OF[instrument]
        if filled < 3:
            self.say("report", "new", **order)
        else:
            size = plain(Fraction(LOT[instrument]) * (lots if filled == 4 else 1))
            fill = {"exec_id": self.name("E"), "last_qty": size, "last_px": order["price"]}
            self.say("report", "trade", **order, **fill)

    @precondition(lambda self: self.external())
    @rule(index=draw.recent, size=st.sampled_from(SIZES), ticks=st.integers(-3, 1))
    def fill_elsewhere(self, index: int, size: str, ticks: int) -> None:
        order = newest(self.external(), index)
        quantity, price = plain(self.size(order, size)), plain(self.fill_price(order, ticks))
        self.about("trade", order, exec_id=self.name("E"), last_qty=quantity, last_px=price)

    @precondition(lambda self: self.external())
    @rule(index=draw.recent, exec_type=st.sampled_from(("new", "canceled", "expired", "done_for_day")))
    def tell_of_it(self, index: int, exec_type: str) -> None:
        self.about(exec_type, newest(self.external(), index))

    @precondition(lambda self: any(order.executions for order in self.external()))
    @rule(index=draw.recent)
    def bust_elsewhere(self, index: int) -> None:
        trade = newest([each for order in self.external() for each in order.executions], index)
        fields = {"exec_id": self.name("B"), "exec_ref_id": trade.exec_ids[-1], "trade_date": trade.trade_date}
        self.about("trade_cancel", trade.order, **fields)

    @rule(exec_type=st.sampled_from(("canceled", "expired")), feed=draw.feeds)
    def tell_of_a_ghost(self, exec_type: str, feed: str) -> None:
        self.pair.do("report", exec_type, order_id="ghost", feed=feed, exec_id=self.name("E"))

    @rule(exchange=draw.exchanges, complete=st.booleans(), data=st.data())
    def list_open_orders(self, exchange: str, complete: bool, data: Any) -> None:
        """Most of what is open there, some with other terms or a cum that is not ours, some never heard of."""
        rows = []
        for order in self.model.live(self.model.exchanges[exchange]):
            kept = data.draw(st.sampled_from(("same", "same", "same", "other", "more", "absent")))
            sent = order.request.status not in WAITING and (order.order_id or self.current(order))
            complete = complete and order.ord_status in WORKING  # a list has no word for other states
            if kept != "absent" and sent and order.ord_status in WORKING:
                rows.append(self.row(order, kept))
        if data.draw(st.booleans()):
            symbol = data.draw(draw.instruments.filter(lambda symbol: EXCHANGE_OF[symbol] == exchange))
            account = data.draw(draw.accounts)
            rows.append(self.foreign(account, symbol, data.draw(draw.sides), 3, 0) | {"cum_qty": "0"})
        self.pair.do("open_orders", exchange, rows, complete)

    def row(self, order: Order, kept: str) -> dict[str, Any]:
        lot = Fraction(LOT[order.instrument.symbol])
        name = order.request.cl_ord_id
        quantity = order.terms.order_qty + (lot if kept == "other" else 0)
        return {
            **({"cl_ord_id": name} if name and self.current(order) else {"order_id": order.order_id}),
            "account": order.account.code,
            "instrument": order.instrument.symbol,
            "side": order.side,
            "order_qty": plain(quantity),
            "cum_qty": plain(order.cum_qty + (lot if kept == "more" or order.flags & CUM_DIFFERS else 0)),
            "price": plain(order.terms.price),
            "ord_type": order.terms.ord_type,
            "time_in_force": order.terms.time_in_force,
            "expire_date": order.terms.expire_date,
        }
