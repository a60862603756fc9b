"""A follower that can take the leader's place: its tables lie in shared memory already, and its peers are configured.

Owns what happens at a promotion, in this order: take the locks, apply the journal's tail, lead under a new epoch, move
the tables to where readers look for them, open the endpoints. Before the locks are taken nothing has changed; whoever
does not get them goes on following. Why nobody else can write then is in docs/decisions/0009-one-writer.md.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from oms import schema
from oms.config import Config
from oms.errors import OmsError
from oms.follower import Follower, Tell, followers
from oms.journal import is_locked
from oms.server import Server, drop_tables, live, rehearse

PATIENCE_S = 120.0


class Standby(Follower):
    """A follower with everything that a leader needs."""

    def __init__(self, config: Config, tell: Tell) -> None:
        rehearse(config)
        self.config = config
        self.aside = tables_of(config, os.getpid())
        sweep(config)
        self.aside.mkdir(mode=0o700)
        try:
            super().__init__(
                config.directory,
                config.follower,
                config.store.snapshots_kept,
                tell,
                capacities=config.capacities,
                tables=self.aside,
                working_set=config.working_set,
            )
        except BaseException:
            drop_tables(self.aside)
            raise
        self.archive = config.archive
        self.kind = "standby"
        self.asked["promotions"] = 0  # that were asked for

    def promote(self) -> Server | None:
        """The server that goes on from this state; None when another process leads, which was told."""
        began = time.monotonic()
        self.asked = {"promotions": int(str(self.asked["promotions"])) + 1}
        try:
            server = Server(self.config, self.tell, self.core)
        except OmsError as error:
            if self.sequence != int(self.core.rows("firm")[1]["last_sequence"]):
                raise  # the journal is ours, and something is wrong with it
            self.tell(f"not promoted: {error}")
            self.asked["refused"] = str(error)
            return None
        server.promoted_at = began
        move_tables(self.aside, self.config.tables)
        return server

    def leave(self) -> None:
        super().leave()
        drop_tables(self.aside)


def tables_of(config: Config, pid: int) -> Path:
    """Where a standby keeps its tables until it leads."""
    return config.tables.with_name(f"{config.tables.name}.standby-{pid}")


def sweep(config: Config) -> None:
    """Gives back the memory of standbys that were killed."""
    for left in config.tables.parent.glob(f"{config.tables.name}.standby-*"):
        pid = left.name.rpartition("-")[2]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            drop_tables(left)


def stand_by(config: Config, tell: Tell) -> int:
    """`oms follower --standby`: until SIGTERM or SIGINT, as a follower or, once promoted, as the leader."""
    standby = Standby(config, tell)
    try:
        tell(f"standing by from sequence {standby.sequence}, recovered in {standby.seconds:.2f} s")
        while standby.run() == signal.SIGUSR1:
            if (server := standby.promote()) is not None:
                standby.leave()
                return server.serve()
        standby.finish()
        tell(f"stopped at sequence {standby.sequence}")
    finally:
        standby.leave()
    return 0


def promote(directory: Path, pid: int | None = None) -> dict[str, Any]:
    """Has a standby take the lead: the one with that process id, or the one that is furthest. What it tells of itself
    once it serves. Raises OmsError when a process leads, nobody stands by, or the standby did not come to it."""
    every = [told for told in followers(directory) if told["kind"] == "standby"]
    standbys = [told for told in every if pid in (None, told["pid"])]
    if not every:
        remedy = "start one with `oms follower --standby`"
        raise OmsError("no process stands by", where=str(directory), remedy=remedy)
    if not standbys:
        known = ", ".join(f"process {told['pid']}" for told in every)
        raise OmsError(f"process {pid} does not stand by, but {known}", where=str(directory), remedy="name that one")
    if is_locked(directory / "journal"):
        holder = (directory / "journal" / "lock").read_bytes()[:32].decode(errors="replace").strip()
        raise OmsError(
            f"process {holder} leads",
            where=str(directory),
            remedy=f"end it first: `kill {holder}`, or `kill -9 {holder}` where it hangs or was stopped",
        )
    chosen = max(standbys, key=lambda told: int(told["sequence"]))
    number, until = int(chosen["pid"]), time.monotonic() + PATIENCE_S
    os.kill(number, signal.SIGUSR1)
    while time.monotonic() < until:
        if (leader := live(directory)) is not None and leader["pid"] == number:
            return leader
        _still_there(directory, number, chosen["promotions"])
        time.sleep(0.005)
    raise OmsError(f"process {number} was asked, and does not lead yet", where=str(directory), remedy="look at its log")


def _still_there(directory: Path, pid: int, promotions: int) -> None:
    """Raises OmsError when the standby, which was asked so often before, has been refused or has ended."""
    if not Path(f"/proc/{pid}").exists():
        raise OmsError(f"process {pid} has ended", where=str(directory), remedy="look at its log")
    for told in followers(directory):  # it is in there until it leads
        if told["pid"] == pid and told["promotions"] > promotions and "refused" in told:
            raise OmsError(f"process {pid} could not take the lead", where=str(directory), remedy=told["refused"])


def move_tables(source: Path, to: Path) -> None:
    """Names the tables anew; who has them mapped sees no change."""
    for table in schema.TABLES:
        (source / f"{table.name}.table").replace(to / f"{table.name}.table")
    source.rmdir()
