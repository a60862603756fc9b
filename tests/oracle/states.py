"""What an order is: by its executions, and by the exchange's words. Owns how a report changes that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tests.oracle.external import External
from tests.oracle.numbers import ZERO
from tests.oracle.orders import (
    CUM_DIFFERS,
    EXPIRED_HERE,
    FILLED,
    OVERFILLED,
    RESTATED,
    TO_BE_RESTATED,
    UNANSWERED,
    Order,
    Request,
    Terms,
)
from tests.oracle.reference import Feed

BUSY = ("pending_cancel", "pending_replace")  # the exchange works on a request
RESTING = ("stopped", "suspended")  # it goes on later
OVER = ("done_for_day", "calculated")  # nothing more today
DEAD = ("canceled", "expired", "rejected")
RESTATABLE = ("order_qty", "price", "ord_type", "time_in_force", "expire_date", "stop_px", "display_qty", "min_qty")


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
    trade_date: date | None = None
    settle_date: date | None = None
    side: str | None = None  # from here on what it says of the order's terms
    order_qty: Fraction | None = None
    price: Fraction | None = None
    ord_type: str | None = None
    time_in_force: str | None = None
    expire_date: date | None = None
    stop_px: Fraction | None = None
    display_qty: Fraction | None = None
    min_qty: Fraction | None = None

    def restated(self, terms: Terms) -> Terms:
        """The terms as the exchange has them; a price that it states is the order's limit."""
        told = terms.changed(**{name: getattr(self, name) for name in RESTATABLE})
        return replace(told, stated=told.stated or self.price is not None)


class States(External):
    # by its executions

    def by_executions(self, order: Order) -> str:
        if order.cum_qty >= order.terms.order_qty:
            return FILLED
        return "partially_filled" if order.cum_qty else "new"

    def traded(self, order: Order, word: str | None) -> None:
        """Its executions have changed: more than was ordered is told each time."""
        if order.cum_qty > order.terms.order_qty:
            self.alerts.append("overfill")
        self.stand(order, word)

    def stand(self, order: Order, word: str | None = None) -> None:
        """Its executions or terms have changed, and the exchange may have said what that makes of it."""
        over = order.cum_qty > order.terms.order_qty
        order.flags = order.flags | OVERFILLED if over else order.flags & ~OVERFILLED
        if order.filled and order.cum_qty < order.terms.order_qty:
            self.unfill(order, word)
        if order.filled:
            self.word_of_filled(order, word)
        elif order.closed:  # dead stays dead; the exchange may call it filled after all
            whole = order.cum_qty >= order.terms.order_qty
            order.ord_status = FILLED if whole and (word or order.ord_status) == FILLED else order.end
        if order.closed:
            return
        status = self.by_executions(order)
        if status == FILLED:
            self.close_order(order, self.word_when_full(order, word), filled=True)
        else:
            order.ord_status = word if word in (*BUSY, *RESTING, *OVER) else status

    def word_of_filled(self, order: Order, word: str | None) -> None:
        """That it works on a request holds until the exchange's next word, or while there is such a request."""
        if (word in BUSY and order.asked) or (order.ord_status in BUSY and (word or not order.asked)):
            order.ord_status = self.word_when_full(order, word)

    def word_when_full(self, order: Order, word: str | None) -> str:
        """Nothing is left to trade: the exchange may still be busy with what was asked of it, or end the day."""
        return word if word in OVER or (word in BUSY and order.asked) else FILLED

    def unfill(self, order: Order, word: str | None) -> None:
        """What filled it was taken back: it trades on, or has ended after all, with what was asked of it since."""
        order.filled = False
        if self.can_still_trade(order) and word not in DEAD:
            order.closed = False
        elif order.ord_status in OVER:
            self.close_order(order, order.ord_status)
        else:
            self.close_order(order, "expired" if word == "expired" else "canceled")

    # by the exchange's word

    def answered(self, request: Request) -> None:
        if request.status in UNANSWERED:
            request.status, request.reason = "completed", "ok"
            if request in request.order.pending:
                request.order.pending.remove(request)

    def accepted(self, order: Order, report: Report) -> str:
        self.answered(order.request)
        if report.trade_date and (order.trade_date is None or report.trade_date > order.trade_date):
            order.trade_date = report.trade_date
        if order.by_operator and order.end == "rejected" and order.cum_qty < order.terms.order_qty:  # it is there
            order.closed = order.by_operator = False
            order.ord_status, order.end = self.by_executions(order) if order.cum_qty else "pending_new", ""
            order.request.status, order.request.reason = "completed", "ok"
        stands = order.ord_status == "suspended" and report.ord_status in ("new", "partially_filled")
        if stands and report.cum_qty in (None, order.cum_qty):  # reinstated
            order.ord_status = self.by_executions(order)
            return "ok"
        if order.closed or order.cum_qty:
            return "report_stale"
        if order.ord_status == "pending_new":
            if report.price is not None and order.terms.protected:
                self.restate(order, report)
            order.ord_status = "new"
        return "ok"

    def restate(self, order: Order, report: Report) -> None:
        """A market-to-limit order that is given its limit is a limit order."""
        order.terms = report.restated(order.terms)
        if order.terms.ord_type == "market_to_limit" and report.price is not None:
            order.terms = replace(order.terms, ord_type="limit")

    def restated(self, order: Order, report: Report) -> str:
        """The exchange has changed the terms, or the status, without being asked."""
        if order.closed and not order.filled:
            return "report_stale"
        self.answered(order.request)
        before = order.terms.order_qty
        self.count_anew(order, report.cum_qty)
        self.restate(order, report)
        self.settle_terms(order, before)
        self.stand(order, report.ord_status)
        self.post(order)
        return "ok"

    def count_anew(self, order: Order, told: Fraction | None) -> None:
        """After a corporate action: our cum is in new stock from here on, if that is what the exchange says."""
        order.flags &= ~TO_BE_RESTATED
        if told == sum((each.counts for each in order.executions), ZERO) and told != order.cum_qty:
            order.flags |= RESTATED
            order.restated_after = [each for each in self.applied if each.instrument is order.instrument]

    def settle_terms(self, order: Order, before: Fraction) -> None:
        """No new quantity is less than was executed; the one of before leaves an overfill what it is."""
        if order.terms.order_qty == before:
            return
        order.terms = order.terms.changed(order_qty=max(order.terms.order_qty, order.cum_qty))

    def triggered(self, order: Order, report: Report) -> str:
        if order.closed:
            return "report_stale"
        self.answered(order.request)
        became = {"stop": "market", "stop_limit": "limit"}
        order.terms = replace(order.terms, ord_type=became.get(order.terms.ord_type, order.terms.ord_type))
        self.restate(order, report)
        self.stand(order, report.ord_status or order.ord_status)
        return "ok"

    def replaced(self, order: Order, report: Report) -> str:
        """New terms are in force; those of older replaces that come later are not."""
        asked = report.request
        died_first = asked.reason == "order_closed" and order.ord_status != FILLED
        if not died_first and ((order.closed and not order.filled) or asked not in order.pending):
            return "report_stale"
        self.answered(order.request)
        if asked in order.overtaken:
            self.answered(asked)
            return "report_stale"
        earlier = order.pending[: order.pending.index(asked)] if asked in order.pending else []
        order.overtaken = [request for request in earlier if request.feed]
        self.answered(asked)
        if died_first:
            asked.status, asked.reason = "completed", "ok"
        before, dead = order.terms.order_qty, order.closed and not order.filled
        order.take_terms_of(asked, report.restated(asked.terms))
        self.settle_terms(order, before)
        if not dead:
            order.closed = order.filled = False
            self.stand(order, report.ord_status)
        self.post(order)
        return "ok"

    def ended(self, order: Order, report: Report) -> str:
        return self.end(order, report.exec_type)

    def end(self, order: Order, word: str) -> str:
        if order.closed and not order.filled and word in DEAD and (order.flags & EXPIRED_HERE or order.by_operator):
            order.end = word  # the exchange's late word on what was closed here
            if order.ord_status != FILLED:
                order.ord_status = word
            return "ok"
        if word in OVER and (order.filled or order.ord_status == FILLED or order.end == "calculated"):
            if order.ord_status not in (*BUSY, "done_for_day"):
                order.ord_status = word
                order.end = order.end and word
            return "ok"
        if order.filled and order.pending:  # it will not be reopened
            order.filled = False
            self.close_order(order, FILLED)
            order.end = word
            return "ok"
        if order.closed:
            return "report_stale"
        self.answered(order.request)
        if word in OVER and order.terms.time_in_force in ("gtc", "gtd"):
            order.ord_status = word
        else:
            self.close_order(order, word)
        return "ok"

    def turned_down(self, order: Order, report: Report) -> str:
        """A New is refused; of a replace or cancel it is a cancel reject."""
        if report.request.type != "new":
            return self.refused(report.request, report.ord_status)
        repeated = report.ord_status is not None and report.ord_status not in DEAD  # another New under the same id
        if order.closed or (repeated and order.ord_status != "pending_new"):
            return "report_stale"
        if repeated:
            if order.request.status in UNANSWERED:
                order.request.status, order.request.reason = "in_doubt", "cl_ord_id_duplicate"
            self.alerts.append("cl_ord_id_duplicate")
            return "ok"
        self.close_order(order, "rejected", "rejected_by_exchange")
        return "ok"

    def considered(self, order: Order, report: Report) -> str:
        """The exchange has a cancel or replace and thinks about it."""
        if report.request.type != "new" and report.request.status not in UNANSWERED:
            return "report_stale"
        if not order.closed or order.may_be_reopened:
            order.ord_status = report.exec_type
        return "ok"

    def worded(self, order: Order, report: Report) -> str:
        """The exchange says what the order is now; a dead one stays what it was."""
        if report.exec_type == "pending_new":  # it was received, and no more
            return "ok"
        if order.closed:
            return "report_stale"
        self.answered(order.request)
        order.ord_status = report.exec_type
        return "ok"

    def status_told(self, order: Order, report: Report) -> str:
        """The answer to our question what an order is. Only executions fill it."""
        word = report.ord_status
        if word in DEAD or word in OVER:
            return self.end(order, word)
        if order.filled:
            self.word_of_filled(order, word)
        if order.closed:
            return "report_stale"
        self.answered(order.request)
        self.fall_back(order, word)
        return "ok"

    def fall_back(self, order: Order, word: str | None) -> None:
        """To what the exchange says, as far as the executions bear it out."""
        by_executions = self.by_executions(order)
        if word is None and order.ord_status in BUSY:
            word = by_executions
        if word in (*BUSY, *RESTING) and not order.closed:
            order.ord_status = word
        elif word in ("new", "partially_filled") or (word == FILLED and (order.closed or order.ord_status in BUSY)):
            order.ord_status = by_executions

    def refused(self, request: Request, word: str | None) -> str:
        """The old terms stand, at the leaves of this moment, unless the exchange says that the order has ended."""
        order = request.order
        if request not in order.pending:
            return "report_stale"
        order.pending.remove(request)
        request.status, request.reason = "rejected", "rejected_by_exchange"
        if word in ("canceled", "expired") and not order.closed:
            self.close_order(order, word)
        elif order.filled or not order.closed:
            self.fall_back(order, word)
        return "ok"

    def compare_cum(self, order: Order, stated: Fraction) -> None:
        """A cum that is not ours marks the order; of a dead one the missing part stays held."""
        missing = stated - order.cum_qty
        if order.closed and not order.filled and missing > 0:  # a bust that came before this word explains it
            missing = max(ZERO, stated - sum((each.most_counts for each in order.executions), ZERO))
        order.flags = order.flags | CUM_DIFFERS if missing else order.flags & ~CUM_DIFFERS
        order.missing_qty = max(ZERO, missing) if order.closed and not order.filled else ZERO
        if missing:
            self.alerts.append("report_cum_differs")
