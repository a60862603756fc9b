"""The processes of a demo: started as a user would start them, watched, and stopped in order."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from oms.config import Config
from oms.enums import FeedState, SessionState
from oms.errors import OmsError
from oms.server import live
from oms.views import Attached, attach

PATIENCE_S = 60.0


class Process:
    """One `oms …` process; what it says goes to a file."""

    def __init__(self, name: str, directory: Path, *arguments: str) -> None:
        self.name = name
        self.log = directory / "logs" / f"{name}.log"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "oms", *arguments], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )

    def say(self, line: str) -> None:
        """Types a line into its standard input."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n".encode())
        self.popen.stdin.flush()

    def check(self) -> None:
        """Raises OmsError when it has ended by itself."""
        if self.popen.poll() is not None:
            raise OmsError(
                f"{self.name} has ended with status {self.popen.returncode}",
                where=str(self.log),
                remedy=self.log.read_text(errors="replace")[-2000:],
            )

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal, waits for the end, returns the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            self.popen.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        if self.popen.stdin is not None:
            self.popen.stdin.close()
        return self.popen.returncode


class Processes:
    """The OMS, one simulator per exchange, the bank, the registry, the trade feed."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.directory = config.home
        self.path = str(self.directory / "oms.toml")
        self.trades = self.directory / "trades.jsonl"
        self.running: dict[str, Process] = {}
        self.restarts = 0

    def start(self, name: str, *arguments: str) -> Process:
        process = Process(name, self.directory, *arguments)
        self.running[name] = process
        return process

    def serve(self) -> Attached:
        """Starts the OMS and returns its live tables."""
        process = self.start("serve", "serve", "--config", self.path)
        self.wait(lambda: live(self.config.directory) is not None, "the OMS to serve", process)
        return attach(self.config.tables)

    def exchange(self, mic: str, *more: str) -> Process:
        """Starts the simulated exchange."""
        return self.start(
            mic,
            *("simulator", "--config", self.path, "--exchange", mic, "--dir", str(self.directory / "exchanges" / mic)),
            *("--instruments", str(self.directory / "sod" / "instruments.csv")),
            *("--open-orders", str(self.directory / "sod" / f"open_orders-{mic}.csv")),
            *("--durability", "none", "--pending", "--json", *more),
        )

    def restart_exchange(self, mic: str, views: Attached, date: str) -> None:
        """The exchange itself is killed and comes back with a new session, in which its numbers begin again."""
        before = self.feed(views, mic)["session_id"]
        self.running[mic].end(signal.SIGKILL)
        self.exchange(mic, "--new-session", "--date", date)
        self.restarts += 1
        self.wait(
            lambda: (
                self.feed(views, mic)["session_id"] != before and self.feed(views, mic)["state"] == FeedState.online
            ),
            f"{mic} to come back",
            self.running[mic],
        )

    def custodian(self, name: str, kind: str) -> Process:
        """Starts a simulated bank or registry."""
        where = str(self.directory / "custodians" / name)
        return self.start(
            name,
            "custodian",
            "--config",
            self.path,
            "--kind",
            kind,
            "--name",
            name,
            "--dir",
            where,
            "--durability",
            "none",
        )

    def trade_feed(self) -> Process:
        return self.start("trade-feed", "trade-feed", "--config", self.path, "--out", str(self.trades))

    def feed(self, views: Attached, name: str) -> dict[str, int]:
        """Where a feed stands."""
        row = views.row("feed", views.find("feed", "name", name, "feed"))
        return {field: int(row[field]) for field in ("state", "session_id", "last_in", "last_out", "gap")}

    def wait_open(self, views: Attached) -> None:
        """Until every exchange is connected and its session is open."""
        for mic in self.config.exchanges:
            exchange = views.exchange_slot(mic)
            self.wait(
                lambda exchange=exchange, mic=mic: (  # type: ignore[misc]
                    views.rows("exchange")["session_state"][exchange] == SessionState.open
                    and self.feed(views, mic)["state"] == FeedState.online
                ),
                f"{mic} to open",
                self.running[mic],
            )

    def wait_online(self, views: Attached, feed: str) -> None:
        self.wait(lambda: self.feed(views, feed)["state"] == FeedState.online, f"{feed} to open", self.running[feed])

    def wait(self, done: Callable[[], bool], what: str, process: Process | None = None) -> None:
        """Polls. Raises OmsError when a process ends meanwhile, or after a minute."""
        until = time.monotonic() + PATIENCE_S
        while not done():
            if process is not None:
                process.check()
            if time.monotonic() > until:
                raise OmsError(f"waited {PATIENCE_S:.0f} s for {what}", where=str(self.directory / "logs"))
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends whatever still runs, peers first."""
        for name in sorted(self.running, key=lambda name: name == "serve"):
            self.running[name].end()
        self.running.clear()

    def exchange_trades(self) -> list[dict[str, str]]:
        """What the exchanges say was traded for accounts of ours."""
        found = []
        for mic in self.config.exchanges:
            path = self.directory / "exchanges" / mic / "trades.jsonl"
            with path.open() as lines:
                found += [json.loads(line) | {"exchange": mic} for line in lines]
        return found

    def fed_trades(self) -> list[dict[str, str]]:
        """What the trade feed has written."""
        with self.trades.open() as lines:
            return [json.loads(line) for line in lines]
