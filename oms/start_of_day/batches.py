"""Catalogue records of a start of day, in bulk: arrays in, bytes out. Knows no files and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from oms import records
from oms.schema import SCHEMA_VERSION
from oms.start_of_day.book import Array

BATCH_BYTES = 1 << 20


def bulk(name: str, source: int, columns: Mapping[str, Any], count: int) -> Iterator[bytes]:
    """`count` records of one type without texts, field by field from arrays or single values, in batches."""
    dtype = records.record_dtype(name)
    step = max(1, BATCH_BYTES // dtype.itemsize)
    for start in range(0, count, step):
        rows = np.zeros(min(step, count - start), dtype)
        rows["length"] = dtype.itemsize
        rows["template_id"] = records.BY_NAME[name].template_id
        rows["schema_version"] = SCHEMA_VERSION
        rows["source"] = source
        for field, values in columns.items():
            rows[field] = values[start : start + step] if isinstance(values, np.ndarray) else values
        yield rows.tobytes()


def batched(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Single records as batches."""
    batch = bytearray()
    for piece in pieces:
        batch += piece
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


def row_of(columns: Mapping[str, Any], at: int) -> dict[str, Any]:
    """One row of columns, as plain Python values."""
    return {name: values[at].item() if isinstance(values, np.ndarray) else values for name, values in columns.items()}


def taken(columns: Mapping[str, Any], rows: Array) -> dict[str, Any]:
    """The columns at some rows."""
    return {name: values[rows] if isinstance(values, np.ndarray) else values for name, values in columns.items()}
