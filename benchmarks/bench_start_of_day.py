"""Start of day: rows a second of a cash file, from its bytes to checked columns, and of the whole run.

    python -m pytest -o addopts= --benchmark-only -s benchmarks/bench_start_of_day.py

1 000 000 accounts with a cash row each, in the accounts' order and shuffled; OMS_BENCH_ACCOUNTS changes the number.
Reading includes everything that is done a row: the digest, UTF-8, quotes, columns, amounts by the currency's exponent,
account and currency code to number, control total; csv.reader of the standard library only splits.
"""

import csv
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oms import Engine
from oms.start_of_day import compare
from oms.start_of_day.book import Book
from oms.start_of_day.files import SourceFile, read_file
from oms.start_of_day.layouts import columns
from oms.start_of_day.plan import prepare
from oms.start_of_day.run import carry_out, load_records

ACCOUNTS = int(os.environ.get("OMS_BENCH_ACCOUNTS", 1_000_000))
ROUNDS = 5


def code(number: int) -> str:
    return f"R{number:07d}"


def write(path: Path, kind: str, header: str, rows: list[str], total: str = "") -> None:
    control = f"#kind={kind},as_of=2026-11-20,source=BANK1,rows={len(rows)}" + (f",total={total}" if total else "")
    path.write_text("\n".join([control, header, *rows, ""]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivery, and beside it the cash file in another order."""
    folder: Path = tmp_path_factory.mktemp("sod")
    chance = random.Random(1)
    accounts = [f"{code(number)},retail,AUD" for number in range(ACCOUNTS)]
    units = [chance.randrange(10**9) for _ in range(ACCOUNTS)]
    cash = [f"{code(number)},AUD,{value // 10**4}.{value % 10**4:04d}" for number, value in enumerate(units)]
    total = f"{sum(units) // 10**4}.{sum(units) % 10**4:04d}"
    write(folder / "accounts.csv", "accounts", "account,class,currency", accounts)
    write(folder / "instruments.csv", "instruments", "symbol,exchange,currency", ["BHP,XASX,AUD"])
    write(folder / "cash.csv", "cash", "account,currency,booked", cash, total)
    write(folder / "holdings.csv", "holdings", "account,instrument,settled", [], "0")
    chance.shuffle(cash)
    (folder / "shuffled").mkdir()
    write(folder / "shuffled" / "cash.csv", "cash", "account,currency,booked", cash, total)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    """All accounts, with yesterday's cash."""
    rows = ACCOUNTS + 100
    engine = Engine(
        capacities={"account": rows, "cash": 2 * rows, "stage": rows, "movement": 8 * rows, "event": 1 << 12}
    )
    engine.define_currency("AUD")
    engine.define_exchange("XASX")
    engine.define_class("retail", break_tolerance="1")
    carry_out(prepare(folder, engine.arrays()), engine.apply_batch, engine.arrays)
    return engine


@pytest.fixture(scope="module", autouse=True)
def conditions() -> None:
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    build = Path("build/flavor").read_text() if Path("build/flavor").exists() else "unknown"
    print(f"\nmachine: {os.cpu_count()} cores, {cpu.partition(': ')[2]}, Linux {platform.release()}")
    print(f"build: {build}\n{ACCOUNTS} accounts, {ACCOUNTS} rows; medians of {ROUNDS} rounds, one thread")


def measure(benchmark: object, name: str, run: Callable[[], object]) -> None:
    each = []

    def timed() -> None:
        start = time.perf_counter_ns()
        run()
        each.append((time.perf_counter_ns() - start) / ACCOUNTS)

    benchmark.pedantic(timed, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[attr-defined]
    median = statistics.median(each[1:])
    print(f"\n{name:<58} {median:8.1f} ns a row, {1e3 / median:6.2f} M rows/s  ", end="")


def read_cash(folder: Path, book: Book) -> SourceFile:
    handle = os.open(folder, os.O_RDONLY)
    try:
        file = read_file(handle, "cash.csv", "cash", columns("cash", book.codes()))
    finally:
        os.close(handle)
    assert file.good
    assert file.rows == ACCOUNTS
    assert file.unknown_count == 0
    return file


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_read_and_check(benchmark, folder, engine, order):
    place = folder if order == "sorted" else folder / "shuffled"
    book = Book(engine.arrays())
    assert book.accounts.find(code(0).encode())
    measure(benchmark, f"read, check, account to number; {order}", lambda: read_cash(place, book))


def test_index_of_the_accounts(benchmark, engine):
    measure(benchmark, "index of the account codes, built once a run", lambda: Book(engine.arrays()).accounts)


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_compare(benchmark, folder, engine, order):
    place = folder if order == "sorted" else folder / "shuffled"
    book = Book(engine.arrays())
    file = read_cash(place, book)

    def run() -> None:
        theirs = compare.positions(compare.CASH, [file])
        ours = compare.our_figures(compare.CASH, book, 20777, True)
        assert len(theirs.faults) == 0
        assert (compare.find(ours.keys, theirs.keys) >= 0).all()

    measure(benchmark, f"duplicates, our figures, join; {order}", run)


def test_a_whole_dry_run(benchmark, folder, engine):
    """Accounts file and cash file: twice as many rows as it counts."""

    def run() -> None:
        assert prepare(folder, engine.arrays()).report.status == 0

    measure(benchmark, "a whole dry run, accounts and cash", run)


def test_records_and_apply(benchmark, folder, engine):
    """LoadCash records made, staged and posted, without a journal; every figure changes."""
    file = read_cash(folder, Book(engine.arrays()))
    numbers = np.arange(len(engine.arrays()["account"]))
    rounds = iter(range(1, 100))

    def run() -> None:
        number = next(rounds)
        plan = prepare(folder, engine.arrays())
        plan.as_of += number
        changed = replace(
            file, digest=bytes([number] * 32), arrays=file.arrays | {"booked": file.arrays["booked"] + number}
        )
        start = time.perf_counter_ns()
        for batch in load_records(changed, plan, numbers, numbers):
            engine.apply_batch(batch)
        spent.append(time.perf_counter_ns() - start)

    spent: list[int] = []
    benchmark.pedantic(run, rounds=3)
    loads = engine.arrays()["load"]
    assert len(loads) == 3 + 3
    print(f"\n{'records made, staged, posted':<58} {statistics.median(spent) / ACCOUNTS:8.1f} ns a row  ", end="")


def test_the_standard_library_only_splits(benchmark, folder):
    def run() -> None:
        with open(folder / "cash.csv", newline="") as lines:
            assert sum(1 for _ in csv.reader(lines)) == ACCOUNTS + 2

    measure(benchmark, "csv.reader, which only splits", run)
