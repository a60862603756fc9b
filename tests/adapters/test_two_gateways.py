"""Two adapters of one exchange as processes, one of them killed under load, again and again.

Every order reaches the exchange once; what the exchange traded is what the OMS booked.
"""

from collections import Counter
from multiprocessing.connection import Client, Listener
from random import Random
from threading import Thread

import pytest

from oms import records
from oms.adapters.gateway import STANDS, ExchangeGoneError, Floor, Gateway
from oms.adapters.log import Log
from oms.adapters.messages import decode_order_request
from oms.adapters.simulator import REQUESTS, SimulatorSettings
from oms.enums import OrdStatus, RequestType, Status
from tests.adapters.chain import CONFIG, Chain, close_the_day, compare, send_some, trader
from tests.adapters.exchange_driver import TODAY, order_request
from tests.adapters.stand_in import wait_until
from tests.adapters.test_simulator import LISTINGS, NO_HOUSE, raw, simulator

FEEDS = """
[users.adapter2]
permissions = ["report"]
[endpoints.XTST2]
role = "adapter"
user = "adapter2"
feed = "XTST2"
"""
ONE_FEED, HEARTBEAT = "settlement_days = 2", "heartbeat_ms = 100"


class TwoFeeds(Chain):
    exchange = "floor"
    config_text = CONFIG.replace(ONE_FEED, ONE_FEED + '\nfeeds = ["XTST", "XTST2"]') + FEEDS
    config_text = config_text.replace(HEARTBEAT, HEARTBEAT + "\nsilence_ms = 3000")

    def __init__(self, directory, run):
        super().__init__(directory, run)
        exchange = self.options.pop("simulator")
        floor = directory / "floor"
        self.options["floor"] = [*exchange[2:], "--floor", floor]
        for feed in ("XTST", "XTST2"):
            self.options[feed] = [
                *("--config", self.path, "--exchange", "XTST", "--feed", feed),
                *("--dir", directory / f"gateway-{feed}", "--join", floor, "--durability", "none"),
            ]
        self.commands = dict.fromkeys(("floor", "XTST", "XTST2"), "simulator")


@pytest.fixture
def chain(tmp_path, tmp_path_factory):
    with TwoFeeds(tmp_path, tmp_path_factory.mktemp("run")) as made:
        yield made


def online(chain):
    return chain.views().rows("feed")["state"][1:].tolist()


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
        close_the_day(chain)
    chain.kill("floor")  # its log is free to read
    booked, traded, fed = compare(chain)
    assert booked == traded == fed
    assert sum(booked.values()) > 300
    every_request_came_once(chain)
    assert len({feed for feed in chain.views().rows("request")["feed"].tolist() if feed}) == 2


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


def test_what_has_come_over_any_feed_stands_before_a_question_is_answered(tmp_path):
    """A gateway that was killed may have left a request in its line, after which another one is asked for it."""
    exchange = simulator(tmp_path / "XTST", settings=SimulatorSettings(house=NO_HOUSE), listings=LISTINGS)
    exchange.command("open", trade_date=TODAY)
    floor = Floor(exchange, tmp_path / "floor")

    def turn(times):
        turns = iter([False] * times + [True])
        floor.run(lambda: next(turns))

    with Client(str(tmp_path / "floor"), "AF_UNIX") as asking:
        turn(1)
        with Client(str(tmp_path / "floor"), "AF_UNIX") as killed:
            turn(1)
            asking.send_bytes(b"Q" + raw(order_request(1)))
            killed.send_bytes(b"A" + raw(order_request(1)))
        turn(2)
        answer = records.decode(asking.recv_bytes()[STANDS.size :])[1]
    floor.close()
    exchange.close()
    assert answer["ord_status"] == OrdStatus.new
