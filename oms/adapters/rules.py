"""What an exchange refuses, and with which FIX reason.

Owns the checks of the matching exchange; it changes nothing. A check returns the first refusal, or None.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from oms.adapters.book import Book, Listing, Order
from oms.adapters.messages import NULL, OrderRequest
from oms.enums import OrdType, SessionState, Side, TimeInForce


class OrdRejReason(IntEnum):
    """FIX tag 103."""

    unknown_symbol = 1
    exchange_closed = 2
    duplicate_order = 6
    unsupported = 11
    incorrect_quantity = 13
    invalid_price_increment = 18
    other = 99


class CxlRejReason(IntEnum):
    """FIX tag 102."""

    too_late = 0
    unknown_order = 1
    exchange_option = 2
    duplicate = 6
    invalid_price_increment = 18
    other = 99


class Refusal(NamedTuple):
    """A FIX reason, and words for a person."""

    reason: int
    text: str


SIDES = frozenset(map(int, Side))
ORD_TYPES = frozenset((int(OrdType.market), int(OrdType.limit)))
TIMES_IN_FORCE = frozenset(
    map(int, (TimeInForce.day, TimeInForce.gtc, TimeInForce.gtd, TimeInForce.ioc, TimeInForce.fok))
)
LIMIT, GTD, IOC, OPEN = int(OrdType.limit), int(TimeInForce.gtd), int(TimeInForce.ioc), SessionState.open


def check_new(
    request: OrderRequest, book: Book | None, state: SessionState, trade_date: int, is_known: bool
) -> Refusal | None:
    """Why a new order is refused. is_known: whether its ClOrdID was used before."""
    if is_known:
        return Refusal(OrdRejReason.duplicate_order, "this ClOrdID was used before")
    if state is not OPEN:
        return Refusal(OrdRejReason.exchange_closed, f"the session is {state.name}")
    if book is None:
        return Refusal(OrdRejReason.unknown_symbol, f"{request.symbol} is not listed here")
    if book.halted:
        return Refusal(OrdRejReason.exchange_closed, f"{request.symbol} is halted")
    if request.side not in SIDES:
        return Refusal(OrdRejReason.unsupported, "the side is not supported")
    return check_terms(request, book.listing, trade_date)


def check_replace(
    request: OrderRequest, order: Order | None, state: SessionState, trade_date: int, is_known: bool
) -> Refusal | None:
    """Why a replace is refused."""
    if is_known:
        return Refusal(CxlRejReason.duplicate, "this ClOrdID was used before")
    if order is None:
        return Refusal(CxlRejReason.unknown_order, "no such order")
    if not order.open:
        return Refusal(CxlRejReason.too_late, "the order is closed")
    if state is not OPEN or order.book.halted:
        return Refusal(CxlRejReason.exchange_option, "trading is not open")
    if request.side != order.side or request.symbol != order.book.listing.symbol or request.account != order.account:
        return Refusal(CxlRejReason.other, "a replace keeps account, instrument and side")
    refusal = check_terms(request, order.book.listing, trade_date)
    if refusal is None or refusal.reason == OrdRejReason.invalid_price_increment:
        return refusal
    return Refusal(CxlRejReason.other, refusal.text)


def check_terms(request: OrderRequest, listing: Listing, trade_date: int) -> Refusal | None:
    """What new and replaced orders have in common: type, time in force, quantity, price, expiry."""
    if request.ord_type not in ORD_TYPES:
        return Refusal(OrdRejReason.unsupported, "the order type is not supported")
    if request.time_in_force not in TIMES_IN_FORCE:
        return Refusal(OrdRejReason.unsupported, "the time in force is not supported")
    if request.min_qty not in (NULL, 0) and request.time_in_force != IOC:
        return Refusal(OrdRejReason.unsupported, "min_qty is for immediate-or-cancel orders")
    exponents = request.price_exponent, request.quantity_exponent
    if exponents != (listing.price_exponent, listing.quantity_exponent):
        return Refusal(OrdRejReason.other, "the exponents of price and quantity are not those of the listing")
    if request.order_qty <= 0 or request.order_qty % listing.lot:
        return Refusal(OrdRejReason.incorrect_quantity, f"order_qty is not a multiple of the lot {listing.lot}")
    if request.ord_type == LIMIT and (request.price == NULL or request.price % listing.tick):
        return Refusal(OrdRejReason.invalid_price_increment, f"price is not a multiple of the tick {listing.tick}")
    if request.time_in_force == GTD and request.expire_date < trade_date:
        return Refusal(OrdRejReason.other, "expire_date is missing or past")
    return None
