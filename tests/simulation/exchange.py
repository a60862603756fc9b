"""An exchange that knows the truth: what was asked of it, its orders, and a tape of everything that it has told.

The matching is `oms.adapters.matching`; what is told of a request, and to whom, is decided here. Every adapter hears
the whole tape. A request that comes twice breaks a promise, whoever sent it.
"""

from __future__ import annotations

import copy

from oms.adapters.book import Listing
from oms.adapters.messages import NULL, ExecutionReport, OrderCancelReject, OrderRequest, Report
from oms.enums import ExecType, OrdStatus, RequestType, SessionState, Side
from tests.simulation.clock import Broken, Clock
from tests.simulation.issuers import Action
from tests.simulation.restating import TICK, Restating

REFERENCE = {"BHP": 10_0000, "CSL": 25_0000}
LOT = 100


class Exchange:
    def __init__(self, clock: Clock, mic: str, trade_date: int) -> None:
        self.clock, self.mic = clock, mic
        self.skew = clock.random.choice((0, -240_000_000_000, 420_000_000_000))  # of its clock: minutes
        if self.skew:
            clock.mark("exchange's clock minutes off")
        listings = {symbol: Listing(symbol, 4, 0, TICK, LOT, price) for symbol, price in REFERENCE.items()}
        self.reference = dict(REFERENCE)
        self.slow = False  # the house takes little at a time
        self.matching = Restating(mic, listings, delay_ns=300_000, pending_reports=clock.random.random() < 0.5)
        self.matching.open_session(trade_date, self.now)
        self.session = 1
        self.seen: set[int] = set()  # requests that have come, for ever
        self.forgotten: set[str] = set()  # exec_ids that were told before the exchange lost them
        self.checkpoint: Restating | None = None

    @property
    def tape(self) -> list[Report]:
        """All reports of this session, from the first."""
        return self.matching.reports

    @property
    def now(self) -> int:
        """By its own clock."""
        return self.clock.now + self.skew

    @property
    def told(self) -> set[str]:
        """Every exec_id that was ever told."""
        return self.forgotten | {report.exec_id for report in self.tape if isinstance(report, ExecutionReport)}

    # requests

    def receive(self, request: OrderRequest) -> None:
        if request.request in self.seen:
            raise Broken(f"request {request.request & 0xFFFFFFFF} came to {self.mic} twice")
        self.seen.add(request.request)
        self.clock.tell(f"{self.mic}: takes {RequestType(request.type).name} {request.request & 0xFFFFFFFF}")
        self.matching.receive([request], self.now)
        self.clock.after(0.3, self.advance)

    def advance(self) -> None:
        self.matching.advance(self.now)

    def status(self, request: OrderRequest, of: int) -> Report:
        """The answer to a query for a request, by the id `of`: what the order is now, or that there is none."""
        matching = self.matching
        matching.advance(self.now + 10_000_000)  # what has come before the query is decided before it is answered
        order = matching.orders.get(of)
        if request.type in (RequestType.replace, RequestType.cancel) and of not in matching.orders:
            known = matching.orders.get(request.orig_request)
            word = matching._status(known) if known else OrdStatus.rejected
            return OrderCancelReject(of, int(word), 1, self.clock.now, "never came here")
        status = matching._status(order) if order else int(OrdStatus.rejected)
        return ExecutionReport(
            of,
            int(ExecType.order_status),
            status,
            request.side,
            request.ord_type,
            request.time_in_force,
            request.account,
            request.instrument,
            0,
            0,
            order.cum_qty if order else 0,
            order.leaves_qty if order else 0,
            order.order_qty if order else NULL,
            order.price if order else NULL,
            matching.trade_date,
            self.clock.now,
            0,
            "",
            "",
            order.order_id if order else "",
            "" if order else "unknown order",
        )

    # what happens there

    def trade(self) -> None:
        """The house meets what rests, at the market or better for it."""
        chance, matching = self.clock.random, self.matching
        self.advance()
        live = [order for order in matching.open_orders() if order.price != NULL]
        if not live or matching.state != SessionState.open:
            return
        order = chance.choice(live)
        side = Side.sell if order.is_buy else Side.buy
        most = order.leaves_qty // 4 if self.slow else 2 * order.leaves_qty
        quantity = LOT * chance.randint(1, max(1, most // LOT))
        matching.withdraw(matching.quote(order.book, int(side), quantity, order.price))

    def effective(self) -> list[str]:
        """The newest exec_ids of trades of the OMS's orders that stand."""
        found: dict[int, str] = {}
        for trade in self.matching.trades.values():
            if not trade.busted:
                found[id(trade)] = next(each for each in trade.exec_ids if each)
        return list(found.values())

    def bust(self) -> None:
        self.advance()
        if names := self.effective():
            name = self.clock.random.choice(names)
            self._mark_if_old(name)
            filled = any(order.status == OrdStatus.filled for order in self.matching.trades[name].orders)
            self.clock.mark("bust after full fill" if filled else "bust")
            self.clock.tell(f"{self.mic}: busts {name}")
            self.matching.bust(name)

    def correct(self) -> None:
        self.advance()
        if names := self.effective():
            name = self.clock.random.choice(names)
            self._mark_if_old(name)
            price = self.matching.trades[name].price + TICK * self.clock.random.choice((-1, 1))
            self.clock.tell(f"{self.mic}: corrects {name} to {price}")
            self.clock.mark("correct")
            self.matching.correct(name, price)

    def cancel_unasked(self) -> None:
        self.advance()
        if live := list(self.matching.open_orders()):
            order = self.clock.random.choice(live)
            self.clock.mark("unsolicited cancel")
            self.clock.tell(f"{self.mic}: cancels {order.order_id} unasked")
            self.matching.cancel(order)

    def enter_by_hand(self, account: int, instrument: int) -> None:
        """An order of a client's that somebody enters at the exchange's own desk."""
        if self.matching.state != SessionState.open:
            return
        self.advance()
        symbol = list(REFERENCE)[instrument - 1]
        book = self.matching.books[symbol]
        book.instrument = instrument
        price = self.reference[symbol] - 3 * TICK
        self.clock.mark("order entered at the exchange")
        order = self.matching.enter(book, "", side=int(Side.buy), order_qty=LOT, price=price, account=account)
        self.clock.tell(f"{self.mic}: {order.order_id} was entered by hand")

    def restart(self) -> None:
        """Its own sequences begin again: a new session, in which the day is told once more."""
        self.session += 1
        self.clock.tell(f"{self.mic}: session {self.session}")
        self.clock.mark("exchange restarted")

    def end_day(self) -> None:
        """What is still on its way comes too late."""
        self.advance()
        self.matching.end_session(self.now)
        self.matching.advance(self.now + 10_000_000)
        self.checkpoint = None

    # overnight

    def scale(self, action: Action) -> None:
        self.clock.tell(f"{self.mic}: {action.name}, {action.ratio}")
        told = len(self.tape)
        self.matching.scale(action)
        self.reference[action.symbol] = self.matching.books[action.symbol].listing.reference_price
        if len(self.tape) > told:
            self.clock.mark("orders restated overnight" if action.restates else "orders cancelled overnight")

    def begin_day(self, actions: list[Action]) -> None:
        self.matching.advance(self.now + 10_000_000)
        for action in actions:
            self.scale(action)
        self.matching.next_day()
        self.clock.tell(f"{self.mic}: opens")
        if self.clock.random.random() < 0.5:
            self.restart()

    def _mark_if_old(self, name: str) -> None:
        trade = self.matching.trades[name]
        if any((order, trade) in self.matching.counts for order in trade.orders):
            self.clock.mark("bust or correction of a trade from before a corporate action")

    # a failure that forgets

    def save(self) -> None:
        if self.matching.state == SessionState.open:
            self.checkpoint = copy.deepcopy(self.matching)

    def fall_back(self) -> None:
        """The standby takes over, and knows nothing of what happened since the last `save`."""
        if self.checkpoint is None:
            return
        lost, self.matching = self.matching, self.checkpoint
        self.checkpoint = None
        told = [r for r in lost.reports[len(self.tape) :] if isinstance(r, ExecutionReport)]
        self.forgotten |= {report.exec_id for report in told}
        self.matching._exec_count = lost._exec_count  # its numbers, and only they, go on
        self.matching._order_count = lost._order_count
        self.clock.tell(f"{self.mic}: fails over; {len(told)} reports are forgotten")
        if told:
            self.clock.mark("exchange lost its last reports")
        self.restart()
