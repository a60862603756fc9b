"""The engine against the oracle over days with operators: what they move, assign, resolve, limit and stop."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.property.clients import Clients
from tests.property.elsewhere import Elsewhere
from tests.property.issuers import Issuers
from tests.property.moving import Moving
from tests.property.office import Office
from tests.property.renaming import Renaming
from tests.property.repairs import Repairs

SOAK = bool(os.environ.get("OMS_SOAK"))


class OperatorsDay(Clients, Elsewhere, Issuers, Office, Moving, Renaming, Repairs):
    pass


TestOperatorsDay = OperatorsDay.TestCase
TestOperatorsDay.settings = settings(
    max_examples=2000 if SOAK else 30,
    stateful_step_count=120 if SOAK else 50,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
