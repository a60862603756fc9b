"""`oms at`: what was is what was shown then, whichever snapshot the way begins at."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from oms import Engine
from oms.cli import main
from oms.errors import OmsError
from oms.moment import Moment, in_words, moment
from oms.replica import at
from oms.views import Views
from tests.store.test_snapshot import CAPACITIES, opened
from tests.store.workload import Workload


def shown(views: Views) -> list[object]:
    """What the commands show of a state."""
    count = {name: len(views.rows(name)) for name in ("cash", "holding", "order", "request")}
    return [
        *(views.cash_picture(slot) for slot in range(1, count["cash"])),
        *(views.holding_picture(slot) for slot in range(1, count["holding"])),
        *(views.order_picture(slot) for slot in range(1, count["order"]) if views.rows("order")["request"][slot]),
        *(views.request_picture(slot) for slot in range(1, count["request"]) if views.rows("request")["status"][slot]),
    ]


@pytest.fixture
def store(tmp_path):
    """A store with snapshots; sequence → (time, state hash, what was shown) at many of its records."""
    workload, known = Workload(5), {}

    def note(engine: Engine) -> None:
        known[engine.sequence] = (engine.time_ns, engine.state_hash(), shown(engine))

    with opened(tmp_path) as engine:
        for turn in range(60):
            workload.play(engine, 3)
            note(engine)
            engine.advance(7)
            if turn % 20 == 10:
                engine.snapshot(tmp_path / "snapshots")
    return tmp_path, known


def test_every_moment_is_what_it_was(store):
    directory, known = store
    chance = random.Random(3)
    for sequence in chance.sample(sorted(known), 6):
        time_ns, state_hash, pictures = known[sequence]
        replica = at(directory, Moment(sequence))
        assert replica.state_hash() == state_hash
        assert shown(replica) == pictures
        for later in (0, 6_999_999_999):  # nothing has happened since
            assert at(directory, Moment(time_ns=time_ns + later)).state_hash() == state_hash
        assert at(directory, Moment(time_ns=time_ns - 1)).sequence == sequence - 1


def test_a_moment_never_begins_with_a_snapshot_of_later(store):
    directory, known = store
    newest = max(int(path.stem) for path in (directory / "snapshots").glob("*.snapshot"))
    before = max(sequence for sequence in known if sequence < newest)
    for wanted in (Moment(before), Moment(time_ns=known[before][0])):
        replica = at(directory, wanted)
        assert replica.snapshot is not None
        assert replica.snapshot.sequence < before
        assert replica.state_hash() == known[before][1]


def test_what_is_not_there_is_said_with_what_is(store):
    directory, known = store
    last = max(known)
    with pytest.raises(OmsError, match=f"the journal ends at sequence {last}"):
        at(directory, Moment(last + 1))
    with pytest.raises(OmsError, match=r"nothing was before the first record, of 2026-01-01T00:00:00\.0{8}1Z"):
        at(directory, moment("2025-12-31T23:59:59"))
    with pytest.raises(OmsError, match="that moment is still to come"):
        at(directory, moment(f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"))
    for wrong in ("0", "-3", "yesterday", "2026-01-01", "2026-13-01T00:00", "2026-01-01T25:00", "1.5", ""):
        with pytest.raises(OmsError, match="a moment is a sequence from 1 on, or a time"):
            moment(wrong)


def test_archived_segments_are_missed_only_where_no_snapshot_stands_behind_them(tmp_path):
    workload = Workload(7)
    with opened(tmp_path, segment_bytes=12288) as engine:
        workload.play(engine, 120)
        middle, hash_then = engine.sequence, engine.state_hash()
        engine.snapshot(tmp_path / "snapshots")
        workload.play(engine, 60)
        last, hash_now = engine.sequence, engine.state_hash()
    segments = sorted((tmp_path / "journal").glob("*.journal"))
    archive = tmp_path / "archive"
    archive.mkdir()
    for path in segments[:2]:
        path.rename(archive / path.name)
    assert at(tmp_path, Moment(middle)).state_hash() == hash_then
    assert at(tmp_path, Moment(last)).state_hash() == hash_now
    with pytest.raises(OmsError, match="are archived, and no snapshot takes their place"):
        at(tmp_path, Moment(middle - 1))
    with Engine(CAPACITIES, journal=tmp_path / "journal", snapshots=tmp_path / "snapshots") as engine:
        assert engine.state_hash() == hash_now


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T10:30", datetime(2026, 11, 23, 10, 30, tzinfo=UTC)),
        ("2026-11-23 10:30:05Z", datetime(2026, 11, 23, 10, 30, 5, tzinfo=UTC)),
        ("2026-11-23T21:30:05+11:00", datetime(2026, 11, 23, 21, 30, 5, tzinfo=timezone(timedelta(hours=11)))),
    ],
)
def test_a_time_without_a_zone_is_utc(text, expected):
    assert moment(text) == Moment(time_ns=int(expected.timestamp()) * 10**9)


def test_nanoseconds_are_exact_and_come_back():
    assert moment("2026-11-23T10:30:00.000000001").time_ns % 10**9 == 1
    assert moment("2026-11-23T10:30:00.1").time_ns % 10**9 == 100_000_000
    assert in_words(moment("2026-11-23T10:30:00.012345678Z").time_ns) == "2026-11-23T10:30:00.012345678Z"


def test_the_command_shows_what_the_live_commands_show(store, capsys):
    directory, known = store
    last = max(known)
    for question in ("accounts", "cash", "holdings", "orders", "requests"):
        assert main([question, str(directory), "--json"]) == 0
        now = json.loads(capsys.readouterr().out)
        assert main(["at", str(last), question, str(directory), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == now
    assert main(["at", "3", "cash", str(directory)]) == 0
    assert capsys.readouterr().out.startswith("behind record 3 of 2026-01-01T00:00:00.000000003Z\n")
    assert main(["at", str(last + 1), "cash", str(directory)]) == 1
    assert "the journal ends at sequence" in capsys.readouterr().err
