"""Speaks to a matching exchange in a trader's words, for tests."""

from oms.adapters.matching import Exchange
from oms.adapters.messages import NULL, ExecutionReport, OrderRequest
from oms.enums import ExecType, OrdStatus, OrdType, RequestType, Side, TimeInForce

TODAY = 20780  # 2026-11-23


def order_request(number, *, type="new", orig=0, side="buy", qty=100, price=1000, **fields):
    """An OrderRequest; `number` is its ClOrdID and its feed_sequence. price None = a market order."""
    values = {
        "feed_sequence": number,
        "request": number,
        "orig_request": orig,
        "order": 0,
        "feed": 1,
        "type": int(RequestType[type]),
        "side": int(Side[side]),
        "ord_type": int(OrdType.limit if price is not None else OrdType.market),
        "time_in_force": int(TimeInForce[fields.pop("time_in_force", "day")]),
        "price_exponent": 2,
        "quantity_exponent": 0,
        "instrument": 7,
        "account": 1,
        "order_qty": qty,
        "price": NULL if price is None else price,
        "stop_px": NULL,
        "display_qty": NULL,
        "min_qty": NULL,
        "expire_date": 0,
        "trade_date": TODAY,
        "symbol": "ABC",
        "epoch": 0,
        "ord_status_req_id": 0,
        "order_id": "",
    }
    return OrderRequest(**values | fields)


class Driver:
    """An open exchange; each call returns what it reported, in words."""

    def __init__(self, listings=None, **settings):
        self.exchange = Exchange("XTST", listings, **settings)
        self.exchange.open_session(TODAY, 0)
        self.number = 0
        self.now = 0

    def send(self, **fields):
        """One request; its number is in `self.number`."""
        self.number += 1
        self.exchange.receive([order_request(self.number, **fields)], self.now)
        return self.said()

    def buy(self, qty, price, **fields):
        return self.send(side="buy", qty=qty, price=price, **fields)

    def sell(self, qty, price, **fields):
        return self.send(side="sell", qty=qty, price=price, **fields)

    def cancel(self, orig, **fields):
        return self.send(type="cancel", orig=orig, **fields)

    def replace(self, orig, qty, price, **fields):
        return self.send(type="replace", orig=orig, qty=qty, price=price, **fields)

    def advance(self, now):
        self.now = now
        self.exchange.advance(now)
        return self.said()

    def said(self):
        """What was reported since the last call, as `words`."""
        reports = [words(report) for report in self.exchange.reports]
        self.exchange.reports.clear()
        return reports


def words(report):
    if not isinstance(report, ExecutionReport):
        return report.request, "refused", OrdStatus(report.ord_status).name, report.cxl_rej_reason
    exec_type = ExecType(report.exec_type).name
    if exec_type == "rejected":
        return report.request, "rejected", report.ord_rej_reason
    last = f"{report.last_qty}@{report.last_px}" if report.last_qty else ""
    status = OrdStatus(report.ord_status).name
    return report.request, exec_type, status, last, report.cum_qty, report.leaves_qty
