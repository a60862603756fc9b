"""The connecting side of the bus, for a peer written in Python: a client, an adapter, a tool, a test.

Owns: the envelope in Python, sessions with heartbeats and reconnection. Never looks into a record's fields
except those of the session itself; never resends: what was not applied is the peer's to send again (`Opened`).
The protocol is in docs/reference/bus-protocol.md; the listening side is `oms._core.bus_sockets`.
"""

from __future__ import annotations

import contextlib
import random
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pynng

from oms import records, schema
from oms._core import bus_nng as _bus_nng  # noqa: F401  limits nng's threads, before the first socket
from oms.bus_config import BusError, SessionReason, SessionRole, check_socket_path

ENVELOPE_SIZE = 64
ENVELOPE_MAX_BYTES = 65536
_ENVELOPE = struct.Struct("<IHHHHIQQQII16x")
_MAGIC = 0x42534D4F
_BLOCK_LENGTH = 52
_TEMPLATE = 6
_TEMPLATE_FIRST = 10  # lower ids belong to the session


# Trying again does not help: somebody has to change a setting.
PERMANENT = frozenset(
    {
        SessionReason.version,
        SessionReason.environment,
        SessionReason.endpoint_name,
        SessionReason.role,
        SessionReason.credential,
        SessionReason.refused,
    }
)


@dataclass(frozen=True)
class Opened:
    """A session began. Send again what comes after `last_applied`, the highest own sequence that the OMS holds."""

    epoch: int
    last_applied: int


@dataclass(frozen=True)
class Closed:
    """A session that was opened has ended."""

    reason: SessionReason
    text: str


class _SessionEnd(Exception):  # noqa: N818  not an error: how a session's loop ends
    def __init__(self, reason: SessionReason, text: str = "") -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text or reason.name


class Connection:
    """A peer's end of the bus: sends records to the OMS and receives its own, across reconnections.

    `on_opened` and `on_closed` are called by the thread that calls `open` or `receive`, in order with the records.
    Set `last_received` to the highest sequence of the OMS that is durably held; the next session tells it.
    """

    BACK_OFF_S = (0.02, 1.0)
    POLL_MS = 20
    LEAVE_S = 1.0

    def __init__(
        self,
        url: str,
        *,
        name: str,
        role: SessionRole,
        environment: str,
        credential: str = "",
        session_id: int | None = None,
        instance: int = 0,
        tls: pynng.TLSConfig | None = None,
        heartbeat_ms: int = 1000,
        silence_ms: int = 5000,
        queue_bytes: int = 1 << 26,
        on_opened: Callable[[Opened], None] | None = None,
        on_closed: Callable[[Closed], None] | None = None,
    ) -> None:
        if url.startswith("ipc://"):
            check_socket_path(url)
        self.url = url
        self.name = name
        self.last_received = 0
        self.session_id = time.time_ns() if session_id is None else session_id
        self._greeting: dict[str, Any] = {
            "environment": environment,
            "name": name,
            "credential": credential,
            "role": int(role),
            "instance": instance,
        }
        self._tls = tls
        self._heartbeat_s = heartbeat_ms / 1000
        self._silence_s = silence_ms / 1000
        self._queue_bytes = queue_bytes
        self._on_opened = on_opened or (lambda opened: None)
        self._on_closed = on_closed or (lambda closed: None)
        self._events: deque[Opened | Closed | bytes | BusError] = deque()
        self._queued = 0  # bytes of records in _events
        self._changed = threading.Condition()  # guards _events and _queued
        self._sending = threading.Lock()  # guards the socket's sending side: _epoch, _sent and their order
        self._socket: pynng.Pair0 | None = None
        self._epoch = 0
        self._leader = 0  # highest epoch of a leading process that was seen
        self._sent = 0
        self._sent_s = 0.0
        self._received = 0
        self._lease_s = silence_ms / 1000  # the OMS says how long it is
        self._known_s = 0.0  # when what the OMS has acknowledged last was sent
        self._unknown: deque[tuple[int, float]] = deque()  # number and time of what it has not acknowledged
        self._gone = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # What the peer calls

    def open(self, timeout_s: float = 10.0) -> Opened:
        """Connect and wait for the first session. Raises BusError when it is refused or does not come in time."""
        self._thread = threading.Thread(target=self._run, name=f"oms-bus-{self.name}", daemon=True)
        self._thread.start()
        event = self._next(timeout_s)
        if not isinstance(event, Opened):
            self.close()
            raise BusError(f"no session within {timeout_s} s", where=self.url, remedy="is the OMS running there?")
        self._on_opened(event)
        return event

    def send(self, batch: Sequence[bytes]) -> None:
        """Send records, in order, in as few envelopes as they fit; waits while the OMS does not take more.

        Raises BusError if there is no session, or it ends before all are handed over.
        """
        place = 0
        while place < len(batch):
            end, size = place, 0
            while end < len(batch) and size + len(batch[end]) <= ENVELOPE_MAX_BYTES - ENVELOPE_SIZE:
                size += len(batch[end])
                end += 1
            if end == place:
                raise BusError(f"a record of {len(batch[place])} bytes fits no envelope", where=self.url)
            self._send(b"".join(batch[place:end]), end - place)
            place = end

    def receive(self, timeout_s: float = 0.0) -> list[bytes]:
        """The records of the next envelope; an empty list if none came in time. Raises BusError when refused."""
        until = time.monotonic() + timeout_s
        while (event := self._next(until - time.monotonic())) is not None:
            if isinstance(event, Opened):
                self._on_opened(event)
            elif isinstance(event, Closed):
                self._on_closed(event)
            else:
                return records.split(event)
        return []

    @property
    def is_open(self) -> bool:
        """Whether a session is open right now."""
        return self._epoch != 0

    @property
    def leader(self) -> int:
        """Highest epoch of a leading process that a session has told of; 0 before the first."""
        return self._leader

    @property
    def lease_s(self) -> float:
        """How many seconds are left in which the OMS cannot have given this peer up yet: what it has acknowledged last
        was sent less than a lease ago. Negative when it may have."""
        return self._known_s + self._lease_s - time.monotonic() if self._epoch else -1.0

    def close(self) -> None:
        """Say goodbye, and end the thread."""
        with contextlib.suppress(BusError):
            self._send(records.encode("SessionClosed", reason=int(SessionReason.left)), 1, block=False)
        if self._epoch:
            self._gone.wait(self.LEAVE_S)  # the OMS closes the line when it has read that
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self.LEAVE_S)  # or leave it, a daemon, to a connect that nobody answers

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Between the threads

    def _next(self, timeout_s: float) -> Opened | Closed | bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._events, max(timeout_s, 0))
            if not self._events:
                return None
            event = self._events[0]
            if isinstance(event, BusError):  # stays: every further call says the same
                raise event
            self._events.popleft()
            if isinstance(event, bytes):
                self._queued -= len(event)
                self._changed.notify_all()
            return event

    def _put(self, event: Opened | Closed | bytes | BusError) -> None:
        with self._changed:
            self._events.append(event)
            if isinstance(event, bytes):
                self._queued += len(event)
            self._changed.notify_all()

    def _send(self, body: bytes, count: int, *, opening: bool = False, block: bool = True) -> None:
        """Send one envelope. Without `block` nothing is sent while the line is busy: that is a sign of life itself."""
        where = f"{self.name} at {self.url}"
        if not self._sending.acquire(blocking=block):
            return
        try:
            socket = self._socket
            if socket is None or not (self._epoch or opening):
                raise BusError("no session", where=where, remedy="wait until it is opened again")
            self._sent += 1  # before it leaves: the OMS may acknowledge it at once
            self._unknown.append((self._sent, time.monotonic()))
            socket.send(self._head(self._sent, count, len(body)) + body, block=block)
            self._sent_s = time.monotonic()
        except pynng.TryAgain:
            self._sent -= 1
            self._unknown.pop()
        except pynng.NNGException as error:
            raise BusError(f"the session ended: {error}", where=where) from None
        finally:
            self._sending.release()

    def _head(self, number: int, count: int, size: int) -> bytes:
        return _ENVELOPE.pack(
            _MAGIC,
            _BLOCK_LENGTH,
            _TEMPLATE,
            schema.SCHEMA_ID,
            schema.SCHEMA_VERSION,
            0,
            self._epoch,
            number,
            self._received,
            count,
            size,
        )

    # The connection's own thread

    def _run(self) -> None:
        shortest, longest = self.BACK_OFF_S
        delay_s = shortest
        while not self._stopping.is_set():
            began = time.monotonic()
            end = self._session()
            was_open, self._epoch = self._epoch != 0, 0
            if end.reason in PERMANENT:
                remedy = "correct the peer's settings or the endpoint's"
                self._put(BusError(f"refused: {end.text}", where=f"{self.name} at {self.url}", remedy=remedy))
                return
            if was_open:
                self._put(Closed(end.reason, end.text))
            delay_s = shortest if time.monotonic() - began > longest else min(delay_s * 2, longest)
            self._stopping.wait(delay_s * random.uniform(0.5, 1.0))

    def _session(self) -> _SessionEnd:
        """One session on a socket of its own, so that nothing queued for the last one is sent in this.

        No other thread closes the socket: nng's expiry thread may still be at work in it while a `recv` waits.
        """
        # nng must not reconnect by itself
        socket = pynng.Pair0(
            recv_timeout=self.POLL_MS,
            send_buffer_size=8,  # also for SessionOpen, when the OMS has hung up at once
            reconnect_time_min=3_600_000,
            recv_max_size=ENVELOPE_MAX_BYTES,
            tls_config=self._tls,
        )
        try:
            self._connect(socket)
            while True:
                self._step(socket)
        except _SessionEnd as end:
            return end
        except BusError as error:
            return _SessionEnd(SessionReason.disconnected, str(error))
        except pynng.NNGException as error:
            return _SessionEnd(SessionReason.disconnected, str(error))
        finally:
            socket.close()

    def _connect(self, socket: pynng.Pair0) -> None:
        gone = threading.Event()
        socket.add_post_pipe_remove_cb(lambda pipe: gone.set())
        with self._sending:  # who still sends in the last session has noticed its end
            self._gone, self._epoch, self._sent, self._received = gone, 0, 0, 0
            self._unknown.clear()
            self._socket = socket
        socket.dial(self.url, block=True)
        self._heard_s = time.monotonic()
        body = records.encode(
            "SessionOpen",
            peer_version=schema.SCHEMA_VERSION,
            session_id=self.session_id,
            last_received=self.last_received,
            **self._greeting,
        )
        self._send(body, 1, opening=True)

    def _step(self, socket: pynng.Pair0) -> None:
        """Take one envelope in, or note that none came; keep the heartbeat going either way."""
        if self._stopping.is_set():
            raise _SessionEnd(SessionReason.left)
        now = time.monotonic()
        if self._epoch and now - self._sent_s > self._heartbeat_s:
            self._send(records.encode("Heartbeat", sent_ns=time.time_ns()), 1, block=False)
        if self._queued > self._queue_bytes:  # the peer does not keep up: neither does this thread
            self._heard_s = now
            with self._changed:
                self._changed.wait_for(lambda: self._queued <= self._queue_bytes, self.POLL_MS / 1000)
            return
        try:
            message = socket.recv()
        except pynng.Timeout:
            if self._gone.is_set():
                raise _SessionEnd(SessionReason.disconnected) from None
            if now - self._heard_s > self._silence_s:
                raise _SessionEnd(SessionReason.silent) from None
            return
        self._heard_s = now
        self._take(message)

    def _take(self, message: bytes) -> None:
        body = self._check(message)
        template = int.from_bytes(body[24:26], "little")
        if template >= _TEMPLATE_FIRST:
            self._put(body)
            return
        name, fields = records.decode(body)
        if name == "SessionClosed":
            known = fields["reason"] in SessionReason._value2member_map_
            raise _SessionEnd(SessionReason(fields["reason"]) if known else SessionReason.none, fields["text"])
        if name == "SessionOpened":
            if fields["epoch"] >> 32 < self._leader:
                raise _SessionEnd(SessionReason.epoch, "this process was deposed: another one has led since")
            self._lease_s = fields["lease_ms"] / 1000 or self._silence_s
            self._epoch, self._leader = fields["epoch"], fields["epoch"] >> 32
            self._put(Opened(fields["epoch"], fields["last_applied"]))

    def _check(self, message: bytes) -> bytes:
        """The records of an envelope. Raises _SessionEnd if it is not the next one of this session."""
        if len(message) < ENVELOPE_SIZE:
            raise _SessionEnd(SessionReason.truncated)
        magic, block, template, schema_id, version, _, epoch, number, acknowledged, count, size = _ENVELOPE.unpack_from(
            message
        )
        if magic != _MAGIC:
            raise _SessionEnd(SessionReason.magic)
        if schema_id == schema.SCHEMA_ID and version != schema.SCHEMA_VERSION:
            text = f"schema version of the OMS is {version}, this peer's is {schema.SCHEMA_VERSION}"
            raise _SessionEnd(SessionReason.version, text)
        if (block, template, schema_id) != (_BLOCK_LENGTH, _TEMPLATE, schema.SCHEMA_ID):
            raise _SessionEnd(SessionReason.header)
        if count < 1 or size < schema.FRAME_SIZE or len(message) != ENVELOPE_SIZE + size:
            raise _SessionEnd(SessionReason.record)
        if self._epoch and epoch != self._epoch:
            raise _SessionEnd(SessionReason.epoch)
        if number != self._received + 1:
            raise _SessionEnd(SessionReason.number)
        if acknowledged > self._sent:
            raise _SessionEnd(SessionReason.acknowledged)
        while self._unknown and self._unknown[0][0] <= acknowledged:
            self._known_s = self._unknown.popleft()[1]
        self._received = number
        return message[ENVELOPE_SIZE:]
