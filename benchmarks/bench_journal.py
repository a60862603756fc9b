"""The journal: what an append costs the core, how many records a second become durable, how fast they are read.

    python -m pytest -o addopts= --benchmark-only -s benchmarks/bench_journal.py [--basetemp DIR]

Records of 128 bytes; the files are in pytest's temporary directory (--basetemp puts them on another disk). The loops
run without the GIL, as the core's does. The figures a record are medians over the rounds; the table below them is
pytest-benchmark's, a whole round a line.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from oms import records
from oms._core.journal_load import append_many, read_many
from oms.journal import Journal, Reader

RECORD = records.encode("NewOrderSingle", cl_ord_id="A" * 28)
ROUNDS = 5


@pytest.fixture(scope="module", autouse=True)
def conditions(tmp_path_factory: pytest.TempPathFactory) -> None:
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    build = Path("build/flavor").read_text() if Path("build/flavor").exists() else "unknown"
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    place = str(tmp_path_factory.getbasetemp())
    _, _, kind = max((len(mount[1]), mount[1], mount[2]) for mount in mounts if place.startswith(mount[1]))
    print(f"\nmachine: {os.cpu_count()} cores, {cpu.partition(': ')[2]}, Linux {platform.release()}, {kind}")
    print(f"build: {build}\nrecord: {len(RECORD)} bytes; segments of 128 MiB; medians of {ROUNDS} rounds")


def measure(benchmark, name: str, size: int, run: Callable[[], int]) -> None:
    """Runs the rounds; `run` does `size` records and returns the nanoseconds that count."""
    each = []
    benchmark.pedantic(lambda: each.append(run() / size), rounds=ROUNDS)
    median = statistics.median(each)
    benchmark.extra_info["ns_per_record"] = round(median, 1)
    print(f"\n{name:<52} {median:9.1f} ns a record, {1e3 / median:7.3f} M records/s  ", end="")


@pytest.mark.parametrize("batch", [1, 64])
def test_append_and_commit_in_memory(benchmark, tmp_path, batch):
    """What the core itself pays with durability `batch`: the copy, the checksum, the hand-over to the other thread."""
    size = 200_000
    with Journal(tmp_path, "batch", buffer_bytes=64 << 20) as journal:

        def run() -> int:
            ns = append_many(journal, RECORD, size, batch)
            journal.flush()
            return ns

        run()
        measure(benchmark, f"append + commit, in memory, batch of {batch}", size, run)


@pytest.mark.parametrize("durability", ["interval", "none"])
@pytest.mark.parametrize("batch", [1, 64])
def test_append_and_commit_written_by_the_core(benchmark, tmp_path, durability, batch):
    size = 50_000 if batch == 1 else 400_000
    with Journal(tmp_path, durability) as journal:
        measure(
            benchmark,
            f"append + commit, {durability}, batch of {batch}",
            size,
            lambda: append_many(journal, RECORD, size, batch),
        )


@pytest.mark.parametrize("window", [512, 4096, 0])
def test_durable(benchmark, tmp_path, window):
    """Group commit: at most `window` records on the way, 0: as many as the buffer of 4 MiB holds."""
    size = 400_000
    with Journal(tmp_path, "batch") as journal:

        def run() -> int:
            started = time.perf_counter_ns()
            append_many(journal, RECORD, size, 64, window)
            journal.flush()
            return time.perf_counter_ns() - started

        measure(benchmark, f"durable, {window or 'unlimited'} on the way", size, run)


@pytest.mark.parametrize("kind", ["raw flush of the same bytes", "journal"])
def test_a_lone_record_made_durable(benchmark, tmp_path, kind):
    """One record, appended and flushed by the caller itself, beside a bare O_DSYNC write of as many bytes."""
    path = tmp_path / "raw"
    path.write_bytes(bytes(8 << 20))
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    size, places = 300, count(4096, len(RECORD) + 80)
    with Journal(tmp_path / "journal", "batch") as journal:

        def run() -> int:
            started = time.perf_counter_ns()
            for _ in range(size):
                if kind == "journal":
                    journal.append(RECORD)
                    journal.flush()
                else:
                    os.pwritev(file, [RECORD, bytes(80)], next(places), os.RWF_DSYNC)
            return time.perf_counter_ns() - started

        measure(benchmark, f"a lone record made durable, {kind}", size, run)
    os.close(file)


@pytest.mark.parametrize("batch", [1, 64])
def test_read(benchmark, tmp_path, batch):
    """Every checksum, sequence and link of the chain is checked; the files are in the page cache."""
    size = 500_000
    with Journal(tmp_path, "none") as journal:
        append_many(journal, RECORD, size, batch)

    def run() -> int:
        with Reader(tmp_path) as reader:
            found, ns = read_many(reader)
            assert found == size
            return ns

    measure(benchmark, f"read and verify, batches of {batch}", size, run)
