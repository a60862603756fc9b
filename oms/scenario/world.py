"""The world of a scenario: an embedded engine with its journal, set up with what the file gives.

Owns: the engine, the reference data as it stands, which account an id belongs to, the clock and the restart.
Every change goes through the engine's public calls.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from oms import schema
from oms.engine import Engine, Result
from oms.errors import OmsError
from oms.scenario import words
from oms.scenario.exchange import Exchange

CAPACITIES = {
    "user": 256,
    "entitlement": 256,
    "account": 256,
    "instrument": 256,
    "cash": 512,
    "holding": 512,
    "cost_base": 512,
    "ladder": 512,
    "order": 512,
    "request": 1024,
    "execution": 1024,
    "movement": 1024,
    "load": 256,
    "stage": 1024,
    "settlement": 256,
    "parked": 256,
    "text": 16384,
}
LOADED_BEFORE = timedelta(days=365)  # given balances are loaded as of long ago, out of the way of any start of day
TWIN = "~2"  # behind the exchange's name: the second feed that `--twice` reports over


class World:
    """What a scenario plays in."""

    def __init__(self, given: dict[str, Any], journal: Path, *, twin: bool) -> None:
        self.journal = journal
        self.twin = twin
        self.capacities = CAPACITIES | given.get("capacities", {})
        self.engine = Engine(capacities=self.capacities, journal=journal)
        self.exchange = Exchange()
        self.today: date = given["business_date"]
        self.account_of: dict[str, str] = {}  # id → account
        self.reference: dict[str, dict[str, dict[str, Any]]] = {}
        self.policy: dict[str, Any] = {}
        self.fees: dict[str, Any] = {}
        self.owners: dict[str, int] = {}
        self.users: set[str] = set()
        self.prices: dict[str, dict[str, Any]] = {}  # instrument → last, bid, ask as they were told last
        self.day_breaks: list[dict[str, Any]] = []  # of the last start of day
        self.sessions: dict[str, int] = {}  # feed → the exchange's session that it is in
        self.follows: set[str] = set()  # exchanges that are open on every business date
        self.loaded = self.today - LOADED_BEFORE
        self.set_clock(datetime.combine(self.today, time(), UTC))
        self.expect_ok(self.engine.business_date(self.today), "business_date")
        self.define(given)

    def close(self) -> None:
        self.engine.close()

    def restart(self) -> None:
        """A new engine from the journal; the clock goes on."""
        now = self.engine.time_ns
        self.engine.close()
        self.engine = Engine(capacities=self.capacities, journal=self.journal)
        self.engine.time_ns = now

    def set_clock(self, when: datetime) -> None:
        """Moves the time to `when`. Raises OmsError when that is in the past."""
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
        time_ns = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
        if time_ns < self.engine.time_ns and self.engine.time_ns:
            raise OmsError(f"{when:%Y-%m-%d %H:%M:%S} is before the step's predecessor", remedy="time only goes on")
        self.engine.time_ns = time_ns

    def move_date(self, today: date) -> list[Result]:
        """The firm's date moves, and with it the trade date of exchanges that no step of the file drives."""
        results = [self.engine.business_date(today)]
        if results[0].status == 0:
            self.today = today
            midnight = datetime.combine(today, time(), UTC)
            if self.engine.time_ns < midnight.timestamp() * 1e9:
                self.set_clock(midnight)
            results += [self.engine.session(mic, "open", trade_date=today) for mic in sorted(self.follows)]
        return results

    # reference data

    def define(self, sections: dict[str, Any]) -> None:
        """Adds or changes reference data: what is not named stays as it is."""
        self.policy |= sections.get("policy", {})
        self.fees |= sections.get("fees", {})
        changed = {name: self.merge(name, sections.get(name, {})) for name in words.SECTIONS}
        define = {
            "currencies": self.define_currency,
            "exchanges": self.define_exchange,
            "users": self.define_user,
            "instruments": self.define_instrument,
        }
        for section, call in define.items():
            for name, fields in changed[section].items():
                call(name, fields)
        if sections.keys() & {"policy", "fees", "classes", "accounts", "exchanges"}:
            self.define_classes()
        for code, fields in changed["accounts"].items():
            self.define_account(code, fields)
        self.load(sections.get("accounts", {}))

    def merge(self, section: str, items: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        known = self.reference.setdefault(section, {})
        for name, fields in items.items():
            known[name] = known.get(name, {}) | fields
        return {name: known[name] for name in items}

    def define_currency(self, code: str, fields: dict[str, Any]) -> None:
        self.expect_ok(
            self.engine.define_currency(code, fields.get("exponent", 4), fields.get("holidays", ())),
            f"currencies.{code}",
        )

    def define_exchange(self, mic: str, fields: dict[str, Any]) -> None:
        feeds = [*fields.get("feeds", [mic]), *([mic + TWIN] if self.twin else [])]
        days = fields.get("settlement_days", 2)
        self.expect_ok(
            self.engine.define_exchange(mic, days, feeds=feeds, holidays=fields.get("holidays", ())), f"exchanges.{mic}"
        )
        for feed in fields.get("feeds", [mic]):
            if feed not in self.sessions:
                self.sessions[feed] = 1
                self.expect_ok(self.engine.open_feed(feed, session_id=1), f"feed {feed}")
        if fields.get("session", "open") == "open":
            self.follows.add(mic)
            self.expect_ok(self.engine.session(mic, "open", trade_date=self.today), f"exchanges.{mic}")

    def define_instrument(self, symbol: str, fields: dict[str, Any]) -> None:
        self.expect_ok(self.engine.define_instrument(symbol, **fields), f"instruments.{symbol}")

    def define_user(self, name: str, fields: dict[str, Any]) -> None:
        self.users.add(name)
        permissions = fields.get("permissions", words.ROLES[fields.get("role", "operator")])
        self.expect_ok(
            self.engine.define_user(
                name,
                permissions,
                owner=self.owner(fields),
                max_value=fields.get("max_value", 0),
                active=fields.get("active", True),
            ),
            f"users.{name}",
        )

    def define_classes(self) -> None:
        """Every class with the policy at the top under its own, and the fees of its name, else those of `default`."""
        accounts = self.reference.get("accounts", {}).values()
        own = self.reference.get("classes", {})
        names = {"default", *own, *(fields.get("class", "default") for fields in accounts)}
        for name in sorted(names):
            policy = {key: value for key, value in (self.policy | own.get(name, {})).items() if key != "overfill"}
            policy["contractual"] = policy.pop("settlement", False)
            self.expect_ok(self.engine.define_class(name, **policy), f"classes.{name}")
        for key, fee in self.fees.items():
            parts = {"components": fee} if isinstance(fee, list) else fee
            self.expect_ok(self.engine.define_fee(key, **parts), f"fees.{key}")
            account_class, _, mic = key.partition("@")
            without = {name for name in names if f"{name}@{mic}".rstrip("@") not in self.fees}
            for name in sorted(without | {account_class} if account_class == "default" else {account_class}):
                self.expect_ok(self.engine.assign_fee(name, key, mic or None), f"fees.{key}")

    def define_account(self, code: str, fields: dict[str, Any]) -> None:
        currency = fields.get(
            "currency", next(iter([*fields.get("cash", ()), *self.reference.get("currencies", ())]), "")
        )
        for user in fields.get("users", ()):
            self.user(user)
        result = self.engine.define_account(
            code,
            account_class=fields.get("class", "default"),
            currency=currency,
            owner=self.owner(fields),
            status=fields.get("status", "active"),
            users=fields.get("users", ()),
        )
        self.expect_ok(result, f"accounts.{code}")
        for currency, margin in fields.get("margin", {}).items():
            self.expect_ok(self.engine.set_margin(code, currency, margin), f"accounts.{code}.margin.{currency}")

    def load(self, accounts: dict[str, dict[str, Any]]) -> None:
        """The given balances, as start-of-day files would bring them."""
        cash = [(code, ccy, amount) for code, item in accounts.items() for ccy, amount in item.get("cash", {}).items()]
        holdings = [
            (code, symbol, item["settled"], item.get("average_price"))
            for code, fields in accounts.items()
            for symbol, item in fields.get("holdings", {}).items()
        ]
        if cash:
            self.expect_ok(self.engine.load_cash(self.loaded, cash, source="given"), "accounts: cash")
        if holdings:
            self.expect_ok(self.engine.load_holdings(self.loaded, holdings, source="given"), "accounts: holdings")
        self.loaded += timedelta(days=1)

    def user(self, name: str | None) -> str | None:
        """A user's name for `by`; one that the file does not declare may do everything."""
        if name is not None and name not in self.users:
            self.define_user(name, {"permissions": tuple(schema.PERMISSIONS)})
        return name

    def owner(self, fields: dict[str, Any]) -> int:
        name = fields.get("owner")
        return self.owners.setdefault(name, len(self.owners) + 1) if name else 0

    def account_for(self, f: dict[str, Any]) -> str:
        """The account that a request or report means: its own word, else that of the id. Raises OmsError."""
        for name in (f.get("cl_ord_id"), f.get("orig_cl_ord_id")):
            if "account" not in f and name in self.account_of:
                f["account"] = self.account_of[name]
        accounts = self.reference.get("accounts", {})
        if "account" not in f and len(accounts) == 1:
            f["account"] = next(iter(accounts))
        if "account" not in f:
            raise OmsError(f"no step made {f.get('orig_cl_ord_id', f['cl_ord_id'])}", remedy="name its account")
        code: str = f["account"]
        self.account_of.setdefault(f["cl_ord_id"], code)
        return code

    def feed_of(self, f: dict[str, Any]) -> str:
        """The feed that a report comes over when it names none: the first one of its instrument's exchange."""
        exchanges = self.reference["exchanges"]
        instrument = self.reference["instruments"].get(f.get("instrument", ""), {})
        mic = instrument.get("exchange", next(iter(exchanges)))
        first: str = exchanges[mic].get("feeds", [mic])[0]
        return first

    def expect_ok(self, result: Result | None, what: str) -> None:
        if result is not None and result.status != 0:
            raise OmsError(f"{what} was refused: {result.status.name}")
