"""The adapter contract over real sockets: resume, replay, once to the market, across drops and restarts."""

import threading
from random import Random

import pytest

from oms import records
from oms.adapters.contract import Adapter, AdapterError
from oms.adapters.gateway import ExchangeGoneError
from oms.adapters.simulator import SimulatorSettings
from oms.bus_config import BusError
from tests.adapters.exchange_driver import TODAY, order_request
from tests.adapters.stand_in import ENVIRONMENT, FeedServer, wait_until
from tests.adapters.test_simulator import LISTINGS, NO_HOUSE, flow, raw, simulator

QUIET = SimulatorSettings(house=NO_HOUSE)


class Running:
    """An adapter in a thread, with a simulator behind it."""

    def __init__(self, directory, url, name="XTST", settings=QUIET):
        self.directory, self.url, self.settings, self.name = directory, url, settings, name
        self.events = []
        self.error = None
        self.start()

    def start(self):
        self.sim = simulator(self.directory, settings=self.settings, listings=LISTINGS)
        if not self.sim.exchange.trade_date:
            self.sim.command("open", trade_date=TODAY)
        self.adapter = Adapter(
            self.sim, self.url, name=self.name, environment=ENVIRONMENT, on_event=self.events.append, heartbeat_ms=50
        )
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.adapter.run(self.stopping.is_set, open_timeout_s=0.5)
        except (AdapterError, BusError) as error:
            self.error = error

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.sim.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


@pytest.fixture
def url(tmp_path_factory):
    return f"ipc://{tmp_path_factory.mktemp('run')}/XTST"


def reference(directory, requests):
    """The reports of a simulator that never met a fault."""
    sim = simulator(directory, settings=QUIET)
    sim.command("open", trade_date=TODAY)
    for request in requests:
        sim.accept([request])
    reports = sim.reports(0, 1 << 30)
    sim.close()
    return [timeless(report) for report in reports]


def timeless(report):
    return records.decode(report)[1] | {"transact_time_ns": 0}


def test_opening_tells_where_both_stand(tmp_path, url):
    with FeedServer(url) as oms, Running(tmp_path, url) as exchange:
        wait_until(lambda: oms.said("OpenOrdersEnd"))
        [opening] = oms.openings
        assert (opening["name"], opening["role"], opening["environment"]) == ("XTST", 2, ENVIRONMENT)
        assert (opening["session_id"], opening["last_received"]) == (exchange.sim.session_id, 0)
        [session] = oms.said("TradingSession")
        assert (session["session_state"], session["trade_date"]) == (1, TODAY)
        assert [name for name, _, _ in oms.notices] == ["TradingSession", "OpenOrdersEnd"]


def test_an_adapter_waits_for_the_oms(tmp_path, url):
    with Running(tmp_path, url) as exchange:
        wait_until(lambda: "waiting for the OMS" in exchange.events)
        with FeedServer(url) as oms:
            oms.request([raw(order_request(1))])
            wait_until(lambda: oms.reports)


def test_a_venue_that_fails_while_the_feed_opens_leaves_the_line_to_the_next_one(tmp_path, url):
    def gone(epoch):
        raise ExchangeGoneError("the exchange has broken off", where="XTST")

    broken = simulator(tmp_path / "broken", settings=QUIET, listings=LISTINGS)
    broken.lease = gone
    with FeedServer(url) as oms:
        with pytest.raises(ExchangeGoneError):
            Adapter(broken, url, name="XTST", environment=ENVIRONMENT, heartbeat_ms=50).run(lambda: False)
        broken.close()
        assert "oms-bus-XTST" not in [thread.name for thread in threading.enumerate()]  # it would keep the feed alive
        with Running(tmp_path / "next", url):
            wait_until(lambda: oms.said("OpenOrdersEnd"))


def test_a_day_with_drops_and_crashes_of_both_sides(tmp_path, url):
    random = Random(1)
    requests = list(flow(11, 400))
    with FeedServer(url) as oms, Running(tmp_path / "tested", url) as exchange:
        for start in range(0, len(requests), 10):
            openings = len(oms.openings)
            oms.request(requests[start : start + 10])
            chance = random.random()
            if chance < 0.15:
                oms.drop()
            elif chance < 0.3:
                oms.crash(lose=random.randrange(20))
            elif chance < 0.4:
                exchange.stop()
                exchange.start()
            if chance < 0.4:
                wait_until(lambda: len(oms.openings) > openings)  # noqa: B023
        expected = reference(tmp_path / "reference", requests)
        wait_until(lambda: len(oms.reports) >= len(expected))
        assert [timeless(report) for report in oms.reports] == expected
        assert oms.gaps == 0
        assert len(oms.openings) > 12
        assert exchange.sim.last_received == len(requests)


def test_the_list_of_open_orders_says_how_far_it_reaches(tmp_path, url):
    with FeedServer(url) as oms, Running(tmp_path, url):
        oms.request([raw(order_request(1, price=99)), raw(order_request(2, price=98))])
        wait_until(lambda: len(oms.reports) == 2)
        oms.notices.clear()
        oms.drop()
        wait_until(lambda: oms.said("OpenOrdersEnd"))
        [end] = oms.said("OpenOrdersEnd")
        assert (end["complete"], end["count"], end["next_sequence"]) == (1, 2, 3)
        assert [fields["request"] for fields in oms.said("OpenOrder")] == [1, 2]
        assert oms.openings[-1]["last_received"] == 2


def test_what_was_received_is_not_acted_upon_again(tmp_path, url):
    request = raw(order_request(1, price=99))
    with FeedServer(url) as oms, Running(tmp_path, url) as exchange:
        oms.request([request])
        wait_until(lambda: len(oms.reports) == 1)
        oms.send([request, request])
        oms.request([raw(order_request(2, type="cancel", orig=1))])
        wait_until(lambda: len(oms.reports) == 2)
        assert exchange.sim.last_reported == 2


def test_a_new_exchange_session_begins_at_one_again(tmp_path, url):
    requests = list(flow(12, 30))
    expected = reference(tmp_path / "reference", requests)
    with FeedServer(url) as oms, Running(tmp_path / "tested", url) as exchange:
        oms.request(requests)
        wait_until(lambda: len(oms.reports) == len(expected))
        session_id = oms.session_id
        exchange.stop()
        sim = simulator(tmp_path / "tested", settings=QUIET)
        sim.new_session()
        sim.close()
        exchange.start()
        wait_until(lambda: oms.session_id > session_id and len(oms.reports) == len(expected))
        assert [timeless(report) for report in oms.reports] == expected
        assert oms.openings[-1]["last_received"] == 30


def test_a_session_that_begins_while_connected(tmp_path, url):
    with FeedServer(url) as oms, Running(tmp_path, url) as exchange:
        oms.request([raw(order_request(1))])
        wait_until(lambda: len(oms.reports) == 1)
        session_id = oms.session_id
        exchange.sim.new_session()
        wait_until(lambda: oms.session_id > session_id and len(oms.reports) == 1)


def test_an_oms_that_knows_more_than_the_exchange_is_not_served(tmp_path, url):
    with FeedServer(url) as oms, Running(tmp_path, url) as exchange:
        wait_until(lambda: oms.openings)
        oms.reports += [b""] * 5
        oms.drop()
        wait_until(lambda: exchange.error)
        assert "applied report 5" in str(exchange.error)
        assert "new exchange session" in str(exchange.error)


def test_a_refused_adapter_stops(tmp_path, url):
    with FeedServer(url) as oms:
        oms.refuse = "another instance owns the feed"
        with Running(tmp_path, url) as exchange:
            wait_until(lambda: exchange.error)
            assert "another instance" in str(exchange.error)


def test_the_end_of_the_day_comes_after_its_reports(tmp_path, url):
    with FeedServer(url) as oms, Running(tmp_path, url) as exchange:
        oms.request([raw(order_request(1, price=99))])
        wait_until(lambda: len(oms.reports) == 1)
        exchange.stop()
        sim = simulator(tmp_path, settings=QUIET)
        sim.command("complete")
        sim.close()
        exchange.start()
        wait_until(lambda: oms.said("TradingSession")[-1]["session_state"] == 3)
        after = [count for name, fields, count in oms.notices if fields.get("session_state") in (2, 3)]
        assert after == [2, 2]
        assert timeless(oms.reports[1])["exec_type"] == ord("C")
