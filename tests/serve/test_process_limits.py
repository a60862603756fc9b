"""What the system does not let `oms serve` have is told at its start; whoever takes the rest of it does not stop it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from oms import records, telling
from oms.enums import ControlScope, ControlState, Status, StorageState
from oms.server import live
from oms.telling import Teller
from oms.views import attach
from tests.serve.test_serve import CONFIG, SECRET, Serving, wait_until

FILES = 56  # what its six endpoints need at the least
LIMITED = """
import ctypes, os, resource, sys
name, most, *command = sys.argv[1:]
ctypes.CDLL(None).prctl(24, 14, 0, 0, 0)  # PR_CAPBSET_DROP CAP_IPC_LOCK: nor may root lock more than the limit
resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (int(most), int(most)))
os.execv(command[0], command)
"""
HALT = {"scope": int(ControlScope.firm), "state": int(ControlState.active), "reason": "x" * 200}


def limited(command: list[str], name: str, most: int) -> list[str]:
    return [sys.executable, "-c", LIMITED, name, str(most), *command]


class Sparing(Serving):
    """One that may have no more open files than it needs."""

    @property
    def command(self) -> list[str]:
        return limited(super().command, "NOFILE", FILES)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "oms.toml").write_text(CONFIG)
    (tmp_path / "client1.key").write_text(SECRET + "\n")
    (tmp_path / "client1.key").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "most", "words"),
    [
        ("NOFILE", FILES - 1, f"the system allows {FILES - 1} open files, and {FILES} may be needed"),
        ("FSIZE", 1 << 20, "bytes of a file"),
        ("MEMLOCK", 0, "the memory cannot be locked"),
    ],
)
def test_too_little_is_refused_with_what_to_do(store: Path, name: str, most: int, words: str) -> None:
    config = store / "oms.toml"
    config.write_text(config.read_text().replace("[store]", "[bus]\nlock_memory = true\n[store]"))
    command = limited([sys.executable, "-m", "oms", "serve", "--config", str(config)], name, most)
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert words in refused.stderr
    assert "ulimit -" in refused.stderr
    assert live(store) is None


def test_connections_that_take_every_descriptor_stop_neither_session_nor_journal(store: Path) -> None:
    serving = Sparing(store)
    held: list[socket.socket] = []
    try:
        tables = attach(serving.config.tables)
        with serving.connection("operations1") as connection:
            connection.open()
            place = serving.config.url("client2").removeprefix("ipc://")
            while len(held) < 2 * FILES:
                held.append(socket.socket(socket.AF_UNIX))
                held[-1].setblocking(False)
                try:
                    held[-1].connect(place)
                except BlockingIOError:
                    break
            wait_until(lambda: len(os.listdir(f"/proc/{serving.process.pid}/fd")) == FILES)
            journal = serving.config.directory / "journal"
            segments = len(list(journal.glob("*.journal")))
            batch, answers = [records.encode("Control", **HALT)] * 200, []
            while len(list(journal.glob("*.journal"))) == segments:
                connection.send(batch)
                told = len(answers) + len(batch)
                while len(answers) < told:
                    answers += [records.decode(raw)[1] for raw in connection.receive(5.0)]
            assert {answer["status"] for answer in answers} <= {Status.ok, Status.capacity_reached}
            assert tables.rows("firm")["storage"][1] == StorageState.enough
        for each in held:
            each.close()
        with serving.connection("client2") as connection:
            connection.open(20)
    finally:
        for each in held:
            each.close()
        assert serving.stop() == 0


def test_who_does_not_read_what_it_says_does_not_hold_it_up(store: Path) -> None:
    unread, full = os.pipe()
    os.set_blocking(full, False)
    try:
        while True:
            os.write(full, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(full, True)
    command = [sys.executable, "-m", "oms", "serve", "--config", str(store / "oms.toml")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=full, stderr=full) as process:
        wait_until(lambda: live(store) is not None or process.poll() is not None)
        assert live(store) is not None
        process.terminate()
        assert process.wait(60) == 0
    assert live(store) is None
    os.close(full)
    os.close(unread)


def test_lines_that_found_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, written = telling.threading.Event(), []

    def write(descriptor: int, raw: bytes) -> int:
        reading.wait(60)
        written.append(raw.decode())
        return len(raw)

    monkeypatch.setattr(telling.os, "write", write)
    tell = Teller(as_json=False)
    for number in range(telling.KEPT + 50):
        tell(f"line {number}")
    assert tell.lost in (49, 50)  # the thread may have taken one in hand
    reading.set()
    tell.close()
    tell("the last one")
    tell.close()
    assert len(written) == telling.KEPT + 51 - tell.lost
    assert sum(f"({tell.lost} lines were lost before this one)" in line for line in written) == 1
