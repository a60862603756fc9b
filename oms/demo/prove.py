"""The proof of a demo: its journal replayed into a fresh engine, and everything recomputed by `oms verify`."""

from __future__ import annotations

from oms.config import Config
from oms.demo.summary import Outcome
from oms.engine import Engine
from oms.journal import Reader


def replayed_hash(config: Config) -> str:
    """State hash of a fresh engine after the whole journal."""
    engine = Engine(config.capacities)
    with Reader(config.directory / "journal") as reader:
        engine.core.replay(reader)
        reader.check()
    return engine.state_hash()


def prove(outcome: Outcome, config: Config) -> None:
    """Fills in what only a journal at rest can tell."""
    from oms.verify import verify

    outcome.journal_bytes = sum(path.stat().st_size for path in (config.directory / "journal").glob("*.journal"))
    outcome.replay_state_hash = replayed_hash(config)
    report = verify(config.directory, config.capacities)
    outcome.verify = "ok" if report.ok else "; ".join(report.problems[:10])
