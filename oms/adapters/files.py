"""Reads what an exchange needs of the start-of-day files: its instruments, and the orders left from an earlier day.

Never judges a file as a whole: that is start of day's. A row that this exchange cannot use is an error that names it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from oms.adapters.book import Listing
from oms.enums import Side, TimeInForce
from oms.errors import OmsError
from oms.start_of_day.figures import days, scaled


def load_listings(path: Path, mic: str) -> dict[str, Listing]:
    """The instruments of one exchange, from an instruments file."""
    listings = {}
    for where, row in _rows(path, "symbol", "exchange"):
        if row["exchange"] == mic:
            listings[row["symbol"]] = _made(where, _listing, row)
    if not listings:
        raise OmsError(f"no instrument is listed at {mic}", where=str(path), remedy="give the file of this exchange")
    return listings


def load_open_orders(path: Path, mic: str, listings: Mapping[str, Listing]) -> list[dict[str, Any]]:
    """The orders of one exchange, from an open-orders file, as arguments of `Exchange.enter` with the symbol."""
    orders = []
    for where, row in _rows(path, "order_id", "instrument", "side", "order_qty", "price"):
        symbol = row["instrument"].removesuffix(f".{mic}")
        if symbol in listings:
            orders.append(_made(where, _open_order, row, listings[symbol]))
    return orders


def _rows(path: Path, *wanted: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each row stands, and its filled fields by name."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(line for line in file if not line.startswith("#"))
        missing = [name for name in wanted if name not in (reader.fieldnames or ())]
        if missing:
            raise OmsError(f"the header has no column {', '.join(missing)}", where=str(path))
        for number, row in enumerate(reader, 1):
            yield f"{path}, row {number}", {name: value for name, value in row.items() if name and value}


def _made(where: str, make: Any, row: dict[str, str], *more: Any) -> Any:
    try:
        return make(row, *more)
    except (KeyError, ValueError) as error:
        raise OmsError(f"not usable: {error}", where=where) from None


def _listing(row: dict[str, str]) -> Listing:
    price_exponent = int(row.get("price_exponent", 4))
    quantity_exponent = int(row.get("quantity_exponent", 0))
    return Listing(
        row["symbol"],
        price_exponent,
        quantity_exponent,
        tick=scaled(row["tick"], price_exponent) if "tick" in row else 1,
        lot=scaled(row["lot"], quantity_exponent) if "lot" in row else 1,
        reference_price=scaled(row.get("reference_price", "0"), price_exponent),
        halted=row.get("status", "tradable") != "tradable",
    )


def _open_order(row: dict[str, str], listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.symbol,
        "order_id": row["order_id"],
        "request": int(row.get("request", 0)),
        "side": int(Side[row["side"]]),
        "order_qty": scaled(row["order_qty"], listing.quantity_exponent),
        "cum_qty": scaled(row.get("cum_qty", "0"), listing.quantity_exponent),
        "price": scaled(row["price"], listing.price_exponent),
        "time_in_force": int(TimeInForce[row.get("time_in_force", "gtc")]),
        "expire_date": days(date.fromisoformat(row["expire_date"])) if "expire_date" in row else 0,
    }
