"""Power cuts at every point of writing: whatever the disk then holds, the journal is what was told, or more of it."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from oms._core import journal_reader, storage
from oms._core.journal_reader import ReaderCore, ReaderStatus
from oms._core.storage import StorageEvent
from oms.journal import Journal, verify
from tests.journal.crash_states import crash_points, lay
from tests.journal.tools import HEADER, SEGMENT, make_crashed, record, segments, sequence

SOME = 60 if os.environ.get("OMS_SOAK") == "1" else 6


@pytest.fixture(autouse=True)
def _machine_restarted(monkeypatch):
    """The journal is read by another run of the machine than that which wrote it."""
    monkeypatch.setattr(journal_reader, "boot_id", lambda: bytes(16))


def recorded(work: Callable[[], object]) -> list[StorageEvent]:
    storage.watch(keep=True)
    try:
        work()
    finally:
        events = storage.unwatch()
    return events


def write(directory: Path, durability: str, count: int = 26) -> dict[int, bytes]:
    """Batches of all sizes over a roll; who was told what stands between the calls. The chain at each commit."""
    with Journal(directory, durability, segment_bytes=SEGMENT, interval_ms=60_000) as journal:
        for number in range(count):
            for _ in range(number % 4 + 1):
                journal.append(record(journal.sequence + 1, 32 + journal.sequence % 40 * 8), time_ns=10**9)
            safe = journal.flush()
            if durability == "batch":
                storage.told(safe)
    return commits(directory)


def commits(directory: Path) -> dict[int, bytes]:
    chains = {}
    for path in segments(directory):
        data, offset = path.read_bytes(), HEADER
        while offset < len(data) and (length := int.from_bytes(data[offset : offset + 4], "little")):
            if int.from_bytes(data[offset + 24 : offset + 26], "little") == 1:
                chains[sequence(data[offset:])] = data[offset + length - 32 : offset + length]
            offset += length
    return chains


def judge(directory: Path, told: int, chains: dict[int, bytes]) -> str:
    """What is wrong with the journal in the directory; empty: nothing."""
    with ReaderCore(directory) as reader:
        reader.to_end()
        facts = reader.facts()
        if reader.status == ReaderStatus.READER_DAMAGED:
            return f"refused: {reader.fault}"
        if facts["last"] < told:
            return f"ends at {facts['last']}, and {told} was told"
        if facts["last"] and chains.get(facts["last"]) != facts["chain"]:
            return f"other records up to {facts['last']}"
    return ""


def enumerate_all(events, chains, directory: Path, start: Path | None = None, torn: bool = False, told: int = 0):
    """Judges each image; how many there were, and those that are wrong: (event, image's number, why)."""
    directory.mkdir()
    chance = random.Random(7)
    images, wrong = 0, []
    for number, disk in crash_points(events, start):
        for image in disk.images(chance, SOME, torn):
            lay(image, directory)
            images += 1
            if why := judge(directory, max(told, disk.told), chains):
                wrong.append((number, events[number : number + 1], why))
            elif images % 97 == 0:
                goes_on(directory)
    return images, wrong


def goes_on(directory: Path) -> None:
    """A start repairs what the power cut left, and a second one finds nothing to repair."""
    with Journal(directory, "batch", segment_bytes=SEGMENT) as journal:
        before = journal.sequence
        journal.append(record(before + 1), time_ns=10**9)
        journal.flush()
    report = verify(directory)
    assert report.ok, report.damage
    assert (report.last, report.torn_tail) == (before + 1, None)


@pytest.mark.parametrize("durability", ["batch", "interval"])
def test_writing_and_rolling(tmp_path, durability):
    """Under `interval` nothing but a clean end is promised; that the journal never starts with a hole is."""
    chains: dict[int, bytes] = {}
    events = recorded(lambda: chains.update(write(tmp_path / "live", durability)))
    kinds = {event.kind for event in events}
    assert kinds >= {"open", "allocate", "write", "flush", "flush_directory", "rename", "stored"}
    images, wrong = enumerate_all(events, chains, tmp_path / "cut")
    assert wrong == []
    assert images > 1000


def test_a_disk_that_tears_sectors_is_seen(tmp_path):
    """A sector half written or full of rubbish: cut with the batch that nobody was told of, or refused; never read."""
    chains: dict[int, bytes] = {}
    events = recorded(lambda: chains.update(write(tmp_path / "live", "batch", 12)))
    _, wrong = enumerate_all(events, chains, tmp_path / "cut", torn=True)
    assert wrong
    assert all(why.startswith("refused") for *_, why in wrong)


def test_cutting_a_torn_tail(tmp_path):
    """The power fails again while a start repairs what it left the last time."""
    crashed = make_crashed(tmp_path, 20, durability="batch")
    [path] = crashed.glob("*.journal")
    with ReaderCore(crashed) as reader:
        reader.to_end()
        facts = reader.facts()
    data = bytearray(path.read_bytes())
    data[facts["position"] : facts["position"] + 1024] = record(21, 1504)[:1024]
    path.write_bytes(data)
    before = tmp_path / "before"
    before.mkdir()
    lay({path.name: bytes(data)}, before)
    [kept] = before.iterdir()

    def start() -> None:
        Journal(crashed, "batch", segment_bytes=SEGMENT).close()

    moved = {path.stat().st_ino: kept.stat().st_ino}
    events = [event._replace(file=moved.get(event.file, event.file)) for event in recorded(start)]
    assert "write" in {event.kind for event in events}
    chains = {20: facts["chain"]}
    images, wrong = enumerate_all(events, chains, tmp_path / "cut", before, told=20)
    assert wrong == []
    assert images > 15


def test_the_enumeration_finds_an_answer_that_came_too_early(tmp_path):
    """The same writes without their flushes: some image has lost what was told."""
    chains: dict[int, bytes] = {}
    events = recorded(lambda: chains.update(write(tmp_path / "live", "batch", 5)))
    lazy = [event._replace(durable=False) for event in events if event.kind != "flush"]
    _, wrong = enumerate_all(lazy, chains, tmp_path / "cut")
    assert any("was told" in why or "refused" in why for *_, why in wrong)
    without_names = [event for event in events if event.kind != "flush_directory"]
    _, wrong = enumerate_all(without_names, chains, tmp_path / "names")
    assert any("ends at 0" in why for *_, why in wrong)
