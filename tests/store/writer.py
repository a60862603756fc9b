"""A process that moves one account's cash and holding as fast as it can, until its standard input is closed.

usage: python -m tests.store.writer TABLES
"""

from __future__ import annotations

import select
import sys
from pathlib import Path

from oms import Engine, records
from oms.schema import NULL_I64


def fills(engine: Engine, first: int, count: int) -> bytes:
    """Executions of one order, all of one quantity, price and date."""
    fields = dict.fromkeys(("cum_qty", "leaves_qty", "order_qty", "price"), NULL_I64)
    fields |= {"feed": 1, "request": engine.handle_of("A", "o1"), "exec_type": ord("F"), "settle_date": 20800}
    fields |= {"last_qty": 1, "last_px": 100_000}
    return b"".join(
        records.encode("ExecutionReport", exec_id=f"e{number}", **fields) for number in range(first, first + count)
    )


def one_order(engine: Engine, money: str, quantity: int) -> None:
    """A firm of one account and one instrument, with an order that is open."""
    engine.define_currency("AUD")
    engine.define_exchange("XASX")
    engine.define_class("default")
    engine.define_account("A")
    engine.define_instrument("Q", exchange="XASX", currency="AUD")
    engine.business_date("2026-11-23")
    engine.session("XASX", "open")
    engine.open_feed("XASX")
    engine.deposit("A", "AUD", money, "r1")
    engine.submit("A", "o1", "Q", "buy", quantity, "10")


def main(tables: Path) -> None:
    rows = {"execution": 2_000_000, "text": 8_000_000}
    with Engine(rows, tables=tables) as engine:
        one_order(engine, "900000000", 5_000_000)
        print("ready", flush=True)
        first = 1
        while first < 1_900_000 and not select.select([sys.stdin], [], [], 0)[0]:
            engine.apply_batch(fills(engine, first, 2000))
            first += 2000


if __name__ == "__main__":
    main(Path(sys.argv[1]))
