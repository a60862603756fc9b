"""One TOML file to frozen, strict settings: where the store is, who may connect, and the firm's reference data.

An unknown key is an error that names it. Nothing here opens a file but the configuration itself and credential files.
`docs/reference/configuration.md` is the annotated sample.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from oms import schema
from oms.enums import RenameOf
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.engine import Engine, Result

FILE_NAME = "oms.toml"
ENDPOINT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")  # also a file's name

Small = Annotated[int, msgspec.Meta(ge=0, le=255)]
Word = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=(1 << 31) - 1)]
Rows = Annotated[int, msgspec.Meta(ge=2, le=(1 << 32) - 1)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class Store(Strict, frozen=True):
    """Where what must not be lost is kept, and how safely. Paths are relative to the configuration's directory."""

    directory: str = "."  # holds journal/ and snapshots/
    durability: Literal["batch", "interval", "none"] = "batch"
    segment_bytes: Annotated[int, msgspec.Meta(ge=1 << 16, le=1 << 36)] = 128 << 20
    tables: str = ""  # directory of the mapped tables; empty = one of its own in shared memory
    snapshots_kept: Positive = 3
    busy_after_ms: Natural = 300  # a write to the journal that takes longer makes the process busy; 0 = none does
    archive: str = ""  # where journal segments go that snapshots stand in for; empty = they stay


class Following(Strict, frozen=True):
    """When `oms follower` writes a snapshot: whichever comes first, if anything has changed. 0 = not by that."""

    snapshot_records: Natural = 1_000_000  # since the last one
    snapshot_seconds: Natural = 300


class Bus(Strict, frozen=True):
    """What all endpoints have in common."""

    run_directory: str = ""  # of the socket files; empty = one of its own under the system's run directory
    heartbeat_ms: Positive = 1000
    silence_ms: Positive = 5000
    spin_us: Natural = 5  # the core spins so long before it sleeps
    core_cpu: Annotated[int, msgspec.Meta(ge=-1)] = -1  # the core's thread is pinned to this one; -1 = it is not
    lock_memory: bool = False  # nothing of the process is swapped out
    allow_remote: bool = False


class Endpoint(Strict, frozen=True):
    """One peer: its role, whose permissions it has, and for an adapter its feed."""

    role: Literal["client", "adapter", "operator"]
    user: str
    feed: str = ""
    url: str = ""  # empty = ipc in the run directory
    credential_file: str = ""  # its first line is what the peer must present
    certificate: str = ""  # certificate and key, for tls+tcp
    authority: str = ""
    max_rate: Natural | None = None  # records a second; None: 50 000 of a client, else all that come; 0 = all


class Currency(Strict, frozen=True):
    exponent: Small = 4
    holidays: tuple[str, ...] = ()
    calendar: str = ""  # of the library holidays: AU, AU-NSW, ECB


class Exchange(Strict, frozen=True):
    settlement_days: Small = 2
    feeds: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()
    calendar: str = ""  # of the library exchange_calendars: XASX
    compare: bool = True  # no new orders over a feed before its open orders are compared


class AccountClass(Strict, frozen=True):
    """Keyword names of Engine.define_class; fees: exchange or "*" → schedule."""

    receivable_days: Word = 0
    sell_unsettled: bool = True
    four_eyes: bool = True
    contractual: bool = False
    market_order_margin_bps: Word = 500
    collar_bps: Natural = 0
    min_order_value: str = "0"
    max_order_value: str = "0"
    auth_above_value: str = "0"
    buffer_timeout_s: Natural = 0
    break_tolerance: str = "0"
    duplicate_window_s: Word = 0
    cross_own: Literal["allow", "desk"] = "allow"
    chained_replaces: Literal["allow", "refuse"] = "allow"
    fees: dict[str, str] = {}


class FeeComponent(Strict, frozen=True):
    basis: Literal["value", "brokerage", "flat"] = "value"
    side: Literal["", "buy", "sell"] = ""
    rate_bps: str = "0"
    amount: str = "0"
    minimum: str = "0"
    maximum: str = "0"


class Fee(Strict, frozen=True):
    """The short form, or a list of components."""

    bps: str = "0"
    minimum: str = "0"
    tax_bps: str = "0"
    components: tuple[FeeComponent, ...] = ()


class User(Strict, frozen=True):
    permissions: tuple[str, ...] = ("trade",)
    owner: Word = 0
    max_value: str = "0"
    active: bool = True
    max_rate: Natural = 0  # new orders and replaces a second; 0 = as many as come
    cancel_on_disconnect: Annotated[int, msgspec.Meta(ge=0, le=60)] = 0  # seconds; 0 = its orders stay


class Limit(Strict, frozen=True):
    """Figures of one scope. None = whatever an operator has set; "0" = no limit."""

    order_value: str | None = None
    order_qty: str | None = None
    open_value: str | None = None
    gross_value: str | None = None
    net_value: str | None = None
    order_rate: Natural | None = None


class Limits(Strict, frozen=True):
    """By scope and name; keyword names of Engine.set_limit."""

    firm: Limit = Limit()
    account: dict[str, Limit] = {}
    instrument: dict[str, Limit] = {}  # SYMBOL, or SYMBOL@MIC
    user: dict[str, Limit] = {}

    def each(self) -> Iterator[tuple[str, str, Limit]]:
        """Scope, name and figures of each."""
        yield "firm", "", self.firm
        for scope in ("account", "instrument", "user"):
            yield from ((scope, name, limit) for name, limit in getattr(self, scope).items())


class Instrument(Strict, frozen=True):
    """What the firm says of an instrument that start of day brings. None = whatever the instruments file says."""

    restricted: bool | None = None  # no orders are taken


class Config(Strict, frozen=True):
    """The whole file. path: where it was read from."""

    environment: str = "test"
    store: Store = Store()
    follower: Following = Following()
    bus: Bus = Bus()
    capacities: dict[str, Rows] = {}  # rows, by table
    working_set: dict[str, Natural] = {}  # rows that get their memory at the start, by table
    currencies: dict[str, Currency] = {}
    exchanges: dict[str, Exchange] = {}
    custodians: tuple[str, ...] = ()  # feeds of banks and registries
    classes: dict[str, AccountClass] = {}
    fees: dict[str, Fee] = {}
    users: dict[str, User] = {}
    limits: Limits = Limits()
    instruments: dict[str, Instrument] = {}  # SYMBOL, or SYMBOL@MIC
    endpoints: dict[str, Endpoint] = {}
    path: str = ""

    @property
    def home(self) -> Path:
        """The directory that relative paths start from."""
        return Path(self.path).resolve().parent

    @property
    def directory(self) -> Path:
        """Where journal/ and snapshots/ are."""
        return (self.home / self.store.directory).resolve()

    @property
    def archive(self) -> Path | None:
        """Where old journal segments go."""
        return (self.home / self.store.archive).resolve() if self.store.archive else None

    @property
    def short(self) -> str:
        """A short name of this store, for directories outside of it."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]

    @property
    def tables(self) -> Path:
        """Where the live tables are mapped."""
        if self.store.tables:
            return (self.home / self.store.tables).resolve()
        return Path("/dev/shm") / f"oms-{os.getuid()}-{self.short}"

    @property
    def run_directory(self) -> Path:
        if self.bus.run_directory:
            return (self.home / self.bus.run_directory).resolve()
        return Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / f"oms-{os.getuid()}-{self.short}"

    def url(self, endpoint: str) -> str:
        """Where an endpoint listens."""
        return self.endpoints[endpoint].url or f"ipc://{self.run_directory}/{endpoint}.sock"

    def credential(self, endpoint: str) -> str:
        """What the endpoint's peer has to present; empty where the socket file's permissions are all there is."""
        name = self.endpoints[endpoint].credential_file
        if not name:
            return ""
        path = self.home / name
        if path.stat().st_mode & 0o077:
            raise OmsError("others can read a credential", where=str(path), remedy=f"chmod 600 {path}")
        return path.read_text().splitlines()[0].strip()

    def endpoint_for(self, role: str) -> str:
        """The first endpoint of a role. Raises OmsError when there is none."""
        for name, endpoint in self.endpoints.items():
            if endpoint.role == role:
                return name
        raise OmsError(
            f"no endpoint has the role {role}", where=self.path, remedy=f'add [endpoints.NAME] role = "{role}"'
        )


def load(path: str | Path) -> Config:
    """Reads a configuration. Raises OmsError that names the key or line that is wrong."""
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OmsError(f"cannot read the configuration: {error.strerror}", where=str(path)) from None
    try:
        config = msgspec.toml.decode(text, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        remedy = "docs/reference/configuration.md lists every key"
        raise OmsError(f"the configuration is not right: {error}", where=str(path), remedy=remedy) from None
    config = msgspec.structs.replace(config, path=str(path))
    _check(config)
    return config


def find(store: str | Path) -> Config | None:
    """The configuration that lies in a store's directory, if there is one."""
    path = Path(store) / FILE_NAME
    return load(path) if path.exists() else None


def _check(config: Config) -> None:
    """What names something else has to name something that is there."""
    tables = {table.name for table in schema.TABLES}
    for section, rows in (("capacities", config.capacities), ("working_set", config.working_set)):
        if unknown := sorted(set(rows) - tables):
            where, remedy = f"{config.path}, [{section}]", "docs/reference/tables.md lists them"
            raise OmsError(f"no table is called {', '.join(unknown)}", where=where, remedy=remedy)
    feeds = {feed for name, exchange in config.exchanges.items() for feed in exchange.feeds or (name,)}
    if twice := feeds.intersection(config.custodians):
        raise OmsError(f"the feed {sorted(twice)[0]!r} is an exchange's and a custodian's", where=config.path)
    feeds.update(config.custodians)
    for name, endpoint in config.endpoints.items():
        where = f"{config.path}, [endpoints.{name}]"
        if not ENDPOINT_NAME.fullmatch(name):
            raise OmsError("an endpoint's name is letters, digits, _ . - and 32 at most", where=where)
        if endpoint.user not in config.users:
            raise OmsError(f"no user is called {endpoint.user!r}", where=where, remedy=f"add [users.{endpoint.user}]")
        if (endpoint.role == "adapter") != (endpoint.feed != ""):
            raise OmsError("an adapter, and nobody else, has a feed", where=where)
        if endpoint.feed and endpoint.feed not in feeds:
            raise OmsError(
                f"no exchange or custodian has the feed {endpoint.feed!r}",
                where=where,
                remedy=f"known: {sorted(feeds)}",
            )
    users = [endpoint.user for endpoint in config.endpoints.values()]
    if twice := {user for user in users if users.count(user) > 1}:
        raise OmsError(f"two endpoints share the user {sorted(twice)[0]!r}: one of its own for each", where=config.path)
    for name in config.limits.user:
        if name not in config.users:
            where = f"{config.path}, [limits.user.{name}]"
            raise OmsError(f"no user is called {name!r}", where=where, remedy=f"add [users.{name}]")
    for name, kind in config.classes.items():
        for mic, fee in kind.fees.items():
            if fee not in config.fees or (mic != "*" and mic not in config.exchanges):
                raise OmsError(f"fees {mic} = {fee!r} names nothing", where=f"{config.path}, [classes.{name}]")


@contextmanager
def _part(config: Config, section: str, name: str) -> Iterator[None]:
    """An error inside names the part of the file that it is about."""
    try:
        yield
    except OmsError as error:
        raise OmsError(
            error.what, where=error.where or f"{config.path}, [{section}.{name}]", remedy=error.remedy
        ) from None


def _accepted(*results: Result) -> None:
    for result in results:
        if not result.ok:
            raise OmsError(f"refused: {result.status.name}", remedy="docs/reference/statuses.md explains it")


def _still_called(engine: Engine, code: str) -> None:
    """A currency that was renamed does not come back under its old code because an old file says it."""
    from oms.corporate import renamed

    if not (engine.rows("currency")["code"] == code.encode()).any():
        for old, new in renamed(engine, RenameOf.currency).items():
            if old == code:
                raise OmsError(f"the currency {old} was renamed to {new}", remedy=f"write {new} here")


def define(engine: Engine, config: Config) -> None:
    """Gives the engine the reference data of the configuration, unless it has it already: a restart changes nothing.

    Raises OmsError when the engine refuses a part of it.
    """
    parts = (config.currencies, config.exchanges, config.custodians, config.classes, config.fees, config.users)
    digest = hashlib.sha256(msgspec.json.encode(parts)).digest()
    if bytes(engine.rows("firm")[1]["config_digest"]) == digest:
        return
    for code, currency in config.currencies.items():
        with _part(config, "currencies", code):
            _still_called(engine, code)
            _accepted(engine.define_currency(code, currency.exponent, currency.holidays))
    for mic, exchange in config.exchanges.items():
        with _part(config, "exchanges", mic):
            feeds = exchange.feeds or None
            days, holidays = exchange.settlement_days, exchange.holidays
            _accepted(engine.define_exchange(mic, days, feeds, holidays, compare=exchange.compare))
    for name in config.custodians:
        _accepted(engine.define_custodian(name))
    for name, fee in config.fees.items():
        with _part(config, "fees", name):
            listed = [msgspec.structs.asdict(component) for component in fee.components]
            _accepted(engine.define_fee(name, listed, bps=fee.bps, minimum=fee.minimum, tax_bps=fee.tax_bps))
    for name, kind in config.classes.items():
        with _part(config, "classes", name):
            fields: dict[str, Any] = msgspec.structs.asdict(kind)
            fees = fields.pop("fees")
            _accepted(engine.define_class(name, **fields))
            for mic, schedule in fees.items():
                _accepted(engine.assign_fee(name, schedule, None if mic == "*" else mic))
    for name, user in config.users.items():
        with _part(config, "users", name):
            fields = msgspec.structs.asdict(user)
            _accepted(engine.define_user(name, fields.pop("permissions"), **fields))
    _accepted(engine.record("Configured", digest=list(digest)))
