"""Steps of the treasury: money and stock between accounts, and withdrawals that clients ask for."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property import strategies as draw
from tests.property.machine import Day, newest
from tests.property.world import CURRENCY_OF, INSTRUMENTS

askers = st.sampled_from((None, None, "alice", "bob", "desk", "gone", "far"))


class Treasury(Day):
    @rule(
        account=draw.accounts,
        to=draw.accounts,
        currency=draw.currencies,
        amount=st.integers(0, 60000),
        changed=st.none() | st.none() | draw.currencies,
        arrives=st.integers(0, 500),
        override=st.booleans(),
        by=askers,
    )
    def transfer_money(
        self,
        account: str,
        to: str,
        currency: str,
        amount: int,
        changed: str | None,
        arrives: int,
        override: bool,
        by: str | None,
    ) -> None:
        other = {} if changed in (None, currency) else {"to_currency": changed, "to_amount": arrives}
        name = self.name("T")
        self.say("transfer", account, to, currency, amount, name, by=by, override=override, **other)

    @rule(
        account=draw.accounts,
        to=draw.accounts,
        instrument=draw.instruments,
        lots=st.integers(1, 40),
        override=st.booleans(),
        by=askers,
    )
    def transfer_stock(self, account: str, to: str, instrument: str, lots: int, override: bool, by: str | None) -> None:
        amount = draw.quantity(instrument, lots)
        self.say("transfer", account, to, instrument, amount, self.name("T"), by=by, override=override)

    @precondition(lambda self: self.held())
    @rule(index=draw.recent, to=draw.accounts, whole=st.booleans())
    def transfer_what_is_there(self, index: int, to: str, whole: bool) -> None:
        account, instrument = newest(self.held(), index)
        free = self.model.free(account, instrument) / (1 if whole else 2)
        lot = self.model.instruments[instrument].lot
        self.say("transfer", account, to, instrument, str(float(free // lot * lot)), self.name("T"))

    def held(self) -> list[tuple[str, str]]:
        return [key for key in self.model.stock if key[1] in INSTRUMENTS and self.model.free(*key) > 0]

    @rule(
        account=draw.accounts,
        to=draw.accounts,
        currency=draw.currencies,
        amount=st.integers(1, 20000),
        override=st.booleans(),
        by=askers,
    )
    def transfer_margin(
        self, account: str, to: str, currency: str, amount: int, override: bool, by: str | None
    ) -> None:
        self.say("transfer", account, to, currency, amount, self.name("M"), margin=True, by=by, override=override)

    @rule(
        account=draw.accounts,
        currency=st.sampled_from(sorted(set(CURRENCY_OF.values()))),
        amount=st.integers(1, 60000),
        override=st.booleans(),
        by=askers,
    )
    def ask_for_money(self, account: str, currency: str, amount: int, override: bool, by: str | None) -> None:
        fields = {"by": by, "override": override, "stage": "request"}
        self.say("withdraw", account, currency, amount, self.name("W"), **fields)

    @precondition(lambda self: self.model.withdrawals)
    @rule(
        index=draw.recent,
        stage=st.sampled_from(("confirm", "refuse")),
        said=st.sampled_from((0, 0, 1, 2)),
        by=st.none() | askers,
    )
    def answer_a_withdrawal(self, index: int, stage: str, said: int, by: str | None) -> None:
        """The bank says nothing of the amount, or it, or another one."""
        reference, asked = newest(list(self.model.withdrawals.items()), index)
        amount = str((0, asked.amount, asked.amount + 1)[said])
        self.say("withdraw", asked.account, asked.currency, amount, reference, by=by, stage=stage)

    @precondition(lambda self: self.model.withdrawals)
    @rule(
        index=draw.recent,
        account=draw.accounts,
        amount=st.integers(1, 9),
        stage=st.sampled_from(("at_once", "request")),
    )
    def reuse_the_name_of_a_withdrawal(self, index: int, account: str, amount: int, stage: str) -> None:
        reference = newest(list(self.model.withdrawals), index)
        self.pair.do("withdraw", account, "AUD", amount, reference, stage=stage)

    @rule(account=draw.accounts, currency=draw.currencies, stage=st.sampled_from(("confirm", "refuse")))
    def answer_nothing(self, account: str, currency: str, stage: str) -> None:
        self.pair.do("withdraw", account, currency, 0, self.name("W"), stage=stage)
