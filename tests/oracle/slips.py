"""What looks like a slip: the same once more within seconds, or an order that would meet the account's own."""

from __future__ import annotations

from tests.oracle.limits import SECOND, Limits
from tests.oracle.orders import NEEDS_STOP, Order, Request, Terms

REPEATED = "duplicate_by_content"


class Slips(Limits):
    def __init__(self) -> None:
        super().__init__()
        self.news: list[Request] = []  # that were accepted

    def same_place(self, one: Order, other: Order) -> bool:
        return one.account is other.account and one.instrument is other.instrument

    def repeats(self, order: Order, terms: Terms) -> bool:
        """A new order like one that was accepted a moment ago; what was held up as a repetition is not such a one."""
        window = order.account.account_class.duplicate_window_s * SECOND
        return order not in self.orders and any(
            self.same_place(each.order, order)
            and each.order.side == order.side
            and (each.terms.order_qty, each.terms.limit) == (terms.order_qty, terms.limit)
            and REPEATED not in each.hits
            and self.time_ns - each.time_ns <= window
            for each in self.news
            if each.order in self.orders
        )

    def meets_own(self, order: Order, terms: Terms) -> bool:
        """It would trade against a live order of its own account; a stop order does not trade yet."""
        if terms.ord_type in NEEDS_STOP:
            return False
        buys, limit = order.side == "buy", terms.limit
        for other in self.orders:
            against = self.same_place(other, order) and (other.side == "buy") != buys
            resting = other.terms.rests_at
            if other is order or not against or other.closed or resting is None or other.terms.ord_type in NEEDS_STOP:
                continue
            if limit is None or (limit >= resting if buys else limit <= resting):
                return True
        return False
