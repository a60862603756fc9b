"""Clients who enter orders, desks that decide, each over a line of its own; what they were told is kept in a Ledger.

A client sends again, after a reconnection, what was not answered: the same bytes. A desk does so as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oms import records
from oms.enums import Decision, OrdType, RequestStatus, Side, Status, TimeInForce
from oms.schema import NULL_I64 as NULL
from tests.simulation.clock import Broken, Clock
from tests.simulation.exchange import LOT, REFERENCE
from tests.simulation.process import Process
from tests.simulation.restating import TICK
from tests.simulation.wire import Line

USUAL = (TimeInForce.day, TimeInForce.day, TimeInForce.gtc, TimeInForce.ioc)
PATIENT = (TimeInForce.day, TimeInForce.gtc, TimeInForce.gtc, TimeInForce.gtc)


class Ledger:
    """What was promised to anybody: kept outside of the OMS, so that no crash of it can touch this."""

    def __init__(self) -> None:
        self.accepted: dict[tuple[int, str], int] = {}  # account, cl_ord_id -> request
        self.refused: dict[tuple[int, str], int] = {}  # likewise
        self.decided: dict[tuple[int, int], str] = {}  # request, version of it that was decided -> by whom

    def answer(self, fields: dict[str, Any]) -> None:
        key = fields["account"], fields["cl_ord_id"]
        if not fields["request"] or not fields["tag"] or not fields["cl_ord_id"]:
            return  # no client's: a mass cancel names what it asks for by no ClOrdID of its own
        if fields["request_status"] == RequestStatus.rejected:
            self.refused.setdefault(key, fields["request"])
            return
        known = self.accepted.setdefault(key, fields["request"])
        if known != fields["request"]:
            raise Broken(f"{key} was accepted as request {known}, and as {fields['request']}")


class Person:
    """A peer with a session that is opened again when it ends. What is unanswered is sent again then."""

    is_adapter = False

    def __init__(self, clock: Clock, name: str, ledger: Ledger) -> None:
        self.clock, self.name, self.ledger = clock, name, ledger
        self.line: Line
        self.unanswered: dict[int, bytes] = {}
        self.tag = 0

    def knock(self) -> None:
        if not self.line.there.epoch:
            self.line.open()
        self.clock.after(150, self.knock)

    def opened(self, last_applied: int) -> None:
        if self.unanswered:
            self.clock.mark("unanswered requests sent again")
            self.line.send(list(self.unanswered.values()))

    def closed(self, reason: str) -> None:
        self.clock.after(20, self._reopen)

    def _reopen(self) -> None:
        if not self.line.there.epoch:
            self.line.open()

    def ask(self, record: str, **fields: Any) -> None:
        self.tag += 1
        raw = records.encode(record, tag=self.tag, **fields)
        self.unanswered[self.tag] = raw
        self.line.send([raw])

    def received(self, batch: list[bytes]) -> None:
        for raw in batch:
            _, fields = records.decode(raw)
            if fields["tag"]:
                self.unanswered.pop(fields["tag"], None)
                self.answered(fields)
            self.ledger.answer(fields)

    def answered(self, fields: dict[str, Any]) -> None:
        """The first answer to something that was asked."""


class Client(Person):
    """Enters, changes and cancels orders of some accounts."""

    def __init__(self, clock: Clock, name: str, ledger: Ledger, accounts: list[int], reference: dict[str, int]) -> None:
        super().__init__(clock, name, ledger)
        self.reference = reference  # price of each instrument, today's
        self.asleep = self.patient = False  # patient: most orders may wait for another day
        self.accounts = accounts
        self.orders: list[tuple[int, str, int]] = []  # account, cl_ord_id, instrument, of what was accepted
        self.names = 0
        self.said: list[dict[str, Any]] = []  # requests that were sent, to be sent once more
        self.instruments: dict[str, int] = {}  # of new orders

    def answered(self, fields: dict[str, Any]) -> None:
        if fields["repeated"]:
            self.clock.mark("repeated request answered as before")
        name = fields["cl_ord_id"]
        if fields["account"] not in self.accounts and fields["status"] != Status.permission_denied:
            raise Broken(f"{self.name} was told {Status(fields['status']).name} of account {fields['account']}")
        if fields["status"] == Status.ok and name in self.instruments and not fields["repeated"]:
            self.orders.append((fields["account"], name, self.instruments[name]))

    def fresh(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.name[-1]}{self.names}"

    def sleep(self) -> None:
        """Nobody asks at night; and yesterday's question would be a new one tomorrow."""
        self.asleep = True
        self.unanswered.clear()
        self.said.clear()

    def wake(self) -> None:
        self.asleep = False

    def act(self) -> None:
        if self.asleep:
            return
        chance = self.clock.random
        what = chance.random()
        if what < 0.6 or not self.orders:
            self.new()
        elif what < 0.8:
            self.change()
        elif what < 0.95:
            account, cl_ord_id, _ = chance.choice(self.orders)
            self.send("OrderCancelRequest", account=account, cl_ord_id=self.fresh("C"), orig_cl_ord_id=cl_ord_id)
        elif self.said:
            again = dict(chance.choice(self.said))
            self.clock.mark("the same request twice")
            self.send(**again)

    def send(self, record: str, **fields: Any) -> None:
        self.said.append({"record": record, **fields})
        self.ask(record, **fields)

    def new(self) -> None:
        chance = self.clock.random
        symbol = chance.choice(list(REFERENCE))
        side = chance.choice((Side.buy, Side.buy, Side.sell))
        away = chance.choice((-3, -2, -1, 0, 0, 1, 2, 3))
        name = self.fresh("N")
        self.instruments[name] = list(REFERENCE).index(symbol) + 1
        self.send(
            "NewOrderSingle",
            account=2 if chance.random() < 0.02 else chance.choice(self.accounts),
            instrument=self.instruments[name],
            side=int(side),
            ord_type=int(OrdType.limit),
            time_in_force=int(chance.choice(PATIENT if self.patient else USUAL)),
            order_qty=LOT * chance.choice((1, 2, 3, 5, 10, 40)),
            price=self.reference[symbol] + TICK * away,
            stop_px=NULL,
            display_qty=NULL,
            min_qty=NULL,
            cl_ord_id=name,
        )

    def change(self) -> None:
        chance = self.clock.random
        account, cl_ord_id, instrument = chance.choice(self.orders)
        price = self.reference[list(REFERENCE)[instrument - 1]] + TICK * chance.choice((-2, -1, 0, 1, 2))
        self.send(
            "OrderCancelReplaceRequest",
            account=account,
            order_qty=LOT * chance.choice((1, 2, 4, 8)),
            price=chance.choice((NULL, price)),
            stop_px=NULL,
            display_qty=NULL,
            min_qty=NULL,
            cl_ord_id=self.fresh("R"),
            orig_cl_ord_id=cl_ord_id,
        )


class Desk(Person):
    """A DTR: looks at the queue, thinks, decides on the version that was looked at."""

    def __init__(self, clock: Clock, name: str, ledger: Ledger, process: Process) -> None:
        super().__init__(clock, name, ledger)
        self.process = process
        self.asked: dict[int, tuple[int, int]] = {}  # tag -> request, version
        self.thinking_of: set[int] = set()
        self.colleague: Desk | None = None

    def look(self) -> None:
        if self.process.alive:
            rows = self.process.running.rows("request")
            queued = np.flatnonzero(rows["status"] == int(RequestStatus.queued)).tolist()
            for slot in queued:
                if slot not in self.thinking_of and self.clock.random.random() < 0.7:
                    self.thinking_of.add(slot)
                    handle = int(rows["generation"][slot]) << 32 | slot
                    looked_at = int(rows["queue_version"][slot]), int(rows["time_ns"][slot])
                    if self.colleague and slot in self.colleague.thinking_of:
                        self.clock.mark("two desks look at one request")
                    self.clock.after(2 + 20 * self.clock.random.random(), self.decide, slot, handle, *looked_at)
        self.clock.after(10 + 20 * self.clock.random.random(), self.look)

    def decide(self, slot: int, handle: int, version: int, received_ns: int) -> None:
        self.thinking_of.discard(slot)
        decision = Decision.authorise if self.clock.random.random() < 0.7 else Decision.reject
        self.asked[self.tag + 1] = handle, version
        looked_at = {"request": handle, "queue_version": version, "received_ns": received_ns}
        self.ask("AuthDecision", **looked_at, decision=int(decision))

    def answered(self, fields: dict[str, Any]) -> None:
        request, version = self.asked.pop(fields["tag"], (0, 0))
        status = Status(fields["status"])
        if status in (Status.decision_stale, Status.request_not_queued):
            self.clock.mark("decision came too late")
            return
        if status != Status.ok:
            return
        before = self.ledger.decided.setdefault((request, version), self.name)
        if before != self.name:
            raise Broken(f"{before} and {self.name} have both decided version {version} of {request & 0xFFFFFFFF}")
