"""A random broker's day, played to the engine and the oracle: what all its parts share.

Owns the comparison after every step, the restarts between them, and whether the engine hears each fact twice; the steps
are in clients.py, exchange.py, office.py and the others.
"""

from __future__ import annotations

from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.oracle.orders import Order, Request
from tests.property.pair import Pair

Item = TypeVar("Item")


def newest(items: list[Item], index: int) -> Item:
    return items[-1 - index % len(items)]


class Day(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(note)
        self.model = self.pair.oracle
        self.names = 0
        self.restarts = self.steps = 0
        self.said: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []  # requests and reports, to say again

    def teardown(self) -> None:
        self.pair.close()

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    def say(self, method: str, *args: Any, **fields: Any) -> str:
        self.said.append((method, args, fields))
        return self.pair.do(method, *args, **fields)

    @initialize(twice=st.booleans(), restarts=st.sampled_from((0, 0, 1, 3, 7)))
    def hear(self, twice: bool, restarts: int) -> None:
        """restarts: after every so many steps; 0 = never."""
        self.pair.twice, self.restarts = twice, restarts

    @invariant()
    def agree(self) -> None:
        self.pair.compare()
        self.steps += 1
        if self.restarts and self.steps % self.restarts == 0:
            self.pair.restart()

    def current(self, order: Order) -> bool:
        """Its name still stands for it, and not for an order of a later day."""
        request = order.request
        return self.model.requests.get((order.account.code, request.cl_ord_id)) is request

    def open(self) -> list[Order]:
        return [order for order in self.model.orders if not order.closed and self.current(order)]

    def keys(self) -> list[tuple[str, str]]:
        """Account and name of each request that has one."""
        return [key for key, request in self.model.requests.items() if request.cl_ord_id]

    def chain(self, order: Order) -> list[Request]:
        return [each for each in self.model.requests.values() if each.order is order and each.cl_ord_id]
