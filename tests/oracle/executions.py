"""Trades, busts and corrections. Owns that each counts once, in whatever order they come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.oracle.numbers import ZERO
from tests.oracle.orders import FILLED_AFTER_CLOSE, Action, Execution, Order
from tests.oracle.reference import SHORT, Exchange
from tests.oracle.states import Report, States

Key = tuple[str, date, str, str]  # exchange, trade date, side, exec_id


@dataclass(eq=False)
class Parked:
    """A report that could not be booked: under a key that has other content, before its trade, or of no order."""

    status: str
    report: Report
    order: Order | None = None
    key: Key | None = None
    content: tuple[object, ...] = ()
    waits: bool = True


class Executions(States):
    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[Key, tuple[object, ...]] = {}  # what a key was booked with
        self.parked: list[Parked] = []
        self.applied: list[Action] = []  # that scale stock

    def key(self, order: Order, report: Report) -> Key:
        exchange = order.instrument.exchange
        return exchange.mic, report.trade_date or exchange.trade_date, order.side, report.exec_id

    def seen(self, order: Order, report: Report, content: tuple[object, ...]) -> str | None:
        """An execution counts once, whoever reports it; the same key with other content is a break, once."""
        key = self.key(order, report)
        if key not in self.contents:
            self.contents[key] = content
            return None
        if self.contents[key] == content or any((each.key, each.content) == (key, content) for each in self.parked):
            return "execution_repeated"
        self.parked.append(Parked("execution_conflict", report, order, key, content))
        return "execution_conflict"

    def trade(self, order: Order, report: Report) -> str:
        again = self.seen(order, report, ("trade", order, report.last_qty, report.last_px))
        if again:
            return again
        trade_date = self.key(order, report)[1]
        self.book_fill(order, report, trade_date, report.settle_date or order.instrument.settle_date(trade_date))
        if not order.closed and order.terms.follows and report.price is not None:
            self.restate(order, report)
        self.traded(order, report.ord_status)
        self.post(order)
        self.catch_up(order)
        return "ok"

    def book_fill(self, order: Order, report: Report, trade_date: date, settle_date: date) -> None:
        fill = Execution(
            order=order,
            side=order.side,
            exec_ids=[report.exec_id],
            quantity=report.last_qty,
            most=report.last_qty,
            price=report.last_px,
            trade_date=trade_date,
            settle_date=settle_date,
        )
        for action in self.applied:
            if action.instrument is order.instrument and trade_date < action.ex_date:
                fill.go_through(action, action.scaled(fill.counts))
        fill.came_after = len(fill.through)
        order.executions.append(fill)
        order.missing_qty = max(ZERO, order.missing_qty - fill.counts_after(order.restated_after))
        holding = self.stock[order.account.code, order.instrument.symbol]
        holding.history.append(fill)
        holding.sold_short |= order.side in SHORT
        if order.closed:
            order.flags |= FILLED_AFTER_CLOSE
            self.alerts.append("fill_after_close")
        else:
            self.answered(order.request)

    def restate_trade(self, order: Order, report: Report) -> str:
        """A bust or a correction: everything becomes as if the trade had been so from the start."""
        content = (report.exec_type, report.exec_ref_id, report.last_qty, report.last_px)
        again = self.seen(order, report, content)
        if again:
            return again
        named = self.trade_named(order, report)
        if named is None or not named.quantity:
            self.parked.append(Parked("execution_unknown", report, order, self.key(order, report), content))
            return "execution_unknown"
        self.change(named, report)
        self.catch_up(order)
        return "ok"

    def change(self, trade: Execution, report: Report) -> None:
        order = trade.order
        if report.exec_id:
            trade.exec_ids.append(report.exec_id)
        if trade.settled or trade.partly_settled:
            self.reverse_settled(trade, report.settle_date)
        if report.exec_type == "trade_cancel":
            trade.become(ZERO)
        else:
            trade.become(report.last_qty)
            trade.price = report.last_px
            trade.most = max(trade.most, trade.quantity)
        self.reversals = report.settle_date
        self.traded(order, report.ord_status)
        self.post(order)
        self.reversals = None

    def order_of_trade(self, exchange: Exchange, report: Report) -> Order | None:
        """That of the trade which a report repeats, busts or corrects, under whatever name of an order it comes."""
        named = {"trade": report.exec_id, "trade_cancel": report.exec_ref_id, "trade_correct": report.exec_ref_id}
        name, day = named.get(report.exec_type), report.trade_date or exchange.trade_date
        here = [each for each in self.orders if each.instrument.exchange is exchange]
        for order in here if name else ():
            found = any(name in each.exec_ids and each.trade_date == day for each in order.executions)
            if found and report.side in (None, order.side):
                return order
        return None

    def catch_up(self, order: Order) -> None:
        """What came before its trade, or before the version that it names, takes effect now."""
        for early in [each for each in self.parked if each.order is order and each.status == "execution_unknown"]:
            named = self.trade_named(order, early.report)
            if early.waits and named is not None and named.quantity:
                early.waits = False
                self.change(named, early.report)
                self.catch_up(order)

    def trade_named(self, order: Order, report: Report) -> Execution | None:
        """By any id of its versions; an id may come again on another day: then the date decides, else the newest."""
        found = [each for each in order.executions if report.exec_ref_id in each.exec_ids]
        dated = [each for each in found if each.trade_date == report.trade_date]
        return (dated or found or [None])[-1]
