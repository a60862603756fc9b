"""The engine against the oracle over days of limits, throttles, a restricted list and slips. OMS_SOAK=1 plays many."""

from __future__ import annotations

import os

from hypothesis import settings

from tests.property.clients import Clients
from tests.property.exchange import Exchanges
from tests.property.limiting import Limiting
from tests.property.moving import Moving

SOAK = bool(os.environ.get("OMS_SOAK"))


class LimitsDay(Clients, Exchanges, Limiting, Moving):
    pass


TestLimitsDay = LimitsDay.TestCase
TestLimitsDay.settings = settings(
    max_examples=2000 if SOAK else 40,
    stateful_step_count=120 if SOAK else 40,
)
