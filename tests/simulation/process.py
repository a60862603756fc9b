"""The OMS as one process: recovery, sessions, records in, outputs out; `oms._core.loop` and `oms.server` in Python.

    take -> address -> journal.append -> core.apply -> (flush) -> give_out

The engine, the journal and the recovery are the real ones. Nothing leaves before the journal calls it safe.
"""

from __future__ import annotations

import gc
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms import records, schema
from oms.engine import Engine, Result, with_source
from oms.enums import FeedState, Status
from oms.recompute import Books
from oms.replica import Replica
from oms.verify import CHECKS
from tests.property import invariants
from tests.simulation.clock import Broken, Clock
from tests.simulation.storage import LastWrite
from tests.simulation.wire import SILENCE_MS

if TYPE_CHECKING:
    from tests.simulation.wire import Line

CAPACITIES = {
    "account": 16,
    "order": 1024,
    "request": 4096,
    "execution": 4096,
    "movement": 8192,
    "parked": 512,
    "text": 32768,
    "event": 4096,
    "cash": 64,
    "holding": 64,
    "cost_event": 4096,
    "ladder": 512,
    "stage": 256,
    "settlement": 64,
}
FEED_OF = {
    name: records.record_dtype(name).fields["feed"][1]
    for name in ("ExecutionReport", "OrderCancelReject", "OpenOrder", "OpenOrdersEnd", "MarketData")
}
EXCHANGE_OF = {
    name: records.record_dtype(name).fields["exchange"][1] for name in ("TradingSession", "OpenOrder", "OpenOrdersEnd")
}
NAMES = {record.template_id: record.name for record in schema.RECORDS}


def name_of(raw: bytes) -> str:
    return NAMES[int.from_bytes(raw[24:26], "little")]


class Serving(Engine):
    """An engine whose outputs wait in `out` until they are safe, and whose batches are flushed by its process."""

    out: deque[bytes]

    def _take(self, raw: bytes) -> int:
        self._pass_time()
        assert self.journal is not None
        source = int.from_bytes(raw[28:30], "little")
        self.sequence = self.journal.append(raw, self.time_ns, source)
        _, status = self.core.apply(raw, self.sequence, self.time_ns)
        self.process.appended()
        return status

    def apply(self, raw: bytes, source: int = 0) -> Result:
        events = self.core.events
        status = self._take(with_source(raw, source))
        outputs = records.split(self.core.outputs())
        self.process.out.extend(outputs)
        told = outputs + records.split(self.core.events_from(events))
        return Result(Status(status), self.sequence, [records.decode(each) for each in told])

    process: Process


class Process:
    """At most one engine at a time; the directory outlives it. define: what its configuration says."""

    def __init__(self, clock: Clock, directory: Path, define: Any) -> None:
        self.clock, self.define = clock, define
        self.journal, self.snapshots = directory / "journal", directory / "snapshots"
        self.lines: dict[str, Line] = {}
        self.routes: dict[str, tuple[int, int]] = {}  # endpoint -> feed, user
        self.engine: Serving | None = None
        self.out: deque[bytes] = deque()
        self.flushing = False
        self.doomed = False  # it dies at or after the next flush
        self.epoch = 0
        self.handed: dict[int, int] = {}  # by feed: the highest of our sequences that may have reached its adapter
        self.told = 0  # highest sequence of which anything has left
        self.hashes: dict[int, str] = {}  # of the state at the last flush and, when doomed, at the next one
        self.deaths = 0

    @property
    def alive(self) -> bool:
        return self.engine is not None

    @property
    def running(self) -> Serving:
        assert self.engine is not None
        return self.engine

    # life and death

    def start(self) -> None:
        """Recovers, as `oms serve` does; a recovery may be killed, too."""
        clock = self.clock
        self.out.clear()
        engine = Serving.__new__(Serving)
        engine.process = self
        self.flushing = True  # what recovery itself journals is flushed at its end
        engine.__init__(  # type: ignore[misc]
            CAPACITIES,
            journal=self.journal,
            snapshots=self.snapshots,
            durability="batch",
            segment_bytes=1 << 16,
            clock=lambda: clock.now,
        )
        self.engine = engine
        assert engine.journal is not None
        clock.tell(f"OMS recovered to {engine.sequence}; told up to {self.told}; {engine.journal.torn_tail}")
        self._same_state(engine)
        if engine.journal.torn_tail:
            clock.mark("torn tail cut")
        if engine.sequence == engine.journal.safe and clock.fault("crash in recovery"):
            self.kill()
            return
        self.define(engine)
        self.routes = {
            name: (engine.feed_slot(name) if line.peer.is_adapter else 0, engine.user_slot(name))
            for name, line in self.lines.items()
        }
        self.handed = {slot: int(row["last_out"]) for slot, row in enumerate(engine.rows("feed"))}
        for feed in engine.rows("feed")[1:]:
            if feed["state"] == FeedState.online:
                engine.lose_feed(bytes(feed["name"]).decode(), ask_after_ms=SILENCE_MS)
        for user in engine.rows("user")[1:]:
            if user["online"]:
                engine.user_lost(bytes(user["name"]).decode())
        self._flush()

    def _same_state(self, engine: Serving) -> None:
        """Nothing that anybody was told of is missing; what is there is what was there."""
        if engine.sequence < self.told:
            raise Broken(f"the journal ends at {engine.sequence}, and outputs up to {self.told} have left")
        if engine.difference:
            raise Broken(engine.difference)
        found = engine.state_hash()
        if self.hashes:
            if engine.sequence not in self.hashes:
                raise Broken(f"recovered to {engine.sequence}, neither of {sorted(self.hashes)}")
            if found != self.hashes[engine.sequence]:
                raise Broken(f"another state at {engine.sequence} than before the crash")
        assert engine.journal is not None
        if self.clock.random.random() < 0.3 and engine.sequence == engine.journal.safe:
            replayed = Replica(self.journal.parent, CAPACITIES, use_snapshots=False)
            if replayed.sequence != engine.sequence or replayed.state_hash() != found:
                raise Broken(f"the whole journal gives another state at {engine.sequence} than snapshot and tail")
        self.hashes = {engine.sequence: found}
        self.verify()

    def verify(self) -> None:
        """Every bucket, worked out again from executions and movements alone."""
        books = Books(self.running)
        for check in CHECKS:
            check(books)
        if books.count:
            raise Broken("verify: " + "; ".join(map(str, books.findings)))
        invariants.check(self.running.arrays())

    def doom(self) -> None:
        if self.alive:
            self.doomed = True

    def kill(self, torn: LastWrite | None = None) -> None:
        """The process ends without a word: what is not written is gone, and its sockets with it."""
        if not self.alive:
            return
        clock = self.clock
        self.deaths += 1
        if any(name_of(raw) == "OrderRequest" for raw in self.out):
            clock.mark("crash between accept and send")
        lost = self.running.sequence - self.running.journal.safe if self.running.journal else 0
        if lost:
            clock.mark("records lost that nobody was told of")
        self.out.clear()
        self.doomed = self.flushing = False
        self.running.journal = None
        self.engine = None
        gc.collect()
        left = torn.tear(clock.random) if torn else "what was flushed"
        clock.tell(f"OMS killed; the disk has {left}; {lost} records were in memory only")
        for line in self.lines.values():
            line.broke()
        clock.after(20 + 200 * clock.random.random(), self.start)

    # journal

    def appended(self) -> None:
        if not self.flushing:
            self.flushing = True
            slow = 300 if self.clock.fault("slow disk") else 1
            self.clock.after(slow * (0.1 + self.clock.random.random()), self._flush, self.deaths)

    def _flush(self, deaths: int | None = None) -> None:
        if not self.alive or (deaths is not None and deaths != self.deaths):
            return
        engine = self.running
        assert engine.journal is not None
        self.flushing = False
        if self.doomed:
            self.hashes[engine.sequence] = engine.state_hash()
            if len(self.hashes) > 1 and self.clock.random.random() < 0.7:
                write = LastWrite(self.journal)
                engine.journal.flush()
                self.kill(write)
                return
            self.hashes = {engine.sequence: self.hashes[engine.sequence]}
            if self.clock.random.random() < 0.5:
                self.clock.after(self.clock.random.random(), self._kill_if_doomed, self.deaths)
        else:
            self.hashes.clear()
        engine.journal.flush()
        self.give_out()

    def _kill_if_doomed(self, deaths: int) -> None:
        """Between two flushes, before the state has a hash that might be recovered to: records in memory are lost."""
        if self.doomed and deaths == self.deaths:
            self.kill()

    def snapshot(self) -> None:
        if not self.alive or self.doomed:
            return
        engine = self.running
        self._flush()
        kept = engine.snapshot(self.snapshots, 3)
        self.clock.tell(f"snapshot at {kept.sequence}")
        self.clock.mark("snapshot")
        if self.clock.fault("damaged snapshot"):
            raw = bytearray(kept.path.read_bytes())
            raw[self.clock.random.randrange(len(raw))] ^= 1 << self.clock.random.randrange(8)
            kept.path.write_bytes(bytes(raw))

    # records

    def open(self, line: Line) -> None:
        feed, user = self.routes[line.peer.name]
        engine, greeting = self.running, line.greeting
        last_applied = 0
        self.epoch += 1
        if feed and int(engine.rows("feed")[feed]["session_id"]) == greeting["session_id"]:
            self._flush()  # what it is told to have been applied, it may forget
            if not self.alive:
                return
            last_applied = int(engine.rows("feed")[feed]["last_in"])
        self.clock.tell(f"OMS: {line.peer.name} opened, epoch {self.epoch}, last applied {last_applied}, {greeting}")
        line.accept(self.epoch, last_applied)
        if feed:
            self.inject("FeedOpened", user, feed=feed, epoch=self.epoch, **greeting)
        else:
            self.inject("UserBack", 0, user=user)
        self.give_out()

    def lost(self, line: Line, reason: str) -> None:
        if not self.alive:
            return
        feed, user = self.routes[line.peer.name]
        self.clock.tell(f"OMS: {line.peer.name} lost: {reason}")
        if not feed:
            self.inject("UserLost", 0, user=user)
        elif self.running.rows("feed")[feed]["state"] == FeedState.online:
            self.inject("FeedLost", user, feed=feed, last_sent=self.handed[feed], ask_after_ms=SILENCE_MS)
            self._look_at_feeds()
        self.give_out()

    def _look_at_feeds(self) -> None:
        feeds = self.running.rows("feed")[1:]
        if not (feeds["state"] == FeedState.online).any():
            self.clock.mark("both adapters down")

    def inject(self, name: str, source: int, **fields: Any) -> None:
        known = {field.name for field in records.BY_NAME[name].fields}
        self.running.apply(
            records.encode(name, **{key: given for key, given in fields.items() if key in known}), source
        )

    def take(self, line: Line, batch: list[bytes]) -> None:
        feed, user = self.routes[line.peer.name]
        for raw in batch:
            result = self.running.apply(self._address(raw, feed), user)
            self.clock.tell(f"OMS: {result.sequence} from {line.peer.name}: {in_words(raw)} -> {result.status.name}")
            for alert in result.alerts:
                self.clock.mark(f"alert {alert.name}")
        self.give_out()

    def _address(self, raw: bytes, feed: int) -> bytes:
        """An adapter speaks for its own feed and exchange, whatever it writes."""
        if not feed:
            return raw
        name = name_of(raw)
        exchange = int(self.running.rows("feed")[feed]["exchange"])
        for places, number in ((FEED_OF, feed), (EXCHANGE_OF, exchange)):
            if name in places:
                raw = raw[: places[name]] + number.to_bytes(2, "little") + raw[places[name] + 2 :]
        return raw

    def tick(self) -> None:
        """Time is a record, too: one is made when something is due."""
        if self.alive:
            due = int(self.running.rows("firm")[1]["next_expiry_ns"])
            if due and due <= self.clock.now:
                self.running.tick()
            self.inject("StateMark", 0, digest=int(self.running.rows("firm")[1]["digest"]))
        self.clock.after(50, self.tick)

    def give_out(self) -> None:
        """Sends what is safe, neighbours to the same peer in one envelope."""
        if not self.alive:
            return
        assert self.running.journal is not None
        safe = self.running.journal.safe
        while self.out and sequence_of(self.out[0]) <= safe:
            to, batch = self._destination(self.out[0]), []
            while self.out and sequence_of(self.out[0]) <= safe and self._destination(self.out[0]) == to:
                self.told = max(self.told, sequence_of(self.out[0]))
                batch.append(self.out.popleft())
            if to:
                for raw in batch:
                    self.clock.tell(f"OMS to {to}: {in_words(raw)}")
                if self.lines[to].deliver(batch):
                    self._hand(batch)

    def _hand(self, batch: list[bytes]) -> None:
        for raw in batch:
            name, fields = records.decode(raw)
            if name == "OrderRequest":
                feed = fields["feed"]
                self.handed[feed] = max(self.handed[feed], fields["feed_sequence"])

    def _destination(self, raw: bytes) -> str:
        name, fields = records.decode(raw)
        for endpoint, (feed, user) in self.routes.items():
            if name == "OrderRequest" and feed == fields["feed"]:
                row = self.running.rows("feed")[feed]
                is_current = row["state"] == FeedState.online and row["epoch"] == fields["epoch"]
                return endpoint if is_current else ""  # by now it may have been given to another feed
            if name == "Answer" and user == fields["to"]:
                return endpoint
        return ""

    def operate(self, method: str, *args: Any, **fields: Any) -> Result | None:
        """The firm's operator, at the process's own console. None: it is down."""
        if not self.alive:
            return None
        result: Result = getattr(self.running, method)(*args, **fields)
        self.clock.tell(f"operator: {method}{args} {fields or ''} -> {result.status.name}")
        self.give_out()
        return result


def sequence_of(raw: bytes) -> int:
    return int.from_bytes(raw[8:16], "little")


def in_words(raw: bytes) -> str:
    """A record for the trace: its name and what it says, without what is empty."""
    name, fields = records.decode(raw)
    skipped = ("sequence", "time_ns", "source", "transact_time_ns", "price_exponent", "quantity_exponent")
    told = {key: given for key, given in fields.items() if key not in skipped and given not in (0, "", schema.NULL_I64)}
    if "request" in told:
        told["request"] &= 0xFFFFFFFF
    return f"{name} " + " ".join(f"{key}={given}" for key, given in told.items())
