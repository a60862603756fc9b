"""The exchange's desk: lines of words, typed by a trainer or sent by a script, that a simulator acts upon.

Owns the words. What they do is the simulator's, and in its log.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from oms.adapters.book import Book
from oms.adapters.simulator import CommandError, Simulator
from oms.enums import SessionState, Side, TimeInForce
from oms.start_of_day.figures import day_of, days, scaled, shown

HELP = """open [DATE]                            open the session, of a later date if one is given
end                                    end the session: day orders expire
complete                               end it, and say that all has been reported
halt SYMBOL | resume SYMBOL            stop and go on trading in one instrument
enter SYMBOL buy|sell QTY PRICE [TIF]  an order that the OMS has not sent
cancel ORDER_ID                        cancel an order that nobody asked to cancel
bust EXEC_ID | correct EXEC_ID PRICE   undo a trade, or change its price
book SYMBOL                            last, bid, ask and what rests
list                                   tell the OMS all open orders
session                                begin a new exchange session, as after a restart of the exchange
status                                 where the exchange stands
quit                                   end the process"""


class Desk:
    """Acts upon lines. `quitting` is set by `quit`."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.quitting = False

    def do(self, line: str) -> dict[str, Any]:
        """One line. Returns what to answer; `error` says what could not be done."""
        word, *arguments = line.split() or ["help"]
        action: Callable[..., dict[str, Any] | None] | None = getattr(self, f"_{word}", None)
        if action is None:
            return {"error": f"there is no command {word!r}; try help"}
        try:
            return {"done": word} | (action(*arguments) or {})
        except TypeError:
            return {"error": f"{word} takes other arguments; try help"}
        except KeyError as error:
            return {"error": f"{word}: {error.args[0]} is not known"}
        except ValueError as error:
            return {"error": f"{word}: {error}"}

    def _help(self) -> dict[str, Any]:
        return {"help": HELP}

    def _open(self, day: str = "") -> None:
        trade_date = days(date.fromisoformat(day)) if day else self.simulator.exchange.trade_date
        if not trade_date:
            raise CommandError("no date was ever given")
        self.simulator.command("open", trade_date=trade_date)

    def _end(self) -> None:
        self.simulator.command("end")

    def _complete(self) -> None:
        self.simulator.command("complete")

    def _halt(self, symbol: str) -> None:
        self.simulator.command("halt", symbol=symbol, halted=True)

    def _resume(self, symbol: str) -> None:
        self.simulator.command("halt", symbol=symbol, halted=False)

    def _enter(self, symbol: str, side: str, qty: str, price: str, time_in_force: str = "day") -> None:
        listing = self._book_of(symbol).listing
        self.simulator.command(
            "enter",
            symbol=symbol,
            side=int(Side[side]),
            order_qty=scaled(qty, listing.quantity_exponent),
            price=scaled(price, listing.price_exponent),
            time_in_force=int(TimeInForce[time_in_force]),
        )

    def _cancel(self, order_id: str) -> None:
        self.simulator.command("cancel", order_id=order_id)

    def _bust(self, exec_id: str) -> None:
        self.simulator.command("bust", exec_id=exec_id)

    def _correct(self, exec_id: str, price: str) -> None:
        trade = self.simulator.exchange.trades.get(exec_id)
        if trade is None:
            raise CommandError(f"there is no trade {exec_id}")
        exponent = trade.orders[0].book.listing.price_exponent
        self.simulator.command("correct", exec_id=exec_id, price=scaled(price, exponent))

    def _book(self, symbol: str) -> dict[str, Any]:
        book = self._book_of(symbol)
        prices, quantities = book.listing.price_exponent, book.listing.quantity_exponent

        def side(is_buy: bool) -> list[str]:
            orders = book.side(is_buy).orders()
            return [f"{shown(order.leaves_qty, quantities)} @ {shown(order.price, prices)}" for order in orders]

        return {"symbol": symbol, "last": shown(book.last, prices), "buy": side(True), "sell": side(False)}

    def _list(self) -> None:
        self.simulator.tell_open_orders()

    def _session(self) -> None:
        self.simulator.new_session()

    def _status(self) -> dict[str, Any]:
        simulator, exchange = self.simulator, self.simulator.exchange
        return {
            "exchange": simulator.mic,
            "state": SessionState(exchange.state).name,
            "trade_date": day_of(exchange.trade_date).isoformat() if exchange.trade_date else "",
            "session_id": simulator.session_id,
            "received": simulator.last_received,
            "reported": simulator.last_reported,
            "trades": simulator.trades,
            "open_orders": len(exchange.live),
        }

    def _quit(self) -> None:
        self.quitting = True

    def _book_of(self, symbol: str) -> Book:
        book = self.simulator.exchange.books.get(symbol)
        if book is None:
            raise CommandError(f"{symbol} is not listed here")
        return book
