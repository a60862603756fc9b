"""`oms serve` as a process: who may reach what it opens, who may not start beside it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pynng
import pytest

from oms import long_reports, records
from oms.bus import Connection
from oms.bus_config import SessionRole
from oms.client import Client
from oms.config import Config, load
from oms.engine import Engine
from oms.enums import (
    ControlScope,
    ControlState,
    ExecType,
    LookupOf,
    MovementKind,
    MovementStage,
    RequestStatus,
    SessionState,
    Side,
    Status,
)
from oms.errors import OmsError
from oms.server import live
from oms.views import attach
from tests.bus.support import RawPeer
from tests.bus.test_malformed import CASES

CONFIG = """
[store]
segment_bytes = 1048576
[currencies.AUD]
[exchanges.XASX]
compare = false
[exchanges.XNZE]
compare = false
[classes.retail]
[users.operations1]
permissions = ["operate"]
[users.desk1]
permissions = ["authorise"]
[users.client1]
permissions = ["trade"]
[users.client2]
permissions = ["trade"]
[users.tenant8]
permissions = ["trade_any"]
owner = 8
[users.xasx]
permissions = ["report"]
[endpoints.operations1]
role = "operator"
user = "operations1"
[endpoints.desk1]
role = "operator"
user = "desk1"
[endpoints.client1]
role = "client"
user = "client1"
credential_file = "client1.key"
[endpoints.client2]
role = "client"
user = "client2"
[endpoints.tenant8]
role = "client"
user = "tenant8"
[endpoints.XASX]
role = "adapter"
user = "xasx"
feed = "XASX"
"""
SECRET = "a secret that nobody else has to know"


class Serving:
    """A running `oms serve`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "oms.toml"
        self.log = directory / "serve.log"
        self.config: Config = load(self.path)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while live(directory) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "it did not start in time"
            time.sleep(0.02)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "oms", "serve", "--config", str(self.path)]

    def connection(self, name: str, credential: str = "", **settings: object) -> Connection:
        role = SessionRole[self.config.endpoints[name].role]
        return Connection(
            self.config.url(name), name=name, role=role, environment="test", credential=credential, **settings
        )

    def ask(self, name: str, record: bytes, credential: str = "") -> Status:
        """The status of the answer to one record."""
        with self.connection(name, credential) as connection:
            connection.open()
            connection.send([record])
            until = time.monotonic() + 20
            while time.monotonic() < until:
                for raw in connection.receive(0.1):
                    kind, fields = records.decode(raw)
                    if kind == "Answer":
                        return Status(fields["status"])
        raise AssertionError("no answer")

    def state_hash(self) -> str:
        return attach(self.config.tables).state_hash()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    (tmp_path / "oms.toml").write_text(CONFIG)
    (tmp_path / "client1.key").write_text(SECRET + "\n")
    (tmp_path / "client1.key").chmod(0o600)
    started = Serving(tmp_path)
    try:
        yield started
    finally:
        started.stop()  # killed, it would leave its tables in shared memory


def test_a_second_one_is_refused_and_touches_nothing(serving: Serving) -> None:
    tables = {path: path.stat().st_ino for path in serving.config.tables.glob("*.table")}
    before = serving.state_hash()
    second = subprocess.run(serving.command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "another process serves this store" in second.stderr
    assert "what to do" in second.stderr
    assert {path: path.stat().st_ino for path in serving.config.tables.glob("*.table")} == tables
    assert serving.process.poll() is None
    assert serving.state_hash() == before


def test_nobody_else_reaches_its_files_and_nothing_of_it_stays(serving: Serving) -> None:
    config = serving.config
    for directory in (config.tables, config.run_directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    private = [*config.tables.iterdir(), *(config.directory / "journal").iterdir()]
    assert len(private) > 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert serving.stop() == 0
    assert not config.tables.exists()
    assert not config.run_directory.exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (config.directory / "snapshots").iterdir()} == {0o600}


def test_its_steps_as_json(serving: Serving) -> None:
    serving.stop()
    with subprocess.Popen([*serving.command, "--json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.terminate()
        told += [json.loads(line) for line in process.stdout]
    assert process.returncode == 0
    assert {line["pid"] for line in told} == {process.pid}
    assert [line["event"].split()[0] for line in told] == ["recovered", "serving", "stopping", "closed"]


def test_tables_in_a_directory_of_others_take_only_themselves_away(tmp_path: Path) -> None:
    kept = tmp_path / "shared" / "a report.txt"
    kept.parent.mkdir()
    kept.write_text("not a table")
    (tmp_path / "oms.toml").write_text(
        CONFIG.replace("[store]", '[store]\ntables = "shared"').replace('credential_file = "client1.key"\n', "")
    )
    assert Serving(tmp_path).stop() == 0
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_it_listens_to_no_network(serving: Serving) -> None:
    sockets = {
        os.readlink(link).removeprefix("socket:[").rstrip("]")
        for link in Path(f"/proc/{serving.process.pid}/fd").iterdir()
        if os.path.lexists(link) and os.readlink(link).startswith("socket:[")
    }
    for table in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/{serving.process.pid}/net/{table}").read_text().splitlines()[1:]
        assert not sockets & {line.split()[9] for line in lines}


def test_the_credential_opens_and_is_told_to_nobody(serving: Serving) -> None:
    account = records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id="X")
    with pytest.raises(Exception, match="credential"), serving.connection("client1", "another") as wrong:
        wrong.open(5.0)
    assert serving.ask("client1", account, SECRET) == Status.account_unknown
    assert serving.stop() == 0
    for path in serving.config.directory.rglob("*"):
        if path.is_file() and path.name != "client1.key":
            assert SECRET.encode() not in path.read_bytes(), path


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def account(serving: Serving) -> int:
    """An account of client1."""
    views = attach(serving.config.tables)
    with serving.connection("operations1") as operations:
        operations.open()
        operations.send([records.encode("DefineAccount", currency=1, account_class=1, code="K")])
        wait_until(lambda: len(views.rows("account")) == 2)
        operations.send([records.encode("Entitle", account=1, user=views.user_slot("client1"))])
        wait_until(lambda: len(views.rows("entitlement")) == 2)
    return 1


def test_a_client_is_who_its_endpoint_says(serving: Serving, account: int) -> None:
    views = attach(serving.config.tables)
    order = {"account": account, "instrument": 1, "side": Side.buy, "cl_ord_id": "X"}
    forged = records.encode("NewOrderSingle", source=views.user_slot("client1"), **order)
    assert serving.ask("client2", forged) == Status.permission_denied
    assert serving.ask("client1", forged, SECRET) == Status.instrument_unknown


def test_a_client_asks_for_its_money_and_moves_it(serving: Serving, account: int) -> None:
    """What it asks for is held at once; it counts once by its reference, and nothing of others can be moved."""
    views, book = attach(serving.config.tables), {"account": account, "currency": 1, "amount": 100_0000}
    deposit = records.encode("Movement", kind=MovementKind.deposit, reference="D", **book)
    assert serving.ask("operations1", deposit) == Status.ok
    with serving.connection("operations1") as operations:
        operations.open()
        other = records.encode("DefineAccount", code=b"L", account_class=1, currency=1)
        operations.send([other, records.encode("DefineAccount", code=b"M", account_class=1, currency=1)])
        wait_until(lambda: len(views.rows("account")) == 4)
        operations.send([records.encode("Entitle", account=2, user=views.user_slot("client1"))])
        wait_until(lambda: len(views.rows("entitlement")) == 3)
    url = serving.config.url("client1")
    with Client(url, name="client1", credential=SECRET) as client:
        tags = [
            client.withdraw("K", "AUD", "60", "W1"),
            client.withdraw("K", "AUD", "60", "W1"),
            client.withdraw("K", "AUD", "40.0001", "W2"),
            client.transfer("K", "L", "AUD", "15.25", "T1", "rent"),
            client.transfer("K", "M", "AUD", "1", "T2"),
            client.transfer("M", "K", "AUD", "1", "T3"),
        ]
        answers = {answer.tag: answer.status.name for answer in client.drain()}
        with pytest.raises(OmsError, match="no currency 'XYZ'"):
            client.withdraw("K", "XYZ", "1", "W3")
    refused = ("permission_denied", "permission_denied")
    assert [answers[tag] for tag in tags] == ["ok", "movement_repeated", "booked_below_zero", "ok", *refused]
    cash = views.cash("K", "AUD")
    assert (str(cash.booked), str(cash.reserved), str(cash.available)) == ("84.75", "60", "24.75")
    assert str(views.cash("L", "AUD").booked) == "15.25"


def test_a_row_of_a_list_with_a_long_id_comes_over_the_wire(serving: Serving) -> None:
    """It counts as a row of the list of the feed's own exchange, whichever the adapter writes, and waits parked."""
    views = attach(serving.config.tables)
    terms = {"side": Side.buy, "order_qty": 1, "price": 1, "account": 1, "instrument": 1}
    row = long_reports.encode("OpenOrder", order_id="o" * 300, exchange=2, **terms)
    with serving.connection("XASX") as adapter:
        adapter.open()
        adapter.send([row, records.encode("OpenOrdersEnd", complete=1, count=1)])
        wait_until(lambda: len(views.rows("parked")) == 2)
        wait_until(lambda: views.rows("firm")["last_sequence"][1] > views.rows("parked")["sequence"][1])
    listed = views.rows("exchange")["comparisons"].tolist()
    assert (listed[views.exchange_slot("XASX")], sum(listed)) == (1, 1)
    assert Status(views.rows("parked")["status"][1]) == Status.id_too_long


def told(client: Client) -> tuple[int, str, RequestStatus | None, str]:
    """The next answer that a client gets."""
    until = time.monotonic() + 30
    while not (answers := client.poll(0.1)):
        assert time.monotonic() < until, "it was not told"
    assert len(answers) == 1
    return answers[0].tag, answers[0].status.name, answers[0].request_status, answers[0].cl_ord_id


def test_a_client_is_told_how_its_withdrawals_end(serving: Serving, account: int) -> None:
    """While it is there, and when it comes back to a process that was told in between; each once."""
    asked = {"account": account, "currency": 1, "kind": MovementKind.withdrawal}
    deposit = records.encode("Movement", **asked | {"kind": MovementKind.deposit, "amount": 100_0000}, reference="D")
    confirm = records.encode("Movement", **asked, stage=MovementStage.confirm, reference="W1")
    assert serving.ask("operations1", deposit) == Status.ok
    with Client(serving.config.url("client1"), name="client1", credential=SECRET) as client:
        tags = [client.withdraw("K", "AUD", "10", f"W{number}") for number in range(1, 5)]
        answers = client.drain()
        assert [(answer.tag, answer.cl_ord_id) for answer in answers] == list(
            zip(tags, ["W1", "W2", "W3", "W4"], strict=True)
        )
        assert {(answer.status, answer.request_status) for answer in answers} == {(Status.ok, RequestStatus.submitted)}
        assert serving.ask("operations1", confirm) == Status.ok
        assert told(client) == (0, "ok", RequestStatus.completed, "W1")
        assert serving.ask("operations1", confirm) == Status.movement_repeated
        assert serving.stop() == 0
        with Engine(journal=serving.config.directory / "journal") as engine:
            assert engine.withdraw("K", "AUD", 0, "W2", stage="confirm", by="operations1").ok
            assert engine.withdraw("K", "AUD", 0, "W3", stage="refuse", by="operations1").ok
        again = Serving(serving.config.directory)
        try:
            first = client.poll(30)
            rest = [] if len(first) > 1 else client.poll(30)
            assert [(answer.tag, answer.status.name, answer.cl_ord_id) for answer in first + rest] == [
                (0, "ok", "W2"),
                (0, "withdrawal_refused", "W3"),
            ]
            tag = client.withdraw("K", "AUD", "10", "W3")
            assert told(client) == (tag, "movement_repeated", RequestStatus.rejected, "W3")
            refuse = records.encode("Movement", **asked, stage=MovementStage.refuse, reference="W4")
            assert again.ask("operations1", refuse) == Status.ok
            assert told(client) == (0, "withdrawal_refused", RequestStatus.rejected, "W4")
            assert client.poll(0.5) == []
        finally:
            again.stop()


def test_a_tenant_does_not_learn_of_the_accounts_of_others(serving: Serving, account: int) -> None:
    numbers = {}
    for name in ("client2", "tenant8"):
        with serving.connection(name) as connection:
            connection.open()
            connection.send([records.encode("Lookup", of=LookupOf.account, code="K", tag=1)])
            (found,) = connection.receive(20)
            numbers[name] = records.decode(found)[1]["number"]
    assert numbers == {"client2": account, "tenant8": 0}


def test_an_operator_is_who_its_endpoint_says(serving: Serving, account: int) -> None:
    views = attach(serving.config.tables)
    halt = records.encode(
        "Control", source=views.user_slot("operations1"), scope=ControlScope.firm, state=ControlState.halted
    )
    assert serving.ask("desk1", halt) == Status.permission_denied
    assert views.row("firm", 1)["control_state"] == ControlState.active
    assert serving.ask("operations1", halt) == Status.ok
    assert views.row("firm", 1)["control_state"] == ControlState.halted


def test_an_adapter_speaks_for_its_own_feed(serving: Serving) -> None:
    views = attach(serving.config.tables)
    ours, other = (views.find("feed", "name", name, "feed") for name in ("XASX", "XNZE"))
    with serving.connection("XASX") as adapter:
        adapter.open()
        adapter.send([records.encode("ExecutionReport", feed=other, feed_sequence=1, exec_type=ExecType.trade)])
        adapter.send([records.encode("TradingSession", exchange=2, session_state=SessionState.open)])
        wait_until(lambda: views.row("exchange", 1)["session_state"] == SessionState.open)
    assert (views.row("feed", ours)["last_in"], views.row("feed", other)["last_in"]) == (1, 0)
    assert views.row("exchange", 2)["session_state"] == SessionState.closed


class Stranger(RawPeer):
    """One that says whatever it is given to a process of its own."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        until = time.monotonic() + 20
        while True:  # the last one's place becomes free when the OMS has closed its socket
            self.socket = pynng.Pair0(recv_timeout=2000, send_timeout=2000, reconnect_time_min=3_600_000)
            try:
                self.socket.dial(url, block=True)
                self.open()
                return
            except pynng.exceptions.NNGException:
                self.socket.close()
                assert time.monotonic() < until, "the endpoint does not answer"


def test_what_is_malformed_changes_nothing(serving: Serving, account: int) -> None:
    before, position = serving.state_hash(), attach(serving.config.tables).header("firm")["sequence"]
    for what, (_, message) in CASES.items():
        with Stranger(serving.config.url("client2"), "client2") as peer:
            peer.socket.send(message(peer))
            assert peer.last_word()["reason"], what
    assert serving.state_hash() == before
    assert attach(serving.config.tables).header("firm")["sequence"] == position
    order = records.encode("NewOrderSingle", account=account, instrument=1, cl_ord_id="X")
    assert serving.ask("client2", order) == Status.permission_denied
