"""A peer as a process. Says "open" when its session is open, and what the work says at its end.

peer.py URL NAME idle               stays until it is killed, and says "open" again when it is opened again
peer.py URL NAME deaf               opens a session, keeps its heartbeat, never reads
peer.py URL NAME exchange COUNT     told to on its input, sends numbered records, and sees as many come, in order
"""

import sys
import threading
import time

import pynng

from oms.bus import Connection, Opened
from oms.bus_config import SessionRole
from tests.bus.support import ENVIRONMENT, RawPeer, records, sequence_of, tick

BATCH = 64


def idle(url: str, name: str) -> None:
    with connection(url, name, lambda opened: print("open", flush=True)) as peer:
        peer.open()
        while True:
            peer.receive(1.0)


def connection(url: str, name: str, on_opened, silence_ms: int = 1000) -> Connection:
    settings = {"heartbeat_ms": 50, "silence_ms": silence_ms, "on_opened": on_opened}
    return Connection(url, name=name, role=SessionRole.client, environment=ENVIRONMENT, **settings)


def deaf(url: str, name: str) -> None:
    peer = RawPeer.__new__(RawPeer)
    peer.name, peer.number = name, 0
    peer.socket = pynng.Pair0(recv_timeout=10_000)
    peer.socket.dial(url, block=True)
    peer.open()
    print("open", flush=True)
    while True:
        peer.socket.send(peer.next(records.encode("Heartbeat")))
        time.sleep(0.1)


def exchange(url: str, name: str, count: int) -> None:
    opened = threading.Event()

    def on_opened(session: Opened) -> None:
        assert session.last_applied == 0
        opened.set()
        print("open", flush=True)

    with connection(url, name, on_opened, silence_ms=60_000) as peer:
        peer.open()
        assert sys.stdin.readline() == "go\n"
        sender = threading.Thread(target=send_all, args=(peer, count))
        sender.start()
        expected = 1
        while expected <= count:
            for record in peer.receive(10.0) or [b""]:
                assert sequence_of(record) == expected, f"{sequence_of(record)} came, not {expected}"
                expected += 1
        sender.join()
        assert peer.receive(0.2) == []
    print(f"{count} came back", flush=True)


def send_all(peer: Connection, count: int) -> None:
    for first in range(1, count + 1, BATCH):
        peer.send([tick(sequence) for sequence in range(first, min(first + BATCH, count + 1))])


if __name__ == "__main__":
    url, name, mode, *rest = sys.argv[1:]
    {"idle": idle, "deaf": deaf, "exchange": exchange}[mode](url, name, *map(int, rest))
