"""A configuration that is not right is told with its place, before anything is opened, made or journaled."""

from pathlib import Path

import pytest

from oms.errors import OmsError
from oms.server import serve

SOUND = '[currencies.AUD]\n[exchanges.XASX]\n[classes.c]\n[users.u]\n[endpoints.e]\nrole = "client"\nuser = "u"\n'
WRONG = {
    "x =": "line 1",
    "colour = 1": "colour",
    '[store]\ndurability = "best"': "$.store.durability",
    "[store]\nsegment_bytes = -5": "$.store.segment_bytes",
    "[store]\nsnapshots_kept = 0": "$.store.snapshots_kept",
    "[bus]\nheartbeat_ms = 0": "$.bus.heartbeat_ms",
    "[bus]\nspin_us = -1": "$.bus.spin_us",
    "[bus]\ncore_cpu = 99999": "[bus]",
    "[capacities]\norder = 1": "$.capacities",
    "[capacities]\nordr = 10": "ordr",
    "[working_set]\nordr = 10": "ordr",
    "[users.v]\nowner = -4": "$.users",
    '[users.v]\npermissions = ["fly"]': "[users.v]",
    "[exchanges.XNZE]\nsettlement_days = 300": "$.exchanges",
    "[exchanges.ATOOLONGNAME]": "[exchanges.ATOOLONGNAME]",
    "[currencies.NZD]\nexponent = 19": "[currencies.NZD]",
    '[currencies.NZD]\nholidays = ["2026-13-01"]': "2026-13-01",
    '[fees.f]\nbps = "a few"': "[fees.f]",
    '[fees.f]\nbps = "-1"': "[fees.f]",
    '[classes.d]\nmax_order_value = "99999999999999999999"': "[classes.d]",
    '[classes.d]\nfees = { "*" = "none" }': "[classes.d]",
    '[endpoints."../f"]\nrole = "client"\nuser = "u"': "endpoints",
    '[endpoints.f]\nrole = "client"\nuser = "u"': "share the user",
    '[endpoints.f]\nrole = "client"\nuser = "nobody"': "nobody",
    '[endpoints.f]\nrole = "adapter"\nuser = "u"': "[endpoints.f]",
    '[endpoints.f]\nrole = "boss"\nuser = "u"': "$.endpoints",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_and_nothing_is_begun(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "oms.toml"
    head, tables = ("", "") if "[store]" in wrong else ("[store]\n", 'tables = "tables"\n')
    first = wrong if "[" not in wrong else ""  # a key of the file itself comes before its tables
    path.write_text(f"{first}\n{head}{tables}{'' if first else wrong}\n{SOUND}")
    with pytest.raises(OmsError) as told:
        serve(path)
    assert WRONG[wrong] in str(told.value)
    assert "oms.toml" in told.value.where
    assert [found for found in tmp_path.rglob("*.journal") if found.stat().st_size] == []
    assert not (tmp_path / "tables").exists()


def test_without_endpoints_there_is_nobody_to_serve(tmp_path: Path) -> None:
    (tmp_path / "oms.toml").write_text("[currencies.AUD]\n")
    with pytest.raises(OmsError, match="nobody to serve"):
        serve(tmp_path / "oms.toml")
