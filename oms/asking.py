"""The embedded engine's calls for requests, asked of a running OMS by an operator: the same words, the same answers."""

from __future__ import annotations

from typing import Any

from oms.engine import Result
from oms.enums import Status
from oms.errors import OmsError
from oms.operator_client import Operator
from oms.order_entry import OrderEntry
from oms.reference import Reference


class Asking(OrderEntry):
    """Makes records from the rows of the running OMS, and has the operator's session send them."""

    character = Reference.character
    instrument_or_zero = Reference.instrument_or_zero

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def memory(self, table: str) -> Any:
        return self.operator.views.memory(table)

    def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result:
        """`by` is whoever's endpoint it is: nobody speaks for another one here."""
        answer = self.operator.ask(name, **fields)
        return Result(Status(answer["status"]), 0, [("Answer", answer)], answer["to"])

    def account_or_zero(self, code: str) -> int:
        try:
            return self.account_slot(code)
        except OmsError:
            return 0

    def instrument_of(self, account: str, cl_ord_id: str) -> int:
        slot = self.request_slot(self.account_or_zero(account), cl_ord_id)
        order = int(self.rows("request")["order"][slot])
        return int(self.rows("order")["instrument"][order])
