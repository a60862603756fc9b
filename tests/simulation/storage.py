"""What a crash leaves of the journal's last write: any of its sectors, the marks of before or after.

The journal is written with one call per batch and flushed with it; the mark follows. So a crash during that call leaves
every sector of it new or old (zeros: segments are zeroed ahead), the last one that is new perhaps in part, and the
marks as they were.
"""

from __future__ import annotations

import random
from pathlib import Path

SECTOR = 512
HEAD = 4096


def newest_segment(journal: Path) -> Path:
    return max(journal.glob("*.journal"))


class LastWrite:
    """The newest segment before a write; `tear` puts a crash's image of that write in place, with no writer alive."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.path = newest_segment(journal)
        self.before = self.path.read_bytes()

    def tear(self, chance: random.Random) -> str:
        """Returns in words what was left."""
        if newest_segment(self.journal) != self.path:
            return "a new segment, whole"
        after = self.path.read_bytes()
        changed = [
            at for at in range(HEAD, len(after), SECTOR) if after[at : at + SECTOR] != self.before[at : at + SECTOR]
        ]
        if chance.random() < 0.2:  # all of it came through, and its mark did not
            self.path.write_bytes(self.before[:HEAD] + after[HEAD:])
            return "the whole batch, without its mark"
        image = bytearray(self.before)
        kept = [at for at in changed if chance.random() < 0.5]
        if len(kept) == len(changed):
            kept.pop(chance.randrange(len(kept)))
        for at in kept:
            image[at : at + SECTOR] = after[at : at + SECTOR]
        if kept and chance.random() < 0.5:  # the last of them is torn: nothing follows it
            cut = kept[-1] + chance.randrange(1, SECTOR)
            image[cut : kept[-1] + SECTOR] = self.before[cut : kept[-1] + SECTOR]
        self.path.write_bytes(bytes(image))
        return f"{len(kept)} of {len(changed)} sectors of the last batch"
