"""Steps of issuers: what they do to their stock, as it is told before, on and after the day, and taken back."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.oracle.books import Holding
from tests.oracle.corporate import new_for_old
from tests.oracle.orders import Action, Execution
from tests.property import strategies as draw
from tests.property.machine import Day, newest

RATIOS = {
    "split": ("2", "3/1", "3:2", "7/3"),
    "consolidation": ("2", "1:10", "2/3", "1/7"),
    "bonus": ("1", "1/10", "2:7"),
}
kinds = st.sampled_from(("split", "split", "consolidation", "bonus", "dividend", "dividend"))


class Issuers(Day):
    def holdings(self, instrument: str) -> list[Holding]:
        return [row for (_, symbol), row in self.model.stock.items() if symbol == instrument]

    def shares_out_evenly(self, instrument: str) -> bool:
        """What a date loses by being cut is that of one trade, or of trades that stand as they were booked."""
        for row in self.holdings(instrument):
            dates = defaultdict[tuple[date, str], list[Execution]](list)
            for trade in row.trades:
                if trade.taken_back:
                    return False
                if trade.in_ladder and trade.open_stock:
                    dates[trade.settle_date, trade.side].append(trade)
            for together in dates.values():
                if len(together) > 1 and not all(self.stands_as_booked(trade) for trade in together):
                    return False
        return True

    def stands_as_booked(self, trade: Execution) -> bool:
        return trade.side == "buy" and len(trade.exec_ids) == 1 and trade.order.executions == [trade]

    def may_be_told_late(self, instrument: str, ex_date: date) -> bool:
        """Nothing but trades has come since new stock was traded, and nothing of that was taken back."""
        for row in self.holdings(instrument):
            new = False
            for event in row.history:
                if isinstance(event, Execution):
                    if event.taken_back:
                        return False
                    new |= event.trade_date > ex_date
                elif new:
                    return False
        return True

    @rule(
        instrument=draw.instruments,
        kind=kinds,
        pick=st.integers(0, 3),
        days=st.sampled_from((-2, -1, 0, 0, 0, 1, 1, 2)),
        price=st.sampled_from(("0", "0", "4.5", "10")),
        way=st.sampled_from((None, None, "cancel", "hold", "keep")),
        by=st.sampled_from((None, None, None, "desk", "alice", "far")),
    )
    def act(
        self, instrument: str, kind: str, pick: int, days: int, price: str, way: str | None, by: str | None
    ) -> None:
        ex_date = self.model.today + timedelta(days)
        if days < 0 and not self.may_be_told_late(instrument, ex_date):
            ex_date = self.model.today
        terms: dict[str, Any] = {"amount": ("0.25", "1", "0.00012345", "3.333")[pick]}
        if kind != "dividend":
            ratio = RATIOS[kind][pick % len(RATIOS[kind])]
            whole = new_for_old(kind, ratio).denominator == 1
            if not whole and not (days <= 0 and self.shares_out_evenly(instrument)):
                kind, ratio = "split", "2"
            terms = {"ratio": ratio, "price": price}
        self.announce(instrument, kind, ex_date, by, live_orders=way, **terms)

    def announce(self, instrument: str, kind: str, ex_date: date, by: str | None, **terms: Any) -> None:
        """What the preview says is what is then booked."""
        name, today = self.name("C"), ex_date <= self.model.today
        shares = self.pair.engine.preview_corporate_action(instrument, kind, ex_date, **terms) if today else []
        money = self.pair.oracle.instruments[instrument].currency.code
        paid = {share.account: -self.pair.engine.cash(share.account, money).booked for share in shares}
        status = self.say("corporate_action", name, instrument, kind, ex_date, **terms, by=by)
        for share in shares if status == "ok" else ():
            found = self.pair.engine.holding(share.account, instrument)
            assert (found.settled, found.incoming, found.outgoing) == (share.settled, share.incoming, share.outgoing)
            assert (found.total, found.average_price) == (share.after, share.average_after)
            assert paid[share.account] + self.pair.engine.cash(share.account, money).booked == share.amount

    @precondition(lambda self: self.model.actions)
    @rule(
        index=st.integers(0, 2),
        applied=st.sampled_from((True, True, False)),
        by=st.sampled_from((None, None, None, "desk", "alice", "far")),
    )
    def undo(self, index: int, applied: bool, by: str | None) -> None:
        known = [action.id for action in self.model.applied] if applied else [*self.model.actions]
        self.say("undo_corporate_action", newest(known or ["nothing"], index), by=by)

    @precondition(lambda self: self.model.actions)
    @rule(index=draw.recent, amount=st.sampled_from(("1", "2")))
    def reuse_an_id(self, index: int, amount: str) -> None:
        action: Action = newest([*self.model.actions.values()], index)
        self.pair.do("corporate_action", action.id, "Q", "dividend", action.ex_date, amount=amount)
