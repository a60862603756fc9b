"""A small broker's day whose OMS is killed again and again while requests come in.

The acknowledgements are recorded here, in another process than the one that is killed. After each restart everything
that was acknowledged has to be there with the outcome that was told, and at the close exchanges, books and trade feed
agree.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice

from oms.client import Answer
from oms.demo.day import close_exchanges, settle_down
from oms.demo.processes import Processes
from oms.demo.prove import replayed_hash
from oms.demo.store import Prepared
from oms.demo.summary import compare_trades
from oms.demo.traders import Row, Traders
from oms.enums import RequestStatus, Status
from oms.verify import verify
from oms.views import Attached

BURST, PAUSE_S = 4, 0.01  # requests between two looks at the answers
ALLOWANCE = 300
REST = 500  # requests of the rest of the day, in which nothing is killed


class Recorder(Traders):
    """Traders that remember every acknowledgement: (account, cl_ord_id) → status, and whether it made a row."""

    def __init__(self, prepared: Prepared) -> None:
        self.told: dict[tuple[str, str], Status] = {}
        super().__init__(prepared.config, prepared.config.home / "requests.csv")

    def endless_rows(self) -> Iterator[Row]:
        """The day's requests, and then the like of them under other names, again and again."""
        for again in count():
            for row in self.rows():
                names = {name: row[name] and f"{row[name]}.{again}" for name in ("cl_ord_id", "orig_cl_ord_id")}
                yield row | names if again else row

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
    kills: Counter[str] = field(default_factory=Counter)  # by what was under way
    lost: list[str] = field(default_factory=list)
    views: Attached | None = None
    allowance: int = ALLOWANCE  # requests until the next kill: on a slow machine the day must not become a long one

    def check(self, told: dict[tuple[str, str], Status]) -> None:
        """Is everything that was acknowledged there, with the outcome that was told?"""
        views, told = self.views, dict(told)
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

    def verified(self) -> None:
        """A look at the store as it lies there."""
        report = verify(self.prepared.config.directory, self.prepared.config.capacities)
        assert report.ok, report.problems

    def kill_and_restart(self, told: dict[tuple[str, str], Status]) -> None:
        """kill -9 under load, and a restart."""
        self.processes.running["serve"].end(signal.SIGKILL)
        self.kills["journal"] += 1
        self.verified()
        self.views = self.processes.serve()
        self.check(told)


def begin(day: Day) -> None:
    """The OMS, its exchanges and the trade feed, all of them open."""
    processes, prepared = day.processes, day.prepared
    day.views = processes.serve()
    for mic in prepared.config.exchanges:
        processes.exchange(mic, "--date", prepared.day.business_date.isoformat())
    processes.trade_feed()
    processes.wait_open(day.views)


def under_fire(day: Day, chance: random.Random, turns: int) -> None:
    """Requests all the time; at random moments kills, so many turns of them."""
    recorder = Recorder(day.prepared)
    threads = ThreadPoolExecutor(1)
    rows = recorder.endless_rows()

    def send(count: int) -> None:
        for row in islice(rows, count):
            recorder.send(row)
            recorder.count(recorder.client.poll(chance.choice((0.0, 0.0, 0.001))))

    try:
        for turn in range(turns):
            send(chance.randint(1, 100))
            if turn == turns // 2:
                day.processes.running["trade-feed"].end(signal.SIGKILL)
                day.processes.trade_feed()
            killer = threads.submit(day.kill_and_restart, recorder.told)
            while not killer.done():  # the client goes on sending into the dead and the rising
                send(min(BURST, day.allowance))
                day.allowance = max(day.allowance - BURST, 0)
                time.sleep(PAUSE_S)
                recorder.count(recorder.client.poll(PAUSE_S))
            killer.result()
            assert "serve" in day.processes.running
            day.processes.running["serve"].check()
        send(REST)
        recorder.count(recorder.client.drain())
        recorder.cancel_some_queued()
        assert day.views is not None
        day.check(recorder.told)
    finally:
        threads.shutdown()
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
