"""A process that kills itself at a step of a snapshot."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any

CALLS = ("pwrite", "fsync", "rename", "unlink")


def die_in_snapshot(step: int, torn: bool) -> None:
    """From here on this process kills itself at the `step`-th call of a snapshot to the system that writes, flushes,
    renames or removes; torn: a write is half done before. Only snapshots write from Python, and that is their first."""
    count, begun = itertools.count(1), False

    def counted(name: str, call: Any) -> Any:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal begun
            begun = begun or name == "pwrite"
            if begun and next(count) == step:
                if torn and name == "pwrite":
                    file, data, offset = arguments
                    call(file, bytes(data)[: len(data) // 2], offset)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return wrapped

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))
