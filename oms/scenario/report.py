"""Tells what became of scenario files: as text for a person, as one JSON document for a program."""

from __future__ import annotations

from collections import Counter
from typing import Any

from oms.scenario.runner import Play

WORDS = {"ok": "ok", "failed": "failed", "not_yet": "not yet", "error": "error"}
EXIT = {"ok": 0, "failed": 1, "error": 1, "not_yet": 3}


def text(play: Play) -> str:
    """One file in a line, and under it what is wrong."""
    lines = [f"{WORDS[play.outcome]:8} {play.file}" + (f"  {play.title}" if play.title else "")]
    for item in play.failures:
        failure = item.failure
        lines += [
            f"  step {item.step} {item.action} ({play.file}:{failure.line}): {failure.key}",
            f"    expected  {failure.expected}",
            f"    actual    {failure.actual}",
        ]
    lines += [
        f"  {f'step {step}' if step else 'given'} ({play.file}:{gap.line}): {gap.capability}: not yet"
        for step, gap in play.gaps
    ]
    if play.error:
        lines += [f"  {line}" for line in str(play.error).split("\n")]
    return "\n".join(lines)


def summary(plays: list[Play]) -> str:
    counts = Counter(play.outcome for play in plays)
    figures = [f"{counts[outcome]} {word}" for outcome, word in WORDS.items() if counts[outcome]]
    checks, steps = sum(play.checks for play in plays), sum(play.steps for play in plays)
    scenarios = "1 scenario" if len(plays) == 1 else f"{len(plays)} scenarios"
    return f"{scenarios}, {steps} steps, {checks} expectations: {', '.join(figures)}"


def overall(plays: list[Play]) -> str:
    outcomes = {play.outcome for play in plays}
    return next((word for word in ("error", "failed", "not_yet") if word in outcomes), "ok")


def exit_status(plays: list[Play]) -> int:
    return EXIT[overall(plays)]


def document(plays: list[Play]) -> dict[str, Any]:
    """The same for `--json`."""
    counts = Counter(play.outcome for play in plays)
    return {
        "outcome": overall(plays),
        "counts": {outcome: counts[outcome] for outcome in WORDS},
        "files": [one(play) for play in plays],
    }


def one(play: Play) -> dict[str, Any]:
    error = play.error
    return {
        "file": play.file,
        "title": play.title,
        "outcome": play.outcome,
        "steps": play.steps,
        "expectations": play.checks,
        "failures": [
            {
                "step": item.step,
                "action": item.action,
                "line": item.failure.line,
                "expectation": item.failure.key,
                "expected": item.failure.expected,
                "actual": item.failure.actual,
            }
            for item in play.failures
        ],
        "not_yet": [{"step": step, "line": gap.line, "capability": gap.capability} for step, gap in play.gaps],
        "error": {"what": error.what, "where": error.where, "remedy": error.remedy} if error else None,
        "statuses": sorted(play.statuses),
        "state_hash": play.state_hash,
    }
