"""Facts that no record has room for, because an id has more than 255 bytes: whole into a LongReport, and out of it
again under ids that fit.

An id is never cut. One that is too long is booked under the SHA-256 of its bytes, the same wherever it comes again, so
that a bust finds its trade. Owns that form; holds nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from oms import records
from oms.errors import OmsError
from oms.schema import MAX_TEXT

PARTS = [text.name for text in records.BY_NAME["LongReport"].texts]
ROOM = MAX_TEXT * len(PARTS)
OF_THE_FEED = 0xFFFF  # in place of an exchange: that of the feed over which a row of its list comes
FREE_TEXT = "text"  # may be cut, unlike an id
BEGINNING = 80  # bytes that stay readable of an id that even a LongReport has no room for


def encode(name: str, **fields: Any) -> bytes:
    """The record itself where its texts fit, else a LongReport that has it whole. Raises RecordError."""
    names = {text.name for text in records.BY_NAME[name].texts} - {FREE_TEXT}
    if FREE_TEXT in fields:
        fields[FREE_TEXT] = fields[FREE_TEXT].encode()[:MAX_TEXT].decode("utf-8", "ignore")
    if all(fits(fields.get(text, "")) for text in names):
        return records.encode(name, **fields)
    sound: dict[str, Any] = {field: "" if field in names else value for field, value in fields.items()}
    records.encode(name, **sound)
    body = written(name, fields)
    if len(body) > ROOM:
        body = written(name, fields | {text: named(fields[text]) for text in names if not fits(fields.get(text, ""))})
    parts: dict[str, Any] = {part: body[at * MAX_TEXT : (at + 1) * MAX_TEXT] for at, part in enumerate(PARTS)}
    of_feed = {field: int(fields.get(field, 0)) for field in ("feed_sequence", "feed")}
    exchange = (int(fields.get("exchange", 0)) or OF_THE_FEED) if name == "OpenOrder" else 0
    return records.encode("LongReport", **of_feed, exchange=exchange, **parts)


def fits(text: str) -> bool:
    return len(text.encode()) <= MAX_TEXT


def written(name: str, fields: dict[str, Any]) -> str:
    return json.dumps({"record": name, **fields}, separators=(",", ":"))


def digest(text: str) -> str:
    """What stands for an id that is too long."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def named(text: str) -> dict[str, Any]:
    """An id of more than a few thousand bytes: how it begins, how long it is, and what stands for it."""
    return {
        "begins": text.encode()[:BEGINNING].decode("utf-8", "ignore"),
        "id": digest(text),
        "bytes": len(text.encode()),
    }


def decode(fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and fields of the record that a LongReport stands for, as it came. Raises OmsError when it is none."""
    try:
        told = json.loads("".join(fields[part] for part in PARTS))
        return told.pop("record"), told
    except (ValueError, AttributeError, KeyError):
        raise OmsError("the long report is not a JSON object that names its record") from None


def shortened(told: dict[str, Any]) -> dict[str, Any]:
    """The same with ids that fit."""
    found = {}
    for field, value in told.items():
        if isinstance(value, dict):
            value = value.get("id", "")
        found[field] = digest(value) if isinstance(value, str) and not fits(value) else value
    return found
