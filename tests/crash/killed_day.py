"""One seed is one day of a small broker whose processes are killed while they do each of the things that must survive
it: writing the journal under load, making a segment, writing a snapshot, recovering, taking the lead.

A client, exchanges and a trade feed live on beside them; `tests.crash.harness` says what must hold.
"""

from __future__ import annotations

import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from oms import config as configuration
from oms.demo.store import Prepared, prepare_store
from oms.enums import Status
from oms.errors import OmsError
from oms.follower import followers
from oms.server import drop_tables, live
from oms.standby import sweep
from tests.crash.forked import ForkedProcesses, die_in_roll
from tests.crash.harness import ALLOWANCE, Day, begin, finish, under_fire
from tests.store.killed_snapshot import die_in_snapshot

ORDERS = 3_000
TURNS = 15  # three of each aim: 45 kills that hit it, and those that miss
TRIES = 8
PATIENCE_S = 30.0  # for what happens under load
ROLL_STEPS = 5  # two at the start, three for each segment
SEGMENT_FULL = 2_000  # requests that fill one for certain
SNAPSHOT_STEPS = 45  # one per table, and what makes and names the file
STORE = "snapshots_kept = 3\n[follower]\nsnapshot_records = 200\nsnapshot_seconds = 0\n"

Told = dict[tuple[str, str], Status]


class KilledDay(Day):
    """A day in which each turn aims at something else."""

    processes: ForkedProcesses

    def __init__(self, prepared: Prepared, chance: random.Random) -> None:
        super().__init__(prepared, ForkedProcesses(prepared.config))
        self.chance = chance
        self.start_s = self.lead_s = 0.3  # that a start and a promotion took so far, and a moment more
        self.turn = 0

    def kill_and_restart(self, told: Told) -> None:
        aims = (self.roll, self.recovery, self.snapshot_of_the_leader, self.promotion, self.snapshot_of_a_follower)
        aims[self.turn % len(aims)]()
        self.turn += 1
        if "serve" not in self.processes.running:
            began = time.monotonic()
            self.views = self.processes.serve()
            self.start_s = min(self.start_s, time.monotonic() - began) * 1.1
        self.check(told)

    def killed(self, name: str, doing: str, by_itself: bool = False) -> None:
        """Ends a process, which may have done so already, and looks at the store."""
        self.allowance = ALLOWANCE
        process = self.processes.running.pop(name)
        status = process.end(signal.SIGCONT if by_itself else signal.SIGKILL)
        assert status == -signal.SIGKILL, f"{name} ended with {status}:\n{process.log.read_text()[-2000:]}"
        self.kills[doing] += 1
        self.verified()

    def start(self, name: str, *arguments: str, first: Callable[[], None] | None = None) -> int:
        self.processes.first = first
        return self.processes.start(name, *arguments, "--config", self.processes.path).popen.pid

    def leads(self, pid: int) -> bool:
        told = live(self.processes.config.directory)
        return told is not None and told["pid"] == pid

    def dies(self, name: str) -> bool:
        """Whether it ends by itself under load."""
        until = time.monotonic() + PATIENCE_S
        process = self.processes.running[name].popen
        while process.poll() is None and self.allowance and time.monotonic() < until:
            time.sleep(0.001)
        return process.poll() is not None

    # the aims; each begins with a kill under load

    def until(self, doing: str, times: int, attempt: Callable[[], None]) -> None:
        """A kill hits what it aims at, or something else; then it is tried again."""
        goal = self.kills[doing] + times
        for _ in range(TRIES):
            if self.kills[doing] < goal:
                attempt()

    def roll(self) -> None:
        """At a call that makes, names or publishes a segment, be it at the start or as one is full."""

        def attempt() -> None:
            self.start("serve", "serve", first=partial(die_in_roll, self.chance.randint(1, ROLL_STEPS)))
            self.allowance = SEGMENT_FULL
            by_itself = self.dies("serve")
            self.killed("serve", "roll" if by_itself else "journal", by_itself)

        self.killed("serve", "journal")
        self.until("roll", 3, attempt)

    def recovery(self) -> None:
        """Several starts, of which none comes to its end."""

        def attempt() -> None:
            pid = self.start("serve", "serve")
            time.sleep(self.chance.uniform(0, self.start_s))
            self.processes.running["serve"].popen.send_signal(signal.SIGSTOP)
            self.killed("serve", "journal" if self.leads(pid) else "recovery")

        self.killed("serve", "journal")
        self.until("recovery", 3, attempt)

    def snapshot_of_the_leader(self) -> None:
        """Which it writes at its end."""

        def attempt() -> None:
            step, torn = self.chance.randint(1, SNAPSHOT_STEPS), self.chance.random() < 0.5
            pid = self.start("serve", "serve", first=partial(die_in_snapshot, step, torn))
            process = self.processes.running["serve"].popen
            self.processes.wait(lambda: self.leads(pid) or process.poll() is not None, "the OMS to serve")
            led = self.leads(pid)
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE_S) == 0:
                self.processes.running.pop("serve")  # it had fewer steps than that
            else:
                self.killed("serve", "snapshot" if led else "recovery", by_itself=True)

        self.killed("serve", "journal")
        self.until("snapshot", 1, attempt)

    def promotion(self) -> None:
        """Standbys, each between the order and its first peer."""

        def attempt() -> None:
            pid = self.start("standby", "follower", "--standby")
            standby = self.processes.running["standby"]
            self.processes.wait(lambda: self.follows(pid), "the standby", standby)
            if "serve" in self.processes.running:
                self.killed("serve", "journal")
            standby.popen.send_signal(signal.SIGUSR1)
            time.sleep(self.chance.uniform(0, self.lead_s))
            standby.popen.send_signal(signal.SIGSTOP)
            if self.leads(pid):
                self.lead_s *= 0.8
            self.killed("standby", "journal" if self.leads(pid) else "promotion")

        self.until("promotion", 2, attempt)

    def snapshot_of_a_follower(self) -> None:
        """Beside a leader that goes on."""

        def attempt() -> None:
            step, torn = self.chance.randint(1, SNAPSHOT_STEPS), self.chance.random() < 0.5
            self.start("follower", "follower", first=partial(die_in_snapshot, step, torn))
            by_itself = self.dies("follower")
            self.killed("follower", "snapshot" if by_itself else "follower", by_itself)

        self.until("snapshot", 1, attempt)

    def follows(self, pid: int) -> bool:
        return pid in [told["pid"] for told in followers(self.processes.config.directory)]


def with_snapshots(prepared: Prepared) -> Prepared:
    path = prepared.config.home / configuration.FILE_NAME
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.startswith("segment_bytes"))
    path.write_text(text.replace(f"{line}\n", f"{line}\n{STORE}"))
    return Prepared(prepared.day, configuration.load(path), prepared.breaks, prepared.closed)


def play(directory: Path, seed: int) -> Counter[str]:
    """Plays the day of a seed; the kills by what was under way. Raises AssertionError, OmsError; the directory is left
    then, with what every process has said in logs/."""
    prepared = with_snapshots(
        prepare_store(
            directory,
            accounts=200,
            orders=ORDERS,
            instruments=30,
            seed=seed,
            durability="batch",
            tell=lambda line: None,
            segment_bytes=1 << 16,
        )
    )
    day = KilledDay(prepared, random.Random(seed))
    try:
        begin(day)
        under_fire(day, day.chance, TURNS)
        finish(day)
    finally:
        day.processes.stop()
        drop_tables(prepared.config.tables)  # of processes that were killed
        sweep(prepared.config)
    assert day.lost == []
    shutil.rmtree(directory)
    return day.kills


def outcome(seed: int) -> tuple[int, Counter[str], str]:
    """The seed, its kills, and what went wrong; empty = nothing."""
    directory = Path(tempfile.mkdtemp(prefix="oms-crash-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        kills = play(directory / "day", seed)
    except (AssertionError, OmsError) as error:
        return seed, Counter(), f"seed {seed}: {type(error).__name__}: {error}\n  left in {directory}"
    directory.rmdir()
    return seed, kills, ""
