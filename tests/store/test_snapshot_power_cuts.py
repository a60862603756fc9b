"""Power cuts at every point of writing, verifying and removing snapshots: one that has its name is whole, and there is
always one."""

import os
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from oms import Engine, snapshot
from oms._core.engine import Core
from oms._core.storage import StorageEvent
from tests.journal.crash_states import crash_points, lay
from tests.store.test_snapshot import CAPACITIES
from tests.store.workload import Workload

CHUNK = 1 << 16
SOME = 40 if os.environ.get("OMS_SOAK") == "1" else 4


class Recorder:
    """Writes down what happens in a directory: what is in a file when it is flushed or moved was written before that,
    in any order."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.events: list[StorageEvent] = []
        self.seen = {path.stat().st_ino: path.read_bytes() for path in directory.iterdir()}
        self.gone = 0  # files, whose inodes may be used again
        for name in ("fsync", "rename", "unlink"):
            patch.setattr(os, name, getattr(self, name)(getattr(os, name)))

    def note(self, kind: str, file: int = 0, offset: int = 0, name: str = "", new: str = "", data: bytes = b"") -> None:
        self.events.append(StorageEvent(kind, file, offset, len(data), False, name, new, data))

    def look(self, path: Path) -> int:
        inode, data = path.stat().st_ino, path.read_bytes()
        file = inode + (self.gone << 48)
        if inode not in self.seen:
            self.note("open", file, name=path.name)
        if self.seen.get(inode, b"") != data:
            for start in range(0, len(data), CHUNK):
                self.note("write", file, start, data=data[start : start + CHUNK])
        self.seen[inode] = data
        return file

    def fsync(self, real: Callable) -> Callable:
        def fsync(file: int) -> None:
            path = Path(os.readlink(f"/proc/self/fd/{file}"))
            if stat.S_ISDIR(os.fstat(file).st_mode):
                real(file)
                self.note("flush_directory")
            else:
                inode = self.look(path)
                real(file)
                self.note("flush", inode)

        return fsync

    def rename(self, real: Callable) -> Callable:
        def rename(old: Path, new: Path) -> None:
            self.look(Path(old))
            real(old, new)
            self.note("rename", name=Path(old).name, new=Path(new).name)

        return rename

    def unlink(self, real: Callable) -> Callable:
        def unlink(path: Path, **_: object) -> None:
            self.seen.pop(path.stat().st_ino, None)
            self.gone += 1
            real(path)
            self.note("unlink", name=Path(path).name)

        return unlink


def test_every_image_has_a_whole_snapshot(tmp_path, monkeypatch):
    directory, before, cut = tmp_path / "snapshots", tmp_path / "before", tmp_path / "cut"
    hashes = {}
    with Engine(CAPACITIES) as engine:
        workload = Workload(7)
        workload.play(engine, 60)
        first = engine.snapshot(directory)
        hashes[first.sequence] = engine.state_hash()
        before.mkdir()
        lay({first.path.name: first.path.read_bytes()}, before)
        workload.play(engine, 20)
        [kept] = before.iterdir()
        moved = {first.path.stat().st_ino: kept.stat().st_ino}
        with monkeypatch.context() as patch:
            recorder = Recorder(directory, patch)
            second = engine.snapshot(directory, kept=1)
            snapshot.note_verified(second)
        hashes[second.sequence] = engine.state_hash()
    events = [event._replace(file=moved.get(event.file, event.file)) for event in recorder.events]
    assert {event.kind for event in events} >= {"open", "write", "flush", "rename", "flush_directory", "unlink"}
    cut.mkdir()
    images, used = judge(events, before, cut, hashes)
    assert images > 50
    assert used == set(hashes)
    careless = [event for event in events if event.kind != "flush"]
    with pytest.raises(snapshot.SnapshotRefused):
        judge(careless, before, cut, hashes)


def judge(events: list[StorageEvent], before: Path, cut: Path, hashes: dict[int, str]) -> tuple[int, set[int]]:
    """How many images there are, and which snapshots are the newest in some."""
    chance, images, used = random.Random(3), 0, set()
    for _, disk in crash_points(events, before):
        for image in disk.images(chance, SOME):
            lay(image, cut)
            images += 1
            used.add(newest_of(cut, hashes))
    return images, used


def newest_of(directory: Path, hashes: dict[int, str]) -> int:
    """The newest snapshot's sequence, loaded; every one that has the name of a snapshot is whole."""
    found = snapshot.newest_first(directory)
    assert found
    for path in found:
        header = snapshot.read(path)
        core = Core(CAPACITIES)
        snapshot.load(core, header)
        assert header.state_hash == hashes[header.sequence]
        if path.with_suffix(snapshot.VERIFIED).exists():
            assert snapshot.is_verified(path)
    return int(found[0].stem)
