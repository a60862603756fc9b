"""A bank or a registry in a box: what accounts hold there, moved by a trainer, told to the OMS as it happens.

Owns its log: every movement is durable before it is told, and what a session has told is made again from the log. It
keeps to the adapter contract (oms.adapters.contract) like an exchange's adapter, but takes no requests.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from oms import booking, long_reports
from oms.adapters.contract import IDLE_S
from oms.adapters.log import Log, LogError
from oms.adapters.messages import numbered
from oms.errors import OmsError
from oms.values import Day

KINDS = ("bank", "registry")
ENTRY = 1  # the kind of all entries of the log
HELP = {
    "pay ACCOUNT ITEM AMOUNT [REFERENCE]": "pays out, or delivers; REFERENCE: of the withdrawal that it answers",
    "receive ACCOUNT ITEM AMOUNT": "takes in",
    "figure ACCOUNT ITEM [DATE]": "tells what there is: now, or at the end of a past date",
    "balances": "what there is of everything",
    "status": "how far the OMS has been told",
    "quit": "ends the process",
}


@dataclass(frozen=True)
class Told:
    """One entry of the log. session > 0 begins a session of its own; else something has moved, or is told as it is."""

    session: int = 0
    name: str = ""
    kind: str = ""
    account: str = ""
    item: str = ""
    amount: str = "0"
    absolute: bool = False
    as_of: str = ""
    reference: str = ""


class Custodian:
    """A venue of the adapter contract. Raises LogError when the directory belongs to another one, or is in use."""

    last_received = 0  # it takes no requests
    instance = 0

    def __init__(self, directory: Path, name: str, kind: str, *, durable: bool = True) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name, self.kind = name, kind
        self.session_id = 0
        self.balances: dict[tuple[str, str], Decimal] = {}
        self._told: list[bytes] = []  # in this session
        self._ids = 0  # reports ever
        self._log = Log(directory / "custodian.log", durable=durable)
        for entry in self._log.entries():
            self._play(msgspec.json.decode(entry.body, type=Told))
        if not self.session_id:
            self.new_session()

    @property
    def last_reported(self) -> int:
        return len(self._told)

    def accept(self, requests: Sequence[bytes]) -> None:
        """Nothing is sent to a custodian."""

    def lease(self, epoch: int) -> None:
        """There is nothing that an older lease could do."""

    def answer(self, question: bytes) -> None:
        """Nothing is asked of a custodian."""

    def reports(self, after: int, limit: int) -> list[bytes]:
        return self._told[after : after + limit]

    def state(self) -> list[bytes]:
        return []

    def notices(self) -> list[bytes]:
        return []

    def work(self) -> float:
        return IDLE_S

    def close(self) -> None:
        self._log.close()

    def new_session(self) -> None:
        """As after a restart of the custodian's own system: its numbers start again."""
        self._do(Told(session=self.session_id + 1, name=self.name, kind=self.kind))

    def move(self, account: str, item: str, amount: Decimal, reference: str = "") -> None:
        """What there is goes up, or down when the amount is below zero, and the OMS is told by how much."""
        self._do(Told(account=account, item=item, amount=str(amount), reference=reference))

    def tell(self, account: str, item: str, as_of: str = "") -> None:
        """Tells what there is; as_of: as the figure of the end of that date."""
        figure = self.balances.get((account, item), Decimal(0))
        self._do(Told(account=account, item=item, amount=str(figure), absolute=True, as_of=as_of))

    def _do(self, told: Told) -> None:
        self._report(told)  # refuses what cannot be told before it stands in the log
        self._log.append(ENTRY, time.time_ns(), msgspec.json.encode(told))
        self._play(told)

    def _play(self, told: Told) -> None:
        if told.session:
            if (told.name, told.kind) != (self.name, self.kind):
                raise LogError(f"the directory is of the {told.kind} {told.name}", where=str(self._log.path))
            self.session_id, self._told = told.session, []
            return
        if not told.absolute:
            held = self.balances.get((told.account, told.item), Decimal(0))
            self.balances[told.account, told.item] = held + Decimal(told.amount)
        self._told.append(numbered(self._report(told), len(self._told) + 1))
        self._ids += 1

    def _report(self, told: Told) -> bytes:
        as_of: Day | None = told.as_of or None
        return long_reports.encode(
            "BalanceReport",
            **booking.balance(told.item, told.amount, as_of),
            absolute=int(told.absolute),
            id=f"{self.name}-{self._ids + 1}",
            account_code=told.account,
            reference=told.reference,
        )


class Counter:
    """What a trainer can tell a custodian to do, word by word."""

    def __init__(self, custodian: Custodian) -> None:
        self.custodian = custodian
        self.quitting = False

    def do(self, line: str) -> dict[str, Any]:
        """Does what the line says, and tells what came of it; {error: …} when it cannot be done."""
        word, *rest = line.split() or [""]
        if word not in {command.split()[0] for command in HELP}:
            return {"error": f"unknown: {word}", "help": HELP}
        try:
            found: dict[str, Any] = getattr(self, f"_{word}")(*rest)
        except (TypeError, InvalidOperation):
            return {"error": "usage: " + next(command for command in HELP if command.split()[0] == word)}
        except OmsError as error:
            return {"error": str(error)}
        return {"done": word} | found

    def _pay(self, account: str, item: str, amount: str, reference: str = "") -> dict[str, Any]:
        return self._moved(account, item, -Decimal(amount), reference)

    def _receive(self, account: str, item: str, amount: str) -> dict[str, Any]:
        return self._moved(account, item, Decimal(amount), "")

    def _moved(self, account: str, item: str, amount: Decimal, reference: str) -> dict[str, Any]:
        self.custodian.move(account, item, amount, reference)
        return {"balance": str(self.custodian.balances[account, item])}

    def _figure(self, account: str, item: str, as_of: str = "") -> dict[str, Any]:
        self.custodian.tell(account, item, as_of)
        return {}

    def _balances(self) -> dict[str, Any]:
        return {f"{account} {item}": str(held) for (account, item), held in self.custodian.balances.items()}

    def _status(self) -> dict[str, Any]:
        return {"session": self.custodian.session_id, "reported": self.custodian.last_reported}

    def _quit(self) -> dict[str, Any]:
        self.quitting = True
        return {}
