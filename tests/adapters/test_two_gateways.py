"""Two adapters of one exchange as processes, one of them killed under load, again and again.

Every order reaches the exchange once; what the exchange traded is what the OMS booked.
"""

import os
from collections import Counter
from contextlib import ExitStack
from multiprocessing.connection import Listener
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from oms import records
from oms.adapters.gateway import ExchangeGoneError, Gateway
from oms.adapters.log import Log
from oms.adapters.messages import decode_order_request
from oms.adapters.simulator import REQUESTS
from oms.enums import RequestStatus, RequestType, Status
from tests.adapters.stand_in import wait_until
from tests.adapters.test_whole_chain import CONFIG, Chain, compare, send_some, trader

FEEDS = """
[users.adapter2]
permissions = ["report"]
[endpoints.XTST2]
role = "adapter"
user = "adapter2"
feed = "XTST2"
"""


CONFIG = CONFIG.replace("settlement_days = 2", 'settlement_days = 2\nfeeds = ["XTST", "XTST2"]')
CONFIG = CONFIG.replace("heartbeat_ms = 100", "heartbeat_ms = 100\nsilence_ms = 3000")


class TwoFeeds(Chain):
    def __init__(self, directory, run):
        super().__init__(directory, run, CONFIG + FEEDS)
        exchange = self.options.pop("simulator")
        floor = directory / "floor"
        self.options["floor"] = [*exchange[2:], "--floor", floor]
        for feed in ("XTST", "XTST2"):
            self.options[feed] = [
                *("--config", self.path, "--exchange", "XTST", "--feed", feed),
                *("--dir", directory / f"gateway-{feed}", "--join", floor, "--durability", "none"),
            ]
        self.commands = dict.fromkeys(("floor", "XTST", "XTST2"), "simulator")

    def end(self):
        for name in ("trade-feed", "XTST", "XTST2", "floor", "serve"):
            child = self.children.get(name)
            if child is not None and child.poll() is None:
                child.terminate()
                child.communicate(timeout=60)


@pytest.fixture
def chain(tmp_path, tmp_path_factory):
    made = TwoFeeds(tmp_path, tmp_path_factory.mktemp("run"))
    (made.directory / "run").mkdir()
    Path(made.config.bus.run_directory).chmod(0o700)
    made.prepare()
    with ExitStack() as stack:
        stack.callback(made.end)
        yield made


def online(chain):
    return chain.views().rows("feed")["state"][1:].tolist()


@pytest.mark.skipif("OMS_SOAK" not in os.environ, reason="a request may stay in doubt for minutes: see the roadmap")
def test_one_of_two_adapters_is_killed_under_load(chain):
    chance, names = Random(5), {}
    for name in ("serve", "floor", "XTST", "XTST2", "trade-feed"):
        chain.start(name)
    wait_until(chain.is_open)
    with trader(chain) as client:
        for turn in range(6):
            wait_until(lambda: online(chain) == [1, 1])
            send_some(client, chance, names, 250)
            client.poll(0.02)
            victim = ("XTST", "XTST2", "floor")[turn % 3]
            chain.kill(victim)
            send_some(client, chance, names, 150)
            client.poll(0.05)
            chain.start(victim, *(["--new-session"] if victim == "floor" and turn == 5 else []))
        wait_until(lambda: online(chain) == [1, 1])
        send_some(client, chance, names, 100)
        client.drain()
        views = chain.views()
        wait_until(lambda: not open_questions(views), 180)
        finish(chain)
    chain.kill("floor")  # its log is free to read
    del chain.children["floor"]
    booked, traded, fed = compare(chain)
    assert booked == traded == fed
    assert sum(booked.values()) > 300
    every_request_came_once(chain)
    assert len({feed for feed in chain.views().rows("request")["feed"].tolist() if feed}) == 2


def open_questions(views):
    waiting = (RequestStatus.buffered, RequestStatus.submitted, RequestStatus.in_doubt)
    return [row for row in views.rows("request")[1:] if row["status"] in waiting]


def finish(chain):
    floor = chain.children["floor"]
    floor.stdin.write("complete\n")
    floor.stdin.flush()
    views = chain.views()
    wait_until(lambda: int(views.rows("exchange")["session_state"][1]) == 3)
    rows = len(views.rows("execution")) - 1
    wait_until(lambda: chain.fed.read_bytes().count(b"\n") >= rows)


def every_request_came_once(chain):
    """By what the exchange has written down: what it does not know was never counted as sent."""
    rows, came = chain.views().rows("request"), Counter()
    log = Log(chain.directory / "XTST" / "received.log", durable=False)
    for entry in log.entries():
        if entry.kind == REQUESTS:
            came.update(decode_order_request(raw).request for raw in records.split(entry.body))
    log.close()
    assert set(came.values()) == {1}
    sent = [slot for slot in range(1, len(rows)) if rows["feed"][slot] and rows["feed_sequence"][slot]]
    unknown = {slot for slot in sent if rows["reason"][slot] == Status.unknown_at_exchange}
    stood = {slot: int(rows["generation"][slot]) << 32 | slot for slot in sent if slot not in unknown}
    assert set(came) <= set(stood.values())
    orders = chain.views().rows("order")
    for slot in (slot for slot, handle in stood.items() if handle not in came):  # it ended with its order, unasked
        assert rows["type"][slot] != RequestType.new
        assert orders["closed"][rows["order"][slot]]


def test_a_gateway_whose_exchange_breaks_off_at_once_leaves_its_directory(tmp_path):
    with Listener(str(tmp_path / "floor"), "AF_UNIX") as listener:
        Thread(target=lambda: listener.accept().close(), daemon=True).start()
        with pytest.raises(ExchangeGoneError, match="broken off") as gone:
            Gateway(tmp_path / "gateway", tmp_path / "floor", "XTST")
    Log(tmp_path / "gateway" / "gateway.log").close()
    assert gone.value.where == "XTST"  # it is still held, and with it the frame in which it was raised
