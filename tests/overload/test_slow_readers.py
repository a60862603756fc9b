"""Readers that stop, as processes that are stopped: an exchange's adapter is cut off when its queue is full, is
counted, comes back by its bookmark and has each request once; a trade feed goes on by its cursor. Meanwhile everybody
else gets everything, in order. OMS_SOAK=1: a queue of the size that it has, and several times."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from oms import records
from oms.adapters.log import Log
from oms.adapters.messages import feed_sequence
from oms.adapters.simulator import REQUESTS
from oms.client import Client
from oms.engine import Engine
from oms.enums import SessionState
from oms.journal import read
from oms.stat import feeds
from tests.adapters.chain import CONFIG, INSTRUMENTS, ROOT, Chain, compare, open_questions, send_some, trader
from tests.adapters.stand_in import wait_until

SOAK = os.environ.get("OMS_SOAK") == "1"
QUEUE, STOPS, ROWS = (1 << 26, 3, 1 << 21) if SOAK else (1 << 18, 1, 1 << 16)  # bytes, stops, requests
RUNNER = Path(__file__).with_name("serve_short_queue.py")
TWO_EXCHANGES = (
    CONFIG.replace("heartbeat_ms = 100", "heartbeat_ms = 100\nsilence_ms = 3600000")  # nobody is cut off for silence
    .replace("order = 16384", f"order = {ROWS}")
    .replace("request = 32768", f"request = {2 * ROWS}")
    .replace("execution = 32768", f"execution = {ROWS}")
    .replace("text = 262144", f"text = {8 * ROWS}")
    .replace('user = "client1"', 'user = "client1"\nmax_rate = 0')
    + """
[exchanges.XSLO]
[users.adapter2]
permissions = ["report"]
[endpoints.XSLO]
role = "adapter"
user = "adapter2"
feed = "XSLO"
"""
)


class Stopped(Chain):
    """Two exchanges and two trade feeds, of which one each is stopped."""

    config_text = TWO_EXCHANGES

    def prepare(self) -> None:
        super().prepare()
        with Engine(self.config.capacities, journal=self.config.directory / "journal") as engine:
            engine.define_instrument("SLO", exchange="XSLO", currency="AUD", tick="0.01", reference_price="5")
        listed = self.directory / "slow.csv"
        listed.write_text(INSTRUMENTS.partition("ABC")[0].replace("rows=2", "rows=1") + "SLO,XSLO,AUD,4,5,0.01\n")
        words = {"XTST": "XSLO", self.directory / "XTST": self.directory / "XSLO"}
        words[self.directory / "instruments.csv"] = listed
        self.commands |= {"slow": "simulator", "slow feed": "trade-feed"}
        self.options["slow"] = [words.get(word, word) for word in self.options["simulator"]]
        self.options["slow feed"] = ["--config", self.path, "--out", self.directory / "slow.jsonl"]

    def command(self, name: str) -> list[str]:
        if name == "serve":
            return [sys.executable, str(RUNNER), str(self.path), "XSLO", str(QUEUE)]
        return super().command(name)

    def stop(self, name: str) -> None:
        """SIGSTOP, and until every thread of it stands still."""
        child = self.children[name]
        child.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{child.pid}/task")
        wait_until(lambda: all(stat.read_text().rpartition(") ")[2][0] == "T" for stat in threads.glob("*/stat")))

    def go_on(self, name: str) -> None:
        self.children[name].send_signal(signal.SIGCONT)

    def stat(self) -> dict[str, list[dict]]:
        """What an operator sees."""
        command = [sys.executable, "-m", "oms", "stat", "--json", "--config", str(self.path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout)

    def online(self) -> set[str]:
        """Feeds."""
        return {feed["feed"] for feed in feeds(self.views()) if feed["state"] == "online"}

    def cuts(self) -> dict[str, tuple[int, int, int]]:
        """How often each peer was cut off because it did not read, was silent, or sent what is malformed."""
        told = self.stat()["peers"]
        return {peer["peer"]: (peer["cut_slow"], peer["cut_silent"], peer["cut_unsound"]) for peer in told}

    def said(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def asked(self, mic: str) -> list[int]:
        """Numbers of the requests, in the order in which the exchange took them. Its process has ended."""
        log = Log(self.directory / mic / "received.log")
        batches = [records.split(entry.body) for entry in log.entries() if entry.kind == REQUESTS]
        log.close()
        return [feed_sequence(raw) for batch in batches for raw in batch]


@pytest.fixture
def chain(tmp_path, tmp_path_factory):
    with Stopped(tmp_path, tmp_path_factory.mktemp("run")) as made:
        try:
            yield made
        finally:
            for name in made.children:
                made.go_on(name)


def storm(client: Client, chain: Stopped, names: dict, answers: list, chance: Random) -> None:
    """Orders to the exchange that does not read until it is cut off, and a few to the other one between them."""
    while "XSLO" in chain.online():
        assert len(names) < ROWS, "it was not cut off"
        for number in range(len(names) + 1, len(names) + 513):
            price = Decimal("5.10") if number % 32 == 0 else Decimal("4.90")
            client.submit(f"ACC-{number % 20}", f"C{number}", "SLO", "buy", 1, price)
            names[number] = (f"ACC-{number % 20}", f"C{number}", "SLO")
        send_some(client, chance, names, 16)
        answers += client.poll()


def everybody_else_has_everything(client: Client, chain: Stopped, names: dict, answers: list, chance: Random) -> None:
    """While the two stand still: answers, orders at the other exchange, trades at the other trade feed."""
    send_some(client, chance, names, 200)
    answers += client.drain()
    views = chain.views()
    other = views.find("feed", "name", "XTST", "feed")
    wait_until(lambda: not [row for row in open_questions(views) if row["feed"] == other])
    trades = len(views.rows("execution")) - 1
    wait_until(lambda: len(lines(chain.fed)) == trades)


def end_the_day(chain: Stopped) -> None:
    for name in ("simulator", "slow"):
        chain.children[name].stdin.write("complete\n")
        chain.children[name].stdin.flush()
    views = chain.views()
    wait_until(lambda: (views.rows("exchange")["session_state"][1:] == SessionState.complete).all())
    wait_until(lambda: not open_questions(views))
    trades = len(views.rows("execution")) - 1
    wait_until(lambda: len(lines(chain.fed)) == len(lines(chain.directory / "slow.jsonl")) == trades)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def test_who_stops_reading_is_cut_off_and_comes_back_to_all_that_it_missed(chain: Stopped) -> None:
    for name in ("serve", "simulator", "slow", "trade-feed", "slow feed"):
        chain.start(name)
    chance, names, answers = Random(7), {}, []
    wait_until(lambda: chain.is_open() and chain.online() == {"XTST", "XSLO"})
    with trader(chain) as client:
        send_some(client, chance, names, 200)
        for times in range(1, STOPS + 1):
            chain.stop("slow")
            chain.stop("slow feed")
            storm(client, chain, names, answers, chance)
            everybody_else_has_everything(client, chain, names, answers, chance)
            assert chain.cuts() == {"client1": (0, 0, 0), "XTST": (0, 0, 0), "XSLO": (times, 0, 0)}
            assert {feed["feed"]: feed["state"] for feed in chain.stat()["feeds"]} == {
                "XTST": "online",
                "XSLO": "offline",
            }
            assert chain.said("serve").count("session of XSLO ended: slow") == times
            chain.go_on("slow")
            wait_until(lambda: chain.online() == {"XTST", "XSLO"})
            assert chain.said("slow").count("closed: ") == times, "it is told that it was cut off"
            wait_until(lambda: not open_questions(chain.views()), 600)
            chain.go_on("slow feed")
        answers += client.drain()
    first = [answer for answer in answers if answer.tag]
    assert [answer.cl_ord_id for answer in first] == [name for _, name, _ in names.values()]
    end_the_day(chain)
    booked, traded, fed = compare(chain)
    assert booked == traded == fed
    assert lines(chain.directory / "slow.jsonl") == lines(chain.fed), "nothing missed, nothing twice"
    sent = chain.views().rows("request")[["feed", "feed_sequence"]][1:]
    slots = {feed["feed"]: slot for slot, feed in enumerate(chain.stat()["feeds"], 1)}
    chain.end()
    for mic, slot in slots.items():
        assert chain.asked(mic) == sorted(sent["feed_sequence"][(sent["feed"] == slot) & (sent["feed_sequence"] > 0)])
    told = [
        fields["user"]
        for name, fields in map(records.decode, read(chain.directory / "journal"))
        if name == "PeerCutOff"
    ]
    assert len(told) == STOPS
