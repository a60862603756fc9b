"""The house: a market maker that quotes around a price which wanders, so that a training day trades.

Owns its quotes and their random numbers. It is seeded and moves only when it is told to, so that the same calls give
the same quotes; it trades through the same book as everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from oms.adapters.book import Book, Order
from oms.adapters.matching import Exchange
from oms.enums import Side

BUY, SELL = int(Side.buy), int(Side.sell)


@dataclass(frozen=True)
class MakerSettings:
    """How the house quotes. No levels = no house."""

    levels: int = 3
    spread_ticks: int = 2
    lots: int = 500  # at most this many a quote
    interval_ms: int = 1000
    band_bps: int = 300  # how far the price may wander from the reference price


class MarketMaker:
    """Quotes every book that has a reference price."""

    def __init__(self, exchange: Exchange, settings: MakerSettings, seed: int) -> None:
        self.exchange = exchange
        self.settings = settings
        self._random = Random(seed)
        self._middle: dict[Book, int] = {}  # in ticks
        self._quotes: dict[Book, list[Order]] = {}

    def quote_all(self) -> None:
        """Withdraw all quotes, let each price take a step, and quote again."""
        for book in list(self.exchange.books.values()):
            if book.listing.reference_price and not book.halted:
                self._quote(book)
            else:
                self._withdraw(book)

    def withdraw_all(self) -> None:
        for book in list(self._quotes):
            self._withdraw(book)

    def _withdraw(self, book: Book) -> None:
        for order in self._quotes.pop(book, ()):
            self.exchange.withdraw(order)

    def _quote(self, book: Book) -> None:
        self._withdraw(book)
        middle = self._step(book)
        tick, lot = book.listing.tick, book.listing.lot
        quotes = self._quotes[book] = []
        for level in range(self.settings.levels):
            away = self.settings.spread_ticks // 2 + level
            for side, price in ((BUY, (middle - away) * tick), (SELL, (middle + max(away, 1)) * tick)):
                quantity = (1 + int(self._random.random() * self.settings.lots)) * lot
                if price > 0:
                    quotes.append(self.exchange.quote(book, side, quantity, price))

    def _step(self, book: Book) -> int:
        """One tick up, down or neither; back towards the reference price when it is too far away."""
        reference = book.listing.reference_price // book.listing.tick
        middle = self._middle.get(book, reference)
        chance = self._random.random()
        band = max(1, reference * self.settings.band_bps // 10_000)
        if chance < 0.3 and middle > reference - band:
            middle -= 1
        elif chance > 0.7 and middle < reference + band:
            middle += 1
        self._middle[book] = middle
        return middle
