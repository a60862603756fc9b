"""Several feeds of one simulated exchange: its side of a local socket, and the gateway that is a feed's venue.

    OMS ── adapter ── Gateway ──┐
                                ├── unix socket ── Floor ── Simulator
    OMS ── adapter ── Gateway ──┘

Owns what goes over that socket: one call at a time, a letter and bytes, answered with where the exchange stands and
bytes. The exchange keeps the highest epoch that each feed has opened with, and takes no request under an older one.
"""

from __future__ import annotations

import json
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Client, Connection, Listener, wait
from pathlib import Path
from typing import ClassVar

from oms import records
from oms.adapters.contract import DeposedError
from oms.adapters.log import Log
from oms.adapters.messages import decode_order_request, encode_status, feed_sequence, lease_epoch
from oms.adapters.simulator import CommandError, Simulator
from oms.errors import OmsError

IDENTITY, REQUESTS = 1, 2  # entries of a gateway's log
POLL_S = 0.01
STANDS = struct.Struct("<QQ?")  # session_id, last_reported, whether the call was refused
_RANGE = struct.Struct("<QQ")


class ExchangeGoneError(OmsError):
    """The exchange's process has ended, or has not begun."""


class Floor:
    """Serves gateways in the thread that calls `run`. One that breaks off may come again."""

    def __init__(self, simulator: Simulator, path: Path) -> None:
        """path: of the socket; one that a process before this one has left is replaced."""
        self.simulator = simulator
        path.unlink(missing_ok=True)  # the simulator's directory is locked: no other floor is alive
        self._listener = Listener(str(path), "AF_UNIX")
        self._feeds: dict[Connection, str] = {}
        self._notices: dict[Connection, list[bytes]] = {}
        self._heard: list[tuple[Connection, bytes]] = []

    def run(self, stopping: Callable[[], bool]) -> None:
        listening = self._listener._listener._socket  # type: ignore[attr-defined]  # to wait for it with the others
        while not stopping():
            pause = min(self.simulator.work(), POLL_S)
            for ready in wait([listening, *self._feeds], pause):
                if ready is listening:
                    self._join(self._listener.accept())
                elif isinstance(ready, Connection):
                    self._hear(ready)
            self._serve()
            new = self.simulator.notices()
            for waiting in self._notices.values():
                waiting += new

    def close(self) -> None:
        for gateway in self._feeds:
            gateway.close()
        self._listener.close()

    def _join(self, gateway: Connection) -> None:
        self._feeds[gateway], self._notices[gateway] = "", []

    def _hear(self, gateway: Connection) -> None:
        try:
            self._heard.append((gateway, gateway.recv_bytes()))
        except (EOFError, OSError):
            self._leave(gateway)

    def _serve(self) -> None:
        """Questions last: what stood in a line before they were asked is done by then, even if its gateway is gone."""
        for gateway, call in sorted(self._heard, key=lambda heard: heard[1][:1] == b"Q"):
            try:
                answer, refused = self._calls[call[:1]](self, gateway, call[1:]), False
            except CommandError as error:
                answer, refused = str(error).encode(), True
            try:
                gateway.send_bytes(
                    STANDS.pack(self.simulator.session_id, self.simulator.last_reported, refused) + answer
                )
            except OSError:
                self._leave(gateway)
        self._heard.clear()

    def _leave(self, gateway: Connection) -> None:
        del self._feeds[gateway], self._notices[gateway]
        gateway.close()

    def _open(self, gateway: Connection, body: bytes) -> bytes:
        told = json.loads(body)
        self._feeds[gateway] = told["feed"]
        if "epoch" in told:
            self.simulator.command("lease", feed=told["feed"], epoch=told["epoch"])
        return b""

    def _accept(self, gateway: Connection, body: bytes) -> bytes:
        requests = records.split(body)
        held = self.simulator.leases.get(self._feeds[gateway], 0)
        if any(lease_epoch(raw) != held for raw in requests):
            raise CommandError(f"the feed {self._feeds[gateway]} has a newer owner, of epoch {held}")
        self.simulator.accept(requests)
        return b""

    def _answer(self, gateway: Connection, body: bytes) -> bytes:
        return encode_status(body, **self.simulator.exchange.standing(decode_order_request(body)))

    def _reports(self, gateway: Connection, body: bytes) -> bytes:
        return b"".join(self.simulator.reports(*_RANGE.unpack(body)))

    def _state(self, gateway: Connection, body: bytes) -> bytes:
        self._notices[gateway].clear()
        return b"".join(self.simulator.state(int.from_bytes(body, "little")))

    def _poll(self, gateway: Connection, body: bytes) -> bytes:
        told = b"".join(self._notices[gateway])
        self._notices[gateway].clear()
        return told

    _calls: ClassVar = {b"O": _open, b"A": _accept, b"Q": _answer, b"R": _reports, b"S": _state, b"P": _poll}


class Gateway:
    """A feed of an exchange that runs elsewhere. `contract.Venue` says what the members are. It remembers in its own
    directory what it was asked for, and whatever it was asked for it sends on once, or never."""

    def __init__(self, directory: Path, path: Path, feed: str, *, durable: bool = True) -> None:
        """path: of the exchange's socket. Raises ExchangeGoneError."""
        directory.mkdir(parents=True, exist_ok=True)
        self.feed = feed
        self.session_id = self.last_reported = self.last_received = self.instance = 0
        self._number = 0  # of the feed at the OMS
        self._notices: list[bytes] = []
        self._log = Log(directory / "gateway.log", durable=durable)
        for entry in self._log.entries():
            if entry.kind == IDENTITY:
                self.instance = int.from_bytes(entry.body, "little")
            else:
                self._note(records.split(entry.body))
        if not self.instance:
            self.instance = secrets.randbits(31) + 1
            self._log.append(IDENTITY, time.time_ns(), self.instance.to_bytes(4, "little"))
        try:
            self._line = Client(str(path), "AF_UNIX")
        except OSError:
            self._log.close()
            raise ExchangeGoneError("no exchange is there", where=str(path)) from None
        try:
            self._call(b"O", json.dumps({"feed": feed}).encode())
        except ExchangeGoneError:
            self.close()  # the next one needs the directory
            raise

    def lease(self, epoch: int) -> None:
        self._call(b"O", json.dumps({"feed": self.feed, "epoch": epoch}).encode())

    def accept(self, requests: Sequence[bytes]) -> None:
        self._log.append(REQUESTS, time.time_ns(), b"".join(requests))
        self._note(requests)
        self._call(b"A", b"".join(requests))

    def answer(self, question: bytes) -> None:
        self._notices.append(self._call(b"Q", question))

    def reports(self, after: int, limit: int) -> list[bytes]:
        return records.split(self._call(b"R", _RANGE.pack(after, limit)))

    def state(self) -> list[bytes]:
        return records.split(self._call(b"S", self._number.to_bytes(4, "little")))

    def notices(self) -> list[bytes]:
        notices, self._notices = self._notices, []
        return notices

    def work(self) -> float:
        self._notices += records.split(self._call(b"P"))
        return POLL_S

    def close(self) -> None:
        self._line.close()
        self._log.close()

    def _note(self, requests: Sequence[bytes]) -> None:
        self.last_received = feed_sequence(requests[-1])
        self._number = decode_order_request(requests[-1]).feed

    def _call(self, what: bytes, body: bytes = b"") -> bytes:
        try:
            self._line.send_bytes(what + body)
            answer = self._line.recv_bytes()
        except (EOFError, OSError):
            raise ExchangeGoneError("the exchange has broken off", where=self.feed) from None
        self.session_id, self.last_reported, refused = STANDS.unpack_from(answer)
        if refused:
            raise DeposedError(answer[STANDS.size :].decode(), where=self.feed)
        return answer[STANDS.size :]
