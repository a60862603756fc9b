"""Puts a damaged journal right from a copy of it: a backup, or what a follower keeps elsewhere.

Both are copies of one chain, byte for byte, so what is damaged here is taken from there, and only if the whole then
verifies, and reaches as far as this journal ever said to be committed. Until then nothing is changed; and what is
replaced is set aside, never overwritten.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from oms import journal
from oms._core.journal_digest import crc32c
from oms.archive import LINK, flush
from oms.errors import OmsError
from oms.journal import Reader, Report, segment_name

MARKS = slice(512, 1536)
SECTOR = 512
SCRATCH = "repair"


@dataclass
class Repaired:
    """What was done. damage: what was wrong; empty: nothing, or only the end was missing. taken: segments that now
    are, in whole or in part, the copy's; dropped: those that did not belong here; set_aside: where they all are now."""

    damage: str
    last: int
    taken: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    set_aside: str = ""


@dataclass(frozen=True)
class Copy:
    """The other one, as far as it verifies."""

    directory: Path
    report: Report
    segment: int  # the last of it
    end: int  # bytes of that one

    def read(self, segment: int) -> bytes | None:
        """A segment, with zeros behind what is verified; None when it has none."""
        path = place_of(self.directory, segment)
        if segment > self.segment or path is None:
            return None
        data = path.read_bytes()
        return data if segment < self.segment else data[: self.end] + bytes(len(data) - self.end)

    def reach(self, segment: int, size: int) -> int:
        return size if segment < self.segment else self.end


def repair(directory: Path, source: Path) -> Repaired:
    """Repairs the journal in a directory from the one in another.

    Raises JournalLocked when a process writes to it, and OmsError, with nothing changed, when the copy is of another
    journal or does not have what is needed.
    """
    held = journal.lock(directory)
    try:
        return _Repair(directory, source).run()
    finally:
        os.close(held)


class _Repair:
    def __init__(self, directory: Path, source: Path) -> None:
        self.directory = directory
        self.scratch = directory / SCRATCH
        self.copy = open_copy(source)
        self.tried: dict[int, int] = {}  # segment → how many ways

    def run(self) -> Repaired:
        before = self._lay_out()
        try:
            self._check_same(before)
            promised = max((*marks(self.directory), before.last))
            found = before
            while found.damage or found.bad_marks or found.last < max(promised, self.copy.report.last):
                if not self._next_way(found):
                    raise self._impossible(found, promised)
                found = journal.verify(self.scratch)
            return self._install(before, found.last)
        finally:
            shutil.rmtree(self.scratch)

    def _lay_out(self) -> Report:
        """The journal as it is, in a directory of links."""
        shutil.rmtree(self.scratch, ignore_errors=True)  # of a repair that was killed
        self.scratch.mkdir(mode=0o700)
        for segment in numbers(self.directory):
            path = place_of(self.directory, segment)
            assert path is not None
            os.symlink(path.resolve(), self.scratch / segment_name(segment))
        return journal.verify(self.scratch)

    def _check_same(self, before: Report) -> None:
        ours = {store_id(path) for path in self.scratch.glob("*.journal")}
        if ours and self.copy.report.store_id not in ours:
            raise OmsError(
                f"the copy is of another journal: of store {self.copy.report.store_id}",
                where=str(self.copy.directory),
                remedy="name a copy of this journal",
            )
        last = min(before.last, self.copy.report.last)
        if last and not before.damage and chain_at(self.scratch, last) != chain_at(self.copy.directory, last):
            raise OmsError(
                f"the copy holds other records than this journal up to sequence {last}, and both are sound",
                where=str(self.copy.directory),
                remedy="they have parted: find out which one is right before anything is started",
            )

    def _next_way(self, found: Report) -> bool:
        """Tries the next way to make the first bad segment good. False: there is none left."""
        if found.damage:
            segment = int(found.damage.file.name.split(".")[0])
        elif found.bad_marks:
            segment = int(Path(found.bad_marks[0].split(",")[0]).name.split(".")[0])
        else:  # sound, but short
            last = max(numbers(self.scratch), default=0)
            segment = last if self.tried.get(last, 0) < len(list(self._ways(last))) else last + 1
        ways = list(self._ways(segment))
        way = self.tried.get(segment, 0)
        if way >= len(ways):
            return self._drop_stranger(segment + 1)
        self.tried[segment] = way + 1
        path = self.scratch / segment_name(segment)
        path.unlink(missing_ok=True)
        if (content := ways[way]) is not None:
            path.write_bytes(content)
            path.chmod(0o600)
        return True

    def _drop_stranger(self, segment: int) -> bool:
        """Takes out a segment behind the bad one that is of another journal: its presence may be all that is bad."""
        path = self.scratch / segment_name(segment)
        if segment <= self.copy.segment or not path.exists() or store_id(path) == self.copy.report.store_id:
            return False
        path.unlink()
        self.tried = {}
        return True

    def _ways(self, segment: int) -> Iterator[bytes | None]:
        """What a segment may have to be: the copy's part and ours behind it, with our marks or the copy's; the copy's
        alone; none at all, where the copy has none."""
        theirs, path = self.copy.read(segment), place_of(self.directory, segment)
        ours = path.read_bytes() if path else b""
        if theirs is None:
            if ours and segment > self.copy.segment:
                yield None
            return
        if len(ours) == len(theirs):
            reach = self.copy.reach(segment, len(theirs))
            mixed = theirs[:reach] + ours[reach:]
            yield mixed[: MARKS.start] + ours[MARKS] + mixed[MARKS.stop :]
            yield mixed
        yield theirs

    def _impossible(self, found: Report, promised: int) -> OmsError:
        if found.damage:
            what = f"the copy does not have what is damaged: {found.damage.reason}"
            where = f"{found.damage.file.name}, byte {found.damage.offset}, sequence {found.damage.sequence}"
        else:
            what = f"the copy ends at sequence {self.copy.report.last}, and this journal was committed up to {promised}"
            where = str(self.copy.directory)
        return OmsError(f"journal: not repaired, nothing is changed: {what}", where=where, remedy="name a newer copy")

    def _install(self, before: Report, last: int) -> Repaired:
        damage = str(before.damage or "; ".join(before.bad_marks))
        done = Repaired(damage.replace(str(self.scratch), str(self.directory)), last)
        changed = [path for path in sorted(self.scratch.glob("*.journal")) if self._differs(path)]
        kept = {path.name for path in self.scratch.iterdir()}
        dropped = [segment_name(number) for number in numbers(self.directory) if segment_name(number) not in kept]
        if not changed and not dropped:
            return done
        aside = self.directory / f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        aside.mkdir(mode=0o700)
        for name in [*(path.name for path in changed), *dropped]:
            if old := place_of(self.directory, int(name.split(".")[0])):
                shutil.copy2(old, aside / name)
        flush(aside)
        flush(self.directory)
        for path in changed:
            target = place_of(self.directory, int(path.name.split(".")[0])) or self.directory / path.name
            part = target.with_suffix(".part")
            shutil.copyfile(path, part)
            part.chmod(0o600)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(target)
            flush(target.parent)
        for name in dropped:
            old = place_of(self.directory, int(name.split(".")[0]))
            assert old is not None
            old.unlink()
        flush(self.directory)
        done.taken, done.dropped, done.set_aside = [path.name for path in changed], dropped, str(aside)
        return done

    def _differs(self, path: Path) -> bool:
        old = place_of(self.directory, int(path.name.split(".")[0]))
        return not path.is_symlink() and (old is None or old.read_bytes() != path.read_bytes())


def open_copy(source: Path) -> Copy:
    """Raises OmsError when there is nothing in it that verifies."""
    report = journal.verify(source)
    if not report.records:
        raise report.damage or OmsError("the copy holds no record", where=str(source))
    with Reader(source, live=report.live) as reader:
        reader.to_end()
        facts = reader.facts()
    return Copy(source, report, facts["segment"], facts["position"])


def place_of(directory: Path, segment: int) -> Path | None:
    """Where a segment is: in the journal, else in its archive."""
    for place in (directory / segment_name(segment), directory / LINK / segment_name(segment)):
        if place.exists():
            return place
    return None


def numbers(directory: Path) -> list[int]:
    found = [*directory.glob("*.journal"), *(directory / LINK).glob("*.journal")]
    return sorted({int(path.name.split(".")[0]) for path in found if path.name.split(".")[0].isdecimal()})


def store_id(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(56)[40:].hex()


def marks(directory: Path) -> Iterator[int]:
    """What every whole mark says to be committed."""
    yield 0
    for segment in numbers(directory):
        path = place_of(directory, segment)
        assert path is not None
        with path.open("rb") as file:
            head = file.read(MARKS.stop)
        for start in range(MARKS.start, MARKS.stop, SECTOR):
            mark = head[start : start + SECTOR]
            whole = mark[:7] == b"OMSMARK" and struct.unpack_from("<I", mark, 8)[0] == crc32c(mark[12:])
            if whole and struct.unpack_from("<Q", mark, 24)[0] == segment:
                yield struct.unpack_from("<Q", mark, 32)[0]


def chain_at(directory: Path, sequence: int) -> str:
    """The chain at a sequence; empty where no batch ends there."""
    with Reader(directory, sequence, live=journal.is_locked(directory)) as reader:
        next(reader, None)
        facts = reader.facts()
    return facts["chain"].hex() if facts["last"] == sequence else ""
