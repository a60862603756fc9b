"""What a disk may hold after a power cut: every image that a list of writes, flushes and renames allows.

A sector of 512 bytes holds what was flushed last, or any content it was given since; sectors are written in any order.
A file has its old length or its new one. A name that was made, moved or removed may have been or not, until its
directory was flushed. `torn` adds what a disk should not do: a sector half written, or full of rubbish.
The events are those of oms._core.storage; other writers' (snapshots) can be written down the same way.
"""

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from oms._core.storage import StorageEvent

SECTOR = 512
Sector = tuple[int, int]  # of which file, which one


@dataclass
class File:
    """durable: what a power cut leaves for sure. versions: by sector, what it was given since, oldest first."""

    durable: bytearray = field(default_factory=bytearray)
    current: bytearray = field(default_factory=bytearray)
    versions: dict[int, list[bytes]] = field(default_factory=dict)

    def write(self, offset: int, data: bytes) -> range:
        end = offset + len(data)
        self.current.extend(bytes(max(0, end - len(self.current))))
        self.current[offset:end] = data
        touched = range(offset // SECTOR, (end - 1) // SECTOR + 1)
        for sector in touched:
            self.versions.setdefault(sector, []).append(self.sector(sector))
        return touched

    def sector(self, number: int) -> bytes:
        return bytes(self.current[number * SECTOR : (number + 1) * SECTOR])

    def flush(self, sectors: Iterable[int] | None = None) -> None:
        """All of it, or some sectors and the length that they need."""
        if sectors is None:
            self.durable, self.versions = bytearray(self.current), {}
            return
        for sector in sectors:
            data = self.sector(sector)
            end = sector * SECTOR + len(data)
            self.durable.extend(bytes(max(0, end - len(self.durable))))
            self.durable[sector * SECTOR : end] = data
            self.versions.pop(sector, None)


class Disk:
    """A directory as events leave it, with all that is not certain yet."""

    def __init__(self, directory: Path | None = None) -> None:
        self.files: dict[int, File] = {}
        self.names: dict[str, int] = {}  # durable
        self.moves: list[StorageEvent] = []  # of names, not durable yet
        self.told = 0
        for path in sorted(directory.iterdir()) if directory else []:
            data = path.read_bytes()
            self.files[path.stat().st_ino] = File(bytearray(data), bytearray(data))
            self.names[path.name] = path.stat().st_ino

    def apply(self, event: StorageEvent, finished: bool = True) -> None:
        """finished: False for a call that the power cut came into: what it promises is not kept yet."""
        file = self.files.setdefault(event.file, File()) if event.file else File()
        if event.kind == "told":
            self.told = event.offset
        elif event.kind in ("open", "rename", "unlink"):
            self.moves.append(event)
        elif event.kind == "allocate":
            file.current.extend(bytes(max(0, event.size - len(file.current))))
        elif event.kind in ("write", "stored"):
            if event.kind == "stored":  # a mapped mark is seen without its magic while it is written, and no other then
                for versions in file.versions.values():
                    versions[:] = [data for data in versions if data[:8] != bytes(8)] or versions
                file.write(event.offset, bytes(8) + event.data[8:])
            touched = file.write(event.offset, event.data)
            if event.durable and finished:
                file.flush(touched)
        elif event.kind == "flush" and finished:
            file.flush()
        elif event.kind == "flush_directory" and finished:
            self.names, self.moves = self.named(self.moves), []

    def named(self, moves: Iterable[StorageEvent]) -> dict[str, int]:
        names = dict(self.names)
        for move in moves:
            if move.kind == "open":
                names[move.name] = move.file
            elif move.name in names:
                inode = names.pop(move.name)
                if move.kind == "rename":
                    names[move.new_name] = inode
        return names

    def images(self, chance: random.Random, some: int, torn: bool = False) -> Iterator[dict[str, bytes]]:
        """Directories that a power cut may leave now: all when there are few, else `some` by chance besides the
        telling ones."""
        dirty = [(inode, sector) for inode, file in self.files.items() for sector in file.versions]
        seen = set()
        for moves in self._moves(chance):
            names = self.named(moves)
            for kept in self._sectors(dirty, chance, some, torn):
                for lengths in (0, 1):
                    image = {name: self._content(inode, kept, lengths) for name, inode in names.items()}
                    key = tuple(sorted((name, hash(data)) for name, data in image.items()))
                    if key not in seen:
                        seen.add(key)
                        yield image

    def _moves(self, chance: random.Random) -> Iterator[list[StorageEvent]]:
        yield []
        yield self.moves
        for count in range(1, len(self.moves)):
            yield self.moves[:count]
            yield self.moves[:count] + self.moves[count + 1 :]
            yield chance.sample(self.moves, count)

    def _sectors(
        self, dirty: list[Sector], chance: random.Random, some: int, torn: bool
    ) -> Iterator[dict[Sector, bytes]]:
        new = {place: self.files[place[0]].versions[place[1]][-1] for place in dirty}
        yield {}
        yield new
        if len(dirty) <= 5:
            for bits in range(1, (1 << len(dirty)) - 1):
                yield {place: new[place] for bit, place in enumerate(dirty) if bits >> bit & 1}
        for _ in range(some):
            kept = chance.sample(dirty, chance.randint(0, len(dirty)))
            yield {place: chance.choice(self.files[place[0]].versions[place[1]]) for place in kept}
        for place in chance.sample(dirty, min(some, len(dirty))):
            yield {place: new[place]}
            yield {other: data for other, data in new.items() if other != place}
            if torn:
                at = chance.randrange(1, SECTOR)
                old = bytes(self.files[place[0]].durable[place[1] * SECTOR :][:SECTOR]).ljust(SECTOR, b"\0")
                yield new | {place: new[place][:at] + old[at : len(new[place])]}
                yield new | {place: chance.randbytes(len(new[place]))}

    def _content(self, inode: int, kept: dict[Sector, bytes], new_length: int) -> bytes:
        file = self.files[inode]
        data = bytearray(file.durable)
        length = len(file.current) if new_length else len(file.durable)
        data.extend(bytes(max(0, length - len(data))))
        for (owner, sector), content in kept.items():
            if owner == inode:
                data[sector * SECTOR : sector * SECTOR + len(content)] = content
        return bytes(data[:length])


def lay(image: dict[str, bytes], directory: Path) -> None:
    """Makes the directory what the image says, and no more."""
    for name in os.listdir(directory):
        if name not in image:
            os.unlink(directory / name)
    for name, data in image.items():
        (directory / name).write_bytes(data)


def crash_points(events: list[StorageEvent], start: Path | None = None) -> Iterator[tuple[int, Disk]]:
    """Before each event and in the midst of it, and at the end: (its number, the disk then)."""
    for number, event in enumerate([*events, None]):
        disk = Disk(start)
        for done in events[:number]:
            disk.apply(done)
        if event:
            disk.apply(event, finished=False)
            if event.kind == "told":
                disk.told = max((done.offset for done in events[:number] if done.kind == "told"), default=0)
        yield number, disk
