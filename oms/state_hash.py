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

CHUNK_BYTES = 1 << 18  # stays in the processor's cache

Rows = np.ndarray[Any, Any]
Table = tuple[str, int, int, int, str]  # name, used, free, live, SHA-256 of its rows


def plain_chunks(rows: Rows) -> Iterator[memoryview]:
    """The bytes of the rows with their versions made zero, some at a time; each is good until the next is asked for."""
    size = rows.itemsize
    step = max(CHUNK_BYTES // size, 1) * size
    every, versioned = rows.view(np.uint8), "version" in (rows.dtype.names or ())
    buffer = np.empty(step, np.uint8)
    versions = buffer.view(np.uint32)[:: size // 4]
    for start in range(0, len(every), step):
        chunk = every[start : start + step]
        if versioned:
            buffer[: len(chunk)] = chunk
            versions[:] = 0
            chunk = buffer[: len(chunk)]
        yield chunk.data


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
