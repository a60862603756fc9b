"""Tables and their rows. Slot 0 of every table is never used, so that 0 means "none"."""

from __future__ import annotations

from oms.schema.types import F, Table

LADDER_CASH = 3  # settlement dates held in a cash row itself; further ones go to the ladder table
LADDER_HOLDING = 2
FEE_COMPONENTS = 6

ROWS_OF = {
    "open_value": "order",
    "live_order": "order",
    "told_terms": "order",
}  # tables that have as many rows as another one

# What new orders leave to facts, cancels and kills of a table that those take rows of: one part in so many, and at
# least so many rows, but never more than half of the table.
RESERVES = {
    "order": (64, 1),
    "request": (64, 1),  # and one for each live order
    "cash": (64, 4),
    "holding": (64, 4),
    "cost_event": (8, 8),
    "ladder": (8, 16),
    "execution": (8, 16),
    "movement": (8, 24),
    "settlement": (8, 4),
    "parked": (8, 16),
    "exposure": (8, 4),
    "short_sale": (8, 4),
    "progress": (8, 16),
    "scaled": (8, 8),
    "balance": (8, 8),
    "restatement": (8, 4),
    "text": (8, 2048),
}

UNHASHED = ("endpoint", "event", "counter", "latency")  # tables that `apply` does not own

VERSION = F("version", "u32", "row version: odd while it is being written")

# fmt: off
TABLES = [
    Table("firm", "One row: where the firm stands.", 2, [
        VERSION, F("control_state", "u8", "ControlState"),
        F("sod_kind", "u8", "SodKind of the load in progress; 0 = none"),
        F("sod_superseding", "u8", "1 = the load in progress corrects an earlier one"),
        F("watched", "u8", "what is kept because a setting asks for it: 1 own orders, 2 content, 4 limits"),
        F("last_sequence", "seq", "journal sequence of the last applied record"), F("last_time_ns", "time"),
        F("business_date", "date"), F("sod_as_of", "date", "the date that the load in progress describes"),
        F("sod_rows", "u32", "rows of the load in progress"), F("sod_source", "text_ref"),
        F("sod_user", "u16", "who sends the rows of the load in progress"),
        F("limits", "u16", "its row in the limit table; 0 = none"),
        F("queued", "u32", "requests waiting at the desk"), F("buffered", "u32", "requests waiting for an adapter"),
        F("in_doubt", "u32", "requests whose outcome is not known"),
        F("waiting_corrections", "u32", "busts and corrections that came before their trade"),
        F("epoch", "u32", "of the process that leads: each has a higher one"),
        F("next_expiry_ns", "time", "when the oldest buffered request times out; 0 = none"),
        F("sod_digest", "u8[32]", "SHA-256 of the file in progress"),
        F("config_digest", "u8[32]", "SHA-256 of the reference data of the configuration"),
        F("storage", "u8", "StorageState"), F("busy", "u8", "Busy: why the process takes no new orders; 0 = it does"),
        F("digest_table", "u16", "where the digest goes on: the table,"), F("digest_row", "slot", "its row,"),
        F("digest", "u64", "of what each record made, and of the tables in rotation"),
        F("digest_word", "u32", "and its word of eight bytes"),
        F("live_orders", "u32", "orders that may still trade, or are not sent yet"),
        F("lost_trades", "u32", "breaks of orders of which the exchange counts less than we do"), F("pad1", "u32")]),
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
        F("control_state", "u8", "ControlState"), F("settlement_days", "u8", "default T+n"),
        F("compare", "u8", "1 = a feed that opens takes new orders when its open orders have been compared"),
        F("calendar", "u16"), F("first_feed", "u16", "feeds in order of preference"), F("trade_date", "date"),
        F("comparisons", "u32", "lists of open orders that have begun"),
        F("list", "u32[2]", "an operator's list in progress: its rows so far, its number"),
        F("oldest_live", "slot", "its live orders, in the order of their entry"), F("newest_live", "slot"),
        F("questions", "u32", "how often it was asked for what is in doubt"), F("pad1", "u8[16]")]),
    Table("feed", "Feeds: one adapter's connection to one exchange.", 256, [
        VERSION, F("name", "c32"), F("exchange", "u16"), F("next_feed", "u16", "next feed of the same exchange"),
        F("state", "u8", "FeedState"), F("gap", "u8", "1 = its sequence jumped and the gap is not closed"),
        F("uncompared", "u8", "1 = the comparison of open orders is not done since it opened"), F("pad0", "u8"),
        F("instance", "u32", "names the memory of the adapter that had it last"),
        F("session_id", "u64", "the exchange's own session; a new one starts sequences again"),
        F("last_in", "seq", "last sequence of the exchange's side that was applied"),
        F("last_out", "seq", "last sequence that was given to a request sent to it"),
        F("gap_to", "seq", "the sequence that showed the gap"),
        F("unanswered", "u32", "requests that were sent over it and are submitted or in doubt"),
        F("lapses", "u32", "how often in a row it was lost within a minute of its opening"),
        F("epoch", "u64", "of its lease"), F("opened_ns", "time"),
        F("steady_ns", "time", "until then it came and went too often for new orders; 0 = it may have them"),
        F("ask_ns", "time", "when others may be asked what it left in doubt; 0 = now"),
        F("asked_before", "u32", "questions up to this one were asked before it sent something again"),
        F("list", "u32[2]", "its list of open orders in progress: its rows so far, its number"),
        F("pad1", "u8[60]")]),
    Table("account_class", "Account classes: the policies of their accounts.", 256, [
        VERSION, F("name", "c24"), F("sell_unsettled", "u8", "1 = incoming stock may be sold"),
        F("four_eyes", "u8", "1 = nobody decides on their own"),
        F("contractual", "u8", "1 = due items move at the date roll"), F("cross_own", "u8", "CrossOwn"),
        F("receivable_days", "u16", "settlement days ahead that count as spendable"),
        F("market_order_margin_bps", "u16"), F("collar_bps", "u32", "0 = no collar"),
        F("buffer_timeout_s", "u32", "0 = none"),
        F("duplicate_window_s", "u16", "the same request again goes to the desk; 0 = it does not"),
        F("chained_replaces", "u8", "ChainedReplaces"), F("pad1", "u8"), F("min_order_value", "e4", "0 = none"),
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
        F("control_state", "u8", "ControlState"), F("active", "u8"),
        F("max_rate", "u32", "new orders and replaces a second; 0 = as many as come"),
        F("max_value", "e4", "what it may authorise; 0 = no limit"),
        F("rate_until_ns", "time", "when the second ends in which rate_count were counted"),
        F("rate_count", "u32"),
        F("cancel_on_disconnect", "u16", "seconds after its session ended; 0 = its orders stay"),
        F("online", "u8", "1 = it has a session"), F("pad0", "u8"),
        F("cancel_at_ns", "time", "when its orders are cancelled unless it is back; 0 = they are not"),
        F("limits", "slot", "its row in the limit table; 0 = none"), F("pad1", "u8[44]")]),
    Table("entitlement", "Who an account belongs to.", 65536, [
        VERSION, F("account", "slot"), F("user", "u16"), F("pad0", "u16"),
        F("next", "slot", "next entitlement of the account")]),
    Table("account", "Trading accounts.", 65536, [
        VERSION, F("cash", "slot", "first cash row"), F("entitlement", "slot", "first entitlement"), F("owner", "u16"),
        F("currency", "u16", "default currency"), F("account_class", "u16"), F("status", "u8", "AccountStatus"),
        F("control_state", "u8", "ControlState"),
        F("unreconciled", "u8", "1 = closed by start of day until signed off"),
        F("short_allowed", "u8", "1 = it may sell short"),
        F("limits", "u16", "its row in the limit table; 0 = none"),
        F("code", "c32", "unique within its owner"), F("name", "text_ref"), F("attributes", "text_ref")]),
    Table("instrument", "Instruments.", 16384, [
        VERSION, F("exchange", "u16"), F("currency", "u16"), F("price_exponent", "u8"), F("quantity_exponent", "u8"),
        F("settlement_days", "u8"), F("status", "u8", "InstrumentStatus"), F("control_state", "u8", "ControlState"),
        F("authorise", "u8", "1 = every order goes to the desk"), F("session_ended", "u8"),
        F("restricted", "u8", "1 = no orders are taken"),
        F("tick", "price"), F("lot", "qty"), F("min_qty", "qty", "0 = none"), F("max_qty", "qty", "0 = none"),
        F("value_numerator", "i64", "price * quantity * numerator / denominator = money"),
        F("value_denominator", "i64"), F("reference_price", "price", "0 = none"), F("last", "price", "0 = none"),
        F("bid", "price"), F("ask", "price"), F("market_time_ns", "time"),
        F("settle_of", "date", "trade date of settle_date below"), F("settle_date", "date"),
        F("market", "qty", "the market's side of all trades in it"),
        F("external", "qty", "the other side of loads and adjustments"), F("multiplier", "i64"), F("symbol", "c24"),
        F("isin", "c16"), F("cfi", "c8"),
        F("price_may_be_negative", "u8", "1 = a limit of zero or less is taken"),
        F("short_allowed", "u8", "1 = it may be sold short"),
        F("short_margin_bps", "u16", "cash that a short sale holds, of its value"),
        F("limits", "u16", "its row in the limit table; 0 = none"),
        F("action", "u16", "the last corporate action that scaled it; 0 = none")]),
    Table("cash", "Cash, per account and currency.", 131072, [
        VERSION, F("account", "slot"), F("next", "slot", "next cash row of the account"),
        F("ladder", "slot", "further settlement dates"), F("currency", "u16"), F("flags", "u16"),
        F("ladder_date", "date[3]"), F("booked", "money"), F("reserved", "money"), F("margin", "money"),
        F("payable", "money", "sum over all dates"), F("receivable", "money", "sum over all dates"),
        F("ladder_payable", "money[3]"), F("ladder_receivable", "money[3]"),
        F("loaded_as_of", "date", "what the bank's last figure describes"),
        F("exposure", "slot", "what else bears on what is available; 0 = nothing")]),
    Table("holding", "Holdings, per account and instrument.", 262144, [
        VERSION, F("account", "slot"), F("instrument", "slot"), F("ladder", "slot", "further settlement dates"),
        F("settled", "qty"), F("reserved", "qty"), F("incoming", "qty", "sum over all dates"),
        F("outgoing", "qty", "sum over all dates"),
        F("cost_low", "u64", "cost = average * cost_quantity, 128 bits, in price * quantity units"),
        F("cost_high", "i64"), F("cost_quantity", "qty", "what cost is for; above total after reductions; 0 = no cost"),
        F("last_execution", "slot"), F("cost_event", "slot", "the newest; 0 = none"), F("ladder_date", "date[2]"),
        F("ladder_incoming", "qty[2]"), F("ladder_outgoing", "qty[2]"),
        F("loaded_as_of", "date", "what the registry's last figure describes"),
        F("short_sale", "slot", "0 = nothing was ever sold short in it")]),
    Table("cost_event", "What changed a holding without a trade: its average price follows from these and its trades.",
          262144, [
        VERSION, F("holding", "slot"), F("prev", "slot", "the holding's event before; 0 = none"),
        F("after", "slot", "the holding's last execution then"), F("quantity", "qty", "signed"),
        F("average_price_e8", "e8", "what a registry told where none was known; null = the average stays"),
        F("action", "slot", "the corporate action that it is part of; 0 = none"),
        F("carried", "u8", "1 = what came has this average: it is weighted in"), F("pad0", "u8[3]")]),
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
        F("flags", "u8", "1 external, 2 overfilled, 4 filled after close, 8 cum differs, 16 expired here, "
          "32 to be restated, 64 restated: cum_qty counts its executions scaled, 128 ended as Expired"),
        F("trade_date", "date", "of its entry, at its exchange"), F("order_qty", "qty", "", 38),
        F("cum_qty", "qty", "", 14), F("price", "price", "limit, or the protected price where none was given", 44),
        F("cum_value", "money", "value of its effective executions"), F("fee_charged", "money", "", 12),
        F("reserved", "money", "cash held for it"), F("reserved_qty", "qty", "stock held for it"),
        F("order_id", "text_ref", "the exchange's name for it", 37),
        F("closed_date", "date", "business date on which it was closed; 0 = it is open"),
        F("fee", "u16", "schedule, as it was at its entry"),
        F("short_margin_bps", "u16", "of a short sale: the instrument's at its entry"),
        F("locate", "text_ref", "where a short sale's stock is borrowed"),
        F("missing_qty", "qty", "executed by the exchange's word, not booked yet, of a dead order")]),
    Table("request", "Requests: every one that was received, with its outcome.", 524288, [
        VERSION, F("generation", "u32", "of the row; part of its handle"), F("type", "char", "RequestType", 35),
        F("status", "u8", "RequestStatus"), F("ord_type", "char", "OrdType", 40),
        F("time_in_force", "char", "TimeInForce", 59), F("reason", "u16", "Status: why it was refused or waits"),
        F("user", "u16", "who sent it"), F("account", "slot"), F("order", "slot"),
        F("next_pending", "slot", "next pending request of the order"), F("cl_ord_id", "text_ref", "", 11),
        F("cl_ord_id_hash", "u32", "high half of account and cl_ord_id's hash"),
        F("queue_version", "u16", "goes up when a waiting request changes"),
        F("flags", "u8", "1 = no price was given: price is the protected one, 2 = the exchange has stated the order's"),
        F("pad0", "u8"),
        F("content_hash", "hash"), F("order_qty", "qty", "", 38), F("price", "price", "", 44),
        F("stop_px", "price", "", 99), F("display_qty", "qty", "", 1138), F("min_qty", "qty", "", 110),
        F("expire_date", "date", "", 432),
        F("feed", "u16", "where it was sent"), F("decided_by", "u16", "the user who decided on it"),
        F("feed_sequence", "seq", "number it was sent under; until then, the journal's when it came"),
        F("time_ns", "time", "when it was received, or let through by the desk to wait for a feed"),
        F("business_date", "date", "when it was received"),
        F("orig", "slot", "the request that it wants to change"),
        F("seen", "u64", "what the desk has seen of it: bit n = Status 8 + n")]),
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
        F("sequence", "seq", "journal sequence"), F("time_ns", "time", "", 60),
        F("progress", "slot", "what of it is settled, where that is a part; 0 = none"),
        F("scaled", "slot", "what it counts since corporate actions; 0 = last_qty")]),
    Table("movement", "Every movement of settled money and stock.", 1048576, [
        VERSION, F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("kind", "u8", "MovementKind"), F("pad0", "u8"), F("user", "u16"), F("feed", "u16", "that reported it"),
        F("date", "date", "of a settlement: of its place in the ladder"),
        F("amount", "i64", "signed, in units of the currency or instrument"),
        F("owed", "i64", "what left payable or outgoing (settlement)"),
        F("due", "i64", "what left receivable or incoming (settlement)"), F("reference", "text_ref"),
        F("reason", "text_ref"), F("reference_hash", "hash"), F("sequence", "seq", "journal sequence"),
        F("execution", "slot", "what settled; 0 = none"),
        F("value_date", "date", "a figure that describes this date or a later one contains it")]),
    Table("load", "Start-of-day files that were loaded.", 4096, [
        VERSION, F("kind", "u8", "SodKind"), F("pad0", "u8"), F("user", "u16"), F("as_of", "date"),
        F("source", "text_ref"), F("rows", "u32"), F("pad1", "u32"), F("sequence", "seq", "journal sequence"),
        F("digest", "u8[32]", "SHA-256 of the file")]),
    Table("stage", "Rows of the load in progress, until it is committed.", 393216, [
        VERSION, F("account", "slot"), F("item", "u32", "currency, instrument, or execution that settles"),
        F("kind", "u8", "StageKind"), F("pad0", "u8[3]"), F("amount", "i64", "figure, or quantity that settles"),
        F("cost_price_e8", "e8", "average price with eight decimals, or net money that settles; INT64_MIN = none")]),
    Table("settlement", "Settlement batches that were booked.", 65536, [
        VERSION, F("user", "u16"), F("pad0", "u16"), F("date", "date"), F("batch_id", "text_ref"), F("items", "u32"),
        F("pad1", "u32"), F("sequence", "seq", "journal sequence")]),
    Table("parked", "Reports that could not be booked, and breaks, with where they stand in the journal.", 65536, [
        VERSION, F("status", "u16", "Status"), F("feed", "u16"),
        F("execution", "slot", "the execution that it contradicts"), F("order", "slot", "where it names one"),
        F("sequence", "seq", "journal sequence of the report"),
        F("exec_id", "text_ref", "of a balance report its id, of a row of a list its order_id", 17),
        F("exec_ref_id", "text_ref", "", 19), F("exchange", "u16"), F("side", "char", "0 = not told", 54),
        F("exec_type", "char", "", 150), F("trade_date", "date", "0 = not told", 75),
        F("settle_date", "date", "0 = not told", 64), F("request", "slot", "that it carried"),
        F("last_qty", "qty", "", 32), F("last_px", "price", "", 31),
        F("outcome", "u8", "Resolution: how it ended; 0 = it waits for a person, or for its trade"),
        F("ord_status", "char", "0 = not told", 39), F("user", "u16", "who resolved it"),
        F("record", "u16", "template of the report"),
        F("source", "u16", "who sent it")]),
    Table("exposure", "Of cash rows that need it: money in them that is not free.", 16384, [
        VERSION, F("cash", "slot"), F("ladder", "slot", "short_due by settlement date, but what is late"),
        F("late", "slot", "late receivables by settlement date, in the ladder table"),
        F("short_proceeds", "money", "of short sales that are not bought back"),
        F("short_due", "money", "receivable for short sales, sum over all dates"),
        F("pad0", "u8[32]")]),
    Table("short_sale", "Holdings in which stock was sold short.", 16384, [
        VERSION, F("holding", "slot"), F("exposure", "slot"), F("pad0", "u32"),
        F("proceeds", "money", "what is short, at its average price, rounded up")]),
    Table("day", "Where each business date begins in the journal.", 8192, [
        VERSION, F("date", "date"), F("sequence", "seq", "journal sequence"), F("time_ns", "time"), F("pad0", "u64")]),
    Table("progress", "Trades that are settled in part, or late: what of them has settled.", 65536, [
        VERSION, F("execution", "slot"), F("stock", "qty", "signed"), F("net", "money", "signed"),
        F("late", "u8", "1 = failed, or the rest of it"), F("pad0", "u8[3]"),
        F("left_by", "date", "the start of day of this date found it unconfirmed; 0 = none did")]),
    Table("control", "Every change of a trading state: who, when, why. The oldest makes room for a new one.", 4096, [
        VERSION, F("number", "u32", "row of what the scope names; 0 = the firm"), F("scope", "u8", "ControlScope"),
        F("state", "u8", "ControlState"), F("before", "u8", "ControlState"), F("pad0", "u8"), F("user", "u16"),
        F("pad1", "u16"), F("reason", "text_ref"), F("cancels", "u32", "cancels that a kill sent"),
        F("withdrawn", "u32", "requests that a kill withdrew"), F("pad2", "u32"), F("time_ns", "time"),
        F("sequence", "seq", "journal sequence"), F("pad3", "u8[16]")]),
    Table("capacity", "The most rows of each table by the journal's word: row = 1 + the table's place here.", 128, [
        VERSION, F("rows", "u32", "row 0 included; 0 = not told, what the process has"),
        F("fill", "u8", "Fill: what was told of it last"), F("pad0", "u8[7]")]),
    Table("withdrawal", "Withdrawals that clients asked for: held until the bank has paid or refused.", 65536, [
        VERSION, F("account", "slot"), F("currency", "u16"), F("status", "u8", "WithdrawalStatus"), F("pad0", "u8"),
        F("user", "u16", "who asked"), F("pad1", "u16"), F("amount", "money", "above zero"),
        F("reference", "text_ref"), F("pad2", "u32"), F("reference_hash", "hash"),
        F("sequence", "seq", "journal sequence of the request")]),
    Table("limit", "Limits of the firm, an account, an instrument or a user; a figure of 0 is no limit.", 16384, [
        VERSION, F("scope", "u8", "ControlScope"), F("pad0", "u8[3]"), F("number", "u32", "row of what it limits"),
        F("tally", "slot", "first tally"), F("order_value", "e4"), F("order_qty", "e4"), F("open_value", "e4"),
        F("gross_value", "e4"), F("net_value", "e4"), F("order_rate", "u32", "new orders and replaces a second"),
        F("rate_count", "u32", "of the second in progress"), F("rate_until_ns", "time", "when that second ends")]),
    Table("tally", "What counts against a limit, in one currency.", 65536, [
        VERSION, F("limits", "slot", "row in the limit table"), F("next", "slot", "next tally of the limit"),
        F("currency", "u16"), F("pad0", "u16"),
        F("open_value", "money", "of the leaves of open orders, at their price"),
        F("bought", "money", "today"), F("sold", "money", "today")]),
    Table("open_value", "What each order counts for in tallies: row = the order's.", 262144, [
        VERSION, F("account", "slot", "that it counts for"), F("value", "money")]),
    Table("request_list", "Lists of requests that are not whole yet; one a user.", 4096, [
        VERSION, F("generation", "u32", "of the row"), F("user", "u16"), F("all_or_nothing", "u8"),
        F("state", "u8", "1 open, 2 failed: what still comes is refused"), F("count", "u32", "members announced"),
        F("come", "u32", "members that have come"), F("pad0", "u32")]),
    Table("corporate_action", "Corporate actions, as they were announced.", 4096, [
        VERSION, F("instrument", "slot"), F("prev", "slot", "applied before to the same instrument"),
        F("type", "u8", "CorporateActionType"), F("state", "u8", "CorporateActionState"),
        F("live_orders", "u8", "LiveOrders"), F("pad0", "u8"), F("numerator", "u32", "new stock …"),
        F("denominator", "u32", "… for so much old"), F("ex_date", "date"), F("user", "u16"), F("pad1", "u16"),
        F("id", "text_ref"), F("symbol", "text_ref", "the new one, of a rename"),
        F("old_symbol", "text_ref", "what it was before"), F("positions", "slot", "the newest; 0 = none"),
        F("executions", "u32", "first execution row that came after it was applied"),
        F("movements", "u32", "first movement row that came after it was applied"),
        F("price", "price", "of a fraction of new stock; 0 = none is paid"),
        F("amount_e8", "e8", "dividend per unit of stock"), F("reference_price", "price", "before it"),
        F("last", "price", "before it"), F("bid", "price"), F("ask", "price"),
        F("sequence", "seq", "journal sequence of the announcement"),
        F("applied_sequence", "seq", "of what applied it; 0 = nothing has")]),
    Table("position", "What corporate actions made of each holding.", 262144, [
        VERSION, F("action", "slot"), F("next", "slot", "the action's position before"), F("holding", "slot"),
        F("total", "qty", "before"), F("total_after", "qty"), F("settled", "qty", "before"), F("settled_after", "qty"),
        F("entitled", "qty", "the part of total that the action is about: not what was traded after the ex-date"),
        F("amount", "money", "cash in lieu, or dividend; negative = paid by a short holding"),
        F("cost_low", "u64", "before"), F("cost_high", "i64", "before"), F("cost_quantity", "qty", "before")]),
    Table("scaled", "What executions count after corporate actions; their own rows keep the quantity of the trade.",
          262144, [
        VERSION, F("prev", "slot", "after the action before; 0 = the execution's own quantity"),
        F("action", "slot"), F("pad0", "u32"), F("before", "qty"), F("quantity", "qty"),
        F("settled", "qty", "signed: what of it had settled, of one that stood in a ladder")]),
    Table("owner", "Names of owners: row = the owner's number.", 65536, [
        VERSION, F("name", "c32"), F("pad0", "u32")]),
    Table("renamed", "Names that were given up.", 16384, [
        VERSION, F("of", "u8", "RenameOf"), F("pad0", "u8"), F("user", "u16"), F("number", "u32"), F("date", "date"),
        F("old", "text_ref"), F("new", "text_ref"), F("sequence", "seq", "journal sequence")]),
    Table("balance", "What banks and registries have reported, each report once.", 262144, [
        VERSION, F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"), F("feed", "u16"),
        F("as_of", "date"), F("id", "text_ref"), F("movement", "slot", "0 = nothing moved"), F("pad0", "u32"),
        F("amount", "i64", "in units"), F("hash", "hash", "of feed and id"), F("sequence", "seq", "journal sequence"),
        F("absolute", "u8"), F("pad1", "u8[7]")]),
    Table("live_order", "The live orders of each exchange, as a chain: row = the order's.", 262144, [
        VERSION, F("prev", "slot"), F("next", "slot"),
        F("listed", "u32", "the newest list that it was in")]),
    Table("told_terms", "Which report an order's terms are from: row = the order's.", 262144, [
        VERSION, F("feed", "u16"), F("pad0", "u16"), F("time_ns", "time", "TransactTime", 60),
        F("feed_sequence", "seq"), F("session_id", "u64", "the exchange's session"),
        F("action", "slot", "the newest corporate action that cum_qty counts executions through"), F("pad1", "u32")]),
    Table("restatement", "Reports that changed terms without being asked: each counts once.", 65536, [
        VERSION, F("generation", "u32", "of the row"), F("order", "slot"), F("exec_id", "text_ref", "", 17),
        F("hash", "hash", "of order and exec_id"), F("sequence", "seq", "journal sequence")]),
    Table("endpoint", "The bus's peers, and what it has counted of each since the start. Not part of the state.", 257, [
        VERSION, F("pad0", "u32"), F("name", "c40"), F("sessions", "u64"), F("received_messages", "u64"),
        F("received_records", "u64"), F("received_bytes", "u64"), F("sent_messages", "u64"), F("sent_records", "u64"),
        F("sent_bytes", "u64"), F("parked", "u64", "times that the core was behind with what it sent"),
        F("retries", "u64"), F("rejected_connections", "u64", "a second peer came while one was connected"),
        F("throttled", "u64", "times that it had to wait because it did not read"),
        F("held", "u64", "times that it had to wait because it sent more than it may"),
        F("inbound_bytes", "u64", "queued for the core"), F("inbound_peak", "u64"),
        F("outbound_bytes", "u64", "queued for the peer"), F("outbound_peak", "u64"),
        F("ended", "u64[23]", "sessions and connections by why they ended: SessionReason")]),
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
