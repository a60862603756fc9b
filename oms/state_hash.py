"""The state hash: SHA-256 over all that `apply` made, so that two engines can be compared by one word.

Covers every table but those that are no part of the state (schema.UNHASHED), each as its high-water mark, free list,
count and rows; row versions are left out. It changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from oms import schema

CHUNK_BYTES = 4 << 20

Rows = np.ndarray[Any, Any]
Table = tuple[str, int, int, int, str]  # name, used, free, live, SHA-256 of its rows


def plain_chunks(rows: Rows) -> Iterator[memoryview]:
    """The bytes of the rows with their versions made zero, some MiB at a time."""
    step = max(CHUNK_BYTES // rows.itemsize, 1)
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        if "version" in (rows.dtype.names or ()):
            chunk = chunk.copy()
            chunk["version"] = 0
        yield chunk.view(np.uint8).data


def digest_of(rows: Rows) -> str:
    digest = hashlib.sha256()
    for chunk in plain_chunks(rows):
        digest.update(chunk)
    return digest.hexdigest()


def combine(tables: Iterable[Table]) -> str:
    """The state hash from the hashes of the tables, in the catalogue's order."""
    digest = hashlib.sha256()
    for name, used, free, live, rows in tables:
        if name not in schema.UNHASHED:
            digest.update(f"{name} {used} {free} {live} {rows}\n".encode())
    return digest.hexdigest()
