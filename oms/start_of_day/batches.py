"""Catalogue records of a start of day, in bulk: arrays in, bytes out. Knows no files and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from oms import records
from oms.schema import SCHEMA_VERSION
from oms.start_of_day.book import Array

BATCH_BYTES = 1 << 20
STRETCH = 10_000  # rows that are plain Python values at a time


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


def rows_of(columns: Mapping[str, Array], count: int) -> Iterator[dict[str, Any]]:
    """The columns row by row, as plain Python values, a stretch at a time."""
    names = list(columns)
    for start in range(0, count, STRETCH):
        stretch = [values[start : start + STRETCH].tolist() for values in columns.values()]
        for values in zip(*stretch, strict=True):
            yield dict(zip(names, values, strict=True))


def taken(columns: Mapping[str, Array], rows: Array) -> dict[str, Array]:
    """The columns at some rows."""
    return {name: values[rows] for name, values in columns.items()}
