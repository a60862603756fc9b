"""Orders that go to another account with their executed part: what that takes from the one, and asks of the other."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.oracle.checks import first_of
from tests.oracle.external import SUSPENSE
from tests.oracle.numbers import ZERO
from tests.oracle.open_orders import OpenOrders
from tests.oracle.orders import Execution, Item, Order, Request
from tests.oracle.reference import SHORT, Account
from tests.oracle.requests import Result

Free = tuple[Fraction, Fraction]  # money and stock


class Moves(OpenOrders):
    def move(self, account: str, cl_ord_id: str, to: str, orig_cl_ord_id: str = "", by: str | None = None) -> Result:
        """cl_ord_id names the request, and orig_cl_ord_id the order; without that, cl_ord_id names the order."""
        self.alerts = []
        owner, request = self.accounts[account], None
        if orig_cl_ord_id:
            told = self.receive(owner, cl_ord_id, "move", (to, orig_cl_ord_id), by)
            if isinstance(told, Result):
                return told
            request = told
        target = self.accounts[to]
        if not self.may(by, owner) or not self.may(by, target) or target is owner:
            self.requests = {key: each for key, each in self.requests.items() if each is not request}
            return Result("account_unknown" if self.may(by, target) and self.may(by, owner) else "permission_denied")
        order = self.chain(owner, orig_cl_ord_id or cl_ord_id)
        refused = self.refused_move(by, order, target) if order else "order_unknown"
        if refused != "ok":
            return self.refuse(request, refused) if request else Result(refused)
        self.carry_over(order, target)
        if request:
            request.status = "completed"
        return Result(alerts=self.alerts)

    def assign(self, name: str, account: str, by: str | None = None) -> Result:
        """What was booked to nobody's account is this one's: a fact, covered or not."""
        self.alerts = []
        if by is not None and not self.operates(by, self.accounts[account]):
            return Result("permission_denied")
        order = next((each for each in self.orders if each.account.code == SUSPENSE and each.order_id == name), None)
        if order is None:
            return Result("nothing_to_resolve")
        if account == SUSPENSE:
            return Result("resolution_invalid")
        self.carry_over(order, self.accounts[account])
        return Result(alerts=self.alerts)

    # what a client's move is asked

    def refused_move(self, by: str | None, order: Order, target: Account) -> str:
        broken = [*self.standing(by, target)]
        if order.closed and not order.cum_qty:
            broken.append("order_too_late")
        if order.side in SHORT and not target.short_allowed:
            broken.append("short_not_allowed")
        if any(self.taken(target, request.cl_ord_id) for request in self.chain_of(order)):
            broken.append("move_id_taken")
        if order.account.owner != target.owner:
            broken.append("move_owner_differs")
        return first_of(broken) if broken else self.uncovered_move(order, target)

    def chain_of(self, order: Order) -> list[Request]:
        return [each for each in self.requests.values() if each.order is order and each.cl_ord_id]

    def taken(self, account: Account, cl_ord_id: str) -> bool:
        """A name stands for its business date, and for as long as its chain lives."""
        known = self.requests.get((account.code, cl_ord_id))
        return known is not None and not self.is_free(known)

    def uncovered_move(self, order: Order, target: Account) -> str:
        """The target has to have what is reserved and what was paid there; nobody may fall below zero by it."""
        instrument = order.instrument
        there = replace(order, account=target, fee_rows=[])
        cash, stock = self.hold(there)
        paid = sum((charge.owed - charge.due for charge in self.charges(there)), ZERO)
        cash += max(ZERO, paid)
        if order.side == "sell":
            stock += sum((each.counts for each in order.executions), ZERO)
        if cash and cash > self.available_cash(target, instrument.currency):
            return "funds_insufficient"
        if stock and stock > self.available_stock(target, instrument):
            return "stock_insufficient"
        before = self.free_of(order)
        trial = self.copy()
        moved = trial.orders[self.orders.index(order)]
        left = replace(moved)  # as it is, to look at what it leaves
        trial.carry_over(moved, trial.accounts[target.code])
        after = trial.free_of(left)
        for was, left_over, status in zip(before, after, ("funds_insufficient", "stock_insufficient"), strict=True):
            if left_over < 0 and left_over < was:
                return status
        return "ok"

    def free_of(self, order: Order) -> Free:
        """What is available where the order stands; stock that is owed does not count where it may be sold short."""
        account, instrument = order.account, order.instrument
        return self.available_cash(account, instrument.currency), self.available_stock(account, instrument)

    # what it does

    def carry_over(self, order: Order, target: Account) -> None:
        """Each trade is taken back at the old account and is booked at the new one, at its fees."""
        source = replace(order)
        with self.watch(source), self.watch(replace(order, account=target)):
            trades = [self.taken_back(each) for each in order.executions]
            for fee in order.fee_rows:
                self.give_back(order, fee)
            order.account = target
            order.fee_items, order.tax_items, order.fee_rows = ZERO, ZERO, []
            order.executions = []
            holding = self.rows(order)[1]
            for trade in trades:
                order.executions.append(trade)
                holding.history.append(trade)
                holding.sold_short |= order.side in SHORT
            self.rename(order, target)
            self.post(order)

    def taken_back(self, execution: Execution) -> Execution:
        """Out of the ladders where it is open, and reversed later where it has settled; returns the trade issued again,
        due with the reversal."""
        order, anew = execution.order, replace(execution, exec_ids=list(execution.exec_ids))
        anew.through, anew.steps = list(execution.through), list(execution.steps)
        anew.came_after = len(anew.through)
        if execution.settled or execution.partly_settled:
            self.reverse_settled(execution, None)
            anew.taken_back, anew.settle_date = True, execution.settle_date
        elif execution.in_ladder:
            self.lift(execution, -1)
        holding = self.rows(order)[1]
        holding.history = [event for event in holding.history if event is not execution]
        anew.money, anew.stock, anew.settled_money, anew.settled_stock = Item(), Item(), ZERO, ZERO
        anew.settled = anew.in_ladder = anew.late = False
        return anew

    def rename(self, order: Order, target: Account) -> None:
        """The names of the chain are the target's; each request keeps its place."""
        mine = {(target.code, each.cl_ord_id) for each in self.chain_of(order)}
        renamed = {}
        for (code, name), request in self.requests.items():
            if request.order is order:
                request.account = target
                renamed[target.code, name] = request
            elif (code, name) not in mine:  # what an older day left there under that name is over
                renamed[code, name] = request
        self.requests = renamed
