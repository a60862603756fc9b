"""Cancel on disconnect: who is away for longer than the grace loses what is live. Owns when a session's time is up."""

from __future__ import annotations

from typing import Any

from tests.oracle.day import Day
from tests.oracle.requests import NANOSECONDS, Result

GONE = "cancelled_on_disconnect"


class Disconnects(Day):
    def __init__(self) -> None:
        super().__init__()
        self.graces: dict[str, int] = {}  # by user, in seconds
        self.due_ns: dict[str, int] = {}  # by user who is away: when its orders go
        self.gone: list[str] = []  # users whose orders went with the record at hand

    def define_user(self, name: str, *terms: Any, cancel_on_disconnect: int = 0, **further: Any) -> None:
        super().define_user(name, *terms, **further)
        self.graces[name] = cancel_on_disconnect

    def user_lost(self, name: str) -> Result:
        """Who is away is not lost once more."""
        if self.graces[name] and name not in self.due_ns:
            self.due_ns[name] = self.time_ns + self.graces[name] * NANOSECONDS
        return Result()

    def user_back(self, name: str) -> Result:
        """In time nothing happens; too late is too late, though no record has come in between."""
        sent = self.expel(name)
        self.due_ns.pop(name, None)
        return Result("ok", sent)

    def lose_the_absent(self) -> None:
        """In the order in which users were defined."""
        for name in self.graces:
            self.expel(name)

    def expel(self, name: str) -> list[str]:
        """What goes out. Once for each end of a session: what is asked afterwards stays."""
        if name not in self.due_ns or self.time_ns < self.due_ns[name]:
            return []
        del self.due_ns[name]
        mine = self.described({"user": name})
        if self.unsent(mine) or self.uncancelled(mine):
            self.gone.append(name)
        return self.sweep(mine, "cancelled", GONE).sent
