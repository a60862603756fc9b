"""Whatever a peer sends that is not as it should be ends its session, is counted, and touches nobody else."""

import struct

import pynng
import pytest

from oms import records, schema
from oms.bus_config import SessionReason
from tests.bus.support import CLOSED, OPENED, RawPeer, endpoint, envelope, exchange, running, tick, wait_until

SETTLE = records.encode("Settle", batch_id="a batch")


def patched(record: bytes, offset: int, form: str, value: int) -> bytes:
    raw = bytearray(record)
    struct.pack_into("<" + form, raw, offset, value)
    return bytes(raw)


# offsets in the Frame
LENGTH, TEMPLATE, VERSION = 0, 24, 26
BATCH_ID_LENGTH = records.record_dtype("Settle").fields["batch_id_length"][1]

CASES = {
    "nothing": (SessionReason.truncated, lambda peer: b""),
    "half a header": (SessionReason.truncated, lambda peer: peer.next(tick(1))[:40]),
    "records cut short": (SessionReason.truncated, lambda peer: peer.next(tick(1))[:-8]),
    "a byte is missing": (SessionReason.truncated, lambda peer: peer.next(tick(1))[:-1]),
    "too large": (SessionReason.oversize, lambda peer: peer.next(tick(1) * 2000, count=2000)),
    "wrong magic": (SessionReason.magic, lambda peer: peer.next(tick(1), magic=0x0BADCAFE)),
    "text": (
        SessionReason.magic,
        lambda peer: b"GET / HTTP/1.1\r\n" * 9,
    ),
    "wrong block length": (SessionReason.header, lambda peer: peer.next(tick(1), block_length=64)),
    "wrong template": (SessionReason.header, lambda peer: peer.next(tick(1), template_id=7)),
    "wrong schema": (SessionReason.header, lambda peer: peer.next(tick(1), schema_id=1)),
    "a flag": (SessionReason.header, lambda peer: peer.next(tick(1), flags=1)),
    "reserved bytes in use": (SessionReason.header, lambda peer: peer.next(tick(1), reserved=b"\0" * 15 + b"\1")),
    "newer envelope": (SessionReason.version, lambda peer: peer.next(tick(1), version=schema.SCHEMA_VERSION + 1)),
    "newer record": (SessionReason.version, lambda peer: peer.next(patched(tick(1), VERSION, "H", 77))),
    "no record": (SessionReason.record, lambda peer: peer.next(b"", count=0)),
    "fewer records than told": (SessionReason.record, lambda peer: peer.next(tick(1), count=2)),
    "more records than told": (SessionReason.record, lambda peer: peer.next(tick(1) * 2, count=1)),
    "bytes after the records": (SessionReason.record, lambda peer: peer.next(tick(1)) + bytes(8)),
    "record of no length": (SessionReason.record, lambda peer: peer.next(patched(tick(1), LENGTH, "I", 0))),
    "record of odd length": (SessionReason.record, lambda peer: peer.next(patched(tick(1), LENGTH, "I", 39))),
    "record past the end": (SessionReason.record, lambda peer: peer.next(patched(tick(1), LENGTH, "I", 4096))),
    "record of huge length": (SessionReason.record, lambda peer: peer.next(patched(tick(1), LENGTH, "I", 2**32 - 8))),
    "record over the limit": (
        SessionReason.record,
        lambda peer: peer.next(patched(tick(1), LENGTH, "I", 4104) + bytes(4064)),
    ),
    "record without its fixed block": (
        SessionReason.record,
        lambda peer: peer.next(patched(tick(1)[:32], LENGTH, "I", 32)),
    ),
    "text past the record": (SessionReason.record, lambda peer: peer.next(patched(SETTLE, BATCH_ID_LENGTH, "B", 255))),
    "text shorter than the record": (
        SessionReason.record,
        lambda peer: peer.next(patched(SETTLE, BATCH_ID_LENGTH, "B", 0)),
    ),
    "a record of another role": (SessionReason.template, lambda peer: peer.next(records.encode("ExecutionReport"))),
    "an unknown record": (SessionReason.template, lambda peer: peer.next(patched(tick(1), TEMPLATE, "H", 250))),
    "a template out of range": (SessionReason.template, lambda peer: peer.next(patched(tick(1), TEMPLATE, "H", 65535))),
    "the OMS's own record": (SessionReason.template, lambda peer: peer.next(records.encode("SessionOpened"))),
    "a heartbeat among records": (
        SessionReason.template,
        lambda peer: peer.next(tick(1) + records.encode("Heartbeat"), count=2),
    ),
    "another session's envelope": (SessionReason.epoch, lambda peer: peer.next(tick(1), epoch=peer.epoch - 1)),
    "a gap": (SessionReason.number, lambda peer: peer.next(tick(1), number=3)),
    "a repetition": (SessionReason.number, lambda peer: peer.next(tick(1), number=1)),
    "acknowledges the future": (SessionReason.acknowledged, lambda peer: peer.next(tick(1), acknowledged=1 << 60)),
    "a second SessionOpen": (
        SessionReason.not_opened,
        lambda peer: peer.next(records.encode("SessionOpen", name="bad", environment="test")),
    ),
}


@pytest.fixture(scope="module")
def oms(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    directory.chmod(0o700)
    names = ["bad", "good"]
    with running([endpoint(directory, name, number) for number, name in enumerate(names, 1)]) as started:
        yield started


@pytest.fixture(scope="module")
def good(oms):
    with oms.connection("good") as connection:
        connection.open()
        yield connection


def test_the_session_works_until_then(oms):
    with RawPeer(oms, "bad") as peer:
        peer.open()
        peer.socket.send(peer.next(SETTLE))
        kind, fields = peer.receive()
        assert (kind, fields["batch_id"], fields["source"]) == ("Settle", "a batch", 1)


@pytest.mark.parametrize("what", CASES)
def test_malformed(oms, good, what):
    reason, message = CASES[what]
    counter = f"ended_{reason.name}"
    before, handed_over = oms.count("bad", counter), oms.count("bad", "received_records")
    exchange(good, 1, 10)
    with RawPeer(oms, "bad") as peer:
        epoch = peer.open()["epoch"]
        peer.socket.send(message(peer))
        assert peer.last_word()["reason"] == reason
        assert oms.count("bad", counter) == before + 1
        assert oms.count("bad", "received_records") == handed_over
    wait_until(lambda: oms.events_of("bad")[-1] == (CLOSED, reason))
    exchange(good, 11, 10)
    with RawPeer(oms, "bad") as peer:
        assert peer.open()["epoch"] > epoch
    assert not any(oms.count("good", f"ended_{reason.name}") for reason in SessionReason if reason)


def test_a_message_beyond_all_limits_cuts_the_peer_off(oms, good):
    with RawPeer(oms, "bad") as peer:
        peer.open()
        before = oms.count("bad", "ended_disconnected")
        peer.socket.send(bytes(1 << 22))
        wait_until(lambda: oms.count("bad", "ended_disconnected") == before + 1)
    exchange(good, 1, 10)


OPENINGS = {
    "a record first": (SessionReason.not_opened, lambda peer: envelope(tick(1), number=1, epoch=0), ""),
    "a heartbeat first": (
        SessionReason.not_opened,
        lambda peer: envelope(records.encode("Heartbeat"), number=1, epoch=0),
        "",
    ),
    "number 2 first": (
        SessionReason.number,
        lambda peer: envelope(
            records.encode("SessionOpen", peer_version=1, role=1, environment="test", name="bad"), number=2, epoch=0
        ),
        "",
    ),
    "other environment": (
        SessionReason.environment,
        lambda peer: peer.greeting(environment="production"),
        "the environment here is 'test'",
    ),
    "part of the environment": (
        SessionReason.environment,
        lambda peer: peer.greeting(environment="tes"),
        "the environment here is 'test'",
    ),
    "other name": (SessionReason.endpoint_name, lambda peer: peer.greeting(name="good"), "this endpoint is for 'bad'"),
    "other role": (SessionReason.role, lambda peer: peer.greeting(role=2), "other role"),
    "a credential too many": (
        SessionReason.credential,
        lambda peer: peer.greeting(credential="x"),
        "wrong credential",
    ),
    "other version of the peer": (
        SessionReason.version,
        lambda peer: peer.greeting(peer_version=7),
        f"schema version here is {schema.SCHEMA_VERSION}, the peer's is 7",
    ),
    "other version of the envelope": (
        SessionReason.version,
        lambda peer: envelope(records.encode("SessionOpen"), number=1, epoch=0, version=9),
        f"schema version here is {schema.SCHEMA_VERSION}, the peer's is 9",
    ),
}


@pytest.mark.parametrize("what", OPENINGS)
def test_a_session_that_must_not_be_opened(oms, good, what):
    reason, message, text = OPENINGS[what]
    counter = f"ended_{reason.name}"
    before, told = oms.count("bad", counter), len(oms.events_of("bad"))
    with RawPeer(oms, "bad") as peer:
        peer.socket.send(message(peer))
        last = peer.last_word()
        assert (last["reason"], oms.count("bad", counter)) == (reason, before + 1)
        assert text in last["text"]
    assert len(oms.events_of("bad")) == told  # the core never heard of it
    exchange(good, 1, 10)


def test_who_connects_and_says_nothing_does_not_keep_the_place(tmp_path):
    tmp_path.chmod(0o700)
    with running([endpoint(tmp_path, "late", 1)], open_ms=100) as oms:
        with RawPeer(oms, "late") as peer:
            assert peer.last_word()["reason"] == SessionReason.open_late
        with RawPeer(oms, "late") as peer:
            peer.open()


def test_only_one_peer_at_a_time(oms):
    with RawPeer(oms, "bad") as first:
        first.open()
        with pynng.Pair0() as second:
            second.dial(oms.url("bad"), block=True)
            wait_until(lambda: oms.count("bad", "rejected_connections") >= 1)
        first.socket.send(first.next(tick(5)))
        assert first.receive()[1]["sequence"] == 5


def test_the_credential_opens(tmp_path):
    tmp_path.chmod(0o700)
    with running([endpoint(tmp_path, "safe", 1, credential="sesame")]) as oms:
        for wrong in ("", "sesam", "sesame!", "Sesame"):
            with RawPeer(oms, "safe") as peer:
                peer.socket.send(peer.greeting(credential=wrong))
                assert peer.last_word()["reason"] == SessionReason.credential
        with RawPeer(oms, "safe") as peer:
            peer.open(credential="sesame")
            assert oms.events_of("safe") == [(OPENED, 0)]


def test_the_core_hears_of_each_session_twice(oms):
    kinds = [kind for kind, _ in oms.events_of("bad")]
    assert kinds == [OPENED, CLOSED] * (len(kinds) // 2) + [OPENED] * (len(kinds) % 2)
