"""Sessions begin, resume and end as told: by the peer, by its death, by its silence, or because it does not read."""

import os
import signal
import threading
import time

import pytest

from oms import records, schema
from oms.bus import Closed, Opened
from oms.bus_config import BusError, SessionReason
from tests.bus.support import (
    CLOSED,
    ENVELOPE,
    OPENED,
    RawPeer,
    endpoint,
    exchange,
    process,
    running,
    sequence_of,
    tick,
    wait_until,
)

BATCH = 64
FRAME = schema.FRAME_SIZE


@pytest.fixture
def directory(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


def two_peers(directory, **settings):
    return [endpoint(directory, "sender", 1), endpoint(directory, "reader", 2, **settings)]


def test_batches_both_ways(directory):
    with running([endpoint(directory, "peer", 7)]) as oms, oms.connection("peer") as peer:
        peer.open()
        for size in (1, 2, 64, 1000, 5000):
            exchange(peer, 1, size)
        assert oms.count("peer", "received_records") == oms.count("peer", "sent_records") - 1 - heartbeats(oms) == 6067


def heartbeats(oms) -> int:
    """Those that were sent: what is left of the messages when no records are counted."""
    return oms.count("peer", "sent_records") - 1 - 6067


def test_a_peer_of_a_later_leader_does_not_go_back_to_one_that_was_deposed(directory):
    peers = [endpoint(directory, "peer", 1)]
    with running(peers, epoch=7) as oms, oms.connection("peer") as peer:
        opened = peer.open()
        assert opened.epoch >> 32 == peer.leader == 7
        oms.bus.stop()
        with running(peers, epoch=6) as deposed:
            wait_until(lambda: deposed.count("peer", "sessions") >= 2)  # it comes, and leaves again
            assert not peer.is_open
        with running(peers, epoch=8):
            wait_until(lambda: peer.is_open)
            assert peer.leader == 8


def test_the_core_sleeps_until_a_record_comes(directory):
    with running([endpoint(directory, "peer", 1)], timeout_ms=600_000) as oms, oms.connection("peer") as peer:
        peer.open()
        time.sleep(0.3)
        for sequence in range(1, 20):
            exchange(peer, sequence, 1)
        assert oms.echo.counts()["timeouts"] == 0
        assert oms.echo.counts()["waits"] > 0


def test_a_session_resumes_where_the_records_stand(directory):
    with running([endpoint(directory, "peer", 1)]) as oms:
        with oms.connection("peer") as first:
            opened = first.open()
            assert opened.last_applied == 0
            exchange(first, 1, 100)
        with oms.connection("peer") as second:
            again = second.open()
            assert again.last_applied == 100
            assert again.epoch > opened.epoch
            exchange(second, 101, 10)


def test_a_line_that_drops_again_and_again_loses_and_doubles_nothing(directory):
    """The peer sends again what comes after `last_applied`; the core sees each record once, in order."""
    count, drops = 100_000, 25
    opened: list[Opened] = []
    with (
        running([endpoint(directory, "peer", 1)], routes=[-1]) as oms,
        oms.connection("peer", on_opened=opened.append) as peer,
    ):
        peer.BACK_OFF_S = (0.002, 0.01)
        peer.open()
        while oms.echo.highest(0) < count:
            try:
                send_all(peer, opened[-1].last_applied + 1, count, drop=len(opened) <= drops)
                wait_until(lambda: oms.echo.highest(0) == count)
            except BusError:
                sessions = len(opened)
                poll(peer, lambda before=sessions: len(opened) > before)
        assert oms.echo.counts()["disordered"] == 0
        assert len(opened) == drops + 1
        assert oms.count("peer", "ended_disconnected") == drops


def test_leaving_is_told_to_the_core(directory):
    with running([endpoint(directory, "peer", 1)]) as oms:
        with oms.connection("peer") as peer:
            peer.open()
            exchange(peer, 1, 10)
        wait_until(lambda: oms.events_of("peer") == [(OPENED, 0), (CLOSED, SessionReason.left)])


def test_a_refused_peer_is_told_what_to_do(directory):
    with running([endpoint(directory, "peer", 1)]) as oms:
        with (
            oms.connection("peer", environment="production") as peer,
            pytest.raises(BusError, match="the environment here is 'test'"),
        ):
            peer.open()
        assert oms.count("peer", "ended_environment") == 1  # it did not try again


def test_nobody_there(directory):
    with (
        running([endpoint(directory, "peer", 1)]) as oms,
        oms.connection("peer") as peer,
    ):
        peer.url += "-not"
        with pytest.raises(BusError, match=r"no session within 0\.2 s"):
            peer.open(timeout_s=0.2)


def test_a_killed_peer_comes_back_to_nothing_stale(directory):
    with running(two_peers(directory), routes=[1, -1]) as oms, oms.connection("sender") as sender:
        sender.open()
        with process("peer.py", oms.url("reader"), "reader", "deaf") as reader:
            assert reader.stdout.readline() == "open\n"
            for first in range(1, 100_000, BATCH):  # 4 MB: more than the transport holds, less than is too much
                sender.send([tick(sequence) for sequence in range(first, first + BATCH)])
            wait_until(lambda: oms.count("sender", "received_records") >= 100_000)
            wait_until(lambda: oms.count("reader", "outbound_bytes") > 0)
            reader.kill()
        wait_until(lambda: oms.events_of("reader") == [(OPENED, 0), (CLOSED, SessionReason.disconnected)])
        with RawPeer(oms, "reader") as reader:
            reader.open()
            sender.send([tick(99_999)])
            assert reader.receive()[1]["sequence"] == 99_999


def test_a_stopped_peer_is_noticed_and_comes_back(directory):
    with (
        running([endpoint(directory, "peer", 1)], silence_ms=400) as oms,
        process("peer.py", oms.url("peer"), "peer", "idle") as peer,
    ):
        assert peer.stdout.readline() == "open\n"
        time.sleep(1.0)
        assert oms.events_of("peer") == [(OPENED, 0)]  # heartbeats alone keep it open
        os.kill(peer.pid, signal.SIGSTOP)
        wait_until(lambda: oms.events_of("peer") == [(OPENED, 0), (CLOSED, SessionReason.silent)])
        os.kill(peer.pid, signal.SIGCONT)
        assert peer.stdout.readline() == "open\n"
        wait_until(lambda: oms.events_of("peer")[2:] == [(OPENED, 0)])


def test_a_stopped_oms_is_noticed_and_comes_back(directory):
    events: list[Opened | Closed] = []
    with process("server.py", directory) as server:
        assert server.stdout.readline() == "listening\n"
        peer = connection_to(directory, events)
        with peer:
            peer.open()
            exchange(peer, 1, 10)
            os.kill(server.pid, signal.SIGSTOP)
            poll(peer, lambda: isinstance(events[-1], Closed))
            assert events[-1].reason == SessionReason.silent
            os.kill(server.pid, signal.SIGCONT)
            poll(peer, lambda: isinstance(events[-1], Opened))
            assert events[-1].last_applied == 10
            exchange(peer, 11, 10)


def test_a_killed_oms_leaves_a_socket_file_that_does_not_matter(directory):
    events: list[Opened | Closed] = []
    peer = connection_to(directory, events)
    with process("server.py", directory) as server:
        assert server.stdout.readline() == "listening\n"
        peer.open()
        exchange(peer, 1, 10)
        server.kill()
        poll(peer, lambda: isinstance(events[-1], Closed))
        assert events[-1].reason == SessionReason.disconnected
        assert (directory / "peer").exists()
        with pytest.raises(BusError, match="no session"):
            peer.send([tick(11)])
    with process("server.py", directory) as server, peer:
        assert server.stdout.readline() == "listening\n"
        poll(peer, lambda: isinstance(events[-1], Opened))
        exchange(peer, 11, 10)


def connection_to(directory, events):
    from oms.bus import Connection
    from oms.bus_config import SessionRole

    return Connection(
        f"ipc://{directory / 'peer'}",
        name="peer",
        role=SessionRole.client,
        environment="test",
        heartbeat_ms=50,
        silence_ms=500,
        on_opened=events.append,
        on_closed=events.append,
    )


def poll(peer, condition) -> None:
    """`on_opened` and `on_closed` are called while the peer receives."""
    wait_until(lambda: peer.receive(0.01) is not None and condition())


def test_a_peer_that_does_not_read_is_cut_off_at_its_bound(directory):
    peers = two_peers(directory, outbound_bytes=1 << 18)
    with running(peers, routes=[1, -1]) as oms, oms.connection("sender") as sender:
        sender.open()
        with RawPeer(oms, "reader") as reader:
            reader.open()
            sequence = 0
            while not oms.count("reader", "ended_slow"):
                sender.send([tick(sequence + more) for more in range(BATCH)])
                sequence += BATCH
                assert sequence < 10_000_000
            wait_until(lambda: oms.events_of("reader") == [(OPENED, 0), (CLOSED, SessionReason.slow)])
        with RawPeer(oms, "reader") as reader:
            reader.open()
            sender.send([tick(7)])
            while (found := reader.receive()[1]["sequence"]) != 7:
                assert found > sequence - 64 * BATCH  # sent after the session had ended, while this one was opening
        assert oms.count("sender", "ended_slow") == 0
        assert oms.events_of("sender") == [(OPENED, 0)]


def test_what_one_record_has_caused_reaches_a_peer_whole_however_much_it_is(directory):
    """Such as all that an adapter has missed, told when it is back: several megabytes through a queue of a quarter of
    one, and what comes behind it. A peer that then goes on not reading is cut off all the same."""
    burst = [records.encode("Settle", sequence=7, date=number, batch_id="B" * 200) for number in range(30_000)]
    peers = two_peers(directory, outbound_bytes=1 << 18)
    with running(peers, routes=[1, -1], silence_ms=60_000) as oms, oms.connection("sender") as sender:
        sender.open()
        with RawPeer(oms, "reader") as reader:
            reader.open()
            sender.send([*burst, tick(8)])
            wait_until(lambda: oms.count("sender", "received_records") == len(burst) + 1)
            wait_until(lambda: oms.count("reader", "outbound_bytes") > 1 << 20)
            told: list[bytes] = []
            while len(told) <= len(burst):
                told += [raw for raw in records.split(reader.socket.recv()[ENVELOPE.size :]) if raw[24] >= 10]
            assert [raw[8:16] + raw[FRAME:] for raw in told] == [raw[8:16] + raw[FRAME:] for raw in [*burst, tick(8)]]
            sender.send(burst)
            sequence = 9
            while not oms.count("reader", "ended_slow"):
                sender.send([tick(sequence)] * BATCH)
                sequence += 1
                assert sequence < 100_000
            wait_until(lambda: oms.events_of("reader") == [(OPENED, 0), (CLOSED, SessionReason.slow)])
            assert sequence * BATCH * len(tick(0)) >= 1 << 18, "there is room for as much as the queue takes"


def test_a_peer_that_leaves_its_answers_unread_waits_with_its_requests(directory):
    """Nothing is lost and nobody cut off: it just cannot send on."""
    count = 200_000
    with running([endpoint(directory, "peer", 1, outbound_bytes=1 << 18)]) as oms, oms.connection("peer") as peer:
        peer._queue_bytes = 1 << 16  # its own thread stops reading there
        peer.open()
        sender = threading.Thread(target=send_all, args=(peer, 1, count))
        sender.start()
        wait_until(lambda: oms.count("peer", "throttled") > 0 and oms.count("peer", "parked") > 0)
        time.sleep(0.5)
        expected = 1
        while expected <= count:
            for record in peer.receive(10.0) or [b""]:
                assert sequence_of(record) == expected
                expected += 1
        sender.join()
        assert oms.events_of("peer") == [(OPENED, 0)]


def send_all(peer, first: int, last: int, drop: bool = False) -> None:
    """Numbered records; `drop` breaks the line on the way."""
    for number, start in enumerate(range(first, last + 1, BATCH)):
        peer.send([tick(sequence) for sequence in range(start, min(start + BATCH, last + 1))])
        if drop and number == 20:
            for pipe in peer._socket.pipes:
                pipe.close()


def test_stop_tells_every_peer(directory):
    with running([endpoint(directory, "peer", 1)]) as oms:
        peer = RawPeer(oms, "peer")
        peer.open()
        said = []
        listener = threading.Thread(target=lambda: said.append(peer.last_word()))
        listener.start()
    listener.join()
    assert said[0]["reason"] == SessionReason.stopped
    peer.close()
    assert not (directory / "peer").exists()
