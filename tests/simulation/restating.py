"""A matching exchange whose instruments change overnight: orders that rest are restated or cancelled, trades scale.

A trade's own quantity and price stay those of its day, and so are its bust and correction told; what it counts of its
order's cum_qty is in units of today.
"""

from __future__ import annotations

from dataclasses import replace

from oms.adapters.book import Order
from oms.adapters.matching import Exchange as Matching
from oms.adapters.matching import Trade
from oms.enums import ExecType, SessionState
from tests.simulation.issuers import Action

TICK = 100


class Restating(Matching):
    def __init__(self, *args: object, **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type]
        self.counts: dict[tuple[Order, Trade], int] = {}  # where it is not the trade's own quantity

    def next_day(self) -> None:
        """Unlike a real one it remembers all requests of before: it may be asked for them."""
        self.trade_date += 1
        self.state = SessionState.open

    def scale(self, action: Action) -> None:
        """The session is over. What is filled stays so: its old shares are not bid for again."""
        book = self.books[action.symbol]
        book.last = 0
        book.listing = replace(book.listing, reference_price=int(book.listing.reference_price / action.ratio))
        for order in {id(order): order for order in self.orders.values() if order}.values():
            if order.book is book and not order.open:
                order.may_rest = False
        for order in list(self.live.values()):
            if order.book is book and action.restates:
                self._restate(order, action)
            elif order.book is book:
                self.cancel(order)

    def _restate(self, order: Order, action: Action) -> None:
        """Its price goes to the next tick that is no worse for its owner."""
        order.book.side(order.is_buy).remove(order)
        order.order_qty = int(order.order_qty * action.ratio)
        order.cum_qty = 0
        for trade in {id(trade): trade for trade in self.trades.values() if order in trade.orders}.values():
            self.counts[order, trade] = int(self.counts.get((order, trade), trade.quantity) * action.ratio)
            if not trade.busted:
                order.cum_qty += self.counts[order, trade]
        order.leaves_qty = order.order_qty - order.cum_qty
        ticks = order.price / action.ratio / TICK
        order.set_price(TICK * (int(ticks) if order.is_buy else -int(-ticks // 1)))
        order.book.side(order.is_buy).add(order)
        self._report(order, int(ExecType.restated))

    def _bust_side(self, order: Order, trade: Trade, ref: str) -> None:
        order.cum_qty -= self.counts.get((order, trade), trade.quantity) - trade.quantity
        super()._bust_side(order, trade, ref)
