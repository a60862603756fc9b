"""A process beside the leader: the same engine, fed by the journal alone, at its own pace, in memory of its own.

    journal ──▶ reader ──▶ core ──▶ snapshots/
                            └─ its state hash against the leader's, wherever both are known at one sequence

Owns when a snapshot is written and when states are compared. Never writes to the journal. What it finds wrong with
itself ends it, and never the leader; what it finds wrong with a snapshot is told, and the next one tried.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from oms import snapshot
from oms.archive import archive
from oms.config import Config, Following
from oms.errors import OmsError
from oms.journal import Reader, is_locked
from oms.replica import Replica, write_witness
from oms.snapshot import Snapshot, SnapshotRefused, newest_first
from oms.views import attach

AT_ONCE = 1_000_000  # records between two looks at the rest of the world
LOOK_S = 0.25  # between two looks at what is not the journal
COMPARE_S = 5.0  # at least, between two comparisons with the leader's tables
PAUSE_S = 0.005  # when there is nothing new
AGAIN_S = 30.0  # at least, from a snapshot that failed to the next
VERIFY_S = 600.0  # a verification that takes longer hangs
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
PLACE = "followers"

Tell = Callable[[str], None]


class Diverged(OmsError):  # noqa: N818
    """The follower's state is not the leader's at the same sequence: one of the two is wrong."""

    def __init__(self, sequence: int, ours: str, theirs: str, whose: str) -> None:
        super().__init__(
            f"the states differ at sequence {sequence}: this follower has {ours}, {whose} has {theirs}",
            remedy="keep journal and snapshots as they are; `oms verify` on a copy tells which of the two is wrong",
        )


@dataclass
class Proof:
    """A snapshot on its way through a process that loads it."""

    path: Path
    process: subprocess.Popen[str]
    until: float

    @classmethod
    def of(cls, path: Path) -> Proof:
        arguments = [sys.executable, "-m", "oms", "snapshot", "--json", "--verify", str(path)]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return cls(path, process, time.monotonic() + VERIFY_S)

    def finding(self, wait: bool = False) -> str | None:
        """What is wrong with it, empty when nothing is; None: not known yet."""
        if not wait and self.process.poll() is None and time.monotonic() < self.until:
            return None
        try:
            _, said = self.process.communicate(timeout=max(self.until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return "it could not be verified in time"
        return "" if self.process.returncode == 0 else said.strip() or "the process that verified it was killed"


class Follower(Replica):
    """A replica that goes on. leader: the process that writes the journal. Raises as Replica does, and Diverged."""

    def __init__(self, directory: Path, following: Following, kept: int, tell: Tell, **where: Any) -> None:
        snapshot.clear(directory / "snapshots")
        super().__init__(directory, live=True, **where)
        self.following, self.kept, self.tell = following, kept, tell
        if self.snapshot is not None:
            snapshot.note_verified(self.snapshot)
        self.reader = Reader(self.journal, self.sequence + 1, live=True)
        self.taken = self.snapshot.sequence if self.snapshot else 0
        self.taken_at = self.looked_at = self.compared_at = self.not_before = time.monotonic()
        self.compared = self.taken  # sequence at which the state was last found to be another process's
        self.written: set[int] = set()  # its own snapshots, which it need not compare with
        self.foreign = self.others()
        self.proof: Proof | None = None
        self.witnessed = 0  # the last sequence that was noted
        self.leading: bool | None = None
        self.place = self.directory / PLACE / f"{os.getpid()}.json"
        for left in self.place.parent.glob("*.json"):  # of followers that were killed
            if not _running(left):
                left.unlink(missing_ok=True)
        self.archive: Path | None = None  # where old segments of the journal go
        self.kind = "follower"
        self.asked: dict[str, object] = {}  # what it was asked to do, and why it did not

    # following

    def step(self) -> int:
        """Applies what is committed, so many records at once; how many. Stops where a snapshot of another process
        stands, to compare. Raises Diverged when the leader's marks say something else."""
        before = self.sequence
        ahead = [number for number in self.foreign if number > before]
        to = min([before + AT_ONCE, *ahead])
        self.core.replay(self.reader, to)
        if to not in ahead:
            self.core.replay(self.reader, self.reader.facts()["last"])
        self.reader.check()
        self.sequence = int(self.core.rows("firm")[1]["last_sequence"])
        self.compared = max(self.compared, self.core.agreed)
        if found := self.core.difference():
            at, theirs, ours = found
            self._part(at, f"digest {ours:016x}", f"{theirs:016x}", "the leader's mark in the journal")
        if self.sequence in ahead:
            self.compare()
        return self.sequence - before

    def others(self) -> list[int]:
        """Sequences of the snapshots that other processes have written."""
        found = (int(path.stem) for path in newest_first(self.directory / "snapshots"))
        return [number for number in found if number not in self.written and number > self.compared]

    @property
    def behind(self) -> int:
        """Records that are committed and not applied here."""
        return max(0, int(self.reader.facts()["mark_sequence"]) - self.sequence)

    # comparing

    def compare(self) -> None:
        """Raises Diverged when somebody else has another state at this sequence."""
        self.foreign = self.others()
        if self.sequence in self.foreign:
            try:
                found = snapshot.read(self.directory / "snapshots" / f"{self.sequence}{snapshot.SUFFIX}")
                self._compare(found.state_hash, f"the snapshot {found.path}")
            except (SnapshotRefused, FileNotFoundError) as error:
                self.written.add(self.sequence)  # once is enough
                self.tell(str(error))
        now = time.monotonic()
        if now - self.compared_at >= COMPARE_S and self.sequence != self.compared:
            self.compared_at = now
            self.compare_tables()

    def compare_tables(self) -> None:
        """The leader's tables, when it rests at this sequence: it is asked nothing, and does nothing for it."""
        from oms.server import live

        told, theirs = live(self.directory), ""
        if told is None:
            return
        with contextlib.suppress(OmsError):  # it has just ended, or another one begins
            tables = attach(str(told["tables"]))
            if self._at(tables) == self.sequence:
                theirs = tables.state_hash()
                theirs = theirs if self._at(tables) == self.sequence else ""
        if theirs:
            self._compare(theirs, f"the leader, process {told['pid']},")

    @staticmethod
    def _at(tables: Any) -> int:
        return int(tables.row("firm", 1)["last_sequence"])

    def _compare(self, theirs: str, whose: str) -> None:
        ours = self.state_hash()
        if ours != theirs:
            self._part(self.sequence, ours, theirs, whose)
        self.compared = self.sequence
        self.foreign = self.others()

    def _part(self, sequence: int, ours: str, theirs: str, whose: str) -> NoReturn:
        """Raises Diverged. Nobody is to start from what was written since both were last the same."""
        for number in sorted(self.written):
            path = self.directory / "snapshots" / f"{number}{snapshot.SUFFIX}"
            if number > self.compared and path.exists():
                self._put_aside(path, "written by a follower whose state is not the leader's")
        raise Diverged(sequence, ours, theirs, whose)

    # snapshots

    def due(self) -> bool:
        if self.sequence == self.taken or self.proof is not None or self.sequence != self.reader.facts()["last"]:
            return False
        if time.monotonic() < self.not_before:
            return False
        records, seconds = self.following.snapshot_records, self.following.snapshot_seconds
        by_records = bool(records) and self.sequence - self.taken >= records
        return by_records or (bool(seconds) and time.monotonic() - self.taken_at >= seconds)

    def take(self) -> Snapshot | None:
        """Writes a snapshot and has it verified. None: it could not be written, which was told."""
        facts, began = self.reader.facts(), time.monotonic()
        self.taken_at = began
        try:
            store, chain = facts["store_id"].hex(), facts["chain"].hex()
            written = snapshot.write(self.core, self.directory / "snapshots", store, chain, self.kept)
        except OSError as error:
            self.not_before = began + AGAIN_S
            self.tell(f"no snapshot at sequence {self.sequence}: {error}; the next is tried in its time")
            return None
        self.taken = written.sequence
        self.written = {written.sequence, *self.written}
        seconds = time.monotonic() - began
        self.tell(f"snapshot at sequence {written.sequence}: {written.bytes:,} bytes in {seconds:.2f} s")
        self.proof = Proof.of(written.path)
        return written

    def proven(self, wait: bool = False) -> None:
        """Looks whether the last snapshot is verified. A bad one is put aside, so that nobody starts from it."""
        if self.proof is None or (finding := self.proof.finding(wait)) is None:
            return
        path, self.proof = self.proof.path, None
        if not finding:
            self.tell(f"snapshot {path.name} verified")
            self._archive()
            return
        for left in path.parent.glob("*.bad"):  # one is enough to look at
            left.unlink()
        self.taken, self.not_before = 0, time.monotonic() + AGAIN_S
        self._put_aside(path, finding)

    def _put_aside(self, path: Path, why: str) -> None:
        path.with_suffix(snapshot.VERIFIED).unlink(missing_ok=True)
        if path.exists():
            path.rename(path.with_suffix(".bad"))
        self.tell(f"snapshot {path.name} put aside as {path.stem}.bad: {why}")

    def _archive(self) -> None:
        """Moves the segments that are not needed here any more; where that fails, they stay."""
        if self.archive is None:
            return
        try:
            if names := archive(self.directory, self.archive):
                self.tell(f"moved {len(names)} segments up to {names[-1]} to {self.archive}")
        except (OSError, OmsError) as error:
            self.tell(f"nothing is archived: {error}")

    # the process

    def look(self, now: float) -> None:
        """What is not the journal: the leader, states to compare, the snapshot that is being verified, who asks."""
        self.looked_at = now
        leading = is_locked(self.journal)
        if leading != self.leading and self.leading is not None:
            self.tell("a process leads" if leading else f"nobody leads; this {self.kind} is at {self.sequence}")
        self.leading = leading
        self.proven()
        self.compare()
        self.witness()
        self.publish()

    def witness(self) -> None:
        """Notes how far the journal has been seen to be safe, where a start looks for it."""
        facts = self.reader.facts()
        if self.sequence == facts["last"] <= facts["mark_synced"] and self.sequence > self.witnessed:
            write_witness(self.directory / "snapshots", facts["store_id"].hex(), self.sequence, facts["chain"].hex())
            self.witnessed = self.sequence

    def publish(self) -> None:
        """Tells tools where it stands."""
        told = {"pid": os.getpid(), "started": started(os.getpid()), "kind": self.kind}
        told |= {"sequence": str(self.sequence), "behind": self.behind}
        told |= {"snapshot": str(self.taken), "compared": str(self.compared)}
        self.place.parent.mkdir(exist_ok=True)
        aside = self.place.with_suffix(".part")
        aside.write_text(json.dumps(told | self.asked) + "\n")
        aside.replace(self.place)

    def run(self) -> int:
        """Follows until one of SIGNALS comes, which every thread has blocked: its number."""
        self.publish()
        while True:
            applied = self.step()
            if self.due():
                self.take()
            if (now := time.monotonic()) - self.looked_at >= LOOK_S:
                self.look(now)
            if came := signal.sigtimedwait(SIGNALS, 0.0 if applied else PAUSE_S):
                return came.si_signo

    def finish(self) -> None:
        """The end: what is committed, in a snapshot that is verified."""
        while self.step():
            pass
        self.proven(wait=True)
        self.compare()
        self.witness()
        if self.sequence > self.taken:
            self.take()
        self.proven(wait=True)

    def leave(self) -> None:
        """Leaves no trace of the process."""
        self.reader.close()
        if self.proof is not None:
            self.proof.process.kill()
            self.proof.process.communicate()
        self.place.unlink(missing_ok=True)


def started(pid: int) -> str:
    """When a process began, so that another one of the same number is not taken for it; empty: there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _running(place: Path) -> dict[str, Any] | None:
    """What a follower tells of itself; None when it has left or was killed."""
    try:
        told: dict[str, Any] = json.loads(place.read_text())
    except FileNotFoundError:
        return None
    return told if told["started"] == started(told["pid"]) else None


def followers(directory: Path) -> list[dict[str, Any]]:
    """What the running followers of a store tell of themselves."""
    told = map(_running, sorted((directory / PLACE).glob("*.json")))
    return [found for found in told if found is not None]


def follow(directory: Path, config: Config, tell: Tell) -> int:
    """`oms follower`: until SIGTERM or SIGINT."""
    follower = Follower(directory, config.follower, config.store.snapshots_kept, tell)
    follower.archive = config.archive
    try:
        tell(f"following from sequence {follower.sequence}, recovered in {follower.seconds:.2f} s")
        while follower.run() == signal.SIGUSR1:
            tell("a follower cannot be promoted: start one with --standby")
        follower.finish()
        tell(f"stopped at sequence {follower.sequence}")
    finally:
        follower.leave()
    return 0
