"""A feed with its adapter, between exchange and engine: it duplicates, delays, reorders and drops what it carries.

A numbered line owes every fact: what it skipped is a gap until it has been sent again, with all that came after it. One
without numbers owes nothing, and its reports come in any order.

The other way, what the OMS has given to the adapter is on its way until the adapter holds it. What is on its way when
the connection breaks is lost; what is held may be lost, too, when the adapter dies before it has sent it on.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from tests.property.venue import Ask, Fact, Venue


class Line:
    def __init__(self, name: str, numbered: bool, venue: Venue) -> None:
        self.name, self.numbered, self.venue = name, numbered, venue
        self.first = 0  # the fact that has number 1 in this session
        self.next = 0  # the fact that is due: all before it have been delivered
        self.session_id = 1
        self.online = True
        self.given: deque[tuple[int, Ask]] = deque()  # on their way to the adapter: number and request
        self.held = 0  # highest number that the adapter remembers
        self.instance = 1

    def take(self, passes: bool = True) -> None:
        """The adapter takes down the next request, and sends it on unless it dies first."""
        number, ask = self.given.popleft()
        assert number > self.held, f"{self.name} was given {number} again"
        self.held = number
        if passes:
            self.venue.mailbox.append(ask)

    def break_off(self) -> None:
        self.online = False
        self.given.clear()

    def forget(self) -> None:
        """Another adapter comes, with a memory of its own."""
        self.instance += 1
        self.held = 0

    @property
    def left(self) -> int:
        return len(self.venue.tape) - self.next

    def carry(self, ahead: int) -> tuple[str, dict[str, Any]]:
        """The call that delivers the fact so many places after the one that is due."""
        at = min(self.next + ahead, len(self.venue.tape) - 1)
        if at == self.next or not self.numbered:
            self.next = max(self.next, at + 1) if self.numbered else self.next
        return self.call(at)

    def again(self, back: int) -> tuple[str, dict[str, Any]]:
        """One that may have been delivered before."""
        return self.call(max(0, len(self.venue.tape) - 1 - back))

    def call(self, at: int) -> Fact:
        method, fields = self.venue.tape[at]
        sequence = at - self.first + 1 if self.numbered and at >= self.first else 0
        return method, {**fields, "feed": self.name, "feed_sequence": sequence}

    def restart(self) -> None:
        """The exchange counts from one again, from the first fact that was not delivered."""
        self.session_id += 1
        self.first = self.next
