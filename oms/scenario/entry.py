"""Actions of order entry: requests of clients, alone, only checked, or in a list, and the limits that they meet.

Owns: what these mean in terms of the engine. Judges nothing.
"""

from __future__ import annotations

from typing import Any

from oms.engine import Result
from oms.errors import OmsError
from oms.scenario import view, words
from oms.scenario.parse import Step
from oms.scenario.world import World

EXTRA_TERMS = (
    *("price", "ord_type", "time_in_force", "expire_date", "stop_px", "display_qty", "min_qty"),
    *("locate", "poss_resend", "listed", "check_only"),
)


def says_the_same(world: World, f: dict[str, Any]) -> None:
    """A replace or cancel may name instrument and side, but has no means to ask for others."""
    asked = f.keys() & words.ALSO_SAID.keys()
    try:
        order = view.order(world, f["orig_cl_ord_id"]) if asked else None
    except LookupError:
        return  # of no order that is known: the engine's own answer says so
    for name in asked:
        if (has := getattr(order, name)) != f[name]:
            raise OmsError(
                f"the order's {name} is {has}, not {f[name]}", remedy="no request changes that: leave it out"
            )


def new(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    world.account_of.setdefault(f["cl_ord_id"], f["account"])
    world.instrument_of.setdefault(f["cl_ord_id"], f["instrument"])
    world.exchange.entered(f["cl_ord_id"], f["order_qty"], f.get("time_in_force", "day"), world.today)
    terms = {name: f[name] for name in EXTRA_TERMS if name in f}
    return [
        world.engine.submit(
            f["account"], f["cl_ord_id"], f["instrument"], f["side"], f["order_qty"], by=f["by"], **terms
        )
    ]


def replace(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    says_the_same(world, f)
    account = world.account_for(f)
    world.exchange.renamed(f["cl_ord_id"], f["orig_cl_ord_id"], f.get("order_qty"), replace=True)
    world.instrument_of.setdefault(f["cl_ord_id"], world.instrument_of.get(f["orig_cl_ord_id"], ""))
    terms = {name: f[name] for name in ("order_qty", *EXTRA_TERMS) if name in f}
    return [world.engine.replace(account, f["cl_ord_id"], f["orig_cl_ord_id"], by=f["by"], **terms)]


def cancel(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    says_the_same(world, f)
    account = world.account_for(f)
    world.exchange.renamed(f["cl_ord_id"], f["orig_cl_ord_id"])
    resend = f.get("poss_resend", False)
    return [world.engine.cancel(account, f["cl_ord_id"], f["orig_cl_ord_id"], poss_resend=resend, by=f["by"])]


def validate(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    """Asks the engine what the request would meet; what it is worth and costs is kept for the expectations."""
    engine, known = world.engine, world.given.known["accounts"]
    name = "new" if "new" in f else "replace"
    asked = f[name]
    terms = {term: asked[term] for term in EXTRA_TERMS if term in asked} | {"check_only": True, "by": f["by"]}
    cl_ord_id = asked.get("cl_ord_id", "")
    if name == "new":
        terms |= {"account": asked["account"], "instrument": asked["instrument"], "side": asked["side"]}
        result = engine.submit(cl_ord_id=cl_ord_id, order_qty=asked["order_qty"], **terms)
        instrument = engine.instrument_or_zero(asked["instrument"])
    else:
        orig = asked["orig_cl_ord_id"]
        account = asked.get("account") or world.account_of.get(orig) or next(iter(known))
        if "order_qty" in asked:
            terms["order_qty"] = asked["order_qty"]
        result = engine.replace(account, cl_ord_id, orig, **terms)
        instrument = engine.instrument_of(account, orig)
    world.checked = engine.checked(result, instrument)
    return [result]


def listed(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    """The list is announced, then its members come one after the other."""
    requests, by = f["requests"], f["by"]
    results = [world.engine.begin_list(len(requests), all_or_nothing=f.get("all_or_nothing", True), by=by)]
    for name, fields in requests:
        play = new if name == "new" else replace
        results += play(world, fields | {"by": by, "listed": True}, step)
    return results


def set_limit(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    scope = next(name for name in words.LIMITED if name in f)
    name = "" if scope == "firm" else f[scope]
    if scope == "user":
        world.given.user_known(name)
    return [world.engine.set_limit(scope, name, f["name"], f["value"], by=f["by"])]
