"""What a person settles: requests in doubt, breaks, reports that could not be booked, orders of the wrong account.

A mixin of Engine: it makes records; it holds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oms.errors import OmsError
from oms.parked import booked_again, breaks, find_parked, find_suspended, parked_rows, request_named

if TYPE_CHECKING:
    from oms.engine import Result
    from oms.journal import Journal
    from oms.pictures import Break, Parked
    from oms.views import Views

    class Host(Views):
        """What the mixin needs of the engine."""

        journal: Journal | None

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def apply(self, raw: bytes, source: int = 0) -> Result: ...
        def number(self, enum: str, value: str) -> int: ...
        def account_or_zero(self, code: str) -> int: ...

else:
    Host = object


class Repair(Host):
    """Facts that did not fit, and what becomes of them."""

    def breaks(self) -> list[Break]:
        """Executions whose key came again with other content, and that wait for a person."""
        return breaks(self)

    def parked(self, closed: bool = False) -> list[Parked]:
        """Facts that could not be booked, and breaks; with `closed` those that were settled, too."""
        return parked_rows(self, closed=closed)

    def move(
        self, account: str, cl_ord_id: str, to: str, orig_cl_ord_id: str = "", *, tag: int = 0, by: str | None = None
    ) -> Result:
        """Asks to move an order with its executed part to another account of the same owner. cl_ord_id names the
        request, and orig_cl_ord_id the order; without that, cl_ord_id names the order."""
        accounts = {"account": self.account_or_zero(account), "to": self.account_or_zero(to)}
        return self.record("MoveOrder", by, **accounts, cl_ord_id=cl_ord_id, orig_cl_ord_id=orig_cl_ord_id, tag=tag)

    def assign(self, name: str, account: str, by: str | None = None) -> Result:
        """Gives an order that stands at the suspense account to an account. name: order_id, cl_ord_id, or the exec_id
        of one of its executions."""
        return self.record("AssignOrder", by, order=find_suspended(self, name), account=self.account_or_zero(account))

    def resolve(self, account: str, name: str, outcome: str, by: str | None = None, text: str = "") -> Result:
        """Says what became of a request in doubt, or of an order that is missing at the exchange. name: the request's
        cl_ord_id, or the order_id of an order that was not entered here. outcome: rejected,
        canceled, expired, accepted; closed = Rejected when it was never acknowledged, else Canceled, and of a dead
        order: no executions are missing any more."""
        request = request_named(self, account, name)
        return self.record("Resolve", by, request=request, outcome=self.number("Resolution", outcome), text=text)

    def resolve_parked(self, name: str | int, outcome: str, by: str | None = None, text: str = "") -> Result:
        """Settles what is parked, by its journal sequence, exec_id, the id of a balance report or the order_id of a
        row of a list. outcome: ours, theirs (a break), apply (booked
        now, as the journal has it), dismiss."""
        slot = find_parked(self, name)
        if outcome != "apply" or not slot:
            return self.record("Resolve", by, parked=slot, outcome=self.number("Resolution", outcome), text=text)
        if self.journal is None:
            raise OmsError("without a journal there is nothing to book again")
        return self.apply(booked_again(self, self.journal.directory, slot), self.user_slot(by) if by else 0)
