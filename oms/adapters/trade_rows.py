"""Executions of a live process, read in blocks from its mapped tables: the pictures of `oms.views`, many at a time.

Owns nothing. A block is copied between two looks at its row versions, and only rows that are whole and safe are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from oms.enums import Side, TradeKind
from oms.errors import OmsError
from oms.pictures import Trade
from oms.records import row_dtype
from oms.values import from_day, from_units
from oms.views import Attached, attach

BLOCK = 1024
_FIELDS = (
    *("account", "instrument", "request", "exchange", "kind", "side", "exec_id", "last_qty", "last_px", "value", "fee"),
    *("tax", "trade_date", "settle_date", "trade_version", "ref", "order", "sequence"),
)
_pick = itemgetter(*(list(row_dtype("execution").names or ()).index(name) for name in _FIELDS))


class _Listing(NamedTuple):
    symbol: str
    currency: str
    money_exponent: int
    price_exponent: int
    quantity_exponent: int


class LiveRows:
    """The execution table of a live process, and of the next when that has ended: `fresh` says whether it is there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._views: Attached | None = None
        self._inode = 0
        self._accounts: dict[int, str] = {}
        self._exchanges: dict[int, str] = {}
        self._listings: dict[int, _Listing] = {}

    def fresh(self) -> bool:
        """Whether a process serves; maps its tables anew when they are others."""
        try:
            inode = (self._directory / "execution.table").stat().st_ino
            if self._views is None or inode != self._inode:
                self._views, self._inode = attach(self._directory), inode
                self._accounts.clear()
                self._exchanges.clear()
                self._listings.clear()
            return self._safe(self._views) > 0
        except (FileNotFoundError, OmsError):  # a process that is only starting has not made all of them yet
            self._views = None
            return False

    def executions_from(self, row: int) -> Iterator[Trade]:
        views = self._views
        if views is None:
            return
        safe = self._safe(views)
        rows = views.rows("execution")
        while row < len(rows):
            part = rows[row : row + BLOCK]
            before = part["version"].copy()
            block = part.copy()
            usable = (before == part["version"]) & (before % 2 == 0)
            usable &= (block["sequence"] > 0) & (block["sequence"] <= safe)
            count = len(block) if usable.all() else int(usable.argmin())
            names = views.rows("request")["cl_ord_id"]
            for slot, values in enumerate(block[:count].tolist(), row):
                yield self._trade(views, names, slot, values)
            if count < len(block):
                return
            row += count

    def trade_picture(self, row: int) -> Trade:
        if self._views is None:
            raise OmsError("no process serves", where=str(self._directory))
        return self._views.trade_picture(row)

    def _safe(self, views: Attached) -> int:
        return int(views.header("execution")["safe"])

    def _trade(self, views: Attached, names: Any, slot: int, values: tuple[Any, ...]) -> Trade:
        account, instrument, request, exchange, kind, side, exec_id, quantity, price, value, fee, *rest = _pick(values)
        tax, trade_date, settle_date, version, ref, order, sequence = rest
        listing = self._listings.get(instrument) or self._listing(views, instrument)
        net = -(value + fee) if side == Side.buy else value - fee
        money = listing.money_exponent
        return Trade(
            row=slot,
            kind=TradeKind(kind).name,
            exec_id=views.text(exec_id),
            account=self._accounts.get(account) or self._account(views, account),
            instrument=listing.symbol,
            exchange=self._exchanges.get(exchange) or self._exchange(views, exchange),
            currency=listing.currency,
            side=Side(side).name,
            quantity=from_units(quantity, listing.quantity_exponent),
            price=from_units(price, listing.price_exponent),
            value=from_units(value, money),
            fee=from_units(fee, money),
            tax=from_units(tax, money),
            net=from_units(-net if kind == TradeKind.bust else net, money),
            trade_date=from_day(trade_date),
            settle_date=from_day(settle_date),
            version=version,
            ref=ref,
            order=order,
            cl_ord_id=views.text(names[request]) if request else "",
            sequence=sequence,
        )

    def _account(self, views: Attached, slot: int) -> str:
        self._accounts[slot] = views.code("account", slot, "code")
        return self._accounts[slot]

    def _exchange(self, views: Attached, slot: int) -> str:
        self._exchanges[slot] = views.code("exchange", slot, "mic")
        return self._exchanges[slot]

    def _listing(self, views: Attached, slot: int) -> _Listing:
        row = views.rows("instrument")[slot]
        currency = int(row["currency"])
        self._listings[slot] = _Listing(
            views.code("instrument", slot, "symbol"),
            views.code("currency", currency, "code"),
            int(views.rows("currency")["exponent"][currency]),
            int(row["price_exponent"]),
            int(row["quantity_exponent"]),
        )
        return self._listings[slot]
