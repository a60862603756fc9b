"""An exchange as it should be: it takes requests in order, trades, and tells each fact once, in true order.

Owns its own orders and the tape of what it told. Everything that it decides is also said to the oracle, at once and in
order; what the engine hears of it, when and how often, is the business of lines.py.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.oracle import Oracle

Fact = tuple[str, dict[str, Any]]  # the engine's method, and what it is told


@dataclass(frozen=True)
class Ask:
    """A request as it reaches the exchange."""

    type: str
    account: str
    cl_ord_id: str
    first: str  # the first name of its chain
    instrument: str = ""
    side: str = ""
    order_qty: int = 0
    price: str = ""
    time_in_force: str = "day"


@dataclass
class Trade:
    exec_id: str
    quantity: int
    price: str
    trade_date: date


@dataclass
class Book:
    """The exchange's own order."""

    ask: Ask
    cl_ord_id: str
    order_qty: int
    price: str
    day: date
    ord_status: str = "new"
    trades: list[Trade] = field(default_factory=list)  # as they stand now
    thinking: list[Ask] = field(default_factory=list)  # replaces and cancels that it has not answered

    @property
    def cum_qty(self) -> int:
        return sum(trade.quantity for trade in self.trades)

    @property
    def live(self) -> bool:
        return self.ord_status in ("new", "partially_filled", "suspended")


class Venue:
    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.books: dict[str, Book] = {}
        self.mailbox: deque[Ask] = deque()
        self.tape: list[Fact] = []
        self.refused: list[Ask] = []  # of which the oracle never heard
        self.unsaid = False  # a word was told that only its place in time makes true
        self.names = 0
        self.came: set[str] = set()  # every request that has reached it
        self.fate: dict[str, str] = {}  # of replaces and cancels: thinking, done, refused
        self.denied: set[str] = set()  # of which it has said, when it was asked, that they came to nothing

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    @property
    def today(self) -> date:
        return self.oracle.exchanges["XASX"].trade_date

    # what it tells

    def tell(self, method: str, book: Book, cl_ord_id: str, **fields: Any) -> None:
        account = book.ask.account
        if method == "cancel_reject":
            self.tape.append((method, {"account": account, "cl_ord_id": cl_ord_id, **fields}))
            return
        told = {"account": account, "cl_ord_id": cl_ord_id, "order_id": f"V{book.ask.first}", **fields}
        if method == "report":
            told["instrument"] = book.ask.instrument
        self.tape.append((method, told))
        self.check(self.oracle.report(**told).status)

    def check(self, status: str) -> None:
        assert status == "ok", f"the oracle refuses what the exchange does: {status}"

    def report(self, exec_type: str, book: Book, cl_ord_id: str | None = None, **fields: Any) -> None:
        fields = {"ord_status": book.ord_status, "cum_qty": book.cum_qty} | fields
        self.tell("report", book, cl_ord_id or book.cl_ord_id, exec_type=exec_type, **fields)

    def rest(self, book: Book) -> None:
        """Where an order stands by its executions."""
        if book.cum_qty >= book.order_qty:
            book.ord_status = "filled"
        else:
            book.ord_status = "partially_filled" if book.cum_qty else "new"

    # requests

    def take(self, reject: bool) -> None:
        """The oldest request: a New is decided at once, a replace or cancel of a live order is thought about."""
        ask = self.mailbox.popleft()
        assert ask.cl_ord_id not in self.came, f"{ask.cl_ord_id} came twice"
        self.came.add(ask.cl_ord_id)
        if ask.type == "new":
            self.open(ask, reject)
            return
        if ask.first not in self.books:  # its adapter died before it had sent the order on
            self.refused.append(ask)
            self.fate[ask.cl_ord_id] = "refused"
            fields = {"account": ask.account, "cl_ord_id": ask.cl_ord_id, "ord_status": "rejected"}
            self.tape.append(("cancel_reject", fields))
            return
        book = self.books[ask.first]
        if not book.live:
            self.refused.append(ask)
            self.fate[ask.cl_ord_id] = "refused"
            self.tell("cancel_reject", book, ask.cl_ord_id, ord_status=book.ord_status)
            return
        book.thinking.append(ask)
        self.fate[ask.cl_ord_id] = "thinking"
        if ask.type == "cancel":
            said = self.oracle.cancel(ask.account, ask.cl_ord_id, book.ask.cl_ord_id)
        else:
            terms = {"order_qty": ask.order_qty, "price": ask.price}
            said = self.oracle.replace(ask.account, ask.cl_ord_id, book.ask.cl_ord_id, **terms)
        self.check(said.status)

    def open(self, ask: Ask, reject: bool) -> None:
        book = self.books[ask.first] = Book(ask, ask.cl_ord_id, ask.order_qty, ask.price, self.today)
        terms = (ask.instrument, ask.side, ask.order_qty, ask.price)
        said = self.oracle.submit(ask.account, ask.cl_ord_id, *terms, time_in_force=ask.time_in_force)
        self.check(said.status)
        if reject:
            book.ord_status = "rejected"
        self.report("rejected" if reject else "new", book)

    def think(self, book: Book) -> None:
        ask = book.thinking[0]
        word = f"pending_{ask.type}"
        self.report(word, book, ask.cl_ord_id, ord_status=word)

    def answer(self, book: Book, refuse: bool) -> None:
        """Yes or no; of an order that has died meanwhile always no."""
        ask = book.thinking.pop(0)
        may = book.live or (ask.type == "replace" and book.ord_status == "filled" and ask.order_qty > book.cum_qty)
        self.fate[ask.cl_ord_id] = "refused" if refuse or not may else "done"
        if refuse or not may:
            if book.live or book.ord_status == "filled":
                self.check(self.oracle.cancel_reject(ask.account, ask.cl_ord_id, ord_status=book.ord_status).status)
            self.tell("cancel_reject", book, ask.cl_ord_id, ord_status=book.ord_status)
        elif ask.type == "cancel":
            self.end(book, "canceled", ask.cl_ord_id)
        else:
            book.cl_ord_id, book.price = ask.cl_ord_id, ask.price
            book.order_qty = max(ask.order_qty, book.cum_qty)
            self.rest(book)
            self.report("replaced", book, order_qty=book.order_qty, price=book.price)

    def standing(self, ask: Ask) -> dict[str, Any]:
        """What it answers when it is asked for a request."""
        self.unsaid = True  # the answer may be overtaken
        book, fate = self.books.get(ask.first), self.fate.get(ask.cl_ord_id)
        if ask.cl_ord_id not in self.came or fate == "refused" or book is None:
            self.denied.add(ask.cl_ord_id)
            return {"ord_status": "rejected"}
        if fate == "thinking":
            return {"ord_status": f"pending_{ask.type}"}
        figures = {"ord_status": book.ord_status, "cum_qty": book.cum_qty}
        return figures | ({"order_qty": book.order_qty, "price": book.price} if ask.type == "replace" else {})

    # what happens there

    def fill(self, book: Book, quantity: int, price: str) -> None:
        trade = Trade(self.name("E"), min(quantity, book.order_qty - book.cum_qty), price, self.today)
        book.trades.append(trade)
        self.rest(book)
        self.report("trade", book, exec_id=trade.exec_id, last_qty=trade.quantity, last_px=price, trade_date=self.today)

    def bust(self, book: Book, trade: Trade) -> None:
        book.trades.remove(trade)
        self.reopen(book)
        fields = {"exec_id": self.name("B"), "exec_ref_id": trade.exec_id, "trade_date": trade.trade_date}
        self.report("trade_cancel", book, **fields)

    def correct(self, book: Book, trade: Trade, quantity: int, price: str) -> None:
        """Never to more than was ordered."""
        before, trade.exec_id = trade.exec_id, self.name("G")
        trade.quantity += min(quantity - trade.quantity, book.order_qty - book.cum_qty)
        trade.price = price
        self.reopen(book)
        figures = {"last_qty": trade.quantity, "last_px": price, "trade_date": trade.trade_date}
        self.report("trade_correct", book, exec_id=trade.exec_id, exec_ref_id=before, **figures)

    def reopen(self, book: Book) -> None:
        """A filled order trades on when a trade was taken back, but not past its day; a dead one stays dead."""
        if book.live or (book.ord_status == "filled" and (book.ask.time_in_force == "gtc" or book.day == self.today)):
            self.rest(book)

    def end(self, book: Book, exec_type: str, cl_ord_id: str | None = None) -> None:
        book.ord_status = exec_type
        self.report(exec_type, book, cl_ord_id)

    def suspend(self, book: Book) -> None:
        self.unsaid = True
        book.ord_status = "suspended"
        self.report("suspended", book)

    def state_all(self) -> None:
        """Its word on each live order: what an exchange is asked for after reports came out of order."""
        for book in self.books.values():
            if book.live:
                self.report("order_status", book)
        self.unsaid = False
