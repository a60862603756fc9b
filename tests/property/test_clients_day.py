"""The engine against the oracle over days of clients: sessions that end, resends, and lists of requests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.property.listing import Listing
from tests.property.sessions import Sessions

SOAK = bool(os.environ.get("OMS_SOAK"))


class ClientsDay(Listing, Sessions):
    pass


TestClientsDay = ClientsDay.TestCase
TestClientsDay.settings = settings(
    max_examples=2000 if SOAK else 50,
    stateful_step_count=120 if SOAK else 40,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
