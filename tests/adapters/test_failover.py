"""The OMS's side of failover: leases, what may have reached an adapter, and whom to ask when."""

import pytest

from oms import Engine
from oms.enums import RequestType, Status


@pytest.fixture
def engine():
    made = Engine()
    made.define_currency("AUD")
    made.define_exchange("XASX", feeds=["NORTH", "SOUTH"])
    made.define_class("default")
    made.define_account("A")
    made.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="5")
    made.business_date("2026-11-23")
    made.session("XASX", "open")
    made.open_feed("NORTH", instance=1)
    made.open_feed("SOUTH", instance=2)
    made.deposit("A", "AUD", "100000", "opening")
    return made


def buy(engine, *names):
    return [sent(engine.submit("A", name, "Q", "buy", 100, "5"))[0] for name in names]


def sent(result):
    """Of each request that left: what it is, its feed and its number there."""
    return [(RequestType(out["type"]).name, out["feed"], out["feed_sequence"]) for out in result.sent]


def wait(engine, seconds):
    engine.advance(seconds)
    return sent(engine.record("Tick"))


def statuses(engine, *names):
    return [engine.request("A", name).status for name in names]


def test_what_never_left_for_the_adapter_goes_over_another_feed(engine):
    assert buy(engine, "X", "Y", "Z") == [("new", 1, 1), ("new", 1, 2), ("new", 1, 3)]
    lost = engine.lose_feed("NORTH", last_sent=1, ask_after_ms=5000)
    assert sent(lost) == [("new", 2, 1), ("new", 2, 2)]
    assert statuses(engine, "X", "Y", "Z") == ["in_doubt", "submitted", "submitted"]
    assert engine.rows("feed")["unanswered"].tolist() == [0, 1, 2]


def test_what_never_left_waits_when_no_feed_is_there(engine):
    buy(engine, "X")
    engine.replace("A", "R", "X", price="4")
    engine.lose_feed("SOUTH")
    assert sent(engine.lose_feed("NORTH", last_sent=0)) == []
    assert statuses(engine, "X", "R") == ["buffered", "buffered"]
    assert engine.rows("firm")["buffered"][1] == 2
    opened = engine.open_feed("NORTH", last_received=0, instance=1)
    assert sent(opened) == [("new", 1, 3), ("replace", 1, 4)]


@pytest.mark.parametrize("other_feed", [True, False])
def test_a_cancel_of_what_never_left_ends_it_here(engine, other_feed):
    buy(engine, "X")
    engine.cancel("A", "C", "X")
    if not other_feed:
        engine.lose_feed("SOUTH")
    assert sent(engine.lose_feed("NORTH", last_sent=0)) == []
    assert statuses(engine, "X", "C") == ["cancelled", "completed"]
    assert engine.order("A", "X").ord_status == "canceled"
    assert engine.cash("A", "AUD").reserved == 0
    assert sent(engine.open_feed("NORTH", last_received=0, instance=1)) == []


def test_what_an_adapter_before_it_had_is_not_sent_again_when_another_one_opens_twice(engine):
    buy(engine, "X")
    for _ in range(2):  # with a memory of its own, in which X never was
        engine.lose_feed("NORTH")
        assert [kind for kind, *_ in sent(engine.open_feed("NORTH", last_received=0, instance=2))] == []
        assert statuses(engine, "X") == ["in_doubt"]
    buy(engine, "Y")
    engine.lose_feed("NORTH")
    assert sent(engine.open_feed("NORTH", last_received=0, instance=2)) == [("new", 1, 2)]  # Y alone was given to it


def test_another_feed_is_asked_when_the_lost_adapter_can_send_nothing_any_more(engine):
    buy(engine, "X")
    assert sent(engine.lose_feed("NORTH", ask_after_ms=5000)) == []
    assert wait(engine, 4) == []
    assert wait(engine, 1) == [("status", 2, 0)]
    assert wait(engine, 60) == []


def test_an_adapter_that_is_back_in_time_is_asked_itself(engine):
    buy(engine, "X")
    engine.lose_feed("NORTH", ask_after_ms=5000)
    assert sent(engine.open_feed("NORTH", instance=1)) == []
    assert sent(engine.open_orders("XASX", [])) == [("status", 1, 0)]
    assert wait(engine, 10) == []


def test_another_memory_says_nothing_about_what_was_sent(engine):
    buy(engine, "X")
    engine.lose_feed("NORTH")
    assert sent(engine.open_feed("NORTH", last_received=0, instance=9)) == []
    assert statuses(engine, "X") == ["in_doubt"]


def test_an_older_lease_is_refused(engine):
    engine.open_feed("NORTH", instance=1, epoch=1000)
    for epoch in (999, 1000):
        assert engine.open_feed("NORTH", instance=3, epoch=epoch).status == Status.feed_deposed
    assert engine.rows("feed")["instance"][1] == 1
    [out] = engine.submit("A", "X", "Q", "buy", 100, "5").sent
    assert out["epoch"] == 1000
    engine.open_feed("NORTH", instance=1)
    assert engine.rows("feed")["epoch"][1] == 1001


def test_a_list_says_nothing_of_what_another_feed_has_on_its_way(engine):
    engine.lose_feed("NORTH")
    assert buy(engine, "X") == [("new", 2, 1)]
    engine.open_feed("NORTH", instance=1)
    end(engine, 1, 0, next_sequence=1)
    assert statuses(engine, "X") == ["submitted"]
    end(engine, 2, 0, next_sequence=2)
    assert statuses(engine, "X") == ["in_doubt"]


def row(engine, feed, name):
    """One of a list over a feed, of an order of 100 at 5."""
    request = engine.request_slot(engine.account_slot("A"), name)
    terms = {"side": ord("1"), "account": 1, "instrument": 1, "order_qty": 100, "cum_qty": 0, "price": 5}
    return engine.record("OpenOrder", exchange=1, feed=feed, request=request, **terms)


def end(engine, feed, count, next_sequence=0):
    listed = {"exchange": 1, "complete": 1, "count": count, "next_sequence": next_sequence}
    return engine.record("OpenOrdersEnd", feed=feed, **listed)


@pytest.fixture
def compared(engine):
    """Both feeds have just come back, and their lists have to be compared before anything new goes out."""
    engine.define_exchange("XASX", feeds=["NORTH", "SOUTH"], compare=True)
    buy(engine, "X", "Y", "Z")
    for feed, name in enumerate(("NORTH", "SOUTH"), 1):
        engine.lose_feed(name)
        engine.open_feed(name, last_received=engine.rows("feed")["last_out"][feed], instance=feed)
    return engine


def test_lists_that_come_over_two_feeds_at_once_do_not_disturb_each_other(compared):
    row(compared, 1, "X")
    row(compared, 2, "X")
    row(compared, 2, "Y")
    row(compared, 1, "Y")
    assert not compared.submit("A", "HELD", "Q", "buy", 100, "5").sent
    assert end(compared, 1, 2).ok
    assert statuses(compared, "X", "Y", "Z") == ["completed", "completed", "in_doubt"]
    assert compared.rows("feed")["uncompared"].tolist() == [0, 0, 1]  # each feed waits for a list of its own
    assert statuses(compared, "HELD") == ["submitted"]
    row(compared, 2, "Z")
    assert end(compared, 2, 3).ok
    assert statuses(compared, "X", "Y", "Z") == ["completed", "completed", "completed"]
    assert compared.rows("feed")["uncompared"].tolist() == [0, 0, 0]


def test_a_list_that_its_feed_broke_off_does_not_count_in_the_next_one(compared):
    row(compared, 1, "X")
    compared.lose_feed("NORTH")
    compared.open_feed("NORTH", last_received=3, instance=1)
    for name in ("X", "Y", "Z"):
        row(compared, 1, name)
    assert end(compared, 1, 3).ok
    assert statuses(compared, "X", "Y", "Z") == ["completed"] * 3
    assert compared.rows("feed")["uncompared"].tolist() == [0, 0, 1]


def test_an_operators_list_compares_for_every_feed(compared):
    row(compared, 1, "X")
    assert compared.open_orders("XASX", []).ok
    assert compared.rows("feed")["uncompared"].tolist() == [0, 0, 0]
    assert end(compared, 1, 1).ok


def test_a_list_of_a_foreign_feed_is_refused(engine):
    engine.define_exchange("XNZE", feeds=["EAST"])
    assert end(engine, 3, 0).status == Status.reference_invalid
    assert row(engine, 3, "X").status == Status.reference_invalid
    assert end(engine, 99, 0).status == Status.reference_invalid
