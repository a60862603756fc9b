"""Rules of control that a scenario cannot tell: tenants, full tables, what is kept of each change."""

from __future__ import annotations

from typing import Any

import pytest

from oms import Engine
from oms.control import changes, states
from oms.enums import RequestStatus, Status
from oms.verify import audit

DAY = "2026-11-23"


def market(**capacities: int) -> Engine:
    engine = Engine(capacities)
    engine.define_currency("AUD", 2)
    engine.define_exchange("XASX", 2)
    engine.define_class("default")
    engine.define_user("ops", ["operate", "lift"])
    engine.define_user("tenant", ["operate"], owner=8)
    engine.define_user("theirs", ["trade_any"], owner=8)
    engine.define_user("ours", ["trade_any"])
    engine.define_account("A")
    engine.define_account("T", owner=8)
    engine.define_instrument("Q", exchange="XASX", currency="AUD", price_exponent=2)
    engine.business_date(DAY)
    engine.session("XASX", "open", DAY)
    engine.open_feed("XASX")
    engine.deposit("A", "AUD", 100000, "opening")
    return engine


def status(result: Any) -> str:
    return str(result.status.name)


def account(engine: Engine, code: str, owner: int, state: int, by: str) -> Any:
    return engine.record("Control", by, scope=2, number=engine.account_slot(code, owner), state=state)


def test_a_tenants_operator_controls_its_own_accounts_and_users_only():
    engine = market()
    assert status(account(engine, "T", 8, 3, "tenant")) == "ok"
    assert status(account(engine, "A", 0, 3, "tenant")) == "permission_denied"
    assert status(engine.control("user", "theirs", "halted", by="tenant")) == "ok"
    for scope, name in (("user", "ours"), ("firm", None), ("exchange", "XASX"), ("instrument", "Q")):
        assert status(engine.control(scope, name, "halted", by="tenant")) == "permission_denied"
    assert list(states(engine)) == [("firm", "", "active"), ("account", "T", "killed"), ("user", "theirs", "halted")]


def test_a_tenants_mass_cancel_stays_within_the_tenant():
    engine = market()
    engine.submit("A", "X", "Q", "buy", 10, 5)
    assert engine.mass_cancel(by="tenant").answer["figure"] == 0
    assert status(engine.mass_cancel("A", by="tenant")) == "permission_denied"
    assert engine.mass_cancel(by="ours").answer["figure"] == 1


@pytest.mark.parametrize(("scope", "number"), [(0, 1), (1, 9), (2, 0), (3, 70000), (4, 999), (5, 1)])
def test_what_is_not_there_has_no_state(scope, number):
    engine = market()
    assert status(engine.record("Control", scope=scope, number=number, state=1)) == "reference_invalid"
    assert status(engine.record("Control", scope=0, number=0, state=4)) == "reference_invalid"
    assert list(states(engine)) == [("firm", "", "active")]


def test_a_change_is_never_refused_for_want_of_room():
    engine = market(control=4)
    for reason in "abcde":
        assert engine.control("firm", None, "halted", by="ops", reason=reason).ok
    kept = changes(engine)
    assert [change.reason for change in kept] == ["c", "d", "e"]
    assert {change.user for change in kept} == {"ops"}


def test_a_kill_has_room_for_every_cancel_whatever_clients_ask_for():
    engine = market(request=130)
    for number in range(60):  # refusals take a part of the table, and orders the rest but for what is kept for cancels
        assert engine.submit("A", f"R{number}", "Q", "buy", 0, 5).status == Status.order_qty_not_positive
    orders = 0
    while (status := engine.submit("A", f"N{orders}", "Q", "buy", 1, 5).status) == Status.ok:
        orders += 1
    assert status == Status.capacity_reached
    assert engine.cancel("A", "C0", "N0").ok
    for number in range(1, 60):  # an order's first cancel has a row of its own; a storm of them has none
        assert engine.cancel("A", f"C{number}", "N0").status == Status.capacity_reached
    killed = engine.kill("firm", by="ops")
    assert (killed.answer["figure"], len(killed.sent)) == (orders - 1, orders - 1)
    assert Status.capacity_reached not in killed.alerts


def test_a_kill_without_room_for_every_cancel_says_so_and_goes_on_when_repeated():
    engine = market(request=130)
    for number in range(20):
        assert engine.submit("A", f"R{number}", "Q", "buy", 0, 5).status == Status.order_qty_not_positive
    told = {"feed": "XASX", "account": "A", "instrument": "Q", "side": "buy", "order_qty": 1, "price": 5}
    number = 0
    while engine.report("new", order_id=f"O{number}", exec_id=f"E{number}", **told).ok:
        number += 1  # orders from elsewhere are facts: they take what is kept for cancels
    killed = engine.kill("firm", by="ops")
    sent = len(killed.sent)
    assert killed.answer["figure"] == sent
    assert sent < number
    assert killed.alerts[:2] == [Status.trading_killed, Status.capacity_reached]
    engine.business_date("2026-11-24")  # gives rows of refused requests back one day later
    engine.business_date("2026-11-25")
    assert len(engine.kill("firm", by="ops").sent) == 20


def test_a_cancel_of_ours_is_answered_by_no_name():
    engine = market()
    engine.submit("A", "X", "Q", "buy", 10, 5, by="ours")
    (sent,) = engine.kill("user", "ours", by="ops").sent
    order = engine.order("A", "X")
    assert (sent["orig_request"], sent["order"]) == (engine.request("A", "X").handle, order.handle)
    assert order.pending == (("cancel", ""),)
    engine.cancel_reject("A", "X", handle=sent["request"], ord_status="new")
    assert engine.order("A", "X").pending == ()
    rows = engine.rows("request")
    assert rows["status"][sent["request"] & 0xFFFFFFFF] == RequestStatus.rejected


def test_who_enters_what_cannot_tell_of_sessions():
    engine = market()
    slot = engine.user_slot("ours")
    assert status(engine.record("UserLost", "ops", user=slot)) == "permission_denied"
    assert status(engine.record("UserBack", "ops", user=slot)) == "permission_denied"
    assert status(engine.record("UserLost", user=999)) == "reference_invalid"
    assert status(engine.record("UserBack", user=0)) == "reference_invalid"


@pytest.mark.parametrize(
    ("table", "field", "row", "figure"),
    [("account", "control_state", 1, 1), ("firm", "control_state", 1, 0), ("request", "status", 1, 2)],
)
def test_verify_finds_a_state_that_nobody_set_and_what_waits_in_what_is_killed(table, field, row, figure):
    engine = market()
    engine.submit("A", "X", "Q", "buy", 10, 5)
    engine.control("account", "A", "halted", by="ops")
    engine.kill("firm", by="ops")
    assert audit(engine).count == 0
    engine._raw_arrays()[table][field][row] = figure
    assert (table, row) in {(finding.table, finding.row) for finding in audit(engine).findings}


def test_who_may_not_lift_cannot_make_somebody_who_may():
    engine = market()
    engine.define_user("clerk", ["operate"])
    record = {"name": "friend", "permissions": 8 | 64, "active": 1}
    assert status(engine.record("DefineUser", "clerk", **record)) == "permission_denied"
    assert status(engine.record("DefineUser", "ops", **record)) == "ok"
    assert status(engine.record("DefineUser", "clerk", **record)) == "ok"  # it had it
    assert status(engine.record("DefineUser", "clerk", **record | {"permissions": 8})) == "ok"
    assert status(engine.record("DefineUser", "clerk", **record)) == "permission_denied"


def begun(engine: Engine, *cl_ord_ids: str, of: int) -> None:
    """Members of a list of `of`; the last ones are yet to come."""
    engine.begin_list(of, by="ours")
    for cl_ord_id in cl_ord_ids:
        engine.submit("A", cl_ord_id, "Q", "buy", 10, 5, listed=True, by="ours")
        assert engine.request("A", cl_ord_id).status == "received"


@pytest.mark.parametrize(
    ("stop", "reason", "outcome"),
    [
        (lambda engine: engine.kill("instrument", "Q", by="ops"), "withdrawn_by_kill", "rejected"),
        (lambda engine: engine.mass_cancel("A", by="ours"), "cancelled_by_client", "cancelled"),
    ],
)
def test_what_a_list_holds_back_ends_too_and_the_list_with_it(stop, reason, outcome):
    engine = market()
    begun(engine, "L1", "L2", of=3)
    stopped = stop(engine)
    assert stopped.answer["limit"] == 2
    assert stopped.sent == []
    for cl_ord_id in ("L1", "L2"):
        request = engine.request("A", cl_ord_id)
        assert (request.status, request.reason.name) == (outcome, reason)
    assert engine.cash("A", "AUD").reserved == 0
    last = engine.submit("A", "L3", "Q", "buy", 10, 5, listed=True, by="ours")
    assert not last.ok
    assert last.sent == []
    assert engine.cash("A", "AUD").reserved == 0


def test_a_list_that_loses_a_member_ends_whole():
    engine = market()
    engine.define_instrument("R", exchange="XASX", currency="AUD", price_exponent=2)
    begun(engine, "L1", of=3)
    engine.submit("A", "L2", "R", "buy", 10, 5, listed=True, by="ours")
    assert engine.mass_cancel(instrument="R", by="ops").answer["limit"] == 1
    assert engine.request("A", "L2").reason.name == "cancelled_by_client"
    assert engine.request("A", "L1").reason.name == "list_rejected"
    assert engine.cash("A", "AUD").reserved == 0


@pytest.mark.parametrize("scope", [("firm", None), ("exchange", "XASX"), ("account", "A"), ("instrument", "Q")])
def test_what_a_kill_finds_on_its_way_to_a_lost_adapter_is_withdrawn(scope):
    """It counts as sent when the kill comes, and turns out never to have left: it must not go out another way."""
    engine = market()
    engine.define_exchange("XASX", 2, feeds=["XASX", "SECOND"])
    engine.open_feed("SECOND")
    sent = engine.submit("A", "X", "Q", "buy", 10, 5).sent
    engine.control(*scope, "killed", by="ops")
    result = engine.lose_feed("XASX", last_sent=sent[0]["feed_sequence"] - 1)
    assert result.sent == []  # neither the order nor its cancel, which has nothing to cancel
    row = engine.rows("request")[engine.request_slot(engine.account_slot("A"), "X")]
    assert (row["status"], row["reason"]) == (RequestStatus.rejected, Status.withdrawn_by_kill)
    assert engine.rows("cash")[1]["reserved"] == 0
    assert audit(engine).findings == []
