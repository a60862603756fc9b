"""What came of a demo: counted from the tables, compared with the exchanges and the trade feed, told to a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from oms.demo.custodians import Custody
from oms.demo.processes import Processes
from oms.demo.store import Prepared
from oms.enums import OrdStatus, RequestStatus, RequestType, Status, TradeKind
from oms.views import Attached, Views

if TYPE_CHECKING:
    from oms.demo.desk import ScriptedDesk
    from oms.demo.traders import Traders

PERCENTILES = (50, 99, 99.9)


@dataclass
class Outcome:
    """A day in figures. Counts are of requests, orders or executions; amounts are decimals as text by currency."""

    requests: int = 0
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    authorised: int = 0
    desk: dict[str, int] = field(default_factory=dict)
    buffered: int = 0
    fills: int = 0
    cancels: int = 0
    replaces: int = 0
    crossed: int = 0  # cancels and replaces that a fill, or the close, overtook
    expired: int = 0
    exchange_restarts: int = 0
    breaks: dict[str, int] = field(default_factory=dict)
    accounts_closed: int = 0
    custody: Custody = field(default_factory=Custody)
    traded: dict[str, str] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)
    exchange_trades: int = 0
    trades_fed: int = 0
    trades_agree: bool = False
    latencies_us: dict[str, dict[str, float]] = field(default_factory=dict)
    requests_per_s: int = 0
    journal_records: int = 0
    journal_bytes: int = 0
    parked: dict[str, int] = field(default_factory=dict)
    state_hash: str = ""
    replay_state_hash: str = ""
    verify: str = ""

    @property
    def ok(self) -> bool:
        """Did everything agree?"""
        proven = self.verify == "ok" and self.state_hash == self.replay_state_hash
        return proven and self.trades_agree and self.custody.ok

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}


def by_currency(views: Views, currency: np.ndarray[Any, Any], amount: np.ndarray[Any, Any]) -> dict[str, str]:
    """Sums of money by currency code."""
    sums = {}
    for slot in np.unique(currency).tolist():
        total = int(amount[currency == slot].sum(dtype=np.int64))
        if slot and total:
            sums[views.code("currency", slot, "code")] = format(views.money(total, slot), "f")
    return sums


def percentiles(row: Any) -> dict[str, float]:
    """Microseconds at some percentiles of a histogram row, each the upper edge of its bucket."""
    counts, total = row["buckets"], int(row["count"])
    seen = np.cumsum(counts)
    found = {}
    for share in PERCENTILES:
        bucket = int(np.searchsorted(seen, total * share / 100))
        exponent, part = divmod(min(bucket, len(counts) - 1), 8)
        edge_ns = int((9 + part) * 2.0 ** (exponent - 3))
        found[f"p{share:g}"] = min(edge_ns, int(row["max_ns"])) / 1000
    return found | {"max": int(row["max_ns"]) / 1000}


def trade_key(trade: dict[str, str], account: str) -> tuple[str, ...]:
    """What three sides have to say alike of one trade."""
    quantity, price = Decimal(trade["quantity"]).normalize(), Decimal(trade["price"]).normalize()
    return account, trade["exchange"], trade["exec_id"], trade["side"], format(quantity, "f"), format(price, "f")


def compare_trades(processes: Processes, views: Attached) -> tuple[int, int, bool]:
    """(the exchanges' trades, trades fed, do both say what we have booked, account by account?)

    An exchange knows no account of an order that was left from yesterday: there the execution's own order says it.
    """
    codes = [bytes(code).decode() for code in views.rows("account")["code"]]
    booked = [asdict(trade) for trade in views.executions_from(1) if trade.kind == "trade"]
    holders = {(trade["exchange"], trade["exec_id"], trade["side"]): trade["account"] for trade in booked}
    theirs: Counter[tuple[str, ...]] = Counter()
    for trade in processes.exchange_trades():
        number = int(trade["account"])
        holder = holders.get((trade["exchange"], trade["exec_id"], trade["side"]), "")
        theirs[trade_key(trade, codes[number] if number else holder)] += 1
    ours = Counter(trade_key(trade, trade["account"]) for trade in booked)
    told = Counter(trade_key(line, line["account"]) for line in processes.fed_trades() if line["type"] == "trade")
    return theirs.total(), told.total(), theirs == ours == told


def outcome_of(
    prepared: Prepared,
    processes: Processes,
    views: Attached,
    traders: Traders,
    desk: ScriptedDesk,
    driven_s: float,
) -> Outcome:
    """Takes stock while the tables are still mapped and nothing moves any more."""
    requests, orders, executions = views.rows("request")[1:], views.rows("order")[1:], views.rows("execution")[1:]
    instruments = views.rows("instrument")
    decided = requests["decided_by"] != 0
    done, kind = requests["status"] == RequestStatus.completed, requests["type"]
    outcome = Outcome(
        requests=traders.requests,
        accepted=traders.accepted,
        refused=dict(traders.refused.most_common()),
        queued=int((requests["queue_version"] > 0).sum()),
        authorised=int((decided & (requests["reason"] != Status.rejected_by_desk)).sum()),
        desk={
            "rejected": int((requests["reason"] == Status.rejected_by_desk).sum()),
            "expired": int(((requests["queue_version"] > 0) & (requests["status"] == RequestStatus.expired)).sum()),
            "cancelled": int(((requests["queue_version"] > 0) & (requests["status"] == RequestStatus.cancelled)).sum()),
            **{f"decision {name}": count for name, count in desk.outcomes.items()},
        },
        buffered=traders.buffered,
        fills=int((executions["kind"] == TradeKind.trade).sum()),
        cancels=int((orders["ord_status"] == OrdStatus.canceled).sum()),
        replaces=int((done & (kind == RequestType.replace)).sum()),
        crossed=int(((kind != RequestType.new) & (requests["reason"] == Status.rejected_by_exchange)).sum()),
        expired=int((orders["ord_status"] == OrdStatus.expired).sum()),
        exchange_restarts=processes.restarts,
        breaks=prepared.breaks,
        accounts_closed=prepared.closed,
        traded=by_currency(views, instruments["currency"][executions["instrument"]], executions["value"]),
        reserved=by_currency(views, views.rows("cash")["currency"], views.rows("cash")["reserved"]),
        requests_per_s=round(traders.requests / driven_s),
        journal_records=int(views.header("firm")["sequence"]),
        parked=dict(Counter(Status(int(code)).name for code in views.rows("parked")["status"][1:])),
        state_hash=views.state_hash(),
    )
    outcome.latencies_us = {
        bytes(row["name"]).decode(): percentiles(row) for row in views.rows("latency")[1:] if row["count"]
    }
    outcome.exchange_trades, outcome.trades_fed, outcome.trades_agree = compare_trades(processes, views)
    return outcome


def text(outcome: Outcome) -> str:
    """The summary that a person reads."""
    day = outcome
    lines = [
        f"requests        {day.requests:>12,}   {day.requests_per_s:,} a second",
        f"  accepted      {day.accepted:>12,}",
        f"  refused       {sum(day.refused.values()):>12,}   {len(day.refused)} reasons",
    ]
    lines += [f"    {name:<30} {count:>8,}" for name, count in day.refused.items()]
    lines += [
        f"desk            {day.queued:>12,}   authorised {day.authorised:,}, rejected {day.desk['rejected']:,}, "
        f"expired {day.desk['expired']:,}, cancelled {day.desk['cancelled']:,}",
        f"buffered        {day.buffered:>12,}   while an exchange was away; {day.exchange_restarts} restart",
        f"fills           {day.fills:>12,}   traded {amounts(day.traded)}",
        f"cancelled       {day.cancels:>12,}   replaced {day.replaces:,}; overtaken by a fill {day.crossed:,}",
        f"expired         {day.expired:>12,}",
        f"still reserved                 {amounts(day.reserved)}",
        f"start of day                   {', '.join(f'{n} {k}' for k, n in day.breaks.items()) or 'no breaks'}; "
        f"{day.accounts_closed} accounts kept closed",
    ]
    lines += [
        f"bank            deposit         {day.custody.deposit}",
        f"                withdrawal      {day.custody.withdrawal}, held and paid",
        f"                payment         {day.custody.overdrawn}: its next buy {day.custody.refused}",
        f"registry                        {day.custody.stock}; {'all agree' if day.custody.agree else 'THEY DIFFER'}",
    ]
    for name, figures in day.latencies_us.items():
        told = ", ".join(f"{key} {value:,.1f}" for key, value in figures.items())
        lines.append(f"{name:<31}{told} µs")
    size = day.journal_bytes / 2**20
    lines += [
        f"journal         {day.journal_records:>12,}   records, {size:,.0f} MiB",
        f"trades          {day.fills:>12,}   the exchanges say {day.exchange_trades:,}, the trade feed has "
        f"told {day.trades_fed:,}: {'all agree' if day.trades_agree else 'THEY DIFFER'}",
        f"replay                         {'the same state' if day.state_hash == day.replay_state_hash else 'DIFFERS'}",
        f"verify                         {day.verify}",
    ]
    return "\n".join(lines)


def amounts(sums: dict[str, str]) -> str:
    return ", ".join(f"{Decimal(amount):,.2f} {code}" for code, amount in sums.items()) or "nothing"
