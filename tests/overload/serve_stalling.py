"""`oms serve` on a disk that can be told to be slow: serve_stalling.py CONFIG FILE. While FILE is there, each write to
the journal takes as many milliseconds as it says."""

import signal
import sys
import threading
import time
from pathlib import Path

from oms._core import storage
from oms.cli import main


def stall(told: Path) -> None:
    while True:
        if told.exists() and (text := told.read_text()):
            storage.watch(1, "delay", 0, delay_ms=int(text), of=("write",))
        time.sleep(0.002)


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})  # they are the main thread's
threading.Thread(target=stall, args=(Path(sys.argv[2]),), daemon=True).start()
sys.exit(main(["serve", "--config", sys.argv[1]]))
