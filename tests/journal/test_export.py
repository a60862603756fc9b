"""`oms journal export`: every record in words; names for numbers, figures as people write them."""

import json
from pathlib import Path

import pytest

from oms import Engine, schema
from oms.journal_export import export
from oms.moment import moment
from tests.journal.test_commands import oms


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Engine(journal=tmp_path / "journal") as engine:
        engine.define_currency("AUD", 2)
        engine.define_exchange("XASX")
        engine.define_class("retail")
        engine.define_user("ann", ["trade_any", "operate"])
        engine.define_account("K1", account_class="retail")
        engine.define_account("K2", account_class="retail")
        engine.define_instrument("BHP", exchange="XASX", currency="AUD", price_exponent=3, tick="0.001")
        engine.deposit("K1", "AUD", "1000.50", "D1", by="ann")
        engine.deposit("K2", "AUD", "7", "D2", by="ann")
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        engine.submit("K1", "A", instrument="BHP", side="buy", order_qty=100, price="1.234", by="ann")
        engine.replace("K1", "B", "A", order_qty=90, price="1.230", by="ann")
        engine.control("firm", state="halted", by="ann", reason="a test")
    return tmp_path


def of(store: Path, kind: str, **conditions: object) -> dict[str, object]:
    [found] = list(export(store, kinds=[kind], **conditions))
    return found


def test_names_figures_and_times(store):
    order = of(store, "NewOrderSingle")
    assert order["account"] == "K1"
    assert (order["instrument"], order["side"], order["order_qty"], order["price"]) == ("BHP", "buy", "100", "1.234")
    assert (order["ord_type"], order["cl_ord_id"], order["by"]) == ("limit", "A", "ann")
    assert str(order["time"]).startswith("2026-01-01T00:00:00.")
    assert "stop_px" not in order
    replaced = of(store, "OrderCancelReplaceRequest")
    assert (replaced["order_qty"], replaced["price"], replaced["orig_cl_ord_id"]) == ("90", "1.23", "A")
    control = of(store, "Control")
    assert (control["scope"], control["state"], control["reason"]) == ("firm", "halted", "a test")
    defined = of(store, "DefineInstrument")
    assert (defined["symbol"], defined["exchange"], defined["currency"], defined["tick"]) == (
        "BHP",
        "XASX",
        "AUD",
        "0.001",
    )
    money = of(store, "Movement", account="K1")
    assert (money["kind"], money["currency"], money["amount"]) == ("deposit", "AUD", "1000.5")


def test_it_leaves_nothing_out(store):
    lines = list(export(store))
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    names = {record.name for record in schema.RECORDS}
    assert {str(line["record"]) for line in lines} <= names


def test_a_part_of_it(store):
    lines = list(export(store))
    assert list(export(store, moment("3"), moment("5"))) == lines[2:5]
    third = str(lines[2]["time"]).replace(" ", "T")
    assert list(export(store, moment(third), moment(third))) == [lines[2]]
    assert {line["record"] for line in export(store, kinds=["Movement", "Control"])} == {"Movement", "Control"}
    assert [line.get("code") or line["record"] for line in export(store, account="K2")] == ["K2", "Movement"]


def test_the_command(capsys, store, tmp_path):
    status, text = oms(capsys, "journal", "export", store, "--type", "Movement")
    assert status == 0
    assert [json.loads(line)["amount"] for line in text.splitlines()] == ["1000.5", "7"]
    out = tmp_path / "export.jsonl"
    status, text = oms(capsys, "journal", "export", store, "--out", out, "--json")
    assert (status, json.loads(text)["records"]) == (0, len(out.read_text().splitlines()))
    assert oms(capsys, "journal", "export", store, "--out", out)[1].startswith("there is a file already")
    assert oms(capsys, "journal", "export", store, "--type", "Nothing")[1].startswith("no record is called Nothing")


def test_what_fails_leaves_no_file(capsys, store, tmp_path):
    """The same command, put right, finds the name free."""
    out = tmp_path / "export.jsonl"
    assert oms(capsys, "journal", "export", store, "--account", "NOBODY", "--out", out)[0] == 1
    assert list(tmp_path.glob("export*")) == []
    assert oms(capsys, "journal", "export", store, "--account", "K1", "--out", out)[0] == 0
