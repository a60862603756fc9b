"""Limits of the configuration are set where they differ, and what they name is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from oms import Engine, cli, config, configured
from oms.errors import OmsError
from oms.limits import limits
from tests.start_of_day.delivery import deliver

TEXT = """
[currencies.AUD]
[currencies.JPY]
exponent = 0
[exchanges.XASX]
[exchanges.XTKS]
[classes.retail]
break_tolerance = "1"
[users.ann]
permissions = ["trade_any"]
[limits.firm]
gross_value = "5000"
[limits.account.A1]
open_value = "250.5"
order_value = "0"
[limits.user.ann]
order_rate = 7
"""


def written(directory: Path, text: str = TEXT) -> config.Config:
    (directory / "oms.toml").write_text(text)
    return config.load(directory / "oms.toml")


def shown(engine: Engine) -> dict[tuple[str, str], dict[str, str]]:
    return {
        (limit.scope, limit.name): {name: str(figure) for name, figure in limit.limits.items()}
        for limit in limits(engine)
    }


def test_what_differs_is_set_and_what_does_not_is_left(tmp_path: Path) -> None:
    settings = written(tmp_path)
    with Engine() as engine:
        config.define(engine, settings)
        assert configured.update(engine, settings) == ["[limits.account.A1]"]
        assert shown(engine) == {("firm", ""): {"gross_value": "5000"}, ("user", "ann"): {"order_rate": "7"}}
        engine.define_account("A1", account_class="retail")
        engine.set_limit("account", "A1", "order_qty", 40)
        engine.set_limit("account", "A1", "order_value", 1)
        engine.set_limit("firm", None, "gross_value", "9")
        assert configured.update(engine, settings) == []
        assert shown(engine)["account", "A1"] == {"order_qty": "40", "open_value": "250.5"}
        assert shown(engine)["firm", ""] == {"gross_value": "5000"}
        before = engine.sequence
        assert configured.update(engine, settings) == []
        assert engine.sequence == before


def test_a_load_sets_the_limits_of_what_it_brings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path)
    assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 0
    capsys.readouterr()
    assert cli.main(["limit", "show", str(tmp_path), "--json"]) == 0
    told = {(row["scope"], row["name"]): row["limits"] for row in json.loads(capsys.readouterr().out)}
    assert told[("account", "A1")] == "open_value=250.5"
    assert told[("user", "ann")] == "order_rate=7"


def test_a_name_that_no_load_brings_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, TEXT + '[limits.instrument."BHP@NOWHERE"]\norder_qty = "5"\n')
    assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 1
    assert "[limits.instrument.BHP@NOWHERE]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("[limits.user.bob]\norder_rate = 1\n", "no user is called 'bob'"), ("[limits.accounts.A]\n", "accounts")],
)
def test_a_scope_or_user_that_there_is_not_is_refused(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(OmsError, match=told):
        written(tmp_path, TEXT + wrong)


def test_a_restricted_instrument_of_the_configuration_stays_so_through_loads(tmp_path: Path) -> None:
    settings = written(tmp_path, TEXT + "[instruments.BHP]\nrestricted = true\n[instruments.TM]\n")
    files = deliver(tmp_path / "files")

    def loaded() -> tuple[list[str], Engine]:
        assert cli.main(["sod", "load", str(files), "--dir", str(tmp_path)]) == 0
        engine = Engine(journal=tmp_path / "journal", snapshots=tmp_path / "snapshots")
        config.define(engine, settings)
        return configured.update(engine, settings), engine

    unknown, engine = loaded()
    with engine:
        assert unknown == []
        before = engine.row("instrument", engine.instrument_slot("BHP"))
        assert before["restricted"] == 1
        assert engine.row("instrument", engine.instrument_slot("TM"))["restricted"] == 0
        engine.open_feed("XASX")
        engine.session("XASX", "open")
        assert engine.submit("A1", "X", "BHP", "sell", 1, "45").status.name == "instrument_restricted"
        engine.session("XASX", "complete")
        sequence = engine.sequence
    _, engine = loaded()  # the same files, which do not speak of it
    with engine:
        assert engine.sequence == sequence
        off = written(tmp_path, TEXT + "[instruments.BHP]\nrestricted = false\n")
        assert configured.update(engine, off) == []
        after = engine.row("instrument", engine.instrument_slot("BHP"))
        assert after["restricted"] == 0
        same = [name for name in after.dtype.names if name not in ("version", "restricted")]
        assert all(np.all(after[name] == before[name]) for name in same), "nothing else has changed"
