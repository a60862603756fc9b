"""`oms adapter check` passes the simulator, and catches adapters that break a rule."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from oms.adapters.check import Probe, check
from oms.adapters.contract import Adapter
from oms.adapters.messages import feed_sequence, numbered
from oms.bus_config import BusError
from tests.adapters.exchange_driver import TODAY
from tests.adapters.stand_in import ENVIRONMENT
from tests.adapters.test_contract import QUIET
from tests.adapters.test_simulator import LISTINGS, simulator
from tests.adapters.test_simulator_process import ROOT, Process

PROBE = Probe("ABC", 1, price_exponent=2)
RULES = 12


@pytest.fixture
def url(tmp_path_factory):
    return f"ipc://{tmp_path_factory.mktemp('run')}/XTST"


class Bad:
    """A venue around the simulator, with one fault."""

    def __init__(self, sim):
        self._sim = sim

    def __getattr__(self, name):
        return getattr(self._sim, name)


class Forgetful(Bad):
    last_received = 0


class Renumbering(Bad):
    def reports(self, after, limit):
        return [numbered(raw, feed_sequence(raw) + 1) for raw in self._sim.reports(after, limit)]


class Unstable(Bad):
    told = 0

    def reports(self, after, limit):
        self.told += 1
        return [raw[:120] + self.told.to_bytes(8, "little") + raw[128:] for raw in self._sim.reports(after, limit)]


class Impatient(Bad):
    session_id = property(lambda self: self._sim.session_id + self._sim.last_received)


class Silent(Bad):
    def answer(self, question):
        pass


class Wild(Bad):
    def state(self):
        return [self._sim.state()[0][:24] + (56).to_bytes(2, "little") + self._sim.state()[0][26:]]


@contextmanager
def adapter(directory, url, venue=Bad, name="XTST"):
    sim = simulator(directory, settings=QUIET, listings=LISTINGS)
    sim.command("open", trade_date=TODAY)
    stop = threading.Event()
    joined = Adapter(venue(sim), url, name=name, environment=ENVIRONMENT, heartbeat_ms=50)
    thread = threading.Thread(target=joined.run, args=(stop.is_set,), kwargs={"open_timeout_s": 0.2})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        sim.close()


def test_the_simulator_keeps_every_rule(tmp_path, url):
    with adapter(tmp_path, url):
        outcomes = list(check(url, "XTST", ENVIRONMENT, PROBE))
    assert [outcome.fault for outcome in outcomes] == [""] * RULES


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        (Forgetful, "last_received is 0, the last request was 1"),
        (Renumbering, "not the next in number"),
        (Unstable, "are not what they were"),
        (Impatient, "session_id has changed"),
        (Silent, "no execution report with the question"),
        (Wild, "Tick"),
    ],
)
def test_an_adapter_that_breaks_a_rule_is_caught(tmp_path, url, venue, said):
    with adapter(tmp_path, url, venue):
        outcomes = list(check(url, "XTST", ENVIRONMENT, PROBE, timeout_s=3))
    assert not outcomes[-1].kept
    assert said in outcomes[-1].fault


def test_an_adapter_of_another_name_is_caught(tmp_path, url):
    with adapter(tmp_path, url, name="XOTH"):
        [outcome] = check(url, "XTST", ENVIRONMENT, PROBE, timeout_s=5)
    assert "name is 'XOTH', not 'XTST'" in outcome.fault


def test_no_adapter_at_all(url):
    [outcome] = check(url, "XTST", ENVIRONMENT, PROBE, timeout_s=0.1)
    assert "no adapter came" in outcome.fault


def test_an_address_that_cannot_be_listened_on():
    with pytest.raises(BusError, match="absolute path"):
        list(check("ipc://run/XTST", "XTST", ENVIRONMENT, PROBE))


def test_the_command(tmp_path, url):
    command = [sys.executable, "-m", "oms", "adapter", "check", "--json", "--url", url, "--name", "XTST"]
    command += ["--symbol", "ABC", "--price", "0.01", "--price-exponent", "2"]
    with Process(tmp_path, url):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(done.stdout)) == RULES
