"""A simulated bank: killed and started again it tells every movement once, and a running OMS books it at once."""

import subprocess
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from oms import records
from oms.adapters.custodian import Counter, Custodian
from oms.adapters.log import LogError
from oms.enums import Status
from oms.errors import OmsError
from oms.operator_client import Operator
from oms.views import attach
from tests.adapters.stand_in import ENVIRONMENT, FeedServer, wait_until
from tests.adapters.typed import ROOT, Typed


class Process(Typed):
    """A custodian's process."""

    def __init__(self, directory, *options):
        super().__init__("custodian", "--kind", "bank", "--name", "BANK1", "--dir", str(directory), *options)


def test_killed_at_any_moment_it_tells_every_movement_once(tmp_path):
    url = f"ipc://{tmp_path}/bank"
    where = ("--url", url, "--environment", ENVIRONMENT)
    with FeedServer(url) as oms:
        for start in range(3):
            with Process(tmp_path / "bank1", *where) as bank:
                for number in range(5):
                    assert bank.ask(f"receive K AUD {start * 5 + number}.25")["done"] == "receive"
        with Process(tmp_path / "bank1", *where) as bank:
            wait_until(lambda: len(oms.reports) == 15)
            assert bank.ask("balances")["K AUD"] == str(sum(range(15)) + 15 * 0.25)
        told = [records.decode(report)[1] for report in oms.reports]
        assert [report["id"] for report in told] == [f"BANK1-{number + 1}" for number in range(15)]
        assert [report["feed_sequence"] for report in told] == list(range(1, 16))
        assert (told[3]["amount"], told[3]["decimals"], told[3]["account_code"]) == (325, 2, "K")
        assert oms.gaps == 0
        with Process(tmp_path / "bank1", *where, "--new-session") as bank:
            bank.ask("pay K AUD 1 W1")
            wait_until(lambda: len(oms.reports) == 1)  # of the new session
        last = records.decode(oms.reports[0])[1]
        assert (last["id"], last["feed_sequence"], last["reference"]) == ("BANK1-16", 1, "W1")


def test_a_trainers_mistakes_are_told(tmp_path):
    counter = Counter(Custodian(tmp_path, "REG1", "registry", durable=False))
    assert "unknown" in counter.do("dance")["error"]
    assert "usage: pay" in counter.do("pay K Q")["error"]
    assert "usage: receive" in counter.do("receive K Q much")["error"]
    assert "error" in counter.do("figure K Q 2026-13-01")
    assert counter.do("status") == {"done": "status", "session": 1, "reported": 0}
    counter.custodian.close()
    with pytest.raises(LogError, match="of the registry REG1"):
        Custodian(tmp_path, "REG1", "bank")


CONFIG = """
custodians = ["BANK1"]
[bus]
run_directory = "run"
[store]
tables = "tables"
durability = "none"
[currencies.AUD]
[exchanges.XASX]
[classes.default]
[users.bank]
permissions = ["report"]
[users.ops]
permissions = ["operate", "read"]
[users.ann]
permissions = ["trade"]
[endpoints.BANK1]
role = "adapter"
user = "bank"
feed = "BANK1"
[endpoints.desk]
role = "operator"
user = "ops"
[endpoints.ann]
role = "client"
user = "ann"
"""


def test_a_running_oms_books_what_the_bank_tells_at_once(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    config = tmp_path / "oms.toml"
    config.write_text(CONFIG)
    oms = subprocess.Popen(
        [sys.executable, "-m", "oms", "serve", "--config", str(config)], cwd=ROOT, stdout=-1, stderr=-2, text=True
    )
    try:
        from oms.config import load

        settings = load(config)
        wait_until(lambda: (tmp_path / "tables" / "cash.table").exists())
        time.sleep(0.5)
        with Operator(settings) as operator:
            assert operator.ask("BusinessDate", date=20780)["status"] == Status.ok
            code = list(b"K".ljust(32, b"\0"))
            assert operator.ask("DefineAccount", code=bytes(code), account_class=1, currency=1)["status"] == Status.ok
        with Process(tmp_path / "bank1", "--config", str(config)) as bank:
            bank.ask("receive K AUD 100.50")
            views = attach(settings.tables)
            wait_until(lambda: booked(views) == Decimal("100.5"))
            bank.ask("pay K AUD 100.51")
            wait_until(lambda: booked(views) == Decimal("-0.01"))
            assert views.cash("K", "AUD").negative
            bank.ask("figure K AUD")
            bank.ask("receive K AUD 0.02")
            wait_until(lambda: booked(views) == Decimal("0.01"))
        assert cli("deposit", "K", "AUD", "10", "D1", config) == (0, "deposit: done")
        assert cli("deposit", "K", "AUD", "10", "D1", config) == (1, "deposit: movement_repeated")
        assert cli("withdraw", "K", "AUD", "11", "W1", config) == (
            1,
            "withdraw: booked_below_zero: 110000, allowed 100100",
        )
        assert cli("withdraw", "K", "AUD", "3", "W1", config, "--stage", "request") == (0, "withdraw: done")
        assert views.cash("K", "AUD").reserved == 3
        assert cli("adjust", "K", "AUD", "-1", "A1", config) == (1, "adjust: reason_missing")
        assert cli("margin", "K", "AUD", "50", config) == (0, "margin: done")
        assert cli("transfer", "K", "K", "AUD", "1", "T1", config) == (1, "transfer: reference_invalid")
        assert cli("settle", "B1", "2026-11-23", config, "--expect", "K:AUD=9") == (
            1,
            "settle: settlement_balance_differs: 90000, allowed 100100",
        )
        assert cli("settle", "B1", "2026-11-23", config, "--expect", "K:AUD=10.01") == (0, "settle: done")
        assert (views.cash("K", "AUD").margin, booked(views)) == (50, Decimal("10.01"))
    finally:
        oms.terminate()
        oms.communicate(timeout=20)


def cli(*words):
    """Exit status and output of a command; the configuration is the only path among its words."""
    words = [part for word in words for part in (("--config", str(word)) if isinstance(word, Path) else (word,))]
    done = subprocess.run([sys.executable, "-m", "oms", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip() or done.stderr


def booked(views):
    """None while the account has no money yet."""
    with suppress(LookupError, OmsError):
        return views.cash("K", "AUD").booked
