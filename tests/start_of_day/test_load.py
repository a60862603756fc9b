"""Loading: positions are taken over whole or not at all, once, and by nobody unnamed."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from oms import Engine
from oms.errors import OmsError
from oms.start_of_day.figures import days
from oms.start_of_day.plan import prepare
from oms.start_of_day.run import build_records, sign_off
from tests.start_of_day.delivery import AS_OF, FILES, check, deliver, load, new_engine, reasons

NEXT = "2026-11-23"


@pytest.fixture
def engine():
    return new_engine()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sod"


def business_date(engine):
    return int(engine.arrays()["firm"]["business_date"][1])


def test_a_first_load_takes_every_figure_over(engine, folder):
    report = load(deliver(folder), engine)
    assert report.result == "ok"
    assert report.counts["cash_opening"] == 4
    assert engine.cash("A1", "AUD").booked == Decimal("1000.5")
    assert engine.cash("A3", "AUD").booked == Decimal("-12.3456")
    assert engine.cash("A3", "JPY").booked == 500000
    assert engine.holding("A1", "BHP").settled == 100
    assert engine.holding("A1", "BHP").average_price == Decimal("44.12345678")
    assert engine.holding("A3", "TM").average_price is None
    assert business_date(engine) == days(date(2026, 11, 23))
    text = engine.arrays()["text"]["bytes"].tobytes()
    assert b'Smith, "Ann" Jo' in text


def test_the_columns_may_come_in_any_order_with_crlf_and_without_a_last_line_end(engine, folder):
    lines = ["booked,account,currency", "5.25,A1,AUD", '"7",A2,"AUD"', "9,A3,JPY"]
    head = "#kind=cash,as_of=2026-11-20,source=B,rows=3,total=21.25"
    deliver(folder, {"cash.csv": "\r\n".join([head, *lines])})
    assert load(folder, engine).result == "ok"
    assert engine.cash("A1", "AUD").booked == Decimal("5.25")
    assert engine.cash("A3", "JPY").booked == 9


def test_the_same_files_again_change_nothing(engine, folder):
    load(deliver(folder), engine)
    before = engine.state_hash()
    report = load(folder, engine)
    assert [line.state for line in report.files if line.kind in ("cash", "holdings")] == ["loaded_before"] * 2
    assert report.result == "ok"
    assert engine.state_hash() == before


def test_a_dry_run_says_the_same_and_changes_nothing(engine, folder):
    load(deliver(folder), engine)
    changed = FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,900").replace("A2,AUD,20000.00", "A2,AUD,20000.75")
    deliver(folder, {"cash.csv": changed}, as_of=NEXT)
    before = engine.state_hash()
    dry = check(folder, engine).report
    assert engine.state_hash() == before
    real = load(folder, engine)
    assert real.as_dict() == dry.as_dict()
    again = load(folder, engine)
    assert again.breaks == real.breaks


def test_a_break_over_the_tolerance_keeps_the_account_closed_until_it_is_signed_off(engine, folder):
    load(deliver(folder), engine)
    changed = FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,900").replace("A2,AUD,20000.00", "A2,AUD,20000.75")
    report = load(deliver(folder, {"cash.csv": changed}, as_of=NEXT), engine)
    assert reasons(report) == [("difference", "A1", "AUD"), ("within_tolerance", "A2", "AUD")]
    assert (report.breaks[0].ours, report.breaks[0].theirs) == ("1000.5000", "900.0000")
    assert report.breaks[0].difference == "-100.5000"
    assert report.status == 3
    assert engine.cash("A1", "AUD").booked == 900
    closed = engine.arrays()["account"]["unreconciled"].tolist()
    assert closed == [0, 1, 0, 0]
    assert sign_off(["A1", "A2"], "ops1", "asked the bank", engine.apply_batch, engine.arrays()) == ["A1"]
    assert not engine.arrays()["account"]["unreconciled"].any()
    before = engine.state_hash()
    assert load(folder, engine).status == 0, "what was signed off stays open"
    assert engine.state_hash() == before


def test_absent_never_means_zero(engine, folder):
    load(deliver(folder), engine)
    cash = FILES["cash.csv"].replace("A2,AUD,20000.00\n", "").replace("A3,AUD,-12.3456\n", "")
    holdings = FILES["holdings.csv"].replace("A3,TM.XTKS,300,\n", "")
    accounts = FILES["accounts.csv"].replace("A1,retail,AUD,\n", "")
    changes = {"cash.csv": cash, "holdings.csv": holdings, "accounts.csv": accounts}
    report = load(deliver(folder, changes, as_of=NEXT), engine)
    assert reasons(report) == [
        ("account_absent", "A1", ""),
        ("account_absent", "A3", "AUD"),
        ("account_absent", "A2", "AUD"),
        ("account_absent", "A3", "TM.XTKS"),
    ]
    assert engine.cash("A2", "AUD").booked == 20000
    assert engine.holding("A3", "TM").settled == 300
    assert engine.arrays()["account"]["unreconciled"].tolist() == [0, 1, 1, 1]


def test_an_account_without_any_money_is_expected_in_its_own_currency(engine, folder):
    rows = ["A1,retail,AUD,", "A2,retail,AUD,", "A3,retail,JPY,", "A4,retail,AUD,active", "A5,retail,AUD,closed"]
    accounts = "\n".join(["account,class,currency,status", *rows, ""])
    report = load(deliver(folder, {"accounts.csv": accounts}), engine)
    assert reasons(report) == [("account_absent", "A4", "AUD")]
    assert engine.arrays()["account"]["unreconciled"].tolist() == [0, 0, 0, 0, 1, 0]


def test_an_unknown_account_is_told_and_the_others_open(engine, folder):
    cash = FILES["cash.csv"] + "ZZ,AUD,77.7\n=HYPERLINK(1),AUD,1\n"
    report = load(deliver(folder, {"cash.csv": cash}), engine)
    assert reasons(report) == [("account_unknown", "ZZ", "AUD"), ("account_unknown", "=HYPERLINK(1)", "AUD")]
    assert [entry.theirs for entry in report.breaks] == ["77.7000", "1.0000"]
    assert [entry.line for entry in report.breaks] == [7, 8]
    assert report.counts["unknown_accounts"] == 2
    assert report.status == 0
    assert not engine.arrays()["account"]["unreconciled"].any()


def test_a_figure_in_a_currency_that_an_account_with_a_past_never_had_is_a_break(engine, folder):
    load(deliver(folder), engine)
    report = load(deliver(folder, {"cash.csv": FILES["cash.csv"] + "A1,JPY,5000\n"}, as_of=NEXT), engine)
    assert reasons(report) == [("difference", "A1", "JPY")]
    assert report.breaks[0].ours == "0"


def test_new_and_changed_definitions_only_are_sent(engine, folder):
    load(deliver(folder), engine)
    accounts = FILES["accounts.csv"].replace("A1,retail,AUD,", "A1,retail,AUD,Jones") + "A4,retail,AUD,\n"
    changes = {
        "accounts.csv": accounts,
        "cash.csv": FILES["cash.csv"] + "A4,AUD,3\n",
        "instruments.csv": FILES["instruments.csv"].replace("45.50", "46.00") + "CBA,XASX,AUD,2,0.01,100\n",
        "holdings.csv": FILES["holdings.csv"] + "A4,CBA,5,\n",
    }
    plan = check(deliver(folder, changes, as_of=NEXT), engine)
    report = load(folder, engine)
    counts = {name: report.counts[name] for name in report.counts if name.endswith(("_new", "_changed"))}
    assert counts == {"accounts_new": 1, "accounts_changed": 1, "instruments_new": 1, "instruments_changed": 1}
    assert report.result == "ok"
    assert plan.report.as_dict() == report.as_dict()
    assert engine.holding("A4", "CBA").settled == 5
    assert engine.instrument_slot("CBA") == 3


def test_what_falls_due_is_settled_first_and_counted_once(engine, folder):
    load(deliver(folder), engine)
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    assert engine.submit("A1", "C1", "BHP", "buy", 10, "45.00").ok
    engine.report("new", account="A1", cl_ord_id="C1")
    fill = {"exec_id": "E1", "last_qty": 10, "last_px": "45.00", "cum_qty": 10, "leaves_qty": 0, "ord_status": "filled"}
    engine.report("trade", account="A1", cl_ord_id="C1", **fill)
    engine.session("XASX", "complete")
    for as_of, expected in (("2026-11-23", ("1000.5", "450")), ("2026-11-24", ("1000.5", "450"))):
        assert load(deliver(folder, as_of=as_of), engine).result == "ok"
        cash = engine.cash("A1", "AUD")
        assert (cash.booked, cash.payable) == (Decimal(expected[0]), Decimal(expected[1]))
    cash = FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,550.5")  # the bank has paid
    holdings = FILES["holdings.csv"].replace("A1,BHP,100,", "A1,BHP,110,")
    changes = {"cash.csv": cash, "holdings.csv": holdings}
    report = load(deliver(folder, changes, as_of="2026-11-25"), engine)
    assert report.result == "ok"
    assert (engine.cash("A1", "AUD").booked, engine.cash("A1", "AUD").payable) == (Decimal("550.5"), 0)
    assert engine.holding("A1", "BHP").settled == 110
    assert engine.holding("A1", "BHP").incoming == 0
    before = engine.state_hash()
    assert load(folder, engine).breaks == []
    assert engine.state_hash() == before


def test_what_settles_by_batches_of_its_own_stays_open(engine, folder):
    load(deliver(folder), engine)
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    engine.submit("A1", "C1", "BHP", "sell", 10, "45.00")
    engine.report("new", account="A1", cl_ord_id="C1")
    engine.report("trade", account="A1", cl_ord_id="C1", exec_id="E1", last_qty=10, last_px="45.00", cum_qty=10)
    engine.session("XASX", "complete")
    engine.business_date("2026-11-25")
    report = load(deliver(folder, as_of="2026-11-25"), engine, settle=False)
    assert report.result == "ok"
    assert engine.cash("A1", "AUD").receivable == 450
    assert check(folder, engine, settle=True).report.breaks == [], "a settlement after the load only closes items"


def test_movements_after_as_of_stay_on_top(engine, folder):
    load(deliver(folder), engine)
    engine.deposit("A1", "AUD", "50", "D1")
    corrected = FILES["cash.csv"].replace("A2,AUD,20000.00", "A2,AUD,20000.50")
    report = load(deliver(folder, {"cash.csv": corrected}), engine, supersede=True, by="ops1")
    assert reasons(report) == []
    assert engine.cash("A1", "AUD").booked == Decimal("1050.5")
    assert engine.cash("A2", "AUD").booked == Decimal("20000.5")


def test_another_file_of_the_same_source_needs_a_named_operator(engine, folder):
    load(deliver(folder), engine)
    deliver(folder, {"cash.csv": FILES["cash.csv"].replace("1000.5", "1000.6")})
    before = engine.state_hash()
    report = load(folder, engine)
    assert report.status == 1
    assert "supersede" in report.faults[0].reason
    assert engine.state_hash() == before
    with pytest.raises(OmsError, match="named operator"):
        check(folder, engine, supersede=True)
    with pytest.raises(OmsError, match="no active user 'nobody'"):
        check(folder, engine, supersede=True, by="nobody")
    assert load(folder, engine, supersede=True, by="ops1").status == 0
    assert engine.cash("A1", "AUD").booked == Decimal("1000.6")
    loads = engine.arrays()["load"]
    assert engine.arrays()["user"]["name"][loads["user"][-1]] == b"ops1"


def test_several_banks_deliver_a_file_each(engine, folder):
    changes = {
        "cash.csv": None,
        "cash-BANK1.csv": "account,currency,booked\nA1,AUD,1\nA2,AUD,2\nA3,AUD,3\n",
        "cash-BANK2.csv": "account,currency,booked\nA3,JPY,4\n",
    }
    deliver(folder, changes)
    assert load(folder, engine).status == 0
    assert engine.cash("A3", "JPY").booked == 4
    changes["cash-BANK2.csv"] = "account,currency,booked\nA3,JPY,4\nA2,AUD,9\n"
    report = check(deliver(folder, changes, as_of=NEXT), engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [("cash-BANK2.csv", 4, "account")]
    report = check(deliver(folder, changes, as_of=NEXT, source="BANK"), engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [("cash-BANK2.csv", 1, "source")]


@pytest.mark.parametrize("cut", range(12))
def test_a_run_that_was_cut_short_is_simply_run_again(tmp_path, cut):
    """Every place where it can be cut leads to the same books and the same accounts closed."""
    changed = {
        "accounts.csv": FILES["accounts.csv"] + "A4,retail,AUD,\n",
        "cash.csv": FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,900") + "A4,AUD,3\n",
        "holdings.csv": FILES["holdings.csv"].replace("A3,TM.XTKS,300", "A3,TM.XTKS,301") + "A4,BHP,5,\n",
    }
    ends = []
    for cut_at in (None, cut):
        engine = new_engine()
        load(deliver(tmp_path / "sod"), engine)
        folder = deliver(tmp_path / "next", changed, as_of=NEXT)
        plan = prepare(folder, engine.arrays())
        for number, batch in enumerate(build_records(plan, engine.arrays)):
            if number == cut_at:
                break
            engine.apply_batch(batch)
        if cut_at is not None:
            report = load(folder, engine)
            assert report.breaks == plan.report.breaks
        arrays = engine.arrays()
        tables = {name: arrays[name] for name in ("account", "cash", "holding")}
        ends.append({name: np.delete(table, 0) for name, table in tables.items()})
    for name, table in ends[0].items():
        for field in table.dtype.names:
            if field != "version":
                assert np.array_equal(table[field], ends[1][name][field]), (name, field)


def test_a_journal_replays_to_the_same_state(tmp_path):
    folder = deliver(tmp_path / "sod")
    with new_engine(journal=tmp_path / "journal") as engine:
        load(folder, engine, by="ops1")
        deliver(folder, {"cash.csv": FILES["cash.csv"].replace("1000.5", "900")}, as_of=NEXT)
        load(folder, engine, by="ops1")
        before = engine.state_hash()
    with Engine(journal=tmp_path / "journal") as engine:
        assert engine.state_hash() == before


def test_a_full_table_is_told(folder):
    engine = new_engine(capacities={"stage": 3})
    with pytest.raises(OmsError, match=r"cash\.csv did not come to count: load_count_differs|capacity_reached"):
        load(deliver(folder), engine)
    assert engine.cash("A1", "AUD").booked == 0
    engine = new_engine(capacities={"account": 3})
    with pytest.raises(OmsError, match="refused 1 account definitions"):
        load(deliver(folder), engine)


def test_no_start_of_day_while_the_market_is_open(engine, folder):
    engine.session("XASX", "open")
    with pytest.raises(OmsError, match="session of XASX is open"):
        check(deliver(folder), engine)


def test_the_date_that_ended_is_the_one_that_is_loaded(engine, folder):
    load(deliver(folder), engine)
    for as_of, reason in (
        ("2026-11-19", "is over"),
        ("2026-11-24", "does not end the business date 2026-11-23"),
    ):
        report = check(deliver(folder, as_of=as_of), engine).report
        assert {reason in fault.reason for fault in report.faults} == {True}
    assert check(deliver(folder, as_of=NEXT), engine).report.status == 0
    report = check(deliver(folder, as_of=NEXT), engine, business_date=date(2026, 11, 23)).report
    assert "not before the business date" in report.faults[0].reason
    assert load(folder, engine, business_date=date(2026, 11, 26)).status == 0
    assert business_date(engine) == days(date(2026, 11, 26))


def test_all_files_describe_the_same_date(engine, folder):
    deliver(folder)
    text = (folder / "cash.csv").read_text().replace(AS_OF, "2026-11-19")
    (folder / "cash.csv").write_text(text)
    report = check(folder, engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [("cash.csv", 1, "as_of")]
