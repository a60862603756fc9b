"""Every order's own figures, worked out once more: what its executions make of it, and what it has to hold.

An order's hold is a function of its own state; this is that function a second time, in plain Python integers and
without the core's. It changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oms.enums import FeeBasis, RequestType, Side, TradeKind, WithdrawalStatus
from oms.recompute import IN_LADDERS, SETTLED, Books, Figures, counted_by_orders, holders_of
from oms.views import LIVE

DEAD, FILLED = 1, 2  # order.closed
SHORT = (Side.sell_short, Side.sell_short_exempt)


def recompute_orders(books: Books) -> None:
    """Orders against their executions, holds against orders, accounts' holds against both."""
    executions, orders = books.rows["execution"], books.rows["order"]
    counts = (executions["superseded_by"] == 0) & (executions["kind"] != TradeKind.bust)
    counts[0] = False
    owners = executions["order"][counts]
    quantity = counted_by_orders(books.rows)
    books.compare("order", "cum_qty", books.sums("order", owners, quantity[counts]))
    books.compare("order", "cum_value", books.sums("order", owners, executions["value"][counts]))
    books.compare("order", "fee_charged", books.sums("order", owners, executions["fee"][counts]))
    stands = np.isin(executions["posted"], (IN_LADDERS, SETTLED))
    books.fail("execution", "posted", counts & ~stands, IN_LADDERS)
    spent = (executions["superseded_by"] != 0) & (executions["kind"] != TradeKind.bust)
    books.fail("execution", "posted", spent & (executions["posted"] == IN_LADDERS))
    live = (orders["closed"] == 0) & (orders["request"] != 0)
    for row in np.flatnonzero(live & (orders["order_qty"] <= orders["cum_qty"])):
        books.find("order", row, "leaves of an open order", orders["order_qty"][row] - orders["cum_qty"][row], 1)
    cash, stock = holds(books)
    books.compare("order", "reserved", cash)
    books.compare("order", "reserved_qty", stock)
    asked = books.sums("cash", *waiting_withdrawals(books))
    books.compare("cash", "reserved", books.sums("cash", orders["cash"], cash) + asked)
    books.compare("holding", "reserved", books.sums("holding", orders["holding"], stock))


def waiting_withdrawals(books: Books) -> tuple[Figures, Figures]:
    """(cash row, amount) of every withdrawal that the bank has not answered."""
    rows, cash = books.rows["withdrawal"], books.rows["cash"]
    slots = {(int(row["account"]), int(row["currency"])): slot for slot, row in enumerate(cash) if slot}
    waits = rows[rows["status"] == WithdrawalStatus.requested]
    keys = zip(waits["account"].tolist(), waits["currency"].tolist(), strict=True)
    return np.array([slots.get(key, 0) for key in keys], np.int64), waits["amount"]


def recompute_fees(books: Books) -> None:
    """What each order has been charged, from its value alone: of a sell, no more than its proceeds until it ends."""
    orders, instruments = books.rows["order"], books.rows["instrument"]
    exponents = books.rows["currency"]["exponent"][instruments["currency"][orders["instrument"]]]
    fees, expected = Fees(books), np.zeros(len(orders), np.int64)
    for row in np.flatnonzero(orders["cum_value"]):
        value, side = int(orders["cum_value"][row]), int(orders["side"][row])
        fee = fees.fee(int(orders["fee"][row]), int(exponents[row]), side, value)
        expected[row] = min(fee, max(value, 0)) if side != Side.buy and not orders["closed"][row] else fee
    books.compare("order", "fee_charged", expected)


def recompute_values(books: Books) -> None:
    """The value of every execution, from its price and quantity."""
    executions, instruments = books.rows["execution"], books.rows["instrument"][books.rows["execution"]["instrument"]]
    up, down = instruments["value_numerator"], np.maximum(instruments["value_denominator"], 1)
    size = np.abs(executions["last_px"].astype(float)) * np.abs(executions["last_qty"].astype(float)) * up
    value = executions["last_px"] * executions["last_qty"] * up
    for row in np.flatnonzero((size > 2.0**62) | (down != 1)):  # beyond 64 bits, or with a fraction: one by one
        product = int(executions["last_px"][row]) * int(executions["last_qty"][row]) * int(up[row])
        value[row] = half_away(product, int(down[row]))
    books.compare("execution", "value", value)


def check_chains(books: Books) -> None:
    """What changes an order or a holding is linked to what came before, and each version to the one it replaces."""
    executions, holders = books.rows["execution"], holders_of(books)
    _check_links(books, "execution", "prev_of_order", executions["order"], "order", "last_execution")
    _check_links(books, "execution", "prev_of_holding", holders, "holding", "last_execution")
    _check_events(books)
    rows, replaced, named = np.arange(len(executions)), executions["superseded_by"], executions["ref"]
    books.fail("execution", "superseded_by", (replaced != 0) & (named[replaced] != rows))
    books.fail("execution", "ref", (named != 0) & (replaced[named] != rows))


def _check_links(books: Books, table: str, link: str, owners: Figures, owner: str, newest: str) -> None:
    """Each row names its owner's row before it, and the owner names the last."""
    by_owner = np.argsort(owners, kind="stable")
    before, last = np.zeros(len(owners), np.int64), np.zeros(len(books.rows[owner]), np.int64)
    same = owners[by_owner][1:] == owners[by_owner][:-1]
    before[by_owner[1:]] = np.where(same, by_owner[:-1], 0)
    np.maximum.at(last, owners, np.arange(len(owners)))
    books.compare(table, link, before)
    books.compare(owner, newest, last)


def _check_events(books: Books) -> None:
    """Each cost event is listed once, by its own holding; what is told late stands in its place among them."""
    events = books.rows["cost_event"]
    listed = np.zeros(len(events), np.int64)
    for holding, slot in enumerate(books.rows["holding"]["cost_event"].tolist()):
        while slot and not listed[slot]:
            listed[slot], slot = holding, int(events["prev"][slot])
        if slot:
            books.find("holding", holding, "cost_event", slot, 0)  # listed twice
    for row in np.flatnonzero(listed != events["holding"]):
        books.find("cost_event", row, "holding that lists it", listed[row], events["holding"][row])


def check_keys(books: Books) -> None:
    """No two executions have the same key: exchange, trade date, side, exec_id."""
    executions = books.rows["execution"]
    rows = np.flatnonzero(executions["key_hash"])
    _, inverse, counts = np.unique(executions["key_hash"][rows], return_inverse=True, return_counts=True)
    seen: dict[tuple[int, int, int, str], int] = {}
    for row in rows[counts[inverse] > 1]:
        x = executions[row]
        key = (int(x["exchange"]), int(x["trade_date"]), int(x["side"]), books.views.text(x["exec_id"]))
        first = seen.setdefault(key, int(row))
        if first != row:
            books.find("execution", row, "key, which is that of row", first, 0)


def check_requests(books: Books) -> None:
    """What waits for the exchange is in its order's list of pending requests, once, and nothing else is."""
    requests, orders = books.rows["request"], books.rows["order"]
    waits = np.isin(requests["status"], LIVE) & (requests["type"] != RequestType.new)
    listed = np.zeros(len(requests), np.int64)
    for row in np.flatnonzero(orders["pending"]):
        slot = int(orders["pending"][row])
        while slot and not listed[slot]:
            listed[slot] = row
            slot = int(requests["next_pending"][slot])
        if slot:
            books.find("order", row, "pending", slot, 0)  # listed twice
    expected = np.where(waits, requests["order"], 0)
    for row in np.flatnonzero(listed != expected):
        books.find("request", row, "order that lists it as pending", listed[row], expected[row])


def check_live(books: Books) -> None:
    """Each exchange's chain names every live order of it once, and no other."""
    orders, instruments, links = (books.rows[name] for name in ("order", "instrument", "live_order"))
    live = (orders["closed"] == 0) & (orders["request"] != 0)
    expected = np.where(live, instruments["exchange"][orders["instrument"]], 0).astype(np.int64)
    found = np.zeros(len(orders), np.int64)
    for exchange, row in enumerate(books.rows["exchange"]):
        before, slot = 0, int(row["oldest_live"])
        while slot and not found[slot]:
            if links["prev"][slot] != before:
                books.find("live_order", slot, "prev", links["prev"][slot], before)
            found[slot] = exchange
            before, slot = slot, int(links["next"][slot])
        if row["newest_live"] != before:
            books.find("exchange", exchange, "newest_live", row["newest_live"], before)
    for order in np.flatnonzero(found != expected):
        books.find("order", order, "exchange whose live orders it is among", found[order], expected[order])


@dataclass(frozen=True)
class Component:
    """One part of a fee, in units of the currency."""

    basis: int
    rate_e8: int
    amount: int
    minimum: int
    maximum: int

    def of(self, base: int) -> int:
        fee = self.amount if self.basis == FeeBasis.flat else half_away(base * self.rate_e8, 10**8)
        fee = max(fee, self.minimum)
        return min(fee, self.maximum) if self.maximum else fee


class Fees:
    """Fee schedules by number, currency exponent and side."""

    def __init__(self, books: Books) -> None:
        self.rows = books.rows["fee"]
        self.known: dict[tuple[int, int, int], list[Component]] = {}

    def fee(self, schedule: int, exponent: int, side: int, value: int) -> int:
        """On the size of an order's cumulative value; tax is charged on the rest of it."""
        value = abs(value)
        if not value or not schedule:
            return 0
        parts = self.known.get((schedule, exponent, side))
        if parts is None:
            parts = self.known[schedule, exponent, side] = self.components(schedule, exponent, side)
        brokerage = sum(part.of(value) for part in parts if part.basis != FeeBasis.brokerage)
        return brokerage + sum(part.of(brokerage) for part in parts if part.basis == FeeBasis.brokerage)

    def components(self, schedule: int, exponent: int, side: int) -> list[Component]:
        row, found = self.rows[schedule], []
        for index in range(int(row["count"])):
            if row["side"][index] not in (0, side, Side.sell if side in SHORT else side):
                continue
            amount, minimum, maximum = (
                half_away(int(row[name][index]) * 10**exponent, 10**4) for name in ("amount", "minimum", "maximum")
            )
            found.append(Component(int(row["basis"][index]), int(row["rate_e8"][index]), amount, minimum, maximum))
        return found


def half_away(dividend: int, divisor: int) -> int:
    """Division rounded half away from zero; divisor > 0."""
    quotient = (2 * abs(dividend) + divisor) // (2 * divisor)
    return quotient if dividend >= 0 else -quotient


class Holds:
    """What one order after another has to hold."""

    def __init__(self, books: Books) -> None:
        self.fees = Fees(books)
        rows = books.rows
        self.requests = rows["request"]
        self.instruments = rows["instrument"]
        self.exponents = rows["currency"]["exponent"].tolist()

    def cover(self, order: Any, price: int, quantity: int) -> tuple[int, int]:
        """(money, stock) at these terms: a buy its leaves at the price, rounded up, and the fee still to come; a sell
        its leaves, and in money what of the fee its whole proceeds will not pay; a short sale no stock, but a margin on
        its value, rounded up."""
        leaves = quantity - int(order["cum_qty"])
        if leaves <= 0:
            return 0, 0
        instrument, side = self.instruments[order["instrument"]], int(order["side"])
        up, down = int(instrument["value_numerator"]), int(instrument["value_denominator"])
        value = -(-price * leaves * up // down)
        whole = int(order["cum_value"]) + value
        fee = self.fees.fee(int(order["fee"]), self.exponents[instrument["currency"]], side, whole)
        if side == Side.buy:
            return max(value, 0) + max(fee - int(order["fee_charged"]), 0), 0
        proceeds = max(whole if value >= 0 else int(order["cum_value"]), 0)
        money = max(-value, 0) + max(fee - proceeds, 0)
        return (
            (money + -(-abs(value) * int(order["short_margin_bps"]) // 10000), 0) if side in SHORT else (money, leaves)
        )

    def of(self, order: Any) -> tuple[int, int]:
        """The most that the terms in force, or a replace that is not answered, may need."""
        price, quantity = int(order["price"]), int(order["order_qty"])
        if order["closed"] == DEAD:
            missing = int(order["missing_qty"])
            return self.cover(order, price, int(order["cum_qty"]) + missing) if missing > 0 else (0, 0)
        money, stock = self.cover(order, price, quantity) if order["closed"] == 0 else (0, 0)
        slot = int(order["pending"])
        while slot:
            request = self.requests[slot]
            if request["type"] == RequestType.replace and request["status"] in LIVE:
                more, shares = self.cover(order, int(request["price"]), int(request["order_qty"]))
                money, stock = max(money, more), max(stock, shares)
            slot = int(request["next_pending"])
        return money, stock


def holds(books: Books) -> tuple[Figures, Figures]:
    """Money and stock that each order has to hold, by row; only those that may hold anything are looked at."""
    orders, one = books.rows["order"], Holds(books)
    cash, stock = np.zeros(len(orders), np.int64), np.zeros(len(orders), np.int64)
    may = (orders["request"] != 0) & ((orders["closed"] == 0) | (orders["missing_qty"] > 0) | (orders["pending"] != 0))
    for row in np.flatnonzero(may):
        cash[row], stock[row] = one.of(orders[row])
    return cash, stock
