"""Requests and reports through the engine, at a million accounts drawn at random over the whole range, all checks on.

Each round takes records that no round has taken before. "journal" is the in-memory append with checksum and chain, its
write to the file amortised over the batch (durability `none`, on the disk of the temporary directory).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.machine import describe
from oms import Engine, records
from oms._core.engine import Core
from oms.enums import ExecType, OrdType, Side, Status, TimeInForce
from oms.journal import Journal, Reader
from oms.schema import NULL_I64

ACCOUNTS = int(os.environ.get("OMS_BENCH_ACCOUNTS", "1000000"))
INSTRUMENTS = 200
BATCH = 256
ROUND = 20_000  # records a round
ROUNDS = 12
ORDERS = 6 * ROUND * (ROUNDS + 2)
CAPACITIES = {  # with what new orders leave of a table in reserve
    "account": ACCOUNTS + 2,
    "cash": ACCOUNTS + ACCOUNTS // 32 + 1024,
    "holding": ACCOUNTS + ORDERS,
    "order": ORDERS + ORDERS // 32,
    "request": 2 * ORDERS + ORDERS // 16,
    "execution": ORDERS + ORDERS // 4,
    "movement": ACCOUNTS + ACCOUNTS // 4 + 1024,
    "stage": ACCOUNTS + 2,
    "text": 8 * ORDERS,
}

Rows = np.ndarray


def numbered(record: bytes, ids: bytes, first: int, count: int) -> Rows:
    """`count` copies of a record whose text `ids` is a number of eight digits, from `first` on, as rows of bytes."""
    rows = np.tile(np.frombuffer(record, np.uint8), (count, 1))
    name(rows, record.index(ids), np.arange(first, first + count))
    return rows


def name(rows: Rows, at: int, numbers: np.ndarray) -> None:
    """Writes a number of eight digits into each row."""
    digits = np.char.zfill(numbers.astype("S8"), 8).astype("S8")
    rows[:, at : at + 8] = digits.view(np.uint8).reshape(len(rows), 8)


def place(rows: Rows, record: str, field: str, values: np.ndarray) -> None:
    """Writes a figure into each row."""
    dtype, offset = records.record_dtype(record).fields[field][:2]
    raw = np.ascontiguousarray(values.astype(dtype)).view(np.uint8).reshape(len(rows), dtype.itemsize)
    rows[:, offset : offset + dtype.itemsize] = raw


class World:
    """An engine with a million funded accounts, and records that nobody has sent yet."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(1)
        self.engine = Engine(CAPACITIES, working_set=CAPACITIES | {"event": 1 << 20})
        engine = self.engine
        engine.define_currency("AUD")
        engine.define_exchange("XASX")
        engine.define_class("default", max_order_value="10000000", collar_bps=5000)
        engine.define_fee("standard", bps="11", minimum="19.95", tax_bps="1000")
        engine.assign_fee("default", "standard")
        for number in range(INSTRUMENTS):
            engine.define_instrument(f"I{number}", exchange="XASX", currency="AUD", reference_price="10")
        engine.business_date("2026-11-23")
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        account = records.encode("DefineAccount", code="00000000", account_class=1, currency=1)
        self.run(numbered(account, b"00000000", 1, ACCOUNTS))
        engine.apply(records.encode("LoadBegin", as_of=20779, kind=1))
        cash = np.tile(np.frombuffer(records.encode("LoadCash", currency=1, booked=10**12), np.uint8), (ACCOUNTS, 1))
        place(cash, "LoadCash", "account", np.arange(1, ACCOUNTS + 1))
        self.run(cash)
        engine.apply_batch(records.encode("LoadCommit", rows=ACCOUNTS))
        self.ordered = 0
        self.filled = 0
        self.cancelled = 0

    def run(self, rows: Rows) -> None:
        for raw in self.batches(rows, 4096):
            self.engine.apply_batch(raw)

    def batches(self, rows: Rows, size: int) -> list[bytes]:
        return [rows[first : first + size].tobytes() for first in range(0, len(rows), size)]

    def news(self, count: int) -> Rows:
        record = records.encode(
            "NewOrderSingle",
            order_qty=100,
            price=100000,
            stop_px=NULL_I64,
            display_qty=NULL_I64,
            min_qty=NULL_I64,
            side=int(Side.buy),
            ord_type=int(OrdType.limit),
            time_in_force=int(TimeInForce.day),
            cl_ord_id="O00000000",
        )
        rows = numbered(record, b"00000000", self.ordered + 1, count)
        place(rows, "NewOrderSingle", "account", self.random.integers(1, ACCOUNTS + 1, count))
        place(rows, "NewOrderSingle", "instrument", self.random.integers(1, INSTRUMENTS + 1, count))
        self.ordered += count
        return rows

    def open_requests(self, count: int) -> np.ndarray:
        """Requests of open orders in random order, which no fill or cancel has taken yet."""
        if self.ordered - self.filled < count:
            self.run(self.news(count))
        first = self.filled + 1
        self.filled += count
        return self.random.permutation(np.arange(first, first + count))

    def fills(self, count: int) -> Rows:
        record = records.encode(
            "ExecutionReport",
            feed=1,
            exec_type=int(ExecType.trade),
            last_qty=100,
            last_px=99900,
            cum_qty=NULL_I64,
            leaves_qty=NULL_I64,
            order_qty=NULL_I64,
            price=NULL_I64,
            exec_id="E00000000",
        )
        requests = self.open_requests(count)
        rows = numbered(record, b"00000000", self.filled, count)
        place(rows, "ExecutionReport", "request", requests)
        return rows

    def cancels(self, count: int) -> Rows:
        """A client's cancels of open orders, by the names that it gave them: order n was made by request n."""
        requests = self.open_requests(count)
        record = records.encode("OrderCancelRequest", cl_ord_id="X00000000", orig_cl_ord_id="O11111111")
        rows = numbered(record, b"00000000", self.filled, count)
        name(rows, record.index(b"11111111"), requests)
        place(rows, "OrderCancelRequest", "account", self.engine.rows("request")["account"][requests])
        return rows


@pytest.fixture(scope="module")
def world() -> World:
    print("\n" + describe(accounts=ACCOUNTS, instruments=INSTRUMENTS, batch=BATCH, records_a_round=ROUND))
    return World()


def measure(benchmark, world: World, make, size: int, journal: Journal | None = None) -> None:
    """Times the application of fresh records; quotes nanoseconds a record."""
    core, engine = world.engine.core, world.engine

    def setup():
        return (world.batches(make(ROUND), size),), {}

    def apply(batches: list[bytes]) -> None:
        for raw in batches:
            if journal is None:
                count, status = core.apply(raw, engine.sequence + 1, engine.time_ns)
            else:
                count, status = core.journal(journal, raw, engine.time_ns)
            assert status == Status.ok  # how fast it refuses is not measured
            engine.sequence += count
            core.drop_outputs()

    benchmark.pedantic(apply, setup=setup, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["ns_per_record"] = round(benchmark.stats.stats.median / ROUND * 1e9)
    print(f"\n  {benchmark.name}: {benchmark.extra_info['ns_per_record']} ns a record (median of {ROUNDS} rounds)")


@pytest.fixture
def journal() -> Iterator[Journal]:
    with tempfile.TemporaryDirectory() as directory, Journal(Path(directory) / "journal", "none") as journal:
        yield journal


@pytest.mark.parametrize("batch", [1, BATCH])
@pytest.mark.benchmark(group="accept a buy")
def bench_accept(benchmark, world: World, batch: int) -> None:
    measure(benchmark, world, world.news, batch)


@pytest.mark.benchmark(group="accept a buy")
def bench_accept_journaled(benchmark, world: World, journal: Journal) -> None:
    measure(benchmark, world, world.news, BATCH, journal)


@pytest.mark.parametrize("batch", [1, BATCH])
@pytest.mark.benchmark(group="fill")
def bench_fill(benchmark, world: World, batch: int) -> None:
    measure(benchmark, world, world.fills, batch)


@pytest.mark.benchmark(group="fill")
def bench_fill_journaled(benchmark, world: World, journal: Journal) -> None:
    measure(benchmark, world, world.fills, BATCH, journal)


@pytest.mark.benchmark(group="cancel")
def bench_cancel_and_confirm(benchmark, world: World) -> None:
    """An exchange's Canceled of an open order: the hold is released."""

    def canceled(count: int) -> Rows:
        rows = world.fills(count)
        place(rows, "ExecutionReport", "exec_type", np.full(count, int(ExecType.canceled)))
        return rows

    measure(benchmark, world, canceled, BATCH)


@pytest.mark.benchmark(group="cancel")
def bench_cancel_request(benchmark, world: World, journal: Journal) -> None:
    """A client's request to cancel, journaled, found by its text. The last one: its requests take rows of their own."""
    world.run(world.news((ROUNDS + 1) * ROUND))
    measure(benchmark, world, world.cancels, BATCH, journal)


@pytest.mark.benchmark(group="replay")
def bench_replay(benchmark, tmp_path: Path) -> None:
    """A journal of accepted orders and fills, checksums and chain verified, into an engine that has none of it."""
    taken = 24 * ROUND
    world = World()
    with Journal(tmp_path / "journal", "none") as journal:
        for make in (world.news, world.fills):
            for raw in world.batches(make(taken), 4096):
                world.engine.core.journal(journal, raw, world.engine.time_ns)
                world.engine.core.drop_outputs()
        journal.flush()
    del world

    def replay(core: Core) -> None:
        with Reader(tmp_path / "journal") as reader:
            core.replay(reader)

    benchmark.pedantic(replay, setup=lambda: ((World().engine.core,), {}), rounds=3)
    rate = 2 * taken / benchmark.stats.stats.median
    benchmark.extra_info["records_per_s"] = round(rate)
    print(f"\n  {benchmark.name}: {rate / 1e6:.2f} M records/s")
