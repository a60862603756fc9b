"""A price-time matching exchange: requests go in with the time, reports come out.

Owns the books, the orders and the trading session of one exchange. It is deterministic: no clock, no randomness, no
input or output. The same requests at the same times give the same reports, and so the simulator restarts.

FIX semantics: a replace keeps its place in the queue only when the price stays and the quantity does not grow; a new
quantity at or under what is executed closes the order as filled; a dead order answers "too late". Where the standard
leaves a choice, `docs/how-to/simulator.md` says what this exchange does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from oms.adapters.book import Book, Listing, Order
from oms.adapters.messages import NULL, ExecutionReport, OrderCancelReject, OrderRequest, Report
from oms.adapters.rules import CxlRejReason, OrdRejReason, Refusal, check_new, check_replace
from oms.enums import ExecType, OrdStatus, OrdType, RequestType, SessionState, TimeInForce

# Plain integers: comparing members of an IntEnum costs more than the comparison itself.
NEW, REPLACED, TRADE = int(ExecType.new), int(ExecType.replaced), int(ExecType.trade)
CANCELED, EXPIRED = int(ExecType.canceled), int(ExecType.expired)  # the same characters in OrdStatus
TRADE_CANCEL, TRADE_CORRECT = int(ExecType.trade_cancel), int(ExecType.trade_correct)
PENDING_NEW = int(OrdStatus.pending_new)
PENDING_CANCEL, PENDING_REPLACE = int(ExecType.pending_cancel), int(ExecType.pending_replace)  # likewise
PARTIALLY_FILLED, FILLED, REJECTED = map(int, (OrdStatus.partially_filled, OrdStatus.filled, OrdStatus.rejected))
MARKET, LIMIT = int(OrdType.market), int(OrdType.limit)
DAY, FOK, GTD = int(TimeInForce.day), int(TimeInForce.fok), int(TimeInForce.gtd)
NEW_REQUEST, REPLACE_REQUEST = int(RequestType.new), int(RequestType.replace)


class Fill(NamedTuple):
    """One side of a trade, bust or correction, of an order that came from the OMS."""

    report: ExecutionReport
    listing: Listing


class Trade:
    """What two orders agreed on; `exec_ids` are each side's newest, empty for the house."""

    __slots__ = ("busted", "exec_ids", "orders", "price", "quantity")

    def __init__(self, orders: tuple[Order, Order], exec_ids: tuple[str, str], quantity: int, price: int) -> None:
        self.orders = orders
        self.exec_ids = exec_ids
        self.quantity = quantity
        self.price = price
        self.busted = False


class Exchange:
    """One exchange. `reports` and `fills` grow with each call until the caller clears them.

    listings: by symbol; None = every symbol is listed, with one unit as tick and lot. delay_ns: how long a request is
    on its way to the book. pending_reports: whether a cancel or replace is confirmed as pending when it arrives.
    """

    def __init__(
        self,
        mic: str,
        listings: Mapping[str, Listing] | None = None,
        *,
        delay_ns: int = 0,
        pending_reports: bool = False,
    ) -> None:
        self.mic = mic
        self.any_symbol = listings is None
        self.books = {symbol: Book(listing) for symbol, listing in (listings or {}).items()}
        self.delay_ns = delay_ns
        self.pending_reports = pending_reports
        self.state = SessionState.closed
        self.trade_date = 0
        self.reports: list[Report] = []
        self.fills: list[Fill] = []
        self.changed: dict[Book, None] = {}  # books to tell the market of, an ordered set
        self.orders: dict[int, Order | None] = {}  # by every request of their chain; None = rejected
        self.refused: set[int] = set()  # cancels and replaces
        self.order_ids: dict[str, Order] = {}
        self.live: dict[int, Order] = {}  # by number, without the house's
        self.trades: dict[str, Trade] = {}  # by every exec_id of theirs
        self.executed: dict[int, int] = {}  # by feed: highest feed_sequence that has reached the book
        self._on_the_way: deque[tuple[int, OrderRequest, Order | None]] = deque()
        self._order_count = 0
        self._exec_count = 0
        self._now = 0

    # requests

    def receive(self, requests: Iterable[OrderRequest], now_ns: int) -> None:
        """Take requests in order; with a delay they wait for `advance`."""
        self.advance(now_ns)
        for request in requests:
            announced = self._announce(request) if self.pending_reports else None
            if self.delay_ns:
                self._on_the_way.append((now_ns + self.delay_ns, request, announced))
            else:
                self._execute(request, announced)

    def advance(self, now_ns: int) -> None:
        """Time passes, and never goes back: requests whose delay is over reach the book."""
        while self._on_the_way and self._on_the_way[0][0] <= now_ns:
            due, request, announced = self._on_the_way.popleft()
            self._now = max(self._now, due)
            self._execute(request, announced)
        self._now = max(self._now, now_ns)

    @property
    def next_due_ns(self) -> int:
        """When `advance` has something to do; 0 = nothing is on its way."""
        return self._on_the_way[0][0] if self._on_the_way else 0

    def _announce(self, request: OrderRequest) -> Order | None:
        """Confirm a cancel or replace as pending; the order, when it was."""
        order = self._named(request)
        if request.type == NEW_REQUEST or order is None or not order.open or request.request in self.orders:
            return None
        if request.type == REPLACE_REQUEST:
            order.pending_replaces += 1
            self._report(order, PENDING_REPLACE, request=request.request)
        else:
            order.pending_cancels += 1
            self._report(order, PENDING_CANCEL, request=request.request)
        return order

    def _execute(self, request: OrderRequest, announced: Order | None) -> None:
        self.executed[request.feed] = request.feed_sequence
        if announced is not None and request.type == REPLACE_REQUEST:
            announced.pending_replaces -= 1
        elif announced is not None:
            announced.pending_cancels -= 1
        if request.type == NEW_REQUEST:
            self._new(request)
        elif request.type == REPLACE_REQUEST:
            self._replace(request)
        else:
            self._cancel(request)

    def standing(self, asked: OrderRequest) -> dict[str, int | str]:
        """The answer to an OrderStatusRequest for a request by its ClOrdID: what became of it. Rejected: it was
        refused, or never came."""
        order = self.orders.get(asked.request)
        on_the_way = next((request for _, request, _ in self._on_the_way if request.request == asked.request), None)
        if on_the_way is not None:
            pending = {NEW_REQUEST: PENDING_NEW, REPLACE_REQUEST: PENDING_REPLACE}
            return {"ord_status": pending.get(on_the_way.type, PENDING_CANCEL)}
        if order is None or asked.request in self.refused:
            return {"ord_status": REJECTED}
        figures = {"cum_qty": order.cum_qty, "leaves_qty": order.leaves_qty, "order_qty": order.order_qty}
        figures["price"] = order.price
        return {"ord_status": order.status, "order_id": order.order_id, **figures}

    def _book_of(self, request: OrderRequest) -> Book | None:
        book = self.books.get(request.symbol)
        if book is None and self.any_symbol:
            listing = Listing(request.symbol, request.price_exponent, request.quantity_exponent)
            self.books[request.symbol] = book = Book(listing)
        if book is not None:
            book.instrument = request.instrument
        return book

    def _new(self, request: OrderRequest) -> None:
        book = self._book_of(request)
        refusal = check_new(request, book, self.state, self.trade_date, request.request in self.orders)
        if refusal is not None or book is None:
            self._reject(request, refusal or Refusal(OrdRejReason.other, ""))
            return
        self._order_count += 1
        price = NULL if request.ord_type == MARKET else request.price
        order = Order(self._order_count, book, request.side, request.order_qty, price, self.trade_date)
        order.request = request.request
        order.account = request.account
        order.set_terms(request.ord_type, request.time_in_force, request.expire_date)
        self.orders[request.request] = order
        self._register(order, f"{self.mic}-O{order.number}")
        self._report(order, NEW)
        self._work(order, 0 if request.min_qty == NULL else request.min_qty)

    def _replace(self, request: OrderRequest) -> None:
        order = self._named(request)
        refusal = check_replace(request, order, self.state, self.trade_date, request.request in self.orders)
        known = request.request in self.orders
        self.orders.setdefault(request.request, order)
        if refusal is not None or order is None:
            self._note_refused(request, known)
            self._cancel_reject(request, order, refusal or Refusal(CxlRejReason.other, ""))
            return
        price = NULL if request.ord_type == MARKET else request.price
        keeps_place = price == order.price and request.order_qty <= order.order_qty
        order.request = request.request
        order.set_terms(request.ord_type, request.time_in_force, request.expire_date)
        order.order_qty = max(request.order_qty, order.cum_qty)
        order.leaves_qty = order.order_qty - order.cum_qty
        if order.leaves_qty and keeps_place and order.may_rest:
            self._report(order, REPLACED)
            return
        order.book.side(order.is_buy).remove(order)
        order.set_price(price)
        if order.leaves_qty:
            self._report(order, REPLACED)
            self._work(order, 0)
        else:
            self._close(order, FILLED)
            self._report(order, REPLACED)
            self.changed[order.book] = None

    def _cancel(self, request: OrderRequest) -> None:
        order = self._named(request)
        if request.request in self.orders:
            self._cancel_reject(request, order, Refusal(CxlRejReason.duplicate, "this ClOrdID was used before"))
            return
        self.orders[request.request] = order
        self._note_refused(request, order is not None and order.open)
        if order is None:
            self._cancel_reject(request, order, Refusal(CxlRejReason.unknown_order, "no such order"))
        elif not order.open:
            self._cancel_reject(request, order, Refusal(CxlRejReason.too_late, "the order is closed"))
        else:
            order.request = request.request
            self.cancel(order)

    def _note_refused(self, request: OrderRequest, stands: bool) -> None:
        if not stands:
            self.refused.add(request.request)

    def _named(self, request: OrderRequest) -> Order | None:
        """The order that a cancel or replace is for: any id of its chain, or the exchange's own, finds it."""
        return self.orders.get(request.orig_request) or self.order_ids.get(request.order_id)

    def _register(self, order: Order, order_id: str) -> None:
        order.order_id = order_id
        self.order_ids[order_id] = order
        self.live[order.number] = order

    # matching

    def _work(self, order: Order, min_qty: int) -> None:
        """Match an order that is not in the book, then let it rest, or cancel what may not."""
        opposite = order.book.side(not order.is_buy)
        required = order.leaves_qty if order.time_in_force == FOK else min_qty
        if not required or opposite.can_fill(order.key, required):
            while order.leaves_qty and opposite.keys and opposite.keys[-1] >= -order.key:
                resting = opposite.first()
                self._trade(order, resting, min(order.leaves_qty, resting.leaves_qty), resting.price)
                if not resting.leaves_qty:
                    opposite.remove(resting)
                    self._close(resting, FILLED)
        if not order.leaves_qty:
            self._close(order, FILLED)
        elif order.may_rest:
            order.book.side(order.is_buy).add(order)
        else:
            self._close(order, CANCELED)
            self._report(order, CANCELED, text="nothing more to match")
        self.changed[order.book] = None

    def _trade(self, incoming: Order, resting: Order, quantity: int, price: int) -> None:
        incoming.book.last = price
        exec_ids = self._fill(incoming, quantity, price), self._fill(resting, quantity, price)
        trade = Trade((incoming, resting), exec_ids, quantity, price)
        for exec_id in filter(None, exec_ids):
            self.trades[exec_id] = trade

    def _fill(self, order: Order, quantity: int, price: int) -> str:
        order.cum_qty += quantity
        order.leaves_qty -= quantity
        order.status = PARTIALLY_FILLED if order.leaves_qty else FILLED
        return self._report(order, TRADE, last_qty=quantity, last_px=price) if order.order_id else ""

    def _close(self, order: Order, status: int) -> None:
        order.open = False
        order.status = status
        order.leaves_qty = 0
        self.live.pop(order.number, None)

    # orders from elsewhere, and the house's

    def enter(
        self,
        book: Book,
        order_id: str,
        *,
        side: int,
        order_qty: int,
        price: int,
        cum_qty: int = 0,
        request: int = 0,
        account: int = 0,
        time_in_force: int = DAY,
        expire_date: int = 0,
        announce: bool = True,
    ) -> Order:
        """A limit order that did not come as a request: left from an earlier day, or entered at the exchange's desk.

        It is reported by its order_id, and by the request under which the OMS knows it, if any. announce: whether its
        entry is reported; it is not news to an OMS that has it from an earlier day.
        """
        self._order_count += 1
        order = Order(self._order_count, book, side, order_qty, price, self.trade_date)
        order.cum_qty = cum_qty
        order.leaves_qty -= cum_qty
        order.status = PARTIALLY_FILLED if cum_qty else NEW
        order.account = account
        order.set_terms(LIMIT, time_in_force, expire_date)
        if request:
            order.request = request
            self.orders[request] = order
        self._register(order, order_id or f"{self.mic}-O{order.number}")
        if announce:
            self._report(order, NEW)
        self._work(order, 0)
        return order

    def cancel(self, order: Order) -> None:
        """Take a resting order out of the book for good, and say so."""
        order.book.side(order.is_buy).remove(order)
        self.changed[order.book] = None
        self._close(order, CANCELED)
        self._report(order, CANCELED)

    def list_instrument(self, listing: Listing) -> None:
        """List an instrument, or change its listing. Exponents stay while it has a book. Raises ValueError."""
        book = self.books.get(listing.symbol)
        if book is None:
            self.books[listing.symbol] = Book(listing)
            return
        old = book.listing
        if (old.price_exponent, old.quantity_exponent) != (listing.price_exponent, listing.quantity_exponent):
            raise ValueError(f"the exponents of {listing.symbol} cannot change")
        book.listing = listing
        book.halted = listing.halted

    def quote(self, book: Book, side: int, quantity: int, price: int) -> Order:
        """An order of the house: it trades like any other and is reported to nobody."""
        self._order_count += 1
        order = Order(self._order_count, book, side, quantity, price, self.trade_date)
        self._work(order, 0)
        return order

    def withdraw(self, order: Order) -> None:
        """The house takes back what is left of its order."""
        if order.open:
            order.book.side(order.is_buy).remove(order)
            self._close(order, CANCELED)
            self.changed[order.book] = None

    # the day

    def open_session(self, trade_date: int, now_ns: int) -> None:
        """Open trading on a date (days since 1970-01-01). An earlier day that was left open ends first."""
        if trade_date < self.trade_date:
            raise ValueError("the trade date only moves forward")
        if trade_date > self.trade_date:
            self.end_session(now_ns)
            self.orders = {request: order for request, order in self.orders.items() if order and order.open}
            self.order_ids = {order.order_id: order for order in self.live.values()}
            self.trade_date = trade_date
        self.state = SessionState.open

    def end_session(self, now_ns: int, *, expire: bool = True) -> None:
        """No more trading today. Day orders expire, and those good till this date; each is reported, if `expire`."""
        self.advance(now_ns)
        self.state = SessionState.ended
        for order in list(self.live.values()):
            if order.time_in_force == DAY or (order.time_in_force == GTD and order.expire_date <= self.trade_date):
                order.book.side(order.is_buy).remove(order)
                self._close(order, EXPIRED)
                if expire:
                    self._report(order, EXPIRED)

    def complete_session(self, now_ns: int) -> None:
        """All that happened today has been reported."""
        if self.state == SessionState.open:
            self.end_session(now_ns)
        self.state = SessionState.complete

    def open_orders(self) -> Iterator[Order]:
        """The orders of the OMS that can still trade, in the order of their entry."""
        return iter(self.live.values())

    # busts and corrections

    def bust(self, exec_id: str) -> None:
        """Undo a trade, named by either side's exec_id. What can still trade rests again, last in time.

        Two orders of the OMS that come back may cross: they do not meet again by themselves. Raises KeyError.
        """
        trade = self._effective(exec_id)
        trade.busted = True
        for order, ref in zip(trade.orders, trade.exec_ids, strict=True):
            if order.order_id:
                self._bust_side(order, trade, ref)

    def _bust_side(self, order: Order, trade: Trade, ref: str) -> None:
        order.cum_qty -= trade.quantity
        is_of_today = order.time_in_force != DAY or order.trade_date == self.trade_date
        may_trade = order.may_rest and is_of_today and self.state == SessionState.open
        if order.open or (order.status == FILLED and may_trade):
            if order.open:
                order.book.side(order.is_buy).remove(order)
            order.open = True
            order.leaves_qty = order.order_qty - order.cum_qty
            order.status = PARTIALLY_FILLED if order.cum_qty else NEW
            order.book.side(order.is_buy).add(order)
            self.live[order.number] = order
            self.changed[order.book] = None
        elif order.status == FILLED:
            order.status = CANCELED
        self._report(order, TRADE_CANCEL, last_qty=trade.quantity, last_px=trade.price, exec_ref_id=ref)

    def correct(self, exec_id: str, price: int) -> None:
        """Change a trade's price, named by either side's newest exec_id. Raises KeyError."""
        trade = self._effective(exec_id)
        trade.price = price
        exec_ids = []
        for order, ref in zip(trade.orders, trade.exec_ids, strict=True):
            new_id = ""
            if order.order_id:
                new_id = self._report(order, TRADE_CORRECT, last_qty=trade.quantity, last_px=price, exec_ref_id=ref)
                self.trades[new_id] = trade
            exec_ids.append(new_id)
        trade.exec_ids = exec_ids[0], exec_ids[1]

    def _effective(self, exec_id: str) -> Trade:
        trade = self.trades[exec_id]
        if trade.busted:
            raise KeyError(exec_id)
        return trade

    # reports

    @staticmethod
    def _status(order: Order) -> int:
        """What a report shows: what is pending comes first while the order is open."""
        if order.open and order.pending_cancels:
            return PENDING_CANCEL
        if order.open and order.pending_replaces:
            return PENDING_REPLACE
        return order.status

    def _report(
        self,
        order: Order,
        exec_type: int,
        *,
        request: int = 0,
        last_qty: int = 0,
        last_px: int = 0,
        exec_ref_id: str = "",
        text: str = "",
    ) -> str:
        """Report on an order; returns the exec_id."""
        self._exec_count += 1
        exec_id = f"{self.mic}-{self._exec_count}"
        report = ExecutionReport(
            request or order.request,
            exec_type,
            self._status(order),
            order.side,
            order.ord_type,
            order.time_in_force,
            order.account,
            order.book.instrument,
            last_qty,
            last_px,
            order.cum_qty,
            order.leaves_qty,
            order.order_qty,
            order.price,
            self.trade_date,
            self._now,
            0,
            exec_id,
            exec_ref_id,
            order.order_id,
            text,
        )
        self.reports.append(report)
        if last_qty:
            self.fills.append(Fill(report, order.book.listing))
        return exec_id

    def _reject(self, request: OrderRequest, refusal: Refusal) -> None:
        self.orders.setdefault(request.request, None)
        self._exec_count += 1
        self.reports.append(
            ExecutionReport(
                request=request.request,
                exec_type=int(ExecType.rejected),
                ord_status=REJECTED,
                side=request.side,
                ord_type=request.ord_type,
                time_in_force=request.time_in_force,
                account=request.account,
                instrument=request.instrument,
                last_qty=0,
                last_px=0,
                cum_qty=0,
                leaves_qty=0,
                order_qty=request.order_qty,
                price=request.price,
                trade_date=self.trade_date,
                transact_time_ns=self._now,
                ord_rej_reason=refusal.reason,
                exec_id=f"{self.mic}-{self._exec_count}",
                exec_ref_id="",
                order_id="",
                text=refusal.text,
            )
        )

    def _cancel_reject(self, request: OrderRequest, order: Order | None, refusal: Refusal) -> None:
        status = REJECTED if order is None else self._status(order)
        self.reports.append(OrderCancelReject(request.request, status, refusal.reason, self._now, refusal.text))
