"""`oms simulator` as a process: killed at random moments under load, told what to do, started again."""

import json
import subprocess
import sys
import time
from random import Random

import pytest

from oms.adapters.messages import feed_sequence
from tests.adapters.stand_in import ENVIRONMENT, FeedServer, wait_until
from tests.adapters.test_contract import reference, timeless
from tests.adapters.test_simulator import flow
from tests.adapters.typed import ROOT, Typed

INSTRUMENTS = """#kind=instruments,as_of=2026-11-20,source=TEST,rows=3
symbol,exchange,currency,price_exponent,reference_price,tick
ABC,XTST,AUD,2,1.00,0.01
XYZ,XTST,AUD,2,1.00,0.01
ELSE,XOTH,AUD,4,1.00,0.01
"""


class Process(Typed):
    """One simulator process."""

    def __init__(self, directory, url, *options):
        directory.mkdir(exist_ok=True)
        (directory / "instruments.csv").write_text(INSTRUMENTS)
        where = ["--dir", str(directory / "XTST"), "--instruments", str(directory / "instruments.csv")]
        where += ["--environment", ENVIRONMENT, "--date", "2026-11-23", "--house-levels", "0", *options]
        super().__init__("simulator", "--url", url, "--exchange", "XTST", *where)


@pytest.fixture
def url(tmp_path_factory):
    return f"ipc://{tmp_path_factory.mktemp('run')}/XTST"


def test_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path, url):
    chance = Random(2)
    requests = list(flow(21, 3000))
    kills = 0
    with FeedServer(url) as oms:
        for start in range(0, len(requests), 300):
            with Process(tmp_path, url) as process:
                openings = len(oms.openings)
                wait_until(lambda: len(oms.openings) > openings)  # noqa: B023
                for first in range(start, start + 300, 20):
                    oms.request(requests[first : first + 20])
                time.sleep(chance.random() * 0.05)
                assert process.child.poll() is None
            kills += 1
        with Process(tmp_path, url) as process:
            expected = reference(tmp_path / "reference", requests)
            wait_until(lambda: len(oms.reports) >= len(expected))
            status = process.ask("status")
        assert [timeless(report) for report in oms.reports] == expected
        assert oms.gaps == 0
        assert kills == 10
        assert (status["received"], status["reported"]) == (feed_sequence(requests[-1]), len(expected))
        trades = (tmp_path / "XTST" / "trades.jsonl").read_bytes().splitlines()
        fills = [fields["exec_id"] for fields in expected if fields.get("exec_type") == ord("F")]
        assert [json.loads(line)["exec_id"] for line in trades] == fills


def test_a_trainer_tells_it_what_to_do(tmp_path, url):
    with FeedServer(url) as oms, Process(tmp_path, url) as process:
        wait_until(lambda: oms.said("OpenOrdersEnd"))
        assert process.ask("enter ABC sell 50 1.00 gtc")["done"] == "enter"
        oms.request([next(flow(1, 1))])
        assert "error" in process.ask("enter ABC sell")
        assert "error" in process.ask("enter NONE sell 5 1.00")
        assert "error" in process.ask("enter ABC steal 5 1.00")
        assert "error" in process.ask("dance")
        assert "error" in process.ask("bust XTST-999")
        assert process.ask("halt ABC")["done"] == "halt"
        assert process.ask("resume ABC")["done"] == "resume"
        book = process.ask("book ABC")
        assert (book["last"], book["sell"][0][-4:]) == ("0.00", "1.00")
        process.ask("list")
        process.ask("complete")
        wait_until(lambda: [fields["session_state"] for fields in oms.said("TradingSession")] == [1, 2, 3])
        assert process.ask("status")["state"] == "complete"
        process.ask("quit")
        assert process.child.wait(10) == 0


def test_what_it_cannot_use_is_said_clearly(tmp_path, url):
    with FeedServer(url), Process(tmp_path, url) as first:
        first.ask("status")
        second = run_to_its_end(tmp_path, url)
        assert "another process uses this directory" in second
    (tmp_path / "bad.csv").write_text(INSTRUMENTS.replace("0.01\nXYZ", "0.001\nXYZ"))
    assert "row 1" in run_to_its_end(tmp_path / "two", url, "--instruments", str(tmp_path / "bad.csv"))
    assert "NO-DATE" in run_to_its_end(tmp_path / "three", url, "--date", "NO-DATE")


def run_to_its_end(directory, url, *options):
    directory.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "oms",
        "simulator",
        "--url",
        url,
        "--exchange",
        "XTST",
        "--dir",
        directory / "XTST",
    ]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr
