"""A load that is killed at any moment leaves a store that is whole, and is simply run again."""

import random
import signal
import subprocess
import sys
import time

import pytest

from oms import Engine
from oms.start_of_day.make_day import make_day

KILLS = 4
TEXTS = ("order_id", "name", "attributes")  # where a text stands depends on what was put there before; its words do not


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return make_day(tmp_path_factory.mktemp("day"), accounts=400, orders=0, instruments=40, seed=3)


def load(day, name, store, kill_after=None):
    """Runs `oms sod load`; kill_after: seconds. Returns the exit status."""
    command = [sys.executable, "-m", "oms", "sod", "load", str(day.directory / name), "--dir", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert b"Traceback" not in errors
    return process.returncode


def books(store):
    with Engine(journal=store / "journal") as engine:
        arrays = engine.arrays()
        tables = {}
        for name in ("account", "cash", "holding", "order"):
            fields = [field for field in arrays[name].dtype.names if field not in ("version", "time_ns")]
            tables[name] = [
                [engine.text(ref) for ref in arrays[name][field]] if field in TEXTS else arrays[name][field].tolist()
                for field in fields
            ]
        return tables, int(arrays["firm"]["business_date"][1])


def new_store(day, path):
    path.mkdir()
    store = '[store]\ndurability = "none"\nsegment_bytes = 1048576\n'  # survives the process, as a kill asks for
    (path / "oms.toml").write_text(store + (day.directory / "oms.toml").read_text())
    return path


def test_killed_and_run_again(day, tmp_path):
    chance = random.Random(5)
    whole = new_store(day, tmp_path / "whole")
    began = time.monotonic()
    assert load(day, "take_on", whole) == 0
    seconds = time.monotonic() - began
    assert load(day, "sod", whole) == 3
    expected = books(whole)
    for number in range(KILLS):
        store = new_store(day, tmp_path / f"killed{number}")
        for name, status in (("take_on", 0), ("sod", 3)):
            load(day, name, store, kill_after=seconds * chance.uniform(0.3, 1.0))
            assert load(day, name, store) == status
        assert books(store) == expected
