"""What a long-running process says of itself, a line each, to whoever reads it.

Owns the way out: a thread of its own writes, so that a reader who is slow, or does not read at all, holds up nobody.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import threading
import time
from typing import Self

KEPT = 1000  # lines that wait to be written; what comes beyond is lost, and counted
PATIENCE_S = 1.0  # at the end, for what still waits


class Teller:
    """Tells lines: as_json to standard output as JSON, else to standard error as text. What is logged goes to standard
    error, the same way."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.lost = 0
        self._lines: queue.Queue[tuple[int, str]] = queue.Queue(KEPT)
        threading.Thread(target=self._write, name="oms-teller", daemon=True).start()

    def __call__(self, line: str) -> None:
        if self.as_json:
            self._put(1, json.dumps({"event": line, "pid": os.getpid()}))
        else:
            self._put(2, f"oms: {line}")

    def _put(self, descriptor: int, line: str) -> None:
        try:
            self._lines.put_nowait((descriptor, line))
        except queue.Full:
            self.lost += 1

    def _write(self) -> None:
        told = 0
        while True:
            descriptor, line = self._lines.get()
            if self.lost > told:
                line, told = f"{line} ({self.lost - told} lines were lost before this one)", self.lost
            raw = f"{line}\n".encode()
            with contextlib.suppress(OSError):  # whoever read it has gone
                while raw:
                    raw = raw[os.write(descriptor, raw) :]
            self._lines.task_done()

    def close(self) -> None:
        """Waits for what is not written yet, but not for long."""
        until = time.monotonic() + PATIENCE_S
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.001)

    def __enter__(self) -> Self:
        logging.basicConfig(handlers=[_Logged(self)], force=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Logged(logging.Handler):
    """What is logged, told."""

    def __init__(self, teller: Teller) -> None:
        super().__init__()
        self.teller = teller

    def emit(self, record: logging.LogRecord) -> None:
        self.teller._put(2, f"oms: {record.getMessage()}")
