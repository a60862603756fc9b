"""The always-on checks. Owns which rule a request breaks; never changes anything.

Each generator yields the name of every rule that is broken; the answer is the one that PRECEDENCE names first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from tests.oracle.numbers import ZERO, is_multiple
from tests.oracle.orders import NEEDS_PRICE, NEEDS_STOP, UNPRICED, Order, Terms
from tests.oracle.reference import SHORT, Account, Instrument
from tests.oracle.slips import Slips

PRECEDENCE = [
    "account_unknown",
    "permission_denied",
    "cl_ord_id_missing",
    "cl_ord_id_duplicate",
    "order_unknown",
    "order_too_late",
    "account_suspended",
    "account_closed",
    "account_not_reconciled",
    "instrument_unknown",
    "instrument_halted",
    "instrument_delisted",
    "trading_halted",
    "reduce_only",
    "session_not_open",
    "side_not_supported",
    "ord_type_not_supported",
    "time_in_force_not_supported",
    "expire_date_invalid",
    "order_qty_not_positive",
    "order_qty_off_lot",
    "order_qty_below_minimum",
    "order_qty_above_maximum",
    "price_missing",
    "price_not_allowed",
    "price_not_positive",
    "price_off_tick",
    "reference_price_missing",
    "price_outside_collar",
    "value_out_of_range",
    "value_below_minimum",
    "value_above_maximum",
    "limit_exceeded",
    "funds_insufficient",
    "stock_insufficient",
    "capacity_reached",
    "value_needs_authorisation",
    "instrument_needs_authorisation",
    "display_qty_invalid",
    "min_qty_invalid",
    "instrument_restricted",
    "duplicate_by_content",
    "crosses_own_order",
    "short_not_allowed",
    "locate_missing",
    "replace_pending",
    "move_id_taken",
    "move_owner_differs",
]

CONTROL_STATES = ("active", "reduce_only", "halted", "killed")
Hold = tuple[Fraction, Fraction]  # money and stock
OVERNIGHT = ("gtc", "gtd")


def first_of(failures: Iterable[str]) -> str:
    return min(failures, key=PRECEDENCE.index, default="ok")


class Checks(Slips):
    def may(self, by: str | None, account: Account, permission: str = "trade") -> bool:
        """Nobody named = the system itself, which may do everything."""
        if by is None:
            return True
        user = self.users[by]
        own = permission in user.permissions and by in account.users
        of_owner = f"{permission}_any" in user.permissions and user.owner in (0, account.owner)
        return user.active and (own or of_owner)

    def standing(self, by: str | None, account: Account) -> Iterator[str]:
        if account.status == "suspended":
            yield "account_suspended"
        if account.status == "closed":
            yield "account_closed"
        if account.unreconciled:
            yield "account_not_reconciled"

    def control_state(self, by: str | None, account: Account, instrument: Instrument) -> str:
        """The strictest of all that the order falls under."""
        states = [self.firm_control, account.control, instrument.control, instrument.exchange.control]
        return max([*states, "active" if by is None else self.users[by].control], key=CONTROL_STATES.index)

    def trading_state(self, by: str | None, order: Order, terms: Terms, needed: Hold | None) -> Iterator[str]:
        instrument = order.instrument
        if instrument.status == "halted":
            yield "instrument_halted"
        if instrument.status == "delisted":
            yield "instrument_delisted"
        state = self.control_state(by, order.account, instrument)
        if state in ("halted", "killed"):
            yield "trading_halted"
        if state == "reduce_only" and not self.reduces(order, terms, needed):
            yield "reduce_only"
        if instrument.exchange.session != "open":
            yield "session_not_open"

    def reduces(self, order: Order, terms: Terms, needed: Hold | None) -> bool:
        """A sale of what is there, a purchase of what is owed, or a change that holds no more than before."""
        if order.side == "sell":
            return True
        if order in self.orders and needed is not None:
            cash, stock = self.hold(order)
            if needed[0] <= cash and needed[1] <= stock:
                return True
        if order.side != "buy":
            return False
        owed = -self.stock[order.account.code, order.instrument.symbol].total
        others = [each for each in self.orders if self.same_place(each, order) and each.side == "buy"]
        bought = sum((self.most_leaves(each) for each in others if each is not order), ZERO)
        return owed > 0 and terms.order_qty - order.cum_qty + bought <= owed

    def most_leaves(self, order: Order) -> Fraction:
        """What an order may still trade, with the largest of what is asked for it."""
        asked = [request.terms.order_qty for request in order.pending if request.type == "replace"]
        if not order.closed:
            asked.append(order.terms.order_qty)
        return max([ZERO, *(quantity - order.cum_qty for quantity in asked)])

    def form(self, instrument: Instrument, terms: Terms, limit: Fraction | None) -> Iterator[str]:
        """What can be seen from the terms and the instrument alone; `limit` is the price that the client gave."""
        if terms.ord_type == "market" and terms.time_in_force in OVERNIGHT:
            yield "time_in_force_not_supported"
        if (terms.time_in_force == "gtd") != (terms.expire_date is not None) or (
            terms.expire_date is not None and terms.expire_date < self.today
        ):
            yield "expire_date_invalid"
        if terms.order_qty <= 0:
            yield "order_qty_not_positive"
        if not is_multiple(terms.order_qty, instrument.lot):
            yield "order_qty_off_lot"
        if instrument.min_qty and terms.order_qty < instrument.min_qty:
            yield "order_qty_below_minimum"
        if instrument.max_qty and terms.order_qty > instrument.max_qty:
            yield "order_qty_above_maximum"
        yield from self.prices(instrument, terms, limit)
        yield from self.parts(instrument, terms)

    def prices(self, instrument: Instrument, terms: Terms, limit: Fraction | None) -> Iterator[str]:
        """A type needs its prices, and takes no other."""
        if (limit is None and terms.ord_type in NEEDS_PRICE) or (
            terms.stop_px is None and terms.ord_type in NEEDS_STOP
        ):
            yield "price_missing"
        if (limit is not None and terms.ord_type in UNPRICED) or (
            terms.stop_px is not None and terms.ord_type not in NEEDS_STOP
        ):
            yield "price_not_allowed"
        for price in (limit, terms.stop_px):
            if price is not None and price <= 0:
                yield "price_not_positive"
            if price is not None and not is_multiple(price, instrument.tick):
                yield "price_off_tick"

    def parts(self, instrument: Instrument, terms: Terms) -> Iterator[str]:
        """What is shown of an order, and what it has to trade at least."""
        shown, least = terms.display_qty, terms.min_qty
        if shown is not None and not (
            instrument.lot <= shown <= terms.order_qty and is_multiple(shown, instrument.lot)
        ):
            yield "display_qty_invalid"
        if least is not None and not 0 < least <= terms.order_qty:
            yield "min_qty_invalid"

    def worth(
        self, account: Account, instrument: Instrument, side: str, terms: Terms, limit: Fraction | None
    ) -> Iterator[str]:
        """Price and value against the policy of the account's class; `terms.price` is the protected one."""
        policy = account.account_class
        reference, width = instrument.market_price, Fraction(policy.collar_bps, 10000)
        if not reference and limit is None and terms.ord_type not in NEEDS_PRICE:
            yield "reference_price_missing"
        if limit is not None and reference and width:
            if side == "buy" and limit > reference * (1 + width):
                yield "price_outside_collar"
            if side != "buy" and limit < reference * (1 - width):
                yield "price_outside_collar"
        if terms.price is None:
            return
        value = self.order_value(instrument, terms)
        if value < policy.min_order_value:
            yield "value_below_minimum"
        if policy.max_order_value and value > policy.max_order_value:
            yield "value_above_maximum"

    def permitted(self, order: Order) -> Iterator[str]:
        """The restricted list, and who may sell short."""
        if order.instrument.restricted:
            yield "instrument_restricted"
        if order.side in SHORT and not (order.account.short_allowed and order.instrument.short_allowed):
            yield "short_not_allowed"
        if order.side in SHORT and not order.locate:
            yield "locate_missing"

    def cover(self, order: Order, held: tuple[Fraction, Fraction], needed: tuple[Fraction, Fraction]) -> Iterator[str]:
        """Money and stock for what a request adds to a hold; one that adds nothing needs no cover."""
        cash, stock = (max(ZERO, new - old) for old, new in zip(held, needed, strict=True))
        if cash and self.available_cash(order.account, order.instrument.currency) < cash:
            yield "funds_insufficient"
        if stock and self.available_stock(order.account, order.instrument) < stock:
            yield "stock_insufficient"

    def desk(self, order: Order, terms: Terms, waited: Terms | None) -> Iterator[str]:
        """Why a request that passes everything else waits for a DTR; a check without its figure is one reason."""
        instrument, policy = order.instrument, order.account.account_class
        if policy.collar_bps and not instrument.market_price:
            yield "reference_price_missing"
        if (
            policy.auth_above_value
            and terms.price is not None
            and self.order_value(instrument, terms) > policy.auth_above_value
        ):
            yield "value_needs_authorisation"
        if instrument.authorise:
            yield "instrument_needs_authorisation"
        if policy.duplicate_window_s and waited is None and self.repeats(order, terms):
            yield "duplicate_by_content"
        if policy.cross_own == "desk" and self.meets_own(order, terms):
            yield "crosses_own_order"

    def vet(
        self,
        by: str | None,
        order: Order,
        terms: Terms,
        limit: Fraction | None,
        needed: tuple[Fraction, Fraction] | None = None,
        waited: Terms | None = None,
        whole: bool = False,
    ) -> tuple[list[str], list[str]]:
        """All that an order with these terms breaks, and all reasons to ask a DTR.

        `limit` is the price that the client gave, `terms.price` the one to hold at, `needed` the hold afterwards,
        `waited` the terms of a request that is vetted again. Limits and cover are looked at when nothing else is wrong,
        or when the `whole` of it is asked for.
        """
        account, instrument, side = order.account, order.instrument, order.side
        if needed is None and terms.price is not None:
            needed = self.hold(order, terms)
        broken = [
            *self.standing(by, account),
            *self.trading_state(by, order, terms, needed),
            *self.form(instrument, terms, limit),
            *self.worth(account, instrument, side, terms, limit),
            *self.permitted(order),
        ]
        if terms.price is None or (broken and not whole):
            return broken, [*self.desk(order, terms, waited)] if whole else []
        if self.over_limits(by, order, terms, waited):
            broken.append("limit_exceeded")
        held = self.hold(order) if order in self.orders else (ZERO, ZERO)
        broken += self.cover(order, held, needed)
        return broken, list(self.desk(order, terms, waited))
