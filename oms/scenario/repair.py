"""Orders of the wrong account, doubts, breaks and parked reports: what a scenario's people do about them.

Owns: what these actions of the language mean in terms of the engine. Judges nothing.
"""

from __future__ import annotations

from typing import Any

from oms.engine import Result
from oms.errors import OmsError
from oms.scenario import start_of_day, view
from oms.scenario.parse import Step
from oms.scenario.world import World


def move(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    """`account` is the present one where another field names the target, else the target."""
    name, orig = f.get("cl_ord_id", ""), f.get("orig_cl_ord_id", "")
    if not name:
        name = view.order(world, f["order_id"]).cl_ord_id
    target = f.get("to") or f.get("to_account")
    account = f.get("from") or (f.get("account") if target else None) or world.account_of.get(orig or name, "")
    target = target or f.get("account", "")
    if orig:
        world.account_of.setdefault(name, account)
    moved = world.engine.move(account, name, target, orig, by=f["by"])
    follow(world, account, target)
    return [moved]


def follow(world: World, account: str, to: str) -> None:
    """The ids of what was moved belong to its new account."""
    for name, owner in world.account_of.items():
        if owner == account and not names_request(world, account, name) and names_request(world, to, name):
            world.account_of[name] = to


def names_request(world: World, account: str, name: str) -> int:
    return world.engine.request_slot(world.engine.account_or_zero(account), name)


def assign(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    name = next(f[name] for name in ("order_id", "cl_ord_id", "exec_id") if name in f)
    return [world.engine.assign(name, f.get("account") or f["to"], by=f["by"])]


def resolve(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    said = {"by": f["by"], "text": f.get("reason", "")}
    if "break" in f:
        if of_day := start_of_day.called(world, f["break"]):
            if f["outcome"] == "ours":
                raise OmsError("the source's figure is loaded already", remedy="adjust it, then resolve with theirs")
            return start_of_day.sign_off(world, of_day, f["by"], said["text"])
        return [world.engine.resolve_parked(f["break"], f["outcome"], **said)]
    name = f.get("cl_ord_id") or f["order_id"]
    return [world.engine.resolve(world.account_for({"cl_ord_id": name} | f), name, f["outcome"], **said)]
