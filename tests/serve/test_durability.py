"""What `oms serve` does when its disk fails under it, and when its journal is not the one that it should be.

The acknowledgements are recorded here, in another process than the one that fails.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oms import records
from oms.bus import BusError, Connection
from oms.bus_config import SessionRole
from oms.config import load
from oms.enums import Status, StorageState
from oms.journal import read, verify
from oms.server import live
from oms.views import attach
from tests.serve.test_serve import CONFIG, Serving, wait_until

RUNNER = Path(__file__).with_name("serve_at_call.py")
SOAK = os.environ.get("OMS_SOAK") == "1"
FAULTS = {
    "kill": ("kill", 0),
    "EIO": ("fail", errno.EIO),
    "ENOSPC": ("fail", errno.ENOSPC),
    "short": ("short", 0),
    "stall": ("delay", 0),
}
CALLS = {  # the start makes about 25 calls; each request one or two
    "kill": (2, 12, 22, 26, 31, 40),
    "EIO": (3, 21, 25, 37),
    "ENOSPC": (11, 33),
    "short": (34,),
    "stall": (32,),
}


STRACE = shutil.which("strace")
PORT = {"fsync": "flush_directory", "fdatasync": "flush", "fallocate": "allocate", "renameat": "rename"}
STRACED = [
    ("pwritev2", 2, "kill"),
    ("pwrite64", 9, "kill"),
    ("rename", 2, "kill"),
    ("fsync", 1, "EIO"),
    ("fsync", 2, "EIO"),
    ("pwrite64", 5, "ENOSPC"),
    ("fallocate", 1, "ENOSPC"),
    ("ftruncate", 20, "kill"),
]
if SOAK:
    CALLED = ("pwritev2", "pwrite64", "rename", "renameat", "fsync", "fdatasync", "fallocate", "ftruncate", "unlink")
    STRACED = [(call, at, fault) for call in CALLED for at in range(1, 21) for fault in ("kill", "EIO", "ENOSPC")]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "oms.toml").write_text(CONFIG.replace('credential_file = "client1.key"\n', ""))
    return tmp_path


class Run:
    """One `oms serve` whose n-th call goes wrong, and a client that asks until it ends.

    told: tags of the requests that were answered.
    """

    def __init__(self, store: Path, command: list[str]) -> None:
        self.told: set[int] = set()
        with (store / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while live(store) is None and self.process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        if self.process.poll() is None:
            self.ask(store, until)
        if self.process.poll() is None:
            self.process.terminate()
        self.status = self.process.wait(60)
        self.log = (store / "serve.log").read_text()

    def ask(self, store: Path, until: float, requests: int = 25) -> None:
        config = load(store / "oms.toml")
        connection = Connection(config.url("client2"), name="client2", role=SessionRole.client, environment="test")
        with connection:
            try:
                connection.open(20)
            except BusError:
                return
            for tag in range(1, requests + 1):
                connection.send(
                    [records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id=str(tag), tag=tag)]
                )
                while tag not in self.told and self.process.poll() is None and time.monotonic() < until:
                    for raw in connection.receive(0.05):
                        name, fields = records.decode(raw)
                        if name == "Answer":
                            self.told.add(fields["tag"])
                if self.process.poll() is not None:
                    return


def at_call(store: Path, at: int, fault: str, *kind: str) -> list[str]:
    """The n-th call that goes through the storage port, of all or of one kind."""
    action, error = FAULTS[fault]
    return [sys.executable, str(RUNNER), str(at), action, str(error), str(store / "oms.toml"), *kind]


def by_strace(store: Path, call: str, at: int, fault: str) -> list[str]:
    """The n-th system call of that name that any thread of the process makes; the storage port's nearest where there is
    no strace."""
    if not STRACE:
        return at_call(store, at, fault, PORT.get(call, "write"))
    effect = "signal=SIGKILL" if fault == "kill" else f"error={fault}"
    injected = ("-e", f"trace={call}", "-e", f"inject={call}:{effect}:when={at}")
    command = [STRACE, "-D", "-f", "-qqq", "-o", "/dev/null", *injected]  # -D: the process is ours, strace beside it
    return [*command, sys.executable, "-m", "oms", "serve", "--config", str(store / "oms.toml")]


def journaled(store: Path) -> set[int]:
    """Tags of the requests in the journal."""
    found = (records.decode(raw) for raw in read(store / "journal"))
    return {fields["tag"] for name, fields in found if name == "NewOrderSingle"}


CASES = [(fault, at) for fault, calls in CALLS.items() for at in (range(1, 90) if SOAK else calls)]


@pytest.mark.parametrize(("fault", "at"), CASES)
def test_a_call_goes_wrong(store: Path, fault: str, at: int) -> None:
    """A failed call ends the process with a message and a status; a late or short one is nothing to anybody."""
    run = Run(store, at_call(store, at, fault))
    if fault == "kill":
        assert run.status == -signal.SIGKILL
    elif fault in ("short", "stall"):
        assert (run.status, len(run.told)) == (0, 25)
    elif run.status:
        assert run.status == 1
        assert "oms: journal: " in run.log
        assert os.strerror(FAULTS[fault][1]) in run.log
        assert ".journal, byte " in run.log
        assert "what to do" in run.log
    else:  # a segment made ahead may fail once: it is made again
        assert len(run.told) == 25
    nothing_is_lost(store, run)


@pytest.mark.parametrize(("call", "at", "fault"), STRACED)
def test_a_system_call_goes_wrong(store: Path, call: str, at: int, fault: str) -> None:
    """Of the whole process: tables, journal, snapshot at the close."""
    run = Run(store, by_strace(store, call, at, fault))
    if run.status and fault != "kill":
        assert "oms: " in run.log
        assert os.strerror(FAULTS[fault][1]) in run.log
    nothing_is_lost(store, run)


def nothing_is_lost(store: Path, run: Run) -> None:
    if list((store / "journal").glob("*.journal")):
        report = verify(store / "journal")
        assert report.damage is None, report.damage
        assert journaled(store) >= run.told
    else:
        assert not run.told
    shutil.rmtree(load(store / "oms.toml").tables, ignore_errors=True)  # a killed one leaves them
    serving = Serving(store)
    assert serving.stop() == 0
    assert journaled(store) >= run.told


def test_a_disk_without_room_refuses_what_is_new_and_goes_on(store: Path) -> None:
    """The next segment cannot be made: told a long way before the present one is full, and over when it can."""
    config = (store / "oms.toml").read_text()
    (store / "oms.toml").write_text(config.replace("segment_bytes = 1048576", "segment_bytes = 65536"))
    serving = Serving(store)
    (store / "journal" / "next.prepared").mkdir()
    order = records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id="X")
    views = attach(serving.config.tables)
    try:
        with serving.connection("client2") as client:
            client.open()
            client.send([order] * 150)
            wait_until(lambda: views.row("firm", 1)["storage"] == StorageState.full)
        assert serving.ask("client2", order) == Status.account_unknown  # what is wrong anyway is told first
        (store / "journal" / "next.prepared").rmdir()
        wait_until(lambda: views.row("firm", 1)["storage"] == StorageState.enough)
        assert serving.ask("client2", order) == Status.account_unknown
    finally:
        assert serving.stop() == 0


def test_an_adapter_that_knows_more_than_the_journal_is_refused(store: Path) -> None:
    """It holds requests that no journal tells of: an older copy was put back, and nothing goes out by it."""
    serving = Serving(store)
    try:
        with serving.connection("XASX") as adapter:
            adapter.last_received = 7
            with pytest.raises(Exception, match="holds requests that the journal does not"):
                adapter.open(5.0)
        with serving.connection("XASX") as adapter:
            adapter.open()
    finally:
        assert serving.stop() == 0


@pytest.mark.parametrize("name", ["", "00000001.journal"])
def test_a_journal_that_others_can_write_is_refused_before_anybody_is_let_in(store: Path, name: str) -> None:
    serving = Serving(store)
    assert serving.stop() == 0
    path = store / "journal" / name
    path.chmod(0o777)
    done = subprocess.run(serving.command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "can be written by other users" in done.stderr
    assert f"chmod go-w {path}" in done.stderr
    assert not serving.config.run_directory.exists()
    os.chmod(path, 0o700 if not name else 0o600)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        done = subprocess.run(serving.command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "belongs to user 12345, not 0" in done.stderr
        os.chown(path, 0, -1)
    assert Serving(store).stop() == 0


def test_an_older_copy_of_the_journal_is_refused(store: Path) -> None:
    """The snapshot that the close wrote knows more."""
    serving = Serving(store)
    serving.stop()
    shutil.copytree(store / "journal", store / "copy")
    serving = Serving(store)
    order = records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id="X")
    assert serving.ask("client2", order) == Status.account_unknown
    assert serving.stop() == 0
    shutil.rmtree(store / "journal")
    (store / "copy").rename(store / "journal")
    done = subprocess.run(serving.command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "the journal ends before its sequence" in done.stderr
    assert "oms journal repair" in done.stderr


def test_a_torn_tail_is_told_when_it_is_cut(store: Path) -> None:
    run = Run(store, at_call(store, 40, "kill"))
    assert run.status == -signal.SIGKILL
    shutil.rmtree(load(store / "oms.toml").tables, ignore_errors=True)
    path = sorted((store / "journal").glob("*.journal"))[-1]
    data = bytearray(path.read_bytes())
    end = len(data.rstrip(b"\0")) + 7 & ~7
    data[end : end + 8] = b"\x40\0\0\0\1\2\3\4"
    path.write_bytes(data)
    serving = Serving(store)
    assert serving.stop() == 0
    assert f"journal: cut a torn tail of 8 bytes, acknowledged to nobody: {path}, byte {end}" in serving.log.read_text()
