"""Reference data of a scenario: sections of the file become definitions in the engine, at the start and while it runs.

Owns: what is defined already, the defaults, and which fees go with which class. A section that names something again
changes only the fields that it gives.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from oms import schema
from oms.engine import Engine, Result
from oms.errors import OmsError
from oms.scenario import words

if TYPE_CHECKING:
    from oms.scenario.world import World

Fields = dict[str, Any]

LOADED_BEFORE = timedelta(days=365)  # given balances are loaded as of long ago, out of the way of any start of day
USER_SETTINGS = ("max_value", "active", "max_rate", "cancel_on_disconnect")
TWIN = "~2"  # behind the exchange's name: the second feed that `--twice` reports over


class Given:
    """What a file has declared so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[str, dict[str, Fields]] = {section: {} for section in words.SECTIONS}
        self.policy: Fields = {}
        self.fees: dict[str, Any] = {}
        self.schedules: list[tuple[str, Any]] = []  # every fee schedule ever defined, by its name in the engine
        self.users: set[str] = set()
        self.open: set[str] = set()  # exchanges whose session is open unless a step says otherwise
        self.loaded: date = world.today - LOADED_BEFORE
        self.results: list[Result] = []  # of the definitions in progress
        self.running = False

    @property
    def engine(self) -> Engine:
        return self.world.engine

    def define(self, sections: Fields) -> list[Result]:
        """Adds or changes; returns what the engine said to each definition. Raises OmsError before anything runs."""
        self.results = []
        self.policy |= sections.get("policy", {})
        self.fees |= sections.get("fees", {})
        changed = {section: self.merge(section, sections.get(section, {})) for section in words.SECTIONS}
        for symbol in sections.get("restricted", ()):
            changed["instruments"] |= self.merge("instruments", {symbol: {"restricted": True}})
        for section, define in (
            ("currencies", self.currency),
            ("exchanges", self.exchange),
            ("users", self.user),
            ("instruments", self.instrument),
        ):
            for name, fields in changed[section].items():
                define(name, fields)
        for name in sections.get("custodians", ()):
            self.note(f"custodians.{name}", self.engine.define_custodian(name))
            self.world.sessions[name] = 1
            self.note(f"custodians.{name}", self.engine.open_feed(name, session_id=1))
        if sections.keys() & {"policy", "fees", "classes", "accounts", "exchanges"}:
            self.classes()
            self.assign_fees()
        for code, fields in changed["accounts"].items():
            self.account(code, fields)
        self.load(sections.get("accounts", {}))
        for limit in sections.get("limits", ()):
            self.limit(limit)
        return self.results

    def merge(self, section: str, items: dict[str, Fields]) -> dict[str, Fields]:
        known = self.known[section]
        for name, fields in items.items():
            known[name] = known.get(name, {}) | fields
        return {name: known[name] for name in items}

    def note(self, what: str, result: Result) -> None:
        """What is given must be taken; what changes later may be refused, and the step's answer says so."""
        if not result.ok and not self.running:
            raise OmsError(f"given: {what} is refused: {result.status.name}")
        self.results.append(result)

    def currency(self, code: str, fields: Fields) -> None:
        exponent, holidays = fields.get("exponent", 4), fields.get("holidays", ())
        self.note(f"currencies.{code}", self.engine.define_currency(code, exponent, holidays))

    def exchange(self, mic: str, fields: Fields) -> None:
        """The exchange with its feeds; those that are new are opened, and its session with them."""
        feeds = fields.get("feeds", [mic])
        second = [mic + TWIN] if self.world.twice else []
        days, holidays = fields.get("settlement_days", 2), fields.get("holidays", ())
        place = f"exchanges.{mic}"
        named = {"feeds": [*feeds, *second], "holidays": holidays, "compare": fields.get("compare", False)}
        self.note(place, self.engine.define_exchange(mic, days, **named))
        for feed in feeds:
            if feed not in self.world.sessions:
                self.world.sessions[feed] = 1
                self.note(f"{place}.feeds.{feed}", self.engine.open_feed(feed, session_id=1))
        if fields.get("session", "open") == "open" and mic not in self.open:
            self.open.add(mic)
            self.note(place, self.engine.session(mic, "open", trade_date=self.world.today))

    def instrument(self, symbol: str, fields: Fields) -> None:
        for name in words.INSTRUMENT.required:
            if name not in fields:
                raise OmsError(f"instruments.{symbol}: {name} is missing")
        self.note(f"instruments.{symbol}", self.engine.define_instrument(symbol, **fields))

    def user(self, name: str, fields: Fields) -> None:
        self.users.add(name)
        result = self.engine.define_user(
            name,
            fields.get("permissions", words.ROLES[fields.get("role", "operator")]),
            **{name: fields[name] for name in USER_SETTINGS if name in fields},
        )
        self.note(f"users.{name}", result)

    def user_known(self, name: str | None) -> str | None:
        """A user's name for `by`; one that the file does not declare may do everything."""
        if name is not None and name not in self.users:
            self.user(name, {"permissions": tuple(schema.PERMISSIONS)})
        return name

    def class_names(self) -> list[str]:
        accounts = self.known["accounts"].values()
        return sorted({"default", *self.known["classes"], *(fields.get("class", "default") for fields in accounts)})

    def classes(self) -> None:
        """Every class: the policy at the top under its own."""
        for name in self.class_names():
            policy = self.policy | self.known["classes"].get(name, {})
            policy.pop("overfill", None)  # facts are always booked
            policy["contractual"] = policy.pop("settlement", False)
            self.note(f"classes.{name}", self.engine.define_class(name, **policy))

    def assign_fees(self) -> None:
        """Each class gets the schedule of its name, else that of `default`; `class@MIC` is for one exchange."""
        names = self.class_names()
        for key, fee in self.fees.items():
            wanted, _, mic = key.partition("@")
            own = {name for name in names if (f"{name}@{mic}" if mic else name) in self.fees}
            schedule = self.schedule(key, fee)
            for name in names:
                if name == wanted or (wanted == "default" and name not in own):
                    self.note(f"fees.{key}", self.engine.assign_fee(name, schedule, mic or None))

    def schedule(self, key: str, fee: Any) -> str:
        """The name of the schedule; a schedule is never changed, so changed fees get a new one."""
        for name, defined in self.schedules:
            if name.split("#")[0] == key and defined == fee:
                return name
        versions = sum(name.split("#")[0] == key for name, _ in self.schedules)
        name = f"{key}#{versions + 1}" if versions else key
        self.schedules.append((name, fee))
        parts = {"components": fee} if isinstance(fee, list) else fee
        self.note(f"fees.{key}", self.engine.define_fee(name, **parts))
        return name

    def account(self, code: str, fields: Fields) -> None:
        first = next(iter([*fields.get("cash", ()), *self.known["currencies"]]), "")
        for name in fields.get("users", ()):
            self.user_known(name)
        result = self.engine.define_account(
            code,
            account_class=fields.get("class", "default"),
            currency=fields.get("currency", first),
            status=fields.get("status", "active"),
            short_allowed=fields.get("short_allowed", False),
            users=fields.get("users", ()),
        )
        self.note(f"accounts.{code}", result)
        for currency, margin in fields.get("margin", {}).items():
            self.note(f"accounts.{code}.margin", self.engine.set_margin(code, currency, margin))

    def limit(self, fields: Fields) -> None:
        scope = next(name for name in words.LIMITED if name in fields)
        code = "" if scope == "firm" else fields[scope]
        if scope == "user":
            self.user_known(code)
        self.note(f"limits: {fields['name']}", self.engine.set_limit(scope, code, fields["name"], fields["value"]))

    def load(self, accounts: dict[str, Fields]) -> None:
        """The given balances, as start-of-day files would bring them."""
        cash = [(code, ccy, amount) for code, item in accounts.items() for ccy, amount in item.get("cash", {}).items()]
        holdings = [
            (code, symbol, item["settled"], item.get("average_price"))
            for code, fields in accounts.items()
            for symbol, item in fields.get("holdings", {}).items()
        ]
        if cash:
            self.note("accounts: cash", self.engine.load_cash(self.loaded, cash, source="given"))
        if holdings:
            self.note("accounts: holdings", self.engine.load_holdings(self.loaded, holdings, source="given"))
        self.loaded += timedelta(days=1)
