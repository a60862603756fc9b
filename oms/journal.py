"""The journal for Python: open, append, read, verify; what is wrong with it in words.

Owns: the directory's lock and the sentences about damage. Never: touches the files' bytes, which is _core/journal_*.
The format, and what counts as damage, is in docs/reference/journal-format.md.
"""

import errno
import fcntl
import logging
import os
import stat as file_stat
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from oms._core.journal import JournalCore
from oms._core.journal_file import FaultCode as F
from oms._core.journal_reader import ReaderCore, ReaderStatus
from oms.errors import OmsError

T = TypeVar("T")

log = logging.getLogger(__name__)

SEGMENT_BYTES = 128 << 20
BUFFER_BYTES = 4 << 20
INTERVAL_MS = 100

RESTORE = "stop here; `oms journal repair --from COPY` takes what is damaged from a copy of this journal"
UPGRADE = "use the version of oms that wrote it, or a later one"
CHECK_DISK = "check the disk and the system's log; the records that were acknowledged are safe; restart to go on"
MAKE_ROOM = "make room on the disk, or raise the quota; the records that were acknowledged are safe; restart to go on"

SENTENCES: dict[F, tuple[str, str]] = {
    F.FAULT_READ: ("the system cannot read the segment", "check the disk and the file's permissions"),
    F.FAULT_SEGMENT_MISSING: ("the segment is missing", RESTORE),
    F.FAULT_SEGMENT_SIZE: ("the file is not as long as its header says", RESTORE),
    F.FAULT_HEADER: ("the segment's header is unreadable", RESTORE),
    F.FAULT_FORMAT: ("the segment was written by a newer version of oms", UPGRADE),
    F.FAULT_FOREIGN: ("the segment belongs to another journal", RESTORE),
    F.FAULT_NUMBER: ("the file holds another segment than its name says", RESTORE),
    F.FAULT_LINK: ("the segment does not continue the one before it", RESTORE),
    F.FAULT_MARKS: ("both marks of the segment are unreadable", RESTORE),
    F.FAULT_MARK: ("the segment's mark contradicts its records", RESTORE),
    F.FAULT_NOT_ZERO: ("there is something where nothing was written", RESTORE),
    F.FAULT_LENGTH: ("the record's length is impossible", RESTORE),
    F.FAULT_CRC: ("the record's checksum fails", RESTORE),
    F.FAULT_SEQUENCE: ("the record has another sequence number than its place", RESTORE),
    F.FAULT_TIME: ("the record is older than the one before it", RESTORE),
    F.FAULT_BATCH: ("the commit does not describe its batch", RESTORE),
    F.FAULT_CHAIN: ("the chain hash differs: a record was changed, lost or exchanged", RESTORE),
    F.FAULT_SHORT: ("the journal ends before the last record that was committed", RESTORE),
    F.FAULT_WRITE: ("the journal could not be written", CHECK_DISK),
    F.FAULT_ROLL: ("the next segment could not be made", CHECK_DISK),
    F.FAULT_DEPOSED: ("another process has taken the journal over", "nothing to do: this process has ended itself"),
}


class JournalError(OmsError):
    """Something is wrong with a journal. file: path; offset: bytes into it; sequence: of the record concerned."""

    def __init__(self, directory: Path, fault: tuple[F, int, int, int, int]) -> None:
        code, error, segment, self.offset, self.sequence = fault
        self.code = code
        self.file = directory / segment_name(segment)
        self.reason, self.advice = SENTENCES[code]
        if error:
            self.reason += f" ({os.strerror(error)})"
        if error in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            self.advice = MAKE_ROOM
        archive = directory / "archive"
        if code == F.FAULT_SEGMENT_MISSING and archive.is_symlink() and not archive.exists():
            self.advice = f"put the archive {archive.readlink()} back: it may be there"
        where = f"{self.file}, byte {self.offset}, sequence {self.sequence}"
        super().__init__(f"journal: {self.reason}", where=where, remedy=self.advice)


class JournalDamage(JournalError):  # noqa: N818
    """A journal that was read is damaged: nothing is cut, nothing is skipped."""


class JournalFailed(JournalError):  # noqa: N818
    """A write or flush failed: nothing was acknowledged after it, and the process has to end."""


class JournalLocked(OmsError):  # noqa: N818
    """Another process writes to the same journal."""


@dataclass(frozen=True)
class TornTail:
    """What a crash left of a write that never came to its end; nobody was told of it."""

    file: str
    offset: int
    bytes: int
    lost_from: int  # 0, or: from here on records were written, but not to survive the machine, and are lost with it
    lost_to: int

    def __str__(self) -> str:
        text = f"torn tail of {self.bytes} bytes, acknowledged to nobody: {self.file}, byte {self.offset}"
        if self.lost_to:
            text += f"; records {self.lost_from} to {self.lost_to} were not flushed and are lost with the machine"
        return text


@dataclass(frozen=True)
class Report:
    """What `verify` found. damage: None, or why the rest could not be verified."""

    directory: str
    live: bool  # a process was writing: verified as far as it was committed
    segments: int
    records: int
    commits: int
    first: int  # sequence; 0: none
    last: int
    chain_head: str
    store_id: str
    torn_tail: TornTail | None
    bad_marks: tuple[str, ...]
    damage: JournalDamage | None

    @property
    def ok(self) -> bool:
        return self.damage is None and not self.bad_marks


class Reader(ReaderCore):
    """Iterates over the records as bytes. live: up to what is committed; iterate again for more."""

    def __init__(self, directory: str | os.PathLike[str], from_sequence: int = 1, live: bool = False) -> None:
        super().__init__(directory, from_sequence, live)
        self.directory = Path(directory)

    def check(self) -> None:
        """Raises JournalDamage if that is why the iteration ended."""
        if damage := self.damage():
            raise damage

    def damage(self) -> JournalDamage | None:
        return JournalDamage(self.directory, self.fault) if self.fault else None

    def torn_tail(self) -> TornTail | None:
        facts = self.facts()
        if self.status != ReaderStatus.READER_TORN and not facts["lost_sequence"]:
            return None
        lost_from = facts["last"] + 1 if facts["lost_sequence"] else 0
        file = str(self.directory / segment_name(facts["segment"]))
        return TornTail(file, facts["position"], facts["torn_bytes"], lost_from, facts["lost_sequence"])

    def bad_marks(self) -> tuple[str, ...]:
        facts = self.facts()
        if not facts["bad_marks"]:
            return ()
        file = self.directory / segment_name(facts["bad_mark_segment"])
        more = f" and {facts['bad_marks'] - 1} more" if facts["bad_marks"] > 1 else ""
        return (f"{file}, byte {facts['bad_mark_offset']}: mark slot unreadable, the other one is used{more}",)


class Journal(JournalCore):
    """A journal to append to: created, or recovered, verified and continued.

    durability: "batch" (what is acknowledged survives the machine), "interval" (survives the process; flushed every
    `interval_ms`) or "none" (survives the process). replay: called with a Reader before the first append, to take in
    what is there from `from_sequence` on; segments before the one that holds it are not verified. Append and commit
    from one thread. Raises JournalLocked, JournalDamage and JournalFailed.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        durability: str = "batch",
        *,
        segment_bytes: int = SEGMENT_BYTES,
        buffer_bytes: int = BUFFER_BYTES,
        interval_ms: int = INTERVAL_MS,
        from_sequence: int = 1,
        replay: Callable[[Reader], object] | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(self.directory)
        self.lock = lock(self.directory)
        try:
            super().__init__(directory, durability, segment_bytes, buffer_bytes, interval_ms)
            self._take()
            with Reader(directory, from_sequence) as reader:
                if replay:
                    replay(reader)
                reader.to_end()
                reader.check()
                self.torn_tail = reader.torn_tail()
                self.bad_marks = reader.bad_marks()
                self._checked(super().start, reader, os.urandom(16))
            if self.torn_tail:
                log.warning("journal: cut a %s", self.torn_tail)
            for mark in self.bad_marks:
                log.warning("journal: %s; both are written anew", mark)
        except BaseException:
            super().close()
            raise

    def _take(self) -> None:
        try:
            self.take()
        except BlockingIOError:
            raise JournalLocked(
                "journal: another process is writing to it, though its lock file is a new one",
                where=str(self.directory),
                remedy="end that process: `fuser -v` on the directory names it",
            ) from None

    def append(self, record: bytes, time_ns: int = 0, source: int = 0) -> int:
        """Appends a record (a Frame and what follows), stamped with the time (UTC; 0: now); its sequence."""
        return self._checked(super().append, record, time_ns or time.time_ns(), source)

    def commit(self) -> None:
        """Ends the batch; it becomes safe some time after."""
        self._checked(super().commit)

    def flush(self) -> int:
        """Ends the batch and waits until it is safe: the sequence that is."""
        return self._checked(super().flush)

    def close(self) -> None:
        """Writes what is left and marks a clean end. Safe to call twice."""
        if self.lock >= 0:
            self._checked(super().close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, call: Callable[..., T], *arguments: Any) -> T:
        try:
            result = call(*arguments)
        except RuntimeError:
            if not self.fault:
                raise
        if self.fault:
            raise JournalFailed(self.directory, self.fault)
        return result


def segment_name(segment: int) -> str:
    return f"{segment:08}.journal"


def check_owner(directory: Path) -> None:
    """Raises OmsError when the directory or a file in it is not this user's alone to write: before anything is."""
    for path in [directory, *sorted(directory.glob("*.journal"))]:
        found = path.stat()
        if found.st_uid != os.geteuid():
            what, remedy = (
                f"belongs to user {found.st_uid}, not {os.geteuid()}",
                f"start oms as that user, or chown {path}",
            )
        elif found.st_mode & 0o022:
            what, remedy = "can be written by other users", f"chmod go-w {path}"
        elif path != directory and (not file_stat.S_ISREG(found.st_mode) or found.st_mode & 0o600 != 0o600):
            what, remedy = "cannot be read and written by its owner", f"chmod u+rw {path}"
        else:
            continue
        whose = "the directory" if path == directory else "a segment"
        raise OmsError(f"journal: {whose} {what}", where=str(path), remedy=remedy)


def lock(directory: Path) -> int:
    """Makes this process the only writer of the directory, until the file is closed. Raises JournalLocked."""
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK))
    except (BlockingIOError, PermissionError):
        holder = os.pread(file, 32, 0).decode(errors="replace").strip()
        os.close(file)
        raise JournalLocked(
            f"journal: process {holder or '(unknown)'} is writing to it",
            where=str(directory),
            remedy="stop that process, or use another directory",
        ) from None
    os.pwrite(file, f"{os.getpid()}\n".ljust(32).encode(), 0)
    return file


def is_locked(directory: str | os.PathLike[str]) -> bool:
    """Whether a process writes to the journal now."""
    try:
        file = os.open(Path(directory) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))
        return bool(struct.unpack("hhqqi4x", found)[0] != fcntl.F_UNLCK)
    finally:
        os.close(file)


def _flock(kind: int) -> bytes:
    """struct flock over the whole file."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0)


def read(directory: str | os.PathLike[str], from_sequence: int = 1) -> Iterator[bytes]:
    """The records of a journal from `from_sequence` on, verified. Raises JournalDamage where it is damaged.

    A torn tail ends it silently; of a journal that is being written, it yields what was committed when it got there.
    """
    with Reader(directory, from_sequence, is_locked(directory)) as reader:
        yield from reader
        reader.check()


def verify(directory: str | os.PathLike[str], from_sequence: int = 1) -> Report:
    """Checks every byte of the journal, or of its segments from the one that holds `from_sequence` on."""
    live = is_locked(directory)
    with Reader(directory, from_sequence, live) as reader:
        reader.to_end()
        facts = reader.facts()
        return Report(
            directory=str(directory),
            live=live,
            segments=facts["segments"],
            records=facts["records"],
            commits=facts["commits"],
            first=facts["last"] - facts["records"] + 1 if facts["records"] else 0,
            last=facts["last"],
            chain_head=facts["chain"].hex(),
            store_id=facts["store_id"].hex(),
            torn_tail=reader.torn_tail(),
            bad_marks=reader.bad_marks(),
            damage=reader.damage(),
        )


def first_sequence(directory: str | os.PathLike[str]) -> int:
    """Of the oldest segment that can be reached, by its header: above 1 where the ones before are away. 0: none is."""
    for place in (Path(directory) / "archive", Path(directory)):
        for path in sorted(place.glob("*.journal")):
            return first_sequence_of(path)
    return 0


def first_sequence_of(path: Path) -> int:
    """Of one segment, by its header."""
    with path.open("rb") as file:
        return int.from_bytes(file.read(40)[32:], "little")


def stat(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """What the headers and the last mark say, without reading the records."""
    sizes = [path.stat().st_size for path in sorted(Path(directory).glob("*.journal"))]
    with Reader(directory, from_sequence=1 << 63, live=True) as reader:
        reader.check()
        facts = reader.facts()
    words = {1: "batch", 2: "interval", 3: "none"}
    states = {1: "open", 2: "rolled", 3: "closed"}
    return {
        "directory": str(directory),
        "live": is_locked(directory),
        "segments": len(sizes),
        "bytes": sum(sizes),
        "last": facts["mark_sequence"],
        "state": states.get(facts["mark_state"], "empty"),
        "durability": words.get(facts["durability"], ""),
        "store_id": facts["store_id"].hex(),
    }
