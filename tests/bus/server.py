"""The OMS's end as a process: an endpoint with a stand-in core. Says "listening", then stays until it is killed."""

import signal
import sys
from pathlib import Path

from tests.bus.support import endpoint, running

with running([endpoint(Path(sys.argv[1]), "peer", 1)]):
    print("listening", flush=True)
    signal.pause()
