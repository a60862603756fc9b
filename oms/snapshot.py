"""Snapshots: all tables of an engine at one sequence of its journal, in one file that can be checked by itself.

Owns `snapshots/<sequence>.snapshot`: written aside, flushed and renamed, so that a file of that name is whole; a
damaged one is refused by name and never used in part. And `<sequence>.verified` beside one that was loaded since.
Never: reads or writes the journal, which stays the only truth: a snapshot is a shorter way to the same state. The
format is in docs/reference/snapshot-format.md.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import logging
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oms import schema
from oms._core.engine import Core
from oms._core.snapshot import rows_restored
from oms.errors import OmsError
from oms.records import row_dtype
from oms.state_hash import combine, plain_chunks
from oms.views import HEADER

FORMAT = 1
MAGIC = b"OMSSNAP\n"
PREFIX = struct.Struct("<8sII32s")  # magic, format, bytes of the header, SHA-256 of the header
SUFFIX, VERIFIED = ".snapshot", ".verified"
MAX_HEADER = 1 << 20
SMALL = 1 << 20  # bytes: below it threads cost more than they bring
STEP = 1 << 18  # bytes that are read and then hashed, while they are in the processor's cache
KEPT = 3
NOT_KEPT = ("counter", "latency")  # what a process counts is its own

Rows = np.ndarray[Any, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One table in the file. rows: those that the file holds, row 0 included; of the event log the last ones."""

    name: str
    row_size: int
    capacity: int
    used: int
    free: int
    live: int
    rows: int
    sha256: str  # of the rows, their versions made zero

    @property
    def bytes(self) -> int:
        return self.rows * self.row_size


@dataclass(frozen=True)
class Snapshot:
    """What a file's header says. store_id, chain: of the journal at this sequence; empty for an engine without one."""

    path: Path
    sequence: int
    time_ns: int
    events: int
    state_hash: str
    store_id: str
    chain: str
    parts: tuple[Part, ...]
    offset: int  # of the first table in the file

    @property
    def bytes(self) -> int:
        return self.offset + sum(part.bytes for part in self.parts)


class SnapshotRefused(OmsError):  # noqa: N818
    """A snapshot that is damaged, or not of this journal or version: an older one, or the whole journal, has to do."""

    def __init__(self, path: Path, reason: str, remedy: str = "") -> None:
        super().__init__(f"snapshot refused: {reason}", where=str(path), remedy=remedy or "delete it, or restore it")
        self.path = path
        self.reason = reason


@functools.cache
def layout() -> str:
    """What identifies the tables' layout: it changes with every field."""
    shapes = [(table.name, [(field.name, field.type) for field in table.fields]) for table in schema.TABLES]
    return hashlib.sha256(repr(shapes).encode()).hexdigest()


# writing


def write(
    core: Core, directory: str | os.PathLike[str], store_id: str = "", chain: str = "", kept: int = KEPT
) -> Snapshot:
    """Writes the state to `<sequence>.snapshot`, and deletes all but the newest `kept`. Nobody may change the state
    meanwhile. Raises OmsError when there is nothing to write, OSError when the disk refuses it."""
    directory = Path(directory)
    firm = core.rows("firm")[1]
    sequence = int(firm["last_sequence"])
    if sequence == 0:
        raise OmsError("there is nothing to take a snapshot of: no record was applied", where=str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        _clear(directory)
        aside = directory / f"{sequence}.part"
        try:
            found = _write(core, aside, sequence, int(firm["last_time_ns"]), store_id, chain)
            path = directory / f"{sequence}{SUFFIX}"
            path.with_suffix(VERIFIED).unlink(missing_ok=True)  # it was of the file that stood here
            aside.rename(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        _flush(directory)
        for old in newest_first(directory)[kept:]:
            old.with_suffix(VERIFIED).unlink(missing_ok=True)
            old.unlink()
    return Snapshot(**{**vars(found), "path": path})


def _write(core: Core, aside: Path, sequence: int, time_ns: int, store_id: str, chain: str) -> Snapshot:
    tables = [table for table in schema.TABLES if table.name not in NOT_KEPT]
    rows = {table.name: _events(core) if table.name == "event" else core.rows(table.name) for table in tables}
    parts = [_part(core, name, array, "0" * 64) for name, array in rows.items()]
    empty = Snapshot(aside, sequence, time_ns, core.events, "0" * 64, store_id, chain, tuple(parts), 0)
    offset = len(_head(empty))
    offsets = np.cumsum([offset, *(part.bytes for part in parts)]).tolist()
    file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        places = zip(rows.values(), offsets, strict=False)
        digests = _each(lambda place: _write_rows(file, *place), places, int(offsets[-1]))
        parts = [_part(core, name, array, sha) for (name, array), sha in zip(rows.items(), digests, strict=True)]
        found = Snapshot(
            aside, sequence, time_ns, core.events, _state_hash(parts), store_id, chain, tuple(parts), offset
        )
        os.pwrite(file, _head(found), 0)
        os.fsync(file)
    finally:
        os.close(file)
    return found


def _each(work: Callable[[Any], str], places: Iterable[Any], size: int) -> list[str]:
    """Does it for each table, in threads where there is much to do: hashing, reading and writing let go of the GIL."""
    if size < SMALL:
        return list(map(work, places))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, places))


def _write_rows(file: int, rows: Rows, offset: int) -> str:
    digest = hashlib.sha256()
    for chunk in plain_chunks(rows):
        digest.update(chunk)
        while chunk:
            done = os.pwrite(file, chunk, offset)
            offset += done
            chunk = chunk[done:]
    return digest.hexdigest()


def _part(core: Core, name: str, rows: Rows, sha256: str) -> Part:
    header = _header(core, name)
    return Part(
        name=name,
        row_size=int(header["row_size"]),
        capacity=int(header["capacity"]),
        used=int(header["used"]),
        free=int(header["free"]),
        live=int(header["live"]),
        rows=len(rows),
        sha256=sha256,
    )


def _header(core: Core, name: str) -> Any:
    """The table's header, writable."""
    return np.frombuffer(memoryview(core.tables.mappings[name]), dtype=HEADER, count=1)[0]


def _events(core: Core) -> Rows:
    """What the ring holds, oldest first."""
    ring = core.rows("event", whole=True)
    count, place = min(core.events, len(ring)), core.events % len(ring)
    return ring[:count] if core.events <= len(ring) else np.roll(ring, -place)


def _state_hash(parts: list[Part] | tuple[Part, ...]) -> str:
    return combine((part.name, part.used, part.free, part.live, part.sha256) for part in parts)


def _head(snapshot: Snapshot) -> bytes:
    """Prefix and header. All that varies in length is in it from the start, so that its length is known beforehand."""
    text = json.dumps(
        {
            "schema_version": schema.SCHEMA_VERSION,
            "layout": layout(),
            "sequence": snapshot.sequence,
            "time_ns": snapshot.time_ns,
            "events": snapshot.events,
            "state_hash": snapshot.state_hash,
            "store_id": snapshot.store_id,
            "chain": snapshot.chain,
            "tables": [asdict(part) for part in snapshot.parts],
        }
    ).encode()
    return PREFIX.pack(MAGIC, FORMAT, len(text), hashlib.sha256(text).digest()) + text


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One writer at a time."""
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def clear(directory: str | os.PathLike[str]) -> None:
    """Removes, with a line in the log, what a writer that was killed left of a snapshot."""
    if Path(directory).is_dir():
        with _locked(Path(directory)):
            _clear(Path(directory))


def _clear(directory: Path) -> None:
    for left in directory.glob("*.part"):
        log.warning("removed what a killed process left of a snapshot: %s", left)
        left.unlink()


def _flush(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


# verified


def verify(path: Path) -> Snapshot:
    """Loads a snapshot into tables of its own; what it leads to is its state hash. Notes that it is verified. Raises
    SnapshotRefused."""
    found = read(path)
    load(Core({part.name: max(part.capacity, 2) for part in found.parts}), found)
    note_verified(found)
    return found


def note_verified(found: Snapshot) -> None:
    """For whoever has loaded it: the file led to its state hash."""
    aside = found.path.with_suffix(".noted")
    with aside.open("w") as file:
        file.write(f"{found.state_hash}\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(found.path.with_suffix(VERIFIED))
    _flush(found.path.parent)


def is_verified(path: Path) -> bool:
    """Whether the snapshot was loaded since it was written."""
    try:
        return path.with_suffix(VERIFIED).read_text() == f"{read(path).state_hash}\n"
    except (FileNotFoundError, SnapshotRefused):
        return False


def replaceable_through(directory: str | os.PathLike[str]) -> int:
    """Segments that end before this sequence can be archived: a verified snapshot stands behind them, and none of the
    kept ones needs them. 0: none can."""
    found = newest_first(directory)
    return int(found[-1].stem) if any(map(is_verified, found)) else 0


# reading


def newest_first(directory: str | os.PathLike[str]) -> list[Path]:
    """The snapshots of a directory by their names, whatever is in them."""
    found = [path for path in Path(directory).glob(f"*{SUFFIX}") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem), reverse=True)


def read(path: Path) -> Snapshot:
    """A snapshot's header, checked; its tables are checked when they are loaded. Raises SnapshotRefused."""
    with path.open("rb") as file:
        prefix = file.read(PREFIX.size)
        if len(prefix) < PREFIX.size or not prefix.startswith(MAGIC):
            raise SnapshotRefused(path, "it does not begin like a snapshot")
        _, format_, size, digest = PREFIX.unpack(prefix)
        if format_ != FORMAT:
            raise SnapshotRefused(path, f"it has format {format_}, and this oms reads format {FORMAT}")
        text = file.read(min(size, MAX_HEADER))
        if hashlib.sha256(text).digest() != digest:
            raise SnapshotRefused(path, "the checksum of its header fails")
        actual = os.fstat(file.fileno()).st_size
    document = json.loads(text)
    if document["schema_version"] != schema.SCHEMA_VERSION:
        raise SnapshotRefused(
            path,
            f"it has schema version {document['schema_version']}, and this oms reads {schema.SCHEMA_VERSION}",
            "the journal is replayed instead; or use the version of oms that wrote it",
        )
    if document["layout"] != layout():
        raise SnapshotRefused(path, "its tables have another layout than those of this oms")
    parts = tuple(Part(**part) for part in document.pop("tables"))
    del document["schema_version"], document["layout"]
    found = Snapshot(path=path, parts=parts, offset=PREFIX.size + size, **document)
    if path.stem != str(found.sequence):
        raise SnapshotRefused(path, f"it holds sequence {found.sequence}, not the one of its name")
    if actual != found.bytes:
        raise SnapshotRefused(path, f"it has {actual} bytes, and its header says {found.bytes}")
    return found


def load(core: Core, snapshot: Snapshot) -> None:
    """Fills an empty engine. Raises SnapshotRefused when a table is damaged (the engine is then of no use any more),
    and OmsError when a table has become too small."""
    check_capacities(snapshot, core.tables.capacities)
    offsets = np.cumsum([snapshot.offset, *(part.bytes for part in snapshot.parts)]).tolist()
    file = os.open(snapshot.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        digests = _each(
            lambda place: _load(core, file, snapshot, *place),
            zip(snapshot.parts, offsets, strict=False),
            snapshot.bytes,
        )
        for part, digest in zip(snapshot.parts, digests, strict=True):
            if digest != part.sha256:
                raise SnapshotRefused(snapshot.path, f"the checksum of table {part.name} fails")
    finally:
        os.close(file)
    if _state_hash(snapshot.parts) != snapshot.state_hash:
        raise SnapshotRefused(snapshot.path, "its state hash is not that of its tables")
    rows_restored(core, snapshot.events)


def check_capacities(snapshot: Snapshot, capacities: Mapping[str, int]) -> None:
    """Raises OmsError when a table is smaller than what the snapshot holds of it; larger is well."""
    for part in snapshot.parts:
        if part.used > capacities[part.name]:
            raise OmsError(
                f"the capacity of table {part.name} is {capacities[part.name]}, but {part.used} rows are in use",
                where=str(snapshot.path),
                remedy=f"set capacities.{part.name} to {part.capacity}, as it was, or more",
            )


def _load(core: Core, file: int, snapshot: Snapshot, part: Part, offset: int) -> str:
    """Reads one table into its place; the digest of what was read."""
    if part.name == "event":
        rows = np.empty(part.rows, row_dtype("event"))
        _read(file, rows.view(np.uint8).data, offset)
        ring = core.rows("event", whole=True)
        kept = rows[-len(ring) :]
        ring[np.arange(snapshot.events - len(kept), snapshot.events) % len(ring)] = kept
        return hashlib.sha256(rows.data).hexdigest()
    place = memoryview(core.tables.mappings[part.name])[4096 : 4096 + part.bytes]
    digest = hashlib.sha256()
    for start in range(0, part.bytes, STEP):
        chunk = place[start : start + STEP]
        _read(file, chunk, offset + start)
        digest.update(chunk)
    header = _header(core, part.name)
    for name in ("used", "free", "live"):
        header[name] = getattr(part, name)
    return digest.hexdigest()


def _read(file: int, place: memoryview, offset: int) -> None:
    while place:
        done = os.preadv(file, [place], offset)
        if not done:
            return  # it has become shorter meanwhile: the checksum fails
        offset += done
        place = place[done:]
