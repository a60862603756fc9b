"""What a running OMS has counted, where it stands, and how full its tables are.

Read from the mapped tables, at no cost to the process; of a store at rest, what its files tell. Owns the percentiles,
and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from oms import journal, schema
from oms.bus_config import SessionReason
from oms.control import states
from oms.enums import Busy, ControlState, FeedState, Fill, SessionState, StorageState
from oms.follower import followers
from oms.look import Source
from oms.values import from_day
from oms.views import Views

UNCOUNTED = ("fee_rule",)  # its rows are never given back
PEER_FIGURES = (
    "sessions",
    "received_records",
    "sent_records",
    "inbound_bytes",
    "inbound_peak",
    "outbound_bytes",
    "outbound_peak",
    "throttled",
    "held",
    "parked",
)
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}


def stat(source: Source) -> dict[str, Any]:
    """Everything, as JSON carries it."""
    views = source.views
    found: dict[str, Any] = {"live": source.live, "process": process(source), "firm": firm(views)}
    if source.directory is not None:
        found["journal"] = journal.stat(source.directory / "journal")
        shown = ("pid", "kind", "sequence", "behind", "snapshot", "compared")
        found["followers"] = [{name: told[name] for name in shown} for told in followers(source.directory)]
    control = [{"scope": scope, "name": name, "state": state} for scope, name, state in states(views)]
    found |= {
        "control": control,
        "exchanges": list(exchanges(views)),
        "feeds": list(feeds(views)),
        "tables": list(tables(views)),
    }
    if source.live:
        found |= {"peers": list(peers(views)), "counters": counters(views), "latencies": list(latencies(views))}
    return found


def process(source: Source) -> dict[str, Any]:
    """Where it stands. safe: up to here the world outside may know; heartbeat_age_s: since the core last told."""
    header = source.views.header("firm")
    found = {name: source.told[name] for name in ("pid", "environment") if source.told and name in source.told}
    found["sequence"] = str(source.sequence)
    if source.live:
        found["safe"] = str(header["safe"])
        beat_ns = int(header["heartbeat_ns"])
        found["heartbeat_age_s"] = round((time.time_ns() - beat_ns) / 1e9, 3) if beat_ns else None
    return found


def firm(views: Views) -> dict[str, Any]:
    row = views.row("firm", 1)
    day = from_day(row["business_date"])
    return {
        "business_date": day.isoformat() if day else None,
        "epoch": int(row["epoch"]),
        "control": ControlState(int(row["control_state"])).name,
        "storage": StorageState(int(row["storage"])).name,
        "busy": Busy(int(row["busy"])).name,
        "live_orders": int(row["live_orders"]),
        "queued": int(row["queued"]),
        "buffered": int(row["buffered"]),
        "in_doubt": int(row["in_doubt"]),
    }


def exchanges(views: Views) -> Iterator[dict[str, Any]]:
    for slot in range(1, len(views.rows("exchange"))):
        row = views.row("exchange", slot)
        day = from_day(row["trade_date"])
        yield {
            "exchange": views.code("exchange", slot, "mic"),
            "session": SessionState(int(row["session_state"])).name,
            "trade_date": day.isoformat() if day else None,
            "control": ControlState(int(row["control_state"])).name,
        }


def feeds(views: Views) -> Iterator[dict[str, Any]]:
    for slot in range(1, len(views.rows("feed"))):
        row = views.row("feed", slot)
        yield {
            "feed": views.code("feed", slot, "name"),
            "exchange": views.code("exchange", int(row["exchange"]), "mic"),
            "state": FeedState(int(row["state"])).name,
            "gap": bool(row["gap"]),
            "uncompared": bool(row["uncompared"]),
            "epoch": int(row["epoch"]),
            "last_in": str(row["last_in"]),
            "last_out": str(row["last_out"]),
        }


def tables(views: Views) -> Iterator[dict[str, Any]]:
    """Rows in use, what part of the capacity they are, the most that ever were, how many new orders leave to facts, and
    how full that was called last. Of the text table, units of 8 bytes."""
    fills = views.rows("capacity")
    for place, table in enumerate(schema.TABLES, 1):
        header = views.header(table.name)
        if table.name in (*schema.UNHASHED, "firm"):
            continue
        rows = int(header["used"]) - 1 if table.name in UNCOUNTED else int(header["live"])
        capacity = int(fills["rows"][place] or header["capacity"]) - 1
        yield {
            "table": table.name,
            "rows": rows,
            "capacity": capacity,
            "used": f"{100 * rows / capacity:.1f}%",
            "peak": int(header["used"]) - 1,
            "reserve": reserve(table.name, capacity + 1),
            "fill": Fill(int(fills["fill"][place])).name,
        }


def reserve(table: str, limit: int) -> int:
    """Rows that new orders leave of a table of `limit` rows, row 0 included; 0 where facts take none."""
    part, least = schema.RESERVES.get(table, (0, 0))
    return max(limit // part, min(least, limit // 2)) if part else 0


def peers(views: Views) -> Iterator[dict[str, Any]]:
    """What the bus has counted of each peer: its queues in bytes, how often it had to wait because it did not read
    (throttled), sent more than it may (held) or the core was behind (parked), and was cut off."""
    for slot in range(1, len(views.rows("endpoint"))):
        row = views.row("endpoint", slot)
        told = {name: int(row[name]) for name in PEER_FIGURES}
        ended = row["ended"]
        yield {
            "peer": views.code("endpoint", slot, "name"),
            **told,
            "cut_slow": int(ended[SessionReason.slow]),
            "cut_silent": int(ended[SessionReason.silent]),
            "cut_unsound": int(ended[: SessionReason.credential + 1].sum()),
        }


def counters(views: Views) -> dict[str, str]:
    rows = views.rows("counter")
    return {views.code("counter", slot, "name"): str(rows["value"][slot]) for slot in range(1, len(rows))}


def latencies(views: Views) -> Iterator[dict[str, Any]]:
    """In nanoseconds: mean, percentiles (the upper end of their bucket) and the longest."""
    for slot in range(1, len(views.rows("latency"))):
        row = views.rows("latency")[slot]
        count = int(row["count"])
        yield {
            "latency": views.code("latency", slot, "name"),
            "count": count,
            "mean_ns": int(row["sum_ns"]) // max(count, 1),
            **percentiles(row["buckets"], int(row["max_ns"])),
            "max_ns": int(row["max_ns"]),
        }


def percentiles(buckets: np.ndarray[Any, Any], longest: int) -> Mapping[str, int]:
    """Bucket 8 e + m holds durations from (8 + m) << (e - 3) on, e being their highest bit and m the next three."""
    total = np.cumsum(buckets)
    found = {}
    for name, share in PERCENTILES.items():
        place = int(np.searchsorted(total, share * int(total[-1])))
        high, next_three = divmod(place, 8)
        end = ((9 + next_three) << high >> 3) - 1
        found[f"{name}_ns"] = min(end, longest) if total[-1] else 0
    return found
