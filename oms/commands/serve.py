"""`oms serve`: the co-located process, alone."""

import signal
from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_config

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "serve", "run the OMS until it is told to stop", run)
    add_config(command)


def run(args: Namespace) -> int:
    # Before anything starts a thread: each inherits it, so that only the main thread's sigwait takes these signals,
    # and one that comes while the OMS recovers ends it in order, too.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})

    from oms.server import serve

    return serve(args.config, args.json)
