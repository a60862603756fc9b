"""The line between a peer and its endpoint: sessions and numbers as on the bus, and everything that can go wrong on it.

A real line (a socket) loses nothing within a connection; what does get lost, doubled or out of order is seen by the
envelopes' numbers, and ends the session. An envelope here is (kind, epoch, number, body).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tests.simulation.clock import MS, Clock

if TYPE_CHECKING:
    from tests.simulation.process import Process

SILENCE_MS = 400
LATENCY_MS = 0.2


class Peer(Protocol):
    name: str

    def opened(self, last_applied: int) -> None: ...
    def received(self, batch: list[bytes]) -> None: ...
    def closed(self, reason: str) -> None: ...


class End:
    """One side's idea of the session. epoch: 0 = none is open."""

    def __init__(self) -> None:
        self.epoch = self.sent = self.received = 0

    def begin(self, epoch: int) -> None:
        self.epoch, self.sent, self.received = epoch, 0, 0


class Line:
    """One peer's line. The endpoint at the OMS takes one connection at a time, and knows one role."""

    def __init__(self, clock: Clock, process: Process, peer: Peer) -> None:
        self.clock, self.process, self.peer = clock, process, peer
        self.here, self.there = End(), End()  # of the OMS, of the peer
        self.up = {True: True, False: True}  # towards the OMS, towards the peer
        self.arrives = {True: 0, False: 0}
        self.cut_at = 0  # since when a way is cut; 0 = none is
        self.greeting: dict[str, int] = {}
        process.lines[peer.name] = self

    # the peer's calls

    def open(self, **greeting: int) -> None:
        """Asks for a session; the peer hears `opened`, or nothing."""
        self.greeting = greeting
        self._carry(True, ("open", 0, 0, None))

    def send(self, batch: list[bytes]) -> bool:
        """False: there is no session."""
        if not self.there.epoch:
            return False
        self.there.sent += 1
        self._carry(True, ("data", self.there.epoch, self.there.sent, batch))
        return True

    def leave(self, reason: str) -> None:
        """The peer's process ends, or it gives the session up."""
        epoch, self.there.epoch = self.there.epoch, 0
        if epoch:
            self._carry(True, ("closed", epoch, 0, reason))
        self.clock.after(SILENCE_MS, self._silent_here, epoch)

    # the OMS's

    def accept(self, epoch: int, last_applied: int) -> None:
        self.here.begin(epoch)
        self._carry(False, ("opened", epoch, 0, (last_applied, self.greeting)))

    def deliver(self, batch: list[bytes]) -> bool:
        if not self.here.epoch:
            return False
        self.here.sent += 1
        self._carry(False, ("data", self.here.epoch, self.here.sent, batch))
        return True

    def drop_session(self, reason: str) -> None:
        """The OMS ends the session, and says so."""
        epoch, self.here.epoch = self.here.epoch, 0
        if epoch:
            self.process.lost(self, reason)
            self._carry(False, ("closed", epoch, 0, reason))

    def broke(self) -> None:
        """The OMS's process has ended: sockets are gone, and the peer hears of it, or falls silent."""
        epoch, self.here.epoch = self.here.epoch, 0
        if epoch:
            self._carry(False, ("closed", epoch, 0, "disconnected"))

    # between the two

    @property
    def lease_ms(self) -> float:
        """How long the peer may still act upon what it was sent: while both ways are open heartbeats renew that."""
        if not self.cut_at:
            return SILENCE_MS
        return SILENCE_MS - (self.clock.now - self.cut_at) / MS

    def cut(self, to_oms: bool, to_peer: bool, milliseconds: float) -> None:
        """A partition, of one way or of both."""
        self.cut_at = self.cut_at or self.clock.now
        words = "both ways" if to_oms and to_peer else "towards the OMS" if to_oms else "towards the peer"
        self.clock.tell(f"{self.peer.name}: line cut {words} for {milliseconds:.0f} ms")
        if to_oms != to_peer:
            self.clock.mark("one-way partition")
        for way, is_cut in ((True, to_oms), (False, to_peer)):
            if is_cut:
                self.up[way] = False
                self.clock.after(milliseconds, self._mend, way)
                check, end = (self._silent_here, self.here) if way else (self._silent_there, self.there)
                self.clock.after(SILENCE_MS, check, end.epoch)

    def _mend(self, way: bool) -> None:
        self.up[way] = True
        if all(self.up.values()):
            self.cut_at = 0

    def _silent_here(self, epoch: int) -> None:
        """Heartbeats were missed: of a peer whose way is cut, or that has left without a word."""
        if epoch and self.here.epoch == epoch and (not self.up[True] or self.there.epoch != epoch):
            self.drop_session("silent")

    def _silent_there(self, epoch: int) -> None:
        if epoch and self.there.epoch == epoch and (not self.up[False] or self.here.epoch != epoch):
            self._end_there("silent")
            self._carry(True, ("closed", epoch, 0, "silent"))

    def _end_there(self, reason: str) -> None:
        self.there.epoch = 0
        self.peer.closed(reason)

    def _carry(self, to_oms: bool, envelope: tuple[str, int, int, Any]) -> None:
        clock = self.clock
        if not self.up[to_oms]:
            self._missed(to_oms, envelope[1])
            return
        if envelope[0] == "data" and clock.fault("drop"):
            clock.tell(f"{self.peer.name}: envelope {envelope[2]} lost")
            self._missed(to_oms, envelope[1])
            return
        delay = LATENCY_MS + clock.random.random() * (30 if clock.fault("delay") else 0.5)
        at = clock.now + int(delay * MS)
        if envelope[0] == "data" and clock.fault("reorder"):
            at += 5 * MS
        else:
            at = self.arrives[to_oms] = max(at, self.arrives[to_oms])
        for _ in range(2 if envelope[0] == "data" and clock.fault("duplicate") else 1):
            clock.after((at - clock.now) / MS, self._arrive, to_oms, envelope)

    def _missed(self, to_oms: bool, epoch: int) -> None:
        """The next heartbeat's number tells that something is missing, or nothing comes at all."""
        end, check = (self.here, self._gap_here) if to_oms else (self.there, self._gap_there)
        self.clock.after(SILENCE_MS, check, epoch, end.received)

    def _gap_here(self, epoch: int, received: int) -> None:
        if self.here.epoch == epoch and self.here.received < self.there.sent:
            self.drop_session("number")

    def _gap_there(self, epoch: int, received: int) -> None:
        if self.there.epoch == epoch and self.there.received < self.here.sent:
            self._end_there("number")
            self._carry(True, ("closed", epoch, 0, "number"))

    def _arrive(self, to_oms: bool, envelope: tuple[str, int, int, Any]) -> None:
        if not self.up[to_oms]:
            self._missed(to_oms, envelope[1])
        elif to_oms:
            self._arrive_here(*envelope)
        else:
            self._arrive_there(*envelope)

    def _arrive_here(self, kind: str, epoch: int, number: int, body: Any) -> None:
        if not self.process.alive:
            if epoch:
                self._carry(False, ("closed", epoch, 0, "disconnected"))
        elif kind == "open":
            if self.here.epoch:
                self.clock.mark("second connection refused")  # one owner: the old session has to end first
                self.clock.after(SILENCE_MS, self._silent_here, self.here.epoch)
            else:
                self.process.open(self)
        elif not epoch or epoch != self.here.epoch:
            self.clock.mark("message of an old session refused by the OMS")
            self._carry(False, ("closed", epoch, 0, "epoch"))
        elif kind == "closed":
            self.here.epoch = 0
            self.process.lost(self, body)
        elif number != self.here.received + 1:
            self.clock.mark("gap or repeat seen by the OMS")
            self.drop_session("number")
        else:
            self.here.received = number
            self.process.take(self, body)

    def _arrive_there(self, kind: str, epoch: int, number: int, body: Any) -> None:
        if kind == "opened":
            self.there.begin(epoch)
            last_applied, self.greeting = body  # of this greeting: the peer may have sent another one since
            self.peer.opened(last_applied)
        elif epoch != self.there.epoch:
            if kind == "data":
                self.clock.mark("message of an old session refused by a peer")
        elif kind == "closed":
            self._end_there(body)
        elif number != self.there.received + 1:
            self.clock.mark("gap or repeat seen by a peer")
            self._end_there("number")
            self._carry(True, ("closed", epoch, 0, "number"))
        else:
            self.there.received = number
            self.peer.received(body)
