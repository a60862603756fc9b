"""The OMS's end of one endpoint without any books: sessions, numbers, heartbeats. For `oms adapter check`, and tests.

Owns a listening socket and one peer at a time, in a thread. Subclasses say what an opening and a record mean.
The protocol is in docs/reference/bus-protocol.md; the OMS itself listens with `oms._core.bus_sockets`.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import pynng

from oms import records, schema
from oms.adapters.messages import feed_sequence, under_lease
from oms.bus_config import BusError, SessionReason, listen_address
from oms.errors import OmsError

_ENVELOPE = struct.Struct("<IHHHHIQQQII16x")
_MAGIC = 0x42534D4F
POLL_MS = 2
HEARTBEAT_S = 0.2
AT_ONCE = 100  # records of an envelope
NUMBERED = frozenset(("ExecutionReport", "OrderCancelReject", "BalanceReport", "LongReport"))


class ProtocolError(Exception):
    """The peer breaks a rule of the bus."""


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ProtocolError(otherwise)


class StandIn:
    """Serves one peer after the other until `close`. `openings` has the fields of each SessionOpen."""

    def __init__(self, url: str) -> None:
        """Raises BusError when the address cannot be listened on."""
        self.url = url
        self.epoch = 0
        self.openings: list[dict[str, Any]] = []
        self.refuse = ""  # words with which to refuse the next peer for good
        self.errors: list[str] = []
        self.heard = 0  # envelopes
        self.lease_ms = 0  # 0: the peer's own silence_ms
        self.lock = threading.RLock()
        self._outbox: list[bytes] = []
        self._drop = threading.Event()
        self._stop = threading.Event()
        self._socket: pynng.Pair0 | None = self._listen()
        self._thread = threading.Thread(target=self._run, name="oms-stand-in", daemon=True)
        self._thread.start()

    def opened(self, fields: dict[str, Any]) -> tuple[int, list[bytes]]:
        """A peer has opened: returns the highest of its sequences that is applied, and the records to send."""
        return 0, []

    def took(self, raw: bytes) -> list[bytes]:
        """A record has come: returns the records to send."""
        return []

    def dropped(self) -> None:
        """After a `drop`, before the next peer."""

    def send(self, batch: Sequence[bytes]) -> None:
        """Send to the peer of now, if there is one."""
        with self.lock:
            self._outbox += batch

    def drop(self) -> None:
        """Break the connection, as a cut cable would. Returns when the next peer may come."""
        self._drop.set()
        while self._drop.is_set() and self._thread.is_alive():
            time.sleep(POLL_MS / 1000)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._session()
            except pynng.NNGException as error:
                self.errors.append(f"the session broke: {error}")
            except (ProtocolError, OmsError) as error:
                self.errors.append(str(error))
                time.sleep(POLL_MS / 1000)
            if self._drop.is_set():
                self.dropped()
                self._drop.clear()

    def _listen(self) -> pynng.Pair0:
        """A socket of its own for each session."""
        try:
            return pynng.Pair0(listen=listen_address(self.url), recv_timeout=POLL_MS, send_timeout=5000)
        except pynng.NNGException as error:
            raise BusError(f"cannot listen: {error}", where=self.url) from None

    def _session(self) -> None:
        gone = threading.Event()
        socket, self._socket = self._socket or self._listen(), None
        with socket:
            socket.add_post_pipe_remove_cb(lambda pipe: gone.set())
            line = _Line(socket, gone)
            while not (self._stop.is_set() or self._drop.is_set() or gone.is_set()):
                if line.epoch:
                    with self.lock:
                        batch, self._outbox = self._outbox, []
                    line.say(batch)
                    line.keep_alive()
                batch = line.hear()
                self.heard += len(batch) > 0
                for raw in batch:
                    if not self._took(raw, line):
                        return

    def _took(self, raw: bytes, line: _Line) -> bool:
        """False: the session is over."""
        name, fields = records.decode(raw)
        if name == "SessionOpen":
            return self._open(fields, line)
        if name == "SessionClosed":
            return False
        _must(line.epoch > 0, f"{name} came before SessionOpen")
        if name != "Heartbeat":
            with self.lock:
                line.say(self.took(raw))
        return True

    def _open(self, fields: dict[str, Any], line: _Line) -> bool:
        if self.refuse:
            line.say([records.encode("SessionClosed", reason=int(SessionReason.refused), text=self.refuse)])
            time.sleep(0.1)  # for the words to arrive
            return False
        with self.lock:
            self.openings.append(fields)
            self.epoch += 1
            last_applied, self._outbox = self.opened(fields)
        fields = {"epoch": self.epoch, "last_applied": last_applied, "lease_ms": self.lease_ms}
        line.say([records.encode("SessionOpened", **fields)], self.epoch)
        return True


class _Line:
    """One session's envelopes."""

    def __init__(self, socket: pynng.Pair0, gone: threading.Event) -> None:
        self.epoch = 0
        self._socket = socket
        self._gone = gone
        self._sent = 0
        self._received = 0
        self._said_s = 0.0

    def say(self, batch: Sequence[bytes], epoch: int = 0) -> None:
        self.epoch = epoch or self.epoch
        for start in range(0, len(batch), AT_ONCE):
            some = batch[start : start + AT_ONCE]
            body = b"".join(some)
            self._sent += 1
            numbers = self.epoch, self._sent, self._received, len(some), len(body)
            head = _ENVELOPE.pack(_MAGIC, 52, 6, schema.SCHEMA_ID, schema.SCHEMA_VERSION, 0, *numbers)
            self._socket.send(head + body)
            self._said_s = time.monotonic()

    def keep_alive(self) -> None:
        if time.monotonic() - self._said_s > HEARTBEAT_S:
            self.say([records.encode("Heartbeat", sent_ns=time.time_ns())])

    def hear(self) -> list[bytes]:
        """The records of the next envelope. An envelope that is not as it must be raises ProtocolError."""
        try:
            message = self._socket.recv()
        except pynng.Timeout:
            return []
        if self._gone.is_set():
            return []  # from the next peer, for whom there will be another socket
        _must(len(message) > _ENVELOPE.size, "an envelope is shorter than its header")
        magic, block, template, schema_id, version, _, epoch, number, _, count, size = _ENVELOPE.unpack_from(message)
        head = magic, block, template, schema_id, version
        _must(head == (_MAGIC, 52, 6, schema.SCHEMA_ID, schema.SCHEMA_VERSION), f"an envelope's header is {head}")
        _must(epoch == self.epoch, f"an envelope is of epoch {epoch}, the session's is {self.epoch}")
        _must(number == self._received + 1, f"envelope {number} came after {self._received}")
        _must(size == len(message) - _ENVELOPE.size, "an envelope says another size than it has")
        self._received = number
        batch = records.split(message[_ENVELOPE.size :])
        _must(count == len(batch), f"an envelope says {count} records and has {len(batch)}")
        return batch


class FeedStandIn(StandIn):
    """The OMS's end of a feed: sends requests again that the adapter lacks, applies reports once, in order."""

    def __init__(self, url: str) -> None:
        self.requests: list[bytes] = []  # in order of their feed_sequence
        self.session_id = 0
        self.reports: list[bytes] = []  # applied in this exchange session
        self.repeated: list[bytes] = []
        self.notices: list[tuple[str, dict[str, Any], int]] = []  # name, fields, how many reports came before
        self.gaps = 0
        self.lose = 0
        super().__init__(url)

    def opened(self, fields: dict[str, Any]) -> tuple[int, list[bytes]]:
        if fields["session_id"] != self.session_id:
            self.session_id = fields["session_id"]
            self.reports = []
        again = [raw for raw in self.requests if feed_sequence(raw) > fields["last_received"]]
        return len(self.reports), [under_lease(raw, self.epoch) for raw in again]

    def took(self, raw: bytes) -> list[bytes]:
        name, fields = records.decode(raw)
        if name not in NUMBERED or fields["feed_sequence"] == 0:
            self.notices.append((name, fields, len(self.reports)))
        elif fields["feed_sequence"] == len(self.reports) + 1:
            self.reports.append(raw)
        elif fields["feed_sequence"] > len(self.reports):
            self.gaps += 1
        else:
            self.repeated.append(raw)
        return []

    def dropped(self) -> None:
        del self.reports[max(len(self.reports) - self.lose, 0) :]
        self.lose = 0

    def request(self, batch: Sequence[bytes]) -> None:
        """Send OrderRequests; they are sent again to an adapter that has not received them."""
        with self.lock:
            self.requests += batch
            self.send([under_lease(raw, self.epoch) for raw in batch])

    def crash(self, lose: int) -> None:
        """As if the OMS had ended with its last reports not durable yet."""
        self.lose = lose
        self.drop()

    def said(self, name: str) -> list[dict[str, Any]]:
        """The fields of what has come under this name, without a number."""
        return [fields for told, fields, _ in self.notices if told == name]


def wait_until(condition: Callable[[], Any], timeout_s: float = 30.0) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_MS / 1000)
    return True
