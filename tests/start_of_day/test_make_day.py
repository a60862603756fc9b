"""The made-up day: the same for the same seed, sound where it should be, and with what is there to be refused."""

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from oms import Engine, cli
from oms.enums import Status
from oms.errors import OmsError
from oms.start_of_day.make_day import make_day
from oms.start_of_day.requests import market_records, read_day_file, request_records
from tests.start_of_day.delivery import load, reasons

SIZES = {"accounts": 300, "orders": 6000, "instruments": 40, "seed": 7}
BOOKED_REASONS = 15


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return make_day(tmp_path_factory.mktemp("day"), **SIZES)


def contents(directory: Path):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def configured(directory: Path) -> Engine:
    engine = Engine()
    settings = tomllib.loads((directory / "oms.toml").read_text())
    for code, currency in settings["currencies"].items():
        assert engine.define_currency(code, **currency).ok
    for mic, exchange in settings["exchanges"].items():
        assert engine.define_exchange(mic, **exchange).ok
    for name, schedule in settings["fees"].items():
        assert engine.define_fee(name, **schedule).ok
    for name, policy in settings["classes"].items():
        fees = policy.pop("fees")
        assert engine.define_class(name, **policy).ok
        for mic, schedule in fees.items():
            assert engine.assign_fee(name, schedule, None if mic == "*" else mic).ok
    for name, user in settings["users"].items():
        assert engine.define_user(name, **user).ok
    return engine


def test_the_same_seed_writes_the_same_bytes(day, tmp_path):
    assert contents(make_day(tmp_path / "again", **SIZES).directory) == contents(day.directory)
    other = contents(make_day(tmp_path / "other", **SIZES | {"seed": 8}).directory)
    assert other["requests.csv"] != contents(day.directory)["requests.csv"]


def test_its_start_of_day_has_the_breaks_that_it_says(day):
    engine = configured(day.directory)
    first = load(day.directory / "take_on", engine)
    assert (first.result, first.breaks) == ("ok", [])
    assert first.business_date == str(day.as_of)
    today = load(day.directory / "sod", engine)
    assert today.business_date == str(day.business_date)
    assert today.result == "accounts_closed"
    found = Counter(reason for reason, *_ in reasons(today))
    assert found["difference"] == 1
    assert found["account_absent"] >= 1
    assert found["within_tolerance"] == 1
    assert found["order_unknown"] == day.open_orders > 0
    assert today.counts["accounts_new"] == 3
    accounts = engine.arrays()["account"]
    assert sorted(day.unreconciled) == sorted(code.decode() for code in accounts["code"][accounts["unreconciled"] == 1])


def test_its_requests_reach_many_reasons_and_most_are_sound(day):
    engine = configured(day.directory)
    for name in ("take_on", "sod"):
        load(day.directory / name, engine)
    for mic in ("XASX", "XNZE"):
        assert engine.session(mic, "open").ok
        assert engine.open_feed(mic).ok
    for record in market_records(read_day_file(day.directory, "market", engine.arrays())):
        assert engine.apply(record).ok
    file = read_day_file(day.directory, "requests", engine.arrays())
    client = engine.user_slot("client1")
    answers = Counter()
    for _, record in request_records(file):
        answer = engine.apply(record, client).answer
        assert answer is not None
        answers[Status(answer["status"]).name] += 1
    assert sum(answers.values()) == SIZES["orders"]
    assert answers["ok"] > 0.9 * SIZES["orders"]
    assert len(answers) > BOOKED_REASONS
    assert "record_malformed" not in answers
    assert engine.arrays()["firm"]["queued"][1] > 0


def test_orders_of_different_accounts_meet(day):
    """Per instrument, some buys are priced at or above some sells."""
    engine = configured(day.directory)
    load(day.directory / "take_on", engine)
    load(day.directory / "sod", engine)
    rows = read_day_file(day.directory, "requests", engine.arrays()).arrays
    sound = (rows["type"] == ord("D")) & (rows["ord_type"] == ord("2")) & (rows["price"] > 0)
    crossing = 0
    for instrument in set(rows["instrument"][sound].tolist()):
        here = sound & (rows["instrument"] == instrument)
        buys, sells = (rows["price"][here & (rows["side"] == ord(side))] for side in "12")
        crossing += bool(len(buys) and len(sells) and buys.max() >= sells.min())
    assert crossing > SIZES["instruments"] // 2


def test_a_day_that_is_too_small_is_told(tmp_path):
    with pytest.raises(OmsError, match="too small"):
        make_day(tmp_path, accounts=3)


def test_the_tool_writes_a_day(tmp_path):
    arguments = ["--dir", str(tmp_path / "day"), "--accounts", "60", "--orders", "100", "--instruments", "20"]
    run = subprocess.run([sys.executable, "tools/make_day.py", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "100 requests" in run.stdout
    assert (tmp_path / "day" / "requests.csv").read_text().count("\n") == 102
    few = [*arguments[:2], "--accounts", "3"]
    run = subprocess.run([sys.executable, "tools/make_day.py", *few], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


def test_the_command_line_loads_it_into_a_new_store(day, tmp_path, capsys):
    store = tmp_path / "store"
    store.mkdir()
    (store / "oms.toml").write_bytes((day.directory / "oms.toml").read_bytes())

    def sod(action, name):
        status = cli.main(["sod", action, str(day.directory / name), "--dir", str(store), "--json"])
        return status, json.loads(capsys.readouterr().out)["counts"]

    assert sod("check", "take_on")[0] == 0
    assert not (store / "journal").exists()
    assert sod("load", "take_on")[0] == 0
    checked, loaded = sod("check", "sod"), sod("load", "sod")
    assert checked == loaded
    assert loaded[0] == 3
    assert loaded[1]["accounts_closed"] == 2
