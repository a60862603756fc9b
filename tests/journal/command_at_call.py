"""`oms …`, of which one system call goes wrong, where there is no strace: command_at_call.py CALL N FAULT ARGUMENTS…"""

import errno
import itertools
import os
import signal
import sys
from typing import Any

from oms.cli import main

NAMES = {"rename": ("rename", "replace"), "pwrite64": ("pwrite",)}

call, at, fault, *arguments = sys.argv[1:]
count = itertools.count(1)


def wrapped(real: Any) -> Any:
    def at_last(*given: Any, **named: Any) -> Any:
        if next(count) == int(at):
            if fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            number = getattr(errno, fault)
            raise OSError(number, os.strerror(number))
        return real(*given, **named)

    return at_last


for name in NAMES.get(call, (call,)):
    setattr(os, name, wrapped(getattr(os, name)))
sys.exit(main(arguments))
