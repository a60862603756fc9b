"""The night between two days: the session ends, issuers act, the firm's date moves on, the exchange opens again.

Faults go on in it. The exchange opens once the firm's start of day is through: no such work is done while it is open.
"""

from __future__ import annotations

from datetime import timedelta

from oms.engine import Result
from oms.enums import CorporateActionState, Status
from tests.simulation.bank import Bank
from tests.simulation.clock import Clock
from tests.simulation.exchange import Exchange
from tests.simulation.issuers import Action
from tests.simulation.office import DAY, Office, Task
from tests.simulation.people import Client

NEXT_DAY = DAY + timedelta(days=1)


class Night:
    def __init__(self, clock: Clock, exchange: Exchange, office: Office, clients: list[Client]) -> None:
        self.clock, self.exchange, self.office, self.clients = clock, exchange, office, clients
        self.actions: list[Action] = []
        self.early: list[Action] = []  # with which the exchange is through in the evening
        self.tasks: list[Task] = []

    @property
    def bank(self) -> Bank:
        return self.office.bank

    def plan(self, actions: list[Action]) -> None:
        """What is told on the day before; and orders that see the night."""
        self.actions = actions
        self.exchange.slow = True
        for client in self.clients:
            client.patient = True
        for action in self._told("day before"):
            self.clock.after(1_000 * self.clock.random.random(), self.announce, action)

    def fall(self) -> None:
        self.clock.tell("the night falls")
        self.exchange.end_day()
        for client in self.clients:
            client.sleep()
        if all(task.done for task in self.tasks):
            self.early = [each for each in self._told("day before") if each.in_the_evening]
        for action in self.early:
            self.clock.mark("an exchange acts before the firm")
            self.clock.after(20 + 40 * self.clock.random.random(), self.exchange.scale, action)
        self.clock.after(80 + 40 * self.clock.random.random(), self.start_of_day)

    def start_of_day(self) -> None:
        """Of the firm: actions of which it was not told before, and the new date."""
        for action in self._told("night"):
            self.announce(action)
        self.office.today = NEXT_DAY
        self._do(lambda: self.office.process.operate("business_date", NEXT_DAY), Status.date_not_forward)
        for action in self._told("new date"):
            self.announce(action)
        self.wait_for_the_firm()

    def wait_for_the_firm(self) -> None:
        if all(task.done for task in self.tasks):
            self.exchange.begin_day([action for action in self.actions if action not in self.early])
            for client in self.clients:
                client.wake()
        else:
            self.clock.after(10, self.wait_for_the_firm)

    def _told(self, when: str) -> list[Action]:
        return [action for action in self.actions if action.announced == when]

    # the firm's work

    def announce(self, action: Action) -> None:
        """Twice: it counts once. One that was told wrongly is taken back before."""
        told = {"price": action.price, "live_orders": action.live_orders}
        terms = action.symbol, action.type, NEXT_DAY
        operate = self.office.process.operate
        if action.withdrawn_first and action.announced != "new date":
            wrong = f"{action.name}, wrongly"
            self.clock.mark("corporate action taken back")
            self._do(lambda: operate("corporate_action", wrong, *terms, ratio=self._wrong(action), **told))
            self._do(lambda: operate("undo_corporate_action", wrong, "wrong ratio"))
        for _ in range(2):
            self._do(lambda: operate("corporate_action", action.name, *terms, ratio=action.told, **told))

    @staticmethod
    def _wrong(action: Action) -> str:
        return "1:7" if action.type == "consolidation" else "7/3"

    def _do(self, call: object, *expected: Status) -> None:
        right = Status.ok, Status.corporate_action_repeated, *expected
        task = Task(lambda: self._watched(call), right)
        self.tasks.append(task)
        self.office.tasks.append(task)

    def _watched(self, call: object) -> Result | None:
        """What the registry makes of holdings it makes of what is held when the firm applies an action."""
        if not self.office.process.alive:
            return None
        before, held = self._applied(), {action.name: self._held(action) for action in self.actions}
        result: Result | None = call()  # type: ignore[operator]
        for action in self.actions:
            if action.name in self._applied() - before:
                self.clock.mark(f"{action.type}, told {action.announced}")
                instrument = self.office.process.running.instrument_slot(action.symbol)
                self.bank.scale(action, instrument, held[action.name])
        return result

    def _applied(self) -> set[str]:
        if not self.office.process.alive:
            return set()
        engine = self.office.process.running
        rows = engine.rows("corporate_action")[1:]
        return {engine.text(row["id"]) for row in rows if row["state"] == CorporateActionState.applied}

    def _held(self, action: Action) -> dict[int, int]:
        """By account: all of it, what is not settled yet included."""
        engine = self.office.process.running
        rows = engine.rows("holding")[1:]
        rows = rows[rows["instrument"] == engine.instrument_slot(action.symbol)]
        totals = rows["settled"] + rows["incoming"] - rows["outgoing"]
        return dict(zip(rows["account"].tolist(), totals.tolist(), strict=True))
