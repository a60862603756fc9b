"""The leader's latencies with and without a follower that writes one snapshot after another beside it.

    python -m benchmarks.bench_follower [--accounts 200000] [--seconds 5] [--rounds 3] [--rate 1000]

One `oms serve`, a client in this process that sends orders at a steady rate, and an `oms follower` that takes a
snapshot a second and has each verified. In turn, in one run: the follower stands still (SIGSTOP), and the follower
works. The figures are those that the leader itself counts (`oms stat`), from the differences of its histograms, all
rounds added up.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from oms import Engine
from oms import config as configuration
from oms.client import Client
from oms.demo.processes import Processes
from oms.snapshot import newest_first, read
from oms.stat import PERCENTILES, percentiles
from oms.views import Attached

NAMES = {"apply_record": "apply", "request_to_answer": "answer"}
CONFIG = """
environment = "bench"
[store]
durability = "none"
[follower]
snapshot_records = 0
snapshot_seconds = 1
[capacities]
account = {rows}
cash = {rows}
movement = {rows}
text = {texts}
[currencies.AUD]
[exchanges.XASX]
[classes.retail]
[users.client1]
permissions = ["trade_any"]
[endpoints.client1]
role = "client"
user = "client1"
"""


def prepare(directory: Path, accounts: int) -> configuration.Config:
    path = directory / "oms.toml"
    path.write_text(CONFIG.format(rows=accounts + accounts // 4 + 1024, texts=8 * accounts + (1 << 20)))
    config = configuration.load(path)
    with Engine(config.capacities, journal=directory / "journal") as engine:
        configuration.define(engine, config)
        engine.define_instrument("Q", exchange="XASX", currency="AUD")
        engine.business_date("2026-11-23")
        engine.session("XASX", "open")
        for number in range(accounts):
            engine.define_account(f"A{number}", account_class="retail", currency="AUD")
            engine.deposit(f"A{number}", "AUD", 1000, f"r{number}")
    return config


class Load:
    """A client that sends orders for random accounts at a steady rate."""

    def __init__(self, config: configuration.Config, accounts: int, rate: int) -> None:
        self.client = Client(config.url("client1"), name="client1", environment="bench").open()
        self.stock = self.client.instrument("Q")
        self.accounts = np.random.default_rng(1).integers(1, accounts + 1, 10_000_000)
        self.rate, self.sent = rate, 0

    def run(self, seconds: float) -> None:
        began, first = time.monotonic(), self.sent
        while (now := time.monotonic()) < began + seconds:
            while self.sent - first < (now - began) * self.rate:
                self.sent += 1
                self.client.submit(int(self.accounts[self.sent]), f"o{self.sent}", self.stock, "buy", 1, 1)
            self.client.poll(0.0005)
        self.client.drain()


def histograms(views: Attached) -> dict[str, np.ndarray]:
    rows = views.rows("latency")
    return {views.code("latency", slot, "name"): rows["buckets"][slot].astype(np.int64) for slot in range(1, len(rows))}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("accounts", 200_000), ("seconds", 5), ("rounds", 3), ("rate", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    print(describe(**vars(given)))
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as place:
        config = prepare(Path(place), given.accounts)
        processes = Processes(config)
        try:
            measure(processes, given)
        finally:
            processes.stop()


def measure(processes: Processes, given: argparse.Namespace) -> None:
    views, load = processes.serve(), Load(processes.config, given.accounts, given.rate)
    follower = processes.start("follower", "follower", "--config", processes.path)
    snapshots = processes.directory / "snapshots"
    processes.wait(lambda: bool(newest_first(snapshots)), "the first snapshot", follower)
    load.run(1)
    found: dict[bool, dict[str, np.ndarray]] = {}
    taken = 0
    for _ in range(given.rounds):
        for working in (False, True):
            follower.popen.send_signal(signal.SIGCONT if working else signal.SIGSTOP)
            before, first = histograms(views), int(newest_first(snapshots)[0].stem)
            load.run(given.seconds)
            for name, buckets in histograms(views).items():
                held = found.setdefault(working, {})
                held[name] = held.get(name, 0) + buckets - before[name]
            told = [line.split() for line in follower.log.read_text().splitlines() if "bytes in" in line]
            taken += sum(int(words[4][:-1]) > first for words in told) if working else 0
    load.client.close()
    size = read(newest_first(snapshots)[0]).bytes
    print(f"{taken} snapshots of {size / 1e6:.0f} MB in {given.rounds * given.seconds} s, each verified by loading")
    for name, short in NAMES.items():
        alone, beside = (percentiles(found[working][name], 1 << 62) for working in (False, True))
        for wanted in PERCENTILES:
            a, b = alone[f"{wanted}_ns"], beside[f"{wanted}_ns"]
            print(f"{short:<8}{wanted:<7}{a / 1e3:>9.1f} µs alone {b / 1e3:>9.1f} µs beside it  ratio {b / a:.2f}")


if __name__ == "__main__":
    main()
