"""Splits, consolidations, bonus issues and dividends. Owns what an issuer's action makes of holdings and live orders.

Stock is cut towards zero, holding by holding and date by date; what is left of a unit is paid in cash. Of what a date
loses, its newest trades lose least.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.books import Holding, Scaling
from tests.oracle.movements import Movements
from tests.oracle.numbers import ZERO, Number, as_date, exact, nearest
from tests.oracle.orders import RESTATED, TO_BE_RESTATED, Action, Execution, Item, Order
from tests.oracle.reference import Instrument
from tests.oracle.requests import Result

WITHDRAWN = "withdrawn_by_corporate_action"


@dataclass
class Share:
    """What an action makes of one holding."""

    total: Fraction
    settled: Fraction
    incoming: Fraction
    outgoing: Fraction
    average: Fraction | None
    amount: Fraction  # of money


@dataclass
class Before:
    """What an action found, to be put back; and what it left, to see whether anything has touched it since."""

    holdings: dict[str, Holding] = field(default_factory=dict)  # by account
    trades: list[tuple[Execution, Execution]] = field(default_factory=list)  # and what each was
    prices: tuple[Fraction, Fraction] = (ZERO, ZERO)  # reference, last
    paid: dict[str, Fraction] = field(default_factory=dict)  # by account
    left: object = None


class Corporate(Movements):
    def __init__(self) -> None:
        super().__init__()
        self.actions: dict[str, Action] = {}
        self.found: dict[str, Before] = {}

    # what is asked

    def corporate_action(
        self,
        id: str,
        instrument: str,
        type: str,
        ex_date: date | str,
        *,
        ratio: str | None = None,
        amount: Number = 0,
        price: Number = 0,
        live_orders: str | None = None,
        by: str | None = None,
    ) -> Result:
        """Announced once, by its id; applied at once when its ex-date has come."""
        before, self.alerts = len(self.sent), []
        what = self.instruments[instrument]
        way = live_orders or ("keep" if type == "dividend" else "cancel")
        action = Action(
            id, what, type, as_date(ex_date), new_for_old(type, ratio), exact(amount), exact(price), live_orders=way
        )
        refused = self.refused_action(action, by)
        if refused:
            return Result(refused)
        self.actions[id] = action
        if action.ex_date <= self.today:
            self.apply(action)
        else:
            self.tell_orders(action)
        return Result("ok", self.sent[before:], alerts=self.alerts)

    def refused_action(self, action: Action, by: str | None) -> str | None:
        if not self.operates_everywhere(by):
            return "permission_denied"
        if action.type == "dividend":
            sound = action.amount > 0
        else:
            sound = action.ratio != 1 and (action.ratio < 1) == (action.type == "consolidation")
        if not sound:
            return "reference_invalid"
        if action.id in self.actions:
            same = replace(self.actions[action.id], state="announced") == action
            return "corporate_action_repeated" if same else "corporate_action_conflict"
        return None

    def operates_everywhere(self, by: str | None) -> bool:
        return by is None or (self.operates(by) and self.users[by].owner == 0)

    def begin_day(self, day: date) -> None:
        """What was announced for the day, or before, comes first, in the order of the ex-dates."""
        for action in sorted(self.actions.values(), key=lambda each: each.ex_date):
            if action.state == "announced" and action.ex_date <= day:
                self.apply(action)
        super().begin_day(day)

    # what it makes of holdings

    def shares(self, action: Action) -> dict[str, Share]:
        """By account; nothing is changed."""
        return {
            account: self.share(action, account, holding)
            for (account, symbol), holding in list(self.stock.items())
            if symbol == action.instrument.symbol
        }

    def share(self, action: Action, account: str, holding: Holding) -> Share:
        """Trades after the ex-date are in new stock already; so is what a registry's figure of it or later tells."""
        settled, ladder, average = holding.settled, holding.ladder, holding.cost.average
        new = [each for each in holding.trades if not action.affects(each)]
        since = sum((each.signed(each.counts) for each in new), ZERO)
        entitled = holding.total - since
        if action.type == "dividend":
            amount = nearest(action.amount * entitled, action.instrument.currency.exponent)
            return Share(holding.total, settled, ladder.due, ladder.owed, average, amount)
        after = {day: self.scaled_item(action, holding, day) for day in ladder.items}
        incoming = sum((item.due for item in after.values()), ZERO)
        outgoing = sum((item.owed for item in after.values()), ZERO)
        if holding.loaded_as_of is not None and holding.loaded_as_of >= action.ex_date:
            total, lieu = settled + incoming - outgoing, ZERO
        else:
            whole = action.scaled(entitled)
            total, rest = whole + since, entitled * action.ratio - whole
            lieu = nearest(action.instrument.value(action.price, rest), action.instrument.currency.exponent)
        average = None if average is None or not total else average / action.ratio
        return Share(total, total - incoming + outgoing, incoming, outgoing, average, lieu)

    def scaled_item(self, action: Action, holding: Holding, day: date) -> Item:
        """What stands on a date scales as a whole, each way; what was traded in new stock stays as it is."""
        item = holding.ladder.items[day]
        new = [each for each in holding.open_on(day) if not action.affects(each)]
        owed = sum((max(ZERO, -each.open_stock) for each in new), ZERO)
        due = sum((max(ZERO, each.open_stock) for each in new), ZERO)
        return Item(owed + action.scaled(item.owed - owed), due + action.scaled(item.due - due))

    # into the books

    def apply(self, action: Action) -> None:
        action.state = "applied"
        shares = self.shares(action)
        before = self.found[action.id] = Before()
        cash = {account: self.available_cash(self.accounts[account], action.currency) for account in shares}
        stock = {account: self.available_stock(self.accounts[account], action.instrument) for account in shares}
        for account, share in shares.items():
            holding = self.stock[account, action.instrument.symbol]
            if action.type != "dividend" and (holding.trades or holding.settled or holding.total):
                before.holdings[account] = holding.copy()
                before.trades += [
                    (each, replace(each, through=[*each.through], steps=[*each.steps])) for each in holding.trades
                ]
                self.scale(action, account, holding, share)
            self.pay(action, account, share.amount)
            before.paid[account] = share.amount
        if action.type != "dividend":
            before.prices = action.instrument.reference_price, action.instrument.last
            action.instrument.reference_price = action.new_price(before.prices[0])
            action.instrument.last = ZERO
            self.applied.append(action)
            before.left = self.picture_of_stock(action.instrument)
        self.warn_below_zero(action, cash, stock)
        self.tell_orders(action)

    def scale(self, action: Action, account: str, holding: Holding, share: Share) -> None:
        rest, held = share.total - holding.total, [each for each in holding.trades if action.affects(each)]
        items = {day: self.scaled_item(action, holding, day) for day in holding.ladder.items}
        for day in {each.settle_date for each in held if each.in_ladder}:
            self.share_date(action, [each for each in holding.open_on(day) if action.affects(each)])
        for trade in held:
            if not trade.in_ladder:
                trade.settled_stock = action.scaled(trade.settled_stock)
                trade.go_through(action, action.scaled(trade.counts))
            rest -= trade.change_by(action)
        holding.ladder.items = {day: item for day, item in items.items() if item != Item()}
        change, holding.settled = share.settled - holding.settled, share.settled
        holding.history.insert(self.place_of(action, holding), Scaling(action, rest))
        self.moved.append((account, action.instrument.symbol, action.ex_date, change))

    def place_of(self, action: Action, holding: Holding) -> int:
        """In the history: before what was traded in new stock already."""
        new = [isinstance(each, Execution) and not action.affects(each) for each in holding.history]
        return max((at + 1 for at, is_new in enumerate(new) if not is_new), default=0)

    def share_date(self, action: Action, trades: list[Execution]) -> None:
        """What is open of the trades of a date, the newest first: each gets what it adds to the whole."""
        whole = {"buy": ZERO, "sell": ZERO}
        for trade in reversed(trades):
            way = "buy" if trade.side == "buy" else "sell"
            given = action.scaled(whole[way])
            whole[way] += trade.open_stock
            trade.settled_stock = action.scaled(trade.settled_stock)
            net = action.scaled(whole[way]) - given + trade.settled_stock
            trade.stock = Item(max(ZERO, -net), max(ZERO, net))
            trade.go_through(action, abs(net))

    def pay(self, action: Action, account: str, amount: Fraction) -> None:
        """A short holding pays."""
        if amount:
            self.book_movement(account, action.currency.code, amount)

    def warn_below_zero(self, action: Action, cash: dict[str, Fraction], stock: dict[str, Fraction]) -> None:
        for account in cash:
            owner = self.accounts[account]
            fell = self.available_cash(owner, action.currency) < 0 <= cash[account]
            short = self.available_stock(owner, action.instrument) < 0 <= stock[account] and not owner.short_allowed
            if fell or short:
                self.alerts.append("available_negative")

    # live orders

    def tell_orders(self, action: Action) -> None:
        """They are never rewritten: cancelled, or kept, flagged, until the exchange restates them."""
        if action.live_orders == "keep":
            return

        def fits(order: Order, by: str | None = None) -> bool:
            return order.instrument is action.instrument

        self.sweep(fits, "rejected", WITHDRAWN, cancels=action.live_orders == "cancel")
        if action.live_orders == "hold":
            for order in [each for each in self.orders if fits(each) and self.may_trade(each)]:
                if not order.flags & TO_BE_RESTATED:
                    order.flags |= TO_BE_RESTATED
                    self.alerts.append("order_to_be_restated")

    # taking it back

    def undo_corporate_action(self, id: str, reason: str = "", by: str | None = None) -> Result:
        """Exactly: stock only while nothing else has touched it; money of a dividend at any time."""
        self.alerts = []
        action = self.actions.get(id)
        if not self.operates_everywhere(by):
            return Result("permission_denied")
        if action is None:
            return Result("corporate_action_unknown")
        if action.state == "undone":
            return Result("corporate_action_repeated")
        applied, action.state = action.state == "applied", "undone"
        if applied and action.type != "dividend":
            if self.found[id].left != self.picture_of_stock(action.instrument):
                action.state = "applied"
                return Result("corporate_action_touched")
            self.put_back(action, self.found[id])
            self.applied.remove(action)
        if applied:
            for account, amount in self.found[id].paid.items():
                self.pay(action, account, -amount)
        for order in self.orders:
            if order.instrument is action.instrument:
                order.flags &= ~TO_BE_RESTATED
        return Result("ok", alerts=self.alerts)

    def put_back(self, action: Action, before: Before) -> None:
        what = action.instrument
        for account, holding in before.holdings.items():
            change = holding.settled - self.stock[account, what.symbol].settled
            self.stock[account, what.symbol] = holding
            self.moved.append((account, what.symbol, action.ex_date, change))
        for trade, was in before.trades:
            trade.stock, trade.settled_stock = was.stock, was.settled_stock
            trade.through, trade.steps = was.through, was.steps
        reference, last = before.prices
        if what.reference_price == action.new_price(reference):
            what.reference_price = reference
        what.last = what.last or last

    def picture_of_stock(self, instrument: Instrument) -> object:
        """What every trade, settlement, load, movement or action of the instrument would change."""
        mine = [order for order in self.orders if order.instrument is instrument]
        trades = [
            (each.exec_ids[-1], each.quantity, each.price, settled, each.settled_stock, replace(each.money))
            for order in mine
            for each in order.executions
            for settled in [each.settled and each.quantity > 0]  # of a trade that never was nothing settles
        ]
        moved = [each for each in self.moved if each[1] == instrument.symbol and each[3]]
        events = [len(row.history) for (_, symbol), row in self.stock.items() if symbol == instrument.symbol]
        actions = [each.id for each in self.applied if each.instrument is instrument]
        restated = [(order.request, len(order.restated_after)) for order in mine if order.flags & RESTATED]
        return (
            trades,
            len(moved),
            sum(events),
            actions,
            restated,
            [order.fee_items for order in mine if order.fee_items],
        )


def new_for_old(type: str, ratio: str | None) -> Fraction:
    """2, 2/1 or 2:1 = two for one; of a consolidation 10 or 1:10 = one for ten; of a bonus one more for each ten."""
    if ratio is None:
        return Fraction(1)
    told = Fraction(ratio.replace(":", "/"))
    if type == "bonus":
        return told + 1
    return 1 / told if type == "consolidation" and told > 1 else told
