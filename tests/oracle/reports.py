"""What exchanges report. Owns the booking of facts: they are never refused, only booked, told apart or parked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import as_date, known
from tests.oracle.orders import (
    FILLED_AFTER_CLOSE,
    OVERFILLED,
    Execution,
    Order,
    Request,
)
from tests.oracle.reference import Feed
from tests.oracle.requests import Requests, Result

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
        self.executions: dict[Key, Execution] = {}  # by the key of each version
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
        status = self.number(source, feed_sequence) or self.book(order, report)
        return Result(status, self.sent[before:], alerts=self.alerts)

    def number(self, feed: Feed, sequence: int) -> str | None:
        """A feed's own numbers: one that was seen is not booked again, a jump holds new orders until it is closed."""
        if not sequence:
            return None
        if sequence <= feed.last_in:
            return "feed_sequence_repeated"
        if sequence > feed.last_in + 1:
            feed.gap = True
            self.alerts.append("feed_sequence_gap")
        feed.last_in = sequence
        return None

    def book(self, order: Order, report: Report) -> str:
        if report.order_id:
            order.order_id = report.order_id
        trades = {"trade": self.trade, "trade_cancel": self.bust, "trade_correct": self.correct}
        if report.exec_type in trades:
            return trades[report.exec_type](order, report)
        states = {
            "new": self.accepted,
            "replaced": self.replaced,
            "canceled": self.ended,
            "expired": self.ended,
            "rejected": self.turned_down,
            "done_for_day": self.done_for_day,
            "pending_cancel": self.told,
            "pending_replace": self.told,
        }
        return states[report.exec_type](order, report)

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
        settle_date = report.settle_date or order.instrument.settle_date(trade_date)
        fill = Execution(order, order.side, report.exec_id, report.last_qty, report.last_px, trade_date, settle_date)
        self.executions[key] = fill
        order.executions.append(fill)
        self.stock[order.account.code, order.instrument.symbol].history.append(fill)
        if order.closed and order.ord_status != "filled":
            order.flags |= FILLED_AFTER_CLOSE
            self.alerts.append("fill_after_close")
        if order.cum_qty > order.terms.order_qty:
            order.flags |= OVERFILLED
            self.alerts.append("overfill")
        self.answered(order.request)
        self.restate(order, report)
        self.post(order)
        return "ok"

    def version_of(self, order: Order, report: Report) -> tuple[Execution | None, str | None]:
        """The execution that a bust or correction names, and what its own key says."""
        key = self.key(order, report)
        named = self.executions.get((key[0], key[1], key[2], report.exec_ref_id))
        if named is None:
            return None, "execution_unknown"
        content = (report.exec_type, report.exec_ref_id, report.last_qty, report.last_px)
        return named, self.seen(key, content)

    def bust(self, order: Order, report: Report) -> str:
        named, broken = self.version_of(order, report)
        if broken:
            return broken
        named.quantity, named.kind, named.version = Fraction(0), "bust", named.version + 1
        self.executions[self.key(order, report)] = named
        self.restate(order, report)
        self.post(order, report.settle_date)
        return "ok"

    def correct(self, order: Order, report: Report) -> str:
        named, broken = self.version_of(order, report)
        if broken:
            return broken
        named.quantity, named.price = report.last_qty, report.last_px
        named.kind, named.version = "correct", named.version + 1
        self.executions[self.key(order, report)] = named
        self.restate(order, report)
        self.post(order, report.settle_date)
        return "ok"

    def restate(self, order: Order, report: Report) -> None:
        """What an order is now that its executions have changed."""
        if order.closed and order.ord_status != "filled":
            return  # dead stays dead
        order.closed = False
        if order.cum_qty >= order.terms.order_qty:
            self.close(order, "filled")
        else:
            order.ord_status = "partially_filled" if order.cum_qty else "new"

    # states

    def answered(self, request: Request) -> None:
        request.status, request.reason = "completed", "ok"
        if request.order and request in request.order.pending:
            request.order.pending.remove(request)

    def accepted(self, order: Order, report: Report) -> str:
        if order.ord_status != "pending_new":
            return "report_stale"
        self.answered(order.request)
        order.ord_status = "new"
        return "ok"

    def replaced(self, order: Order, report: Report) -> str:
        order.terms = report.request.terms
        self.answered(report.request)
        self.restate(order, report)
        return "ok"

    def ended(self, order: Order, report: Report) -> str:
        if order.closed:
            return "report_stale"
        self.answered(report.request)
        self.close(order, report.exec_type)
        return "ok"

    def turned_down(self, order: Order, report: Report) -> str:
        if order.closed:
            return "report_stale"
        self.close(order, "rejected", "rejected_by_exchange")
        return "ok"

    def done_for_day(self, order: Order, report: Report) -> str:
        if order.terms.time_in_force == "day":
            return self.ended(order, report)
        order.ord_status = "done_for_day"
        return "ok"

    def told(self, order: Order, report: Report) -> str:
        """The exchange has a request and thinks about it."""
        if order.closed:
            return "report_stale"
        order.ord_status = report.exec_type
        return "ok"

    def cancel_reject(
        self, account: str, cl_ord_id: str, *, ord_status: str | None = None, feed: str | None = None
    ) -> Result:
        request = self.requests.get((account, cl_ord_id))
        if request is None or request.order is None:
            return Result("report_unmatched")
        if request not in request.order.pending:
            return Result("report_stale")
        request.order.pending.remove(request)
        request.status, request.reason = "rejected", "rejected_by_exchange"
        return Result()
