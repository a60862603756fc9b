"""The n-th system call of writing a journal fails, comes short, comes late, or is the last: n = 1, 2, ... to the end.

Whatever was told before is there afterwards, nothing is told after a failure, and the next start goes on.
"""

import errno
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms._core import storage
from oms.errors import OmsError
from oms.journal import Journal, JournalFailed, verify
from tests.journal.nth_call import write
from tests.journal.tools import SEGMENT, fill, make, record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ram() -> Iterator[Path]:
    """A directory in memory: there are thousands of flushes."""
    directory = Path(tempfile.mkdtemp(prefix="oms-test-", dir="/dev/shm"))
    yield directory
    shutil.rmtree(directory)


def goes_on(directory: Path, told: int) -> None:
    """All that was told is there, and a start goes on behind it."""
    report = verify(directory)
    assert report.damage is None, report.damage
    assert report.last >= told
    with Journal(directory, "batch", segment_bytes=SEGMENT) as journal:
        assert journal.append(record(1)) == report.last + 1
    assert verify(directory).ok


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EAGAIN, errno.EINTR])
@pytest.mark.parametrize("durability", ["batch", "interval"])
def test_each_call_fails(ram, durability, error):
    """It fails once and would succeed again: nobody tries."""
    failed, words = set(), []
    for at in itertools.count(1):
        directory, told = ram / str(at), [0]
        storage.watch(at, "fail", error)
        try:
            write(directory, durability, told.append)
        except OmsError as problem:
            failed.add(type(problem).__name__)
            words.append(str(problem))
        calls = storage.calls()
        storage.unwatch()
        goes_on(directory, max(told))
        if calls < at:
            break
    assert at > 40
    assert failed <= {"JournalFailed", "JournalDamage"}
    assert "JournalFailed" in failed
    for text in words:
        assert f"({os.strerror(error)})\n  where:      {ram}/" in text
        assert "what to do: " in text


@pytest.mark.parametrize("action", ["short", "delay"])
def test_each_write_comes_short_or_late(ram, action):
    """Then it is completed: nothing fails."""
    for at in itertools.count(1):
        told: list[int] = []
        storage.watch(at, action, delay_ms=5, of=("write", "flush"))
        write(ram / str(at), "batch", told.append)
        calls = storage.calls()
        storage.unwatch()
        goes_on(ram / str(at), told[-1])
        if calls < at:
            break
    assert at > 25


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_the_process_dies_at_each_call(ram, durability):
    """What it told is written down by another process."""
    command = [sys.executable, str(ROOT / "tests/journal/nth_call.py"), str(ram), durability]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env=environment, check=True)
    children = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(children) > 40
    for at, told, ended in children:
        assert ended == (at == len(children))
        if (ram / str(at)).is_dir():
            goes_on(ram / str(at), told)


def test_nothing_is_told_or_written_after_a_failure(ram):
    """The disk is well again at once; what was not told is not told later either."""
    journal = Journal(ram, "batch", segment_bytes=1 << 20)
    fill(journal, 10)
    storage.watch(1, "fail", errno.EIO, of=("write",))
    journal.append(record(11))
    with pytest.raises(JournalFailed, match="Input/output error"):
        journal.flush()
    storage.unwatch()
    for again in (lambda: journal.append(record(12)), journal.commit, journal.flush):
        with pytest.raises(JournalFailed):
            again()
    assert journal.safe == 10
    with pytest.raises(JournalFailed):
        journal.close()
    assert verify(ram).last == 10


@pytest.mark.parametrize("kind", ["open", "read", "populate"])
def test_what_cannot_be_read_stops_the_start(ram, kind):
    """Nothing is skipped because the disk could not read it just then: the start is refused, or it has read all."""
    make(ram, 120)
    refused = []
    for at in itertools.count(1):
        storage.watch(at, "fail", errno.EIO, of=(kind,))
        try:
            with Journal(ram, "none", segment_bytes=SEGMENT) as journal:
                assert journal.sequence == 120
        except OmsError as problem:
            refused.append(str(problem))
        calls = storage.calls()
        storage.unwatch()
        if calls < at:
            break
    assert len(refused) > 1
    for text in refused:
        assert "(Input/output error)" in text
        assert ".journal, byte " in text
    assert verify(ram).last == 120
