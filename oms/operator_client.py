"""An operator's or DTR's end of a running OMS: asks one thing at a time and waits for the answer, or sends many records
and waits until all are applied.

Who the operator is follows from the endpoint; which request, account or instrument is meant, from the live tables.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Self

from oms import records
from oms.booking import Booking
from oms.bus import Closed, Connection
from oms.bus_config import SessionRole
from oms.config import Config
from oms.enums import Decision, LookupOf, Status
from oms.errors import OmsError
from oms.views import Attached, attach

# What no Answer comes to: facts, and the rows between a begin and its commit.
UNANSWERED = frozenset(
    records.BY_NAME[name].template_id for name in ("LoadCash", "LoadHolding", "OpenOrder", "OpenOrdersEnd")
)


def endpoint_of(config: Config, user: str) -> str:
    """The operator endpoint of a user. Raises OmsError when it has none."""
    for name, endpoint in config.endpoints.items():
        if endpoint.role == "operator" and endpoint.user == user:
            return name
    raise OmsError(f"no operator endpoint is that of {user!r}", where=config.path, remedy="--by names one that has")


class Operator:
    """A session on one operator endpoint of the configuration (the first one unless it is named)."""

    def __init__(self, config: Config, endpoint: str = "", timeout_s: float = 10.0) -> None:
        name = endpoint or config.endpoint_for("operator")
        if name not in config.endpoints or config.endpoints[name].role != "operator":
            raise OmsError(f"no operator endpoint is called {name!r}", where=config.path)
        self.timeout_s = timeout_s
        self.user = config.endpoints[name].user
        self.views: Attached = attach(config.tables)
        self.batches = 0
        self.ended = ""
        self.connection = Connection(
            config.url(name),
            name=name,
            role=SessionRole.operator,
            environment=config.environment,
            credential=config.credential(name),
            on_closed=self._closed,
        )
        self.connection.open(timeout_s)
        try:
            self.views = attach(config.tables)  # those of the process that answers, not of one before it
        except OmsError:
            self.connection.close()
            raise

    def ask(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Sends one record and returns the fields of its answer. Raises OmsError when none comes in time."""
        return self.book([(name, fields)])

    def book(self, bookings: Sequence[Booking]) -> dict[str, Any]:
        """Sends records of which the last one is answered, such as a settlement batch with its rows."""
        return self.send(*(records.encode(kind, **fields) for kind, fields in bookings))

    def send(self, *asked: bytes) -> dict[str, Any]:
        """The same with records that are made already."""
        self.connection.send(list(asked))
        until = time.monotonic() + self.timeout_s
        while (left := until - time.monotonic()) > 0:
            for raw in self.connection.receive(left):
                kind, answer = records.decode(raw)
                if kind == "Answer":
                    return answer
        raise OmsError(
            f"no answer within {self.timeout_s} s",
            where=self.connection.url,
            remedy="look at its outcome before you ask again",
        )

    def apply_batch(self, raw: bytes) -> int:
        """Sends a run of records and waits until all are applied, and those that are answered are safe in the journal.

        Returns the status of the last one that was refused, else ok. Raises OmsError when the session ends before, or
        nothing is heard for so long as `timeout_s`.
        """
        batch = records.split(raw)
        left = sum(int.from_bytes(record[24:26], "little") not in UNANSWERED for record in batch)
        self.batches += 1
        applied, status = False, int(Status.ok)
        question = records.encode("Lookup", tag=self.batches, of=int(LookupOf.user))  # answered behind all of them
        self.connection.send([*batch, question])
        until = time.monotonic() + self.timeout_s
        while left or not applied:
            if self.ended or time.monotonic() > until:
                why = self.ended or f"nothing was heard within {self.timeout_s} s"
                raise OmsError(f"the batch may be applied in part: {why}", remedy="run it again")
            for record in self.connection.receive(0.1):
                kind, answer = records.decode(record)
                applied = applied or (kind == "Found" and answer["tag"] == self.batches)
                if kind == "Answer":
                    left -= 1
                    status = answer["status"] or status
                until = time.monotonic() + self.timeout_s
        return status

    def _closed(self, closed: Closed) -> None:
        self.ended = f"the session ended: {closed.text}"

    def decide(self, decision: Decision, account: str, cl_ord_id: str, version: int = 0, text: str = "") -> Status:
        """Authorises or rejects a queued request; version 0 = whatever it is now."""
        request = self.views.request(account, cl_ord_id)
        looked_at = {"request": request.handle, "queue_version": version, "received_ns": request.time_ns}
        answer = self.ask("AuthDecision", **looked_at, decision=int(decision), text=text)
        return Status(answer["status"])

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
