"""The course of a demo: from opening to close, with a restarted exchange, a killed trade feed, a busy desk, and a bank
and a registry that move money and stock."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from oms.demo.custodians import Custodians
from oms.demo.desk import ScriptedDesk
from oms.demo.processes import Processes
from oms.demo.store import Prepared, Tell
from oms.demo.summary import Outcome, outcome_of
from oms.demo.traders import Traders
from oms.enums import SessionState
from oms.views import Attached

QUIET_S = 0.5


def play(prepared: Prepared, tell: Tell, progress: Callable[[int], None]) -> Outcome:
    """Plays the day and returns what came of it. All processes have ended when it returns."""
    processes = Processes(prepared.config)
    try:
        views = processes.serve()
        tell("the OMS serves; opening the exchanges")
        date = prepared.day.business_date.isoformat()
        for mic in prepared.config.exchanges:
            processes.exchange(mic, "--date", date)
        processes.trade_feed()
        processes.wait_open(views)
        custodians = Custodians(processes, views)
        tell("trading")
        return trade(prepared, processes, custodians, tell, progress)
    finally:
        processes.stop()


def trade(
    prepared: Prepared, processes: Processes, custodians: Custodians, tell: Tell, progress: Callable[[int], None]
) -> Outcome:
    """From the first request to the last comparison."""
    config, total, views = prepared.config, prepared.day.requests, custodians.views
    last_exchange = list(config.exchanges)[-1]
    traders = Traders(config, config.home / "requests.csv")
    desk = ScriptedDesk(config)
    began = time.monotonic()

    def lose_exchange() -> None:
        tell(f"{last_exchange} is lost: its requests are buffered, what was on the way is in doubt")
        processes.running[last_exchange].end(signal.SIGKILL)

    def restart_exchange() -> None:
        processes.restart_exchange(last_exchange, views, prepared.day.business_date.isoformat())
        tell(f"{last_exchange} is back with a new session")

    def restart_trade_feed() -> None:
        processes.running["trade-feed"].end(signal.SIGKILL)
        processes.trade_feed()
        tell("the trade feed was killed, and goes on where it was")

    def move_money() -> None:
        custodians.act(traders)
        tell("the bank and the registry have moved money and stock of four accounts")

    events = {
        total * 40 // 100: lose_exchange,
        total * 42 // 100: restart_exchange,
        total * 50 // 100: move_money,
        total * 60 // 100: restart_trade_feed,
    }
    traders.drive(events, progress)
    driven_s = time.monotonic() - began
    traders.cancel_some_queued()
    tell(f"{traders.requests:,} requests answered in {driven_s:.1f} s; closing the exchanges")
    desk.close()
    settle_down(processes, views)
    close_exchanges(processes, views)
    traders.close()
    outcome = finish(prepared, processes, views, traders, desk, driven_s)
    outcome.custody = custodians.custody
    return outcome


def settle_down(processes: Processes, views: Attached) -> None:
    """Until nothing more comes in."""
    last, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        now = int(views.header("firm")["sequence"])
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > QUIET_S

    processes.wait(quiet, "the flow to end", processes.running["serve"])


def close_exchanges(processes: Processes, views: Attached) -> None:
    """The sessions end: day orders expire, and so does what still waits at the desk."""
    for mic in processes.config.exchanges:
        processes.running[mic].say("complete")
    for mic in processes.config.exchanges:
        processes.wait(lambda: all_complete(views), f"{mic} to close", processes.running[mic])
    settle_down(processes, views)


def all_complete(views: Attached) -> bool:
    return bool((views.rows("exchange")["session_state"][1:] == SessionState.complete).all())


def finish(
    prepared: Prepared,
    processes: Processes,
    views: Attached,
    traders: Traders,
    desk: ScriptedDesk,
    driven_s: float,
) -> Outcome:
    """Stops the peers, lets the trade feed catch up, and takes stock of the live tables before the OMS stops."""
    for feed in (*prepared.config.exchanges, *prepared.config.custodians):
        processes.running.pop(feed).end()
    settle_down(processes, views)
    trades = len(views.rows("execution")) - 1
    processes.wait(
        lambda: (
            not trades
            or (processes.trades.exists() and processes.fed_trades()[-1:] != [] and fed_to(processes) >= trades)
        ),
        "the trade feed to catch up",
        processes.running["trade-feed"],
    )
    processes.running.pop("trade-feed").end()
    outcome = outcome_of(prepared, processes, views, traders, desk, driven_s)
    processes.running.pop("serve").end()
    return outcome


def fed_to(processes: Processes) -> int:
    """The last execution row that the trade feed has written."""
    return int(processes.fed_trades()[-1]["row"])
