"""Steps that give orders to another account: a client's move, and an operator's word on what nobody's account got."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.external import SUSPENSE
from tests.oracle.orders import Order
from tests.property import strategies as draw
from tests.property.machine import Day, newest


class Moving(Day):
    def named_orders(self) -> list[Order]:
        return [order for order in self.model.orders if order.request.cl_ord_id and self.current(order)]

    @precondition(lambda self: self.named_orders())
    @rule(index=draw.recent, link=draw.recent, to=draw.accounts, named=st.booleans(), by=draw.users)
    def move(self, index: int, link: int, to: str, named: bool, by: str | None) -> None:
        """By any name of the chain, as a request of its own or not."""
        order = newest(self.named_orders(), index)
        name = newest(self.chain(order), link).cl_ord_id
        if named:
            self.say("move", order.account.code, self.name("M"), to, name, by=by)
        else:
            self.pair.do("move", order.account.code, name, to, by=by)

    @precondition(lambda self: self.filled())
    @rule(index=draw.recent, to=draw.accounts)
    def move_what_was_executed(self, index: int, to: str) -> None:
        order = newest(self.filled(), index)
        self.say("move", order.account.code, self.name("M"), to, order.request.cl_ord_id)

    def filled(self) -> list[Order]:
        return [order for order in self.named_orders() if order.effective]

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent, account=draw.accounts, to=draw.accounts)
    def move_what_may_be_unknown(self, index: int, account: str, to: str) -> None:
        self.pair.do("move", account, newest(self.keys(), index)[1], to)

    def suspended(self) -> list[Order]:
        return [order for order in self.model.orders if order.account.code == SUSPENSE]

    @precondition(lambda self: self.suspended())
    @rule(index=draw.recent, to=draw.accounts, by=st.sampled_from((None, "desk", "desk", "alice", "far")))
    def assign(self, index: int, to: str, by: str | None) -> None:
        self.pair.do("assign", newest(self.suspended(), index).order_id, to, by=by)

    @rule(to=draw.accounts)
    def assign_what_is_not_there(self, to: str) -> None:
        self.pair.do("assign", "nothing", to, by="desk")
