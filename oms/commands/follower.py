"""`oms follower`, `oms promote`: a process that follows the leader's journal, and takes its place when told to."""

import os
import signal
from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store

if TYPE_CHECKING:
    from oms.commands import Subparsers


GIVES_WAY = 10  # a follower gives way to the leader where both want the same processor


def add(subparsers: "Subparsers") -> None:
    follower = add_command(
        subparsers, "follower", "follow a store's journal and write snapshots until told to stop", run
    )
    add_store(follower)
    follower.add_argument("--standby", action="store_true", help="be ready to take the lead (`oms promote`)")
    promotion = add_command(subparsers, "promote", "have a standby take the lead, once nobody leads", promote)
    add_store(promotion)
    promotion.add_argument("--pid", type=int, metavar="N", help="this standby (default: the one that is furthest)")


def run(args: Namespace) -> int:
    # Before anything starts a thread, as in `oms serve`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1})

    from oms import config
    from oms._core.engine import tell_of_crashes
    from oms.errors import OmsError
    from oms.follower import follow
    from oms.look import store_of
    from oms.standby import stand_by
    from oms.telling import Teller

    directory = store_of(args)
    found = (config.load(args.config) if args.config else config.find(directory)) or config.Config()
    if args.standby and not found.endpoints:
        remedy = "name the leader's with --config"
        raise OmsError("a standby needs the configuration with its endpoints", where=str(directory), remedy=remedy)
    tell_of_crashes()
    with Teller(args.json) as tell:
        if args.standby:
            return stand_by(found, tell)
        os.nice(GIVES_WAY)
        return follow(directory, found, tell)


def promote(args: Namespace) -> int:
    import json

    from oms.look import store_of
    from oms.standby import promote as promote_standby

    leader = promote_standby(store_of(args), args.pid)
    if args.json:
        print(json.dumps(leader, indent=2))
    else:
        took = leader["promoted_in_s"]
        print(f"process {leader['pid']} leads with epoch {leader['epoch']}, {took:.3f} s after the order")
    return 0
