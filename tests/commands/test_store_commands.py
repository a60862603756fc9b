"""`oms verify`, `replay`, `snapshot` and the listings: of a store at rest, and beside the process that serves it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oms import Engine, cli
from oms.snapshot import newest_first
from oms.stat import percentiles
from tests.store.workload import Workload


class Living:
    """The serving process. play: some more steps; what the process then says of itself."""

    def __init__(self, store: Path, tables: Path) -> None:
        self.store, self.tables = store, tables
        command = [sys.executable, "-m", "tests.commands.living", str(store), str(tables)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.state = self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def play(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.state = self.read()
        return self.state

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0


@pytest.fixture
def living(tmp_path):
    store, tables = tmp_path / "store", tmp_path / "tables"
    store.mkdir()
    tables.mkdir()
    living = Living(store, tables)
    with living.process:
        yield living
        living.process.kill()


@pytest.fixture(scope="module")
def resting(tmp_path_factory):
    """A store at rest, and its engine, which stays readable."""
    store = tmp_path_factory.mktemp("store")
    with Engine(journal=store / "journal") as engine:
        Workload(5).play(engine, 150)
    return store, engine


@pytest.fixture
def oms(capsys):
    """Runs a command; its JSON document."""

    def run(*words: object, status: int = 0) -> dict[str, Any]:
        assert cli.main([*map(str, words), "--json"]) == status
        return dict(json.loads(capsys.readouterr().out))

    return run


def test_verify_and_replay_agree(resting, oms):
    store, engine = resting
    verified, replayed = oms("verify", store), oms("replay", store)
    assert verified["ok"]
    assert verified["problems"] == []
    assert verified["state_hash"] == replayed["state_hash"] == engine.state_hash()
    assert verified["records"] == replayed["records"] == str(engine.sequence)


def test_replay_stops_where_it_is_told_to(resting, oms, capsys):
    store, engine = resting
    hashes = {oms("replay", store, "--to", sequence)["state_hash"] for sequence in (1, 40, 41, engine.sequence)}
    assert len(hashes) == 4
    assert oms("replay", store, "--to", 41)["records"] == "41"
    assert cli.main(["replay", str(store), "--to", "999999"]) == 1
    assert "the journal ends at sequence" in capsys.readouterr().err


def test_a_snapshot_is_taken_at_rest(resting, oms, tmp_path):
    store, engine = resting
    found = oms("snapshot", store)
    path = Path(found["path"])
    assert path == newest_first(store / "snapshots")[0]
    assert (found["sequence"], found["bytes"]) == (str(engine.sequence), path.stat().st_size)
    assert found["state_hash"] == engine.state_hash()
    assert oms("verify", store)["snapshots"] == [path.name]


def test_the_listings_tell_what_the_engine_holds(resting, oms):
    store, engine = resting
    cash = oms("cash", store, "--account", "A")["cash"]
    assert {row["currency"]: Decimal(row["booked"]) for row in cash} == {
        currency: engine.cash("A", currency).booked for currency in ("AUD", "GBP", "JPY")
    }
    holdings = oms("holdings", store, "--instrument", "Q")["holdings"]
    for row in holdings:
        assert Decimal(row["total"]) == engine.holding(row["account"], "Q").total
    orders = oms("orders", store)
    assert orders["total"] == len(orders["orders"]) == int((engine.rows("order")["request"] != 0).sum())
    for row in orders["orders"]:
        if row["cl_ord_id"]:  # one from elsewhere has no name of ours
            picture = engine.order(row["account"], row["cl_ord_id"])
            assert (row["ord_status"], Decimal(row["reserved"])) == (picture.ord_status, picture.reserved)
    accounts = oms("accounts", store)["accounts"]
    assert [row["account"] for row in accounts] == ["A", "B", "C"]
    assert accounts[0]["users"] == ["desk", "alice"]


def test_a_statement_leads_to_what_the_engine_holds(resting, oms, capsys):
    store, engine = resting
    for account in ("A", "B", "C"):
        found = oms("statement", account, store, "--from", "2026-01-01")
        assert found["adds_up"]
        for part in found["parts"]:
            assert not any(Decimal(figure) for figure in part["opening"].values())
            assert part["closing"] == part["live"] == {n: part["closing"][n] for n in part["opening"]}
            for name in part["opening"]:
                changes = [Decimal(line["changes"].get(name, 0)) for line in part["lines"]]
                assert sum(changes) == Decimal(part["closing"][name])
        listed = {part["item"]: Decimal(part["available"]) for part in found["parts"] if part["of"] == "cash"}
        assert listed == {item: engine.cash(account, item).available for item in listed}
    one = oms("statement", "A", store, "--instrument", "Q")["parts"]
    assert [(part["item"], part["of"]) for part in one] == [("Q", "holding")]
    assert cli.main(["statement", "A", str(store), "--currency", "AUD"]) == 0
    assert "closing" in capsys.readouterr().out


def test_verify_shows_every_side_of_the_books(resting, oms, capsys):
    store, engine = resting
    found = {entry["item"]: entry for entry in oms("verify", store)["balances"]}
    assert {entry["sum"] for entry in found.values()} == {"0"}
    booked = sum(engine.cash(account, "AUD").booked for account in ("A", "B", "C"))
    assert Decimal(found["AUD"]["sides"]["booked"]) == booked
    outside = sum(map(Decimal, found["AUD"]["outside"].values()))
    assert outside == Decimal(found["AUD"]["sides"]["external"]) != 0
    assert cli.main(["verify", str(store)]) == 0
    assert "the sum of all sides is 0" in capsys.readouterr().out


def test_filters_narrow_and_limits_tell_what_they_leave_out(resting, oms, capsys):
    store, _ = resting
    everything = oms("orders", store)["total"]
    some = oms("orders", store, "--status", "open")["total"], oms("orders", store, "--status", "closed")["total"]
    assert sum(some) == everything
    assert all(row["status"] == "completed" for row in oms("requests", store, "--status", "completed")["requests"])
    assert len(oms("orders", store, "--limit", 2)["orders"]) == 2
    assert cli.main(["orders", str(store), "--limit", "2"]) == 0
    assert f"… and {everything - 2} more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cash", "--account", "nobody"], "no account is called 'nobody'"),
        (["cash", "--currency", "XXX"], "no currency is called 'XXX'"),
        (["holdings", "--instrument", "XXX"], "instrument 'XXX' is unknown"),
        (["orders", "--status", "sleeping"], "no status is called 'sleeping'"),
        (["orders", "--status", "sleeping"], "one of open, closed, new, partially_filled"),
        (["snapshot", "--keep", "0"], "at least one snapshot is kept"),
        (["replay", "--to", "0"], "a sequence is a number from 1 on"),
    ],
)
def test_wrong_words_are_answered_clearly(resting, capsys, words, says):
    store, _ = resting
    assert cli.main([words[0], str(store), *words[1:]]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "replay", "snapshot", "cash", "stat"])
def test_a_directory_without_a_store_is_named(tmp_path, capsys, command):
    for directory in (tmp_path, tmp_path / "missing"):
        assert cli.main([command, str(directory)]) == 1
        assert str(directory) in capsys.readouterr().err


def test_a_live_process_is_read_from_its_tables(living, oms):
    for _ in range(3):
        state = living.play()
        found = oms("cash", living.store)
        assert found["live"]
        assert found["sequence"] == str(state["sequence"])
        assert oms("cash", "--tables", living.tables)["cash"] == found["cash"]
    before = found["cash"]
    living.end()
    at_rest = oms("cash", living.store)
    assert not at_rest["live"]
    assert at_rest["cash"] == before


def test_a_statement_beside_a_live_process_adds_up(living, oms):
    for _ in range(3):
        state = living.play()
        found = oms("statement", "A", living.store, "--from", "2026-01-01")
        assert (found["sequence"], found["adds_up"]) == (str(state["sequence"]), True)


def test_a_damaged_snapshot_is_named_and_json_stays_one_document(resting, oms, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(resting[0], store)
    oms("snapshot", store)
    path = newest_first(store / "snapshots")[0]
    raw = bytearray(path.read_bytes())
    raw[9000] ^= 0xFF
    path.write_bytes(raw)
    done = subprocess.run(
        [sys.executable, "-m", "oms", "snapshot", str(store), "--json"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["refused"] == [str(path)]
    assert done.stderr.count("snapshot refused") == 1


def test_a_snapshot_beside_a_live_process_is_its_state(living, oms):
    for _ in range(3):
        state = living.play()
        found = oms("snapshot", living.store, "--keep", 2)
        assert (found["sequence"], found["state_hash"]) == (str(state["sequence"]), state["state_hash"])
        verified = oms("verify", living.store)
        assert verified["ok"]
        assert verified["live"]
    assert len(newest_first(living.store / "snapshots")) == 2
    state = living.play()
    living.end()
    with Engine(journal=living.store / "journal", snapshots=living.store / "snapshots") as engine:
        assert engine.state_hash() == state["state_hash"]


def test_the_state_of_a_killed_process_is_read_at_rest(living, oms):
    state = living.play()
    living.process.kill()
    living.process.wait()
    found = oms("orders", living.store)
    assert not found["live"]
    assert found["sequence"] == str(state["sequence"])


def test_stat_tells_where_a_live_process_stands(living, oms):
    state = living.play()
    found = oms("stat", living.store)
    assert found["live"]
    assert found["process"]["pid"] == living.process.pid
    assert found["process"]["sequence"] == str(state["sequence"])
    assert {feed["feed"] for feed in found["feeds"]} == {"XASX", "XASX2", "XLON", "bank", "registry"}
    assert {row["exchange"]: row["session"] for row in found["exchanges"]} == {"XASX": "open", "XLON": "open"}
    tables = {row["table"]: row for row in found["tables"]}
    assert tables["account"]["rows"] == 3
    assert tables["account"]["capacity"] == 65535
    assert cli.main(["stat", str(living.store)]) == 0


def test_percentiles_are_those_of_the_durations():
    durations = sorted(random.Random(1).choices([5, 80, 900, 4000, 70_000], k=999))
    buckets = np.zeros(512, np.uint64)
    for ns in durations:
        high = max(ns, 8).bit_length() - 1
        buckets[8 * high + (ns >> (high - 3) & 7)] += 1
    found = percentiles(buckets, durations[-1])
    for name, share in (("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p99_9_ns", 0.999)):
        exact = durations[int(share * len(durations))]
        assert exact <= found[name] <= exact * 1.125 + 1
    assert set(percentiles(np.zeros(512, np.uint64), 0).values()) == {0}
