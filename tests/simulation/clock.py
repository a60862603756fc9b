"""Virtual time, the one source of chance, the trace, and the marks of what a run has reached."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

MS = 1_000_000
START_NS = 1_795_392_000_000_000_000  # 2026-11-23, the day that every seed plays


class Broken(AssertionError):  # noqa: N818
    """A promise was not kept."""


class Clock:
    """Events in the order of their time. rates: chance of each fault in this seed, 0 where it is off."""

    def __init__(self, seed: int, rates: dict[str, float], tell: Callable[[str], object] | None = None) -> None:
        self.random = random.Random(f"{seed} events")
        self.rates = rates
        self.now = START_NS
        self.marks: Counter[str] = Counter()
        self.calm = False  # the quiet phase: no faults any more
        self.count = 0
        self._tell = tell
        self._events: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._number = 0

    def after(self, milliseconds: float, call: Callable[..., object], *args: Any) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + int(milliseconds * MS), self._number, call, args))

    def step(self) -> bool:
        """The next event; False when there is none."""
        if not self._events:
            return False
        self.now, _, call, args = heapq.heappop(self._events)
        self.count += 1
        call(*args)
        return True

    @property
    def next_ns(self) -> int:
        return self._events[0][0] if self._events else 0

    def run(self, milliseconds: float) -> None:
        until = self.now + int(milliseconds * MS)
        while self._events and self._events[0][0] <= until:
            self.step()
        self.now = until

    def fault(self, name: str) -> bool:
        """Does this fault happen now?"""
        rate = self.rates[name]
        if not rate or self.calm or self.random.random() >= rate:
            return False
        self.marks[name] += 1
        return True

    def mark(self, name: str) -> None:
        """Something worth reaching was reached."""
        self.marks[name] += 1
        self.tell(f"        [{name}]")

    def tell(self, text: str) -> None:
        if self._tell:
            self._tell(f"{(self.now - START_NS) / MS:12.3f} ms  {text}")
