"""The report and the command line: the same in every form, harmless to open, and an exit status that tells."""

import csv
import io
import json
import subprocess
import sys

import pytest

from oms import Engine, cli
from oms.start_of_day.report import Break, Report, csv_text
from tests.start_of_day.delivery import FILES, deliver, new_engine

NEXT = "2026-11-23"
CHANGED = FILES["cash.csv"].replace("A1,AUD,1000.5", "A1,AUD,900")


@pytest.fixture
def store(tmp_path):
    """A directory at rest with reference data, and the files of a first day in `first`."""
    new_engine(journal=tmp_path / "journal").close()
    deliver(tmp_path / "first")
    return tmp_path


def oms(capsys, *arguments):
    status = cli.main(["sod", *map(str, arguments)])
    return status, capsys.readouterr()


def test_load_sign_off_and_load_again(store, capsys):
    status, said = oms(capsys, "load", store / "first", "--dir", store)
    assert status == 0
    assert "as of 2026-11-20, business date 2026-11-23: ok" in said.out
    second = deliver(store / "second", {"cash.csv": CHANGED}, as_of=NEXT)
    dry, said = oms(capsys, "check", second, "--dir", store, "--json")
    checked = json.loads(said.out)
    status, said = oms(capsys, "load", second, "--dir", store, "--json", "--report", store / "breaks.csv")
    loaded = json.loads(said.out)
    assert (dry, status) == (3, 3)
    assert (checked.pop("dry_run"), loaded.pop("dry_run")) == (True, False)
    assert loaded == checked
    assert loaded["result"] == "accounts_closed"
    assert loaded["breaks"][0]["difference"] == "-100.5000"
    assert (store / "breaks.csv").read_text().splitlines()[1].split(",")[:3] == ["cash", "difference", "A1"]
    status, said = oms(capsys, "sign-off", "A1", "A2", "--dir", store, "--by", "ops1", "--reason", "=fine")
    assert (status, said.out) == (0, "A1: open\nA2: was open already\n")
    status, said = oms(capsys, "load", second, "--dir", store)
    assert status == 0
    assert said.out.count("loaded_before") == 2
    with Engine(journal=store / "journal") as engine:
        assert engine.cash("A1", "AUD").booked == 900
        assert not engine.arrays()["account"]["unreconciled"].any()


def test_a_check_leaves_the_store_as_it_is(store, capsys):
    before = {path.name: path.read_bytes() for path in (store / "journal").iterdir()}
    assert oms(capsys, "check", store / "first", "--dir", store)[0] == 0
    assert oms(capsys, "load", store / "first", "--dir", store, "--dry-run")[0] == 0
    assert {path.name: path.read_bytes() for path in (store / "journal").iterdir()} == before


def test_faults_are_told_with_their_place(store, capsys):
    deliver(store / "first", {"cash.csv": FILES["cash.csv"].replace("A2,AUD", "A2,XXX")})
    status, said = oms(capsys, "load", store / "first", "--dir", store)
    assert status == 1
    assert "cash.csv:4  currency  unknown  XXX" in " ".join(said.out.split(" ")).replace("   ", "  ")
    assert "nothing is loaded" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["load", "first", "--dir", "elsewhere"], "there is no journal"),
        (["load", "nowhere", "--dir", "."], "No such file or directory"),
        (["load", "journal", "--dir", "."], "no accounts.csv and no instruments.csv"),
        (["load", "first", "--dir", ".", "--by", "nobody"], "no active user 'nobody'"),
        (["load", "first", "--dir", ".", "--supersede"], "named operator"),
        (["sign-off", "A1", "--dir", ".", "--by", "nobody"], "no active user 'nobody'"),
        (["sign-off", "ZZ", "--dir", ".", "--by", "ops1"], "no account ZZ"),
        (["load", "first", "--dir", ".", "--date", "tomorrow"], "'tomorrow' is not a date"),
    ],
)
def test_wrong_use_is_told_without_a_traceback(store, arguments, told):
    command = [sys.executable, "-m", "oms", "sod", *arguments]
    run = subprocess.run(command, cwd=store, capture_output=True, text=True, check=False)
    assert run.returncode in (1, 2)
    assert told in run.stderr
    assert "Traceback" not in run.stderr


def test_no_text_of_the_csv_is_run_by_a_spreadsheet():
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'", "plain", 'quo"te,']
    report = Report(breaks=[Break("cash", "difference", text, ours="-1.0000", difference="-2.0000") for text in evil])
    rows = list(csv.DictReader(io.StringIO(csv_text(report), newline="")))
    accounts = [row["account"] for row in rows]
    assert accounts == ["'" + text for text in evil[:6]] + evil[6:]
    assert {row["ours"] for row in rows} == {"-1.0000"}, "figures of our own making stay numbers"
    assert [row["account_closed"] for row in rows] == ["no"] * len(evil)


def test_the_text_shows_no_control_characters_and_stays_short():
    report = Report(breaks=[Break("cash", "difference", "A\x1b[31m\n", ours="1")] * 500)
    text = report.text()
    assert "\x1b" not in text
    assert "and 480 more breaks" in text
    assert len(text.splitlines()) < 40
