"""What the random day draws from: mostly sound figures, and some of each kind that a rule refuses."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from tests.property.world import ACCOUNTS, CURRENCIES, EXCHANGES, FEEDS, INSTRUMENTS, LOT, REFERENCE, TICK, USERS

accounts = st.sampled_from(ACCOUNTS)
instruments = st.sampled_from(INSTRUMENTS)
currencies = st.sampled_from(CURRENCIES)
exchanges = st.sampled_from(EXCHANGES)
feeds = st.sampled_from(FEEDS)
sides = st.sampled_from(("buy", "buy", "sell"))
users = st.one_of(*[st.none()] * 6, st.sampled_from(USERS))
deciders = st.sampled_from(("desk", "desk", "desk", "junior", "alice", "gone", "far"))
times_in_force = st.sampled_from(("day", "day", "gtc", "gtd", "ioc", "fok", "at_close"))
recent = st.integers(0, 7)  # picks one of the newest
states = st.sampled_from(("active", "reduce_only", "reduce_only", "halted", "killed"))

lots = st.one_of(*[st.integers(1, 40)] * 6, st.sampled_from((0, -1, 400, 100000)))
more_lots = st.integers(1, 12)
ticks = st.one_of(*[st.integers(-6, 6)] * 4, st.sampled_from((-400, 400)))


def quantity(instrument: str, number: int) -> str:
    return str(Decimal(LOT[instrument]) * number)


def price(instrument: str, offset: int) -> str:
    """So many ticks from the reference, never below one tick."""
    tick = Decimal(TICK[instrument])
    reference = Decimal(REFERENCE[instrument]) or Decimal(1200)
    return str(max(tick, reference + tick * offset))
