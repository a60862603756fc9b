"""Every table of the catalogue, filled by what fills it. Of those that facts take rows of, new orders leave a reserve:
they are refused before they are accepted, and reports, cancels, kills, settlement and the bank's word go on, booked to
the cent. What only operators fill is refused to them, and trading goes on. A table in none of the lists fails the test.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count

import pytest

from oms import Engine, records, schema
from oms.booking import SettlementItem
from oms.enums import EventKind, Fill, Status
from oms.errors import OmsError
from oms.recompute import Books
from oms.stat import tables as table_figures
from oms.verify import CHECKS

ROWS = 1440 if os.environ.get("OMS_SOAK") == "1" else 96
DAY = "2026-11-23"
LATER = "2026-12-01"


def market(path, **capacities: int) -> Engine:
    engine = Engine({"event": 4096} | capacities, journal=path / "journal")
    engine.define_currency("AUD", 4)
    engine.define_exchange("XASX", 2)
    engine.define_custodian("BANK")
    engine.define_class("default", cross_own="allow")
    engine.define_user("ops", permissions=("operate", "lift"))
    engine.define_user("client", permissions=("trade",))
    engine.define_account("K", users=["client"])
    engine.define_account("F")
    for symbol in ("Q", "Z"):
        engine.define_instrument(
            symbol, exchange="XASX", currency="AUD", reference_price="5", short_allowed=True, short_margin_bps=5000
        )
    engine.business_date(DAY)
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    engine.open_feed("BANK")
    engine.deposit("K", "AUD", 10_000_000, "opening")
    engine.deposit("F", "AUD", 10_000, "opening of F")
    for account, size in (("K", 10_000), ("F", 1000)):
        assert engine.submit(account, "LIVE", "Q", "buy", size, "5").ok
        assert engine.report("new", account=account, cl_ord_id="LIVE", order_id=f"O-{account}").ok
    return engine


def buy(engine: Engine, name: str, instrument: str = "Q") -> Status:
    return Status(engine.submit("K", name, instrument, "buy", 1, "5", by="client").answer["status"])


def trade(engine: Engine, name: str, **more):
    order = {"account": "K", "cl_ord_id": "LIVE"} | {
        key: more.pop(key) for key in ("account", "cl_ord_id") if key in more
    }
    return engine.report("trade", exec_id=name, last_qty=1, last_px="5", **order, **more)


def orders(engine: Engine, number: int) -> None:
    buy(engine, f"N{number}")


def refused(engine: Engine, number: int) -> None:
    engine.submit("K", f"N{number}", "Q", "buy", 0, "5")


def long_names(engine: Engine, number: int) -> None:
    engine.submit("K", f"{number:0200}", "Q", "buy", 1, "5")


def trades(engine: Engine, number: int) -> None:
    trade(engine, f"E{number}")


def dates(engine: Engine, number: int) -> None:
    trade(engine, f"E{number}", settle_date=(date(2027, 1, 1) + timedelta(number)).isoformat())


def instruments(engine: Engine, number: int) -> None:
    engine.define_instrument(f"I{number}", exchange="XASX", currency="AUD", reference_price="5")
    buy(engine, f"N{number}", f"I{number}")


def accounts(engine: Engine, number: int) -> None:
    engine.define_account(f"A{number}")
    engine.deposit(f"A{number}", "AUD", 1, f"D{number}")


def deposits(engine: Engine, number: int) -> None:
    engine.deposit("K", "AUD", 1, f"D{number}")


def certificates(engine: Engine, number: int) -> None:
    engine.adjust("K", "Z", 1, f"S{number}", "found")


def unknown(engine: Engine, number: int) -> None:
    engine.report("canceled", order_id=f"NOBODY-{number}", exec_id=f"U{number}", instrument="Q", feed="XASX")


def batches(engine: Engine, number: int) -> None:
    engine.settle(f"B{number}", DAY)


def shorts(engine: Engine, number: int) -> None:
    code = f"S{number}"
    engine.define_account(code, short_allowed=True)
    engine.deposit(code, "AUD", 100, code)
    if engine.submit(code, "SHORT", "Q", "sell_short", 1, "5", locate="L").ok:
        trade(engine, code, account=code, cl_ord_id="SHORT")


def parts(engine: Engine, number: int) -> None:
    engine.report("trade", account="K", cl_ord_id="LIVE", exec_id=f"P{number}", last_qty=2, last_px="5")
    engine.settle(f"B{number}", LATER, "K", items=[SettlementItem(f"P{number}", quantity=1)])


def splits(engine: Engine, number: int) -> None:
    engine.define_instrument(f"I{number}", exchange="XASX", currency="AUD", reference_price="5")
    if buy(engine, f"N{number}", f"I{number}") == Status.ok:
        trade(engine, f"E{number}", cl_ord_id=f"N{number}")
        engine.corporate_action(f"CA{number}", f"I{number}", "split", DAY, ratio="2")


def told(engine: Engine, number: int) -> None:
    engine.balance("BANK", f"T{number}", "K", "AUD", delta=1)


def restated(engine: Engine, number: int) -> None:
    engine.report("restated", account="K", cl_ord_id="LIVE", exec_id=f"R{number}", order_qty=10_000, price="5")


FILLED_BY_TRADING: dict[str, tuple[int, Callable[[Engine, int], None]]] = {
    "order": (ROWS, orders),
    "request": (2 * ROWS, refused),
    "text": (8192, long_names),
    "execution": (ROWS, trades),
    "ladder": (ROWS, dates),
    "holding": (ROWS, instruments),
    "cash": (ROWS, accounts),
    "movement": (ROWS, deposits),
    "cost_event": (ROWS, certificates),
    "parked": (ROWS, unknown),
    "settlement": (ROWS, batches),
    "exposure": (ROWS, shorts),
    "short_sale": (ROWS, shorts),
    "progress": (ROWS, parts),
    "scaled": (ROWS, splits),
    "balance": (ROWS, told),
    "restatement": (ROWS, restated),
}


def currency(engine: Engine, number: int) -> Status:
    return engine.define_currency(f"X{number:02}").status


def holiday(engine: Engine, number: int) -> Status:
    return engine.define_currency(f"X{number:02}", holidays=["2026-12-25"]).status


def exchange(engine: Engine, number: int) -> Status:
    return engine.define_exchange(f"X{number:03}").status


def custodian(engine: Engine, number: int) -> Status:
    return engine.define_custodian(f"B{number}").status


def account_class(engine: Engine, number: int) -> Status:
    return engine.define_class(f"class{number}").status


def schedule(engine: Engine, number: int) -> Status:
    return engine.define_fee(f"fee{number}", bps=10).status


def user(engine: Engine, number: int) -> Status:
    return engine.define_user(f"u{number}").status


def entitlement(engine: Engine, number: int) -> Status:
    engine.define_user(f"u{number}")
    return engine.define_account("K", users=[f"u{number}"]).status


def account(engine: Engine, number: int) -> Status:
    return engine.define_account(f"A{number}").status


def instrument(engine: Engine, number: int) -> Status:
    return engine.define_instrument(f"I{number}", exchange="XASX", currency="AUD").status


def load(engine: Engine, number: int) -> Status:
    engine.session("XASX", "closed")
    status = engine.load_cash(
        "2026-11-22", [("F", "AUD", 10_000)], f"f{number}", bytes([number] * 32), True, "ops"
    ).status
    engine.session("XASX", "open")
    return status


def stage(engine: Engine, number: int) -> Status:
    engine.session("XASX", "closed")
    rows = [("F", "AUD", 10_000)] * (16 if number else 1)
    status = engine.load_cash("2026-11-22", rows, f"f{number}", bytes([number] * 32), True, "ops").status
    engine.session("XASX", "open")
    return status


def business_date(engine: Engine, number: int) -> Status:
    status = engine.business_date(date(2026, 11, 24) + timedelta(number)).status
    engine.session("XASX", "open")
    return status


def withdrawal(engine: Engine, number: int) -> Status:
    return engine.withdraw("K", "AUD", 1, f"W{number}", stage="request", by="client").status


def limit(engine: Engine, number: int) -> Status:
    engine.define_account(f"A{number}")
    return engine.set_limit("account", f"A{number}", "order_value", 1000).status


def request_list(engine: Engine, number: int) -> Status:
    engine.define_user(f"u{number}")
    return Status(engine.begin_list(2, by=f"u{number}").answer["status"])


def announced(engine: Engine, number: int) -> Status:
    return engine.corporate_action(f"CA{number}", "Z", "dividend", "2027-03-01", amount="0.1").status


def dividends(engine: Engine, number: int) -> Status:
    if not len(engine.rows("position")) > 1:
        engine.adjust("K", "Z", 1, "one", "found")
    return engine.corporate_action(f"CA{number}", "Z", "dividend", DAY, amount="0.1").status


def owner(engine: Engine, number: int) -> Status:
    return engine.define_owner(number + 1, f"owner{number}").status


def renamed(engine: Engine, number: int) -> Status:
    old, new = ("Z", "Y") if number % 2 == 0 else ("Y", "Z")
    return engine.rename("instrument", old, new).status


FILLED_BY_OPERATORS: dict[str, Callable[[Engine, int], Status]] = {
    "currency": currency,
    "calendar": holiday,
    "exchange": exchange,
    "feed": custodian,
    "account_class": account_class,
    "fee": schedule,
    "user": user,
    "entitlement": entitlement,
    "account": account,
    "instrument": instrument,
    "load": load,
    "stage": stage,
    "day": business_date,
    "withdrawal": withdrawal,
    "limit": limit,
    "tally": limit,
    "request_list": request_list,
    "corporate_action": announced,
    "position": dividends,
    "owner": owner,
    "renamed": renamed,
}

NEVER_FULL = {
    "firm": "one row",
    "fee_rule": "a row for each class and exchange",
    "control": "the oldest change makes room",
    "capacity": "a row for each table",
    "open_value": "row = the order's",
    "live_order": "row = the order's",
    "told_terms": "row = the order's",
    "endpoint": "a row for each peer that is configured",
    "event": "a ring: readers follow by position",
    "counter": "named by the process",
    "latency": "named by the process",
}


def test_no_table_is_forgotten():
    lists = [set(FILLED_BY_TRADING), set(FILLED_BY_OPERATORS), set(NEVER_FULL)]
    assert sorted(name for names in lists for name in names) == sorted(table.name for table in schema.TABLES)
    assert set(FILLED_BY_TRADING) == set(schema.RESERVES)


def place_of(table: str) -> int:
    return [known.name for known in schema.TABLES].index(table) + 1


def alerts(engine: Engine) -> list[dict]:
    """What was told of tables."""
    raw = engine.core.events_from(max(0, engine.core.events - 4000))
    events = [records.decode(record)[1] for record in records.split(raw)]
    return [event for event in events if event["kind"] == EventKind.alert and event["state"] == EventKind.table]


def sound(engine: Engine) -> None:
    books = Books(engine)
    for check in CHECKS:
        check(books)
    assert books.count == 0, books.findings


def facts(engine: Engine) -> None:
    """Reports of all kinds, the bank, settlement, a cancel and a kill, on an account of which every cent is known."""
    live = {"account": "F", "cl_ord_id": "LIVE"}
    first = {"last_qty": 10, "last_px": "5"}
    assert engine.report("trade", exec_id="F1", **live, **first).status == Status.ok
    assert engine.report("trade", exec_id="F2", **live, last_qty=4, last_px="5").status == Status.ok
    assert (
        engine.report("trade_correct", exec_id="F3", exec_ref_id="F1", **live, last_qty=8, last_px="4").status
        == Status.ok
    )
    assert engine.report("trade_cancel", exec_id="F4", exec_ref_id="F2", **live).status == Status.ok
    assert engine.balance("BANK", "F5", "F", "AUD", delta="12.34").status == Status.ok
    assert engine.settle("F6", LATER, "F").status == Status.ok
    assert engine.cash("F", "AUD").booked == 10_000 - 32 + 12 + type(engine.cash("F", "AUD").booked)("0.34")
    assert engine.holding("F", "Q").settled == 8
    [cancel] = engine.cancel("F", "F7", "LIVE").sent
    assert cancel["type"] == ord("F")
    killed = engine.kill("firm", by="ops")
    assert killed.answer["status"] == Status.ok
    assert Status.capacity_reached not in killed.alerts
    assert engine.report("canceled", account="F", cl_ord_id="F7").status == Status.ok
    assert engine.cash("F", "AUD").reserved == 0


@pytest.mark.parametrize("table", FILLED_BY_TRADING)
def test_new_orders_leave_a_reserve_to_facts_cancels_and_kills(tmp_path, table):
    rows, use = FILLED_BY_TRADING[table]
    with market(tmp_path, **{table: rows}) as engine:
        for number in count():
            use(engine, number)
            if buy(engine, f"PROBE{number}") == Status.capacity_reached:
                break
            assert number < 8 * rows, "it never becomes full"
        place = place_of(table)
        if table != "request":  # of which a row for each live order is kept beside its mark
            assert engine.row("capacity", place)["fill"] == Fill.reserve
            told = [event for event in alerts(engine) if event["row"] == place]
            assert told[-1]["status"] == Status.table_at_reserve
            [figures] = [figures for figures in table_figures(engine) if figures["table"] == table]
            assert (figures["fill"], figures["rows"]) == ("reserve", told[-1]["figure"])
            assert figures["capacity"] - figures["rows"] <= figures["reserve"]
        refusal = engine.submit("K", "LAST", "Q", "buy", 1, "5", by="client")
        assert (refusal.answer["status"], refusal.sent, refusal.events) == (Status.capacity_reached, [], [])
        assert not engine.request_slot(engine.account_slot("K"), "LAST")
        facts(engine)
        sound(engine)
        expected = engine.state_hash()
    with Engine({"event": 4096, table: rows}, journal=tmp_path / "journal") as again:
        assert again.state_hash() == expected


@pytest.mark.parametrize("table", FILLED_BY_OPERATORS)
def test_a_table_that_operators_fill_is_refused_to_them_alone(tmp_path, table):
    rows = 16
    with market(tmp_path, **{table: rows}) as engine:
        told = [FILLED_BY_OPERATORS[table](engine, number) for number in range(20)]
        assert told[0] == Status.ok
        assert told[-1] == Status.capacity_reached
        assert buy(engine, "NEXT") == Status.ok
        assert trade(engine, "E", cl_ord_id="NEXT").ok
        sound(engine)
        expected = engine.state_hash()
    with Engine({"event": 4096, table: rows}, journal=tmp_path / "journal") as again:
        assert again.state_hash() == expected


def elsewhere(engine: Engine, name: str, account: str = "K") -> Status:
    order = {"account": account, "instrument": "Q", "side": "buy", "order_qty": 1, "price": "5", "feed": "XASX"}
    return engine.report("new", order_id=name, exec_id=name, **order).status


def money(engine: Engine, name: str, account: str = "K") -> Status:
    return engine.balance("BANK", name, account, "AUD", delta="12.34").status


def fill(engine: Engine, name: str, account: str = "K") -> Status:
    return trade(engine, name, account=account).status


def dated(engine: Engine, name: str, account: str = "K") -> Status:
    day = date(2027, 1, 1) + timedelta(len(engine.rows("execution")))
    return trade(engine, name, account=account, settle_date=day.isoformat()).status


FACTS: dict[str, Callable[..., Status]] = {
    "order": elsewhere,
    "request": elsewhere,
    "execution": fill,
    "ladder": dated,
    "text": fill,
    "movement": money,
    "balance": money,
    "parked": elsewhere,
}


@pytest.mark.parametrize("table", [name for name in FACTS if name != "parked"])
def test_what_even_the_reserve_cannot_hold_is_parked_and_booked_to_the_cent_in_larger_tables(tmp_path, table):
    rows, fact = (4096 if table == "text" else ROWS), FACTS[table]
    with market(tmp_path, **{table: rows}) as engine:
        names = (f"{number:0200}" for number in count())
        while fact(engine, next(names)) == Status.ok:
            pass
        assert fact(engine, "LAST", "F") == Status.capacity_reached
        [*_, last] = engine.parked()
        assert last.status == Status.capacity_reached
        assert buy(engine, "NEXT") == Status.capacity_reached
        sound(engine)
        cash, stock = engine.cash("F", "AUD"), engine.holding("F", "Q")
    with Engine({"event": 4096, table: 4 * rows}, journal=tmp_path / "journal") as engine:
        assert engine.resolve_parked(last.sequence, "apply", by="ops").ok
        sound(engine)
        now, held = engine.cash("F", "AUD"), engine.holding("F", "Q")
        changes = (now.booked - cash.booked, now.payable - cash.payable, now.reserved - cash.reserved)
        assert (*map(float, changes), held.incoming - stock.incoming) == {
            elsewhere: (0, 0, 5, 0),
            money: (12.34, 0, 0, 0),
            fill: (0, 5, -5, 1),
            dated: (0, 5, -5, 1),
        }[fact]
        assert buy(engine, "NEXT") == Status.ok


def test_a_process_ends_before_a_fact_finds_no_row_to_be_parked_in(tmp_path):
    with market(tmp_path, parked=ROWS) as engine:
        for number in range(ROWS - 1):
            unknown(engine, number)
        assert alerts(engine)[-1]["status"] == Status.table_full
        assert engine.kill("firm", by="ops").ok
        before = engine.sequence
        with pytest.raises(OmsError, match=f"table parked holds {ROWS} rows, all in use") as error:
            unknown(engine, ROWS)
        assert "capacities.parked" in error.value.remedy
        assert engine.sequence == before
        expected = engine.state_hash()
    with Engine({"event": 4096, "parked": ROWS}, journal=tmp_path / "journal") as engine:
        assert engine.state_hash() == expected
        with pytest.raises(OmsError, match="all in use"):
            unknown(engine, ROWS)
    with Engine({"event": 4096, "parked": 2 * ROWS}, journal=tmp_path / "journal") as engine:
        unknown(engine, ROWS)
        assert len(engine.parked()) == ROWS


def test_the_alarms_come_once_on_the_way_up_and_once_on_the_way_down(tmp_path):
    with market(tmp_path, stage=101) as engine:
        names = {
            Status.table_filling: 80,
            Status.table_nearly_full: 90,
            Status.table_full: 100,
            Status.table_has_room: 0,
        }
        engine.session("XASX", "closed")
        rows = [("F", "AUD", 10_000)] * 101
        assert engine.load_cash("2026-11-22", rows, by="ops").status == Status.capacity_reached
        assert engine.load_cash("2026-11-22", rows[:1], by="ops").ok
        told = [(Status(event["status"]), event["figure"]) for event in alerts(engine)]
        assert told[:3] == list(names.items())[:3]
        assert told[3][0] == Status.table_has_room
        assert len(told) == 4
        assert engine.row("capacity", place_of("stage"))["fill"] == Fill.calm
