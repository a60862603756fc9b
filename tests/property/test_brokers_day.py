"""The engine against the oracle over random days. OMS_SOAK=1 plays many more and longer ones, with fresh randomness."""

from __future__ import annotations

import os

from hypothesis import settings

from tests.property.clients import Clients
from tests.property.custodians import Custodians
from tests.property.elsewhere import Elsewhere
from tests.property.issuers import Issuers
from tests.property.office import Office
from tests.property.settling import Settling
from tests.property.treasury import Treasury

SOAK = bool(os.environ.get("OMS_SOAK"))


class BrokersDay(Clients, Custodians, Elsewhere, Issuers, Office, Settling, Treasury):
    pass


TestBrokersDay = BrokersDay.TestCase
TestBrokersDay.settings = settings(
    max_examples=3000 if SOAK else 100,
    stateful_step_count=120 if SOAK else 50,
)
