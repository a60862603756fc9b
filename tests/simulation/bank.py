"""Cash and stock as bank and registry would have them: opening figures, movements, and what the exchanges did.

Worked out from the exchanges' tapes in plain integers, apart from the engine. Fees are the simulation's one schedule:
the greater of 19.95 and 11 basis points of an order's executed value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from oms.adapters.messages import ExecutionReport, Report
from oms.enums import ExecType, Side

MINIMUM = 199_500  # of the currency's 1/10000
RATE = 11


def fee_of(value: int) -> int:
    """Half a unit goes away from zero."""
    return max(MINIMUM, (value * RATE + 5_000) // 10_000) if value else 0


class Bank:
    """cash: units of 1/10000. stock: by account and instrument."""

    def __init__(self) -> None:
        self.cash: defaultdict[int, int] = defaultdict(int)
        self.stock: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.moved: set[str] = set()
        self.dividends: dict[str, dict[int, int]] = {}  # by id: per account, what it was paid, or pays

    def move(self, account: int, amount: int, reference: str) -> None:
        """Once by its reference."""
        if reference not in self.moved:
            self.moved.add(reference)
            self.cash[account] += amount

    def after(self, tapes: Iterable[list[Report]]) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
        """Cash and stock of each account once everything that was traded has settled."""
        cash, stock = dict(self.cash), dict(self.stock)
        for paid in self.dividends.values():
            for account, amount in paid.items():
                cash[account] = cash.get(account, 0) + amount
        values: defaultdict[tuple[str, int], int] = defaultdict(int)
        for trade in effective([report for tape in tapes for report in tape]).values():
            value = trade.last_qty * trade.last_px
            sign = 1 if trade.side == Side.buy else -1
            cash[trade.account] = cash.get(trade.account, 0) - sign * value
            key = trade.account, trade.instrument
            stock[key] = stock.get(key, 0) + sign * trade.last_qty
            values[trade.order_id, trade.account] += value
        for (_, account), value in values.items():
            cash[account] -= fee_of(value)
        return cash, stock


def effective(tape: list[Report]) -> dict[str, ExecutionReport]:
    """The trades that stand, by the exec_id of their first version."""
    standing: dict[str, ExecutionReport] = {}
    first: dict[str, str] = {}  # of each version
    for report in tape:
        if not isinstance(report, ExecutionReport):
            continue
        if report.exec_type == ExecType.trade:
            standing[report.exec_id] = report
            first[report.exec_id] = report.exec_id
        elif report.exec_type in (ExecType.trade_cancel, ExecType.trade_correct):
            name = first[report.exec_id] = first.get(report.exec_ref_id, "")  # none: of a trade that was forgotten
            if report.exec_type == ExecType.trade_cancel:
                standing.pop(name, None)
            elif name:
                standing[name] = report
    return standing
