"""What can be seen of the state, with the names of the embedded engine. Owns nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import ZERO
from tests.oracle.orders import Order, average, quantity
from tests.oracle.validation import Validation

FLAGS = {1: "external", 2: "overfilled", 4: "filled_after_close", 8: "cum_differs", 16: "expired_here"}
FLAGS |= {32: "to_be_restated", 64: "restated"}
LadderView = dict[date, tuple[Fraction, Fraction]]


@dataclass
class CashView:
    booked: Fraction
    payable: Fraction
    receivable: Fraction
    reserved: Fraction
    margin: Fraction
    available: Fraction
    withdrawable: Fraction
    short_proceeds: Fraction
    ladder: LadderView


@dataclass
class HoldingView:
    settled: Fraction
    incoming: Fraction
    outgoing: Fraction
    reserved: Fraction
    total: Fraction
    available: Fraction
    average_price: Fraction | None
    ladder: LadderView


@dataclass
class OrderView:
    side: str
    order_id: str
    ord_status: str
    shown_status: str
    closed: bool
    flags: tuple[str, ...]
    order_qty: Fraction
    cum_qty: Fraction
    leaves_qty: Fraction
    price: Fraction | None
    stop_px: Fraction | None
    display_qty: Fraction | None
    min_qty: Fraction | None
    ord_type: str
    time_in_force: str
    expire_date: date | None
    avg_px: Fraction
    cum_value: Fraction
    fee_charged: Fraction
    day_order_qty: Fraction
    day_cum_qty: Fraction
    day_avg_px: Fraction
    reserved: Fraction
    reserved_qty: Fraction
    pending: tuple[tuple[str, str], ...]


@dataclass
class RequestView:
    type: str
    status: str
    reason: str


class Oracle(Validation):
    def cash(self, account: str, currency: str) -> CashView:
        owner, unit, book = self.accounts[account], self.currencies[currency], self.books[account, currency]
        return CashView(
            booked=book.settled,
            payable=book.ladder.owed,
            receivable=book.ladder.due,
            reserved=self.reserved_cash(owner, unit),
            margin=book.margin,
            available=self.available_cash(owner, unit),
            withdrawable=self.withdrawable(owner, unit),
            short_proceeds=self.short_proceeds(owner, unit),
            ladder={day: (item.owed, item.due) for day, item in sorted(book.ladder.items.items())},
        )

    def holding(self, account: str, instrument: str) -> HoldingView:
        owner, what, row = self.accounts[account], self.instruments[instrument], self.stock[account, instrument]
        return HoldingView(
            settled=row.settled,
            incoming=row.ladder.due,
            outgoing=row.ladder.owed,
            reserved=self.reserved_stock(owner, what),
            total=row.total,
            available=self.available_stock(owner, what),
            average_price=row.average_price,
            ladder={day: (item.due, item.owed) for day, item in sorted(row.ladder.items.items())},
        )

    def order(self, account: str, cl_ord_id: str) -> OrderView | None:
        order = self.chain(self.accounts[account], cl_ord_id)
        return order and self.picture(order)

    def picture(self, order: Order) -> OrderView:
        reserved, reserved_qty = self.hold(order)
        today = [each for each in order.effective if each.trade_date == order.instrument.exchange.trade_date]
        return OrderView(
            side=order.side,
            order_id=order.order_id,
            ord_status=order.ord_status,
            shown_status=order.shown_status,
            closed=order.closed,
            flags=tuple(name for bit, name in FLAGS.items() if order.flags & bit),
            order_qty=order.terms.order_qty,
            cum_qty=order.cum_qty,
            leaves_qty=order.leaves_qty,
            price=order.terms.price,
            stop_px=order.terms.stop_px,
            display_qty=order.terms.display_qty,
            min_qty=order.terms.min_qty,
            ord_type=order.terms.ord_type,
            time_in_force=order.terms.time_in_force,
            expire_date=order.terms.expire_date,
            avg_px=order.avg_px,
            day_order_qty=order.terms.order_qty - order.cum_qty + quantity(today),
            day_cum_qty=quantity(today),
            day_avg_px=average(today),
            cum_value=order.cum_value,
            fee_charged=sum((charge.fee for charge in self.charges(order)), ZERO),
            reserved=reserved,
            reserved_qty=reserved_qty,
            pending=tuple((request.type, request.cl_ord_id) for request in order.pending),
        )

    def request(self, account: str, cl_ord_id: str) -> RequestView | None:
        request = self.requests.get((account, cl_ord_id))
        return request and RequestView(request.type, request.status, request.reason)
