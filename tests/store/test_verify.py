"""Verify finds nothing wrong in any random day, and whatever is wrong wherever it is planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oms import Engine
from oms.moment import Moment
from oms.replica import Replica
from oms.snapshot import newest_first
from oms.verify import audit, verify
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload


@pytest.mark.parametrize("seed", range(10))
def test_every_bucket_of_a_random_day_is_what_it_has_to_be(seed):
    workload = Workload(seed, stops=seed % 2)
    with Engine(CAPACITIES) as engine:
        for _ in range(12):
            workload.play(engine, 25)
            assert [str(finding) for finding in audit(engine).findings] == []


@pytest.fixture(scope="module")
def engine():
    """A state in which every bucket holds something."""
    with Engine(CAPACITIES) as engine:
        Workload(29).play(engine, 700)
        assert audit(engine).count == 0
        yield engine


def nonzero(name: str) -> Any:
    return lambda rows: rows[name] != 0


def still_open(rows: Any) -> Any:
    """Without a replace on its way, which may hold more than the terms in force."""
    return (rows["closed"] == 0) & (rows["reserved"] > 0) & (rows["pending"] == 0)


BUCKETS = [
    ("cash", "booked", nonzero("booked")),
    ("cash", "reserved", nonzero("reserved")),
    ("cash", "payable", nonzero("payable")),
    ("cash", "receivable", nonzero("receivable")),
    ("cash", "account", nonzero("booked")),
    ("holding", "settled", nonzero("settled")),
    ("holding", "reserved", nonzero("reserved")),
    ("holding", "incoming", nonzero("incoming")),
    ("holding", "outgoing", nonzero("outgoing")),
    ("holding", "last_execution", nonzero("last_execution")),
    ("holding", "cost_low", nonzero("cost_quantity")),
    ("holding", "cost_quantity", nonzero("cost_quantity")),
    ("holding", "cost_event", nonzero("cost_event")),
    ("cost_event", "quantity", nonzero("quantity")),
    ("cost_event", "prev", nonzero("prev")),
    ("currency", "market", nonzero("market")),
    ("currency", "fees", nonzero("fees")),
    ("currency", "external", nonzero("external")),
    ("instrument", "market", nonzero("market")),
    ("instrument", "external", nonzero("external")),
    ("order", "cum_qty", nonzero("cum_qty")),
    ("order", "cum_value", nonzero("cum_value")),
    ("order", "fee_charged", nonzero("fee_charged")),
    ("order", "reserved", still_open),
    ("order", "reserved_qty", nonzero("reserved_qty")),
    ("order", "price", still_open),
    ("order", "order_qty", still_open),
    ("order", "last_execution", nonzero("last_execution")),
    ("execution", "value", nonzero("posted")),
    ("execution", "fee", nonzero("posted")),
    ("execution", "last_qty", nonzero("value")),
    ("execution", "last_px", nonzero("value")),
    ("execution", "settle_date", lambda rows: rows["posted"] == 1),
    ("execution", "posted", nonzero("posted")),
    ("execution", "superseded_by", nonzero("superseded_by")),
    ("execution", "ref", nonzero("ref")),
    ("execution", "prev_of_order", nonzero("prev_of_order")),
    ("execution", "prev_of_holding", nonzero("prev_of_holding")),
    ("movement", "amount", nonzero("amount")),
    ("movement", "account", nonzero("amount")),
    ("movement", "owed", nonzero("owed")),
    ("request", "status", lambda rows: rows["status"] == 4),
    ("firm", "queued", nonzero("business_date")),
]


@pytest.mark.parametrize(("table", "field", "which"), BUCKETS, ids=[f"{table}.{field}" for table, field, _ in BUCKETS])
def test_a_figure_that_is_one_off_is_found(engine, table, field, which):
    rows = engine._raw_arrays()[table]
    touched = np.flatnonzero(which(rows))
    assert len(touched), f"the day has no {table} row to damage"
    for row in touched[:3]:
        step = {"price": 10**6, "order_qty": 1000, "cost_low": 10**15}.get(field, 1)  # a hold rounds up
        rows[field][row] += step
        found = audit(engine)
        rows[field][row] -= step
        assert found.count > 0
        assert audit(engine).count == 0


@pytest.fixture
def short_seller():
    """Two short sales, of which one is bought back in part and settled."""
    with Engine() as engine:
        engine.define_currency("AUD")
        engine.define_exchange("XASX")
        engine.define_class("default")
        engine.define_instrument("Q", exchange="XASX", currency="AUD", short_margin_bps=5000)
        engine.define_account("K", short_allowed=True)
        engine.open_feed("XASX")
        for day, (name, side, quantity) in enumerate(
            [("A", "sell_short", 50), ("B", "buy", 20), ("C", "sell_short", 9)]
        ):
            engine.business_date(f"2026-11-{23 + day}")
            engine.session("XASX", "open")
            told = {"account": "K", "instrument": "Q", "side": side, "order_qty": quantity + 1, "price": "3"}
            engine.report("trade", order_id=name, exec_id=name, last_qty=quantity, last_px="3", **told)
        engine.settle("batch", "2026-11-25")
        yield engine


@pytest.mark.parametrize(
    ("table", "field"),
    [
        *(("exposure", "short_proceeds"), ("exposure", "short_due"), ("exposure", "ladder"), ("exposure", "cash")),
        *(("short_sale", "proceeds"), ("short_sale", "holding"), ("holding", "short_sale"), ("cash", "exposure")),
        *(("order", "short_margin_bps"), ("execution", "side"), ("day", "date")),
    ],
)
def test_a_figure_of_a_short_sale_that_is_off_is_found(short_seller, table, field):
    assert audit(short_seller).count == 0
    row = short_seller._raw_arrays()[table][-1]
    kept = int(row[field])
    row[field] = ord("1") if field == "side" else max(kept - 1000, 0) if field == "short_margin_bps" else kept ^ 1
    assert audit(short_seller).count > 0
    row[field] = kept
    assert audit(short_seller).count == 0


@pytest.mark.parametrize(("table", "field"), [("cash", "payable"), ("holding", "incoming")])
def test_an_item_on_another_date_is_found(engine, table, field):
    """The sums are right, and yet it would settle too late."""
    rows = engine._raw_arrays()[table]
    row = np.flatnonzero(rows[f"ladder_{field}"][:, 0])[0]
    rows["ladder_date"][row, 0] += 1
    found = [str(finding) for finding in audit(engine).findings]
    rows["ladder_date"][row, 0] -= 1
    assert [f"{table} row {row}: {field} of day" in word for word in found].count(True) == 2


def test_two_executions_of_one_key_are_found(engine):
    rows = engine._raw_arrays()["execution"]
    first, second = np.flatnonzero(rows["key_hash"])[:2]
    before = rows[second].copy()
    for name in ("exchange", "trade_date", "side", "exec_id", "key_hash"):
        rows[name][second] = rows[name][first]
    found = [finding for finding in audit(engine).findings if finding.field.startswith("key")]
    rows[second] = before
    assert [(finding.row, finding.ours) for finding in found] == [(second, first)]


def test_a_hold_too_small_is_told_with_both_figures(engine):
    rows = engine._raw_arrays()["order"]
    row = int(np.flatnonzero(still_open(rows))[0])
    expected = int(rows["reserved"][row])
    rows["reserved"][row] -= 7
    words = [str(finding) for finding in audit(engine).findings]
    rows["reserved"][row] += 7
    assert words == [f"order row {row}: reserved is {expected - 7}, and should be {expected}"]


@pytest.fixture
def store(tmp_path):
    workload = Workload(8)
    with opened(tmp_path) as engine:
        for _ in range(2):
            workload.play(engine, 60)
            engine.snapshot(tmp_path / "snapshots")
        workload.play(engine, 20)
    return tmp_path


def test_a_sound_store_is_ok(store):
    report = verify(store, CAPACITIES)
    assert report.ok
    assert report.problems == []
    replica = Replica(store, CAPACITIES)
    assert (report.state_hash, report.sequence) == (replica.state_hash(), replica.sequence)
    assert report.snapshots == [path.name for path in newest_first(store / "snapshots")]


def test_every_flipped_byte_of_a_snapshots_tables_is_told(store):
    path = newest_first(store / "snapshots")[0]
    good = path.read_bytes()
    for place in range(len(good) - 1, len(good) // 2, -len(good) // 25):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        report = verify(store, CAPACITIES)
        assert len(report.problems) == 1
        assert path.name in report.problems[0]


def test_a_snapshot_of_another_state_is_told(store):
    """Its checksums are right, and yet it is not what the journal leads to."""
    path = newest_first(store / "snapshots")[0]
    replica = Replica(store, CAPACITIES, to=Moment(int(path.stem)), use_snapshots=False)
    replica.core.rows("cash")["booked"][1] += 1
    replica.write_snapshot()
    report = verify(store, CAPACITIES)
    assert report.problems == [f"snapshot {path.name} and its tail do not lead to the state of the whole journal"]


def test_damage_to_the_journal_is_told_with_its_place(store):
    segment = sorted((store / "journal").glob("*.journal"))[0]
    data = bytearray(segment.read_bytes())
    data[5000] ^= 1
    segment.write_bytes(data)
    report = verify(store, CAPACITIES)
    assert not report.ok
    assert segment.name in report.problems[0]
    assert report.state_hash == ""


def test_a_live_store_is_verified_as_far_as_it_is_committed(tmp_path):
    with opened(tmp_path) as engine:
        Workload(3).play(engine, 50)
        assert engine.journal is not None
        engine.journal.flush()
        report = verify(tmp_path, CAPACITIES)
        assert report.ok
        assert report.live
        assert report.state_hash == engine.state_hash()
