"""Control of a running `oms serve`: kills, mass cancel, clients that die, the start of day."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms import cli, records
from oms.bus import Connection
from oms.client import Client
from oms.control import changes
from oms.enums import ExecType, OrdStatus, RequestType, SessionState, Status
from oms.verify import verify
from oms.views import Attached, attach
from tests.serve.test_serve import Serving, wait_until
from tests.start_of_day.delivery import FILES, deliver

CONFIG = """
[store]
segment_bytes = 1048576
[currencies.AUD]
[currencies.JPY]
exponent = 0
[exchanges.XASX]
compare = false
[exchanges.XTKS]
compare = false
[classes.retail]
break_tolerance = "1"
[users.ops]
permissions = ["operate", "trade_any"]
[users.boss]
permissions = ["operate", "lift"]
[users.ann]
permissions = ["trade_any"]
cancel_on_disconnect = 2
[users.bob]
permissions = ["trade_any"]
max_rate = 3
[users.xasx]
permissions = ["report"]
[endpoints.ops]
role = "operator"
user = "ops"
[endpoints.boss]
role = "operator"
user = "boss"
[endpoints.ann]
role = "client"
user = "ann"
[endpoints.bob]
role = "client"
user = "bob"
[endpoints.XASX]
role = "adapter"
user = "xasx"
feed = "XASX"
"""
TRADER = """
import sys, time
from oms.client import Client
with Client(sys.argv[1], name="ann", heartbeat_ms=100) as client:
    for cl_ord_id in sys.argv[2:]:
        client.submit("A1", cl_ord_id, "BHP", "buy", 1, "45.00")
    print([answer.status.name for answer in client.drain()], flush=True)
    time.sleep(600)
"""


class Exchange:
    """An adapter that accepts orders and cancels them when it is told to."""

    def __init__(self, serving: Serving) -> None:
        self.connection: Connection = serving.connection("XASX")
        self.connection.open()
        self.sequence = 0
        self.sent: list[str] = []
        self.say("TradingSession", session_state=SessionState.open)

    def say(self, name: str, **fields: Any) -> None:
        self.connection.send([records.encode(name, **fields)])

    def report(self, request: int, exec_type: ExecType, ord_status: OrdStatus) -> None:
        self.sequence += 1
        fields = {"exec_type": exec_type, "ord_status": ord_status, "feed_sequence": self.sequence}
        nulls = dict.fromkeys(("cum_qty", "leaves_qty", "order_qty", "price"), -(1 << 63))
        self.say("ExecutionReport", request=request, **nulls, **fields)

    def take(self, timeout_s: float = 0.2) -> list[str]:
        """What came, and acknowledges it."""
        came = []
        for raw in self.connection.receive(timeout_s):
            _, asked = records.decode(raw)
            came.append(RequestType(asked["type"]).name)
            if asked["type"] == RequestType.new:
                self.report(asked["request"], ExecType.new, OrdStatus.new)
            else:
                self.report(asked["orig_request"], ExecType.canceled, OrdStatus.canceled)
        self.sent += came
        return came


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    (tmp_path / "oms.toml").write_text(CONFIG)
    started = Serving(tmp_path)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def loaded(serving: Serving, tmp_path: Path) -> Serving:
    assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 0
    return serving


@pytest.fixture
def exchange(loaded: Serving) -> Iterator[Exchange]:
    opened = Exchange(loaded)
    yield opened
    opened.connection.close()


def oms(capsys: pytest.CaptureFixture[str], serving: Serving, *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    status = cli.main([*words, "--config", str(serving.path), "--json"])
    return status, json.loads(capsys.readouterr().out)


def open_orders(views: Attached) -> int:
    rows = views.rows("order")[1:]
    return int(((rows["request"] != 0) & (rows["closed"] == 0) & (rows["ord_status"] == OrdStatus.new)).sum())


def closed(views: Attached) -> list[str]:
    """Accounts that start of day has left closed."""
    rows = views.rows("account")
    return [code.decode() for code in rows["code"][rows["unreconciled"] == 1]]


def trader(serving: Serving, *cl_ord_ids: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TRADER, serving.config.url("ann"), *cl_ord_ids]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{['ok'] * len(cl_ord_ids)}\n"
    return process


def test_a_client_that_dies_loses_its_orders_unless_it_is_back_in_time(loaded: Serving, exchange: Exchange) -> None:
    views = attach(loaded.config.tables)
    user = views.user_slot("ann")
    first = trader(loaded, "A", "B")
    wait_until(lambda: exchange.take() is not None and open_orders(views) == 2)
    first.kill()
    first.communicate()
    wait_until(lambda: views.row("user", user)["online"] == 0)
    second = trader(loaded)
    assert views.row("user", user)["online"] == 1
    assert views.row("user", user)["cancel_at_ns"] == 0
    assert exchange.take(2.5) == []  # longer than its grace
    second.kill()
    second.communicate()
    wait_until(lambda: exchange.take() is not None and exchange.sent.count("cancel") == 2)
    wait_until(lambda: open_orders(views) == 0)
    assert loaded.stop() == 0
    report = verify(loaded.config.directory)
    assert report.ok, report.problems


def test_a_restart_of_the_oms_gives_its_clients_the_same_grace(loaded: Serving, exchange: Exchange) -> None:
    client = trader(loaded, "A")
    wait_until(lambda: exchange.take() is not None and open_orders(attach(loaded.config.tables)) == 1)
    client.kill()  # before the OMS can see it go, that is killed, too
    loaded.process.kill()
    client.communicate()
    loaded.process.wait()
    exchange.connection.close()
    again = Serving(loaded.path.parent)
    try:
        back = Exchange(again)
        back.sequence = exchange.sequence
        wait_until(lambda: back.take() == ["cancel"])
        back.connection.close()
    finally:
        again.stop()


def test_a_kill_by_the_command_line(loaded: Serving, exchange: Exchange, capsys: pytest.CaptureFixture[str]) -> None:
    views = attach(loaded.config.tables)
    with Client(loaded.config.url("bob"), name="bob") as client:
        client.submit("A1", "A", "BHP", "buy", 1, "45.00")
        client.submit("A2", "B", "BHP", "buy", 1, "45.00")
        assert {answer.status for answer in client.drain()} == {Status.ok}
        wait_until(lambda: exchange.take() is not None and open_orders(views) == 2)
        status, told = oms(capsys, loaded, "control", "kill", "account", "A1", "--reason", "credit", "--as", "ops")
        assert (status, told["cancels"], told["withdrawn"]) == (0, 1, 0)
        wait_until(lambda: exchange.take() is not None and open_orders(views) == 1)
        client.submit("A1", "C", "BHP", "sell", 1, "45.00")
        assert [answer.status for answer in client.drain()] == [Status.trading_halted]
        assert (
            oms(capsys, loaded, "control", "lift", "account", "A1", "--as", "ops")[1]["status"] == "permission_denied"
        )
        assert oms(capsys, loaded, "control", "lift", "account", "A1", "--as", "boss")[0] == 0
    (change, lift) = changes(views)
    assert (change.scope, change.name, change.before, change.state) == ("account", "A1", "active", "killed")
    assert (change.user, change.reason, change.cancels) == ("ops", "credit", 1)
    assert (lift.user, lift.state) == ("boss", "active")
    assert oms(capsys, loaded, "control", "set", "halted", "firm")[0] == 0
    shown = oms(capsys, loaded, "control", "show")[1]
    assert shown["states"] == [{"scope": "firm", "name": "", "state": "halted"}]
    assert [entry["state"] for entry in shown["changes"]] == ["killed", "active", "halted"]
    assert oms(capsys, loaded, "stat")[1]["control"] == shown["states"]


def test_limits_by_the_command_line(loaded: Serving, exchange: Exchange, capsys: pytest.CaptureFixture[str]) -> None:
    assert oms(capsys, loaded, "limit", "set", "open_value", "100", "account", "A1", "--as", "ops")[0] == 0
    with Client(loaded.config.url("bob"), name="bob") as client:
        client.submit("A1", "A", "BHP", "buy", 2, "45.00", locate="")
        client.submit("A1", "A", "BHP", "buy", 3, "45.00", poss_resend=True)
        client.submit("A1", "B", "BHP", "buy", 1, "45.00")
        statuses = [(answer.status, answer.repeated) for answer in client.drain()]
        assert statuses == [(Status.ok, False), (Status.ok, True), (Status.limit_exceeded, False)]
    shown = oms(capsys, loaded, "limit", "show")[1]
    figures = {"currency": "AUD", "open": "90", "bought": "0", "sold": "0"}
    assert shown == [{"scope": "account", "name": "A1", "limits": "open_value=100", **figures}]
    refused = oms(capsys, loaded, "limit", "set", "order_value", "-1", "firm", "--as", "ops")
    assert (refused[0], refused[1]["status"]) == (1, "reference_invalid")


def test_mass_cancel_by_client_and_command_line_and_a_throttle(
    loaded: Serving, exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    with Client(loaded.config.url("bob"), name="bob") as client:
        for cl_ord_id in "ABCD":
            client.submit("A2" if cl_ord_id == "C" else "A1", cl_ord_id, "BHP", "buy", 1, "45.00")
        assert [answer.status.name for answer in client.drain()] == ["ok", "ok", "ok", "rate_exceeded"]
        tag = client.mass_cancel("A1", "BHP", "buy")
        (answer,) = client.drain()
        assert (answer.tag, answer.status, answer.figure, answer.limit) == (tag, Status.ok, 2, 0)
    with pytest.raises(SystemExit):
        oms(capsys, loaded, "mass-cancel", "--side", "long")
    assert cli.main(["mass-cancel", "--config", str(loaded.path)]) == 1  # neither --all nor whose
    assert oms(capsys, loaded, "mass-cancel", "--account", "A2") == (0, {"status": "ok", "cancels": 1, "withdrawn": 0})
    assert oms(capsys, loaded, "mass-cancel", "--all") == (0, {"status": "ok", "cancels": 0, "withdrawn": 0})
    wait_until(lambda: exchange.take() is not None and exchange.sent.count("cancel") == 3)


def test_start_of_day_of_a_running_process(
    serving: Serving, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    views = attach(serving.config.tables)
    files, where = tmp_path / "files", ["--dir", str(tmp_path)]
    bad = FILES["cash.csv"].replace("20000.00", "none")
    head = "#kind=cash,as_of=2026-11-20,source=B,rows=4,total=1\n"
    assert cli.main(["sod", "load", str(deliver(files, {"cash.csv": head + bad})), *where]) == 1
    assert len(views.rows("account")) == 1  # a file is refused: nothing of any is loaded
    assert cli.main(["sod", "check", str(deliver(files)), *where]) == 0
    assert len(views.rows("account")) == 1
    assert cli.main(["sod", "load", str(files), *where, "--by", "boss"]) == 0
    assert str(views.cash("A1", "AUD").booked) == "1000.5"
    assert views.holding("A1", "BHP").settled == 100
    assert bytes(views.rows("user")["name"][views.rows("load")["user"][1]]) == b"boss"
    assert cli.main(["sod", "load", str(files), *where]) == 0
    assert len(views.rows("load")) == 3  # the same files again change nothing
    cash = FILES["cash.csv"].replace("A2,AUD,20000.00", "A2,AUD,19000.00")
    assert cli.main(["sod", "load", str(deliver(files, {"cash.csv": cash}, as_of="2026-11-23")), *where]) == 3
    assert closed(views) == ["A2"]
    assert str(views.cash("A2", "AUD").booked) == "19000"
    assert cli.main(["sod", "sign-off", "A2", *where, "--by", "ops", "--reason", "withdrawn"]) == 0
    assert closed(views) == []
    capsys.readouterr()
    assert cli.main(["sod", "sign-off", "A2", *where, "--by", "ann"]) == 1
    assert "no operator endpoint is that of 'ann'" in capsys.readouterr().err
    assert serving.stop() == 0
    assert verify(tmp_path).ok


def test_start_of_day_is_refused_while_the_market_is_open(loaded: Serving, exchange: Exchange, tmp_path: Path) -> None:
    views = attach(loaded.config.tables)
    wait_until(lambda: views.row("exchange", 1)["session_state"] == SessionState.open)
    before = len(views.rows("load"))
    assert cli.main(["sod", "load", str(deliver(tmp_path / "files", as_of="2026-11-23")), "--dir", str(tmp_path)]) == 1
    assert len(views.rows("load")) == before


def test_a_load_of_a_running_process_sets_the_limits_of_its_accounts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "oms.toml").write_text(CONFIG + '[limits.account.A3]\norder_qty = "9"\n')
    serving = Serving(tmp_path)
    try:
        assert oms(capsys, serving, "limit", "show") == (0, [])
        assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 0
        status, [told] = oms(capsys, serving, "limit", "show")
    finally:
        serving.stop()
    assert status == 0
    assert (told["name"], told["limits"]) == ("A3", "order_qty=9")


def test_what_an_order_would_meet_is_told_and_nothing_stays(
    loaded: Serving, exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    views = attach(loaded.config.tables)
    before, requests = views.cash("A1", "AUD"), len(views.rows("request"))
    as_ops = ("--as", "ops")
    status, told = oms(capsys, loaded, "validate", "new", "A1", "BHP", "buy", "2", "45.00", *as_ops)
    assert (status, told["status"], told["hits"]) == (0, "ok", [])
    assert (told["value"], told["fee"], told["tax"]) == ("90", "0", "0")
    status, told = oms(
        capsys, loaded, "validate", "new", "A1", "BHP", "buy", "9000000", "45.00", "--time-in-force", "gtd", *as_ops
    )
    assert (status, told["status"]) == (1, told["hits"][0])
    assert told["hits"] == ["expire_date_invalid", "funds_insufficient"]
    status, told = oms(capsys, loaded, "validate", "new", "NOBODY", "BHP", "buy", "2", "45.00", *as_ops)
    assert (status, told["status"]) == (1, "account_unknown")
    with Client(loaded.config.url("ann"), name="ann") as client:
        client.submit("A1", "A", "BHP", "buy", 1, "45.00")
        client.drain()
        wait_until(lambda: exchange.take() is not None and open_orders(views) == 1)
        status, told = oms(capsys, loaded, "validate", "replace", "A1", "A", "--price", "45.01", *as_ops)
        assert (status, told["status"], told["value"]) == (0, "ok", "45.01")
        assert cli.main(["validate", "replace", "A1", "A", "--price", "0", "--config", str(loaded.path), *as_ops]) == 1
        assert "price_not_positive" in capsys.readouterr().out
    assert len(views.rows("request")) == requests + 1
    assert views.cash("A1", "AUD").reserved == before.reserved + 45
