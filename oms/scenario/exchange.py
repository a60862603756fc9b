"""The exchange's side of a scenario: what a report would say where the file leaves it out.

Owns: per order what the exchange knows (quantity, executions, whether it has ended) and from it cum_qty, leaves_qty and
ord_status. It follows the file alone and never looks into the OMS, so that the two check each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

ENDS = {"canceled", "expired", "rejected", "done_for_day", "calculated"}  # exec_types that name the order's last state
PENDING = {"pending_cancel": {"canceled"}, "pending_replace": {"replaced"}}  # the exchange works on a request, until …
PRESENT = ("pending_new", "stopped", "suspended")  # … and what it says of an order that goes on
DUPLICATE = 6  # OrdRejReason of a repeated ClOrdID: the order that has it goes on
DAY_WORDS = ("done_for_day", "calculated")  # with which a day may end, but not an order that stays overnight


@dataclass
class ExchangeOrder:
    order_qty: Decimal
    day: bool
    entered: date
    cum_qty: Decimal = Decimal(0)
    ended: str = ""  # the ord_status with which it ended
    pending: dict[str, str] = field(default_factory=dict)  # request that the exchange works on → what that makes it
    present: str = ""  # one of PRESENT, until something else is said
    executions: dict[str, Decimal] = field(default_factory=dict)  # exec_id → quantity
    prices: dict[str, Decimal] = field(default_factory=dict)
    said: dict[tuple[str, str, date], dict[str, Any]] = field(default_factory=dict)  # exec_type, exec_id, day → figures

    def status(self) -> str:
        """By FIX's precedence: what is pending, how it ended, filled, stopped or suspended, what is filled of it."""
        for state in PENDING:
            if state in self.pending.values():
                return state
        if self.ended:
            return self.ended
        if self.cum_qty >= self.order_qty:
            return "filled"
        return self.present or ("partially_filled" if self.cum_qty > 0 else "new")

    def goes_on(self) -> None:
        """An order that stays overnight is done for a day only."""
        if self.ended in DAY_WORDS and not self.day:
            self.ended = ""

    def leaves(self) -> Decimal:
        stays = not self.ended or (self.ended in DAY_WORDS and not self.day)
        return max(Decimal(0), self.order_qty - self.cum_qty) if stays else Decimal(0)


class Exchange:
    """All orders of a scenario, by every id that names them."""

    def __init__(self) -> None:
        self.orders: dict[str, ExchangeOrder] = {}
        self.replaces: dict[str, Decimal | None] = {}  # cl_ord_id of a replace → its order_qty

    def entered(
        self, name: str, order_qty: Decimal, time_in_force: str, today: date, cum_qty: Decimal = Decimal(0)
    ) -> None:
        """A new order; a repeated request changes nothing."""
        if name not in self.orders:
            self.orders[name] = ExchangeOrder(order_qty, time_in_force not in ("gtc", "gtd"), today, cum_qty)

    def renamed(self, name: str, orig: str, order_qty: Decimal | None = None, *, replace: bool = False) -> None:
        """A replace or cancel: its id names the same order from now on."""
        if orig in self.orders:
            self.orders.setdefault(name, self.orders[orig])
        if replace:
            self.replaces.setdefault(name, order_qty)

    def completed(self, report: dict[str, Any], step: int, today: date) -> dict[str, Any]:
        """The report with what an exchange would add; the fields that it has stay as they are."""
        name = report.get("cl_ord_id") or report.get("order_id") or self.traded(report["exec_ref_id"])
        if name not in self.orders and "order_qty" in report:  # an order that was never sent
            self.entered(name, report["order_qty"], report.get("time_in_force", "day"), today)
        order = self.orders.get(name)
        if order is None:
            return report
        if "order_id" in report:
            self.orders.setdefault(report["order_id"], order)
        full = dict(report)
        if report["exec_type"] in ("trade", "trade_cancel", "trade_correct"):
            full.setdefault("exec_id", f"S{step}")
        key = (report["exec_type"], full.get("exec_id", ""), full.get("trade_date", today))
        if key[1] and key in order.said:  # the same report once more
            return order.said[key] | full
        self.apply(order, full, today)
        figures = {"ord_status": order.status(), "cum_qty": order.cum_qty, "leaves_qty": order.leaves()}
        order.said[key] = {name: full.get(name, value) for name, value in figures.items()}
        return figures | full

    def traded(self, exec_id: str) -> str:
        """The order of a trade, for a bust or correction that names nothing else; empty when there is none."""
        return next((name for name, order in self.orders.items() if exec_id in order.executions), "")

    def refused(self, name: str) -> str | None:
        """The exchange refuses to cancel or replace: what the order is then; None when it does not know it."""
        order = self.orders.get(name)
        if order is None:
            return None
        order.pending.pop(name, None)
        return order.status()

    def apply(self, order: ExchangeOrder, report: dict[str, Any], today: date) -> None:
        """What the report tells, on the exchange's own books."""
        exec_type, name = report["exec_type"], report.get("cl_ord_id", "")
        if self.repeated(order, report):
            return
        self.noted(order, exec_type, name)
        if exec_type == "trade":
            self.trade(order, report)
        elif exec_type in ("trade_cancel", "trade_correct"):
            self.revise(order, report, today)
        elif exec_type == "replaced":
            order_qty = report.get("order_qty", self.replaces.get(report.get("cl_ord_id", "")))
            order.order_qty = order.order_qty if order_qty is None else order_qty
            order.ended = ""
        elif exec_type == "restated":
            order.order_qty = report.get("order_qty", order.order_qty)
            order.goes_on()
        elif exec_type in ENDS:
            order.goes_on()
            order.ended = order.ended or exec_type
        if "cum_qty" in report and exec_type not in ("trade_cancel", "trade_correct"):
            order.cum_qty = max(order.cum_qty, report["cum_qty"])

    def repeated(self, order: ExchangeOrder, report: dict[str, Any]) -> bool:
        """Is it the reject of another New under the same id? Then the file says so, or the order has traded."""
        told = report.get("ord_rej_reason") == DUPLICATE or order.cum_qty > 0
        return report["exec_type"] == "rejected" and (told or report.get("ord_status", "rejected") not in ENDS)

    def noted(self, order: ExchangeOrder, exec_type: str, name: str) -> None:
        """What the exchange is at: a request that it works on or has done, a guarantee, a halt."""
        if exec_type in PENDING:
            order.pending[name] = exec_type
        elif any(exec_type in done for done in PENDING.values()):
            order.pending.pop(name, None)
        if exec_type in ENDS:
            order.pending.clear()
        if exec_type in PRESENT:
            order.present = exec_type
        elif exec_type in ("restated", "new", "triggered") or (exec_type == "trade" and order.present != "stopped"):
            order.present = ""

    def trade(self, order: ExchangeOrder, report: dict[str, Any]) -> None:
        order.goes_on()
        order.executions[report["exec_id"]] = report.get("last_qty", Decimal(0))
        if "last_px" in report:
            order.prices[report["exec_id"]] = report["last_px"]
        if "cum_qty" not in report:
            order.cum_qty += report.get("last_qty", Decimal(0))

    def revise(self, order: ExchangeOrder, report: dict[str, Any], today: date) -> None:
        """A bust or correction; what it does not say is as in the trade that it names."""
        ref = report.get("exec_ref_id", "")
        old = order.executions.pop(ref, None)
        if old is not None:
            report.setdefault("last_qty", old)
        if ref in order.prices:
            report.setdefault("last_px", order.prices[ref])
        new = Decimal(0)
        if report["exec_type"] == "trade_correct":
            new = order.executions[report["exec_id"]] = report.get("last_qty", Decimal(0))
            order.prices[report["exec_id"]] = report.get("last_px", Decimal(0))
        if old is not None:
            order.cum_qty += new - old
        order.cum_qty = report.get("cum_qty", order.cum_qty)
        if order.day and order.entered < today and not order.ended and order.cum_qty < order.order_qty:
            order.ended = "expired"  # a past day's order trades no more
