"""Moves journal segments that snapshots stand in for to an archive, from where every reader still finds them.

    DIR/journal/archive     a link to the archive's directory

A segment goes only when a snapshot behind it has been verified by loading it; it is copied, read back and durable there
before it is removed here. The newest two segments always stay.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from io import BufferedRandom, BufferedReader
from pathlib import Path

from oms import journal, snapshot
from oms.errors import OmsError

LINK = "archive"
PIECE = 1 << 20  # bytes that are copied at once
KEPT = 2  # the one that is written, and the one before, whose roll a start may still have to mark


def archive(store: Path, to: Path) -> list[str]:
    """Moves what may go; the names of the segments. The process that writes the journal may be running.

    Raises JournalDamage when a segment that would go is damaged, OmsError when another archive is in use.
    """
    directory = store / "journal"
    segments = sorted(directory.glob("*.journal"))
    through = snapshot.replaceable_through(store / "snapshots")
    going = []
    for path, following in itertools.pairwise(segments[: 1 - KEPT]):
        if journal.first_sequence_of(following) - 1 >= through:
            break
        going.append(path)
    if not going:
        return []
    link(directory, to)
    if damage := journal.verify(directory, journal.first_sequence_of(going[0])).damage:
        raise damage
    for path in going:
        move(path, to)
    return [path.name for path in going]


def link(directory: Path, to: Path) -> None:
    """Makes the archive's directory, and has the journal say where it is."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = directory / LINK
    if not place.is_symlink():
        place.symlink_to(to.resolve())
        flush(directory)
    elif place.resolve() != to.resolve():
        raise OmsError(
            f"the journal has its archive in {place.resolve()}",
            where=str(to),
            remedy=f"move what is there to the new place, and remove the link {place}",
        )


def move(path: Path, to: Path) -> None:
    """Copies a segment aside, reads it back, gives it its name there, and only then removes it here. In pieces: a
    segment may be larger than the memory."""
    aside = to / f"{path.name}.part"
    file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with path.open("rb") as source, os.fdopen(file, "w+b") as copy:
        shutil.copyfileobj(source, copy, PIECE)
        copy.flush()
        os.fsync(copy.fileno())
        same = digest(source) == digest(copy)
    if not same:
        aside.unlink()
        raise OmsError("the copy in the archive is not what was written", where=str(aside), remedy="check that disk")
    aside.replace(to / path.name)
    flush(to)
    path.unlink()
    flush(path.parent)


def digest(file: BufferedRandom | BufferedReader) -> bytes:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()


def flush(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
