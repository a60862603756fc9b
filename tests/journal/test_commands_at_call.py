"""`oms journal archive|repair|export` and `oms snapshot`, of which the n-th system call fails or is the last: what was
there is there, nothing half made is taken for whole, and the same command again comes to the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from oms import Engine, snapshot
from oms.journal import verify
from tests.journal.tools import segments

RUNNER = Path(__file__).with_name("command_at_call.py")
SOAK = os.environ.get("OMS_SOAK") == "1"
STRACE = shutil.which("strace")
CASES = [
    ("archive", "rename", 2, "kill"),
    ("archive", "fsync", 3, "kill"),
    ("archive", "fsync", 2, "EIO"),
    ("archive", "unlink", 1, "kill"),
    ("archive", "unlink", 2, "EIO"),
    ("repair", "rename", 1, "kill"),
    ("repair", "fsync", 1, "EIO"),
    ("repair", "fsync", 4, "kill"),
    ("export", "rename", 1, "kill"),
    ("export", "rename", 1, "ENOSPC"),
    ("snapshot", "pwrite64", 5, "ENOSPC"),
    ("snapshot", "pwrite64", 9, "kill"),
    ("snapshot", "fsync", 1, "EIO"),
    ("snapshot", "rename", 1, "kill"),
]
if SOAK:
    CALLED = ("rename", "fsync", "unlink", "pwrite64", "symlink", "mkdir")
    COMMANDS = ("archive", "repair", "export", "snapshot")
    CASES = [(c, call, at, f) for c in COMMANDS for call in CALLED for at in range(1, 9) for f in ("kill", "EIO")]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several segments, and a verified snapshot in the last but one."""
    store = tmp_path_factory.mktemp("original") / "store"
    with Engine(journal=store / "journal", segment_bytes=1 << 16) as engine:
        engine.define_currency("AUD")
        while len(segments(store / "journal")) < 4:
            engine.tick()
        engine.snapshot(store / "snapshots", kept=1)
        while len(segments(store / "journal")) < 6:
            engine.tick()
    [path] = snapshot.newest_first(store / "snapshots")
    snapshot.verify(path)
    return store


def run(directory: Path, command: list[str], call: str = "", at: int = 0, fault: str = "") -> tuple[int, str]:
    """The exit status and what it said; negative: the signal."""
    before: list[str] = []
    runner = ["-m", "oms"]
    if call and STRACE:
        effect = "signal=SIGKILL" if fault == "kill" else f"error={fault}"
        injected = ("-e", f"trace={call}", "-e", f"inject={call}:{effect}:when={at}")
        before = [STRACE, "-f", "-qqq", "-o", "/dev/null", *injected]
    elif call:
        runner = [str(RUNNER), call, str(at), fault]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # its renames would count
    done = subprocess.run(
        [*before, sys.executable, *runner, *command], capture_output=True, text=True, cwd=directory, env=environment
    )
    return done.returncode, done.stdout + done.stderr


def damage(store: Path) -> None:
    path = segments(store / "journal")[1]
    data = bytearray(path.read_bytes())
    data[6000] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize(("name", "call", "at", "fault"), CASES)
def test_a_call_goes_wrong(original: Path, tmp_path: Path, name: str, call: str, at: int, fault: str) -> None:
    store, out = tmp_path / "store", tmp_path / "out.jsonl"
    shutil.copytree(original, store)
    sound = verify(store / "journal")
    if name == "repair":
        damage(store)
    command = {
        "archive": ["journal", "archive", str(store), "--to", str(tmp_path / "away")],
        "repair": ["journal", "repair", str(store), "--from", str(original)],
        "export": ["journal", "export", str(store), "--out", str(out)],
        "snapshot": ["snapshot", str(store)],
    }[name]
    status, said = run(tmp_path, command, call, at, fault)
    if not SOAK:  # there some have fewer calls
        assert status == (-signal.SIGKILL if fault == "kill" else 1), said
    if status == 1:
        assert "oms: " in said
        assert "Traceback" not in said
    if name == "export" and status:
        assert not out.exists() or out.read_text() == "", "nobody takes a part for the whole"
        out.unlink(missing_ok=True)
    if name != "repair":
        assert verify(store / "journal") == sound
    for path in snapshot.newest_first(store / "snapshots"):
        snapshot.verify(path)
    status, said = run(tmp_path, command) if status else (0, "")
    assert status == 0, said
    assert verify(store / "journal") == sound
    if name == "archive":
        assert len(segments(store / "journal")) == 3
        assert len(segments(tmp_path / "away")) == 3
    if name == "export":
        assert out.read_text().count("\n") == sound.records
    if name == "snapshot":
        assert snapshot.newest_first(store / "snapshots")[0].stem == str(sound.last)
        assert not list((store / "snapshots").glob("*.part"))
