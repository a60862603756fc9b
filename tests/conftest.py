"""How random examples are drawn: the same ones in every run of the tests, new ones in a soak (OMS_SOAK=1); and how
long they may take."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

# Hypothesis mixes in constants of whatever modules are loaded. Which examples a test tries must not depend on the tests
# that ran before it, nor change with a line of code elsewhere.
providers._get_local_constants = lambda: providers._local_constants

# Without the phase that explains a failure: it traces every line, and so takes longer than to find and shorten one.
settings.register_profile(
    "oms",
    derandomize=not os.environ.get("OMS_SOAK"),
    database=None,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("oms")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A random day that fails is shortened for five minutes at most; its time limit must not look like a failure of
    the day."""
    for item in items:
        if "tests/property" in item.path.as_posix() and not os.environ.get("OMS_SOAK"):
            item.add_marker(pytest.mark.timeout(900))
