"""Steps of an operator who settles what nobody else can: doubts, missing executions, breaks and parked reports."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.executions import Parked
from tests.oracle.orders import Order, Request
from tests.property import strategies as draw
from tests.property.exchange import SIZES, plain
from tests.property.machine import Day, newest

OUTCOMES = ("rejected", "canceled", "expired", "accepted", "closed")
VERDICTS = ("theirs", "theirs", "theirs", "ours", "dismiss", "apply", "closed")
operators = st.sampled_from((None, None, None, "desk", "desk", "alice", "far"))


class Repairs(Day):
    def doubtful(self) -> list[Request]:
        """What an exchange has not answered, and dead orders that it counts more of than we have seen."""
        asked = [each for each in self.model.requests.values() if each.status in ("submitted", "in_doubt")]
        missing = [order.request for order in self.model.orders if order.missing_qty]
        return [each for each in (*asked, *missing) if each.cl_ord_id and each.order and self.current(each.order)]

    @precondition(lambda self: self.doubtful())
    @rule(index=draw.recent, outcome=st.sampled_from(OUTCOMES), by=operators)
    def resolve(self, index: int, outcome: str, by: str | None) -> None:
        request = newest(self.doubtful(), index)
        self.pair.do("resolve", request.account.code, request.cl_ord_id, outcome, by=by)

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent, outcome=st.sampled_from((*OUTCOMES, "ours")))
    def resolve_anything(self, index: int, outcome: str) -> None:
        self.pair.do("resolve", *newest(self.keys(), index), outcome)

    def waiting(self) -> list[Parked]:
        return [each for each in self.model.parked if each.waits and each.report.exec_id]

    @precondition(lambda self: self.waiting())
    @rule(index=draw.recent, outcome=st.sampled_from(VERDICTS), by=operators)
    def decide(self, index: int, outcome: str, by: str | None) -> None:
        self.pair.do("resolve_parked", newest(self.waiting(), index).report.exec_id, outcome, by=by)

    @precondition(lambda self: self.model.parked)
    @rule(index=draw.recent, outcome=st.sampled_from(VERDICTS))
    def decide_again(self, index: int, outcome: str) -> None:
        self.pair.do("resolve_parked", newest(self.model.parked, index).report.exec_id, outcome)

    def booked(self) -> list[Order]:
        return [order for order in self.model.orders if order.effective and self.current(order)]

    @precondition(lambda self: self.booked())
    @rule(index=draw.recent, other=draw.recent, size=st.sampled_from(SIZES), same=st.booleans(), off=st.integers(-2, 2))
    def tell_a_trade_otherwise(self, index: int, other: int, size: str, same: bool, off: int) -> None:
        """The same execution once more with other figures, or of another order of that exchange and side."""
        order = newest(self.booked(), index)
        trade = newest(order.effective, other)
        named = order if same else newest(self.alike(order), other)
        fields = {"exec_id": trade.exec_ids[0], "trade_date": trade.trade_date}
        quantity, price = plain(self.size(named, size)), plain(self.fill_price(named, off))
        self.tell("trade", named.request, last_qty=quantity, last_px=price, **fields)

    def alike(self, order: Order) -> list[Order]:
        where = order.instrument.exchange
        same = [each for each in self.model.orders if each.instrument.exchange is where and each.side == order.side]
        return [each for each in same if each.request.feed and self.current(each)] or [order]
