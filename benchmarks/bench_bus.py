"""The bus against a bare nng forwarder: the same sockets, messages and peer, in turn, in one run.

    python -m benchmarks.bench_bus [--rounds 5] [--spin-us 0]

Each side is a process that sends back what it gets; this process is the peer. `round trip`: one envelope at a time.
`streamed`: 32 envelopes on the way at any time. Figures are medians over the rounds.
"""

import argparse
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pynng

from oms import records, schema
from oms._core.bus_echo import Echo, forward
from oms._core.bus_sockets import Bus
from oms.bus_config import BusConfig, EndpointConfig, SessionRole

MAGIC = 0x42534D4F
ENVELOPE_SIZE = 64
RECORDS = 64
ONE_BY_ONE = 1500
STREAMED = 5000
WINDOW = 32
BODY = records.encode("NewOrderSingle", cl_ord_id="A-1234567") * RECORDS


def serve_bus(url: str, spin_us: int) -> None:
    peer = EndpointConfig("peer", url, SessionRole.client, 1, frozenset({"NewOrderSingle"}), outbound_bytes=1 << 24)
    with Bus(BusConfig("bench", (peer,), heartbeat_ms=600_000, silence_ms=600_000)) as bus:
        print(flush=True)
        echo = Echo(bus, [0])
        core = threading.Thread(target=echo.run, kwargs={"spin_us": spin_us})
        core.start()
        sys.stdin.read()
        echo.stop()
        core.join()


def serve_nng(url: str, _: int) -> None:
    with pynng.Pair0(listen=url, recv_max_size=1 << 20, send_buffer_size=32, recv_buffer_size=16) as socket:
        print(flush=True)
        forward(pynng.lib.nng_socket_id(socket.socket), 1 << 62)


def dialled(url: str) -> pynng.Pair0:
    socket = pynng.Pair0(recv_max_size=1 << 20, recv_timeout=10_000)
    socket.dial(url, block=True)
    return socket


class BusPeer:
    """A peer with nothing but the protocol, so that both sides have the same to do."""

    HEAD = struct.Struct("<IHHHHIQQQII16x")

    def __init__(self, url: str) -> None:
        self.socket = dialled(url)
        self.number = self.epoch = 0
        fields = {"peer_version": schema.SCHEMA_VERSION, "role": SessionRole.client, "name": "peer"}
        self.send(records.encode("SessionOpen", environment="bench", **fields), 1)
        self.epoch = records.decode(self.socket.recv()[ENVELOPE_SIZE:])[1]["epoch"]

    def send(self, body: bytes = BODY, count: int = RECORDS) -> None:
        self.number += 1
        version = schema.SCHEMA_VERSION
        head = (MAGIC, 52, 6, schema.SCHEMA_ID, version, 0, self.epoch, self.number, 0, count, len(body))
        self.socket.send(self.HEAD.pack(*head) + body)

    def receive(self) -> int:
        """Records that came back; the OMS may put them in larger envelopes."""
        return (len(self.socket.recv()) - ENVELOPE_SIZE) // (len(BODY) // RECORDS)


class NngPeer:
    def __init__(self, url: str) -> None:
        self.socket = dialled(url)
        self.message = bytes(ENVELOPE_SIZE) + BODY

    def send(self) -> None:
        self.socket.send(self.message)

    def receive(self) -> int:
        self.socket.recv()
        return RECORDS


def round_trip(peer: BusPeer | NngPeer) -> list[float]:
    times = []
    for _ in range(ONE_BY_ONE):
        start = time.perf_counter_ns()
        peer.send()
        left = RECORDS
        while left:
            left -= peer.receive()
        times.append((time.perf_counter_ns() - start) / 1000)
    return sorted(times)


def streamed(peer: BusPeer | NngPeer) -> float:
    """Million records a second, there and back."""
    sent = back = 0
    start = time.perf_counter()
    while back < STREAMED * RECORDS:
        while sent < STREAMED and sent * RECORDS - back < WINDOW * RECORDS:
            peer.send()
            sent += 1
        back += peer.receive()
    return STREAMED * RECORDS / (time.perf_counter() - start) / 1e6


def measure(url: str, rounds: int, spin_us: int) -> dict[str, list[tuple[float, float, float]]]:
    """(p50 µs, p99 µs, million records a second) of each round, the two sides in turn."""
    command = [sys.executable, "-m", "benchmarks.bench_bus", "--serve"]
    sides = {"nng": (serve_nng, NngPeer), "bus": (serve_bus, BusPeer)}
    found: dict[str, list[tuple[float, float, float]]] = {side: [] for side in sides}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    servers = {
        side: subprocess.Popen([*command, side, f"{url}-{side}", "--spin-us", str(spin_us)], **pipes) for side in sides
    }
    for server in servers.values():
        server.stdout.readline()
    peers = {side: kind(f"{url}-{side}") for side, (_, kind) in sides.items()}
    for _ in range(rounds):
        for side, peer in peers.items():
            times = round_trip(peer)
            rate = streamed(peer)
            found[side].append((times[len(times) // 2], times[len(times) * 99 // 100], rate))
    for peer in peers.values():
        peer.socket.close()
    for server in servers.values():
        server.kill()
        server.communicate()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--spin-us", type=int, default=0, help="how long the core spins before it sleeps")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        side, url = args.serve
        (serve_bus if side == "bus" else serve_nng)(url, args.spin_us)
        return
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o700)
        found = measure(f"ipc://{directory}/s", args.rounds, args.spin_us)
    size = len(BODY) // RECORDS
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ipc, peer in Python,")
    print(f"envelopes of {RECORDS} records of {size} bytes, core spins {args.spin_us} us, {args.rounds} rounds")
    print(f"{'':8}{'round trip p50':>16}{'p99':>10}{'streamed':>20}")
    medians = {side: [statistics.median(column) for column in zip(*rows, strict=True)] for side, rows in found.items()}
    for side, (p50, p99, rate) in medians.items():
        print(f"{side:8}{p50:>13.0f} us{p99:>7.0f} us{rate:>9.2f} M records/s")
    ratios = [bus / nng for bus, nng in zip(medians["bus"], medians["nng"], strict=True)]
    print(f"{'bus/nng':8}{ratios[0]:>16.2f}{ratios[1]:>10.2f}{ratios[2]:>20.2f}")


if __name__ == "__main__":
    main()
