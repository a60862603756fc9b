"""The simulator remembers: a start plays its log again and tells the same reports under the same numbers."""

from pathlib import Path
from random import Random

import msgspec
import pytest

from oms import records
from oms.adapters.book import Listing
from oms.adapters.log import LogError
from oms.adapters.maker import MakerSettings
from oms.adapters.simulator import CommandError, Simulator, SimulatorSettings
from tests.adapters.exchange_driver import TODAY, order_request

LISTINGS = {symbol: Listing(symbol, 2, 0, tick=1, lot=1, reference_price=100) for symbol in ("ABC", "XYZ")}
NO_HOUSE = MakerSettings(levels=0)
SETTINGS = SimulatorSettings(seed=3, delay_us=50, pending_reports=True, house=MakerSettings(interval_ms=1, lots=5))


class Clock:
    def __init__(self):
        self.now = 1_000_000

    def __call__(self):
        self.now += 20_000
        return self.now


def raw(request):
    return records.encode("OrderRequest", **request._asdict())


def flow(seed, count):
    """OrderRequests of a random day, numbered from 1."""
    random = Random(seed)
    kinds = [random.choice(["new"] * 5 + ["replace"] * 3 + ["cancel"] * 2) for _ in range(count)]
    origs = {}
    for number, kind in enumerate(kinds, 1):
        orig = origs[number] = number if kind == "new" else random.randint(max(number - 20, 1), number)
        while kind != "new" and orig != origs.get(orig):
            orig = origs.get(orig, 0) or 1
            if orig == 1:
                break
        first = Random(f"{seed} {orig}")
        symbol, side = first.choice(["ABC", "XYZ"]), first.choice(["buy", "sell"])
        price = 100 + random.choice([-2, -1, -1, 0, 1]) * (1 if side == "buy" else -1)
        yield raw(
            order_request(
                number,
                type=kind,
                orig=0 if kind == "new" else orig,
                side=side,
                symbol=symbol,
                qty=random.randint(1, 9),
                price=random.choice([price] * 9 + [None]),
                time_in_force=random.choice(["day"] * 6 + ["gtc", "ioc", "fok"]),
            )
        )


def simulator(directory, clock=None, settings=SETTINGS, listings=LISTINGS):
    return Simulator(directory, "XTST", settings, listings, durable=False, clock=clock or Clock())


def whole(sim):
    """Everything that a restart must bring back."""
    return (
        sim.session_id,
        sim.last_received,
        sim.reports(0, 1 << 30),
        sim.open_orders(),
        [(symbol, book.bid, book.ask, book.last) for symbol, book in sim.exchange.books.items()],
        sim.exchange.state,
    )


def play_a_day(sim, requests):
    sim.command("open", trade_date=TODAY)
    for start in range(0, len(requests), 7):
        sim.accept(requests[start : start + 7])
        sim.work()


def test_a_start_at_any_moment_brings_back_everything(tmp_path):
    requests = list(flow(1, 140))
    clock = Clock()
    sim = simulator(tmp_path, clock)
    sim.command("open", trade_date=TODAY)
    for start in range(0, len(requests), 7):
        sim.accept(requests[start : start + 7])
        sim.work()
        before = whole(sim)
        sim.close()
        sim = simulator(tmp_path, clock)
        assert whole(sim) == before
    sim.command("end")
    sim.command("complete")
    before = whole(sim)
    sim.close()
    sim = simulator(tmp_path, clock)
    assert whole(sim) == before
    sim.close()
    kinds = {records.decode(report)[1].get("exec_type") for report in before[2]}
    assert {ord(kind) for kind in "0456EFC"} <= kinds


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "two"):
        sim = simulator(tmp_path / name)
        play_a_day(sim, list(flow(2, 200)))
        sim.close()
        files.append([(tmp_path / name / file).read_bytes() for file in ("reports.dat", "trades.jsonl")])
    assert files[0] == files[1]
    assert files[0][1].count(b"\n") > 20


def test_a_log_cut_at_any_byte_starts_and_takes_what_is_missing_again(tmp_path):
    requests = list(flow(3, 40))
    sim = simulator(tmp_path / "whole", settings=SimulatorSettings(house=NO_HOUSE))
    sim.command("open", trade_date=TODAY)
    for request in requests:
        sim.accept([request])
    expected = whole(sim)[1:]
    sim.close()
    log = (tmp_path / "whole" / "received.log").read_bytes()
    for size in range(1, len(log), 197):
        cut = tmp_path / str(size)
        cut.mkdir()
        (cut / "received.log").write_bytes(log[:size])
        sim = simulator(cut, settings=SimulatorSettings(house=NO_HOUSE))
        if sim.exchange.trade_date != TODAY:
            sim.command("open", trade_date=TODAY)
        for request in requests[sim.last_received :]:
            sim.accept([request])
        assert [strip(part) for part in whole(sim)[1:]] == [strip(part) for part in expected]
        sim.close()


def strip(part):
    """Reports without their times."""
    if not isinstance(part, list):
        return part
    decoded = [records.decode(item)[1] if isinstance(item, bytes) else item for item in part]
    return [item | {"transact_time_ns": 0} if isinstance(item, dict) else item for item in decoded]


def test_lost_entries_are_noticed(tmp_path):
    sim = simulator(tmp_path)
    play_a_day(sim, list(flow(4, 50)))
    sim.close()
    log = tmp_path / "received.log"
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    with pytest.raises(LogError, match="lost entries"):
        simulator(tmp_path)


def test_changed_reports_are_noticed(tmp_path):
    sim = simulator(tmp_path)
    play_a_day(sim, list(flow(4, 50)))
    sim.close()
    path = tmp_path / "reports.dat"
    path.write_bytes(path.read_bytes().replace(b"XTST-1", b"XTST-9", 1))
    with pytest.raises(LogError, match="differs"):
        simulator(tmp_path)


def test_a_new_session_tells_the_day_again_from_one(tmp_path):
    sim = simulator(tmp_path)
    sim.command("open", trade_date=TODAY - 1)
    sim.accept(list(flow(5, 10)))
    sim.work()
    sim.command("open", trade_date=TODAY)
    yesterday = sim.last_reported
    sim.accept(list(flow(5, 60))[10:])
    while sim.exchange.next_due_ns:
        sim.work()
    session, reports = sim.session_id, sim.reports(yesterday, 1000)
    sim.new_session()
    assert sim.session_id > session
    assert sim.last_received == 60
    again = sim.reports(0, 1000)
    assert [records.decode(item)[1]["feed_sequence"] for item in again] == list(range(1, len(again) + 1))
    bare = [[report[:32] + report[40:] for report in part] for part in (reports, again)]
    assert bare[0] == bare[1]
    assert len(again) > 10
    before = whole(sim)
    sim.close()
    assert whole(simulator(tmp_path)) == before


def test_trades_are_listed_once_with_busts_and_corrections(tmp_path):
    sim = simulator(tmp_path, settings=SimulatorSettings(house=NO_HOUSE))
    sim.command("open", trade_date=TODAY)
    sim.accept([raw(order_request(1, qty=5, price=100)), raw(order_request(2, side="sell", qty=3, price=100))])
    sim.command("correct", exec_id="XTST-3", price=101)
    sim.command("bust", exec_id="XTST-6")
    lines = [msgspec.json.decode(line) for line in (tmp_path / "trades.jsonl").read_bytes().splitlines()]
    told = [(line["row"], line["kind"], line["side"], line["quantity"], line["price"]) for line in lines]
    assert told == [
        (1, "trade", "sell", "3", "1.00"),
        (2, "trade", "buy", "3", "1.00"),
        (3, "correct", "sell", "3", "1.01"),
        (4, "correct", "buy", "3", "1.01"),
        (5, "bust", "sell", "3", "1.01"),
        (6, "bust", "buy", "3", "1.01"),
    ]
    assert [line["exec_ref_id"] for line in lines] == ["", "", *(line["exec_id"] for line in lines[:4])]


def test_commands_that_cannot_be_done_change_nothing(tmp_path):
    sim = simulator(tmp_path)
    before = whole(sim)
    for name, arguments in (
        ("bust", {"exec_id": "none"}),
        ("halt", {"symbol": "none", "halted": True}),
        ("end", {}),
        ("fly", {}),
    ):
        with pytest.raises(CommandError):
            sim.command(name, **arguments)
    assert whole(sim) == before
    sim.close()
    assert whole(simulator(tmp_path)) == before


def test_orders_left_from_yesterday_are_listed_and_can_be_cancelled_by_their_order_id(tmp_path):
    sim = simulator(tmp_path, settings=SimulatorSettings(house=NO_HOUSE))
    sim.command("open", trade_date=TODAY)
    terms = {"side": ord("2"), "order_qty": 10, "cum_qty": 4, "price": 120, "time_in_force": ord("1")}
    sim.command("enter", symbol="ABC", order_id="GTC-1", announce=False, **terms)
    assert sim.last_reported == 0
    [order, end] = [records.decode(item)[1] for item in sim.open_orders()]
    assert (order["order_id"], order["cum_qty"], order["order_qty"]) == ("GTC-1", 4, 10)
    assert (end["complete"], end["count"], end["next_sequence"]) == (1, 1, 1)
    sim.accept([raw(order_request(1, type="cancel", orig=77, side="sell", order_id="GTC-1"))])
    [report] = sim.reports(0, 10)
    fields = records.decode(report)[1]
    assert (fields["request"], fields["order_id"], chr(fields["ord_status"]), fields["cum_qty"]) == (1, "GTC-1", "4", 4)


def test_the_house_trades_with_whom_its_price_meets(tmp_path):
    settings = SimulatorSettings(house=MakerSettings(levels=1, spread_ticks=2, lots=3, interval_ms=1, band_bps=500))
    sim = simulator(tmp_path, settings=settings)
    sim.command("open", trade_date=TODAY)
    sim.accept([raw(order_request(1, side="buy", qty=1000, price=98))])
    for _ in range(3000):
        sim.work()
    fields = [records.decode(report)[1] for report in sim.reports(0, 10_000)]
    assert sum(field["last_qty"] for field in fields) > 10
    assert len({(symbol, book.last) for symbol, book in sim.exchange.books.items()}) == 2


def test_market_data_tells_changes_of_what_the_oms_knows(tmp_path):
    clock = Clock()
    sim = simulator(tmp_path, clock)
    sim.command("open", trade_date=TODAY)
    sim.accept([raw(order_request(1, qty=5, price=99))])
    for _ in range(3):
        sim.work()
        clock.now += 300_000_000
    notices = [records.decode(item) for item in sim.notices()]
    assert [name for name, _ in notices][:2] == ["TradingSession", "MarketData"]
    market = [fields for name, fields in notices if name == "MarketData"]
    assert {fields["instrument"] for fields in market} == {7}
    assert market[0]["bid"] >= 98
    assert sim.notices() == []


def test_a_directory_belongs_to_one_exchange(tmp_path):
    simulator(tmp_path).close()
    with pytest.raises(LogError, match="exchange XTST"):
        Simulator(Path(tmp_path), "XOTH", SETTINGS, LISTINGS)
