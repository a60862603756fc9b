"""A snapshot written and restored: a million accounts with cash, half a million orders, in shared memory and on disk.

Both take every byte through SHA-256; restoring includes the first touch of the tables' memory and making the indexes
again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bench_engine import ACCOUNTS, CAPACITIES, World
from benchmarks.machine import describe
from oms import snapshot
from oms._core.engine import Core

ORDERS = int(os.environ.get("OMS_BENCH_ORDERS", "500000"))
PLACES = {"memory": "/dev/shm", "disk": None}


@pytest.fixture(scope="module")
def world() -> World:
    print("\n" + describe(accounts=ACCOUNTS, orders=ORDERS))
    world = World()
    world.run(world.news(ORDERS))
    return world


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=PLACES[request.param], prefix="oms-bench-") as directory:
        yield Path(directory)


def tell(benchmark, size: int) -> None:
    rate = size / benchmark.stats.stats.median / 1e9
    benchmark.extra_info["gigabytes_per_s"] = round(rate, 2)
    print(f"\n  {benchmark.name}: {size / 1e9:.2f} GB at {rate:.2f} GB/s")


@pytest.mark.benchmark(group="snapshot")
def bench_write(benchmark, world: World, place: Path) -> None:
    written = benchmark.pedantic(world.engine.snapshot, args=(place,), rounds=5, warmup_rounds=1)
    tell(benchmark, written.bytes)


@pytest.mark.benchmark(group="snapshot")
def bench_restore(benchmark, world: World, place: Path) -> None:
    written = world.engine.snapshot(place)

    def restore() -> None:
        snapshot.load(Core(CAPACITIES), snapshot.read(written.path))

    benchmark.pedantic(restore, rounds=5, warmup_rounds=1)
    tell(benchmark, written.bytes)
