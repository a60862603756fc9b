"""Client, OMS, exchange and trade feed as processes, each killed at random: the day still ends with the same trades."""

from collections import Counter
from random import Random

import pytest

from oms.enums import Status
from tests.adapters.chain import Chain, close_the_day, compare, send_some, trader
from tests.adapters.stand_in import wait_until


@pytest.fixture
def chain(tmp_path, tmp_path_factory):
    with Chain(tmp_path, tmp_path_factory.mktemp("run")) as made:
        yield made


def test_a_day_in_which_everything_is_killed(chain):
    chance = Random(4)
    names, answers = {}, []
    for name in ("serve", "simulator", "trade-feed"):
        chain.start(name)
    wait_until(chain.is_open)
    with trader(chain) as client:
        for turn, victim in enumerate(["simulator", "serve", "trade-feed"] * 3):
            send_some(client, chance, names, 300)
            answers += client.poll(0.02)
            chain.kill(victim)
            chain.start(victim, *(["--new-session"] if turn == 3 else []))  # the exchange, too, begins again
            wait_until(chain.is_open)
        send_some(client, chance, names, 100)
        answers += client.drain()
        assert sorted(answer.tag for answer in answers if answer.tag)[-1] >= len(names)
        assert len({answer.cl_ord_id for answer in answers}) == len(names)
        close_the_day(chain)
    booked, traded, fed = compare(chain)
    assert booked == traded == fed
    assert sum(booked.values()) > 300
    kinds = Counter(answer.status for answer in answers)
    assert kinds[Status.ok] > 500
