"""A right counts at the moment of the decision, not when the screen was opened."""

import pytest

from oms import Engine
from oms.enums import Decision, Status


@pytest.fixture
def queued():
    with Engine({"order": 64, "request": 64, "execution": 64}) as engine:
        engine.define_currency("AUD", 4)
        engine.define_exchange("XASX")
        engine.define_class("default", auth_above_value="100")
        engine.define_account("K")
        engine.define_instrument("Q", exchange="XASX", currency="AUD", reference_price="10")
        engine.define_user("desk", ["authorise"])
        engine.business_date("2026-11-23")
        engine.session("XASX", "open", "2026-11-23")
        engine.deposit("K", "AUD", 10_000, "money")
        engine.submit("K", "A", "Q", "buy", 100, "10")
        assert engine.request("K", "A").status == "queued"
        yield engine


@pytest.mark.parametrize("change", [{"permissions": ["trade"]}, {"permissions": ["authorise"], "active": False}])
def test_a_desk_that_lost_its_right_decides_nothing(queued, change):
    version = queued.queue()[0].queue_version
    queued.define_user("desk", **change)
    assert queued.authorise("K", "A", "desk", version).status == Status.permission_denied
    assert queued.request("K", "A").status == "queued"
    queued.define_user("desk", ["authorise"])
    assert queued.authorise("K", "A", "desk", version).ok


def test_a_decision_on_what_was_lost_in_a_crash_does_not_meet_what_has_its_row_now(queued):
    request = queued.request("K", "A")
    looked_at = {"request": request.handle, "queue_version": request.queue_version, "decision": int(Decision.authorise)}
    lost = queued.record("AuthDecision", "desk", **looked_at, received_ns=request.time_ns - 1)
    assert lost.status == Status.decision_stale
    assert queued.request("K", "A").status == "queued"
    assert queued.record("AuthDecision", "desk", **looked_at, received_ns=request.time_ns).ok
