"""From a store's files to its state: the newest good snapshot of the journal, and the records behind it.

    DIR/journal/     the truth
    DIR/snapshots/   shorter ways to it

Owns the choice of the snapshot, and Replica, a private copy of the state that is made beside a live process or at
rest. Never writes to the store.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oms import config, records, schema, snapshot
from oms._core.engine import Core
from oms.errors import OmsError
from oms.journal import Reader, TornTail, first_sequence, is_locked
from oms.moment import EVER, Moment, in_words
from oms.snapshot import Snapshot, SnapshotRefused
from oms.views import Views

log = logging.getLogger(__name__)

WITNESS = "witness"  # beside the snapshots: how far a follower has seen the journal to be safe


@dataclass(frozen=True)
class Position:
    """A place in a journal. chain: hash over all records up to it; empty where no batch ends there."""

    last: int  # sequence that the journal reached when it was looked at, before or behind the place
    store_id: str
    chain: str


def position(journal: Path, sequence: int) -> Position | None:
    """Where the journal stands at `sequence`, or ends before; None when there is none. Raises JournalDamage."""
    if not journal.is_dir():
        return None
    with Reader(journal, sequence, live=is_locked(journal)) as reader:
        next(reader, None)
        reader.check()
        facts = reader.facts()
    if not facts["segment"]:
        return None
    return Position(facts["last"], facts["store_id"].hex(), facts["chain"].hex() if facts["last"] == sequence else "")


@dataclass
class Recovered:
    """A core as a snapshot left it (or empty), and the snapshots that were refused on the way."""

    core: Core
    snapshot: Snapshot | None = None
    refused: list[SnapshotRefused] = field(default_factory=list)

    @property
    def next_sequence(self) -> int:
        """First record of the journal that is still to be applied."""
        return int(self.core.rows("firm")[1]["last_sequence"]) + 1


def recover(
    make_core: Callable[[], Core],
    journal: str | Path | None,
    snapshots: str | Path | None,
    to: Moment = EVER,
) -> Recovered:
    """The newest snapshot (of the moment `to` at the latest) that is whole and, if there is a journal, of its history.

    A refused one is logged and the next older one tried. Raises RolledBack when one knows more than the journal does,
    OmsError when snapshots are all that is left of a store, and when a table is too small for its rows.
    """
    journal = Path(journal) if journal else None
    if journal and snapshots and to == EVER:
        check_witness(Path(snapshots), journal)
    refused: list[SnapshotRefused] = []
    for path in snapshot.newest_first(snapshots) if snapshots else []:
        if int(path.stem) > to.sequence:
            continue
        try:
            found = snapshot.read(path)
            if found.time_ns > to.time_ns:
                continue
            if journal is not None:
                check_history(found, journal)
            core = make_core()
            snapshot.load(core, found)
            return Recovered(core, found, refused)
        except RolledBack:
            raise
        except SnapshotRefused as error:
            refused.append(error)
            log.warning("%s (%s)", error.what, path)
    if refused and journal is not None and not any(journal.glob("*.journal")):
        raise OmsError(
            "the store has snapshots but no journal",
            where=str(journal),
            remedy="put the journal back from a copy; to begin anew, move the snapshots away",
        )
    return Recovered(make_core(), None, refused)


class RolledBack(SnapshotRefused):
    """A sound snapshot bears witness that the journal has lost records, or holds others than it did."""

    def __init__(self, path: Path, reason: str, last: int) -> None:
        super().__init__(
            path,
            reason,
            "an older copy of the journal was put here, or its end is gone: `oms journal repair` takes the records from"
            " another copy; only if there is none, move what knows more away (the snapshots beyond sequence"
            f" {last}, and the file {WITNESS} beside them), and start",
        )


def check_history(found: Snapshot, journal: Path) -> None:
    """Raises SnapshotRefused when the journal did not bring the snapshot about; RolledBack when it once did."""
    if found.sequence < (begins := first_sequence(journal)):
        raise SnapshotRefused(found.path, f"the journal begins behind it, with sequence {begins}")
    at = position(journal, found.sequence)
    if at is None:
        raise SnapshotRefused(found.path, "there is no journal")
    if at.store_id != found.store_id:
        raise SnapshotRefused(found.path, "it belongs to another journal")
    if at.last < found.sequence:
        raise RolledBack(
            found.path, f"the journal ends before its sequence {found.sequence}, at sequence {at.last}", at.last
        )
    if at.chain and found.chain and at.chain != found.chain:
        raise RolledBack(found.path, "the journal holds other records than those that led to it", 0)


def write_witness(snapshots: Path, store_id: str, sequence: int, chain: str) -> None:
    """Notes that the journal was seen to be safe up to here. It need not survive a loss of power: nothing is lost with
    it but a proof."""
    snapshots.mkdir(exist_ok=True)
    aside = snapshots / f"{WITNESS}.{os.getpid()}"
    aside.write_text(json.dumps({"store_id": store_id, "sequence": sequence, "chain": chain}) + "\n")
    aside.replace(snapshots / WITNESS)


def check_witness(snapshots: Path, journal: Path) -> None:
    """Raises RolledBack when a follower has seen more of this journal than there is, or something else."""
    path = snapshots / WITNESS
    try:
        seen = json.loads(path.read_text())
        store_id, sequence, chain = str(seen["store_id"]), int(seen["sequence"]), str(seen["chain"])
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        log.warning("what a follower noted of the journal cannot be read, and is not used (%s)", path)
        return
    if sequence < first_sequence(journal) or (at := position(journal, sequence)) is None or at.store_id != store_id:
        return  # the records are archived; or it is another journal's, of which the snapshots beside it tell
    if at.last < sequence:
        raise RolledBack(path, f"a follower has seen the journal up to {sequence}, and it ends at {at.last}", at.last)
    if at.chain and at.chain != chain:
        raise RolledBack(path, f"a follower has seen other records up to {sequence} than the journal holds", 0)


def tell_difference(core: Core) -> str:
    """In words, the first mark in the journal that its replay did not come to; empty: none. It is logged, and no more:
    what the records lead to is the state."""
    if not (found := core.difference()):
        return ""
    told = (
        f"at sequence {found[0]} the process that led had come to another state than the records lead to:"
        " its memory was damaged, or it was another version of oms"
    )
    log.warning(told)
    return told


class Replica(Views):
    """A private copy of a store's state: snapshot and journal, up to what is committed, or to the moment `to`.

    capacities: rows per table; None = those of the store's configuration, else of its newest snapshot or its journal.
    use_snapshots: False replays the whole journal; a path uses that snapshot and no other. live: a process may be
    writing, so that only what is marked as committed is trusted; None = look. tables, working_set: as for Engine.
    Raises JournalDamage, SnapshotRefused, OmsError.
    """

    def __init__(
        self,
        directory: str | Path,
        capacities: Mapping[str, int] | None = None,
        use_snapshots: bool | Path = True,
        to: Moment = EVER,
        *,
        live: bool | None = None,
        tables: Path | None = None,
        working_set: Mapping[str, int] | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.journal, snapshots = self.directory / "journal", self.directory / "snapshots"
        if not self.journal.is_dir() or not any(self.journal.glob("*.journal")):
            raise OmsError(
                "there is no journal", where=str(self.journal), remedy="name the directory that holds journal/"
            )
        began = time.monotonic()
        chosen = capacities_of(self.directory) if capacities is None else capacities
        if isinstance(use_snapshots, Path):
            recovered = self._begin_with(use_snapshots, chosen)
        else:
            places = snapshots if use_snapshots else None
            recovered = recover(lambda: Core(chosen, tables, working_set), self.journal, places, to)
        self.core, self.snapshot, self.refused = recovered.core, recovered.snapshot, recovered.refused
        self._memory = {name: memoryview(mapping) for name, mapping in self.core.tables.mappings.items()}
        first = recovered.next_sequence
        if first < (begins := first_sequence(self.journal)):
            raise OmsError(
                f"the records before sequence {begins} are archived, and no snapshot takes their place",
                where=str(self.journal),
                remedy="put the archived segments back, or ask for a later moment",
            )
        self.live = is_locked(self.journal) if live is None else live
        with Reader(self.journal, first, live=self.live) as reader:
            self.core.replay(reader, to.sequence, to.time_ns)
            reader.check()
            self.difference = tell_difference(self.core)
            self.torn_tail: TornTail | None = reader.torn_tail()
        self.sequence = int(self.rows("firm")[1]["last_sequence"])
        self.records = self.sequence + 1 - first
        self.seconds = time.monotonic() - began

    def _begin_with(self, path: Path, capacities: Mapping[str, int]) -> Recovered:
        found = snapshot.read(path)
        check_history(found, self.journal)
        core = Core(capacities)
        snapshot.load(core, found)
        return Recovered(core, found)

    def memory(self, table: str) -> Any:
        return self._memory[table]

    def request_slot(self, account: int, cl_ord_id: str) -> int:
        return self.core.find("request", cl_ord_id, account)

    def holding_slot(self, account: int, instrument: int) -> int:
        return self.core.find_row("holding", account, instrument)

    def write_snapshot(self, kept: int = snapshot.KEPT) -> Snapshot:
        """Writes the state into the store's snapshots."""
        at = position(self.journal, self.sequence)
        store_id, chain = (at.store_id, at.chain) if at else ("", "")
        return snapshot.write(self.core, self.directory / "snapshots", store_id, chain, kept)


def at(directory: str | Path, moment: Moment) -> Replica:
    """The state as it was at a moment: behind the last record that is not after it. Raises OmsError for a moment
    before the journal's beginning, of the future, or with a sequence that it has not reached."""
    if moment.time_ns != EVER.time_ns and moment.time_ns > time.time_ns():
        raise OmsError("that moment is still to come", where=in_words(moment.time_ns))
    replica = Replica(directory, to=moment)
    where = str(replica.journal)
    if moment.sequence != EVER.sequence and replica.sequence < moment.sequence:
        raise OmsError(f"the journal ends at sequence {replica.sequence}", where=where)
    if not replica.sequence:
        with Reader(replica.journal, live=replica.live) as reader:
            began = int.from_bytes(next(reader, b"")[16:24], "little")
        raise OmsError(f"nothing was before the first record, of {in_words(began)}", where=where)
    return replica


def capacities_of(directory: Path) -> dict[str, int]:
    """The table sizes that the store was last used with, as far as its files tell; without them, the catalogue's."""
    if found := config.find(directory):
        return found.capacities
    for path in snapshot.newest_first(directory / "snapshots"):
        try:
            return {part.name: part.capacity for part in snapshot.read(path).parts}
        except SnapshotRefused:
            continue
    return journaled_capacities(directory / "journal")


def journaled_capacities(journal: Path) -> dict[str, int]:
    """The table sizes that the first record of a journal tells; empty when it tells none."""
    with Reader(journal, live=is_locked(journal)) as reader:
        raw = next(reader, None)
    if raw is None:
        return {}
    name, fields = records.decode(raw)
    if name != "Capacities":
        return {}
    names = [table.name for table in schema.TABLES]
    told = zip(names[: names.index("event")], fields["rows"], strict=False)
    return {table: rows for table, rows in told if rows} | {"text": fields["text"]}
