"""What exchanges report. Owns whose order a report is about: facts are never refused, only booked or parked."""

from __future__ import annotations

from tests.oracle.executions import Executions, Parked
from tests.oracle.numbers import as_date, known
from tests.oracle.orders import Order, Terms
from tests.oracle.reference import Feed, Instrument
from tests.oracle.requests import Result
from tests.oracle.states import Report

TELLS_OF_AN_ORDER = ("new", "trade", "restated", "order_status")
BREAKS = ("execution_conflict", "execution_unknown")
NUMBERS = ("last_qty", "last_px", "cum_qty", "order_qty", "price", "stop_px", "display_qty", "min_qty")


class Reports(Executions):
    def report(
        self,
        exec_type: str,
        *,
        account: str | None = None,
        cl_ord_id: str | None = None,
        instrument: str | None = None,
        feed: str | None = None,
        feed_sequence: int = 0,
        **figures: object,
    ) -> Result:
        """By our name for its order, else by the exchange's; of an order that nobody here knows with all its terms."""
        request = self.requests.get((account, cl_ord_id))
        what = request.order.instrument if request and request.order else self.instruments.get(instrument or "")
        source = self.feeds[feed] if feed else (what.exchange.feeds if what else list(self.feeds.values()))[0]
        fields = {name: known(value) if name in NUMBERS else value for name, value in figures.items()}
        for name in ("trade_date", "settle_date", "expire_date"):
            fields[name] = as_date(fields.get(name))
        report = Report(exec_type, request, source, **fields)
        before, self.alerts = len(self.sent), []
        status = "feed_sequence_repeated"
        if self.number(source, feed_sequence):
            status = self.take(report, account, what)
        return Result(status, self.sent[before:], alerts=self.alerts)

    def take(self, report: Report, account: str | None, instrument: Instrument | None) -> str:
        market = self.exchanges[report.feed.exchange]
        order = report.request.order if report.request else None
        order = order or self.order_at(market, report.order_id) or self.order_of_trade(market, report)
        if order is None and instrument and report.side and report.exec_type in TELLS_OF_AN_ORDER:
            types = report.ord_type or "limit", report.time_in_force or "day"
            terms = Terms(report.order_qty, report.price, *types)
            order = self.adopt(account, report.order_id, instrument, report.side, terms)
        if order is None:
            return self.unmatched(report)
        report.request = report.request or order.request
        order.order_id = order.order_id or report.order_id
        with self.watch(order):
            status = self.book(order, report)
        if status in BREAKS:
            self.alerts.append(status)
        return status

    def unmatched(self, report: Report) -> str:
        """Of no order that is known: parked, once for as long as it waits."""
        why = "execution_unknown" if report.exec_type in ("trade_cancel", "trade_correct") else "report_unmatched"
        same = (report.exec_type, report.exec_id, report.feed)
        waiting = [each.report for each in self.parked if each.waits and each.status == why and each.order is None]
        if report.exec_id and same in [(each.exec_type, each.exec_id, each.feed) for each in waiting]:
            return "execution_repeated"
        self.parked.append(Parked(why, report))
        self.alerts.append(why)
        return why

    def number(self, feed: Feed, sequence: int) -> bool:
        """A feed's own numbers: False for one that was seen; a jump holds new orders until the gap is filled."""
        if sequence and sequence <= feed.last_in:
            return False
        if sequence > feed.last_in + 1:
            if not feed.gap_to:
                self.alerts.append("feed_sequence_gap")
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
            "restated": self.restated,
            "triggered": self.triggered,
            "canceled": self.ended,
            "expired": self.ended,
            "done_for_day": self.ended,
            "calculated": self.ended,
            "rejected": self.turned_down,
            "pending_cancel": self.considered,
            "pending_replace": self.considered,
            "pending_new": self.worded,
            "suspended": self.worded,
            "stopped": self.worded,
            "order_status": self.status_told,
        }
        status = books[report.exec_type](order, report)
        if status == "ok" and report.cum_qty is not None:
            self.compare_cum(order, report.cum_qty)
        return status

    def cancel_reject(
        self,
        account: str,
        cl_ord_id: str,
        *,
        ord_status: str | None = None,
        feed: str | None = None,
        feed_sequence: int = 0,
    ) -> Result:
        request = self.requests.get((account, cl_ord_id))
        before, self.alerts = len(self.sent), []
        if feed and not self.number(self.feeds[feed], feed_sequence):
            return Result("feed_sequence_repeated", alerts=self.alerts)
        if request is None or request.order is None:
            return Result("report_unmatched", alerts=["report_unmatched"])
        return Result(self.refused(request, ord_status), self.sent[before:], alerts=self.alerts)
