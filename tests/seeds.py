"""The command line of what is played by seed: one seed, or a long run of them with progress, beginning anywhere."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

TELL_S = 60.0

Outcome = tuple[int, Mapping[str, int], str]  # seed, what was reached, what went wrong (empty: nothing)


def main(name: str, outcome: Callable[..., Outcome], can_trace: bool = False) -> int:
    """`python -m tests.NAME SEED [--to LAST] [--jobs N]`. Returns the exit status: 1 when a seed has failed."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.{name}")
    parser.add_argument("seed", type=int, help="the seed, or the first of several")
    parser.add_argument("--to", type=int, help="the last of several seeds")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that play seeds side by side")
    parser.add_argument("--first", action="store_true", help="stop at the first seed that fails")
    if can_trace:
        parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    options = parser.parse_args()
    seeds = range(options.seed, (options.to or options.seed) + 1)
    traced = getattr(options, "trace", False)
    if traced:
        outcome = partial(outcome, tell=print)
    _begin(traced)
    if options.jobs == 1:
        return _play(name, seeds, map(outcome, seeds), options.first)
    context = multiprocessing.get_context("spawn")  # not forked: threads would not be there
    with ProcessPoolExecutor(options.jobs, mp_context=context, initializer=_begin, initargs=(traced,)) as pool:
        return _play(name, seeds, pool.map(outcome, seeds), options.first)


def _begin(traced: bool) -> None:
    """What is played here is damaged on purpose: the warnings of its days are for who looks at one."""
    if not traced:
        logging.getLogger("oms").setLevel(logging.ERROR)


def _play(name: str, seeds: range, outcomes: Iterable[Outcome], stop_at_first: bool) -> int:
    marks: Counter[str] = Counter()
    failed = played = 0
    began = told = time.monotonic()
    for seed, reached, error in outcomes:
        marks.update(reached)
        played += 1
        if error:
            failed += 1
            print(f"{error}\n  again: {sys.executable} -m tests.{name} {seed}", flush=True)
            if stop_at_first:
                break
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            print(f"{name}: seed {seed} of {seeds[-1]}, {failed} failed, {told - began:,.0f} s", file=sys.stderr)
    for mark, count in sorted(marks.items()):
        print(f"{count:8} {mark}")
    print(f"{name}: {played} seeds played, {failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0
