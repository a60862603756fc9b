"""`oms serve`, of whose journal a system call goes wrong: serve_at_call.py N ACTION ERRNO CONFIG [KIND]."""

import sys

from oms._core import storage
from oms.cli import main

at, action, error, config, *of = sys.argv[1:]
storage.watch(int(at), action, int(error), delay_ms=300, of=tuple(of))
status = main(["serve", "--config", config])
print(f"calls {storage.calls()}", flush=True)
sys.exit(status)
