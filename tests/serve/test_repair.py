"""What a person settles in a running `oms serve`: breaks, parked reports, doubts, the suspense account, moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms import cli
from oms.client import Client
from oms.enums import ExecType, Side
from oms.verify import verify
from oms.views import attach
from tests.serve.test_control import CONFIG, Exchange, oms
from tests.serve.test_serve import Serving, wait_until
from tests.start_of_day.delivery import deliver

NULL = -(1 << 63)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    (tmp_path / "oms.toml").write_text(
        CONFIG.replace('[users.ops]\npermissions = ["operate"]', '[users.ops]\npermissions = ["operate", "trade_any"]')
    )
    started = Serving(tmp_path)
    try:
        assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 0
        yield started
    finally:
        started.stop()


def execute(exchange: Exchange, exec_id: str, **fields: Any) -> None:
    exchange.sequence += 1
    nulls = dict.fromkeys(("cum_qty", "leaves_qty", "price", "order_qty"), NULL)
    told = nulls | {"exec_type": ExecType.trade, "exec_id": exec_id, "feed_sequence": exchange.sequence} | fields
    exchange.say("ExecutionReport", **told)


def test_what_waits_for_a_person_is_listed_and_settled(
    serving: Serving, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = Exchange(serving)
    views = attach(serving.config.tables)
    price = 10 ** int(views.rows("instrument")["price_exponent"][views.instrument_slot("BHP")])
    own = {"side": Side.buy, "instrument": views.instrument_slot("BHP"), "last_px": 40 * price}
    with Client(serving.config.url("ann"), name="ann") as client:
        client.submit("A1", "X", "BHP", "buy", 10, "45.00")
        client.drain()
        wait_until(lambda: bool(exchange.take()))
        request = views.request("A1", "X").handle
        execute(exchange, "E1", request=request, last_qty=6, last_px=40 * price)
        execute(exchange, "E1", request=request, last_qty=5, last_px=40 * price)
        execute(exchange, "E2", order_id="O2", account_code="NOBODY", last_qty=5, **own)
        unknown = own | {"instrument": 0, "symbol": "BHP", "last_px": 40 * 10**8, "last_qty": 2 * 10**8}
        execute(exchange, "E3", order_id="O3", account=views.account_slot("A1"), **unknown)
        wait_until(lambda: len(oms(capsys, serving, "parked")[1]) == 2)
        conflict, instrument = oms(capsys, serving, "parked")[1]
        assert (conflict["status"], conflict["exec_id"], conflict["last_qty"]) == ("execution_conflict", "E1", "5")
        assert (instrument["status"], instrument["exec_id"]) == ("instrument_unknown", "E3")
        assert len(oms(capsys, serving, "parked", "--breaks")[1]) == 1

        assert oms(capsys, serving, "resolve", "E1", "theirs", "--as", "ops") == (0, {"name": "E1", "status": "ok"})
        assert str(views.order("A1", "X").cum_qty) == "5"
        assert oms(capsys, serving, "resolve", "E3", "apply", "--as", "ops")[0] == 0
        assert oms(capsys, serving, "resolve", "E3", "apply", "--as", "ops")[1]["status"] == "nothing_to_resolve"
        assert oms(capsys, serving, "parked")[1] == []
        assert {row["outcome"] for row in oms(capsys, serving, "parked", "--all")[1]} == {"theirs", "apply"}

        assert oms(capsys, serving, "assign", "O2", "A1", "--as", "ops") == (0, {"name": "O2", "status": "ok"})
        assert str(views.holding("SUSPENSE", "BHP").total) == "0"
        assert oms(capsys, serving, "move", "A1", "X", "A2", "--as", "ops")[1]["status"] == "ok"
        assert views.order("A2", "X").account == "A2"
        assert oms(capsys, serving, "resolve", "X", "closed", "--account", "A2", "--as", "ops")[0] == 1
    exchange.connection.close()
    serving.stop()
    assert verify(tmp_path).ok
