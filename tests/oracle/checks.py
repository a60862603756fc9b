"""The always-on checks. Owns which rule a request breaks; never changes anything.

Each generator yields the name of every rule that is broken; the answer is the one that PRECEDENCE names first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from tests.oracle.ledger import Ledger
from tests.oracle.numbers import ZERO, is_multiple, upwards
from tests.oracle.orders import Order, Terms
from tests.oracle.reference import Account, Instrument

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
    "funds_insufficient",
    "stock_insufficient",
    "capacity_reached",
    "value_needs_authorisation",
    "instrument_needs_authorisation",
]

TIMES_IN_FORCE = {"limit": ("day", "gtc", "ioc", "fok", "gtd"), "market": ("day", "ioc", "fok")}


def first_of(failures: Iterable[str]) -> str:
    return min(failures, key=PRECEDENCE.index, default="ok")


class Checks(Ledger):
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
        if "halted" in (self.firm_control, account.control, self.user_control(by)):
            yield "trading_halted"

    def user_control(self, by: str | None) -> str:
        return "active" if by is None else self.users[by].control

    def trading_state(self, by: str | None, account: Account, instrument: Instrument, side: str) -> Iterator[str]:
        if instrument.status == "halted":
            yield "instrument_halted"
        if instrument.status == "delisted":
            yield "instrument_delisted"
        if "halted" in (instrument.control, instrument.exchange.control):
            yield "trading_halted"
        scopes = (
            self.firm_control,
            instrument.exchange.control,
            account.control,
            instrument.control,
            self.user_control(by),
        )
        if "reduce_only" in scopes and side == "buy":
            yield "reduce_only"
        if instrument.exchange.session != "open":
            yield "session_not_open"

    def form(self, instrument: Instrument, terms: Terms, limit: Fraction | None) -> Iterator[str]:
        """What can be seen from the terms and the instrument alone; `limit` is the price that the client gave."""
        if terms.ord_type not in TIMES_IN_FORCE:
            yield "ord_type_not_supported"
            return
        if terms.time_in_force not in TIMES_IN_FORCE[terms.ord_type]:
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
        if terms.ord_type == "limit" and limit is None:
            yield "price_missing"
        if terms.ord_type == "market" and limit is not None:
            yield "price_not_allowed"
        if limit is not None and limit <= 0:
            yield "price_not_positive"
        if limit is not None and not is_multiple(limit, instrument.tick):
            yield "price_off_tick"

    def worth(
        self, account: Account, instrument: Instrument, side: str, terms: Terms, limit: Fraction | None
    ) -> Iterator[str]:
        """Price and value against the policy of the account's class; `terms.price` is the protected one."""
        policy = account.account_class
        reference, width = instrument.market_price, Fraction(policy.collar_bps, 10000)
        if not reference and terms.ord_type == "market":
            yield "reference_price_missing"
        if limit is not None and reference and width:
            if side == "buy" and limit > reference * (1 + width):
                yield "price_outside_collar"
            if side == "sell" and limit < reference * (1 - width):
                yield "price_outside_collar"
        if terms.price is None:
            return
        value = self.order_value(instrument, terms)
        if value < policy.min_order_value:
            yield "value_below_minimum"
        if policy.max_order_value and value > policy.max_order_value:
            yield "value_above_maximum"

    def order_value(self, instrument: Instrument, terms: Terms) -> Fraction:
        """The whole order's value, as rules see it: against the account, as a hold."""
        return upwards(instrument.value(terms.price, terms.order_qty), instrument.currency.exponent)

    def cover(self, order: Order, held: tuple[Fraction, Fraction], needed: tuple[Fraction, Fraction]) -> Iterator[str]:
        """Money and stock for what a request adds to a hold; one that adds nothing needs no cover."""
        cash, stock = (max(ZERO, new - old) for old, new in zip(held, needed, strict=True))
        if cash and self.available_cash(order.account, order.instrument.currency) < cash:
            yield "funds_insufficient"
        if stock and self.available_stock(order.account, order.instrument) < stock:
            yield "stock_insufficient"

    def desk(self, account: Account, instrument: Instrument, terms: Terms) -> Iterator[str]:
        """Why a request that passes everything else waits for a DTR; a check without its figure is one reason."""
        policy = account.account_class
        if policy.collar_bps and not instrument.market_price:
            yield "reference_price_missing"
        if policy.auth_above_value and self.order_value(instrument, terms) > policy.auth_above_value:
            yield "value_needs_authorisation"
        if instrument.authorise:
            yield "instrument_needs_authorisation"

    def vet(
        self,
        by: str | None,
        order: Order,
        terms: Terms,
        limit: Fraction | None,
        needed: tuple[Fraction, Fraction] | None = None,
    ) -> tuple[list[str], list[str]]:
        """All that an order with these terms breaks, and all reasons to ask a DTR.

        `limit` is the price that the client gave, `terms.price` the one to hold at, `needed` the hold afterwards.
        """
        account, instrument, side = order.account, order.instrument, order.side
        broken = [
            *self.standing(by, account),
            *self.trading_state(by, account, instrument, side),
            *self.form(instrument, terms, limit),
            *self.worth(account, instrument, side, terms, limit),
        ]
        if terms.price is None:
            return broken, []
        held = self.hold(order) if order in self.orders else (ZERO, ZERO)
        broken += self.cover(order, held, needed or self.hold(order, terms))
        return broken, list(self.desk(account, instrument, terms))
