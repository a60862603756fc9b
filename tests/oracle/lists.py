"""Lists of requests. Owns what holds the members of one back until it is whole, and what ends it before.

A member that is held back has the status `received`: vetted, with its hold, and not sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.control import Scope
from tests.oracle.orders import HELD, WAITING, Order, Request
from tests.oracle.reference import Account
from tests.oracle.requests import Result
from tests.oracle.resends import Resends

REJECTED = "list_rejected"


@dataclass(eq=False)
class OpenList:
    count: int
    all_or_nothing: bool
    come: int = 0
    failed: bool = False
    held: list[tuple[Request, list[str]]] = field(default_factory=list)  # with the desk's reasons


class Lists(Resends):
    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str | None, OpenList] = {}  # each sender has one
        self.listing: str | bool | None = False  # the sender of the member at hand; False = it is none

    def begin_list(self, count: int, *, all_or_nothing: bool = True, by: str | None = None) -> Result:
        """One that is not whole ends."""
        if by is not None and not (self.users[by].active and {"trade", "trade_any"} & self.users[by].permissions):
            return Result("permission_denied")
        if by in self.lists:
            self.fail(self.lists[by])
        self.lists[by] = OpenList(count, all_or_nothing)
        return Result()

    def submit(self, *what: Any, listed: bool = False, **fields: Any) -> Result:
        ask = super().submit
        return self.member(listed, fields.get("by"), lambda: ask(*what, **fields))

    def replace(self, *what: Any, listed: bool = False, **fields: Any) -> Result:
        ask = super().replace
        return self.member(listed, fields.get("by"), lambda: ask(*what, **fields))

    def member(self, listed: bool, by: str | None, ask: Callable[[], Result]) -> Result:
        """One that is only repeated does not count."""
        if not listed:
            return ask()
        self.listing = by
        result = ask()
        self.listing = False
        mine = self.lists.get(by)
        if mine is None or result.repeated:
            return result
        mine.come += 1
        if result.status != "ok" and mine.all_or_nothing:
            self.fail(mine)
        if mine.come >= mine.count:
            del self.lists[by]
            result.sent += self.release(mine)
        return result

    def open_list(self) -> OpenList | None:
        """That of the member at hand."""
        mine = None if self.listing is False else self.lists.get(self.listing)
        return None if mine is None or mine.failed else mine

    def receive(
        self, account: Account, cl_ord_id: str, type: str, content: tuple[object, ...], by: str | None
    ) -> Request | Result:
        told = super().receive(account, cl_ord_id, type, content, by)
        if isinstance(told, Request) and self.listing is not False and self.open_list() is None:
            return self.refuse(told, REJECTED)
        return told

    def unchangeable(self, order: Order | None) -> str | None:
        """A list changes what is out; what one holds back is not changed."""
        held = order is not None and order.request.status == HELD
        unsent = order is not None and order.request.status in WAITING and self.listing is not False
        return REJECTED if held or unsent else super().unchangeable(order)

    def place(self, request: Request, hits: list[str]) -> Result:
        mine = self.open_list()
        if mine is None or not mine.all_or_nothing:
            return super().place(request, hits)
        request.hits.update(hits)
        mine.held.append((request, hits))
        return Result()

    def release(self, mine: OpenList) -> list[str]:
        """It is whole: the checks once more, for what has come since; then each goes out, or to the desk."""
        before = len(self.sent)
        if any(self.vet_again(request)[0] for request, _ in mine.held):
            self.fail(mine)
        for request, hits in mine.held:
            super().place(request, hits)
        return self.sent[before:]

    def fail(self, mine: OpenList) -> None:
        mine.failed = True
        held, mine.held = mine.held, []
        for request, _ in held:
            if request.status == HELD:
                self.drop(request, "rejected", REJECTED)

    def spoil(self) -> None:
        """A list of which a member has ended can no longer become whole."""
        for mine in list(self.lists.values()):
            if any(request.status != HELD for request, _ in mine.held):
                self.fail(mine)

    def sweep(self, fits: Scope, status: str, reason: str, cancels: bool = True) -> Result:
        result = super().sweep(fits, status, reason, cancels)
        self.spoil()
        return result

    def end_lists(self, exchange: str) -> None:
        """With the session of an exchange that a member is for."""
        for mine in self.lists.values():
            if any(request.order.instrument.exchange.mic == exchange for request, _ in mine.held):
                self.fail(mine)
