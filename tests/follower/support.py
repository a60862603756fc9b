"""A small firm that is served, followed and stood by for by processes of their own; what its client was told is kept
here, in another process than any that is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oms import Engine
from oms import config as configuration
from oms.client import Client
from oms.enums import RequestStatus, Status
from oms.follower import followers
from oms.replica import Replica
from oms.server import drop_tables, live
from oms.views import Views, attach

PATIENCE_S = 60.0
CONFIG = """
[store]
segment_bytes = 262144
snapshots_kept = 3
[follower]
snapshot_records = {records}
snapshot_seconds = {seconds}
[capacities]
order = 20000
request = 40000
text = 400000
[currencies.AUD]
[exchanges.XASX]
[classes.retail]
[users.client1]
permissions = ["trade_any"]
[endpoints.client1]
role = "client"
user = "client1"
"""


def wait(done: Callable[[], object], what: str, *processes: Running) -> None:
    until = time.monotonic() + PATIENCE_S
    while not done():
        for process in processes:
            assert process.popen.poll() is None, f"{process.name} has ended:\n{process.said()}"
        if time.monotonic() > until:
            said = "\n".join(process.said() for process in processes)
            raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}\n{said}")
        time.sleep(0.01)


class Running:
    """One `oms …` process; what it says goes to a file."""

    def __init__(self, name: str, directory: Path, *arguments: str) -> None:
        self.name, self.log = name, directory / f"{name}.log"
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "oms", *arguments, "--config", str(directory / "oms.toml")]
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self) -> str:
        return self.log.read_text()

    def send(self, number: int) -> None:
        self.popen.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP, and until every thread of it stands still."""
        self.send(signal.SIGSTOP)
        threads = Path(f"/proc/{self.popen.pid}/task")
        wait(lambda: all(stat.read_text().rpartition(") ")[2][0] == "T" for stat in threads.glob("*/stat")), "the stop")

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(number)
        return self.popen.wait(PATIENCE_S)


class Firm:
    """The store, its processes, its client, and what the client was told: cl_ord_id → outcome."""

    def __init__(self, directory: Path, records: int = 0, seconds: int = 0) -> None:
        self.directory = directory
        self.running: list[Running] = []
        (directory / "oms.toml").write_text(CONFIG.format(records=records, seconds=seconds))
        self.config = configuration.load(directory / "oms.toml")
        with Engine(self.config.capacities, journal=directory / "journal", segment_bytes=262144) as engine:
            configuration.define(engine, self.config)
            engine.define_account("A", account_class="retail", currency="AUD")
            engine.define_instrument("Q", exchange="XASX", currency="AUD")
            engine.business_date("2026-11-23")
            engine.session("XASX", "open")
            engine.deposit("A", "AUD", "900000", "r1")
        self.client: Client | None = None
        self.sent = 0
        self.told: dict[str, Status] = {}

    def start(self, name: str, *arguments: str) -> Running:
        process = Running(name, self.directory, *arguments)
        self.running.append(process)
        return process

    def serve(self) -> Running:
        process = self.start("serve", "serve")
        wait(lambda: self.leader() == process.popen.pid, "the OMS to serve", process)
        return process

    def follow(self, name: str = "follower", *more: str) -> Running:
        process = self.start(name, "follower", *more)
        wait(lambda: self.where(process), f"{name} to follow", process)
        return process

    def standby(self, name: str = "standby") -> Running:
        return self.follow(name, "--standby")

    def leader(self) -> int:
        told = live(self.directory)
        return int(str(told["pid"])) if told else 0

    def where(self, process: Running) -> dict[str, str]:
        """What a follower tells of itself; empty before it does."""
        found = [told for told in followers(self.directory) if told["pid"] == process.popen.pid]
        return found[0] if found else {}

    def promote(self, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "oms", "promote", "--config", str(self.directory / "oms.toml"), *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)

    # the client

    def trade(self, count: int, timeout_s: float = 0.0) -> None:
        """Sends orders, small and larger than what there is money for, and notes what has been answered."""
        if self.client is None:
            self.client = Client(self.config.url("client1"), name="client1").open()
        for _ in range(count):
            self.sent += 1
            self.client.submit("A", f"o{self.sent}", "Q", "buy", 10 if self.sent % 7 else 10**6, "1.5")
            if self.sent % 20 == 0:
                self.listen()
        self.listen(timeout_s)

    def listen(self, timeout_s: float = 0.0) -> None:
        assert self.client is not None
        answers = self.client.drain(timeout_s) if timeout_s else self.client.poll()
        for answer in answers:
            if answer.request:
                first = self.told.setdefault(answer.cl_ord_id, answer.status)
                assert first == answer.status, f"{answer.cl_ord_id} was told {first.name}, then {answer.status.name}"

    def lost(self, views: Views | None = None) -> list[str]:
        """What was acknowledged and is not there with that outcome."""
        views = views or attach(self.config.tables)
        here = {}
        for row in views.rows("request")[1:]:
            refused = row["status"] == RequestStatus.rejected
            here[views.text(row["cl_ord_id"])] = Status(int(row["reason"])) if refused else Status.ok
        return [f"{key}: {told.name}, {here.get(key)}" for key, told in self.told.items() if here.get(key) != told]

    def replayed(self) -> Replica:
        """The whole journal in an engine of its own."""
        return Replica(self.directory, self.config.capacities, use_snapshots=False)

    def epoch(self) -> int:
        """Of the leader, as the client's session tells it."""
        assert self.client is not None
        return self.client.leader

    def stop(self) -> None:
        if self.client is not None:
            self.client.close()
        for process in reversed(self.running):
            process.end(signal.SIGTERM)
        if self.config.tables.is_dir():
            drop_tables(self.config.tables)  # of a leader that was killed


@contextmanager
def firm(directory: Path, records: int = 0, seconds: int = 0) -> Iterator[Firm]:
    made = Firm(directory, records, seconds)
    try:
        yield made
    finally:
        made.stop()


def events(process: Running) -> list[str]:
    """What a process that was started with --json has told."""
    return [json.loads(line)["event"] for line in process.said().splitlines() if line.startswith("{")]
