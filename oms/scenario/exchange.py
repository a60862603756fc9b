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
SAYS = {"pending_new", "pending_cancel", "pending_replace", "stopped", "suspended"}  # … and those that name its present


@dataclass
class ExchangeOrder:
    order_qty: Decimal
    day: bool
    entered: date
    cum_qty: Decimal = Decimal(0)
    ended: str = ""  # the ord_status with which it ended
    executions: dict[str, Decimal] = field(default_factory=dict)  # exec_id → quantity
    prices: dict[str, Decimal] = field(default_factory=dict)
    said: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # (exec_type, exec_id) → figures

    def status(self) -> str:
        if self.ended:
            return self.ended
        if self.cum_qty >= self.order_qty:
            return "filled"
        return "partially_filled" if self.cum_qty > 0 else "new"

    def leaves(self) -> Decimal:
        stays = not self.ended or (self.ended == "done_for_day" and not self.day)
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
            self.orders[name] = ExchangeOrder(order_qty, time_in_force == "day", today, cum_qty)

    def renamed(self, name: str, orig: str, order_qty: Decimal | None = None, *, replace: bool = False) -> None:
        """A replace or cancel: its id names the same order from now on."""
        if orig in self.orders:
            self.orders.setdefault(name, self.orders[orig])
        if replace:
            self.replaces.setdefault(name, order_qty)

    def completed(self, report: dict[str, Any], step: int, today: date) -> dict[str, Any]:
        """The report with what an exchange would add; the fields that it has stay as they are."""
        name = report.get("cl_ord_id", report.get("order_id", ""))
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
        key = (report["exec_type"], full.get("exec_id", ""))
        if key[1] and key in order.said:  # the same report once more
            return order.said[key] | full
        self.apply(order, full, today)
        figures = {"ord_status": self.status(order, report), "cum_qty": order.cum_qty, "leaves_qty": order.leaves()}
        order.said[key] = {name: full.get(name, value) for name, value in figures.items()}
        return figures | full

    def status(self, order: ExchangeOrder, report: dict[str, Any]) -> str:
        return report["exec_type"] if report["exec_type"] in SAYS else order.status()

    def apply(self, order: ExchangeOrder, report: dict[str, Any], today: date) -> None:
        """What the report tells, on the exchange's own books."""
        exec_type = report["exec_type"]
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
        elif exec_type in ENDS and not order.ended:
            order.ended = exec_type
        if "cum_qty" in report and exec_type not in ("trade_cancel", "trade_correct"):
            order.cum_qty = max(order.cum_qty, report["cum_qty"])

    def trade(self, order: ExchangeOrder, report: dict[str, Any]) -> None:
        if order.ended == "done_for_day" and not order.day:
            order.ended = ""
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
