"""The exchange's list of open orders: what it says is told, and handed to the core."""

import pytest

from tests.start_of_day.delivery import FILES, check, deliver, load, new_engine

HEADER = "order_id,account,instrument,side,order_qty,cum_qty,price,time_in_force\n"
NEXT = "2026-11-23"


def orders(*rows, source="XASX", **declared):
    body = HEADER + "".join(row + "\n" for row in rows)
    total = sum(int(row.split(",")[4]) for row in rows)
    fields = {"kind": "open_orders", "as_of": NEXT, "source": source, "rows": len(rows), "total": total}
    fields |= {"complete": "yes"} | declared
    return {"open_orders.csv": "#" + ",".join(f"{key}={value}" for key, value in fields.items()) + "\n" + body}


@pytest.fixture
def engine(tmp_path):
    engine = new_engine()
    load(deliver(tmp_path / "first"), engine)
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    for cl_ord_id in ("C1", "C2"):
        engine.submit("A2", cl_ord_id, "BHP", "buy", 10, "45.00", time_in_force="gtc")
        engine.report("new", account="A2", cl_ord_id=cl_ord_id, order_id=f"X{cl_ord_id}")
    engine.session("XASX", "complete")
    return engine


def order_breaks(report):
    return [(b.reason, b.account, b.order, b.field, b.difference) for b in report.breaks if b.kind == "open_orders"]


def test_a_list_that_agrees_says_nothing(engine, tmp_path):
    both = orders("XC1,A2,BHP,buy,10,0,45.00,gtc", "XC2,A2,BHP.XASX,buy,10,,45,gtc")
    assert load(deliver(tmp_path / "sod", both, as_of=NEXT), engine).result == "ok"
    assert engine.order("A2", "C1").ord_status == "new"


def test_unknown_missing_and_different_orders(engine, tmp_path):
    rows = ("XC1,A2,BHP,buy,8,0,44.50,gtc", "X77,A1,BHP,sell,5,0,46.00,gtc", "X78,ZZ,BHP,sell,5,0,46.00,gtc")
    dry = check(deliver(tmp_path / "sod", orders(*rows), as_of=NEXT), engine).report
    report = load(tmp_path / "sod", engine)
    assert report.as_dict() == dry.as_dict()
    assert order_breaks(report) == [
        ("order_differs", "A2", "XC1", "order_qty", "-2"),
        ("order_differs", "A2", "XC1", "price", "-0.50"),
        ("order_unknown", "A1", "X77", "", ""),
        ("account_unknown", "ZZ", "X78", "", ""),
        ("order_missing", "A2", "XC2", "", ""),
    ]
    assert engine.order("A2", "C1").order_qty == 8
    assert engine.request("A2", "C2").status == "in_doubt"
    assert engine.holding("A1", "BHP").reserved == 5, "made here, and reserved without a check"


def test_an_incomplete_list_puts_nothing_in_doubt(engine, tmp_path):
    few = orders("XC1,A2,BHP,buy,10,0,45.00,gtc", complete="no")
    assert order_breaks(load(deliver(tmp_path / "sod", few, as_of=NEXT), engine)) == []
    assert engine.request("A2", "C2").status != "in_doubt"


@pytest.mark.parametrize(
    ("changed", "line", "column"),
    [
        (orders("X1,A1,BHP,buy,10,10,45.00,gtc"), 3, "cum_qty"),
        (orders("X1,A1,TM,buy,10,0,45,gtc"), 3, "instrument"),
        (orders("X1,A1,BHP,buy,10,0,45.00,gtc", "X1,A1,BHP,buy,10,0,45.00,gtc"), 4, "order_id"),
        (orders("X1,A1,BHP,hold,10,0,45.00,gtc"), 3, "side"),
        (orders("X1,A1,BHP,buy,10,0,-45.00,gtc"), 3, "price"),
        (orders("X1,A1,BHP,buy,10,0,45.00,gtc", source="NOWHERE"), 1, "source"),
        (orders("X1,A1,BHP,buy,10,0,45.00,gtc", complete="perhaps"), 1, ""),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(engine, tmp_path, changed, line, column):
    report = check(deliver(tmp_path / "sod", changed, as_of=NEXT), engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [("open_orders.csv", line, column)]


def test_the_list_of_an_exchange_may_be_left_to_its_adapter(engine, tmp_path):
    assert load(deliver(tmp_path / "sod", as_of=NEXT), engine).result == "ok"
    assert "open_orders.csv" not in FILES
