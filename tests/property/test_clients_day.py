"""The engine against the oracle over days of clients: sessions that end, and resends."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.property.sessions import Sessions

SOAK = bool(os.environ.get("OMS_SOAK"))


TestClientsDay = Sessions.TestCase
TestClientsDay.settings = settings(
    max_examples=2000 if SOAK else 40,
    stateful_step_count=120 if SOAK else 40,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
