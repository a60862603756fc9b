"""A trade feed writes every line once, in order, whatever happens to it."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from oms.adapters.trade_feed import TradeFeed, TradeFeedError, lines_of
from oms.pictures import Trade

DAY = date(2026, 11, 23)


def trade(row, kind="trade", ref=0, side="buy", quantity=100, price="10.5", fee="19.95", version=1):
    value = quantity * Decimal(price)
    return Trade(
        row=row,
        kind=kind,
        exec_id=f"XTST-{row}",
        account="ACC-1",
        instrument="ABC",
        exchange="XTST",
        currency="AUD",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        value=value,
        fee=Decimal(fee),
        tax=Decimal("1.5E-7"),
        net=Decimal(0),
        trade_date=DAY,
        settle_date=date(2026, 11, 25),
        version=version,
        ref=ref,
        order=1,
        cl_ord_id="C1",
        sequence=row * 3,
    )


class Table:
    """Execution rows up to a mark that moves."""

    def __init__(self, trades):
        self.trades = trades
        self.safe = len(trades)

    def executions_from(self, row):
        yield from self.trades[row - 1 : self.safe]

    def trade_picture(self, row):
        return self.trades[row - 1]


def day(count, seed=1):
    """Trades, and busts and corrections of those that stand."""
    chance = random.Random(seed)
    trades, standing = [], []
    for row in range(1, count + 1):
        if standing and chance.random() < 0.3:
            old = standing.pop(chance.randrange(len(standing)))
            new = trade(row, "bust", old.row, old.side, int(old.quantity), str(old.price), version=old.version + 1)
            if chance.random() < 0.5:
                new = trade(row, "correct", old.row, old.side, chance.randint(1, 99), "11", version=old.version + 1)
                standing.append(new)
        else:
            new = trade(row, side=chance.choice(["buy", "sell"]), quantity=chance.randint(1, 99))
            standing.append(new)
        trades.append(new)
    return trades, standing


def expected(trades):
    table = Table(trades)
    return b"".join(line for item in trades for line in lines_of(item, table))


def net(trades):
    return sum(-(t.value + t.fee) if t.side == "buy" else t.value - t.fee for t in trades)


def test_a_trade_is_one_line_with_amounts_as_strings():
    [line] = lines_of(trade(1), Table([trade(1)]))
    assert line.endswith(b"\n")
    found = json.loads(line)
    assert (found["type"], found["action"], found["part"], found["parts"]) == ("trade", "new", 1, 1)
    assert (found["quantity"], found["price"], found["value"]) == ("100", "10.5", "1050.0")
    assert (found["fee"], found["tax"], found["net"]) == ("19.95", "0.00000015", "-1069.95")
    assert (found["trade_date"], found["settle_date"]) == ("2026-11-23", "2026-11-25")


def test_a_bust_reverses_and_a_correction_reverses_and_reissues():
    trades = [trade(1), trade(2, "correct", 1, price="11", version=2), trade(3, "bust", 2, price="11", version=3)]
    lines = [json.loads(line) for line in expected(trades).splitlines()]
    told = [(line["row"], line["part"], line["action"], line["quantity"], line["net"]) for line in lines]
    assert told == [
        (1, 1, "new", "100", "-1069.95"),
        (2, 1, "reverse", "-100", "1069.95"),
        (2, 2, "reissue", "100", "-1119.95"),
        (3, 1, "reverse", "-100", "1119.95"),
    ]


def test_a_correction_of_what_a_row_of_its_own_has_reversed_is_only_issued_again():
    trades = [trade(1), trade(2, "bust", 1), trade(3, "correct", 2, price="11")]
    lines = [json.loads(line) for line in expected(trades).splitlines()]
    assert [line["action"] for line in lines] == ["new", "reverse", "reissue"]


def test_the_sum_of_all_lines_is_what_stands():
    trades, standing = day(300)
    lines = [json.loads(line) for line in expected(trades).splitlines()]
    assert sum(Decimal(line["net"]) for line in lines) == net(standing)


def test_it_follows_as_far_as_is_safe(tmp_path):
    table = Table(day(30)[0])
    feed = TradeFeed(table, tmp_path / "trades.jsonl")
    for mark in (0, 3, 3, 10, 30):
        table.safe = mark
        feed.follow()
        assert (tmp_path / "trades.jsonl").read_bytes() == expected(table.trades)[: len(read(tmp_path))]
        assert feed.file.row == mark
    assert feed.follow() == 0
    feed.close()


def read(directory):
    return (directory / "trades.jsonl").read_bytes()


def test_a_file_cut_at_any_byte_is_completed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fdatasync", lambda handle: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    trades, _ = day(4, seed=4)
    assert [item.kind for item in trades] == ["trade", "correct", "bust", "trade"]
    whole = expected(trades)
    path = tmp_path / "trades.jsonl"
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        feed = TradeFeed(Table(trades), path)
        feed.follow()
        feed.close()
        assert path.read_bytes() == whole


def test_lines_that_a_power_cut_left_without_their_bytes_are_written_again(tmp_path):
    trades, _ = day(2000)
    whole = expected(trades)
    path = tmp_path / "trades.jsonl"
    hole = len(whole) - 20_000
    path.write_bytes(whole[:hole] + bytes(8000) + whole[hole + 8000 :])
    feed = TradeFeed(Table(trades), path)
    assert feed.follow() > 20
    feed.close()
    assert path.read_bytes() == whole


def test_a_file_of_another_store_is_refused(tmp_path):
    path = tmp_path / "trades.jsonl"
    path.write_bytes(expected([trade(1), trade(2)]))
    feed = TradeFeed(Table([trade(1), trade(2, quantity=7), trade(3)]), path)
    with pytest.raises(TradeFeedError, match="quantity: 100 here, 7 there"):
        feed.follow()
    feed.close()


@pytest.mark.parametrize("content", [b"not a feed\n", b'{"row": 1}\n', b"[]\nmore\n", b"\n"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with pytest.raises(TradeFeedError, match="not a file of a trade feed"):
        TradeFeed(Table([]), path)
    assert path.read_bytes() == content


def test_a_file_has_one_writer(tmp_path):
    feed = TradeFeed(Table([]), tmp_path / "trades.jsonl")
    with pytest.raises(TradeFeedError, match="another trade feed"):
        TradeFeed(Table([]), tmp_path / "trades.jsonl")
    feed.close()


def test_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path):
    path = tmp_path / "trades.jsonl"
    chance = random.Random(5)
    sizes = set()
    for _ in range(12):
        command = [sys.executable, "-m", "tests.adapters.feed_process", str(path)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chance.random() * 0.05)
            child.kill()
            assert child.wait() < 0
        sizes.add(path.stat().st_size)
    assert len(sizes) > 6
    feed = TradeFeed(Table(day(3000)[0]), path)
    assert feed.follow() > 0
    feed.close()
    assert path.read_bytes() == expected(day(3000)[0])
