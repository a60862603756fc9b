"""Prepares a demo's directory: the made-up day, the configuration of all peers, and the start of day loaded.

Owns the directory: it is made anew, and nothing is deleted that a demo has not made.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms import config as configuration
from oms.config import Config
from oms.engine import Engine
from oms.errors import OmsError
from oms.start_of_day.make_day import Day, make_day
from oms.start_of_day.plan import Settings, prepare
from oms.start_of_day.run import carry_out

MARK = ".oms-demo"  # says that the directory is a demo's, and may be made anew
CUSTODIANS = ("BANK1", "REGISTRY1")
Tell = Callable[[str], None]

HEAD = """\
environment = "demo"
custodians = [{custodians}]

[store]
durability = "{durability}"
segment_bytes = {segment_bytes}

[capacities]
account = {accounts}
cash = {cash}
holding = {holdings}
order = {orders}
request = {requests}
execution = {orders}
movement = {holdings}
stage = {holdings}
text = {text}

"""

PEER = """
[users.{user}]
permissions = ["report"]

[endpoints.{feed}]
role = "adapter"
user = "{user}"
feed = "{feed}"
"""

PEOPLE = """
[endpoints.client1]
role = "client"
user = "client1"

[endpoints.desk1]
role = "operator"
user = "desk1"

[endpoints.desk2]
role = "operator"
user = "desk2"

[endpoints.operations1]
role = "operator"
user = "operations1"
"""


@dataclass(frozen=True)
class Prepared:
    """A store that is ready to trade. breaks: of the start of day, by kind; closed: accounts that it left closed."""

    day: Day
    config: Config
    breaks: dict[str, int]
    closed: int


def clear(directory: Path) -> None:
    """An empty directory for a demo. Raises OmsError when it holds something else."""
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARK).exists():
            raise OmsError(
                "the directory is not empty, and not a demo's", where=str(directory), remedy="name another one"
            )
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()


def write_config(directory: Path, accounts: int, orders: int, durability: str, segment_bytes: int) -> Config:
    """Adds to the made-up day's reference data who may connect, and sizes for its orders."""
    path = directory / configuration.FILE_NAME
    rows = 1 << 14
    head = HEAD.format(
        custodians=", ".join(f'"{name}"' for name in CUSTODIANS),
        durability=durability,
        segment_bytes=segment_bytes,
        accounts=accounts + rows,
        cash=4 * accounts + rows,
        holdings=8 * accounts + 2 * orders + rows,
        orders=3 * orders + rows,
        requests=3 * orders + rows,
        text=16 * (accounts + orders) + 8 * rows,
    )
    text = head + path.read_text() + PEOPLE
    exchanges = configuration.load(path).exchanges
    for feed in (*(feed for mic, exchange in exchanges.items() for feed in exchange.feeds or (mic,)), *CUSTODIANS):
        text += PEER.format(feed=feed, user=f"adapter-{feed.lower()}")
    path.write_text(text)
    return configuration.load(path)


def start_of_day(engine: Engine, files: Path, tell: Tell) -> Any:
    """Loads one delivery of files; returns its report. Raises OmsError when it is refused."""
    began = time.monotonic()
    plan = prepare(files, engine.arrays(), Settings(None, True, False, "operations1"), None)
    if plan.report.fault_count:
        raise OmsError(f"the start of day is refused:\n{plan.report.text()}", where=str(files))
    carry_out(plan, engine.apply_batch, engine.arrays, None)
    rows = sum(file.rows for file in plan.loads)
    tell(f"start of day {files.name}/: {rows:,} positions in {time.monotonic() - began:.1f} s, {plan.report.result}")
    return plan.report


def prepare_store(
    directory: Path,
    *,
    accounts: int,
    orders: int,
    instruments: int,
    seed: int,
    durability: str,
    tell: Tell,
    segment_bytes: int = 32 << 20,
) -> Prepared:
    """Everything up to the moment before trading begins."""
    clear(directory)
    tell(f"making up a day: {accounts:,} accounts, {instruments:,} instruments, {orders:,} requests, seed {seed}")
    day = make_day(directory, accounts=accounts, orders=orders, instruments=instruments, seed=seed)
    config = write_config(directory, accounts, orders, durability, segment_bytes)
    with Engine(
        config.capacities,
        journal=config.directory / "journal",
        segment_bytes=config.store.segment_bytes,
        clock=time.time_ns,
    ) as engine:
        configuration.define(engine, config)
        start_of_day(engine, directory / "take_on", tell)
        report = start_of_day(engine, directory / "sod", tell)
    breaks: dict[str, int] = {}
    for entry in report.breaks:
        breaks[entry.kind] = breaks.get(entry.kind, 0) + 1
    return Prepared(day, config, breaks, sum(bool(entry.closes) for entry in report.breaks))
