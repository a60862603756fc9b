"""Plays scenario files from end to end, in one of three ways, and keeps what came of each.

Owns: Play, the result of one file: ok, failed, not_yet or error. Nothing escapes it but a broken program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from oms.engine import Engine
from oms.errors import OmsError
from oms.scenario import actions, view
from oms.scenario.check import Failure, check
from oms.scenario.document import ScenarioError
from oms.scenario.invariants import Watch
from oms.scenario.parse import Gap, Scenario, Step, load
from oms.scenario.world import World
from oms.verify import audit


@dataclass
class StepFailure:
    step: int
    action: str
    failure: Failure


@dataclass
class Play:
    """What became of one file."""

    file: str
    title: str = ""
    steps: int = 0
    checks: int = 0
    failures: list[StepFailure] = field(default_factory=list)
    gaps: list[tuple[int, Gap]] = field(default_factory=list)  # step (0 = given) and what is missing there
    error: OmsError | None = None
    state_hash: str = ""
    statuses: set[str] = field(default_factory=set)

    @property
    def outcome(self) -> str:
        if self.error:
            return "error"
        return "failed" if self.failures else "not_yet" if self.gaps else "ok"


def run_files(
    paths: Iterable[Path],
    *,
    restart_between: bool = False,
    twice: bool = False,
    at_end: Callable[[Engine], None] | None = None,
) -> Iterator[Play]:
    """Play one file after another; an error in one does not keep the others from playing. at_end: gets the engine of
    each when its last step is played."""
    for path in paths:
        play = Play(str(path))
        try:
            scenario = load(path)
            play.title = scenario.title
            run(scenario, play, restart_between=restart_between, twice=twice, at_end=at_end)
        except OmsError as error:
            play.error = error
        except OSError as error:
            play.error = OmsError(error.strerror or str(error), where=str(path))
        yield play


def run(
    scenario: Scenario,
    play: Play,
    *,
    restart_between: bool = False,
    twice: bool = False,
    at_end: Callable[[Engine], None] | None = None,
) -> None:
    """Play one scenario and note in `play` what came of it. Raises OmsError when it cannot be played."""
    if scenario.gaps:
        play.gaps = [(0, gap) for gap in scenario.gaps]
        return
    with TemporaryDirectory(prefix="oms-scenario-") as directory:
        world = World(scenario.given, Path(directory) / "journal", twice=twice)
        try:
            play_steps(world, scenario, play, restart_between=restart_between)
            play.failures += recomputed(world, scenario)
            play.state_hash = world.engine.state_hash()
            if at_end:
                at_end(world.engine)
        finally:
            world.close()


def play_steps(world: World, scenario: Scenario, play: Play, *, restart_between: bool) -> None:
    watch = Watch(world)
    for step in scenario.steps:
        if step.gaps:
            play.gaps += [(step.number, gap) for gap in step.gaps]
            return  # what follows may depend on it
        if restart_between and step.number > 1:
            actions.restart(world, {}, step)
        play_step(world, step, play, watch, scenario.name)


def recomputed(world: World, scenario: Scenario) -> Iterator[StepFailure]:
    """What `oms verify` would find wrong in the end: every figure, worked out from executions and movements."""
    if not scenario.steps:
        return
    last = scenario.steps[-1]
    for finding in audit(world.engine).findings:
        what = f"verify: {finding.field} of {finding.table} row {finding.row}, in units"
        yield StepFailure(
            last.number, last.action, Failure(last.line, what, str(finding.recomputed), str(finding.ours))
        )


def play_step(world: World, step: Step, play: Play, watch: Watch, name: str) -> None:
    try:
        watch.before()
        outcome = actions.play(world, step)
        failures = [*check(world, outcome, step.expect), *watch.after(step, outcome)]
    except OmsError as error:
        where = error.where or f"{name}:{step.line}"
        raise ScenarioError(
            f"step {step.number} {step.action}: {error.what}", where=where, remedy=error.remedy
        ) from error
    play.steps += 1
    play.checks += len(step.expect)
    play.failures += [StepFailure(step.number, step.action, failure) for failure in failures]
    play.gaps += [(step.number, gap) for gap in step.unchecked]
    play.statuses |= {status.name for status in outcome.statuses} | view.reasons(world)
