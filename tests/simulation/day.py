"""A seed made into a day: which faults, how many of everything, in which order; then quiet, and the reckoning."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from oms.engine import Engine
from tests.simulation import checks, issuers, repair
from tests.simulation.bank import Bank
from tests.simulation.clock import Broken, Clock
from tests.simulation.exchange import REFERENCE, Exchange
from tests.simulation.gateway import Gateway
from tests.simulation.night import Night
from tests.simulation.office import DAY, Office
from tests.simulation.people import Client, Desk, Ledger
from tests.simulation.process import Process
from tests.simulation.wire import Line

SAFETY_MS = 3_000  # with faults
QUIET_MS = 4_000  # without
EPOCH_DAY = DAY.toordinal() - 719_163

# Chance of each fault at each of its occasions, in a seed that has it switched on.
RATES = {
    "drop": 0.01,
    "duplicate": 0.01,
    "reorder": 0.01,
    "delay": 0.05,
    "slow disk": 0.02,
    "crash in recovery": 0.3,
    "damaged snapshot": 0.3,
    "adapter dies before sending": 0.01,
    "adapter dies after sending": 0.01,
    "wrong start-of-day file": 0.5,
    "start-of-day file twice": 0.5,
}
# Mean time between two of each, in milliseconds, in a seed that has it switched on.
OFTEN = {
    "OMS crash": 500,
    "adapter crash": 500,
    "partition": 500,
    "exchange lost": 800,
    "exchange restart": 1_500,
    "exchange fails over": 2_000,
    "bust": 150,
    "correct": 200,
    "unsolicited cancel": 200,
    "by hand": 500,
    "snapshot": 300,
    "mass cancel": 900,
    "kill": 1_500,
    "deposit": 300,
    "settlement": 700,
    "dividend": 900,
}


class Day:
    def __init__(self, seed: int, tell: Callable[[str], object] | None = None) -> None:
        chance = random.Random(f"{seed} topology")
        self.seed = seed
        rates = {name: rate if chance.random() < 0.5 else 0.0 for name, rate in RATES.items()}
        self.often = {name: mean for name, mean in OFTEN.items() if chance.random() < 0.5}
        self.clock = Clock(seed, rates, tell)
        self.directory = Path(tempfile.mkdtemp(prefix="oms-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.ledger, self.bank = Ledger(), Bank()
        self.exchange = Exchange(self.clock, "XASX", EPOCH_DAY)
        self.process = Process(self.clock, self.directory, self.define)
        self.office = Office(self.clock, self.process, self.bank)
        feeds = ("XASX", "XASX2")[: chance.choice((1, 2, 2))]
        self.gateways = [Gateway(self.clock, name, self.exchange, number) for number, name in enumerate(feeds, 1)]
        accounts = [[1], [2, 3], [1, 2, 3]]
        clients = chance.randint(1, 3)
        self.clients = [
            Client(self.clock, f"client{n}", self.ledger, accounts[n], self.exchange.reference) for n in range(clients)
        ]
        self.night = Night(self.clock, self.exchange, self.office, self.clients)
        self.desks = [Desk(self.clock, f"desk{n}", self.ledger, self.process) for n in (1, 2)]
        self.desks[0].colleague, self.desks[1].colleague = self.desks[1], self.desks[0]
        self.auth_above = chance.choice(("0", "20000", "60000"))
        self.pace = chance.choice((15, 40, 100))
        self.compare_first = chance.random() < 0.5
        for peer in (*self.gateways, *self.clients, *self.desks):
            peer.line = Line(self.clock, self.process, peer)

    def define(self, engine: Engine) -> None:
        """What the configuration says; told at every start."""
        engine.define_currency("AUD", 4)
        engine.define_exchange("XASX", 2, feeds=["XASX", "XASX2"], compare=self.compare_first)
        engine.define_class("default", receivable_days=2, auth_above_value=self.auth_above, buffer_timeout_s=1)
        engine.define_fee("percent", bps="11", minimum="19.95")
        engine.assign_fee("default", "percent")
        for symbol, price in REFERENCE.items():
            engine.define_instrument(
                symbol, exchange="XASX", currency="AUD", tick="0.01", lot="100", reference_price=str(price // 10_000)
            )
        for gateway in ("XASX", "XASX2"):
            engine.define_user(gateway, ["report"])
        engine.define_user("client0", ["trade"])
        engine.define_user("client1", ["trade_any"])
        engine.define_user("client2", ["trade_any"])
        for desk in ("desk1", "desk2"):
            engine.define_user(desk, ["authorise"])
        engine.define_user("operator", ["operate"])
        for number in (1, 2, 3):
            engine.define_account(f"A{number}", users=["client0"] if number == 1 else [])

    # the day

    def play(self) -> None:
        """Raises Broken where a promise is not kept."""
        clock = self.clock
        clock.tell(f"seed {self.seed}: {[name for name, rate in clock.rates.items() if rate]} {list(self.often)}")
        try:
            self.process.start()
            self.office.open_the_day()
            self.office.work()
            self.process.tick()
            clock.run(60)
            self.begin()
            self.nights()
            clock.run(SAFETY_MS)
            self.quieten()
            clock.run(QUIET_MS)
            self.compare()
            self.reckon()
            self.close()
        finally:
            self.process.engine = None
            shutil.rmtree(self.directory)

    def nights(self) -> None:
        """In half of the seeds one lies in the middle of the faults."""
        actions = issuers.plan(self.seed, list(REFERENCE))
        if actions is not None:
            self.night.plan(actions)
            self.clock.after(SAFETY_MS / 2, self.night.fall)

    def begin(self) -> None:
        clock = self.clock
        for gateway in self.gateways:
            gateway.start()
            gateway.keep_knocking()
            gateway.look()
        for person in (*self.clients, *self.desks):
            person.knock()
        for desk in self.desks:
            desk.look()
        for client in self.clients:
            self.now_and_then(self.pace, client.act)
        self.now_and_then(self.pace / 2, self.exchange.trade)
        for name, mean in self.often.items():
            self.now_and_then(mean, self.happenings()[name])
        self.watch()
        clock.tell("the day begins")

    def now_and_then(self, mean: float, call: Callable[[], object]) -> None:
        """Until the quiet phase."""

        def happen() -> None:
            if not self.clock.calm:
                call()
                wait()

        def wait() -> None:
            self.clock.after(mean * 2 * self.clock.random.random(), happen)

        wait()

    def happenings(self) -> dict[str, Callable[[], object]]:
        chance, exchange = self.clock.random, self.exchange
        return {
            "OMS crash": self.process.doom,
            "adapter crash": lambda: chance.choice(self.gateways).crash(),
            "partition": self.partition,
            "exchange lost": lambda: chance.choice(self.gateways).lose_exchange(50 + 500 * chance.random()),
            "exchange restart": exchange.restart,
            "exchange fails over": self.fail_over,
            "bust": exchange.bust,
            "correct": exchange.correct,
            "unsolicited cancel": exchange.cancel_unasked,
            "by hand": lambda: exchange.enter_by_hand(chance.randint(1, 3), chance.randint(1, 2)),
            "snapshot": self.process.snapshot,
            "mass cancel": self.office.mass_cancel,
            "kill": self.office.kill,
            "deposit": self.office.deposit,
            "settlement": self.office.settle_some,
            "dividend": self.office.dividend,
        }

    def partition(self) -> None:
        chance = self.clock.random
        line = self.process.lines[chance.choice(list(self.process.lines))]
        to_oms, to_peer = chance.choice(((True, True), (True, False), (False, True)))
        line.cut(to_oms, to_peer, 100 + 900 * chance.random())

    def fail_over(self) -> None:
        self.exchange.save()
        self.clock.after(20 + 100 * self.clock.random.random(), self.exchange.fall_back)

    def watch(self) -> None:
        """What must hold at any time."""
        if self.process.alive:
            checks.nothing_acknowledged_is_lost(self.process.running, self.ledger)
            checks.each_execution_once(self.process.running, self.exchange)
        self.clock.after(100, self.watch)

    # quiet

    def quieten(self) -> None:
        self.clock.tell("the faults stop")
        self.clock.calm = True
        self.process.doomed = False
        for line in self.process.lines.values():
            line.up = {True: True, False: True}
            line.cut_at = 0

    def compare(self) -> None:
        """The exchange's list of open orders is compared with ours once more. What its failure made it forget, it then
        takes back or ends, as its own people would; what they do not have is closed here."""
        self.clock.tell("open orders are compared")
        self.reconnect()
        if not self.exchange.forgotten:
            return
        repair.confirm(self.process.running, self.exchange)
        self.clock.run(200)
        self.reconnect()
        repair.close_missing(self.process, self.exchange)
        self.clock.run(200)

    def reconnect(self) -> None:
        for gateway in self.gateways:
            gateway.crash()
        self.clock.run(1_000)
        if not self.process.alive:
            raise Broken("the OMS did not come back")

    def reckon(self) -> None:
        """Everything has drained: the OMS, the exchange and the bank say the same."""
        self.clock.tell("the reckoning")
        engine, exchange = self.process.running, self.exchange
        for person in (*self.clients, *self.desks):
            if person.unanswered:
                raise Broken(f"{person.name} was never answered: {len(person.unanswered)} requests")
        checks.nothing_acknowledged_is_lost(engine, self.ledger)
        checks.each_execution_once(engine, exchange)
        checks.executions_agree(engine, exchange)
        checks.open_orders_agree(engine, exchange)
        checks.everything_has_ended(engine)
        checks.nothing_is_left(engine)
        checks.books_agree(engine, exchange, self.bank)
        self.process.verify()

    def close(self) -> None:
        """The session ends; then everything settles, and the bank's figures are ours."""
        self.exchange.end_day()
        self.reconnect()
        checks.open_orders_agree(self.process.running, self.exchange)
        self.office.settle()
        self.clock.run(200)
        checks.books_agree(self.process.running, self.exchange, self.bank, settled=True)
        self.process.verify()


def outcome(seed: int, tell: Callable[[str], object] | None = None) -> tuple[int, dict[str, int], str]:
    """The seed, what was reached, and what went wrong; empty = nothing."""
    day = Day(seed, tell)
    try:
        day.play()
    except Exception as error:
        return seed, dict(day.clock.marks), f"seed {seed}: {type(error).__name__}: {error}"
    return seed, dict(day.clock.marks), ""
