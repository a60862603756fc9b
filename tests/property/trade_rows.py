"""What stands of each trade, and what an account has realised, engine against oracle: looked at when either changed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np

from oms import Engine
from oms.enums import TradeKind
from oms.realised import realised
from tests.oracle import Oracle
from tests.oracle.numbers import nearest
from tests.oracle.orders import Order


class TradeRows:
    def __init__(self, engine: Engine, oracle: Oracle) -> None:
        self.engine, self.oracle = engine, oracle
        self.seen: dict[Any, tuple[Any, ...]] = {}  # what was compared last

    def changed(self, key: Any, *figures: Any) -> bool:
        before, self.seen[key] = self.seen.get(key), figures
        return before != figures

    # trades

    def compare(self, row: int, order: Order) -> None:
        """Row by row: price and money, fee and tax, dates. Fees that changed after settlement stand by themselves."""
        executions = self.engine.rows("execution")
        standing = (executions["order"] == row) & (executions["superseded_by"] == 0)
        slots = np.flatnonzero(standing & (executions["kind"] != TradeKind.bust))
        ours = self.ours(order)
        if not self.changed(order, executions[slots].tobytes(), ours):
            return
        pictures = [self.engine.trade_picture(int(slot)) for slot in slots]
        theirs = Counter(
            (each.exec_id, each.quantity, each.price, each.value, each.fee, each.tax, each.trade_date, each.settle_date)
            for each in pictures
            if each.exec_id
        )
        assert theirs == ours, f"trades: engine {theirs - ours}, oracle {ours - theirs}"
        alone = [each for each in pictures if not each.exec_id]
        fees, taxes = sum((each.fee for each in alone), Decimal()), sum((each.tax for each in alone), Decimal())
        assert (fees, taxes) == (order.fee_items, order.tax_items), f"fees by themselves: {fees} with tax {taxes}"

    def ours(self, order: Order) -> Counter[tuple[Any, ...]]:
        return Counter(
            (
                each.exec_ids[-1],
                each.quantity,
                each.price,
                each.value,
                each.fee,
                each.tax,
                each.trade_date,
                each.settle_date,
            )
            for each in order.effective
        )

    # what was gained

    def compare_realised(self, account: str, instrument: str) -> None:
        holding = self.oracle.stock[account, instrument]
        trades = [(each.exec_ids[-1], each.quantity, each.price, each.counts) for each in holding.trades]
        if not self.changed((account, instrument), trades, len(holding.history)):
            return
        cost, unit = holding.cost, self.oracle.instruments[instrument].currency.exponent
        ours = nearest(cost.realised, unit), cost.unknown
        slot = self.engine.holding_slot(self.engine.account_slot(account), self.engine.instrument_slot(instrument))
        if slot:
            told = realised(self.engine, slot)
            assert (told.total, told.unknown) == ours, f"realised: engine {told}, oracle {ours}"
