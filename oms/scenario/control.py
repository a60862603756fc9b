"""Actions of control: trading states, mass cancel, and users whose session ends.

Owns: what these mean in terms of the engine, and how a cancel that no client named is told of. Judges nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oms.engine import Result
from oms.enums import RequestStatus, RequestType
from oms.scenario.parse import Step
from oms.scenario.world import World

STATES = {"kill": "killed", "halt": "halted", "reduce_only": "reduce_only", "resume": "active"}
SCOPES = ("firm", "exchange", "account", "instrument", "user")
SELECTED = ("account", "instrument", "exchange", "side", "user")


def control(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    scope = next(name for name in SCOPES if name in f)
    name = "" if scope == "firm" else f[scope]
    return [world.engine.control(scope, name, STATES[step.action], by=f["by"], reason=f.get("reason", ""))]


def mass_cancel(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    return [world.engine.mass_cancel(**{name: f[name] for name in SELECTED if name in f}, by=f["by"])]


def user_lost(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    world.given.user_known(f["user"])
    return [world.engine.user_lost(f["user"])]


def user_back(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    world.given.user_known(f["user"])
    return [world.engine.user_back(f["user"])]


def told_of(world: World, request: int, order: int) -> str:
    """What a request is called in `sent`: the client's name for it; a cancel of ours has none and goes by its order."""
    name = world.engine.text(world.engine.rows("request")["cl_ord_id"][request & 0xFFFFFFFF])
    if name or not order:
        return name
    picture = world.engine.order_picture(order & 0xFFFFFFFF)
    return picture.cl_ord_id or picture.order_id


def own_cancel(world: World, account: str, cl_ord_id: str) -> int:
    """The handle of our own unanswered cancel of the order that the exchange names by the order's own id; 0 = none."""
    engine = world.engine
    slot = engine.request_slot(engine.account_slot(account), cl_ord_id)
    rows = engine.rows("request")
    waits = (rows["status"] == RequestStatus.submitted) | (rows["status"] == RequestStatus.in_doubt)
    mine = (rows["type"] == RequestType.cancel) & (rows["cl_ord_id"] == 0) & waits
    if not slot or rows["type"][slot] == RequestType.cancel:
        return 0
    found = np.flatnonzero(mine & (rows["order"] == rows["order"][slot]))
    return int(rows["generation"][found[0]]) << 32 | int(found[0]) if len(found) else 0
