"""What always holds, checked after every step without being asked: the books add up, and the journal tells them again.

Owns: the five invariants as functions of the engine's arrays; docs/reference/scenario.md lists them. Changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from oms.engine import Engine
from oms.enums import Status, TradeKind, WithdrawalStatus
from oms.journal import Reader
from oms.recompute import counted_by_orders
from oms.scenario.actions import Outcome
from oms.scenario.check import Failure, plain, show
from oms.scenario.parse import Step
from oms.scenario.world import World

Arrays = dict[str, np.ndarray[Any, Any]]
Broken = Iterator[tuple[str, str, str]]  # what, expected, actual
ASKS = ("new", "replace", "list", "authorise", "withdraw", "move", "transfer")  # accepted ones leave nothing below zero


class Watch:
    """Looks at a world before and after each step; a second engine follows its journal."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shadow = Engine(capacities=world.capacities)
        self.free: dict[tuple[str, str], Any] = {}

    def before(self) -> None:
        self.free = self.available()

    def after(self, step: Step, outcome: Outcome) -> Iterator[Failure]:
        arrays = self.world.engine.arrays()
        broken = [*holds(arrays), *self.stays_free(step, outcome), *counts(arrays), *balances(arrays), *self.replays()]
        if outcome.repeated:
            broken.append(("what the same report over a second feed brought about", "[]", show("", outcome.repeated)))
        for what, expected, actual in broken:
            yield Failure(step.line, what, expected, actual)

    def available(self) -> dict[tuple[str, str], Any]:
        """What is available of every cash row and holding, by account and currency or instrument."""
        engine = self.world.engine
        cash = [engine.cash_picture(slot) for slot in range(1, len(engine.rows("cash")))]
        shorts = engine.rows("account")["short_allowed"][engine.rows("holding")["account"]]  # may have less than none
        stock = [engine.holding_picture(slot) for slot in range(1, len(shorts)) if not shorts[slot]]
        free = {(row.account, row.currency): row.available for row in cash}
        return free | {(row.account, row.instrument): row.available for row in stock}

    def stays_free(self, step: Step, outcome: Outcome) -> Broken:
        """2. No accepted request takes available below zero, unless an override is on record."""
        if step.action not in ASKS or outcome.answer != Status.ok or step.fields.get("override"):
            return
        for (account, item), after in self.available().items():
            if after < 0 and after < self.free.get((account, item), 0):
                yield (
                    f"invariant 2: available of {account} in {item} after an accepted {step.action}",
                    "≥ 0",
                    plain(after),
                )

    def replays(self) -> Broken:
        """5. The journal, replayed, gives the same state."""
        last = int(self.shadow.rows("firm")["last_sequence"][1])
        with Reader(self.world.journal, last + 1, live=True) as reader:
            self.shadow.core.replay(reader)
            reader.check()
        self.shadow.core.drop_outputs()
        live, replayed = self.world.engine.state_hash(), self.shadow.state_hash()
        if live != replayed:
            yield "invariant 5: the state hash of the journal's replay", live, replayed


def holds(arrays: Arrays) -> Broken:
    """1. What is reserved equals the sums over the live orders, and over withdrawals that wait."""
    orders = arrays["order"][1:]
    for table, amount in (("cash", "reserved"), ("holding", "reserved_qty")):
        rows = arrays[table]
        sums = np.zeros(len(rows), "i8")
        np.add.at(sums, orders[table], orders[amount])
        for row in arrays["withdrawal"][1:] if table == "cash" else ():
            same = (rows["account"] == row["account"]) & (rows["currency"] == row["currency"])
            sums[same] += row["amount"] if row["status"] == WithdrawalStatus.requested else 0
        for slot in np.flatnonzero(sums[1:] != rows["reserved"][1:]) + 1:
            yield f"invariant 1: reserved of {table} row {slot}, in units", str(sums[slot]), str(rows["reserved"][slot])
    ended = (orders["closed"] == 1) & (orders["missing_qty"] == 0)
    for slot in np.flatnonzero(ended & ((orders["reserved"] != 0) | (orders["reserved_qty"] != 0))) + 1:
        yield f"invariant 1: what order row {slot} holds after it ended", "0", str(arrays["order"]["reserved"][slot])


def counts(arrays: Arrays) -> Broken:
    """3. An order's cum_qty is the sum of its effective executions, and none is booked twice."""
    orders, executions = arrays["order"], arrays["execution"]
    effective = (executions["superseded_by"] == 0) & (executions["kind"] != TradeKind.bust)
    sums = np.zeros(len(orders), "i8")
    np.add.at(sums, executions["order"][effective], counted_by_orders(arrays)[effective])
    for slot in np.flatnonzero(sums[1:] != orders["cum_qty"][1:]) + 1:
        if sums[slot] or not orders["flags"][slot] & 1:  # the exchange may have told of an external order's past
            yield f"invariant 3: cum_qty of order row {slot}, in units", str(sums[slot]), str(orders["cum_qty"][slot])
    rows = arrays["execution"][1:]
    rows = rows[(rows["ref"] == 0) & (rows["key_hash"] != 0)]
    keys = Counter((row["exchange"], row["trade_date"], row["side"], row["key_hash"]) for row in rows)
    for key, times in keys.items():
        if times > 1:
            yield f"invariant 3: how often the execution with key {key} is booked", "1", str(times)


def balances(arrays: Arrays) -> Broken:
    """4. Every posting balances: per currency and per instrument the sum over accounts and the other sides is zero."""
    for table, items, owed, due, sides in (
        ("cash", "currency", "payable", "receivable", ("market", "fees", "external")),
        ("holding", "instrument", "outgoing", "incoming", ("market", "external")),
    ):
        rows, others = arrays[table], arrays[items]
        settled = rows["booked" if table == "cash" else "settled"]
        sums = sum((others[side] for side in sides), np.zeros(len(others), "i8"))
        np.add.at(sums, rows[items][1:], (settled + rows[due] - rows[owed])[1:])
        for slot in np.flatnonzero(sums[1:]) + 1:
            yield f"invariant 4: the sum of all postings of {items} {slot}, in units", "0", str(sums[slot])
