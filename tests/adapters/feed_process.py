"""A trade feed as a process, for tests that kill it. It says "ready", then writes a day, a few lines at a time."""

import sys
import time
from pathlib import Path

from oms.adapters.trade_feed import TradeFeed
from tests.adapters.test_trade_feed import Table, day

table = Table(day(3000)[0])
feed = TradeFeed(table, Path(sys.argv[1]))
print("ready", flush=True)
for mark in range(feed.file.row, len(table.trades) + 1, 5):
    table.safe = mark
    feed.follow()
    time.sleep(0.0005)
table.safe = len(table.trades)
feed.follow()
time.sleep(60)
