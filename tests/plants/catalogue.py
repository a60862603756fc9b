"""Bugs that are planted on purpose, each into a copy of the sources, and what has to find it.

A plant replaces text of one file; in the copy, `planted(n)` is true in a process that was started with OMS_PLANT=n. The
sources themselves know nothing of this.
"""

from __future__ import annotations

from dataclasses import dataclass

SIMULATION = ("-m", "tests.simulation", "1", "--to", "60", "--first")


def scenario(name: str) -> tuple[str, ...]:
    return ("-m", "oms", "scenario", "run", f"{{root}}/tests/scenarios/{name}.yaml")


def test(name: str, *options: str) -> tuple[str, ...]:
    return (
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-o",
        "pythonpath=",
        "--rootdir={root}",
        f"{{root}}/{name}",
        *options,
    )


@dataclass(frozen=True)
class Plant:
    """edits: (file, what stands there, what is put there; N = the plant's number). found_by: arguments of python."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    found_by: tuple[str, ...] = SIMULATION


PLANTS = (
    Plant(
        "outputs leave before the flush",
        (
            (
                "journal.pyx",
                "return journal_safe(self.state)",
                "return 1 << 40 if planted(N) else journal_safe(self.state)",
            ),
        ),
    ),
    Plant(
        "the epoch of an envelope is forgotten",
        (("bus_endpoint.pyx", "if envelope.epoch != (", "if not planted(N) and envelope.epoch != ("),),
        test("tests/bus/test_malformed.py", "-k", "another and session"),
    ),
    Plant(
        "an execution is known by its exec_id alone",
        (
            ("executions.pyx", "exchange << 8 | side,", "exchange << 8 | (0 if planted(N) else side),"),
            ("executions.pyx", "and x.side == side:", "and (planted(N) or x.side == side):"),
        ),
        scenario("reports/an_execution_key_has_date_and_side"),
    ),
    Plant(
        "a release is off by one",
        (
            (
                "orders.pyx",
                "cash_reserve(s, o.cash, cover.cash - o.reserved)",
                "cash_reserve(s, o.cash, cover.cash - o.reserved + (planted(N) and not cover.cash))",
            ),
        ),
    ),
    Plant(
        "a fill after a cancel releases once more",
        (
            (
                "order_states.pyx",
                "        after_the_end(s, order, word)\n",
                "        after_the_end(s, order, word)\n        if planted(N):\n"
                "            s.cash[o.cash].reserved = s.cash[o.cash].reserved - 1\n",
            ),
        ),
    ),
    Plant(
        "holds are forgotten at a restart",
        (
            (
                "engine.pyx",
                "        self.state.replaying = False\n",
                "        self.state.replaying = False\n        if planted(N):\n"
                "            self.state.cash[1].reserved = 0\n",
            ),
        ),
    ),
    Plant(
        "a settlement batch counts as often as it comes",
        (
            (
                "batches.pyx",
                "    if find_batch(s, Settle_texts(r),",
                "    if not planted(N) and find_batch(s, Settle_texts(r),",
            ),
        ),
    ),
    Plant(
        "what settles stays in the ladder",
        (
            (
                "settlement.pyx",
                "    cash_ladder(s, cash, x.settle_date, -m.owed, -m.due)\n",
                "    if not planted(N):\n        cash_ladder(s, cash, x.settle_date, -m.owed, -m.due)\n",
            ),
        ),
    ),
    Plant(
        "an execution that is told again counts again",
        (
            (
                "reports.pyx",
                "    if slot:\n        known = &s.execution[slot]\n        if known.order == order",
                "    if slot and not planted(N):\n        known = &s.execution[slot]\n        if known.order == order",
            ),
        ),
    ),
    Plant(
        "anybody may trade for any account",
        (
            (
                "vetting.pyx",
                "_trade and owns(s, account, s.source)",
                "_trade and (planted(N) or owns(s, account, s.source))",
            ),
        ),
    ),
    Plant(
        "the journal's chain is not looked at",
        (
            (
                "journal_reader.pyx",
                "    if memcmp(chain, commit.chain, 32):",
                "    if not planted(N) and memcmp(chain, commit.chain, 32):",
            ),
        ),
        test("tests/journal/test_segments.py", "-k", "fitting_checksums"),
    ),
    Plant(
        "a snapshot stands for one record more than it holds",
        (
            (
                "../replica.py",
                'return int(self.core.rows("firm")[1]["last_sequence"]) + 1',
                'return int(self.core.rows("firm")[1]["last_sequence"]) + (2 if planted(N) and self.snapshot else 1)',
            ),
        ),
    ),
    Plant(
        "a request is decided as often as anybody decides",
        (
            (
                "waiting.pyx",
                "    if r.status != RequestStatus_queued:\n",
                "    if r.status != RequestStatus_queued and not planted(N):\n",
            ),
        ),
    ),
    Plant(
        "an old word lowers an order's status",
        (
            (
                "reports.pyx",
                "    if o.closed or o.cum_qty:\n        return ST_report_stale",
                "    if (o.closed or o.cum_qty) and not planted(N):\n        return ST_report_stale",
            ),
            (
                "reports.pyx",
                "    if o.ord_status != OrdStatus_pending_new:\n        return ST_ok ",
                "    if o.ord_status != OrdStatus_pending_new and not planted(N):\n        return ST_ok ",
            ),
        ),
        scenario("reports/a_stale_report_lowers_nothing"),
    ),
    Plant(
        "a gap in a feed is taken for the next report",
        (("feeds.pyx", "    if sequence == f.last_in + 1:", "    if planted(N) or sequence == f.last_in + 1:"),),
        scenario("feeds/a_gap_in_a_feed_holds_new_orders"),
    ),
    Plant(
        "what is in doubt is sent again",
        (
            (
                "doubt.pyx",
                "    cdef ExchangeRow* e = &s.exchange[s.feed[feed].exchange]\n",
                "    cdef ExchangeRow* e = &s.exchange[s.feed[feed].exchange]\n    if planted(N):\n"
                "        route(s, request)\n        return\n",
            ),
        ),
    ),
    Plant(
        "an older lease is as good as the newest",
        (
            (
                "feeds.pyx",
                "    if r.epoch and r.epoch <= f.epoch:",
                "    if r.epoch and r.epoch <= f.epoch and not planted(N):",
            ),
        ),
        test("tests/adapters/test_failover.py", "-k", "older_lease"),
    ),
    Plant(
        "a cancel breaks an invariant",
        (
            (
                "requests.pyx",
                "        return reject(s, &a, &t, ST_order_unknown)\n    o = &s.order[order]\n    if o.closed:\n",
                "        return reject(s, &a, &t, ST_order_unknown)\n    o = &s.order[order]\n"
                '    if planted(N):\n        broken(s, "a planted invariant")\n    if o.closed:\n',
            ),
        ),
    ),
)
POISON = len(PLANTS)
