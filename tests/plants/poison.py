"""`python poison.py STORE`: an engine takes an order, and the cancel that the planted core cannot bear."""

import sys
from pathlib import Path

from oms import Engine

CAPACITIES = {"order": 64, "request": 64, "execution": 64}


def main() -> None:
    store = Path(sys.argv[1])
    engine = Engine(CAPACITIES, journal=store / "journal", snapshots=store / "snapshots", durability="batch")
    print("recovered", engine.sequence, flush=True)
    engine.define_currency("AUD", 4)
    engine.define_exchange("XASX")
    engine.define_class("default")
    engine.define_account("K")
    engine.define_instrument("Q", exchange="XASX", currency="AUD")
    engine.business_date("2026-11-23")
    engine.session("XASX", "open", "2026-11-23")
    engine.deposit("K", "AUD", 10_000, "money")
    engine.submit("K", "A", "Q", "buy", 100, "10")
    print("before", engine.sequence, flush=True)
    engine.journal.flush()
    engine.cancel("K", "B", "A")
    print("after", engine.sequence, flush=True)
    engine.close()


main()
