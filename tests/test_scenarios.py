"""The project's own rules: every scenario is played in three ways, and together they reach every status code."""

import json
from functools import cache
from pathlib import Path

import pytest

from oms import Engine, cli, records
from oms.enums import Status, StorageState
from oms.scenario.report import text
from oms.scenario.runner import run_files
from oms.verify import audit, in_words

FILES = sorted((Path(__file__).parent / "scenarios").rglob("*.yaml"))
WAYS = {"plain": {}, "restart_between": {"restart_between": True}, "twice": {"twice": True}}

# What no scenario can say: it has no words for malformed records, the process itself and the sessions of adapters. How
# full tables are, how slow the disk and who reads is in tests/overload, ids too long in tests/unit/test_parked.py.
ELSEWHERE = {
    *(Status.record_malformed, Status.side_not_supported, Status.ord_type_not_supported),
    *(Status.load_not_begun, Status.stage_taken, Status.move_owner_differs),
    *(Status.feed_deposed, Status.epoch_passed, Status.storage_low, Status.storage_full),
    *(Status.busy, Status.at_ease, Status.consumer_slow, Status.id_too_long),
    *(Status.table_filling, Status.table_nearly_full, Status.table_full, Status.table_has_room),
}


@cache
def play(file, way):
    return next(run_files([file], **WAYS[way], at_end=recompute))


def recompute(engine):
    """Whatever a scenario has done: every figure is found again without the core, and every statement adds up."""
    assert [in_words(engine, finding) for finding in audit(engine).findings] == []
    for owner, code in zip(*(engine.rows("account")[name][1:] for name in ("owner", "code")), strict=True):
        found = engine.statement(code.decode(), owner=int(owner))
        assert [(part.item, part.wrong) for part in found.parts if part.wrong] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rule(file, way):
    played = play(file, way)
    assert played.outcome == "ok", "\n" + text(played)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_restart_between_any_two_steps_changes_nothing(file):
    assert play(file, "restart_between").state_hash == play(file, "plain").state_hash != ""


def test_the_file_names_are_unique():
    assert len({file.stem for file in FILES}) == len(FILES)


def test_every_status_is_reached():
    reached = {status for file in FILES for status in play(file, "plain").statuses}
    assert {status.name for status in Status} - reached == {status.name for status in ELSEWHERE}


def test_what_no_scenario_can_say_is_answered_as_well():
    with Engine() as engine:
        engine.define_currency("AUD")
        engine.define_class("default")
        engine.define_exchange("XASX")
        engine.define_instrument("Q", exchange="XASX", currency="AUD")
        engine.define_account("K")
        engine.session("XASX", "open")
        assert engine.submit("K", "X", "Q", "9", 1, "5").status == Status.side_not_supported
        assert engine.submit("K", "T", "Q", "buy", 1, "5", ord_type="J").status == Status.ord_type_not_supported
        engine.business_date("2026-11-23")
        engine.session("XASX", "open")
        engine.deposit("K", "AUD", "100", "opening")
        assert engine.submit("K", "M", "Q", "buy", 1, "5").ok
        engine.define_account("ELSEWHERE", owner=7)
        other = len(engine.rows("account")) - 1
        moved = engine.record("MoveOrder", account=engine.account_slot("K"), to=other, cl_ord_id="M")
        assert moved.status == Status.move_owner_differs
        assert engine.open_feed("XASX", instance=1, epoch=5).ok
        assert engine.open_feed("XASX", instance=2, epoch=5).status == Status.feed_deposed
        assert [engine.record("Leading", epoch=1).status for _ in range(2)] == [Status.ok, Status.epoch_passed]
        assert engine.record("StorageChanged", state=StorageState.low).alerts == [Status.storage_low]
        assert engine.record("StorageChanged", state=StorageState.full).alerts == [Status.storage_full]
        row = records.encode("LoadCash", account=1, currency=1, booked=1)
        assert engine.apply(row).status == Status.load_not_begun
        request = bytearray(records.encode("OrderCancelRequest", account=1, cl_ord_id="C", orig_cl_ord_id="X"))
        before = engine.rows("request").tobytes()
        request[request.index(b"C") - 8 : request.index(b"C")] = b"\xff" * 8  # texts longer than the record
        assert engine.apply(bytes(request)).status == Status.record_malformed
        assert engine.rows("request").tobytes() == before


GIVEN = """
title: t
given:
  business_date: 2026-11-23
  currencies: {AUD: {}}
  exchanges: {XASX: {}}
  instruments: {Q: {exchange: XASX, currency: AUD}}
  accounts: {K: {cash: {AUD: "100"}}}
steps:
- new: {cl_ord_id: X, account: K, instrument: Q, side: buy, order_qty: 10, price: "5"}
"""


def run(tmp_path, capsys, steps, *options):
    file = tmp_path / "s.yaml"
    file.write_text(GIVEN + steps)
    status = cli.main(["scenario", "run", str(file), *options])
    return status, capsys.readouterr().out


def test_a_failure_names_step_line_expected_and_actual(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "  expect: {cash.K.AUD.reserved: 51, request.X.status: queued}\n")
    assert status == 1
    assert f"step 1 new ({tmp_path / 's.yaml'}:11): cash.K.AUD.reserved" in out
    assert "expected  51\n    actual    50\n" in out
    assert "expected  queued\n    actual    submitted\n" in out
    assert "1 failed" in out


def test_json_says_the_same(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "  expect: {cash.K.AUD.reserved: 51}\n", "--json")
    found = json.loads(out)
    assert (status, found["outcome"], found["counts"]["failed"]) == (1, "failed", 1)
    assert found["files"][0]["failures"] == [
        {
            "step": 1,
            "action": "new",
            "line": 11,
            "expectation": "cash.K.AUD.reserved",
            "expected": "51",
            "actual": "50",
        }
    ]


def test_what_is_not_yet_there_is_neither_passed_nor_failed(tmp_path, capsys):
    steps = "- claim: {cl_ord_id: X}\n- cancel: {cl_ord_id: C, orig_cl_ord_id: X}\n  expect: {sent: [new Z]}\n"
    status, out = run(tmp_path, capsys, steps, "--json")
    found = json.loads(out)
    assert (status, found["outcome"]) == (3, "not_yet")
    assert found["files"][0]["not_yet"] == [{"step": 2, "line": 11, "capability": "claims at the desk"}]
    assert found["files"][0]["steps"] == 1


def test_a_failure_before_what_is_not_yet_there_fails(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "  expect: {cash.K.AUD.reserved: 51}\n- claim: {cl_ord_id: X}\n")
    assert status == 1
    assert "claims at the desk: not yet" in out


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("title: t\ngiven: {}\nsteps: []\n")
    status, out = run(tmp_path, capsys, "", str(tmp_path / "a.yaml"))
    assert status == 1
    assert "given: business_date is missing" in out
    assert f"{tmp_path / 'a.yaml'}:2" in out
    assert "2 scenarios, 1 steps" in out


def test_a_directory_stands_for_its_files(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "", str(tmp_path))
    assert (status, out.count("s.yaml")) == (0, 2)
