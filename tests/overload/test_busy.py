"""A disk that stalls: what is new is answered `busy` at once and leaves no trace; reports, cancels and kills go on, an
alarm is raised and cleared, and nothing that was acknowledged is lost."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms import Engine, records
from oms.enums import Busy, ControlScope, ControlState, Status
from oms.journal import read
from oms.stat import counters, firm
from oms.views import attach
from tests.serve.test_serve import CONFIG, Serving, wait_until

RUNNER = Path(__file__).with_name("serve_stalling.py")


class Stalling(Serving):
    """A running `oms serve` whose disk is as slow as `stall` says."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(RUNNER), str(self.path), str(self.path.with_name("stall"))]

    def stall(self, ms: int) -> None:
        told = self.path.with_name("stall")
        told.with_suffix(".part").write_text(str(ms))
        told.with_suffix(".part").replace(told)

    def recover(self) -> None:
        self.path.with_name("stall").unlink()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Stalling]:
    (tmp_path / "oms.toml").write_text(
        CONFIG.replace("[store]", "[store]\nbusy_after_ms = 100").replace('credential_file = "client1.key"\n', "")
    )
    started = Stalling(tmp_path)
    try:
        yield started
    finally:
        started.stop()


def new(tag: int, **more: int) -> bytes:
    return records.encode("NewOrderSingle", account=1, instrument=1, cl_ord_id=f"N{tag}", tag=tag, **more)


def answers(connection, wanted: set[int]) -> dict[int, Status]:
    """By tag, in the order in which they came."""
    found: dict[int, Status] = {}
    until = time.monotonic() + 300
    while not wanted <= found.keys():
        assert time.monotonic() < until, found
        for raw in connection.receive(0.05):
            name, fields = records.decode(raw)
            if name == "Answer":
                found[fields["tag"]] = Status(fields["status"])
    return found


def test_a_slow_disk_makes_the_process_busy_and_no_more(serving: Stalling, tmp_path: Path) -> None:
    views = attach(serving.config.tables)

    def busy() -> Busy:
        return Busy(int(views.row("firm", 1)["busy"]))

    with serving.connection("client2") as client, serving.connection("operations1") as operator:
        client.open()
        operator.open()
        client.send([new(1)])
        assert answers(client, {1}) == {1: Status.account_unknown}
        serving.stall(400)
        client.send([new(2)])
        wait_until(lambda: busy() == Busy.slow_flush)
        client.send(
            [
                new(3),
                records.encode("OrderCancelRequest", account=1, cl_ord_id="C4", orig_cl_ord_id="N1", tag=4),
                records.encode("OrderCancelReplaceRequest", account=1, cl_ord_id="R5", orig_cl_ord_id="N1", tag=5),
                new(6, options=1),
                records.encode("ListBegin", count=2, tag=7),
            ]
        )
        operator.send([records.encode("Control", scope=int(ControlScope.firm), state=int(ControlState.killed))])
        found = answers(client, {2, 3, 4, 5, 6, 7})
        order = list(found)
        assert {tag: found[tag] for tag in (3, 5, 7)} == dict.fromkeys((3, 5, 7), Status.busy)
        assert {tag: found[tag] for tag in (2, 4, 6)} == dict.fromkeys((2, 4, 6), Status.account_unknown)
        assert order.index(4) > order.index(7), "a refusal waits for no disk, what is journaled does"
        assert answers(operator, {0}) == {0: Status.ok}
        assert firm(views)["busy"] == "slow_flush"
        assert counters(views)["refused_busy"] == "3"
        serving.recover()
        wait_until(lambda: busy() == Busy.no)
        client.send([new(9)])
        assert answers(client, {9}) == {9: Status.account_unknown}
    assert views.row("firm", 1)["control_state"] == ControlState.killed
    assert serving.stop() == 0
    kept = [records.decode(raw) for raw in read(tmp_path / "journal")]
    assert [fields["tag"] for name, fields in kept if name == "NewOrderSingle"] == [1, 2, 6, 9]
    assert not any(name in ("ListBegin", "OrderCancelReplaceRequest") for name, _ in kept)
    changes = [fields["busy"] for name, fields in kept if name == "BusyChanged"]
    assert changes[0] == Busy.slow_flush
    assert changes[-1] == Busy.no


def test_only_the_process_tells_that_it_is_busy() -> None:
    with Engine() as engine:
        engine.define_user("ops", ["operate"])
        assert engine.record("BusyChanged", "ops", busy=1).status == Status.permission_denied
        assert engine.record("BusyChanged", busy=9).status == Status.reference_invalid
        assert engine.record("BusyChanged", busy=1, figure=2, limit=1).alerts == [Status.busy]
        assert engine.record("BusyChanged", busy=0).alerts == [Status.at_ease]
        assert engine.record("PeerCutOff", user=1).alerts == [Status.consumer_slow]
        assert engine.record("PeerCutOff", "ops", user=1).status == Status.permission_denied
        assert engine.record("PeerCutOff", user=9).status == Status.reference_invalid
