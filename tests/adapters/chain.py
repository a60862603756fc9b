"""Client, OMS, exchange and trade feed as processes in one directory, for tests that kill them.

Owns their settings and their ends, the random requests, and what has to agree when all is over: per account, what the
exchange traded = what the OMS booked = what the trade feed wrote.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from oms import config as configuration
from oms.adapters.trade_rows import LiveRows
from oms.client import Client
from oms.engine import Engine
from oms.enums import RequestStatus, SessionState
from oms.errors import OmsError
from oms.views import attach
from tests.adapters.stand_in import wait_until

ROOT = Path(__file__).parents[2]
CONFIG = """
environment = "test"
[store]
durability = "none"
segment_bytes = 4194304
[bus]
run_directory = "{run}"
heartbeat_ms = 100
[capacities]
account = 1024
cash = 1024
holding = 4096
order = 16384
request = 32768
execution = 32768
text = 262144
[currencies]
AUD = {{ exponent = 4 }}
[exchanges.XTST]
settlement_days = 2
[classes.retail]
fees = {{ "*" = "standard" }}
[fees.standard]
bps = "11"
minimum = "1"
[users.client1]
permissions = ["trade_any"]
[users.adapter1]
permissions = ["report"]
[endpoints.client1]
role = "client"
user = "client1"
[endpoints.XTST]
role = "adapter"
user = "adapter1"
feed = "XTST"
"""
INSTRUMENTS = """#kind=instruments,as_of=2026-11-20,source=TEST,rows=2
symbol,exchange,currency,price_exponent,reference_price,tick
ABC,XTST,AUD,4,10,0.01
XYZ,XTST,AUD,4,5,0.01
"""
SYMBOLS = {"ABC": 1000, "XYZ": 500}  # reference price in ticks
ACCOUNTS = [f"ACC-{number}" for number in range(20)]


class Chain:
    """The processes, and a directory for each to remember in. exchange: the process that an exchange's trainer types
    to. A subclass may have others."""

    exchange = "simulator"
    config_text = CONFIG

    def __init__(self, directory, run):
        self.directory = directory
        self.path = directory / "oms.toml"
        self.path.write_text(self.config_text.format(run=run))
        (directory / "instruments.csv").write_text(INSTRUMENTS)
        self.config = configuration.load(self.path)
        self.fed = directory / "trades.jsonl"
        self.options = {
            "serve": ["--config", self.path],
            "simulator": [
                *("--config", self.path, "--exchange", "XTST", "--dir", directory / "XTST", "--date", "2026-11-23"),
                *("--instruments", directory / "instruments.csv", "--durability", "none", "--house-ms", "50"),
                *("--pending", "--delay-us", "300"),
            ],
            "trade-feed": ["--config", self.path, "--out", self.fed],
        }
        self.commands = {}  # of the processes that go by another name
        self.children = {}
        (directory / "run").mkdir()
        run.chmod(0o700)
        self.prepare()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def prepare(self):
        """Reference data and cover for everybody, in the journal."""
        with Engine(self.config.capacities, journal=self.config.directory / "journal", clock=time.time_ns) as engine:
            configuration.define(engine, self.config)
            engine.business_date("2026-11-23")
            for symbol, ticks in SYMBOLS.items():
                price = Decimal(ticks).scaleb(-2)
                engine.define_instrument(symbol, exchange="XTST", currency="AUD", tick="0.01", reference_price=price)
            for account in ACCOUNTS:
                engine.define_account(account, account_class="retail", currency="AUD")
                engine.deposit(account, "AUD", 10_000_000, f"open {account}")
                for symbol in SYMBOLS:
                    engine.adjust(account, symbol, 100_000, f"open {account} {symbol}", "opening")

    def command(self, name):
        return [sys.executable, "-m", "oms", self.commands.get(name, name), *map(str, self.options[name])]

    def start(self, name, *more):
        command = [*self.command(name), *more]
        with (self.directory / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )

    def kill(self, name):
        assert self.children[name].poll() is None, (self.directory / f"{name}.log").read_text()
        child = self.children.pop(name)
        child.kill()
        child.communicate()

    def end(self):
        """Ends what runs, the OMS last, and closes the pipes also of what has ended by itself."""
        for name in sorted(self.children, key="serve".__eq__):
            child = self.children[name]
            child.terminate()
            child.communicate(timeout=60)

    def views(self):
        return attach(self.config.tables)

    def is_open(self):
        """Whether the OMS serves, its exchange is connected and its session open."""
        if any(child.poll() is not None for child in self.children.values()):
            raise AssertionError("\n".join(path.read_text() for path in self.directory.glob("*.log")))
        try:
            views = self.views()
            safe = int(views.header("execution")["safe"])
            return (
                safe > 0
                and int(views.rows("exchange")["session_state"][1]) == 1
                and int(views.rows("feed")["state"][1]) == 1
            )
        except (OmsError, IndexError):
            return False


def trader(chain):
    """A client that sends a random day and remembers what is open, in its own words."""
    return Client(
        chain.config.url("client1"), name="client1", environment="test", window=256, heartbeat_ms=100, timeout_s=30
    )


def send_some(client, chance, names, count):
    """Requests on random accounts: new orders near the reference price, replaces, cancels."""
    for _ in range(count):
        number = len(names) + 1
        account = chance.choice(ACCOUNTS)
        if number > 20 and chance.random() < 0.3:
            account, orig, symbol = chance.choice(list(names.values())[-200:])
            if chance.random() < 0.5:
                client.replace(account, f"C{number}", orig, symbol, order_qty=chance.randint(1, 90))
            else:
                client.cancel(account, f"C{number}", orig)
        else:
            symbol = chance.choice(list(SYMBOLS))
            side = chance.choice(["buy", "sell"])
            price = Decimal(SYMBOLS[symbol] + chance.randint(-6, 6)).scaleb(-2)
            tif = chance.choice(["day"] * 5 + ["gtc", "ioc", "fok"])
            client.submit(account, f"C{number}", symbol, side, chance.randint(1, 90), price, time_in_force=tif)
        names[number] = (account, f"C{number}", symbol)


def open_questions(views):
    waiting = (RequestStatus.buffered, RequestStatus.submitted, RequestStatus.in_doubt)
    return [row for row in views.rows("request")[1:] if row["status"] in waiting]


def close_the_day(chain):
    """Everything is answered, the exchange ends its session, the feed has caught up."""
    views = chain.views()
    wait_until(lambda: not open_questions(views), 180)
    exchange = chain.children[chain.exchange]
    exchange.stdin.write("complete\n")
    exchange.stdin.flush()
    wait_until(lambda: int(views.rows("exchange")["session_state"][1]) == SessionState.complete)
    wait_until(lambda: not open_questions(views))
    rows = len(views.rows("execution")) - 1
    wait_until(lambda: chain.fed.read_bytes().count(b"\n") >= rows)


def compare(chain):
    """(account, exec_id, side, quantity, price) of every trade, as the OMS, the exchange and the trade feed tell it."""
    views = chain.views()
    rows = LiveRows(chain.config.tables)
    assert rows.fresh()
    assert list(rows.executions_from(1)) == list(views.executions_from(1))
    booked = Counter(
        (trade.account, trade.exec_id, trade.side, trade.quantity, trade.price) for trade in views.executions_from(1)
    )
    codes = [code.decode() for code in views.rows("account")["code"].tolist()]
    files = chain.directory.glob("*/trades.jsonl")  # of each exchange
    lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    traded = Counter(
        (codes[line["account"]], line["exec_id"], line["side"], Decimal(line["quantity"]), Decimal(line["price"]))
        for line in lines
    )
    feed = [json.loads(line) for line in chain.fed.read_bytes().splitlines()]
    fed = Counter(
        (line["account"], line["exec_id"], line["side"], Decimal(line["quantity"]), Decimal(line["price"]))
        for line in feed
    )
    return booked, traded, fed
