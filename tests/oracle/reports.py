"""What exchanges report. Owns the booking of facts: they are never refused, only booked, told apart or parked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import ZERO, as_date, known
from tests.oracle.orders import (
    CUM_DIFFERS,
    EXPIRED_HERE,
    FILLED_AFTER_CLOSE,
    OVERFILLED,
    UNANSWERED,
    Execution,
    Order,
    Request,
)
from tests.oracle.reference import Feed
from tests.oracle.requests import Requests, Result

BUSY = ("pending_cancel", "pending_replace")  # words of an exchange that a trade does not overrule
SUSPENDED = ("done_for_day", "stopped", "suspended", "calculated")  # nor these, while something is left
Key = tuple[str, date, str, str]  # exchange, trade date, side, exec_id


@dataclass
class Report:
    """An execution report, as it came."""

    exec_type: str
    request: Request | None
    feed: Feed
    exec_id: str = ""
    exec_ref_id: str = ""
    order_id: str = ""
    ord_status: str | None = None
    last_qty: Fraction | None = None
    last_px: Fraction | None = None
    cum_qty: Fraction | None = None
    order_qty: Fraction | None = None
    price: Fraction | None = None
    trade_date: date | None = None
    settle_date: date | None = None


class Reports(Requests):
    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[Key, tuple[object, ...]] = {}  # what a key was booked with
        self.alerts: list[str] = []

    def report(
        self,
        exec_type: str,
        *,
        account: str,
        cl_ord_id: str,
        feed: str | None = None,
        feed_sequence: int = 0,
        **figures: object,
    ) -> Result:
        request = self.requests.get((account, cl_ord_id))
        if request is None or request.order is None:
            return Result("report_unmatched")
        order = request.order
        source = self.feeds[feed] if feed else order.instrument.exchange.feeds[0]
        numbers = ("last_qty", "last_px", "cum_qty", "order_qty", "price")
        fields = {name: known(value) if name in numbers else value for name, value in figures.items()}
        for name in ("trade_date", "settle_date"):
            fields[name] = as_date(fields.get(name))
        report = Report(exec_type, request, source, **fields)
        before, self.alerts = len(self.sent), []
        status = self.book(order, report) if self.number(source, feed_sequence) else "feed_sequence_repeated"
        return Result(status, self.sent[before:], alerts=self.alerts)

    def number(self, feed: Feed, sequence: int) -> bool:
        """A feed's own numbers: False for one that was seen; a jump holds new orders until the gap is filled."""
        if sequence and sequence <= feed.last_in:
            return False
        if sequence > feed.last_in + 1:
            feed.gap_to = max(feed.gap_to, sequence)
        elif sequence:
            feed.last_in = sequence
            if feed.gap_to and sequence >= feed.gap_to:
                feed.gap_to = 0
                self.send_buffered(self.exchanges[feed.exchange])
        return True

    def book(self, order: Order, report: Report) -> str:
        books = {
            "trade": self.trade,
            "trade_cancel": self.restate_trade,
            "trade_correct": self.restate_trade,
            "new": self.accepted,
            "replaced": self.replaced,
            "canceled": self.ended,
            "expired": self.ended,
            "done_for_day": self.ended,
            "rejected": self.turned_down,
            "pending_cancel": self.considered,
            "pending_replace": self.considered,
        }
        status = books[report.exec_type](order, report)
        if status == "ok" and report.cum_qty is not None:
            self.compare_cum(order, report.cum_qty)
        return status

    def compare_cum(self, order: Order, stated: Fraction) -> None:
        """A cum that is not ours marks the order; of a dead one the missing part stays held."""
        missing = stated - order.cum_qty
        order.flags = order.flags | CUM_DIFFERS if missing else order.flags & ~CUM_DIFFERS
        order.missing_qty = max(ZERO, missing) if order.closed and not order.filled else ZERO
        if missing:
            self.alerts.append("report_cum_differs")

    # trades

    def key(self, order: Order, report: Report) -> Key:
        exchange = order.instrument.exchange
        return exchange.mic, report.trade_date or exchange.trade_date, order.side, report.exec_id

    def seen(self, key: Key, content: tuple[object, ...]) -> str | None:
        """An execution counts once, whoever reports it; the same key with other content is a break."""
        if key not in self.contents:
            self.contents[key] = content
            return None
        return "execution_repeated" if self.contents[key] == content else "execution_conflict"

    def trade(self, order: Order, report: Report) -> str:
        key = self.key(order, report)
        again = self.seen(key, ("trade", order.request.cl_ord_id, report.last_qty, report.last_px))
        if again:
            return again
        trade_date = key[1]
        fill = Execution(
            order=order,
            side=order.side,
            exec_ids=[report.exec_id],
            quantity=report.last_qty,
            price=report.last_px,
            trade_date=trade_date,
            settle_date=report.settle_date or order.instrument.settle_date(trade_date),
        )
        order.executions.append(fill)
        order.missing_qty = max(ZERO, order.missing_qty - fill.quantity)
        self.stock[order.account.code, order.instrument.symbol].history.append(fill)
        if order.closed:
            order.flags |= FILLED_AFTER_CLOSE
            self.alerts.append("fill_after_close")
        self.follow(order, report)
        self.post(order)
        return "ok"

    def restate_trade(self, order: Order, report: Report) -> str:
        """A bust or a correction: everything becomes as if the trade had been so from the start."""
        key = self.key(order, report)
        content = (report.exec_type, report.exec_ref_id, report.last_qty, report.last_px)
        named = self.trade_named(order, report)
        if key in self.contents:
            return self.seen(key, content)
        if named is None or not named.quantity:
            return "execution_unknown"
        self.seen(key, content)
        named.exec_ids.append(report.exec_id)
        if named.settled:
            self.reverse_settled(named, report.settle_date)
        if report.exec_type == "trade_cancel":
            named.quantity = ZERO
        else:
            named.quantity, named.price = report.last_qty, report.last_px
        if order.filled and self.can_still_trade(order):
            order.closed = order.filled = False
        self.post(order, report.settle_date)
        self.follow(order, report)
        return "ok"

    def trade_named(self, order: Order, report: Report) -> Execution | None:
        """By any id of its versions; an id may come again on another day: then the date decides, else the newest."""
        found = [each for each in order.executions if report.exec_ref_id in each.exec_ids]
        dated = [each for each in found if each.trade_date == report.trade_date]
        return (dated or found or [None])[-1]

    def can_still_trade(self, order: Order) -> bool:
        """If a trade that filled it is taken back: not past its day, and not what was immediate or nothing."""
        exchange, terms = order.instrument.exchange, order.terms
        if terms.time_in_force == "gtd" and terms.expire_date != exchange.trade_date:
            return terms.expire_date > exchange.trade_date
        if terms.time_in_force == "gtd":
            return exchange.session != "complete"
        if terms.time_in_force == "day":
            return order.trade_date == exchange.trade_date and exchange.session != "complete"
        return terms.time_in_force == "gtc"

    def follow(self, order: Order, report: Report) -> None:
        """What an order is now that its executions have changed."""
        if order.cum_qty > order.terms.order_qty:
            order.flags |= OVERFILLED
            self.alerts.append("overfill")
        if order.closed:
            return  # dead stays dead
        self.answered(order.request)
        word = report.ord_status
        if order.cum_qty >= order.terms.order_qty:
            self.close_order(order, word if word in BUSY else "filled", filled=True)
        elif word in BUSY or word in SUSPENDED:
            order.ord_status = word
        else:
            order.ord_status = "partially_filled" if order.cum_qty else "new"

    # states

    def answered(self, request: Request) -> None:
        if request.status in UNANSWERED:
            request.status, request.reason = "completed", "ok"
            if request in request.order.pending:
                request.order.pending.remove(request)

    def accepted(self, order: Order, report: Report) -> str:
        self.answered(order.request)
        if order.closed or order.cum_qty:
            return "report_stale"
        if order.ord_status == "pending_new":
            order.ord_status = "new"
        return "ok"

    def replaced(self, order: Order, report: Report) -> str:
        """New terms are in force; the exchange may have reached the new quantity already."""
        asked = report.request
        if (order.closed and not order.filled) or asked.status == "completed":
            return "report_stale"
        self.answered(order.request)
        order.pending = [request for request in order.pending if request is not asked]
        asked.status, asked.reason = "completed", "ok"
        order.terms = asked.terms
        order.closed = order.filled = False
        if order.cum_qty >= order.terms.order_qty:
            order.terms = order.terms.changed(order_qty=order.cum_qty)
            self.close_order(order, "filled", filled=True)
        else:
            order.ord_status = "partially_filled" if order.cum_qty else "new"
            self.post(order)
        return "ok"

    def ended(self, order: Order, report: Report) -> str:
        if order.flags & EXPIRED_HERE and order.closed and report.exec_type != "done_for_day":
            order.ord_status = report.exec_type  # the exchange's late word on what was expired here
            return "ok"
        if order.closed:
            return "report_stale"
        self.answered(order.request)
        if report.exec_type == "done_for_day" and order.terms.time_in_force in ("gtc", "gtd"):
            order.ord_status = "done_for_day"
        else:
            self.close_order(order, report.exec_type)
        return "ok"

    def turned_down(self, order: Order, report: Report) -> str:
        """A New is refused; of a replace or cancel it is a cancel reject."""
        if report.request.type != "new":
            return self.refused(report.request, report.ord_status)
        if order.closed:
            return "report_stale"
        self.close_order(order, "rejected", "rejected_by_exchange")
        return "ok"

    def considered(self, order: Order, report: Report) -> str:
        """The exchange has a cancel or replace and thinks about it."""
        if report.request.type != "new" and report.request.status not in UNANSWERED:
            return "report_stale"
        if not order.closed:
            order.ord_status = report.exec_type
        return "ok"

    def cancel_reject(
        self, account: str, cl_ord_id: str, *, ord_status: str | None = None, feed: str | None = None
    ) -> Result:
        request = self.requests.get((account, cl_ord_id))
        if request is None or request.order is None:
            return Result("report_unmatched")
        return Result(self.refused(request, ord_status))

    def refused(self, request: Request, ord_status: str | None) -> str:
        """The old terms stand, at the leaves of this moment."""
        order = request.order
        if request not in order.pending:
            return "report_stale"
        order.pending.remove(request)
        request.status, request.reason = "rejected", "rejected_by_exchange"
        if ord_status in ("new", "partially_filled") and not order.closed:
            order.ord_status = "partially_filled" if order.cum_qty else "new"
        return "ok"
