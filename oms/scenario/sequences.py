"""The sequence numbers of reports: a file numbers those where it matters, counting the others with them or not.

Owns: what number the engine is told. Knows no report.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FeedNumbers:
    last: int = 0  # as the engine knows it
    unnumbered: int = 0  # reports since then that the file gives no number
    counted: int = 0  # of those, how many the file's numbers count


class Sequences:
    """Per feed: `seq: 3` after two reports without one is no gap, nor is `seq: 1`."""

    def __init__(self) -> None:
        self.feeds: dict[str, FeedNumbers] = {}

    def restarted(self, feed: str) -> None:
        self.feeds.pop(feed, None)

    def number(self, feed: str, seq: int) -> int:
        """The number of a report for the engine; 0 = none."""
        known = self.feeds.setdefault(feed, FeedNumbers())
        if not seq:
            known.unnumbered += 1
            return 0
        if seq - known.counted - known.unnumbered == known.last + 1:
            known.counted += known.unnumbered
        known.unnumbered = 0
        number = max(1, seq - known.counted)
        known.last = max(known.last, number)
        return number
