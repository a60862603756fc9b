"""The firm's operator: start of day, movements, settlement, the kill switch. What a crash has undone is done again.

Everything here has an identity (a date, a digest, a reference, a batch), so that doing it twice does it once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from oms.engine import Result
from oms.enums import Status
from tests.simulation.bank import Bank
from tests.simulation.clock import Broken, Clock
from tests.simulation.exchange import REFERENCE
from tests.simulation.process import Process

DAY = date(2026, 11, 23)
FRIDAY = date(2026, 11, 20)
OPENING_CASH = {"A1": 400_000, "A2": 60_000, "A3": 1_000_000}
OPENING_STOCK = {("A1", "BHP"): 20_007, ("A2", "BHP"): 3_003, ("A3", "CSL"): 50_009, ("A3", "BHP"): 8_001}


class Task:
    """Something that has to be done once, whatever happens. expected: statuses that are right."""

    def __init__(self, call: Callable[[], Any], expected: tuple[Status, ...]) -> None:
        self.call, self.expected = call, expected
        self.sequence = self.life = -1
        self.done = False


class Office:
    def __init__(self, clock: Clock, process: Process, bank: Bank) -> None:
        self.clock, self.process, self.bank = clock, process, bank
        self.tasks: list[Task] = []
        self.number = 0
        self.today = DAY

    def do(
        self, method: str, *args: Any, right: Status = Status.ok, expected: tuple[Status, ...] = (), **fields: Any
    ) -> None:
        """In order, once, and again where a crash has undone it. expected: what is right as well."""
        call = lambda: self.process.operate(method, *args, **fields)  # noqa: E731
        self.tasks.append(Task(call, (right, *expected)))

    def work(self) -> None:
        process = self.process
        if process.alive and process.running.journal is not None:
            safe = process.running.journal.safe
            for task in self.tasks:
                if task.sequence >= 0 and task.life == process.deaths and task.sequence <= safe:
                    task.done = True
            self.tasks = [task for task in self.tasks if not task.done]
            for task in self.tasks:
                if task.life != process.deaths:
                    if task.life >= 0:
                        self.clock.mark("operator's work done again after a crash")
                    result = task.call()
                    if result is None:
                        break
                    if result.status not in task.expected:
                        raise Broken(f"the operator was told {result.status.name}, not {task.expected[0].name}")
                    task.sequence, task.life = result.sequence, process.deaths
        self.clock.after(15, self.work)

    # start of day

    def open_the_day(self) -> None:
        self.do("business_date", DAY, expected=(Status.date_not_forward,))
        cash = [(account, "AUD", str(booked)) for account, booked in OPENING_CASH.items()]
        stock = [(*key, str(settled), "9.5") for key, settled in OPENING_STOCK.items()]
        self._load("load_cash", cash, b"c")
        self._load("load_holdings", stock, b"h")
        for number, (account, booked) in enumerate(OPENING_CASH.items(), 1):
            self.bank.cash[number] = booked * 10_000
            for instrument, symbol in enumerate(("BHP", "CSL"), 1):
                self.bank.stock[number, instrument] = OPENING_STOCK.get((account, symbol), 0)

    def _load(self, method: str, rows: list[tuple[str, ...]], digest: bytes) -> None:
        if self.clock.fault("wrong start-of-day file"):  # a row is wrong; a corrected file comes, and supersedes it
            wrong = [(*rows[0][:2], "1", *rows[0][3:]), *rows[1:]]
            self.do(method, FRIDAY, wrong, source="files", digest=digest.upper() * 32, expected=self.again)
            self.do(
                method,
                FRIDAY,
                rows,
                source="files",
                digest=digest * 32,
                supersede=True,
                by="operator",
                expected=self.again,
            )
            return
        for _ in range(2 if self.clock.fault("start-of-day file twice") else 1):
            self.do(method, FRIDAY, rows, source="files", digest=digest * 32, expected=self.again)

    again = (Status.load_repeated,)

    # the day

    def deposit(self) -> None:
        self.number += 1
        number = self.clock.random.randint(1, 3)
        amount, reference = self.clock.random.randrange(1, 100_000), f"deposit {self.number}"
        self.bank.move(number, amount * 10_000, reference)
        for _ in range(self.clock.random.choice((1, 1, 2))):
            self.do("deposit", f"A{number}", "AUD", amount, reference, expected=(Status.movement_repeated,))

    def settle_some(self) -> None:
        """All that is traded so far, days early, so that busts and corrections of what has settled follow; twice."""
        self.number += 1
        self.clock.mark("settlement batch between the faults")
        for right in (Status.ok, Status.settlement_repeated):
            expected = (Status.settlement_repeated,)
            self.do("settle", f"batch {self.number}", DAY + timedelta(days=5), right=right, expected=expected)

    def dividend(self) -> None:
        """Pays on what is held, by the trades that are known when it is journaled. A crash may undo that: then it is
        announced again, and what is held by then counts."""
        self.number += 1
        chance, today = self.clock.random, self.today
        name, symbol, cents = f"dividend {self.number}", chance.choice(list(REFERENCE)), chance.randint(1, 99)
        orders = chance.choice((None, "cancel", "hold"))

        def announce() -> Result | None:
            if not self.process.alive:
                return None
            engine = self.process.running
            held = engine.rows("holding")[1:]
            held = held[held["instrument"] == engine.instrument_slot(symbol)]
            totals = held["settled"] + held["incoming"] - held["outgoing"]
            given = {"amount": f"0.{cents:02}", "live_orders": orders}
            result = self.process.operate("corporate_action", name, symbol, "dividend", today, **given)
            if result is not None and result.status == Status.ok:
                amounts = (totals * cents * 100).tolist()
                self.bank.dividends[name] = dict(zip(held["account"].tolist(), amounts, strict=True))
            return result

        self.clock.mark("dividend")
        for _ in range(chance.choice((1, 2))):
            self.tasks.append(Task(announce, (Status.ok, Status.corporate_action_repeated)))

    def mass_cancel(self) -> None:
        self.clock.mark("mass cancel")
        self.process.operate("mass_cancel", account=f"A{self.clock.random.randint(1, 3)}")

    def kill(self) -> None:
        """And lift it again; nobody does that in between."""
        self.clock.mark("kill switch")
        self.do("kill", "exchange", "XASX")
        self.clock.after(300, self.do, "control", "exchange", "XASX", "active")

    def settle(self) -> None:
        """All that falls due; the batch comes twice."""
        last = DAY + timedelta(days=10)
        self.do("settle", "everything", last)
        self.do("settle", "everything", last, right=Status.settlement_repeated)
