"""A process that serves a store as far as the reading commands can tell, without a bus: journal, tables, live.json.

usage: python -m tests.commands.living STORE TABLES. It plays some steps for each line that it reads, and tells its
state.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from oms import Engine
from oms.server import LIVE_FILE
from tests.store.workload import Workload


def main(store: Path, tables: Path) -> None:
    workload = Workload(11)
    with Engine(journal=store / "journal", snapshots=store / "snapshots", tables=tables) as engine:
        (store / LIVE_FILE).write_text(json.dumps({"pid": os.getpid(), "tables": str(tables), "environment": "test"}))
        assert engine.journal is not None
        while True:
            workload.play(engine, 40)
            engine.journal.flush()
            print(json.dumps({"sequence": engine.sequence, "state_hash": engine.state_hash()}), flush=True)
            if not sys.stdin.readline():
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
