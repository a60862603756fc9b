"""Cash and stock as bank and registry would have them: opening figures, movements, and what the exchanges did.

Worked out from the exchanges' tapes in plain integers, apart from the engine. Fees are the simulation's one schedule:
the greater of 19.95 and 11 basis points of an order's executed value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from oms.adapters.messages import ExecutionReport, Report
from oms.enums import ExecType, Side
from tests.simulation.issuers import EX_DATE, Action

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
        self.ratios: dict[int, Fraction] = {}  # by instrument: new stock for old
        self.lost: dict[tuple[int, int], Fraction] = {}  # by account and instrument: of a share, paid in cash
        self.in_lieu: dict[tuple[int, int], int] = {}
        self.dividends: dict[str, dict[int, int]] = {}  # by id: per account, what it was paid, or pays

    def move(self, account: int, amount: int, reference: str) -> None:
        """Once by its reference."""
        if reference not in self.moved:
            self.moved.add(reference)
            self.cash[account] += amount

    def scale(self, action: Action, instrument: int, held: dict[int, int]) -> None:
        """held: by account, when the firm has applied the action. A crash may undo that: then the next time counts."""
        self.ratios[instrument] = action.ratio
        for account, total in held.items():
            left = total * action.ratio - int(total * action.ratio)
            self.lost[account, instrument] = left
            worth = abs(left) * Fraction(action.price) * 10_000
            self.in_lieu[account, instrument] = int(worth + Fraction(1, 2)) * (1 if left > 0 else -1)

    def ratio(self, instrument: int, trade_date: int = 0) -> Fraction:
        """What one unit of that date is today."""
        return self.ratios.get(instrument, Fraction(1)) if trade_date < EX_DATE else Fraction(1)

    def after(self, tapes: Iterable[list[Report]]) -> tuple[dict[int, int], dict[tuple[int, int], int | Fraction]]:
        """Cash and stock of each account once everything that was traded has settled."""
        cash = dict(self.cash)
        stock = {key: held * self.ratio(key[1]) - self.lost.get(key, 0) for key, held in self.stock.items()}
        for (account, _), amount in self.in_lieu.items():
            cash[account] += amount
        for paid in self.dividends.values():
            for account, amount in paid.items():
                cash[account] = cash.get(account, 0) + amount
        values: defaultdict[tuple[str, int], int] = defaultdict(int)
        for trade in effective([report for tape in tapes for report in tape]).values():
            value = trade.last_qty * trade.last_px
            sign = 1 if trade.side == Side.buy else -1
            cash[trade.account] = cash.get(trade.account, 0) - sign * value
            key = trade.account, trade.instrument
            shares = sign * trade.last_qty * self.ratio(trade.instrument, trade.trade_date)
            stock[key] = stock.get(key, Fraction(0)) + shares
            values[trade.order_id, trade.account] += value
        for (_, account), value in values.items():
            cash[account] -= fee_of(value)
        return cash, {key: int(held) if held.denominator == 1 else held for key, held in stock.items()}


def effective(tape: list[Report]) -> dict[str, ExecutionReport]:
    """The trades that stand, by the exec_id of their first version, and with its date."""
    standing: dict[str, ExecutionReport] = {}
    first: dict[str, str] = {}  # of each version
    dates: dict[str, int] = {}
    for report in tape:
        if not isinstance(report, ExecutionReport):
            continue
        if report.exec_type == ExecType.trade:
            standing[report.exec_id] = report
            first[report.exec_id] = report.exec_id
            dates[report.exec_id] = report.trade_date
        elif report.exec_type in (ExecType.trade_cancel, ExecType.trade_correct):
            name = first[report.exec_id] = first.get(report.exec_ref_id, "")  # none: of a trade that was forgotten
            if report.exec_type == ExecType.trade_cancel:
                standing.pop(name, None)
            elif name:
                standing[name] = report._replace(trade_date=dates[name])
    return standing
