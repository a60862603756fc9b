"""Builds the process of `oms serve`: configuration → engine → bus → loop, and takes it down again in order.

    main thread    waits for a signal
    core thread    Loop.run, without the GIL: the only one that changes state
    others         the journal's writer, the bus's sender and keeper, nng's own

Recovery comes first: the engine replays its journal before an endpoint is opened.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from oms import calendars, configured, process_limits, schema
from oms import config as configuration
from oms._core.bus_sockets import Bus
from oms._core.engine import Core, tell_of_crashes
from oms._core.loop import Loop
from oms.bus_config import BusConfig, EndpointConfig, SessionRole, run_directory, tls_listening
from oms.config import Config
from oms.engine import Engine
from oms.enums import FeedState
from oms.errors import OmsError
from oms.telling import Teller

ORDER_ENTRY = frozenset(
    {
        "NewOrderSingle",
        "OrderCancelReplaceRequest",
        "OrderCancelRequest",
        "OrderMassCancelRequest",
        "ListBegin",
        "Movement",  # a wish to withdraw
        "Transfer",  # between accounts of its own
        "MoveOrder",
        "Lookup",
    }
)
EXCHANGE = frozenset(
    {
        "ExecutionReport",
        "OrderCancelReject",
        "MarketData",
        "TradingSession",
        "OpenOrder",
        "OpenOrdersEnd",
        "FeedGapClosed",
        "BalanceReport",
        "LongReport",
        "Lookup",
    }
)
OPERATION = frozenset(
    {
        "AuthDecision",
        "AssignOrder",
        "Resolve",
        "ExecutionReport",
        "OrderCancelReject",
        "BalanceReport",
        "DefineAccount",
        "DefineInstrument",
        "DefineUser",
        "DefineHoliday",
        "Entitle",
        "LoadBegin",
        "LoadCash",
        "LoadHolding",
        "LoadCommit",
        "AccountReconciled",
        "BusinessDate",
        "SettleItem",
        "SettleExpected",
        "Settle",
        "Movement",
        "Transfer",
        "SetMargin",
        "SetLimit",
        "Control",
        "CorporateAction",
        "CorporateActionUndo",
        "Rename",
        "DefineOwner",
        "MarketData",
        "OpenOrder",
        "OpenOrdersEnd",
        "TradingSession",
    }
)
RECORDS = {"client": ORDER_ENTRY, "adapter": EXCHANGE, "operator": ORDER_ENTRY | OPERATION}
LIVE_FILE = "live.json"
CLIENT_RATE = 50_000  # records a second, unless it is configured


def endpoint(config: Config, engine: Engine, name: str) -> EndpointConfig:
    """What the bus has to know of one configured peer."""
    peer = config.endpoints[name]
    tls = None
    if peer.certificate:
        tls = tls_listening(config.home / peer.certificate, config.home / peer.authority)
    return EndpointConfig(
        name=name,
        url=config.url(name),
        role=SessionRole[peer.role],
        source=engine.user_slot(peer.user),
        records=RECORDS[peer.role],
        credential=config.credential(name),
        tls=tls,
        inbound_bytes=1 << 22,
        outbound_bytes=1 << 26,
        rate=peer.max_rate if peer.max_rate is not None else CLIENT_RATE if peer.role == "client" else 0,
    )


def lock_tables(directory: Path) -> int:
    """Makes the directory of the live tables and takes it for this process, before anything in it is replaced. The lock
    is on the directory itself: no file in it can be removed to get around it.

    Returns a descriptor that holds it. Raises OmsError when another process serves there.
    """
    while True:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # the process that had it has just removed it
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            remedy = "stop that process, or give this store a directory of its own: [store] tables"
            raise OmsError("another process serves this store", where=str(directory), remedy=remedy) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held), os.stat(directory)):
                return held
        os.close(held)


def rehearse(config: Config) -> None:
    """Raises OmsError for a wrong figure of the configuration, and for what the system does not allow, before anything
    is journaled."""
    process_limits.claim(config)
    with Engine() as rehearsal:
        configuration.define(rehearsal, config)


def drop_tables(directory: Path) -> None:
    """Removes the tables, and the directory when nothing else is in it."""
    for table in schema.TABLES:
        (directory / f"{table.name}.table").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        directory.rmdir()


class Server:
    """One running OMS. `tell` gets a line about each step of starting and stopping. standby: the core of a follower
    that takes the lead; it has applied part of the journal, and its tables lie somewhere else yet."""

    def __init__(
        self,
        config: Config,
        tell: Callable[[str], None] = lambda line: None,
        standby: Core | None = None,
    ) -> None:
        self.config = config
        self.epoch = 0
        self.promoted_at: float | None = None
        self.tell = tell
        self.tables = config.tables
        config.directory.mkdir(parents=True, exist_ok=True)
        self._lock = lock_tables(self.tables)
        self._live().unlink(missing_ok=True)  # a process that was killed could not
        try:
            self.engine = self._recover(standby)
        except BaseException:
            self._release()
            raise
        self.loop: Loop | None = None
        self.healthy = True

    def _recover(self, standby: Core | None) -> Engine:
        config = self.config
        if standby is None:
            rehearse(config)
        began = time.monotonic()
        engine = Engine(
            config.capacities,
            journal=config.directory / "journal",
            snapshots=config.directory / "snapshots",
            durability=config.store.durability,
            tables=self.tables,
            segment_bytes=config.store.segment_bytes,
            clock=time.time_ns,
            working_set=config.working_set,
            core=standby,
        )
        self._lead(engine, standby is not None)
        self.tell(f"recovered to sequence {engine.sequence} in {time.monotonic() - began:.2f} s")
        configuration.define(engine, config)
        if days := calendars.update(engine, config, datetime.now(UTC).date()):
            self.tell(calendars.in_words(days))
        if unknown := configured.update(engine, config):
            self.tell(f"not known yet, so not set: {', '.join(unknown)}")
        for feed in engine.rows("feed")[1:]:
            if feed["state"] == FeedState.online:  # the last process ended without a word to its adapters
                engine.lose_feed(bytes(feed["name"]).decode(), ask_after_ms=config.bus.silence_ms)
        for user in engine.rows("user")[1:]:
            if user["online"]:  # nor to its clients: who does not come back in time loses its orders
                engine.user_lost(bytes(user["name"]).decode())
        if config.bus.lock_memory:
            process_limits.lock_memory()
        return engine

    def _lead(self, engine: Engine, promoted: bool) -> None:
        """From here on this process is the leader, and the journal says so."""
        assert engine.journal is not None
        self.epoch = max(engine.journal.epoch, int(engine.rows("firm")[1]["epoch"]) + 1)
        engine.journal.lead(self.epoch)
        engine.record("Leading", epoch=self.epoch, promoted=int(promoted))

    def _live(self) -> Path:
        return self.config.directory / LIVE_FILE

    def _announce(self) -> None:
        """Tells tools where the live tables are."""
        urls = {name: self.config.url(name) for name in self.config.endpoints}
        live = {
            "pid": os.getpid(),
            "tables": str(self.tables),
            "environment": self.config.environment,
            "endpoints": urls,
            "epoch": self.epoch,
        }
        if self.promoted_at is not None:
            live["promoted_in_s"] = round(time.monotonic() - self.promoted_at, 6)
        aside = self._live().with_suffix(".part")
        aside.write_text(json.dumps(live, indent=2) + "\n")
        aside.replace(self._live())

    def start(self) -> threading.Thread:
        """Opens the endpoints and starts the core's thread."""
        engine, journal = self.engine, self.engine.journal
        assert journal is not None
        journal.flush()
        if not self.config.bus.allow_remote and any(peer.url == "" for peer in self.config.endpoints.values()):
            run_directory(self.config.run_directory)
        names = list(self.config.endpoints)
        bus = Bus(
            BusConfig(
                environment=self.config.environment,
                endpoints=tuple(endpoint(self.config, engine, name) for name in names),
                heartbeat_ms=self.config.bus.heartbeat_ms,
                silence_ms=self.config.bus.silence_ms,
                allow_remote=self.config.bus.allow_remote,
                epoch=self.epoch,
            )
        )
        routes = []
        for name in names:
            peer = self.config.endpoints[name]
            routes.append((engine.feed_slot(peer.feed) if peer.feed else 0, engine.user_slot(peer.user)))
        self.loop = Loop(bus, journal, engine.core, routes, self.config.bus.spin_us, self.config.store.busy_after_ms)
        thread = threading.Thread(target=self._run, name="oms-core")
        bus.start()
        thread.start()
        self._announce()
        self.tell(f"serving {len(names)} endpoints in {self.config.run_directory}, epoch {self.epoch}")
        if self.promoted_at is not None:
            self.tell(f"promoted: {time.monotonic() - self.promoted_at:.3f} s from the order to the first peer")
        return thread

    def _run(self) -> None:
        assert self.loop is not None
        if self.config.bus.core_cpu >= 0:
            os.sched_setaffinity(0, {self.config.bus.core_cpu})
        self.healthy = self.loop.run()
        if not self.healthy:
            os.kill(os.getpid(), signal.SIGTERM)

    def serve(self) -> int:
        """Runs until SIGTERM or SIGINT, which every thread has blocked. Returns 1 when the journal failed, else 0."""
        thread = self.start()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        assert self.loop is not None
        self.tell("stopping")
        self.loop.stop()
        thread.join()
        self.loop.bus.stop()
        if self.loop.stuck:
            rows = self.engine.core.tables.capacities["parked"]
            self.tell(f"stopped: table parked is full ({rows} rows), a report might be lost; raise capacities.parked")
        self._live().unlink(missing_ok=True)
        try:
            self.close()
        finally:
            self._release()
        return 0 if self.healthy else 1

    def _release(self) -> None:
        """Leaves nothing of this process outside of the store."""
        drop_tables(self.tables)
        os.close(self._lock)
        if not self.config.bus.run_directory:
            with contextlib.suppress(OSError):  # it is not there, or not empty
                self.config.run_directory.rmdir()

    def close(self) -> None:
        """Writes a snapshot and closes the journal. Raises JournalFailed when the journal has failed."""
        engine = self.engine
        if self.healthy:
            engine.sequence = int(engine.rows("firm")[1]["last_sequence"])
            assert engine.journal is not None
            engine.journal.flush()
            engine.snapshot(self.config.directory / "snapshots", self.config.store.snapshots_kept)
            self.tell(f"closed at sequence {engine.sequence}")
        engine.close()


def live(directory: str | Path) -> dict[str, object] | None:
    """What the process that serves a store has told of itself; None when there is none."""
    try:
        found: dict[str, object] = json.loads((Path(directory) / LIVE_FILE).read_text())
        os.kill(int(str(found["pid"])), 0)
    except (OSError, ValueError, KeyError):
        return None
    return found


def serve(path: Path, as_json: bool = False) -> int:
    """`oms serve`."""
    config = configuration.load(path)
    cpus = os.sched_getaffinity(0)
    if config.bus.core_cpu >= 0 and config.bus.core_cpu not in cpus:
        remedy = f"one of {', '.join(map(str, sorted(cpus)))}, or -1"
        raise OmsError(f"there is no CPU {config.bus.core_cpu} for the core", where=f"{path}, [bus]", remedy=remedy)
    if not config.endpoints:
        raise OmsError("there is nobody to serve", where=str(path), remedy="configure [endpoints.NAME]")
    tell_of_crashes()
    with Teller(as_json) as tell:
        return Server(config, tell).serve()
