"""One client that sends as fast as it can: it waits behind its own rate, and delays nobody: of what waits, each peer's
turn comes after one envelope of each other one. Counted in the journal, which says in what order the core took it.
OMS_SOAK=1: eight of them, with longer storms."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from oms import records
from oms.bus import Connection
from oms.bus_config import SessionReason
from oms.journal import read
from oms.stat import peers
from oms.views import Views, attach
from tests.overload.test_busy import Stalling, answers, new
from tests.serve.test_serve import CONFIG, Stranger

SOAK = os.environ.get("OMS_SOAK") == "1"
STORMS = [f"storm{number}" for number in range(8 if SOAK else 1)]
RATE, SECONDS, STALL_MS = (4000, 120, 20_000) if SOAK else (4000, 2, 4000)
CALM = 24 if SOAK else 16  # requests
ENVELOPE = 65_536 // len(new(1)) + 1  # of them fit into one, at the most
POSS_RESEND = 1  # in a request's options: a slow disk does not refuse it
FILLING = 40_000  # requests that are more than the journal takes while its disk stands still
STORM = 2 * CALM * ENVELOPE  # half of it is left when the last calm one is taken


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Stalling]:
    config = CONFIG.replace("[store]", "[store]\nbusy_after_ms = 0").replace('credential_file = "client1.key"\n', "")
    for name in STORMS:
        config += f'[users.{name}]\npermissions = ["trade"]\n'
        config += f'[endpoints.{name}]\nrole = "client"\nuser = "{name}"\nmax_rate = 0\n'
    config = config.replace('user = "tenant8"\n', f'user = "tenant8"\nmax_rate = {RATE}\n')
    (tmp_path / "oms.toml").write_text(config)
    started = Stalling(tmp_path)
    try:
        yield started
    finally:
        started.stop()


def taken(directory: Path, source: int) -> list[dict]:
    """The requests of a user, as the journal has them."""
    found = (records.decode(raw) for raw in read(directory / "journal"))
    return [fields for name, fields in found if name == "NewOrderSingle" and fields["source"] == source]


def fill(views: Views, connection: Connection) -> None:
    """What has been sent before, which a slow disk does not refuse, until the journal takes no more of it."""
    connection.send([new(tag, options=POSS_RESEND) for tag in range(1, FILLING + 1)])
    seen = [-1, int(views.row("firm", 1)["last_sequence"])]
    while seen[-1] != seen[-2]:
        time.sleep(0.5)
        seen.append(int(views.row("firm", 1)["last_sequence"]))
    assert seen[-1] < FILLING, "the journal has taken it all"


def test_a_storm_of_one_client_delays_nobody_else_by_more_than_an_envelope(serving: Stalling, tmp_path: Path) -> None:
    views = attach(serving.config.tables)
    users = {name: views.user_slot(name) for name in ("client1", *STORMS)}
    requests = [new(tag, options=POSS_RESEND) for tag in range(1, STORM + 1)]
    with serving.connection("client1") as calm, serving.connection("client2") as filler, ExitStack() as opened:
        storms = [opened.enter_context(serving.connection(name)) for name in STORMS]
        for connection in (calm, filler, *storms):
            connection.open()
        serving.stall(STALL_MS)
        fill(views, filler)
        for storm in storms:
            storm.send(requests)
        for request in requests[:CALM]:
            calm.send([request])
            time.sleep(0.01)
        serving.recover()
        assert set(answers(calm, set(range(1, CALM + 1)))) == set(range(1, CALM + 1))
        for storm in storms:
            assert len(answers(storm, set(range(1, STORM + 1)))) == STORM
    assert serving.stop() == 0
    calm_at = [fields["sequence"] for fields in taken(tmp_path, users["client1"])]
    assert len(calm_at) == CALM
    for name in STORMS:
        storm_at = [fields["sequence"] for fields in taken(tmp_path, users[name])]
        between = [sum(first < sequence < last for sequence in storm_at) for first, last in pairwise(calm_at)]
        assert max(between) <= ENVELOPE
        assert min(between) > 0, "one that was calm met no storm"
        assert storm_at[-1] > calm_at[-1], "the storm was over before"


def test_who_sends_more_than_its_rate_waits_and_loses_nothing(serving: Stalling, tmp_path: Path) -> None:
    views = attach(serving.config.tables)
    tenant, count = views.user_slot("tenant8"), SECONDS * RATE
    with serving.connection("tenant8") as storm, serving.connection("client1") as calm:
        storm.open()
        calm.open()
        storm.send([new(tag) for tag in range(1, count + 1)])
        for tag in range(1, CALM + 1):
            calm.send([new(tag)])
            assert set(answers(calm, {tag})) == {tag}
        assert set(answers(storm, set(range(1, count + 1)))) == set(range(1, count + 1))
        [figures] = [peer for peer in peers(views) if peer["peer"] == "tenant8"]
        assert figures["held"] > 0
    assert serving.stop() == 0
    found = taken(tmp_path, tenant)
    assert [fields["tag"] for fields in found] == list(range(1, count + 1))
    seconds = (found[-1]["time_ns"] - found[0]["time_ns"]) / 1e9
    assert RATE * seconds + 2 * (RATE // 10 + 1 + ENVELOPE) >= count


def test_a_storm_of_what_is_malformed_is_cut_off_and_counted(serving: Stalling, tmp_path: Path) -> None:
    views = attach(serving.config.tables)
    before = serving.state_hash()
    for _ in range(20):
        with Stranger(serving.config.url("client2"), "client2") as peer:
            peer.socket.send(
                b"no envelope at all, but for its length: it has to be that of a header, which is 64 bytes"
            )
            assert peer.last_word()["reason"] == SessionReason.magic
    assert serving.state_hash() == before, "nothing of it is journaled"
    [figures] = [peer for peer in peers(views) if peer["peer"] == "client2"]
    assert (figures["cut_unsound"], figures["cut_slow"]) == (20, 0)
