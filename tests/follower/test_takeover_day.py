"""A broker's day whose leader is killed again and again under load, a standby taking its place each time: nothing that
was acknowledged is lost, no request goes out twice, and at the close exchanges, books and trade feed agree."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from oms.demo.processes import Processes
from oms.demo.store import prepare_store
from oms.enums import Status
from oms.follower import followers
from oms.views import attach
from tests.crash.harness import Day, begin, finish, under_fire

TAKEOVERS = 3 if not os.environ.get("OMS_SOAK") else 60


@dataclass
class TakeoverDay(Day):
    """A day whose next leader stands by already."""

    def stand_by(self) -> None:
        processes = self.processes
        process = processes.start("standby", "follower", "--standby", "--config", processes.path)
        store = processes.config.directory
        processes.wait(lambda: process.popen.pid in [told["pid"] for told in followers(store)], "the standby", process)

    def kill_and_restart(self, told: dict[tuple[str, str], Status]) -> None:
        """The leader dies, and the standby leads."""
        processes = self.processes
        processes.running["serve"].end(signal.SIGKILL)
        command = [sys.executable, "-m", "oms", "promote", "--config", processes.path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + processes.running["standby"].log.read_text()
        processes.running["serve"] = processes.running.pop("standby")
        self.kills["journal"] += 1
        self.views = attach(processes.config.tables)
        self.check(told)
        self.stand_by()


@pytest.mark.timeout(3600)
def test_a_day_of_takeovers_closes_to_the_cent(tmp_path: Path) -> None:
    prepared = prepare_store(
        tmp_path / "day", accounts=200, orders=1500, instruments=30, seed=11, durability="batch", tell=lambda line: None
    )
    processes = Processes(prepared.config)
    day = TakeoverDay(prepared, processes)
    try:
        begin(day)
        day.stand_by()
        under_fire(day, random.Random(11), TAKEOVERS)
        assert processes.running.pop("standby").end() == 0
        finish(day)
    finally:
        processes.stop()
    assert day.kills["journal"] == TAKEOVERS
    assert day.lost == []
