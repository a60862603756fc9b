"""Reference data for the embedded engine: definitions in human values, and the numbers behind names.

A mixin of Engine: it makes records and looks rows up; it holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oms import records, schema
from oms.enums import CalendarOf, FeeBasis
from oms.errors import OmsError
from oms.order_entry import UNKNOWN_EXPONENTS
from oms.values import Amount, Day, basis_points, to_day, to_units

if TYPE_CHECKING:
    from oms._core.engine import Core
    from oms.engine import Result

DEFAULT_CLASS = "default"
EXCHANGE_DAYS = 255


class Reference:
    """What defines the firm's world."""

    core: Core

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def rows(self, table: str) -> Any: ...
        def find(self, table: str, field: str, code: str, what: str) -> int: ...
        def currency_slot(self, code: str) -> int: ...
        def exchange_slot(self, mic: str) -> int: ...
        def user_slot(self, name: str) -> int: ...
        def account_slot(self, code: str, owner: int = 0) -> int: ...
        def instrument_slot(self, symbol: str) -> int: ...
        def exponents(self, instrument: int) -> tuple[int, int]: ...

    def define_currency(self, code: str, exponent: int = 4, holidays: Iterable[Day] = ()) -> Result:
        """A currency with the decimals of its money, and the days on which it does not settle."""
        result = self.record("DefineCurrency", code=padded(code, 8, "currency"), exponent=exponent)
        return self._holidays(result, CalendarOf.currency, holidays, lambda: self.currency_slot(code))

    def define_exchange(
        self,
        mic: str,
        settlement_days: int = 2,
        feeds: Iterable[str] | None = None,
        holidays: Iterable[Day] = (),
        *,
        compare: bool = False,
    ) -> Result:
        """An exchange with its T+n and its feeds in order of preference (one of its own name unless said). compare: a
        feed that opens takes new orders and replaces only when the exchange's open orders have been compared since."""
        code = padded(mic, 8, "exchange")
        result = self.record("DefineExchange", mic=code, settlement_days=settlement_days, compare=int(compare))
        for feed in (mic,) if feeds is None else feeds:
            if result.ok:
                name = padded(feed, 32, "feed")
                result = self.record("DefineFeed", name=name, exchange=self.exchange_slot(mic))
        return self._holidays(result, CalendarOf.exchange, holidays, lambda: self.exchange_slot(mic))

    def _holidays(self, result: Result, of: CalendarOf, days: Iterable[Day], number: Any) -> Result:
        for day in days:
            if result.ok:
                result = self.record("DefineHoliday", of=int(of), number=number(), date=to_day(day))
        return result

    def define_custodian(self, name: str) -> Result:
        """A feed without an exchange: a bank's, or a registry's."""
        return self.record("DefineFeed", name=padded(name, 32, "feed"), exchange=0)

    def define_class(
        self,
        name: str,
        *,
        receivable_days: int = 0,
        sell_unsettled: bool = True,
        four_eyes: bool = True,
        contractual: bool = False,
        market_order_margin_bps: int = 500,
        collar_bps: int = 0,
        min_order_value: Amount = 0,
        max_order_value: Amount = 0,
        auth_above_value: Amount = 0,
        buffer_timeout_s: int = 0,
        break_tolerance: Amount = 0,
        duplicate_window_s: int = 0,
        cross_own: str = "allow",
        chained_replaces: str = "allow",
    ) -> Result:
        """An account class with its policies. Values are in each order's own currency, four decimals; 0 = no limit.

        duplicate_window_s: the same order again within so many seconds goes to the desk. cross_own: allow, or desk for
        one that would meet the account's own. chained_replaces: allow, or refuse one while another is unanswered."""
        return self.record(
            "DefineClass",
            name=padded(name, 24, "class"),
            receivable_days=receivable_days,
            sell_unsettled=int(sell_unsettled),
            four_eyes=int(four_eyes),
            contractual=int(contractual),
            market_order_margin_bps=market_order_margin_bps,
            collar_bps=collar_bps,
            min_order_value=to_units(min_order_value, 4, "min_order_value"),
            max_order_value=to_units(max_order_value, 4, "max_order_value"),
            auth_above_value=to_units(auth_above_value, 4, "auth_above_value"),
            buffer_timeout_s=buffer_timeout_s,
            break_tolerance=to_units(break_tolerance, 4, "break_tolerance"),
            duplicate_window_s=duplicate_window_s,
            cross_own=self.number("CrossOwn", cross_own),
            chained_replaces=self.number("ChainedReplaces", chained_replaces),
        )

    def define_fee(
        self,
        name: str,
        components: Iterable[Mapping[str, Any]] = (),
        *,
        bps: Amount = 0,
        minimum: Amount = 0,
        tax_bps: Amount = 0,
    ) -> Result:
        """A fee schedule. components: side (buy, sell or None), basis (value, brokerage, flat), rate_bps, amount,
        minimum, maximum. The short form: brokerage of `bps` with a minimum an order, and a tax on it."""
        listed = list(components)
        if not listed:
            if bps or minimum:
                listed.append({"basis": "value", "rate_bps": bps, "minimum": minimum})
            if tax_bps:
                listed.append({"basis": "brokerage", "rate_bps": tax_bps})
        if len(listed) > schema.FEE_COMPONENTS:
            raise OmsError(f"fee {name} has {len(listed)} components: {schema.FEE_COMPONENTS} at most")

        def each(key: str) -> list[int]:
            return [to_units(component.get(key) or 0, 4, key) for component in listed]

        return self.record(
            "DefineFee",
            name=padded(name, 24, "fee"),
            count=len(listed),
            side=[self.character("Side", c.get("side")) for c in listed],
            basis=[int(FeeBasis[c.get("basis", "value")]) for c in listed],
            rate_e8=[basis_points(c.get("rate_bps") or 0) for c in listed],
            amount=each("amount"),
            minimum=each("minimum"),
            maximum=each("maximum"),
        )

    def assign_fee(self, account_class: str, schedule: str, exchange: str | None = None) -> Result:
        """Gives a class its schedule, at one exchange or at every one that has none of its own."""
        return self.record(
            "AssignFee",
            account_class=self.class_slot(account_class),
            exchange=self.exchange_slot(exchange) if exchange else 0,
            schedule=self.find("fee", "name", schedule, "fee schedule"),
        )

    def define_user(
        self,
        name: str,
        permissions: Iterable[str] = ("trade",),
        *,
        owner: int = 0,
        max_value: Amount = 0,
        active: bool = True,
        max_rate: int = 0,
        cancel_on_disconnect: int = 0,
    ) -> Result:
        """A person or service with what it may do. owner 0 = all; max_value: what it may authorise, 0 = no limit.
        max_rate: new orders and replaces a second, 0 = as many as come. cancel_on_disconnect: seconds (60 at most)
        after the end of its session, then its orders are cancelled; 0 = they stay."""
        bits = 0
        for permission in permissions:
            if permission not in schema.PERMISSIONS:
                raise OmsError(
                    f"no permission is called {permission!r}", remedy=f"known: {', '.join(schema.PERMISSIONS)}"
                )
            bits |= schema.PERMISSIONS[permission]
        return self.record(
            "DefineUser",
            name=padded(name, 32, "user"),
            permissions=bits,
            owner=owner,
            max_value=to_units(max_value, 4, "max_value"),
            active=int(active),
            max_rate=max_rate,
            cancel_on_disconnect=cancel_on_disconnect,
        )

    def define_account(
        self,
        code: str,
        *,
        account_class: str = DEFAULT_CLASS,
        currency: str = "AUD",
        owner: int = 0,
        status: str = "active",
        name: str = "",
        attributes: str = "",
        short_allowed: bool = False,
        users: Iterable[str] = (),
    ) -> Result:
        """A trading account; `users` are its own people."""
        result = self.record(
            "DefineAccount",
            code=padded(code, 32, "account"),
            owner=owner,
            account_class=self.class_slot(account_class),
            currency=self.currency_slot(currency),
            status=self.number("AccountStatus", status),
            short_allowed=int(short_allowed),
            name=name,
            attributes=attributes,
        )
        for user in users:
            if result.ok:
                result = self.record("Entitle", account=self.account_slot(code, owner), user=self.user_slot(user))
        return result

    def define_instrument(
        self,
        symbol: str,
        *,
        exchange: str,
        currency: str,
        price_exponent: int = 4,
        quantity_exponent: int = 0,
        tick: Amount | None = None,
        lot: Amount | None = None,
        min_qty: Amount = 0,
        max_qty: Amount = 0,
        multiplier: int = 1,
        price_factor: tuple[int, int] = (1, 1),
        settlement_days: int | None = None,
        reference_price: Amount = 0,
        status: str = "tradable",
        authorise: bool = False,
        restricted: bool = False,
        price_may_be_negative: bool = False,
        short_allowed: bool = False,
        short_margin_bps: int = 0,
        isin: str = "",
        cfi: str = "",
    ) -> Result:
        """An instrument. tick and lot: None = one unit; price_factor (1, 100) for a price in pence; min_qty, max_qty
        and reference_price: 0 = none; settlement_days: None = the exchange's. restricted: no orders are taken;
        price_may_be_negative: a limit of zero or less is; short_margin_bps: cash that a short sale holds, of its
        value."""
        return self.record(
            "DefineInstrument",
            symbol=padded(symbol, 24, "instrument"),
            isin=padded(isin, 16, "isin"),
            cfi=padded(cfi, 8, "cfi"),
            exchange=self.exchange_slot(exchange),
            currency=self.currency_slot(currency),
            price_exponent=price_exponent,
            quantity_exponent=quantity_exponent,
            settlement_days=EXCHANGE_DAYS if settlement_days is None else settlement_days,
            status=self.number("InstrumentStatus", status),
            tick=1 if tick is None else to_units(tick, price_exponent, "tick"),
            lot=1 if lot is None else to_units(lot, quantity_exponent, "lot"),
            min_qty=to_units(min_qty, quantity_exponent, "min_qty"),
            max_qty=to_units(max_qty, quantity_exponent, "max_qty"),
            multiplier=multiplier,
            price_factor_numerator=price_factor[0],
            price_factor_denominator=price_factor[1],
            reference_price=to_units(reference_price, price_exponent, "reference_price"),
            authorise=int(authorise),
            restricted=int(restricted),
            price_may_be_negative=int(price_may_be_negative),
            short_allowed=int(short_allowed),
            short_margin_bps=short_margin_bps,
        )

    # names to numbers

    def class_slot(self, name: str) -> int:
        return self.find("account_class", "name", name, "account class")

    def feed_slot(self, name: str) -> int:
        return self.find("feed", "name", name, "feed")

    def feed_for(self, name: str | None, instrument: int) -> int:
        """A feed by name, else the first one of the instrument's exchange; 0 when neither is known."""
        if name:
            return self.feed_slot(name)
        exchange = int(self.rows("instrument")["exchange"][instrument]) if instrument else 0
        if not exchange:
            return 1 if len(self.rows("feed")) > 1 else 0
        return int(self.rows("exchange")["first_feed"][exchange])

    def account_or_zero(self, code: str) -> int:
        """The account's number; 0, which no account has, when it is unknown: the engine's answer tells."""
        return self.core.find("account", code, 0) if isinstance(code, str) else 0

    def instrument_or_zero(self, symbol: str) -> int:
        try:
            return self.instrument_slot(symbol)
        except OmsError:
            return 0

    def instrument_of(self, account: str, cl_ord_id: str) -> int:
        """The instrument of the order that a request belongs to; 0 when it has none."""
        slot = self.core.find("request", cl_ord_id, self.account_or_zero(account))
        order = int(self.rows("request")["order"][slot]) if slot else 0
        return int(self.rows("order")["instrument"][order]) if order else 0

    def instrument_named(self, feed: int, order_id: str) -> int:
        """The instrument of the order that the feed's exchange calls so; 0 when it is unknown."""
        order = self.core.find("order", order_id, int(self.rows("feed")["exchange"][feed]))
        return int(self.rows("order")["instrument"][order]) if order else 0

    def instrument_traded(self, feed: int, exec_id: str) -> int:
        """The instrument of the newest trade that the feed's exchange calls so; 0 when it is unknown."""
        trades = self.rows("execution")
        there = (trades["exchange"] == self.rows("feed")["exchange"][feed]).nonzero()[0]
        for row in there[::-1].tolist():
            if self.core.text(int(trades["exec_id"][row])) == exec_id:
                return int(trades["instrument"][row])
        return 0

    def handle_of(self, account: str, cl_ord_id: str) -> int:
        """The handle of a request; 0 when it is unknown."""
        slot = self.core.find("request", cl_ord_id, self.account_or_zero(account))
        return int(self.rows("request")["generation"][slot]) << 32 | slot if slot else 0

    def character(self, enum: str, value: str | None) -> int:
        """The FIX character of a catalogue word; 0 for None; another single character passes, for the core to
        refuse."""
        if value is None or value == "":
            return 0
        if value in records.ENUMS[enum]:
            return records.ENUMS[enum][value]
        if len(value) == 1:
            return ord(value)
        raise OmsError(f"{enum} has no value {value!r}", remedy=f"known: {', '.join(records.ENUMS[enum])}")

    def number(self, enum: str, value: str) -> int:
        if value not in records.ENUMS[enum]:
            raise OmsError(f"{enum} has no value {value!r}", remedy=f"known: {', '.join(records.ENUMS[enum])}")
        return records.ENUMS[enum][value]

    def open_order_fields(self, exchange: int, order: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of an OpenOrder record from human values; an instrument or account that is not known goes by its
        code."""
        instrument = self.instrument_or_zero(order.get("instrument", ""))
        account = order.get("account", "")
        if not instrument and order.get("cl_ord_id"):
            instrument = self.instrument_of(account, order["cl_ord_id"])
        prices, quantities = self.exponents(instrument) if instrument else UNKNOWN_EXPONENTS
        number = self.account_or_zero(account)
        return {
            "exchange": exchange,
            "request": self.handle_of(account, order["cl_ord_id"]) if order.get("cl_ord_id") else 0,
            "account": number,
            "instrument": instrument,
            "symbol": "" if instrument else order.get("instrument", ""),
            "account_code": "" if number else account,
            "side": self.character("Side", order.get("side")),
            "ord_type": self.character("OrdType", order.get("ord_type", "limit")),
            "time_in_force": self.character("TimeInForce", order.get("time_in_force", "day")),
            "order_qty": to_units(order.get("order_qty", 0), quantities, "order_qty"),
            "cum_qty": to_units(order.get("cum_qty", 0), quantities, "cum_qty"),
            "price": to_units(order.get("price", 0), prices, "price"),
            "expire_date": to_day(order.get("expire_date")),
            "order_id": order.get("order_id", ""),
            "cl_ord_id": order.get("cl_ord_id", ""),
        }


def padded(code: str, size: int, what: str) -> bytes:
    """A code as bytes. Raises OmsError when it does not fit: codes are never cut."""
    raw = code.encode()
    if len(raw) > size:
        raise OmsError(f"{what} {code!r} has {len(raw)} bytes: {size} at most")
    return raw
