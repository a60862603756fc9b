"""A load that is killed at any moment leaves a store that is whole, and is simply run again."""

import random
import signal
import time

import pytest

from oms import Engine
from oms.replica import Replica
from oms.start_of_day.make_day import make_day
from oms.verify import verify
from tests.crash.forked import Child

STORES, KILLS = 4, 4  # of each step in each store
TEXTS = ("order_id", "name", "attributes")  # where a text stands depends on what was put there before; its words do not


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return make_day(tmp_path_factory.mktemp("day"), accounts=400, orders=0, instruments=40, seed=3)


def run(store, *arguments, kill_after=None):
    """Runs `oms sod …`; kill_after: seconds. Returns the exit status."""
    log = store / "sod.log"
    process = Child(log, ("sod", *map(str, arguments)))
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    status = process.wait(60)
    assert "Traceback" not in log.read_text()
    assert status in (-signal.SIGKILL, 0, 3), log.read_text()
    return status


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
    """Files that are loaded, others that find breaks, and the accounts signed off that these have closed."""
    chance = random.Random(5)
    whole = new_store(day, tmp_path / "whole")
    steps = [(("load", day.directory / name, "--dir"), status) for name, status in (("take_on", 0), ("sod", 3))]
    assert [run(whole, *step, whole) for step, _ in steps] == [status for _, status in steps]
    closed = [row["code"].decode() for row in Replica(whole).rows("account")[1:] if row["unreconciled"]]
    assert len(closed) > 1
    steps.append((("sign-off", *closed, "--by", "operations1", "--dir"), 0))
    began = time.monotonic()
    assert run(whole, *steps[-1][0], whole) == 0
    seconds = {steps[-1]: time.monotonic() - began}
    expected = books(whole)
    kills = 0
    for number in range(STORES):
        store = new_store(day, tmp_path / f"killed{number}")
        for step in steps:
            for _ in range(KILLS):
                ended = run(store, *step[0], store, kill_after=chance.uniform(0, seconds.get(step, 0.3)))
                kills += ended == -signal.SIGKILL
                if any((store / "journal").glob("*.journal")):
                    report = verify(store)
                    assert report.ok, report.problems
            began = time.monotonic()
            assert run(store, *step[0], store) == step[1]
            seconds[step] = time.monotonic() - began
        assert books(store) == expected
    assert kills >= 25
