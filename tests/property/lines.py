"""A feed between an exchange and the engine that duplicates, delays, reorders and drops what it carries.

A numbered line owes every fact: what it skipped is a gap until it has been sent again, with all that came after it. One
without numbers owes nothing, and its reports come in any order.
"""

from __future__ import annotations

from typing import Any

from tests.property.venue import Fact, Venue


class Line:
    def __init__(self, name: str, numbered: bool, venue: Venue) -> None:
        self.name, self.numbered, self.venue = name, numbered, venue
        self.first = 0  # the fact that has number 1 in this session
        self.next = 0  # the fact that is due: all before it have been delivered
        self.session_id = 1
        self.online = True

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
