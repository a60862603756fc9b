"""A bus with a stand-in core in this process, and peers that say exactly what a test wants them to say."""

import os
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pynng

from oms import records, schema
from oms._core.bus_echo import Echo
from oms._core.bus_sockets import Bus
from oms.bus import Connection
from oms.bus_config import BusConfig, EndpointConfig, SessionRole

ENVELOPE = struct.Struct("<IHHHHIQQQII16s")
ENVIRONMENT = "test"
OPENED, CLOSED = 1, 3  # what the core is told


def tick(sequence: int) -> bytes:
    return records.encode("Tick", sequence=sequence)


def sequence_of(record: bytes) -> int:
    return int.from_bytes(record[8:16], "little")


def envelope(body: bytes, *, number: int, epoch: int, count: int = 1, **other: int | bytes) -> bytes:
    """An envelope as it should be, but for what `other` changes."""
    head = {
        "magic": 0x42534D4F,
        "block_length": 52,
        "template_id": 6,
        "schema_id": schema.SCHEMA_ID,
        "version": schema.SCHEMA_VERSION,
        "flags": 0,
        "epoch": epoch,
        "number": number,
        "acknowledged": 0,
        "count": count,
        "size": len(body),
        "reserved": bytes(16),
    } | other
    return ENVELOPE.pack(*head.values()) + body


def wait_until(condition, timeout_s: float = 20.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


@dataclass
class Running:
    """A running bus."""

    config: BusConfig
    bus: Bus
    echo: Echo

    def url(self, name: str) -> str:
        return next(endpoint.url for endpoint in self.config.endpoints if endpoint.name == name)

    def count(self, name: str, what: str) -> int:
        return self.bus.counters()[name][what]

    def events_of(self, name: str) -> list[tuple[int, int]]:
        """(kind, reason) as the core was told of this peer's sessions."""
        index = [endpoint.name for endpoint in self.config.endpoints].index(name)
        return [(kind, reason) for kind, endpoint, reason in self.echo.events() if endpoint == index]

    def connection(self, name: str, **settings) -> Connection:
        settings = {"role": SessionRole.client, "environment": ENVIRONMENT, "heartbeat_ms": 100} | settings
        return Connection(self.url(name), name=name, **settings)


def endpoint(directory: Path, name: str, source: int, **settings) -> EndpointConfig:
    settings = {
        "url": f"ipc://{directory / name}",
        "role": SessionRole.client,
        "records": frozenset({"Tick", "Settle"}),
    } | settings
    return EndpointConfig(name=name, source=source, **settings)


@contextmanager
def running(endpoints, routes=None, timeout_ms: int = 1000, **settings):
    """A bus whose core sends what endpoint i sends to endpoint routes[i]; to itself, unless told otherwise."""
    settings = {"heartbeat_ms": 100, "silence_ms": 5000, "open_ms": 2000, "linger_ms": 50} | settings
    config = BusConfig(ENVIRONMENT, tuple(endpoints), **settings)
    bus = Bus(config)
    echo = Echo(bus, list(range(len(config.endpoints))) if routes is None else routes)
    with bus:
        core = threading.Thread(target=echo.run, kwargs={"timeout_ms": timeout_ms})
        core.start()
        try:
            yield Running(config, bus, echo)
        finally:
            echo.stop()
            core.join()


class RawPeer:
    """A peer without any manners of its own: it sends the bytes that it is given."""

    def __init__(self, oms: Running, name: str) -> None:
        wait_until(lambda: oms.bus.states()[name] == "waiting")  # the last peer's socket is closed
        self.name = name
        self.socket = pynng.Pair0(recv_timeout=10_000, reconnect_time_min=3_600_000)
        self.socket.dial(oms.url(name), block=True)
        self.epoch = 0
        self.number = 0

    def greeting(self, **other) -> bytes:
        fields = {
            "peer_version": schema.SCHEMA_VERSION,
            "role": 1,
            "environment": ENVIRONMENT,
            "name": self.name,
        } | other
        return envelope(records.encode("SessionOpen", **fields), number=1, epoch=0)

    def open(self, **other) -> dict:
        """Begin a session; returns SessionOpened."""
        self.socket.send(self.greeting(**other))
        self.number = 1
        kind, fields = self.receive()
        assert kind == "SessionOpened"
        self.epoch = fields["epoch"]
        return fields

    def next(self, body: bytes, count: int = 1, **other) -> bytes:
        """The next envelope of the session, as it should be but for `other`."""
        self.number += 1
        return envelope(body, **{"number": self.number, "epoch": self.epoch, "count": count, **other})

    def receive(self) -> tuple[str, dict]:
        """The first record of the next envelope that is no heartbeat."""
        while True:
            kind, fields = records.decode(self.socket.recv()[ENVELOPE.size :])
            if kind != "Heartbeat":
                return kind, fields

    def last_word(self) -> dict:
        """SessionClosed, which must come, before anything else."""
        kind, fields = self.receive()
        assert kind == "SessionClosed"
        return fields

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def process(script: str, *arguments: object):
    """One of the scripts beside this file, as a process. It says a line when it is ready."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    root = Path(__file__).parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def exchange(connection: Connection, first: int, count: int) -> None:
    """Send records and see each come back, in order."""
    connection.send([tick(sequence) for sequence in range(first, first + count)])
    expected = first
    until = time.monotonic() + 20
    while expected < first + count:
        for record in connection.receive(1.0):
            assert sequence_of(record) == expected
            expected += 1
        assert time.monotonic() < until, f"{first + count - expected} of {count} records did not come back"
