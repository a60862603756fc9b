"""A moment in a store's history, as people name it: a sequence of its journal, or a time.

Times are ISO 8601. One without a zone is UTC, as all times that this program prints. Owns their reading and writing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from oms.errors import OmsError

LAST = (1 << 64) - 1
SECOND_NS = 1_000_000_000
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Moment:
    """Behind every record up to a sequence and up to a time (UTC nanoseconds), whichever is earlier."""

    sequence: int = LAST
    time_ns: int = LAST


EVER = Moment()


def moment(text: str) -> Moment:
    """A sequence from 1 on, or a time. Raises OmsError that says how to write one."""
    if text.isdecimal() and int(text) >= 1:
        return Moment(sequence=int(text))
    found = TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError("it is neither")
        day, clock, fraction, zone = found.groups()
        whole = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').replace('Z', '+00:00')}")
    except ValueError as error:
        raise OmsError(
            f"a moment is a sequence from 1 on, or a time: {error}",
            where=text,
            remedy="write 120000, 2026-11-23T10:30:00 (UTC) or 2026-11-23T21:30:00.5+11:00",
        ) from None
    return Moment(time_ns=int(whole.timestamp()) * SECOND_NS + int((fraction or "0").ljust(9, "0")))


def in_words(time_ns: int) -> str:
    """A time of the journal, to the nanosecond."""
    seconds, rest = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
