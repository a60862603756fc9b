"""`oms serve`, of whose journal's n-th system call something goes wrong: serve_at_call.py N ACTION ERRNO CONFIG."""

import sys

from oms._core import storage
from oms.cli import main

at, action, error, config = sys.argv[1:]
storage.watch(int(at), action, int(error), delay_ms=300)
status = main(["serve", "--config", config])
print(f"calls {storage.calls()}", flush=True)
sys.exit(status)
