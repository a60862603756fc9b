"""An operator's or DTR's end of a running OMS: asks one thing at a time and waits for the answer.

Who the operator is follows from the endpoint; which request, account or instrument is meant, from the live tables.
"""

from __future__ import annotations

import time
from typing import Any, Self

from oms import records
from oms.bus import Connection
from oms.bus_config import SessionRole
from oms.config import Config
from oms.enums import Decision, Status
from oms.errors import OmsError
from oms.views import Attached, attach


class Operator:
    """A session on one operator endpoint of the configuration (the first one unless it is named)."""

    def __init__(self, config: Config, endpoint: str = "", timeout_s: float = 10.0) -> None:
        name = endpoint or config.endpoint_for("operator")
        if name not in config.endpoints or config.endpoints[name].role != "operator":
            raise OmsError(f"no operator endpoint is called {name!r}", where=config.path)
        self.timeout_s = timeout_s
        self.views: Attached = attach(config.tables)
        self.connection = Connection(
            config.url(name),
            name=name,
            role=SessionRole.operator,
            environment=config.environment,
            credential=config.credential(name),
        )
        self.connection.open(timeout_s)

    def ask(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Sends one record and returns the fields of its answer. Raises OmsError when none comes in time."""
        self.connection.send([records.encode(name, **fields)])
        until = time.monotonic() + self.timeout_s
        while (left := until - time.monotonic()) > 0:
            for raw in self.connection.receive(left):
                kind, answer = records.decode(raw)
                if kind == "Answer":
                    return answer
        raise OmsError(
            f"no answer to {name} within {self.timeout_s} s",
            where=self.connection.url,
            remedy="look at its outcome before you ask again",
        )

    def decide(self, decision: Decision, account: str, cl_ord_id: str, version: int = 0, text: str = "") -> Status:
        """Authorises or rejects a queued request; version 0 = whatever it is now."""
        handle = self.views.request(account, cl_ord_id).handle
        answer = self.ask("AuthDecision", request=handle, queue_version=version, decision=int(decision), text=text)
        return Status(answer["status"])

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
