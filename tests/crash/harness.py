"""A small broker's day whose OMS is killed again and again while requests come in.

The acknowledgements are recorded here, in another process than the one that is killed. After each restart everything
that was acknowledged has to be there with the outcome that was told, and at the close exchanges, books and trade feed
agree.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from oms.client import Answer
from oms.demo.day import close_exchanges, settle_down
from oms.demo.processes import Processes
from oms.demo.prove import replayed_hash
from oms.demo.store import Prepared, prepare_store
from oms.demo.summary import compare_trades
from oms.demo.traders import LOOK_EVERY, Traders
from oms.enums import RequestStatus, Status
from oms.verify import verify
from oms.views import Attached

REJECTED = (RequestStatus.rejected, RequestStatus.expired, RequestStatus.cancelled)


class Recorder(Traders):
    """Traders that remember every acknowledgement: (account, cl_ord_id) → status, and whether it made a row."""

    def __init__(self, prepared: Prepared) -> None:
        self.told: dict[tuple[str, str], Status] = {}
        super().__init__(prepared.config, prepared.config.home / "requests.csv")

    def count(self, answers: list[Answer]) -> None:
        for answer in answers:
            if answer.tag and answer.request:
                account = self._accounts[answer.tag]
                first = self.told.setdefault((account, answer.cl_ord_id), answer.status)
                assert first == answer.status, f"{answer.cl_ord_id} was told {first.name}, then {answer.status.name}"
        super().count(answers)


@dataclass
class Day:
    """One day under fire."""

    prepared: Prepared
    processes: Processes
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    views: Attached | None = None

    def check(self, told: dict[tuple[str, str], Status]) -> None:
        """Is everything that was acknowledged there, with the outcome that was told?"""
        views = self.views
        assert views is not None
        codes = [bytes(code).decode() for code in views.rows("account")["code"]]
        here = {}
        for row in views.rows("request")[1:]:
            refused = row["status"] == RequestStatus.rejected and not row["order"]
            here[codes[row["account"]], views.text(row["cl_ord_id"])] = (
                Status(int(row["reason"])) if refused else Status.ok
            )
        for key, status in told.items():
            if here.get(key) != status:
                self.lost.append(f"{key}: told {status.name}, found {here.get(key)}")

    def kill_and_restart(self, told: dict[tuple[str, str], Status]) -> None:
        """kill -9, a look at the journal as it lies there, and a restart."""
        known = dict(told)
        process = self.processes.running["serve"]
        process.end(signal.SIGKILL)
        self.kills += 1
        report = verify(self.prepared.config.directory, self.prepared.config.capacities)
        assert report.ok, report.problems
        self.views = self.processes.serve()
        self.check(known)


def play(directory: Path, *, seed: int, kills: int, orders: int = 1500) -> Day:
    """Plays one day with `kills` kills at random points, and compares everything at its close."""
    prepared = prepare_store(
        directory, accounts=200, orders=orders, instruments=30, seed=seed, durability="batch", tell=lambda line: None
    )
    processes = Processes(prepared.config)
    day = Day(prepared, processes)
    try:
        day.views = processes.serve()
        for mic in prepared.config.exchanges:
            processes.exchange(mic, "--date", prepared.day.business_date.isoformat())
        processes.trade_feed()
        processes.wait_open(day.views)
        under_fire(day, random.Random(seed), kills)
        finish(day)
    finally:
        processes.stop()
    return day


def under_fire(day: Day, chance: random.Random, kills: int) -> None:
    """Requests all the time; a kill at a random moment, again and again; then whatever is left of the day."""
    recorder = Recorder(day.prepared)
    rows = recorder.rows()
    more = True

    def send_for(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            row = next(rows, None)
            if row is None:
                return False
            recorder.send(row)
            recorder.count(recorder.client.poll(chance.choice((0.0, 0.0, 0.001))))
        return True

    try:
        for number in range(kills):
            if more:
                more = send_for(chance.uniform(0.005, 0.12))
            else:
                recorder.cancel_some_queued()
                time.sleep(chance.uniform(0, 0.1))
            if number == kills // 2:
                day.processes.running["trade-feed"].end(signal.SIGKILL)
                day.processes.trade_feed()
            killer = threading.Thread(target=day.kill_and_restart, args=(recorder.told,))
            killer.start()
            while killer.is_alive():  # the client goes on sending into the dead and the rising
                more = more and send_for(0.02)
                recorder.count(recorder.client.poll(0.02))
            killer.join()
            assert "serve" in day.processes.running
            day.processes.running["serve"].check()
        for number, row in enumerate(rows):
            recorder.send(row)
            if number % LOOK_EVERY == 0:
                recorder.count(recorder.client.poll())
        recorder.count(recorder.client.drain())
        assert day.views is not None
        day.check(recorder.told)
    finally:
        recorder.close()


def finish(day: Day) -> None:
    """Close, stop, and compare what the exchanges, the books and the trade feed say; then the books by themselves."""
    processes, views = day.processes, day.views
    assert views is not None
    processes.wait_open(views)
    settle_down(processes, views)
    close_exchanges(processes, views)
    for mic in day.prepared.config.exchanges:
        processes.running.pop(mic).end()
    settle_down(processes, views)
    trades = len(views.rows("execution")) - 1
    processes.wait(
        lambda: trades == 0 or int((processes.fed_trades() or [{"row": "0"}])[-1]["row"]) >= trades,
        "the trade feed to catch up",
        processes.running["trade-feed"],
    )
    processes.running.pop("trade-feed").end()
    exchange_trades, fed, agree = compare_trades(processes, views)
    assert agree, f"the exchanges say {exchange_trades}, the trade feed {fed}, we {trades}"
    assert exchange_trades > 0
    live_hash = views.state_hash()
    assert processes.running.pop("serve").end() == 0
    assert replayed_hash(day.prepared.config) == live_hash
    report = verify(day.prepared.config.directory, day.prepared.config.capacities)
    assert report.ok, report.problems
