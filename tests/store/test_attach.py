"""A reader sees the tables of one process, all of them, wherever it looks in while the next process makes its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from oms import Engine, schema
from oms.adapters.trade_rows import LiveRows
from oms.errors import OmsError
from oms.views import HEADER, attach
from tests.property.world import define

NAMES = [table.name for table in schema.TABLES]
CAPACITIES = dict.fromkeys(("order", "request", "execution", "movement", "text", "event", "cash", "holding"), 4096)


def serve(tables: Path, *trades: str) -> Engine:
    """A process with its tables there, and these trades in it."""
    tables.mkdir()
    engine = Engine(CAPACITIES, tables=tables)
    define(engine)
    engine.submit("A", "BUY", "Q", "buy", 100, "10")
    for name in trades:
        engine.report("trade", account="A", cl_ord_id="BUY", exec_id=name, last_qty=1, last_px="10")
    header = np.frombuffer(memoryview(engine.core.tables.mappings["execution"]), HEADER, 1)[0]
    header["safe"] = engine.sequence
    return engine


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The tables of a process that was killed, and those of the next, which knows one trade more."""
    with serve(tmp_path / "old", "FIRST"), serve(tmp_path / "new", "FIRST", "SECOND"):
        yield tmp_path / "old", tmp_path / "new"


def replaced(processes: tuple[Path, Path], tables: Path, count: int) -> None:
    """As the directory stands when the next process has made so many of its tables."""
    old, new = processes
    tables.mkdir(exist_ok=True)
    for number, name in enumerate(NAMES):
        table = tables / f"{name}.table"
        table.unlink(missing_ok=True)
        os.link((new if number < count else old) / table.name, table)


def test_the_tables_of_two_processes_are_never_mixed(processes, tmp_path):
    rows = LiveRows(tmp_path / "tables")
    for count in range(len(NAMES) + 1):
        replaced(processes, tmp_path / "tables", count)
        found = [trade.exec_id for trade in rows.executions_from(1)] if rows.fresh() else []
        if count in (0, len(NAMES)):
            attach(tmp_path / "tables")
            assert found == (["FIRST", "SECOND"] if count else ["FIRST"])
        else:
            with pytest.raises(OmsError, match="another process"):
                attach(tmp_path / "tables")
            assert found in ([], ["FIRST"])


def test_a_reader_keeps_the_tables_of_the_process_that_it_found(processes, tmp_path):
    replaced(processes, tmp_path / "tables", 0)
    views = attach(tmp_path / "tables")
    replaced(processes, tmp_path / "tables", len(NAMES))
    assert [trade.exec_id for trade in views.executions_from()] == ["FIRST"]
    assert [trade.exec_id for trade in attach(tmp_path / "tables").executions_from()] == ["FIRST", "SECOND"]


@pytest.mark.parametrize("written", [0, 4096 + 64])
def test_a_table_that_is_only_being_made_is_not_read(processes, tmp_path, written):
    replaced(processes, tmp_path / "tables", len(NAMES))
    half = tmp_path / "half"
    half.write_bytes(bytes(written))
    half.replace(tmp_path / "tables" / "text.table")
    with pytest.raises(OmsError):
        attach(tmp_path / "tables")
    assert not LiveRows(tmp_path / "tables").fresh()
