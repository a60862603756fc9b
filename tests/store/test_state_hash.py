"""The state hash covers every field that `apply` may change, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from oms import Engine, schema
from oms.state_hash import CHUNK_BYTES, digest_of, plain_chunks
from oms.views import HEADER, attach
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload

STATE = [table for table in schema.TABLES if table.name not in schema.UNHASHED]
FIELDS = [(table.name, field.name) for table in STATE for field in table.fields]


@pytest.fixture(scope="module")
def engine():
    with Engine(CAPACITIES) as engine:
        Workload(1).play(engine, 200)
        yield engine


@pytest.mark.parametrize(("table", "field"), FIELDS, ids=[f"{table}.{field}" for table, field in FIELDS])
def test_a_changed_field_changes_it(engine, table, field):
    rows, before = engine._raw_arrays()[table], engine.state_hash()
    raw = rows.view(np.uint8).reshape(len(rows), -1)[-1]  # of the last row
    dtype, offset = rows.dtype.fields[field][:2]
    for place in {offset, offset + dtype.itemsize - 1}:
        raw[place] ^= 1
        assert (engine.state_hash() == before) is (field == "version")
        raw[place] ^= 1
    assert engine.state_hash() == before


@pytest.mark.parametrize("field", ["used", "free", "live"])
@pytest.mark.parametrize("table", [table.name for table in STATE])
def test_a_changed_count_changes_it(engine, table, field):
    header = np.frombuffer(memoryview(engine.core.tables.mappings[table]), HEADER, 1)[0]
    before = engine.state_hash()
    correct = header[field]
    header[field] = correct - 1 if field == "used" else correct + 1
    try:
        assert engine.state_hash() != before
    finally:
        header[field] = correct
    assert engine.state_hash() == before


@pytest.mark.parametrize("table", schema.UNHASHED)
def test_what_is_no_state_does_not_change_it(engine, table):
    before = engine.state_hash()
    rows = engine.core.rows(table, whole=True).view(np.uint8)
    rows[500] ^= 1
    assert engine.state_hash() == before
    rows[500] ^= 1


def test_it_does_not_depend_on_where_the_tables_are(tmp_path):
    tables, store = tmp_path / "tables", tmp_path / "store"
    tables.mkdir()
    with opened(store) as engine:
        Workload(4).play(engine, 60)
        engine.snapshot(store / "snapshots")
        Workload(6).play(engine, 10)
        expected = engine.state_hash()
    with opened(store, tables=tables) as mapped:
        assert mapped.state_hash() == attach(tables).state_hash() == expected
        assert attach(tables).cash("A", "AUD") == mapped.cash("A", "AUD")


def test_rows_are_hashed_whole_however_many_there_are():
    dtype = np.dtype([("version", "<u4"), ("figure", "<u8"), ("rest", "u1", (116,))])
    rows = np.zeros(3 * CHUNK_BYTES // dtype.itemsize + 5, dtype)
    rows["version"], rows["figure"] = 7, np.arange(len(rows))
    plain = rows.copy()
    plain["version"] = 0
    assert b"".join(bytes(chunk) for chunk in plain_chunks(rows)) == plain.tobytes()
    assert digest_of(rows) == digest_of(plain)
    assert (rows["version"] == 7).all()
