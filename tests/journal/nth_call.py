"""Writes a journal over a roll, ends it and begins again, while the n-th system call goes wrong; and a process that
does so for each n in a child of its own, which is killed there.

    nth_call.py DIRECTORY DURABILITY    prints per child: n, what it had told, whether it came to its end
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from oms._core import storage
from oms.journal import Journal
from tests.journal.tools import SEGMENT, record

BATCHES = 22


def write(directory: Path, durability: str, tell: Callable[[int], object]) -> None:
    """Tells each sequence that is safe."""
    for batches in (BATCHES, 3):
        with Journal(directory, durability, segment_bytes=SEGMENT, interval_ms=1) as journal:
            for number in range(batches):
                for _ in range(number % 4 + 1):
                    journal.append(record(journal.sequence + 1, 32 + journal.sequence % 40 * 8), time_ns=10**9)
                tell(journal.flush())


def child(directory: Path, durability: str, at: int, pipe: int) -> None:
    storage.watch(at=at, action="kill")
    write(directory, durability, lambda safe: os.write(pipe, safe.to_bytes(8, "little")))
    os.write(pipe, bytes(8))


def main(directory: str, durability: str) -> int:
    ended, at = False, 0
    while not ended:
        at += 1
        reader, writer = os.pipe()
        if not (pid := os.fork()):
            child(Path(directory) / str(at), durability, at, writer)
            os._exit(0)
        os.close(writer)
        told = b""
        while more := os.read(reader, 65536):
            told += more
        os.close(reader)
        os.waitpid(pid, 0)
        marks = [int.from_bytes(told[place : place + 8], "little") for place in range(0, len(told), 8)]
        ended = bool(marks) and marks[-1] == 0
        print(at, max(marks, default=0), int(ended), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
