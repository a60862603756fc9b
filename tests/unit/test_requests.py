"""What leaves for an exchange names what the exchange knows, whatever else waits here."""

import pytest

from oms import Engine


@pytest.fixture
def engine():
    with Engine(capacities={"order": 100, "request": 400, "execution": 100, "text": 4096}) as engine:
        engine.business_date("2026-11-23")
        engine.define_currency("AUD")
        engine.define_exchange("XASX")
        engine.define_class("default", auth_above_value=9000)
        engine.define_instrument("Q", exchange="XASX", currency="AUD")
        engine.define_account("K")
        engine.load_cash("2026-11-20", [("K", "AUD", 20_000)])
        engine.open_feed("XASX")
        engine.session("XASX", "open")
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
