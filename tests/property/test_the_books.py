"""The engine against the oracle over days on which little is asked and much is booked: trades of all ages, settlement,
custodians and issuers. OMS_SOAK=1 plays many more and longer ones, with fresh randomness."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.property.custodians import Custodians
from tests.property.dealing import Dealing
from tests.property.figures import Figures
from tests.property.issuers import Issuers
from tests.property.settling import Settling

SOAK = bool(os.environ.get("OMS_SOAK"))


class TheBooks(Custodians, Dealing, Figures, Issuers, Settling):
    pass


TestTheBooks = TheBooks.TestCase
TestTheBooks.settings = settings(
    max_examples=3000 if SOAK else 50,
    stateful_step_count=120 if SOAK else 50,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
