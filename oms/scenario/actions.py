"""Plays one step: each action is one call, or a few, of the engine.

Owns: what an action of the language means in terms of the engine, and what came of it (Outcome). Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from oms.booking import SettlementItem
from oms.engine import Result
from oms.enums import RequestType, Status
from oms.errors import OmsError
from oms.order_entry import hits_of
from oms.scenario import control, entry, repair, start_of_day, view
from oms.scenario.given import TWIN
from oms.scenario.parse import Step
from oms.scenario.world import World

EVENTS = {"open": "open", "end": "ended", "feed_complete": "complete"}
FEED_RECORDS = {"open": "FeedOpened", "restarted": "FeedOpened", "lost": "FeedLost", "gap_closed": "FeedGapClosed"}
REPORTED = (
    *("exec_id", "exec_ref_id", "order_id", "ord_status", "last_qty", "last_px", "cum_qty", "leaves_qty", "order_qty"),
    *("price", "trade_date", "side", "instrument", "text", "feed", "cl_ord_id"),
    *("stop_px", "display_qty", "min_qty", "expire_date"),
    *("ord_type", "time_in_force", "ord_rej_reason"),
)


@dataclass
class Outcome:
    """What a step brought about."""

    answer: Status = Status.ok
    sent: list[str] = field(default_factory=list)
    alerts: list[Status] = field(default_factory=list)
    statuses: set[Status] = field(default_factory=set)  # every status that was seen anywhere
    told: list[str] = field(default_factory=list)  # later news for who had asked before
    hits: list[Status] = field(default_factory=list)  # all that the answers say is broken, or needs a person
    trades: list[dict[str, Any]] = field(default_factory=list)  # what trade feeds get of it
    repeated: list[Any] = field(default_factory=list)  # what a report that came twice made leave, or booked: nothing


def play(world: World, step: Step) -> Outcome:
    """Play one step; with `--twice` its report comes again over the second feed. Raises OmsError on wrong use."""
    outcome = Outcome()
    if not step.action:
        return outcome
    fields = dict(step.fields)
    if "at" in fields:
        move_clock(world, fields.pop("at"))
    fields["by"] = world.given.user_known(fields.get("by"))
    action = ACTIONS[step.action]
    before = view.last_execution(world)
    results = action(world, fields, step)
    note(world, outcome, results)
    outcome.trades = view.trades(world, before + 1)
    if step.action in ("new", "replace", "cancel") and outcome.answer != Status.ok:
        world.denied.setdefault(fields["cl_ord_id"], outcome.answer)
    if world.twice and step.action in ("report", "cancel_reject"):
        again = Outcome()
        note(world, again, action(world, again_over_second_feed(world, fields), step))
        outcome.repeated = [*again.sent, *view.trades(world, before + 1 + len(outcome.trades))]
        outcome.statuses |= again.statuses
    return outcome


def note(world: World, outcome: Outcome, results: list[Result]) -> None:
    for index, result in enumerate(results):
        answer = result.answer
        status = Status(answer["status"]) if answer else result.status
        if index == 0 or (outcome.answer == Status.ok and status != Status.ok):
            outcome.answer = status
        for sent in result.sent:
            if sent["type"] == RequestType.status:
                world.questions[sent["request"]] = sent["ord_status_req_id"]
            name = control.told_of(world, sent["request"], sent["order"])
            outcome.sent.append(f"{RequestType(sent['type']).name} {name}")
        outcome.told += [f"{Status(news['status']).name} {news['cl_ord_id']}" for news in result.told]
        outcome.alerts += result.alerts
        outcome.hits += hits_of(int(answer["hits"])) if answer else ()
        outcome.statuses |= {result.status, outcome.answer, *result.alerts}
        outcome.statuses |= {Status(news["status"]) for news in result.told}


def again_over_second_feed(world: World, fields: dict[str, Any]) -> dict[str, Any]:
    feed = fields.get("feed") or world.feed_of(fields)
    exchanges = world.given.known["exchanges"]
    mic = next((mic for mic, item in exchanges.items() if feed in item.get("feeds", [mic])), "")
    return {name: value for name, value in fields.items() if name != "seq"} | {"feed": mic + TWIN}


def move_clock(world: World, at: datetime | time) -> None:
    when = at if isinstance(at, datetime) else datetime.combine(world.today, at.replace(tzinfo=at.tzinfo or UTC))
    world.set_clock(when)


# from operators


def decide(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    call = world.engine.authorise if step.action == "authorise" else world.engine.reject
    account = world.account_for(f)
    return [call(account, f["cl_ord_id"], f["by"], version=f.get("version"), text=f.get("reason", ""))]


def deposit(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    return [world.engine.deposit(f["account"], f["currency"], f["amount"], f["reference"], **signed(f))]


def withdraw(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    stage, amount = f.get("stage", "at_once"), f.get("amount", 0)
    return [world.engine.withdraw(f["account"], f["currency"], amount, f["reference"], **signed(f), stage=stage)]


def transfer(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    item = f["currency"] if "currency" in f else f["instrument"]
    amount = f["amount"] if "amount" in f else f["quantity"]
    more = {name: f[name] for name in ("to_currency", "to_amount", "margin", "reason") if name in f}
    return [world.engine.transfer(f["from"], f["to"], item, amount, f["reference"], **more, **signed(f))]


def set_margin(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    texts = {name: f.get(name, "") for name in ("reference", "reason")}
    return [world.engine.set_margin(f["account"], f["currency"], f["amount"], by=f["by"], **texts)]


def adjust(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    item = f["currency"] if "currency" in f else f["instrument"]
    amount = f["amount"] if "amount" in f else f["quantity"]
    return [world.engine.adjust(f["account"], item, amount, f["reference"], f["reason"], **signed(f))]


def signed(f: dict[str, Any]) -> dict[str, Any]:
    return {"by": f["by"], "override": f.get("override", False)}


# from exchanges


def report(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    full = world.exchange.completed(f, step.number, world.today)
    arguments = {name: full[name] for name in REPORTED if name in full}
    if "cl_ord_id" in f:
        arguments["account"] = world.account_for(f)
        if f["exec_type"] == "order_status":
            arguments["ord_status_req_id"] = world.question_about(arguments["account"], f["cl_ord_id"])
        world.also_called(f)
    else:
        arguments |= external(world, f)
    if "settl_date" in f:
        arguments["settle_date"] = f["settl_date"]
    return [world.engine.report(f["exec_type"], feed_sequence=sequence(world, f), by=f["by"], **arguments)]


def external(world: World, f: dict[str, Any]) -> dict[str, Any]:
    """What a report needs that names its order by the exchange's id alone, or none but its trade."""
    known = {"account": world.account_of, "instrument": world.instrument_of}
    order_id = f.get("order_id", "")
    for name, ids in known.items():
        if name in f and order_id:
            ids.setdefault(order_id, f[name])
    found = {name: ids[order_id] for name, ids in known.items() if order_id in ids}
    return found | {"feed": f.get("feed") or world.feed_of(f)}


def sequence(world: World, f: dict[str, Any]) -> int:
    return world.sequences.number(f.get("feed") or world.feed_of(f), f.get("seq", 0))


def cancel_reject(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    ord_status = world.exchange.refused(f["cl_ord_id"])
    account = world.account_for(f)
    return [
        world.engine.cancel_reject(
            account,
            f["cl_ord_id"],
            handle=control.own_cancel(world, account, f["cl_ord_id"]),
            ord_status=f.get("ord_status", ord_status),
            feed=f.get("feed"),
            text=f.get("text", ""),
            feed_sequence=sequence(world, f),
            by=f["by"],
        )
    ]


def feed(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    name, by, engine = f["name"], f["by"], world.engine
    if f["event"] == "restarted":
        world.sessions[name] = world.sessions.get(name, 0) + 1
        world.sequences.restarted(name)
    if name not in world.sessions:  # the engine's own answer tells that it is unknown
        return [engine.record(FEED_RECORDS[f["event"]], by, feed=0)]
    if f["event"] == "lost":
        return [engine.lose_feed(name, by)]
    if f["event"] == "gap_closed":
        return [engine.close_gap(name, by)]
    return [engine.open_feed(name, world.sessions[name], f.get("last_received"), by)]


def session(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    world.session_of[f["exchange"]] = f["event"]
    return [world.engine.session(f["exchange"], EVENTS[f["event"]], world.today, f["by"])]


def balance(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    item = f["currency"] if "currency" in f else f["instrument"]
    told = {name: f[name] for name in ("delta", "absolute", "as_of", "reference") if name in f}
    return [
        world.engine.balance(f["feed"], f["id"], f["account"], item, **told, feed_sequence=f.get("seq", 0), by=f["by"])
    ]


def open_orders(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    engine, results = world.engine, []
    exchange = engine.exchange_slot(f["exchange"])
    for row in f["orders"]:
        name = row.get("cl_ord_id", row.get("order_id"))
        world.account_of.setdefault(name, row["account"])
        tif, cum_qty = row.get("time_in_force", "day"), row.get("cum_qty", Decimal(0))
        world.exchange.entered(name, row["order_qty"], tif, world.today, cum_qty)
        results.append(engine.fact("OpenOrder", f["by"], **engine.open_order_fields(exchange, row)))
    end = {"exchange": exchange, "count": len(f["orders"]), "complete": int(f["complete"])}
    return [*results, engine.record("OpenOrdersEnd", f["by"], **end)]


# from the world


def market(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    known = world.prices.setdefault(f["instrument"], {"last": 0, "bid": 0, "ask": 0})
    known |= {name: f[name] for name in known if name in f}
    return [world.engine.market(f["instrument"], **known, by=f["by"])]


def business_date(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    return world.move_date(f["date"], f["by"])


def wait(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    world.engine.advance(f["seconds"])
    return [world.engine.tick()]


def settle(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    items = [SettlementItem(i["exec_id"], i.get("quantity"), i.get("amount")) for i in f.get("items", ())]
    expected = {(key.rpartition(".")[0], key.rpartition(".")[2]): amount for key, amount in f["expected"].items()}
    return [
        world.engine.settle(
            f["batch_id"],
            f["date"],
            account=f.get("account"),
            by=f["by"],
            items=items if "items" in f else None,
            expected=expected,
            fail=f.get("fail", ()),
        )
    ]


def reference(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    return world.given.define(f)


def corporate_action(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    """Without an id, instrument, type and ex-date name it."""
    if "undo" in f:
        return [world.engine.undo_corporate_action(f["undo"], by=f["by"])]
    ex_date = f.get("ex_date", world.today)
    name = f.get("id", f"{f.get('instrument')} {f['type']} {ex_date}")
    given = {name: f[name] for name in ("ratio", "amount", "new_instrument", "price", "live_orders") if name in f}
    result = world.engine.corporate_action(name, f.get("instrument", ""), f["type"], ex_date, by=f["by"], **given)
    if result.ok and "new_instrument" in f and ex_date <= world.today:
        world.renamed("instrument", f["instrument"], f["new_instrument"])
    return [result]


def rename(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    of = next(name for name in ("instrument", "currency", "account", "owner", "isin") if name in f)
    result = world.engine.rename(of, f[of], f["to"], f.get("reason", ""), f["by"])
    if result.ok:
        world.renamed(of, f[of], f["to"])
    return [result]


def restart(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    before = world.engine.state_hash()
    world.restart()
    if world.engine.state_hash() != before:
        raise OmsError("the state after the restart is not the state before it")
    return []


ACTIONS = {
    "new": entry.new,
    "replace": entry.replace,
    "cancel": entry.cancel,
    "validate": entry.validate,
    "list": entry.listed,
    "set_limit": entry.set_limit,
    "authorise": decide,
    "reject": decide,
    "kill": control.control,
    "halt": control.control,
    "reduce_only": control.control,
    "resume": control.control,
    "mass_cancel": control.mass_cancel,
    "user_lost": control.user_lost,
    "user_back": control.user_back,
    "deposit": deposit,
    "withdraw": withdraw,
    "transfer": transfer,
    "set_margin": set_margin,
    "adjust": adjust,
    "move": repair.move,
    "assign": repair.assign,
    "resolve": repair.resolve,
    "report": report,
    "cancel_reject": cancel_reject,
    "feed": feed,
    "session": session,
    "balance": balance,
    "open_orders": open_orders,
    "market": market,
    "business_date": business_date,
    "time": wait,
    "settle": settle,
    "start_of_day": start_of_day.play,
    "reference": reference,
    "corporate_action": corporate_action,
    "rename": rename,
    "restart": restart,
}
