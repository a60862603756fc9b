"""The day's order flow: reads the made-up requests and sends them through a client, as fast as they are answered."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from oms.client import Answer, Client, Instrument
from oms.config import Config
from oms.demo.processes import PATIENCE_S
from oms.enums import RequestStatus
from oms.errors import OmsError

Row = dict[str, str]
LOOK_EVERY = 256  # requests between two looks at the answers


class Traders:
    """Sends requests and counts their answers: refused by reason, and what went to the desk."""

    def __init__(self, config: Config, path: Path) -> None:
        self.path = path
        name = config.endpoint_for("client")
        self.client = Client(
            config.url(name),
            name=name,
            environment=config.environment,
            credential=config.credential(name),
            timeout_s=PATIENCE_S,  # the OMS may just be restarting
        ).open()
        self.requests = 0
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.buffered = 0
        self.queued: dict[str, str] = {}  # cl_ord_id → account of what went to the desk
        self._accounts: dict[int, str] = {}  # by tag

    def rows(self) -> Iterator[Row]:
        with self.path.open(newline="") as file:
            yield from csv.DictReader(line for line in file if not line.startswith("#"))

    def send(self, row: Row) -> None:
        """One request of the day."""
        account, cl_ord_id = row["account"], row["cl_ord_id"]
        if row["type"] == "cancel":
            tag = self.client.cancel(account, cl_ord_id, row["orig_cl_ord_id"])
        elif row["type"] == "replace":
            tag = self.client.replace(
                account,
                cl_ord_id,
                row["orig_cl_ord_id"],
                row["instrument"],
                order_qty=row["order_qty"] or None,
                price=row["price"] or None,
            )
        else:
            tag = self.client.submit(
                account,
                cl_ord_id,
                row["instrument"],
                row["side"],
                row["order_qty"],
                row["price"] or None,
                ord_type=row["ord_type"],
                time_in_force=row["time_in_force"],
                expire_date=row["expire_date"] or None,
            )
        self._accounts[tag] = account
        self.requests += 1

    def drive(self, at: dict[int, Callable[[], None]], progress: Callable[[int], None]) -> None:
        """The whole day; `at` says what else happens before which request."""
        for number, row in enumerate(self.rows()):
            if number in at:
                at[number]()
            self.send(row)
            if number % LOOK_EVERY == 0:
                self.count(self.client.poll())
                progress(number)
        self.count(self.client.drain())

    def answer(self, tag: int) -> Answer:
        """Waits for the answer to one request; the others are counted on the way."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            answers = self.client.poll(0.1)
            self.count([answer for answer in answers if answer.tag != tag])
            if found := [answer for answer in answers if answer.tag == tag]:
                return found[0]
        raise OmsError(f"no answer to request {tag} within {PATIENCE_S} s")

    def order(self, account: str, cl_ord_id: str, instrument: Instrument, order_qty: Decimal, price: Decimal) -> Answer:
        """A buy of its own among the day's requests."""
        tag = self.client.submit(account, cl_ord_id, instrument, "buy", order_qty, price)
        self._accounts[tag] = account
        self.requests += 1
        answer = self.answer(tag)
        self.count([answer])
        return answer

    def cancel_some_queued(self) -> None:
        """Clients change their mind about what still waits at the desk."""
        for number, (cl_ord_id, account) in enumerate(list(self.queued.items())):
            if number % 4 == 0:
                self._accounts[self.client.cancel(account, f"{cl_ord_id}-X", cl_ord_id)] = account
                self.requests += 1
        self.count(self.client.drain())

    def count(self, answers: list[Answer]) -> None:
        for answer in answers:
            if not answer.tag:
                continue  # later news of a request that was answered before
            account = self._accounts.pop(answer.tag)
            if answer.status:
                self.refused[answer.status.name] += 1
                continue
            self.accepted += 1
            if answer.request_status == RequestStatus.queued:
                self.queued[answer.cl_ord_id] = account
            elif answer.request_status == RequestStatus.buffered:
                self.buffered += 1

    def close(self) -> None:
        self.client.close()
