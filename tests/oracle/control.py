"""Trading states, limits, kill and mass cancel. Owns what stops trading in a scope, and what that takes along."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracle.checks import CONTROL_STATES
from tests.oracle.limits import Figures
from tests.oracle.numbers import Number, exact
from tests.oracle.orders import WAITING, Order, Request
from tests.oracle.reference import Account, Exchange, Instrument, User
from tests.oracle.requests import Requests, Result

Scope = Callable[[Order, str | None], bool]  # an order, and who asked for what is to end


class Control(Requests):
    def control(self, scope: str, name: str | None = None, state: str = "active") -> Result:
        """Sets a state. A kill also cancels all that is live in the scope and withdraws what waits here."""
        assert state in CONTROL_STATES
        if scope == "firm":
            self.firm_control = state
        else:
            self.scoped(scope, name).control = state
        if state != "killed":
            return Result()
        result = self.sweep(self.described({scope: name}), "rejected", "withdrawn_by_kill")
        result.alerts.append("trading_killed")
        return result

    def set_limit(self, scope: str, name: str | None, limit: str, value: Number, by: str | None = None) -> Result:
        refused = self.limit_refused(scope, name, limit, value, by)
        if not refused:
            self.limited.setdefault((scope, name), Figures()).limits[limit] = exact(value)
        return Result(refused or "ok")

    def scoped(self, scope: str, name: str | None) -> Exchange | Account | Instrument | User:
        tables = {
            "exchange": self.exchanges,
            "account": self.accounts,
            "instrument": self.instruments,
            "user": self.users,
        }
        return tables[scope][name]

    def mass_cancel(
        self,
        account: str | None = None,
        instrument: str | None = None,
        exchange: str | None = None,
        side: str | None = None,
        user: str | None = None,
        by: str | None = None,
    ) -> Result:
        """Every order that all of these describe. A client who may not trade for all names an account of its own."""
        own = account is not None and self.may(by, self.accounts[account])
        everywhere = by is None or (self.users[by].active and "trade_any" in self.users[by].permissions)
        if not own and (account or not everywhere):
            return Result("permission_denied")
        named = {"account": account, "instrument": instrument, "exchange": exchange, "side": side, "user": user}
        return self.sweep(self.described(named), "cancelled", "cancelled_by_client")

    def described(self, named: dict[str, str | None]) -> Scope:
        def fits(order: Order, by: str | None) -> bool:
            what = {
                "account": order.account.code,
                "instrument": order.instrument.symbol,
                "exchange": order.instrument.exchange.mic,
                "side": order.side,
                "user": by,
            }
            return all(what[key] == value for key, value in named.items() if key != "firm" and value is not None)

        return fits

    def sweep(self, fits: Scope, status: str, reason: str, cancels: bool = True) -> Result:
        """What was never sent ends here; each order that can still trade gets one cancel."""
        before = len(self.sent)
        for request in self.unsent(fits):
            if request.status in WAITING:
                self.drop(request, status, reason)
        for order in self.uncancelled(fits) if cancels else []:
            self.cancel_here(order)
        return Result("ok", self.sent[before:])

    def unsent(self, fits: Scope) -> list[Request]:
        waiting = [each for each in self.requests.values() if each.status in WAITING and each.type != "cancel"]
        return [each for each in waiting if fits(each.order, each.by)]

    def uncancelled(self, fits: Scope) -> list[Order]:
        """What can trade, and has no cancel under way."""
        mine = [each for each in self.orders if fits(each, each.request.by) and self.may_trade(each)]
        return [each for each in mine if not any(request.type == "cancel" for request in each.pending)]

    def may_trade(self, order: Order) -> bool:
        reopening = any(request.type == "replace" and request.status not in WAITING for request in order.pending)
        return not order.closed or (order.filled and reopening)

    def cancel_here(self, order: Order) -> Request:
        """A cancel of the OMS's own: it has no name, and goes by that of its order."""
        request = Request(order.account, "", ("own", order), "cancel", None, self.time_ns, self.today, order=order)
        self.own_cancels += 1
        self.requests[order.account.code, f"own cancel {self.own_cancels}"] = request
        order.pending.append(request)
        self.route(request)
        return request
