"""What only a person can settle. Owns what an operator's word makes of doubts, breaks and reports that wait."""

from __future__ import annotations

from dataclasses import replace

from tests.oracle.executions import Parked
from tests.oracle.moves import Moves
from tests.oracle.numbers import ZERO
from tests.oracle.orders import FILLED, UNANSWERED, WAITING, Execution, Order, Request
from tests.oracle.reports import BREAKS
from tests.oracle.requests import Result
from tests.oracle.states import BUSY, Report

ENDS = ("rejected", "canceled", "expired", "closed")


class Resolving(Moves):
    # requests that the exchange has not answered, and orders that it does not tell of any more

    def resolve(self, account: str, cl_ord_id: str, outcome: str, by: str | None = None) -> Result:
        request, before = self.requests.get((account, cl_ord_id)), len(self.sent)
        if by is not None and not self.operates(by):
            return Result("permission_denied")
        if request is None or request.order is None:
            return Result("request_unknown")
        if by is not None and not self.operates(by, request.account):
            return Result("permission_denied")
        return Result(self.settle_doubt(request, request.order, outcome), self.sent[before:])

    def settle_doubt(self, request: Request, order: Order, outcome: str) -> str:
        asks = request.type != "new" and self.waits_for_exchange(request)
        if order.closed and not (order.filled or order.may_be_reopened):
            return self.forget_missing(order, outcome)
        if asks and outcome in ("rejected", "accepted"):
            return self.answer_for_exchange(order, request, outcome)
        if not asks and not self.waits_for_exchange(order.request):
            return "nothing_to_resolve"
        if outcome == "accepted":
            self.answered(order.request)
            if order.ord_status == "pending_new":
                order.ord_status = "new"
            return "ok"
        return self.end_doubt(order, outcome)

    def waits_for_exchange(self, request: Request) -> bool:
        return request.status in UNANSWERED and request.status not in WAITING

    def forget_missing(self, order: Order, outcome: str) -> str:
        """The executions that a dead order holds for will not come."""
        if not order.missing_qty:
            return "nothing_to_resolve"
        if outcome not in ENDS:
            return "resolution_invalid"
        order.missing_qty = ZERO
        return "ok"

    def answer_for_exchange(self, order: Order, request: Request, outcome: str) -> str:
        """What a report that says so would do."""
        if outcome == "rejected":
            return self.refused(request, None)
        if request.type == "replace":
            return self.replaced(order, Report("replaced", request, request.feed))
        if order.closed:
            return "resolution_invalid"
        self.close_order(order, "canceled")
        return "ok"

    def end_doubt(self, order: Order, outcome: str) -> str:
        """Not at the exchange: Rejected when it was never acknowledged, else Canceled, cum kept."""
        if outcome not in ENDS:
            return "resolution_invalid"
        unheard = order.ord_status == "pending_new" and not order.cum_qty
        word = "expired" if outcome == "expired" else "canceled"
        if unheard and outcome in ("rejected", "closed"):
            word = "rejected"
        was = order.ord_status if order.closed else word  # of a filled one, only the replace ends
        was = FILLED if was in BUSY else was
        order.filled = False
        self.close_order(order, was, "resolved_by_operator")
        order.end = word
        order.by_operator = True
        order.request.reason = "resolved_by_operator"
        return "ok"

    # breaks, and reports that could not be booked

    def resolve_parked(self, name: str, outcome: str, by: str | None = None) -> Result:
        """By the exec_id of what waits; the newest of that name."""
        self.alerts = []
        before = len(self.sent)
        waiting = next((each for each in reversed(self.parked) if each.waits and each.report.exec_id == name), None)
        if by is not None and not (self.operates(by) and not self.users[by].owner):
            return Result("permission_denied")
        if waiting is None:
            return Result("nothing_to_resolve")
        if outcome == "apply":
            return Result(waiting.status)  # what could not be booked then cannot be now
        status = "ok"
        if outcome == "theirs":
            status = self.take_theirs(waiting)
        elif outcome != "dismiss" and not (outcome == "ours" and waiting.status == BREAKS[0]):
            status = "resolution_invalid"
        waiting.waits = waiting.waits and status != "ok"
        return Result(status, self.sent[before:])

    def take_theirs(self, waiting: Parked) -> str:
        """The trade was what came later: corrected, or taken back here and booked to the order that it named."""
        report, order = waiting.report, waiting.order
        ours = self.booked_under(waiting) if waiting.status == BREAKS[0] else None
        if report.exec_type == "trade_cancel" or ours is None or not ours.quantity:
            return "resolution_invalid"
        if order is ours.order:
            word = self.word_left(order, report.ord_status)
            self.change(ours, replace(report, exec_type="trade_correct", ord_status=word))
            return "ok"
        settles, date = report.settle_date or ours.settle_date, ours.trade_date
        word = self.word_left(ours.order, None)
        self.change(ours, replace(report, exec_type="trade_cancel", exec_id="", ord_status=word))
        self.book_fill(order, report, date, settles)
        self.traded(order, self.word_left(order, report.ord_status))
        self.post(order)
        return "ok"

    def word_left(self, order: Order, told: str | None) -> str | None:
        """A live order is what it was last said to be; a closed one what was told with the trade, but not busy."""
        if not order.closed:
            return order.ord_status
        return told if told in ("new", "partially_filled", "filled", "canceled", "expired") else None

    def booked_under(self, waiting: Parked) -> Execution | None:
        """What the key stands for."""
        mic, trade_date, side, exec_id = waiting.key
        for order in self.orders:
            for each in order.executions:
                same = order.instrument.exchange.mic == mic and each.trade_date == trade_date and each.side == side
                if same and exec_id in each.exec_ids:
                    return each
        return None
