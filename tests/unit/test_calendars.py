"""Calendars of the libraries: the dates they lead to are journaled, half days are business days, a rename is no way
back in for an old code."""

import sys
from datetime import date
from pathlib import Path

import pytest

from oms import Engine, calendars, config
from oms.errors import OmsError
from oms.verify import audit

TEXT = """
[currencies.AUD]
calendar = "AU"
holidays = ["2026-12-31"]
[currencies.USD]
calendar = "US"
[exchanges.XASX]
calendar = "XASX"
[exchanges.XLON]
calendar = "XLON"
"""


def settings(tmp_path: Path, text: str = TEXT) -> config.Config:
    (tmp_path / "oms.toml").write_text(text)
    return config.load(tmp_path / "oms.toml")


@pytest.fixture
def engine(tmp_path):
    engine = Engine()
    config.define(engine, settings(tmp_path))
    engine.define_class("default")
    engine.define_account("K")
    engine.define_instrument("Q", exchange="XASX", currency="AUD")
    engine.define_instrument("U", exchange="XLON", currency="USD")
    engine.define_instrument("X", exchange="XLON", currency="AUD")
    return engine


def settles(engine, symbol, traded):
    """The settlement date of a trade of that date."""
    number = len(engine.rows("execution"))
    engine.business_date(traded)
    mic = engine.code("exchange", int(engine.rows("instrument")["exchange"][engine.instrument_slot(symbol)]), "mic")
    engine.open_feed(mic)
    engine.session(mic, "open", trade_date=traded)
    currency = "USD" if symbol == "U" else "AUD"
    engine.deposit("K", currency, "1000", f"D{number}")
    engine.submit("K", f"O{number}", symbol, "buy", 1, "1")
    assert engine.report("trade", account="K", cl_ord_id=f"O{number}", exec_id=f"E{number}", last_qty=1, last_px=1).ok
    return str(engine.trades()[-1].settle_date)


def test_trades_settle_over_christmas_and_easter(engine, tmp_path):
    found = calendars.update(engine, settings(tmp_path), date(2026, 1, 2))
    assert all(not change.open for change in found)
    assert settles(engine, "Q", "2026-01-22") == "2026-01-27"  # Australia Day
    assert settles(engine, "Q", "2026-04-01") == "2026-04-07"  # Good Friday and Easter Monday
    assert settles(engine, "X", "2026-04-30") == "2026-05-05"  # London's early May bank holiday
    assert settles(engine, "U", "2026-07-01") == "2026-07-06"  # dollars do not move on the observed Fourth
    assert settles(engine, "Q", "2026-12-23") == "2026-12-29"  # the 24th is a half day: a business day
    assert settles(engine, "Q", "2026-12-29") == "2027-01-04"  # and the 31st is closed by the configuration


def test_the_journal_keeps_the_dates_and_a_second_time_changes_nothing(tmp_path):
    given = settings(tmp_path)
    with Engine(journal=tmp_path / "journal") as engine:
        config.define(engine, given)
        assert calendars.update(engine, given, date(2026, 1, 2))
        assert calendars.update(engine, given, date(2026, 1, 2)) == []
        before = engine.state_hash()
    with Engine(journal=tmp_path / "journal") as again:
        assert again.state_hash() == before
        assert settles_over_australia_day(again)


def settles_over_australia_day(engine):
    row = engine.rows("calendar")[engine.rows("exchange")["calendar"][engine.exchange_slot("XASX")]]
    return calendars.closed(row, date(2026, 1, 20), date(2026, 1, 30)) == {date(2026, 1, 26)}


def test_a_day_that_is_no_holiday_any_more_opens_and_ladders_keep_their_dates(engine, tmp_path):
    given = settings(tmp_path)
    calendars.update(engine, given, date(2026, 1, 2))
    assert settles(engine, "Q", "2026-01-22") == "2026-01-27"
    engine.define_exchange("XASX", holidays=["2026-02-04"])  # by hand, and wrong
    assert settles(engine, "Q", "2026-02-03") == "2026-02-06"
    engine.define_exchange("XASX", holidays=["2026-03-04"])
    found = calendars.update(engine, given, date(2026, 2, 3))
    assert [(change.code, str(change.day), change.open) for change in found] == [
        ("XASX", "2026-02-04", True),
        ("XASX", "2026-03-04", True),
        *[(change.code, str(change.day), False) for change in found[2:]],  # a month further ahead
    ]
    assert "no holiday any more: 2026-02-04, 2026-03-04" in calendars.in_words(found)
    assert "2026-02-06" in {str(day) for day in engine.cash("K", "AUD").ladder}
    assert settles(engine, "Q", "2026-03-03") == "2026-03-05"
    assert not audit(engine).findings


def test_what_is_missing_is_told(engine, tmp_path, monkeypatch):
    wrong = settings(tmp_path, TEXT.replace('"XASX"', '"XASXX"'))
    with pytest.raises(OmsError, match="there is no calendar 'XASXX' of an exchange"):
        calendars.update(engine, wrong, date(2026, 1, 2))
    wrong = settings(tmp_path, TEXT.replace('"AU"', '"AU-QQQ"'))
    with pytest.raises(OmsError, match="there is no calendar 'AU-QQQ' of a country"):
        calendars.update(engine, wrong, date(2026, 1, 2))
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    calendars.exchange_holidays.cache_clear()
    with pytest.raises(OmsError, match=r"exchange_calendars is not installed(.|\n)*oms-engine\[calendars\]"):
        calendars.update(engine, settings(tmp_path), date(2026, 1, 3))


def test_a_renamed_currency_does_not_come_back_by_an_old_configuration(engine, tmp_path):
    given = settings(tmp_path)
    assert engine.rename("currency", "AUD", "AUX").ok
    rows = len(engine.rows("currency"))
    config.define(engine, given)  # the same configuration: nothing to define
    assert calendars.update(engine, given, date(2026, 1, 2))  # its calendar goes with the currency
    changed = settings(tmp_path, TEXT + "[users.new]\n")
    with pytest.raises(OmsError, match="the currency AUD was renamed to AUX"):
        config.define(engine, changed)
    assert len(engine.rows("currency")) == rows
    config.define(engine, settings(tmp_path, (TEXT + "[users.new]\n").replace("AUD", "AUX")))
    assert len(engine.rows("currency")) == rows
    assert engine.define_currency("AUD").ok  # on purpose
