"""Steps that give what is known another name: nothing else may change by it. The steps and the oracle go on with the
first names; the engine is asked for the present ones."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property import strategies as draw
from tests.property.machine import Day
from tests.property.world import ACCOUNTS, CURRENCIES, INSTRUMENTS

KINDS = {"account": ACCOUNTS, "instrument": INSTRUMENTS, "currency": CURRENCIES}
NAMED = st.sampled_from([(kind, name) for kind, names in KINDS.items() for name in names])


class Renaming(Day):
    @rule(what=NAMED)
    def rename(self, what: tuple[str, str]) -> None:
        kind, name = what
        new = self.name(name)
        self.pair.name_otherwise("rename", kind, name, new)
        assert self.pair.engine.present(name) == new

    @rule(instrument=draw.instruments, days=st.integers(0, 2))
    def issuer_renames(self, instrument: str, days: int) -> None:
        new, ex_date = self.name(instrument), self.model.today + timedelta(days)
        self.pair.name_otherwise("corporate_action", self.name("N"), instrument, "rename", ex_date, new_instrument=new)
        assert days or self.pair.engine.present(instrument) == new
