"""An exchange whose standby knows nothing of its last trades takes over: ours stay until somebody decides."""

import json
import shutil

import pytest

from oms.cli import main
from oms.parked import breaks
from tests.adapters.chain import CONFIG, Chain, trader
from tests.adapters.stand_in import wait_until

OPERATOR = """
[users.op]
permissions = ["operate"]
[endpoints.op]
role = "operator"
user = "op"
"""


NAMES = (("ACC-0", "BUY"), ("ACC-1", "SELL"))


def cum(views, name):
    return views.order(*name).cum_qty


class WithOperator(Chain):
    config_text = CONFIG + OPERATOR

    def __init__(self, directory, run):
        super().__init__(directory, run)
        self.options["simulator"] += ["--house-levels", "0"]


@pytest.fixture
def chain(tmp_path, tmp_path_factory):
    with WithOperator(tmp_path, tmp_path_factory.mktemp("run")) as made:
        yield made


def test_trades_that_the_exchange_lost_are_found_when_it_lists_its_orders(chain, capsys):
    memory, copy = chain.directory / "XTST", chain.directory / "copy"
    for name in ("serve", "simulator"):
        chain.start(name)
    wait_until(chain.is_open)
    with trader(chain) as client:
        client.submit("ACC-0", "BUY", "ABC", "buy", 60, "10.00")
        client.submit("ACC-1", "SELL", "ABC", "sell", 60, "10.05")
        client.drain()
        views = chain.views()
        wait_until(lambda: [views.order(*name).ord_status for name in NAMES] == ["new", "new"])
        chain.kill("simulator")
        shutil.copytree(memory, copy)
        chain.start("simulator")
        wait_until(chain.is_open)
        client.replace("ACC-0", "HIGHER", "BUY", "ABC", price="10.05")
        client.drain()
        wait_until(lambda: [cum(views, name) for name in NAMES] == [60, 60])
        money = views.cash("ACC-0", "AUD").payable
        chain.kill("simulator")
        shutil.rmtree(memory)
        copy.rename(memory)
        chain.start("simulator", "--new-session")
        wait_until(lambda: len(breaks(views)) == 2)
    assert [(each.account, each.ours, each.theirs) for each in breaks(views)] == [("ACC-0", 60, 0), ("ACC-1", 60, 0)]
    assert [cum(views, name) for name in NAMES] == [60, 60]
    assert views.cash("ACC-0", "AUD").payable == money > 600
    assert main(["parked", "--breaks", "--json", "--config", str(chain.path)]) == 0
    waiting = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in waiting] == ["trades_missing_at_exchange"] * 2
    for row, outcome in zip(waiting, ("theirs", "ours"), strict=True):
        assert main(["resolve", str(row["sequence"]), outcome, "--config", str(chain.path), "--as", "op"]) == 0
    assert not breaks(views)
    assert [cum(views, name) for name in NAMES] == [0, 60]
    assert views.cash("ACC-0", "AUD").payable == 0
    assert views.order("ACC-0", "BUY").ord_status == "new"
