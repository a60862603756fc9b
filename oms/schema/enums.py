"""Enums and permissions. Values are FIX characters where FIX has them; names are FIX's words in snake_case."""

from __future__ import annotations

from oms.schema.types import Enum, chars, numbers

# fmt: off
ENUMS = [
    Enum("Side", "Side of an order", chars(
        buy="1", sell="2", sell_short="5", sell_short_exempt="6"), 54),
    Enum("OrdType", "Order type", chars(
        market="1", limit="2", stop="3", stop_limit="4", market_to_limit="K", pegged="P"), 40),
    Enum("TimeInForce", "How long an order stays", chars(
        day="0", gtc="1", at_open="2", ioc="3", fok="4", gtd="6", at_close="7"), 59),
    Enum("ExecType", "Why an execution report came", chars(
        new="0", done_for_day="3", canceled="4", replaced="5", pending_cancel="6", stopped="7", rejected="8",
        suspended="9", pending_new="A", calculated="B", expired="C", restated="D", pending_replace="E", trade="F",
        trade_correct="G", trade_cancel="H", order_status="I", triggered="L"), 150),
    Enum("OrdStatus", "What an order is now", chars(
        new="0", partially_filled="1", filled="2", done_for_day="3", canceled="4", pending_cancel="6", stopped="7",
        rejected="8", suspended="9", pending_new="A", calculated="B", expired="C", pending_replace="E"), 39),
    Enum("RequestType", "What a request asks for: FIX message types", chars(
        new="D", replace="G", cancel="F", move="J", status="H"), 35),
    Enum("RequestStatus", "The life of a request", numbers(
        "received", "queued", "buffered", "submitted", "in_doubt", "completed", "rejected", "expired", "cancelled",
        start=1)),
    Enum("AccountStatus", "Status of an account", numbers("active", "suspended", "closed")),
    Enum("InstrumentStatus", "Trading status of an instrument", numbers("tradable", "halted", "delisted")),
    Enum("ControlState", "Trading state of a scope", numbers("active", "reduce_only", "halted", "killed")),
    Enum("ControlScope", "What a trading state applies to", numbers(
        "firm", "exchange", "account", "instrument", "user")),
    Enum("SessionState", "Session of an exchange", numbers("closed", "open", "ended", "complete")),
    Enum("Fill", "How full a table is: 80 %, 90 %, all but the reserve that new orders leave to facts, all",
         numbers("calm", "filling", "nearly_full", "reserve", "full")),
    Enum("Busy", "Why a process takes no new orders for a while",
         numbers("no", "slow_flush", "journal_backlog", "output_backlog")),
    Enum("StorageState", "How much room the disk has for the journal", numbers("enough", "low", "full")),
    Enum("FeedState", "State of a feed", numbers("offline", "online")),
    Enum("FeeBasis", "What a fee component is charged on", numbers("value", "brokerage", "flat", start=1)),
    Enum("TradeKind", "Kind of an execution row", numbers("trade", "bust", "correct", start=1)),
    Enum("Decision", "A DTR's word on a queued request", numbers("authorise", "reject", start=1)),
    Enum("CrossOwn", "What happens to a request that would meet the account's own order", numbers("allow", "desk")),
    Enum("ChainedReplaces", "What happens to a replace while another one is unanswered", numbers("allow", "refuse")),
    Enum("Resolution", "What an operator makes of a request in doubt, a break, or a report that could not be booked",
         numbers("rejected", "canceled", "expired", "accepted", "closed", "ours", "theirs", "apply", "dismiss",
                 start=1)),
    Enum("LimitName", "What a limit is for", numbers(
        "order_value", "order_qty", "open_value", "gross_value", "net_value", "order_rate", start=1)),
    Enum("CalendarOf", "What a holiday belongs to", numbers("exchange", "currency", start=1)),
    Enum("LookupOf", "What a Lookup asks for", numbers(
        "account", "instrument", "exchange", "feed", "user", "request", "currency", start=1)),
    Enum("SodKind", "What a start-of-day load holds", numbers(
        "cash", "holdings", "open_orders", "settlement", start=1)),
    Enum("StageKind", "What a staged row is", numbers(
        "figure", "item", "failed", "expected_cash", "expected_stock")),
    Enum("MovementKind", "Why settled money or stock moved", numbers(
        "start_of_day", "settlement", "deposit", "withdrawal", "adjustment", "margin",
        "transfer", "reported", "figure", "corporate_action", "dividend", start=1)),
    Enum("MovementStage", "How far a withdrawal is", numbers("at_once", "request", "confirm", "refuse")),
    Enum("WithdrawalStatus", "What became of a withdrawal that was asked for", numbers(
        "requested", "confirmed", "refused", start=1)),
    Enum("CorporateActionType", "What a corporate action does to its instrument", numbers(
        "split", "consolidation", "bonus", "dividend", "rename", start=1)),
    Enum("CorporateActionState", "How far a corporate action is", numbers("announced", "applied", "undone", start=1)),
    Enum("LiveOrders", "What becomes of an instrument's live orders by a corporate action", numbers(
        "keep", "cancel", "hold")),
    Enum("RenameOf", "What a Rename gives another name", numbers(
        "instrument", "currency", "account", "owner", "isin", start=1)),
    Enum("EventKind", "What an event tells of", numbers(
        "order", "request", "execution", "cash", "holding", "feed", "alert", "reference", "firm", "control", "table",
        "user", start=1)),
]
# fmt: on

PERMISSIONS = {
    "trade": 1,  # send requests for the accounts it is entitled to
    "trade_any": 2,  # for every account of its owner
    "authorise": 4,  # decide on queued requests
    "operate": 8,  # reference data, start of day, settlement, adjustments, control
    "report": 16,  # send execution reports for a feed
    "read": 32,  # look, no more
    "lift": 64,  # bring what was killed back to life
}
