"""What the system lets the process have, looked at before anybody is let in: a limit that is met later would stop the
journal or end the process in the middle of a day."""

from __future__ import annotations

import ctypes
import os
import resource

from oms import schema
from oms._core.tables import table_bytes
from oms.config import Config
from oms.errors import OmsError

FILES = 32  # of the process itself, the next segment, a snapshot, the desk's tools
FILES_PER_ENDPOINT = 4  # its socket, its peer, and one that has not gone or may not come
ALL_WHEN_USED = 1 | 2 | 4  # MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT


def claim(config: Config) -> None:
    """Raises the number of open files as far as it may go. Raises OmsError where the system allows too little."""
    files = FILES + FILES_PER_ENDPOINT * len(config.endpoints)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _allow(most, files, "open files", "-n", "NOFILE")
    tables = [table_bytes(table.name, config.capacities.get(table.name, table.capacity)) for table in schema.TABLES]
    largest = max(config.store.segment_bytes, *tables)
    _allow(resource.getrlimit(resource.RLIMIT_FSIZE)[0], largest, "bytes of a file", "-f", "FSIZE")


def _allow(allowed: int, needed: int, what: str, option: str, name: str) -> None:
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        remedy = f"raise it: `ulimit {option}` of a shell, Limit{name}= of a systemd unit"
        raise OmsError(f"the system allows {allowed} {what}, and {needed} may be needed", remedy=remedy)


def lock_memory() -> None:
    """Keeps every page that the process has used or will use from being swapped out. Raises OmsError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(ALL_WHEN_USED) != 0:
        raise OmsError(
            f"the memory cannot be locked: {os.strerror(ctypes.get_errno())}",
            where="[bus] lock_memory",
            remedy="raise `ulimit -l` of the shell (LimitMEMLOCK=infinity of a systemd unit), or set it to false",
        )
