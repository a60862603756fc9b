"""What is wrong with a file refuses it whole, with file, line, column and reason for every bad row."""

import os
import threading

import pytest

from oms.errors import OmsError
from oms.start_of_day import files
from oms.start_of_day.files import read_file
from oms.start_of_day.layouts import Column
from tests.start_of_day.delivery import FILES, check, control, deliver, load, new_engine

CASH = FILES["cash.csv"]


@pytest.fixture(scope="module")
def engine():
    return new_engine()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sod"


def cash_faults(engine, folder, cash, **declared):
    report = check(deliver(folder, {"cash.csv": cash}, **declared), engine).report
    assert report.status == 1 or not report.faults
    return [(fault.line, fault.column, fault.reason) for fault in report.faults]


def with_row(row):
    return CASH + row + "\n"


def test_nothing_of_a_delivery_is_loaded_when_one_row_is_bad(folder):
    engine = new_engine()
    before = engine.state_hash()
    holdings = "#kind=holdings,as_of=2026-11-20,source=R,rows=2,total=400\n" + FILES["holdings.csv"]
    report = load(deliver(folder, {"holdings.csv": holdings.replace("100,", "1OO,")}), engine)
    assert report.result == "refused"
    assert engine.state_hash() == before
    states = {line.name: line.state for line in report.files}
    assert states["holdings.csv"] == "refused"


def test_every_bad_row_is_named_not_only_the_first(engine, folder):
    cash = "account,currency,booked\nA1,AUD,1\nA2,EUR,1\nA3,JPY,1.5\nA3,AUD,1e3\nA1,USD\nA2,JPY,1\n"
    head = "#kind=cash,as_of=2026-11-20,source=B,rows=6,total=0\n"
    found = cash_faults(engine, folder, head + cash)
    assert [(line, column) for line, column, _ in found] == [(4, "currency"), (5, "booked"), (6, "booked"), (7, "")]
    assert [reason.split()[0] for _, _, reason in found] == ["unknown", "more", "not", "the"]


@pytest.mark.parametrize(
    ("declared", "column", "reason"),
    [
        ({"rows": 5}, "rows", "declares 5 rows, there are 4"),
        ({"total": "521000.5000"}, "total", "the rows have 520988.1544"),
        ({"as_of": "2026-02-30"}, "", "not a date of the calendar"),
        ({"as_of": "20.11.2026"}, "", "not a date such as"),
        ({"kind": "holdings"}, "", "says kind=holdings"),
        ({"rows": "4e0"}, "", "rows is not a whole number"),
        ({"rows": "٤"}, "", "must be ASCII"),
        ({"total": "1,5"}, "", "exactly these keys"),
        ({"total": "NaN"}, "", "not a plain decimal"),
        ({"source": ""}, "", "source must have"),
        ({"extra": "1"}, "", "exactly these keys"),
    ],
)
def test_a_control_line_that_does_not_hold(engine, folder, declared, column, reason):
    deliver(folder)
    head = control("cash", CASH, **({"source": "B"} | {name: declared[name] for name in declared if name != "kind"}))
    (folder / "cash.csv").write_text(head.replace("cash", declared.get("kind", "cash")) + CASH)
    report = check(folder, engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [("cash.csv", 1, column)]
    assert reason in report.faults[0].reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("account,currency,booked,note", "a column 'note'"),
        ("account,currency,balance", "no column booked"),
        ("account,currency,currency", "no column booked"),
        ("account,currency,booked,booked", "one twice"),
        ("Account,currency,booked", "no column account"),
        ('"account",currency,booked', "no column account"),
    ],
)
def test_a_header_that_is_another(engine, folder, header, reason):
    [(line, _, told)] = cash_faults(engine, folder, control("cash", CASH, source="B") + header + "\nA1,AUD,1\n")
    assert line == 2
    assert reason in told


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "control line"),
        (b"#kind=cash", "each with its line end"),
        (b"\xef\xbb\xbf#kind=cash\n", "byte order mark"),
        ("#kind=cash\naccount\n".encode("utf-16"), "byte order mark"),
        (b"\x00" * 100, "each with its line end"),
        (b"x" * 100_000, "each with its line end"),
        (b"#kind=cash\r\naccount,currency,booked\r\nA1,AUD,1\r\n", "exactly these keys"),
        (b"PK\x03\x04 not a table\n\n\n", "control character"),
    ],
)
def test_what_is_no_such_file(engine, folder, raw, reason):
    deliver(folder)
    (folder / "cash.csv").write_bytes(raw)
    [fault] = check(folder, engine).report.faults
    assert fault.file == "cash.csv"
    assert reason in fault.reason


def test_line_ends_of_two_kinds(engine, folder):
    text = (control("cash", CASH, source="B") + CASH).replace("\n", "\r\n")
    deliver(folder)
    (folder / "cash.csv").write_bytes(text.encode().replace(b"A2,AUD,20000.00\r\n", b"A2,AUD,20000.00\n"))
    report = check(folder, engine).report
    assert [(fault.line, fault.column) for fault in report.faults] == [(4, "")]
    (folder / "cash.csv").write_bytes(text.encode().replace(b"booked\r\n", b"booked\n"))
    report = check(folder, engine).report
    assert [(fault.line, fault.column) for fault in report.faults] == [(1, "")]
    assert "line ends of two kinds" in report.faults[0].reason


def test_the_same_account_and_currency_twice(engine, folder):
    for row in ("A1,AUD,1000.5", "A1,AUD,7"):
        assert [fault[:2] for fault in cash_faults(engine, folder, with_row(row))] == [(7, "account")]


def test_definitions_that_contradict(engine, folder):
    accounts = FILES["accounts.csv"] + "A1,retail,AUD,\n A9,retail,AUD,\nA8,nobody,AUD,\n" + "x" * 33 + ",retail,AUD,\n"
    report = check(deliver(folder, {"accounts.csv": accounts}), engine).report
    assert [(fault.line, fault.column) for fault in report.faults if fault.file == "accounts.csv"] == [
        (7, "account"),
        (8, "class"),
        (9, "account"),
    ]
    accounts = FILES["accounts.csv"] + "A1,retail,AUD,\n"
    report = check(deliver(folder, {"accounts.csv": accounts}), engine).report
    assert [(fault.line, fault.column, fault.reason) for fault in report.faults] == [
        (6, "account", "an earlier row has the same")
    ]


def test_units_that_figures_hang_on_cannot_change(tmp_path):
    engine = new_engine()
    load(deliver(tmp_path / "sod"), engine)
    instruments = FILES["instruments.csv"].replace("BHP,XASX,AUD,2,0.01", "BHP,XASX,AUD,3,0.010")
    report = check(deliver(tmp_path / "sod", {"instruments.csv": instruments}, as_of="2026-11-23"), engine).report
    assert [(fault.file, fault.line, fault.column) for fault in report.faults] == [
        ("instruments.csv", 3, "price_exponent")
    ]


@pytest.mark.parametrize(
    "row",
    ["A1,BHP,-1,", "A1,BHP,1.5,", "A1,XXX,1,", "A1,BHP.XTKS,1,", "A1,BHP,1,1.123456789", "A1,BHP,1,-2", "A1,BHP,,"],
)
def test_a_holding_that_cannot_be(engine, folder, row):
    holdings = "account,instrument,settled,average_price\n" + row + "\n"
    head = "#kind=holdings,as_of=2026-11-20,source=R,rows=1,total=1\n"
    report = check(deliver(folder, {"holdings.csv": head + holdings}), engine).report
    assert [(fault.file, fault.line) for fault in report.faults] == [("holdings.csv", 3)]


def test_a_file_that_is_missing_or_of_no_kind(engine, folder):
    with pytest.raises(OmsError, match=r"no cash\.csv and no holdings\.csv"):
        check(deliver(folder, {"cash.csv": None, "holdings.csv": None}), engine)
    with pytest.raises(OmsError, match=r"csah\.csv is no start-of-day file"):
        check(deliver(folder, {"csah.csv": "x"}), engine)
    (folder / "csah.csv").unlink()
    with pytest.raises(OmsError, match=r"accounts-2\.csv is no start-of-day file"):
        check(deliver(folder, {"accounts-2.csv": FILES["accounts.csv"]}), engine)
    with pytest.raises(FileNotFoundError):
        check(folder / "elsewhere", engine)


def test_what_is_not_a_regular_file_is_not_opened(engine, folder, tmp_path):
    deliver(folder)
    cash, aside = folder / "cash.csv", tmp_path / "aside.csv"
    cash.rename(aside)
    for make, reason in (
        (lambda: cash.symlink_to(aside), "symbolic link"),
        (lambda: os.mkfifo(cash), "not a regular file"),
        (lambda: cash.mkdir(), "not a regular file"),
        (lambda: cash.symlink_to("/dev/zero"), "symbolic link"),
    ):
        make()
        [fault] = check(folder, engine).report.faults
        assert reason in fault.reason
        cash.rmdir() if cash.is_dir() and not cash.is_symlink() else cash.unlink()


def test_a_file_over_the_limit_is_not_read(engine, folder, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
    [fault] = [fault for fault in check(deliver(folder), engine).report.faults if fault.file == "cash.csv"]
    assert "the limit is 100" in fault.reason


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "cash.csv"
    path.write_text("#kind=cash,as_of=2026-11-20,source=B,rows=1\nname\n" + "A\n")
    grown = threading.Event()

    def grow(name, done, total):
        if not grown.is_set():
            grown.set()
            with open(path, "a") as out:
                out.write("B\n")

    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        file = read_file(folder, "cash.csv", "cash", [Column("name", "text", width=8)], grow)
    finally:
        os.close(folder)
    assert any("changed while it was read" in fault.reason for fault in file.faults)


def test_a_huge_line_needs_no_huge_memory(tmp_path):
    path = tmp_path / "cash.csv"
    with open(path, "wb") as out:
        out.write(b"#kind=cash,as_of=2026-11-20,source=B,rows=3\nname\nA\n")
        for _ in range(64):
            out.write(b'"' * (1 << 20))
        out.write(b"\nC\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        file = read_file(folder, "cash.csv", "cash", [Column("name", "text", width=8)])
    finally:
        os.close(folder)
    assert [(fault.line, fault.reason.split()[-2]) for fault in file.faults] == [(4, "16384")]
    assert file.rows == 3
    assert file.arrays["name"].tolist()[::2] == [b"A", b"C"]


def test_a_delivery_of_a_million_faults_is_reported_within_bounds(engine, folder):
    rows = "bad\n" * 100_000
    head = "#kind=cash,as_of=2026-11-20,source=B,rows=100000,total=0\n"
    report = check(deliver(folder, {"cash.csv": head + "account,currency,booked\n" + rows}), engine).report
    assert report.fault_count == 100_000
    assert len(report.faults) == files.MAX_FAULTS
    assert "100000 faults" in report.text()
    assert len(report.text().splitlines()) < 40
