"""What leaves for an exchange names what the exchange knows, whatever else waits here."""

import pytest

from oms import Engine
from oms.enums import RequestStatus, Status
from oms.limits import limits
from oms.recompute import Books
from oms.verify import CHECKS


def given(engine, **policy):
    engine.business_date("2026-11-23")
    engine.define_currency("AUD")
    engine.define_exchange("XASX")
    engine.define_class("default", auth_above_value=9000, **policy)
    engine.define_instrument("Q", exchange="XASX", currency="AUD")
    engine.define_account("K")
    engine.load_cash("2026-11-20", [("K", "AUD", 20_000)])
    engine.load_holdings("2026-11-20", [("K", "Q", 100, None)])
    engine.open_feed("XASX")
    engine.session("XASX", "open")


@pytest.fixture
def engine():
    with Engine(capacities={"order": 100, "request": 400, "execution": 100}) as engine:
        given(engine)
        yield engine


def orig(engine, sent):
    return engine.request_picture(sent["orig_request"] & 0xFFFFFFFF).cl_ord_id


def test_a_replace_names_the_last_one_that_was_sent(engine):
    engine.submit("K", "A", "Q", "buy", 1000, 5)
    engine.replace("K", "B", "A", order_qty=2000)
    assert engine.request("K", "B").status == "queued"
    assert orig(engine, engine.replace("K", "C", "A", order_qty=1500).sent[0]) == "A"
    assert orig(engine, engine.replace("K", "D", "A", order_qty=1600).sent[0]) == "C"
    assert orig(engine, engine.authorise("K", "B", by=None).sent[0]) == "D"
    engine.cancel_reject("K", "D")
    assert orig(engine, engine.cancel("K", "X", "A").sent[0]) == "B"


def found(engine):
    books = Books(engine)
    for check in CHECKS:
        check(books)
    return [str(finding) for finding in books.findings]


def member(engine, name, **terms):
    return engine.submit("K", name, "Q", "buy", terms.get("order_qty", 100), 5, listed=True)


def test_a_list_that_does_not_become_whole_ends_with_the_session_or_the_next_list(engine):
    assert member(engine, "Z").status == Status.list_rejected  # there is no list
    engine.begin_list(3)
    member(engine, "A")
    assert (engine.request("K", "A").status, found(engine)) == ("received", [])
    assert engine.replace("K", "A2", "A", order_qty=10).status == Status.list_rejected
    engine.begin_list(2)
    assert engine.request("K", "A").reason == Status.list_rejected
    member(engine, "B")
    assert engine.cash("K", "AUD").reserved == 500
    engine.session("XASX", "ended")
    assert engine.request("K", "B").reason == Status.list_rejected
    assert engine.cash("K", "AUD").reserved == 0
    assert member(engine, "C").status == Status.list_rejected  # the last one that was announced
    engine.session("XASX", "open")
    engine.begin_list(1)
    assert len(member(engine, "D").sent) == 1
    assert member(engine, "E").status == Status.list_rejected


def test_a_halt_while_a_list_comes_stops_all_of_it(engine):
    engine.begin_list(2)
    member(engine, "A")
    engine.control("firm", None, "halted")
    engine.control("firm", None, "active")
    engine.define_instrument("Q", exchange="XASX", currency="AUD", status="halted")
    engine.submit("K", "B", "R", "buy", 10, 5, listed=True)
    assert engine.request("K", "A").reason == Status.list_rejected
    assert engine.submit("K", "C", "Q", "buy", 10, 5).status == Status.instrument_halted


def test_a_kill_withdraws_what_a_list_holds(engine):
    engine.begin_list(3)
    member(engine, "A")
    member(engine, "B")
    engine.submit("K", "Z", "Q", "buy", 10, 5)
    engine.kill("account", "K")
    assert engine.request("K", "A").reason == Status.withdrawn_by_kill
    assert engine.request("K", "B").reason == Status.withdrawn_by_kill
    assert (engine.cash("K", "AUD").reserved, found(engine)) == (50, [])
    assert member(engine, "C").status == Status.list_rejected


def test_a_client_may_take_a_request_out_of_its_list(engine):
    engine.begin_list(2)
    member(engine, "A")
    engine.cancel("K", "X", "A")
    assert [sent["request"] & 0xFFFFFFFF for sent in member(engine, "B").sent] == [engine.request_slot(1, "B")]
    assert engine.request("K", "A").status == "cancelled"


def test_limits_and_watches_are_the_same_after_a_restart(tmp_path):
    def settings():
        return {"capacities": {"order": 100, "request": 400}, "journal": tmp_path / "journal", "snapshots": tmp_path}

    with Engine(**settings()) as engine:
        given(engine, cross_own="desk", duplicate_window_s=2)
        engine.set_limit("account", "K", "gross_value", 20_000)
        engine.submit("K", "A", "Q", "buy", 1000, 5)
        engine.report("trade", account="K", cl_ord_id="A", exec_id="E1", last_qty=400, last_px=5)
        engine.snapshot(tmp_path)
        before = engine.state_hash()
    with Engine(**settings()) as engine:
        assert (engine.state_hash(), found(engine)) == (before, [])
        assert limits(engine)[0].counted == {"AUD": (3000, 2000, 0)}
        assert limits(engine)[0].limits == {"gross_value": 20_000}
        assert engine.submit("K", "B", "Q", "sell", 10, 5).answer["request_status"] == RequestStatus.queued
        assert engine.request("K", "B").reason == Status.crosses_own_order
        engine.submit("K", "C", "Q", "buy", 1000, 5)
        assert engine.request("K", "C").reason == Status.duplicate_by_content
        engine.define_currency("USD")
        assert set(limits(engine)[0].counted) == {"AUD", "USD"}
        assert found(engine) == []


def test_a_wrong_tally_is_found(engine):
    engine.set_limit("firm", None, "open_value", 20_000)
    engine.submit("K", "A", "Q", "buy", 100, 5)
    assert found(engine) == []
    engine.core.rows("tally")["open_value"][1] += 1
    assert found(engine) == ["tally row 1: open_value is 5000001, and should be 5000000"]
