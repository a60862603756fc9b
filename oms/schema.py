"""The catalogue: every enum, status, table row and record of the system, in one place.

Owns: the meaning, width and unit of each field. `tools/generate.py` makes the C structs, the Cython declarations,
the NumPy dtypes, the message codec, the reference pages and the SBE schema from it. It holds no logic and imports
nothing of the package: the build loads it by path.

Conventions: FIX words in snake_case, enum values are FIX characters where FIX has them. Integers only. Slot 0 of every
table is never used, so that 0 means "none". A null quantity or price is INT64_MIN, as in SBE.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEMA_ID = 0x4F4D
SCHEMA_VERSION = 1
FRAME_SIZE = 32
MAX_RECORD_LENGTH = 4096
NULL_I64 = -(1 << 63)

# Field types: name -> (C type, bytes, alignment, NumPy code, meaning).
SCALARS: dict[str, tuple[str, int, str, str]] = {
    "u8": ("uint8_t", 1, "u1", "unsigned"),
    "u16": ("uint16_t", 2, "<u2", "unsigned"),
    "u32": ("uint32_t", 4, "<u4", "unsigned"),
    "u64": ("uint64_t", 8, "<u8", "unsigned"),
    "i64": ("int64_t", 8, "<i8", "signed"),
    "char": ("uint8_t", 1, "u1", "a FIX character"),
    "money": ("int64_t", 8, "<i8", "money in units of 10^-exponent of its currency"),
    "price": ("int64_t", 8, "<i8", "price in units of 10^-price_exponent of its instrument"),
    "qty": ("int64_t", 8, "<i8", "quantity in units of 10^-quantity_exponent of its instrument"),
    "e4": ("int64_t", 8, "<i8", "amount in units of 10^-4"),
    "e8": ("int64_t", 8, "<i8", "rate in units of 10^-8"),
    "date": ("int32_t", 4, "<i4", "days since 1970-01-01; 0 = none"),
    "time": ("uint64_t", 8, "<u8", "nanoseconds since 1970-01-01 UTC"),
    "slot": ("uint32_t", 4, "<u4", "row number in a table; 0 = none"),
    "handle": ("uint64_t", 8, "<u8", "generation << 32 | slot; names a row for ever"),
    "text_ref": ("uint32_t", 4, "<u4", "where in the text table, in units of 8 bytes; 0 = empty"),
    "seq": ("uint64_t", 8, "<u8", "sequence number, from 1"),
    "hash": ("uint64_t", 8, "<u8", "64-bit hash, only ever used beside a full comparison"),
}


@dataclass(frozen=True)
class Field:
    name: str
    type: str  # a scalar, `cN` for N bytes of text padded with zeros, or `scalar[N]`
    doc: str = ""
    tag: int = 0  # FIX tag, where FIX has the field


@dataclass(frozen=True)
class Enum:
    name: str
    doc: str
    values: dict[str, int]
    tag: int = 0


@dataclass(frozen=True)
class Table:
    name: str
    doc: str
    capacity: int  # rows, the default; a setting
    fields: list[Field]


@dataclass(frozen=True)
class Record:
    template_id: int
    name: str
    doc: str
    fields: list[Field]
    texts: list[Field] = field(default_factory=list)
    journaled: bool = True


@dataclass(frozen=True)
class Status:
    code: int
    name: str
    doc: str
    fix_tag: int = 0  # 103 OrdRejReason, 102 CxlRejReason, 380 BusinessRejectReason
    fix_value: int = 0


F = Field  # short, to keep the lists of fields legible


def chars(**values: str) -> dict[str, int]:
    return {name: ord(value) for name, value in values.items()}


def numbers(*names: str, start: int = 0) -> dict[str, int]:
    return {name: index for index, name in enumerate(names, start)}


# fmt: off
ENUMS = [
    Enum("Side", "Side of an order", chars(buy="1", sell="2"), 54),
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
    Enum("RequestType", "What a request asks for: FIX message types", chars(new="D", replace="G", cancel="F"), 35),
    Enum("RequestStatus", "The life of a request", numbers(
        "received", "queued", "buffered", "submitted", "in_doubt", "completed", "rejected", "expired", "cancelled",
        start=1)),
    Enum("AccountStatus", "Status of an account", numbers("active", "suspended", "closed")),
    Enum("InstrumentStatus", "Trading status of an instrument", numbers("tradable", "halted", "delisted")),
    Enum("ControlState", "Trading state of a scope", numbers("active", "reduce_only", "halted")),
    Enum("ControlScope", "What a trading state applies to", numbers(
        "firm", "exchange", "account", "instrument", "user")),
    Enum("SessionState", "Session of an exchange", numbers("closed", "open", "ended", "complete")),
    Enum("FeedState", "State of a feed", numbers("offline", "online")),
    Enum("FeeBasis", "What a fee component is charged on", numbers("value", "brokerage", "flat", start=1)),
    Enum("TradeKind", "Kind of an execution row", numbers("trade", "bust", "correct", start=1)),
    Enum("Decision", "A DTR's word on a queued request", numbers("authorise", "reject", start=1)),
    Enum("CalendarOf", "What a holiday belongs to", numbers("exchange", "currency", start=1)),
    Enum("LookupOf", "What a Lookup asks for", numbers(
        "account", "instrument", "exchange", "feed", "user", "request", start=1)),
    Enum("SodKind", "What a start-of-day load holds", numbers("cash", "holdings", "open_orders", start=1)),
    Enum("MovementKind", "Why settled money or stock moved", numbers(
        "start_of_day", "settlement", "deposit", "withdrawal", "adjustment", start=1)),
    Enum("EventKind", "What an event tells of", numbers(
        "order", "request", "execution", "cash", "holding", "feed", "alert", "reference", "firm", start=1)),
]
# fmt: on

PERMISSIONS = {
    "trade": 1,  # send requests for the accounts it is entitled to
    "trade_any": 2,  # for every account of its owner
    "authorise": 4,  # decide on queued requests
    "operate": 8,  # reference data, start of day, settlement, adjustments, control
    "report": 16,  # send execution reports for a feed
    "read": 32,  # look, no more
}

# Ordered by precedence: of several rules that a request breaks, the one with the lowest number is its answer. What the
# checks of terms, of cover and of the desk find is 8 to 39: a request keeps a bit for each that the desk has seen.
# fmt: off
STATUSES = [
    Status(0, "ok", "Accepted."),
    # requests
    Status(1, "record_malformed", "The record's size, type or a field's value is not of the catalogue.", 380, 5),
    Status(2, "account_unknown", "No such account.", 103, 15),
    Status(3, "permission_denied", "The user may not do this, or not for this account.", 103, 0),
    Status(4, "cl_ord_id_missing", "A request needs a cl_ord_id.", 103, 99),
    Status(5, "cl_ord_id_duplicate", "The cl_ord_id stands for another request of this account.", 103, 6),
    Status(6, "order_unknown", "No order has this orig_cl_ord_id.", 102, 1),
    Status(7, "order_too_late", "The order is filled, cancelled, rejected or expired.", 102, 0),
    Status(8, "account_suspended", "The account is suspended.", 103, 0),
    Status(9, "account_closed", "The account is closed.", 103, 0),
    Status(10, "account_not_reconciled",
        "Start of day left the account closed until a named person signs it off.", 103, 0),
    Status(11, "instrument_unknown", "No such instrument.", 103, 1),
    Status(12, "instrument_halted", "The instrument is halted at its exchange.", 103, 0),
    Status(13, "instrument_delisted", "The instrument is no longer traded.", 103, 1),
    Status(14, "trading_halted", "Trading is halted for the firm, exchange, account, instrument or user.", 103, 0),
    Status(15, "reduce_only", "Only orders that reduce a holding are allowed now.", 103, 0),
    Status(16, "session_not_open", "The exchange's session is not open.", 103, 2),
    Status(17, "side_not_supported", "Side is not buy or sell.", 103, 11),
    Status(18, "ord_type_not_supported", "The order type is not supported.", 103, 11),
    Status(19, "time_in_force_not_supported", "The time in force is not supported for this order type.", 103, 11),
    Status(20, "expire_date_invalid", "GTD needs an expire_date that is not in the past; others take none.", 103, 99),
    Status(21, "order_qty_not_positive", "order_qty must be above zero.", 103, 13),
    Status(22, "order_qty_off_lot", "order_qty is not a multiple of the instrument's lot.", 103, 13),
    Status(23, "order_qty_below_minimum", "order_qty is under the instrument's minimum.", 103, 13),
    Status(24, "order_qty_above_maximum", "order_qty is over the instrument's maximum.", 103, 13),
    Status(25, "price_missing", "The order type needs a price, or a stop price.", 103, 99),
    Status(26, "price_not_allowed", "The order type takes no price.", 103, 99),
    Status(27, "price_not_positive", "The price must be above zero.", 103, 99),
    Status(28, "price_off_tick", "The price is not a multiple of the instrument's tick.", 103, 99),
    Status(29, "reference_price_missing", "No last or reference price to protect or check the order with.", 103, 99),
    Status(30, "price_outside_collar",
        "The price is further from the reference price than the collar allows.", 103, 16),
    Status(31, "value_out_of_range", "The order's value does not fit.", 103, 3),
    Status(32, "value_below_minimum", "The order's value is under the class's minimum.", 103, 3),
    Status(33, "value_above_maximum", "The order's value is over the class's maximum.", 103, 3),
    Status(35, "funds_insufficient", "Not enough money is available.", 103, 3),
    Status(36, "stock_insufficient", "Not enough stock is available.", 103, 3),
    Status(37, "capacity_reached", "A table has reached its configured size.", 103, 0),
    # the desk: why a request waits, or how it ended
    Status(38, "value_needs_authorisation", "The order's value is over what the class may trade unasked."),
    Status(39, "instrument_needs_authorisation", "The instrument is marked: every order goes to the desk."),
    Status(45, "rejected_by_desk", "A DTR rejected the request.", 103, 0),
    Status(46, "rejected_by_exchange", "The exchange rejected the request.", 103, 0),
    Status(47, "cancelled_by_client", "The client cancelled the request before it was sent.", 103, 0),
    Status(48, "expired_unsent", "The session or date ended before the request was sent.", 103, 4),
    Status(49, "buffer_timed_out", "No adapter came back in time.", 103, 4),
    Status(50, "order_closed", "The order ended before this request was decided or answered.", 102, 0),
    # decisions
    Status(51, "request_unknown", "No such request."),
    Status(52, "request_not_queued", "The request does not wait for a decision."),
    Status(53, "decision_stale", "The request has changed since the version that was decided on."),
    Status(54, "decision_on_own_request", "Nobody decides on a request that they made."),
    Status(55, "decision_on_own_account", "Nobody decides on a request for an account of their own."),
    Status(56, "decision_above_limit", "The order's value is over the operator's limit."),
    # reports
    Status(60, "feed_unknown", "No such feed."),
    Status(61, "feed_sequence_repeated", "The feed's sequence was applied before."),
    Status(62, "feed_sequence_gap",
        "The feed's sequence jumped: new orders on its route are held until it is closed."),
    Status(64, "execution_repeated", "The execution was booked before."),
    Status(65, "execution_conflict", "The execution's key was booked before with other content: a break."),
    Status(66, "execution_unknown", "The execution to bust or correct is not known."),
    Status(67, "report_unmatched", "The report belongs to no order: parked."),
    Status(68, "report_stale", "The report repeats an older state."),
    Status(69, "report_cum_differs", "The report's cum_qty is not ours: executions are missing or on the way."),
    Status(70, "overfill", "More was executed than ordered: booked and flagged."),
    Status(71, "fill_after_close", "Executed after the order was closed: booked and flagged."),
    Status(72, "available_negative", "A fact took available below zero: new buys are refused."),
    Status(73, "external_order", "An order that was not entered here: reserved without a check."),
    Status(74, "order_missing_at_exchange",
        "Open here, absent from the exchange's complete list: in doubt, hold kept."),
    Status(75, "order_terms_differ", "The exchange's terms differ from ours: the exchange's win."),
    Status(76, "report_out_of_range", "The report's figures do not fit the books: parked."),
    # reference data, start of day, movements
    Status(80, "reference_invalid", "A reference record contradicts itself or names something unknown."),
    Status(81, "date_not_forward", "The business date only moves forward."),
    Status(82, "load_not_begun", "A start-of-day row came outside a load."),
    Status(83, "load_repeated", "This file was loaded before: nothing changes."),
    Status(84, "load_superseded_unsigned", "A corrected file for a loaded date needs a named operator."),
    Status(85, "load_count_differs", "The number of rows is not the one that was declared."),
    Status(86, "settlement_repeated", "This settlement batch was booked before: nothing changes."),
    Status(87, "movement_repeated", "A movement with this reference was booked before: nothing changes."),
    Status(88, "movement_conflict", "The reference stands for another movement."),
    Status(89, "booked_below_zero", "The withdrawal would take booked money or stock below what is free."),
]
# fmt: on

LADDER_CASH = 3  # settlement dates held in a cash row itself; further ones go to the ladder table
LADDER_HOLDING = 2
FEE_COMPONENTS = 6

UNHASHED = ("event", "counter", "latency")  # tables that `apply` does not own

VERSION = F("version", "u32", "row version: odd while it is being written")

# fmt: off
TABLES = [
    Table("firm", "One row: where the firm stands.", 2, [
        VERSION, F("control_state", "u8", "ControlState"),
        F("sod_kind", "u8", "SodKind of the load in progress; 0 = none"),
        F("sod_superseding", "u8", "1 = the load in progress corrects an earlier one"), F("pad0", "u8"),
        F("last_sequence", "seq", "journal sequence of the last applied record"), F("last_time_ns", "time"),
        F("business_date", "date"), F("sod_as_of", "date", "the date that the load in progress describes"),
        F("sod_rows", "u32", "rows of the load in progress"), F("sod_source", "text_ref"), F("pad2", "u32"),
        F("queued", "u32", "requests waiting at the desk"), F("buffered", "u32", "requests waiting for an adapter"),
        F("in_doubt", "u32", "requests whose outcome is not known"),
        F("next_expiry_ns", "time", "when the oldest buffered request times out; 0 = none"),
        F("sod_digest", "u8[32]", "SHA-256 of the file in progress"),
        F("config_digest", "u8[32]", "SHA-256 of the reference data of the configuration")]),
    Table("currency", "Currencies, with the other side of every posting.", 256, [
        VERSION, F("code", "c8", "ISO 4217"), F("exponent", "u8", "decimals of money"), F("pad0", "u8"),
        F("calendar", "u16", "row in the calendar table"),
        F("market", "money", "owed to (-) or by (+) the market's side of all trades"),
        F("fees", "money", "fees charged"), F("external", "money", "the other side of loads, deposits and withdrawals"),
        F("pad1", "u8[24]")]),
    Table("calendar", "Days on which nothing settles, of one exchange or currency.", 512, [
        VERSION, F("first_day", "date", "the day of bit 0"),
        F("closed", "u8[1016]", "bit n = first_day + n is no business day")]),
    Table("exchange", "Exchanges.", 64, [
        VERSION, F("mic", "c8", "ISO 10383"), F("session_state", "u8", "SessionState"),
        F("control_state", "u8", "ControlState"), F("settlement_days", "u8", "default T+n"), F("pad0", "u8"),
        F("calendar", "u16"), F("first_feed", "u16", "feeds in order of preference"), F("trade_date", "date"),
        F("open_orders", "u32", "rows of the comparison in progress"), F("pad1", "u8[36]")]),
    Table("feed", "Feeds: one adapter's connection to one exchange.", 256, [
        VERSION, F("name", "c32"), F("exchange", "u16"), F("next_feed", "u16", "next feed of the same exchange"),
        F("state", "u8", "FeedState"), F("gap", "u8", "1 = its sequence jumped and the gap is not closed"),
        F("pad0", "u16"), F("epoch", "u32", "lease: how often it was opened"),
        F("session_id", "u64", "the exchange's own session; a new one starts sequences again"),
        F("last_in", "seq", "last sequence of the exchange's side that was applied"),
        F("last_out", "seq", "last sequence that was given to a request sent to it"),
        F("gap_to", "seq", "the sequence that showed the gap"),
        F("unanswered", "u32", "requests that were sent over it and are submitted or in doubt"), F("pad1", "u8[44]")]),
    Table("account_class", "Account classes: the policies of their accounts.", 256, [
        VERSION, F("name", "c24"), F("sell_unsettled", "u8", "1 = incoming stock may be sold"),
        F("four_eyes", "u8", "1 = nobody decides on their own"),
        F("contractual", "u8", "1 = due items move at the date roll"), F("pad0", "u8"),
        F("receivable_days", "u16", "settlement days ahead that count as spendable"),
        F("market_order_margin_bps", "u16"), F("collar_bps", "u32", "0 = no collar"),
        F("buffer_timeout_s", "u32", "0 = none"), F("pad1", "u32"), F("min_order_value", "e4", "0 = none"),
        F("max_order_value", "e4", "0 = none"), F("auth_above_value", "e4", "0 = none"), F("break_tolerance", "e4"),
        F("pad2", "u8[48]")]),
    Table("fee", "Fee schedules, up to six components each.", 256, [
        VERSION, F("name", "c24"), F("count", "u8", "components"), F("pad0", "u8[3]"),
        F("side", "char[6]", "Side; 0 = both"), F("basis", "u8[6]", "FeeBasis"), F("pad1", "u8[4]"),
        F("rate_e8", "e8[6]"), F("amount", "e4[6]", "of a flat component"), F("minimum", "e4[6]"),
        F("maximum", "e4[6]", "0 = none"), F("pad2", "u8[16]")]),
    Table("fee_rule", "Which schedule applies: row = class * 64 + exchange.", 16384, [
        VERSION, F("schedule", "u16"), F("pad0", "u16")]),
    Table("user", "Identities: persons and services.", 65536, [
        VERSION, F("name", "c32"), F("permissions", "u32"), F("owner", "u16", "0 = every owner"),
        F("control_state", "u8", "ControlState"), F("active", "u8"), F("pad0", "u32"),
        F("max_value", "e4", "what it may authorise; 0 = no limit"), F("pad1", "u8[8]")]),
    Table("entitlement", "Who an account belongs to.", 65536, [
        VERSION, F("account", "slot"), F("user", "u16"), F("pad0", "u16"),
        F("next", "slot", "next entitlement of the account")]),
    Table("account", "Trading accounts.", 65536, [
        VERSION, F("cash", "slot", "first cash row"), F("entitlement", "slot", "first entitlement"), F("owner", "u16"),
        F("currency", "u16", "default currency"), F("account_class", "u16"), F("status", "u8", "AccountStatus"),
        F("control_state", "u8", "ControlState"),
        F("unreconciled", "u8", "1 = closed by start of day until signed off"), F("pad0", "u8[3]"),
        F("code", "c32", "unique within its owner"), F("name", "text_ref"), F("attributes", "text_ref")]),
    Table("instrument", "Instruments.", 16384, [
        VERSION, F("exchange", "u16"), F("currency", "u16"), F("price_exponent", "u8"), F("quantity_exponent", "u8"),
        F("settlement_days", "u8"), F("status", "u8", "InstrumentStatus"), F("control_state", "u8", "ControlState"),
        F("authorise", "u8", "1 = every order goes to the desk"), F("session_ended", "u8"), F("pad0", "u8"),
        F("tick", "price"), F("lot", "qty"), F("min_qty", "qty", "0 = none"), F("max_qty", "qty", "0 = none"),
        F("value_numerator", "i64", "price * quantity * numerator / denominator = money"),
        F("value_denominator", "i64"), F("reference_price", "price", "0 = none"), F("last", "price", "0 = none"),
        F("bid", "price"), F("ask", "price"), F("market_time_ns", "time"),
        F("settle_of", "date", "trade date of settle_date below"), F("settle_date", "date"),
        F("market", "qty", "the market's side of all trades in it"),
        F("external", "qty", "the other side of loads and adjustments"), F("multiplier", "i64"), F("symbol", "c24"),
        F("isin", "c16"), F("cfi", "c8"), F("pad1", "u8[8]")]),
    Table("cash", "Cash, per account and currency.", 131072, [
        VERSION, F("account", "slot"), F("next", "slot", "next cash row of the account"),
        F("ladder", "slot", "further settlement dates"), F("currency", "u16"), F("flags", "u16"),
        F("ladder_date", "date[3]"), F("booked", "money"), F("reserved", "money"), F("margin", "money"),
        F("payable", "money", "sum over all dates"), F("receivable", "money", "sum over all dates"),
        F("ladder_payable", "money[3]"), F("ladder_receivable", "money[3]"),
        F("loaded_as_of", "date", "what the bank's last figure describes"), F("pad0", "u32")]),
    Table("holding", "Holdings, per account and instrument.", 262144, [
        VERSION, F("account", "slot"), F("instrument", "slot"), F("ladder", "slot", "further settlement dates"),
        F("settled", "qty"), F("reserved", "qty"), F("incoming", "qty", "sum over all dates"),
        F("outgoing", "qty", "sum over all dates"),
        F("cost_low", "u64", "cost = average * cost_quantity, 128 bits, in price * quantity units"),
        F("cost_high", "i64"), F("cost_quantity", "qty", "what cost is for; above total after reductions; 0 = no cost"),
        F("last_execution", "slot"), F("cost_event", "slot", "the newest; 0 = none"), F("ladder_date", "date[2]"),
        F("ladder_incoming", "qty[2]"), F("ladder_outgoing", "qty[2]"),
        F("loaded_as_of", "date", "what the registry's last figure describes"), F("pad0", "u32")]),
    Table("cost_event", "What changed a holding without a trade: its average price follows from these and its trades.",
          262144, [
        VERSION, F("holding", "slot"), F("prev", "slot", "the holding's event before; 0 = none"),
        F("after", "slot", "the holding's last execution then"), F("quantity", "qty", "signed"),
        F("average_price_e8", "e8", "what a registry told where none was known; null = the average stays")]),
    Table("ladder", "Settlement dates that do not fit into their cash or holding row.", 65536, [
        VERSION, F("next", "slot"), F("date", "date"), F("pad0", "u32"), F("owed", "i64", "payable or outgoing"),
        F("due", "i64", "receivable or incoming")]),
    Table("order", "Orders.", 262144, [
        VERSION, F("generation", "u32", "of the row; part of its handle"), F("account", "slot"),
        F("instrument", "slot"), F("cash", "slot"), F("holding", "slot"),
        F("request", "slot", "the request that made it"), F("terms", "slot", "the request whose terms are in force"),
        F("pending", "slot", "first request that the exchange has not answered"), F("last_execution", "slot"),
        F("side", "char", "Side", 54), F("ord_status", "char", "the exchange's word: OrdStatus", 39),
        F("closed", "u8", "1 = can trade no more, 2 = filled: only a replace in flight may reopen it"),
        F("flags", "u8", "1 external, 2 overfilled, 4 filled after close, 8 cum differs, 16 expired here, 128 listed"),
        F("trade_date", "date", "of its entry, at its exchange"), F("order_qty", "qty", "", 38),
        F("cum_qty", "qty", "", 14), F("price", "price", "limit, or the protected price of a market order", 44),
        F("cum_value", "money", "value of its effective executions"), F("fee_charged", "money", "", 12),
        F("reserved", "money", "cash held for it"), F("reserved_qty", "qty", "stock held for it"),
        F("order_id", "text_ref", "the exchange's name for it", 37),
        F("closed_date", "date", "business date on which it was closed; 0 = it is open"),
        F("fee", "u16", "schedule, as it was at its entry"), F("pad0", "u16"), F("pad1", "u32"),
        F("missing_qty", "qty", "executed by the exchange's word, not booked yet, of a dead order")]),
    Table("request", "Requests: every one that was received, with its outcome.", 524288, [
        VERSION, F("generation", "u32", "of the row; part of its handle"), F("type", "char", "RequestType", 35),
        F("status", "u8", "RequestStatus"), F("ord_type", "char", "OrdType", 40),
        F("time_in_force", "char", "TimeInForce", 59), F("reason", "u16", "Status: why it was refused or waits"),
        F("user", "u16", "who sent it"), F("account", "slot"), F("order", "slot"),
        F("next_pending", "slot", "next pending request of the order"), F("cl_ord_id", "text_ref", "", 11),
        F("cl_ord_id_hash", "hash"), F("content_hash", "hash"), F("order_qty", "qty", "", 38),
        F("price", "price", "protected price for a market order", 44), F("stop_px", "price", "", 99),
        F("display_qty", "qty", "", 1138), F("min_qty", "qty", "", 110), F("expire_date", "date", "", 432),
        F("feed", "u16", "where it was sent"), F("decided_by", "u16", "the user who decided on it"),
        F("queue_version", "u32", "goes up when a waiting request changes"),
        F("orig", "slot", "the request that it wants to change"),
        F("feed_sequence", "seq", "number it was sent under; until then, the journal's when it came"),
        F("time_ns", "time", "when it was received, or let through by the desk to wait for a feed"),
        F("business_date", "date", "when it was received"),
        F("seen", "u32", "what the desk has seen of it: bit n = Status 8 + n")]),
    Table("execution",
          "Executions, busts and corrections, in the order in which they were booked: what trade feeds read.", 262144, [
        VERSION, F("order", "slot"), F("account", "slot"), F("instrument", "slot"), F("prev_of_order", "slot"),
        F("prev_of_holding", "slot"), F("ref", "slot", "the execution row that this one busts or corrects"),
        F("superseded_by", "slot"), F("side", "char", "Side", 54), F("kind", "u8", "TradeKind"),
        F("posted", "u8", "0 nothing stands, 1 in the ladders, 2 settled"),
        F("trade_version", "u8", "1, 2 … along bust and correct"), F("exchange", "u16"), F("feed", "u16"),
        F("trade_date", "date", "", 75), F("settle_date", "date", "", 64), F("exec_id", "text_ref", "", 17),
        F("request", "slot", "the cl_ord_id that the report carried"), F("last_qty", "qty", "", 32),
        F("last_px", "price", "", 31), F("value", "money", "", 381),
        F("fee", "money", "part of the order's; with last_qty 0, what fees of settled trades change by", 12),
        F("tax", "money", "the part of fee that is tax"),
        F("key_hash", "hash", "of its key; 0 = a version that no report names"),
        F("sequence", "seq", "journal sequence"), F("time_ns", "time", "", 60), F("pad0", "u8[8]")]),
    Table("movement", "Every movement of settled money and stock.", 262144, [
        VERSION, F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("kind", "u8", "MovementKind"), F("pad0", "u8"), F("user", "u16"), F("pad1", "u16"), F("date", "date"),
        F("amount", "i64", "signed, in units of the currency or instrument"),
        F("owed", "i64", "what left payable or outgoing (settlement)"),
        F("due", "i64", "what left receivable or incoming (settlement)"), F("reference", "text_ref"),
        F("reason", "text_ref"), F("reference_hash", "hash"), F("sequence", "seq", "journal sequence")]),
    Table("load", "Start-of-day files that were loaded.", 4096, [
        VERSION, F("kind", "u8", "SodKind"), F("pad0", "u8"), F("user", "u16"), F("as_of", "date"),
        F("source", "text_ref"), F("rows", "u32"), F("pad1", "u32"), F("sequence", "seq", "journal sequence"),
        F("digest", "u8[32]", "SHA-256 of the file")]),
    Table("stage", "Rows of the load in progress, until it is committed.", 393216, [
        VERSION, F("account", "slot"), F("item", "u32", "currency or instrument"), F("pad0", "u32"), F("amount", "i64"),
        F("cost_price_e8", "e8", "average price with eight decimals; INT64_MIN = none")]),
    Table("settlement", "Settlement batches that were booked.", 65536, [
        VERSION, F("user", "u16"), F("pad0", "u16"), F("date", "date"), F("batch_id", "text_ref"), F("items", "u32"),
        F("pad1", "u32"), F("sequence", "seq", "journal sequence")]),
    Table("parked", "Reports that could not be booked, and breaks, with where they stand in the journal.", 65536, [
        VERSION, F("status", "u16", "Status"), F("feed", "u16"),
        F("execution", "slot", "the execution that it contradicts"), F("pad0", "u32"),
        F("sequence", "seq", "journal sequence of the report")]),
    Table("event", "The event log: a ring of Event records that readers follow by position.", 1048576, [
        F("record", "u8[64]")]),
    Table("counter", "What the process has counted since it started. Not part of the state.", 64, [
        VERSION, F("pad0", "u32"), F("name", "c40"), F("value", "u64"), F("pad1", "u8[8]")]),
    Table("latency", "How long things took since the process started. Not part of the state.", 16, [
        VERSION, F("pad0", "u32"), F("name", "c40"), F("count", "u64"), F("sum_ns", "u64"), F("max_ns", "u64"),
        F("buckets", "u64[512]",
          "bucket 8 e + m holds durations from (8 + m) << (e - 3) ns; e = highest bit, m = next three")]),
    Table("text", "Texts of any length, each behind a length byte, in units of 8 bytes.", 4194304, [
        F("bytes", "u8[8]")]),
]
# fmt: on

_REQUEST_IDS = [F("cl_ord_id", "text", "the client's name for this request", 11)]

# fmt: off
RECORDS = [
    Record(1, "JournalCommit", "Closes a batch in the journal with the chain over all before it.", [
        F("count", "u32", "records in the batch"), F("batch_bytes", "u32"), F("first_sequence", "seq"),
        F("chain", "u8[32]", "SHA-256(previous chain, the batch's bytes)")]),
    Record(2, "SessionOpen", "First record of a peer: who it is, and where it stands.", [
        F("peer_version", "u16", "schema version that the peer speaks"), F("role", "u8"), F("pad0", "u8"),
        F("pad1", "u32"), F("session_id", "u64", "the peer's own incarnation"),
        F("last_received", "seq", "highest sequence from the OMS that the peer holds")], [
        F("environment", "text"), F("name", "text"), F("credential", "text")], journaled=False),
    Record(3, "SessionOpened", "The answer to SessionOpen.", [
        F("epoch", "u64"), F("last_applied", "seq", "highest sequence of the peer that is applied and safe"),
        F("status", "u16"), F("pad0", "u16"), F("pad1", "u32")], journaled=False),
    Record(4, "SessionClosed", "The last word of a session, and why.", [
        F("reason", "u16"), F("pad0", "u16"), F("pad1", "u32")], [F("text", "text")], journaled=False),
    Record(5, "Heartbeat", "Still here.", [F("sent_ns", "time")], journaled=False),
    # reference data; a definition with a known code changes it
    Record(10, "DefineCurrency", "", [F("code", "c8", "", 15), F("exponent", "u8"), F("pad0", "u8[7]")]),
    Record(11, "DefineExchange", "", [F("mic", "c8", "", 207), F("settlement_days", "u8"), F("pad0", "u8[7]")]),
    Record(12, "DefineHoliday", "A day on which nothing settles.", [
        F("date", "date"), F("of", "u8", "CalendarOf"), F("pad0", "u8"), F("number", "u16", "exchange or currency")]),
    Record(13, "DefineFeed", "", [F("name", "c32"), F("exchange", "u16"), F("pad0", "u8[6]")]),
    Record(14, "DefineClass", "", [
        F("name", "c24"), F("sell_unsettled", "u8"), F("four_eyes", "u8"), F("contractual", "u8"), F("pad0", "u8"),
        F("receivable_days", "u16"), F("market_order_margin_bps", "u16"), F("collar_bps", "u32"),
        F("buffer_timeout_s", "u32"), F("min_order_value", "e4"), F("max_order_value", "e4"),
        F("auth_above_value", "e4"), F("break_tolerance", "e4")]),
    Record(15, "DefineFee", "A fee schedule with its components.", [
        F("name", "c24"), F("side", "char[6]"), F("basis", "u8[6]"), F("count", "u8"), F("pad0", "u8[3]"),
        F("rate_e8", "e8[6]"), F("amount", "e4[6]"), F("minimum", "e4[6]"), F("maximum", "e4[6]")]),
    Record(16, "AssignFee", "Gives a class its schedule at an exchange.", [
        F("account_class", "u16"), F("exchange", "u16", "0 = every exchange"), F("schedule", "u16"), F("pad0", "u16")]),
    Record(17, "DefineUser", "", [
        F("name", "c32"), F("permissions", "u32"), F("owner", "u16"), F("active", "u8"), F("pad0", "u8"),
        F("max_value", "e4")]),
    Record(18, "DefineAccount", "", [
        F("code", "c32", "", 1), F("owner", "u16"), F("account_class", "u16"), F("currency", "u16"),
        F("status", "u8", "AccountStatus"), F("pad0", "u8")], [F("name", "text"), F("attributes", "text")]),
    Record(19, "Entitle", "Makes a user one of an account's own.", [
        F("account", "slot"), F("user", "u16"), F("pad0", "u16")]),
    Record(20, "DefineInstrument", "", [
        F("symbol", "c24", "", 55), F("isin", "c16", "", 48), F("cfi", "c8", "", 461), F("exchange", "u16", "", 207),
        F("currency", "u16", "", 15), F("price_exponent", "u8"), F("quantity_exponent", "u8"),
        F("settlement_days", "u8", "255 = the exchange's"), F("status", "u8", "InstrumentStatus"), F("tick", "price"),
        F("lot", "qty", "", 561), F("min_qty", "qty"), F("max_qty", "qty"), F("multiplier", "i64", "", 231),
        F("price_factor_numerator", "i64", "1/100 for a price in pence"), F("price_factor_denominator", "i64"),
        F("reference_price", "price"), F("authorise", "u8"), F("pad0", "u8[7]")]),
    Record(21, "Configured", "The configuration's reference data has been defined.", [F("digest", "u8[32]")]),
    # requests
    Record(30, "NewOrderSingle", "Asks for an order.", [
        F("account", "slot", "", 1), F("instrument", "slot", "", 48), F("order_qty", "qty", "", 38),
        F("price", "price", "null for a market order", 44), F("stop_px", "price", "null = none", 99),
        F("display_qty", "qty", "null = none", 1138), F("min_qty", "qty", "null = none", 110),
        F("expire_date", "date", "", 432), F("side", "char", "", 54), F("ord_type", "char", "", 40),
        F("time_in_force", "char", "", 59), F("pad0", "u8"),
        F("tag", "u64", "the sender's own number, given back in the answer")], _REQUEST_IDS),
    Record(31, "OrderCancelReplaceRequest",
           "Asks to change an order; a null figure or zero character stays as it is.", [
        F("account", "slot", "", 1), F("expire_date", "date", "", 432), F("order_qty", "qty", "", 38),
        F("price", "price", "", 44), F("stop_px", "price", "", 99), F("display_qty", "qty", "", 1138),
        F("min_qty", "qty", "", 110), F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59),
        F("pad0", "u8[6]"), F("tag", "u64")], [
        *_REQUEST_IDS, F("orig_cl_ord_id", "text", "any name of the order's chain", 41)]),
    Record(32, "OrderCancelRequest", "Asks to cancel an order.", [
        F("account", "slot", "", 1), F("pad0", "u32"), F("tag", "u64")], [
        *_REQUEST_IDS, F("orig_cl_ord_id", "text", "any name of the order's chain", 41)]),
    Record(33, "AuthDecision", "A DTR authorises or rejects a queued request.", [
        F("request", "handle"), F("queue_version", "u32", "the version that was looked at"),
        F("decision", "u8", "Decision"), F("pad0", "u8[3]"), F("tag", "u64")], [F("text", "text", "why", 58)]),
    # from exchanges
    Record(40, "ExecutionReport", "A fact from an exchange.", [
        F("feed_sequence", "seq", "the feed's own number; 0 = none"),
        F("request", "handle", "the ClOrdID that we sent", 11), F("feed", "u16"), F("exec_type", "char", "", 150),
        F("ord_status", "char", "0 = not told", 39), F("side", "char", "of an order that was not entered here", 54),
        F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59), F("pad0", "u8"),
        F("account", "slot", "of an order that was not entered here", 1), F("instrument", "slot", "", 48),
        F("last_qty", "qty", "", 32), F("last_px", "price", "", 31), F("cum_qty", "qty", "null = not told", 14),
        F("leaves_qty", "qty", "null = not told", 151), F("order_qty", "qty", "null = not told", 38),
        F("price", "price", "null = not told", 44), F("trade_date", "date", "0 = the exchange's current one", 75),
        F("settle_date", "date", "0 = by the calendar", 64), F("transact_time_ns", "time", "", 60),
        F("ord_rej_reason", "u16", "", 103), F("pad1", "u16"), F("pad2", "u32")], [
        F("exec_id", "text", "", 17), F("exec_ref_id", "text", "", 19), F("order_id", "text", "", 37),
        F("text", "text", "", 58)]),
    Record(41, "OrderCancelReject", "An exchange refuses a cancel or replace.", [
        F("feed_sequence", "seq"), F("request", "handle", "the cancel or replace that is refused", 11),
        F("feed", "u16"), F("ord_status", "char", "", 39), F("pad0", "u8"), F("cxl_rej_reason", "u16", "", 102),
        F("pad1", "u16"), F("transact_time_ns", "time", "", 60)], [F("text", "text", "", 58)]),
    Record(42, "FeedOpened", "An adapter has opened its feed: it may trade.", [
        F("session_id", "u64", "the exchange's session: a new one starts its sequences again"),
        F("last_received", "seq", "highest of our sequences that the adapter holds"), F("feed", "u16"),
        F("pad0", "u16"), F("pad1", "u32")]),
    Record(43, "FeedLost", "A feed is gone.", [F("feed", "u16"), F("pad0", "u16"), F("pad1", "u32")]),
    Record(44, "MarketData", "Last, bid and ask of an instrument; 0 = none.", [
        F("instrument", "slot"), F("feed", "u16"), F("pad0", "u16"), F("last", "price"), F("bid", "price"),
        F("ask", "price")]),
    Record(45, "TradingSession", "An exchange's session opens, ends, or its feed is complete.", [
        F("exchange", "u16"), F("session_state", "u8", "SessionState"), F("pad0", "u8"), F("trade_date", "date")]),
    Record(46, "OpenOrder", "One row of the exchange's list of open orders.", [
        F("request", "handle", "the ClOrdID that we sent; 0 = none", 11), F("exchange", "u16"),
        F("side", "char", "", 54), F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59),
        F("pad0", "u8[3]"), F("account", "slot"), F("instrument", "slot"), F("order_qty", "qty", "", 38),
        F("cum_qty", "qty", "", 14), F("price", "price", "", 44), F("expire_date", "date", "", 432),
        F("pad1", "u32")], [
        F("order_id", "text", "", 37), F("cl_ord_id", "text", "the client's name, where the exchange has it", 11)]),
    Record(47, "OpenOrdersEnd", "The end of the exchange's list.", [
        F("exchange", "u16"), F("complete", "u8", "1 = every open order is in it"), F("pad0", "u8"), F("count", "u32"),
        F("next_sequence", "seq", "first of our sequences that the list does not take in; 0 = it takes in all")]),
    Record(48, "FeedGapClosed", "The missing part of a feed's sequence has been replayed.", [
        F("feed", "u16"), F("pad0", "u16"), F("pad1", "u32")]),
    # the day
    Record(50, "LoadBegin", "A start-of-day file follows, row by row; nothing of it counts before LoadCommit.", [
        F("digest", "u8[32]", "SHA-256 of the file"),
        F("as_of", "date", "the end of the business date that it describes"), F("kind", "u8", "SodKind"),
        F("supersede", "u8", "1 = a named operator replaces an earlier file of that date"),
        F("pad0", "u16")], [F("origin", "text", "who delivered the file: BANK1, a registry")]),
    Record(51, "LoadCash", "The bank's figure.", [
        F("account", "slot"), F("currency", "u16"), F("pad0", "u16"), F("booked", "money")]),
    Record(52, "LoadHolding", "The registry's figure.", [
        F("account", "slot"), F("instrument", "slot"), F("settled", "qty"),
        F("average_price_e8", "e8", "null = none is told")]),
    Record(53, "LoadCommit", "The file is whole: it counts now.", [F("rows", "u32"), F("pad0", "u32")]),
    Record(54, "AccountReconciled", "Start of day closes an account, or a named person signs it off.", [
        F("account", "slot"), F("unreconciled", "u8"), F("pad0", "u8[3]")], [F("reason", "text")]),
    Record(55, "BusinessDate", "The firm's date moves forward.", [F("date", "date"), F("pad0", "u32")]),
    Record(56, "Tick", "Time passes: what is overdue times out.", [F("pad0", "u64")]),
    Record(57, "Settle", "A settlement batch: all that is due by date, of one account or of all.", [
        F("date", "date"), F("account", "slot", "0 = all"),
        F("confirmed", "u8", "1 = of reconciled accounts only")], [F("batch_id", "text")]),
    Record(58, "Movement", "A deposit, withdrawal or adjustment by a named operator.", [
        F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("kind", "u8", "MovementKind"), F("override", "u8", "1 = may take booked below zero, on record"),
        F("pad0", "u32"), F("amount", "i64", "signed")], [F("reference", "text"), F("reason", "text")]),
    Record(59, "SetMargin", "Further credit that an account may use.", [
        F("account", "slot"), F("currency", "u16"), F("pad0", "u16"), F("margin", "money")]),
    Record(60, "Control", "Sets the trading state of a scope.", [
        F("number", "u32"), F("scope", "u8", "ControlScope"), F("state", "u8", "ControlState"), F("pad0", "u16")], [
        F("reason", "text")]),
    # outputs
    Record(70, "OrderRequest", "To an adapter: send this to the exchange, once.", [
        F("feed_sequence", "seq", "our number on this feed"), F("request", "handle", "ClOrdID for the exchange", 11),
        F("orig_request", "handle", "OrigClOrdID for the exchange; 0 for a new order", 41), F("order", "handle"),
        F("feed", "u16"), F("type", "char", "RequestType", 35), F("side", "char", "", 54),
        F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59), F("price_exponent", "u8"),
        F("quantity_exponent", "u8"), F("instrument", "slot"), F("account", "slot", "", 1),
        F("order_qty", "qty", "", 38), F("price", "price", "null for a market order", 44),
        F("stop_px", "price", "", 99), F("display_qty", "qty", "", 1138), F("min_qty", "qty", "", 110),
        F("expire_date", "date", "", 432), F("trade_date", "date", "", 75), F("symbol", "c24", "", 55)], [
        F("order_id", "text", "the exchange's name for the order, once known", 37)], journaled=False),
    Record(71, "Answer", "To whoever asked: what became of it.", [
        F("tag", "u64", "the sender's number"), F("request", "handle"), F("order", "handle"),
        F("figure", "i64", "what was asked for, in the unit of the rule"), F("limit", "i64", "what the rule allows"),
        F("account", "slot"), F("to", "u16", "user"), F("status", "u16", "Status"),
        F("request_status", "u8", "RequestStatus"), F("type", "char", "RequestType; 0 = another record"),
        F("repeated", "u8", "1 = the same request was answered before"), F("pad0", "u8"), F("pad1", "u32")], [
        F("cl_ord_id", "text", "", 11)], journaled=False),
    Record(72, "Event", "What changed; the row itself tells the rest.", [
        F("position", "seq", "in the event log"), F("row", "u32"), F("kind", "u8", "EventKind"),
        F("state", "u8", "ord_status, request status or feed state"), F("status", "u16", "Status, of an alert"),
        F("figure", "i64"), F("limit", "i64")], journaled=False),
    # the client library and the command line ask a running process for numbers
    Record(80, "Lookup", "Asks for the number of a code.", [
        F("tag", "u64"), F("of", "u16", "LookupOf"), F("owner", "u16"), F("account", "slot", "of a request")], [
        F("code", "text", "an instrument's is SYMBOL, or SYMBOL.MIC where several exchanges list it")],
           journaled=False),
    Record(81, "Found", "The number of a code; 0 = unknown.", [
        F("tag", "u64"), F("number", "handle"), F("price_exponent", "u8", "of an instrument"),
        F("quantity_exponent", "u8", "of an instrument"), F("pad0", "u8[6]")], journaled=False),
]
# fmt: on
