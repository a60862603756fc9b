"""The OMS's side of the contract: what is sent again after an opening, and what an exchange's list can miss."""

import pytest

from oms import Engine, records


@pytest.fixture
def engine():
    made = Engine()
    made.define_currency("AUD")
    made.define_exchange("XASX")
    made.define_class("default", auth_above_value="5000")
    made.define_user("client")
    made.define_user("dtr", permissions=("authorise",))
    made.define_account("A", users=("client",))
    made.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="5")
    made.business_date("2026-11-23")
    made.session("XASX", "open")
    made.open_feed("XASX")
    made.deposit("A", "AUD", "100000", "opening")
    return made


def test_requests_are_sent_again_in_the_order_of_their_numbers(engine):
    engine.submit("A", "LARGE", "Q", "buy", 2000, "5", by="client")  # waits for a DTR: first in, last out
    sent = engine.submit("A", "SMALL", "Q", "buy", 100, "5", by="client").sent
    sent += engine.authorise("A", "LARGE", by="dtr").sent
    sent += engine.submit("A", "LATER", "Q", "buy", 100, "5", by="client").sent
    engine.lose_feed("XASX")
    again = engine.open_feed("XASX", last_received=0).sent
    assert [request["feed_sequence"] for request in again] == [1, 2, 3]
    assert [request["request"] for request in again] == [request["request"] for request in sent]
    engine.lose_feed("XASX")
    assert [request["feed_sequence"] for request in engine.open_feed("XASX", last_received=2).sent] == [3]


def test_a_list_does_not_miss_what_was_on_its_way(engine):
    for cl_ord_id in ("FIRST", "SECOND", "THIRD"):
        engine.submit("A", cl_ord_id, "Q", "buy", 100, "5", by="client")
    end = records.encode("OpenOrdersEnd", exchange=1, complete=1, count=0, next_sequence=2)
    engine.apply(end)
    statuses = [engine.request("A", cl_ord_id).status for cl_ord_id in ("FIRST", "SECOND", "THIRD")]
    assert statuses == ["in_doubt", "submitted", "submitted"]
    engine.apply(records.encode("OpenOrdersEnd", exchange=1, complete=1, count=0))
    assert engine.request("A", "THIRD").status == "in_doubt"
