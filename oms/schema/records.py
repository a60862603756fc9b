"""Records: what stands in the journal or travels on the bus. A null quantity or price is INT64_MIN, as in SBE."""

from __future__ import annotations

from oms.schema.types import F, Record

_REQUEST_IDS = [F("cl_ord_id", "text", "the client's name for this request", 11)]
_OPTIONS = F(
    "options",
    "u8",
    "1 = PossResend (97): a known cl_ord_id gets its first answer, whatever it says; 2 = only check it; 4 = of a list",
)

_PARKED = F("parked", "slot", "the parked report that an operator books now; 0 = it comes from its feed")
_CODES = [
    F("symbol", "text", "of an instrument that is not known: then figures have eight decimals", 55),
    F("account_code", "text", "of an account that is not known", 1),
]

# fmt: off
RECORDS = [
    Record(1, "JournalCommit", "Closes a batch in the journal with the chain over all before it.", [
        F("count", "u32", "records in the batch"), F("batch_bytes", "u32"), F("first_sequence", "seq"),
        F("chain", "u8[32]", "SHA-256(previous chain, the batch's bytes)")]),
    Record(2, "SessionOpen", "First record of a peer: who it is, and where it stands.", [
        F("peer_version", "u16", "schema version that the peer speaks"), F("role", "u8"), F("pad0", "u8"),
        F("instance", "u32", "of an adapter: names its memory; another one does not know what this one has sent"),
        F("session_id", "u64", "the peer's own incarnation"),
        F("last_received", "seq", "highest sequence from the OMS that the peer holds")], [
        F("environment", "text"), F("name", "text"), F("credential", "text")], journaled=False),
    Record(3, "SessionOpened", "The answer to SessionOpen.", [
        F("epoch", "u64"), F("last_applied", "seq", "highest sequence of the peer that is applied and safe"),
        F("status", "u16"), F("pad0", "u16"),
        F("lease_ms", "u32", "how long an adapter may act upon requests after what was acknowledged last was sent")],
        journaled=False),
    Record(4, "SessionClosed", "The last word of a session, and why.", [
        F("reason", "u16"), F("pad0", "u16"), F("pad1", "u32")], [F("text", "text")], journaled=False),
    Record(5, "Heartbeat", "Still here.", [F("sent_ns", "time")], journaled=False),
    # reference data; a definition with a known code changes it
    Record(10, "DefineCurrency", "", [F("code", "c8", "", 15), F("exponent", "u8"), F("pad0", "u8[7]")]),
    Record(11, "DefineExchange", "", [F("mic", "c8", "", 207), F("settlement_days", "u8"),
        F("compare", "u8", "1 = a feed that opens takes new orders when its open orders have been compared"),
        F("pad0", "u8[6]")]),
    Record(12, "DefineHoliday", "A day on which nothing settles.", [
        F("date", "date"), F("of", "u8", "CalendarOf"), F("open", "u8", "1 = it is a business day after all"),
        F("number", "u16", "exchange or currency")]),
    Record(13, "DefineFeed", "", [F("name", "c32"), F("exchange", "u16"), F("pad0", "u8[6]")]),
    Record(14, "DefineClass", "", [
        F("name", "c24"), F("sell_unsettled", "u8"), F("four_eyes", "u8"), F("contractual", "u8"),
        F("cross_own", "u8", "CrossOwn"), F("receivable_days", "u16"), F("market_order_margin_bps", "u16"),
        F("collar_bps", "u32"), F("buffer_timeout_s", "u32"), F("min_order_value", "e4"), F("max_order_value", "e4"),
        F("auth_above_value", "e4"), F("break_tolerance", "e4"), F("duplicate_window_s", "u16"),
        F("chained_replaces", "u8", "ChainedReplaces"), F("pad0", "u8[5]")]),
    Record(15, "DefineFee", "A fee schedule with its components.", [
        F("name", "c24"), F("side", "char[6]"), F("basis", "u8[6]"), F("count", "u8"), F("pad0", "u8[3]"),
        F("rate_e8", "e8[6]"), F("amount", "e4[6]"), F("minimum", "e4[6]"), F("maximum", "e4[6]")]),
    Record(16, "AssignFee", "Gives a class its schedule at an exchange.", [
        F("account_class", "u16"), F("exchange", "u16", "0 = every exchange"), F("schedule", "u16"), F("pad0", "u16")]),
    Record(17, "DefineUser", "", [
        F("name", "c32"), F("permissions", "u32"), F("owner", "u16"), F("active", "u8"), F("pad0", "u8"),
        F("max_value", "e4"),
        F("max_rate", "u32", "new orders and replaces a second; 0 = as many as come"),
        F("cancel_on_disconnect", "u16", "seconds after its session ended, 60 at most; 0 = its orders stay"),
        F("pad1", "u16")]),
    Record(18, "DefineAccount", "", [
        F("code", "c32", "", 1), F("owner", "u16"), F("account_class", "u16"), F("currency", "u16"),
        F("status", "u8", "AccountStatus"), F("short_allowed", "u8")], [F("name", "text"), F("attributes", "text")]),
    Record(19, "Entitle", "Makes a user one of an account's own.", [
        F("account", "slot"), F("user", "u16"), F("pad0", "u16")]),
    Record(20, "DefineInstrument", "", [
        F("symbol", "c24", "", 55), F("isin", "c16", "", 48), F("cfi", "c8", "", 461), F("exchange", "u16", "", 207),
        F("currency", "u16", "", 15), F("price_exponent", "u8"), F("quantity_exponent", "u8"),
        F("settlement_days", "u8", "255 = the exchange's"), F("status", "u8", "InstrumentStatus"), F("tick", "price"),
        F("lot", "qty", "", 561), F("min_qty", "qty"), F("max_qty", "qty"), F("multiplier", "i64", "", 231),
        F("price_factor_numerator", "i64", "1/100 for a price in pence"), F("price_factor_denominator", "i64"),
        F("reference_price", "price"), F("authorise", "u8"), F("restricted", "u8"), F("price_may_be_negative", "u8"),
        F("short_allowed", "u8"), F("short_margin_bps", "u16"), F("pad0", "u8[2]")]),
    Record(21, "Configured", "The configuration's reference data has been defined.", [F("digest", "u8[32]")]),
    # requests
    Record(30, "NewOrderSingle", "Asks for an order.", [
        F("account", "slot", "", 1), F("instrument", "slot", "", 48), F("order_qty", "qty", "", 38),
        F("price", "price", "null for a market order", 44), F("stop_px", "price", "null = none", 99),
        F("display_qty", "qty", "null = none", 1138), F("min_qty", "qty", "null = none", 110),
        F("expire_date", "date", "", 432), F("side", "char", "", 54), F("ord_type", "char", "", 40),
        F("time_in_force", "char", "", 59), _OPTIONS,
        F("tag", "u64", "the sender's own number, given back in the answer")], [
        *_REQUEST_IDS, F("locate", "text", "where a short sale's stock is borrowed")]),
    Record(31, "OrderCancelReplaceRequest",
           "Asks to change an order; a null figure or zero character stays as it is.", [
        F("account", "slot", "", 1), F("expire_date", "date", "", 432), F("order_qty", "qty", "", 38),
        F("price", "price", "", 44), F("stop_px", "price", "", 99), F("display_qty", "qty", "", 1138),
        F("min_qty", "qty", "", 110), F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59),
        F("pad0", "u8[5]"), _OPTIONS, F("tag", "u64")], [
        *_REQUEST_IDS, F("orig_cl_ord_id", "text", "any name of the order's chain", 41)]),
    Record(32, "OrderCancelRequest", "Asks to cancel an order.", [
        F("account", "slot", "", 1), F("pad0", "u8[3]"), _OPTIONS, F("tag", "u64")], [
        *_REQUEST_IDS, F("orig_cl_ord_id", "text", "any name of the order's chain", 41)]),
    Record(33, "AuthDecision", "A DTR authorises or rejects a queued request.", [
        F("request", "handle"), F("queue_version", "u32", "the version that was looked at; 0 = whatever it is"),
        F("decision", "u8", "Decision"), F("pad0", "u8[3]"), F("tag", "u64"),
        F("received_ns", "time", "time_ns of the request that was looked at; 0 = whichever has the handle")], [
        F("text", "text", "why", 58)]),
    Record(36, "MoveOrder", "Asks to move an order with its executed part to another account of the same owner.", [
        F("account", "slot", "the present one", 1), F("to", "slot"), F("pad0", "u8[8]"), F("tag", "u64")], [
        F("cl_ord_id", "text", "the client's name for this request; the order's when orig_cl_ord_id is empty", 11),
        F("orig_cl_ord_id", "text", "any name of the order's chain", 41)]),
    Record(37, "AssignOrder", "An operator gives an order that was booked to the wrong account to the right one.", [
        F("order", "handle"), F("account", "slot", "the right one", 1), F("pad0", "u32"), F("tag", "u64")]),
    Record(38, "OrderMassCancelRequest", "Asks to cancel every order that all of these describe.", [
        F("account", "slot", "0 = every account in the sender's reach", 1), F("instrument", "slot", "0 = all", 48),
        F("exchange", "u16", "0 = all", 207), F("user", "u16", "who entered them; 0 = all"),
        F("side", "char", "0 = all", 54), F("pad0", "u8[3]"), F("tag", "u64")]),
    Record(34, "ListBegin", "The sender's next requests that say so are members of a list.", [
        F("tag", "u64"), F("count", "u32", "members that follow", 68),
        F("all_or_nothing", "u8", "1 = all of them go out, or none"), F("pad0", "u8[3]")]),
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
        F("ord_rej_reason", "u16", "", 103), F("pad1", "u16"),
        _PARKED,
        F("stop_px", "price", "0 = not told", 99), F("display_qty", "qty", "0 = not told", 1138),
        F("min_qty", "qty", "0 = not told", 110), F("expire_date", "date", "0 = not told", 432),
        F("ord_status_req_id", "u32", "the question that this answers; 0 = none", 790)], [
        F("exec_id", "text", "", 17), F("exec_ref_id", "text", "", 19), F("order_id", "text", "", 37),
        F("text", "text", "", 58),
        *_CODES]),
    Record(41, "OrderCancelReject", "An exchange refuses a cancel or replace.", [
        F("feed_sequence", "seq"), F("request", "handle", "the cancel or replace that is refused", 11),
        F("feed", "u16"), F("ord_status", "char", "", 39), F("pad0", "u8"), F("cxl_rej_reason", "u16", "", 102),
        F("pad1", "u16"), F("transact_time_ns", "time", "", 60), _PARKED, F("pad2", "u32")], [
        F("text", "text", "", 58)]),
    Record(42, "FeedOpened", "An adapter has opened its feed: it may trade.", [
        F("session_id", "u64", "the exchange's session: a new one starts its sequences again"),
        F("last_received", "seq", "highest of our sequences that the adapter holds"), F("feed", "u16"),
        F("pad0", "u16"), F("instance", "u32", "names the adapter's memory"),
        F("epoch", "u64", "of the lease, over all before it; 0 = one more than the last")]),
    Record(43, "FeedLost", "A feed is gone.", [
        F("last_sent", "seq", "highest of our sequences that may have reached the adapter"), F("feed", "u16"),
        F("pad0", "u16"), F("ask_after_ms", "u32", "when its adapter can have sent its last request on")]),
    Record(44, "MarketData", "Last, bid and ask of an instrument; 0 = none.", [
        F("instrument", "slot"), F("feed", "u16"), F("pad0", "u16"), F("last", "price"), F("bid", "price"),
        F("ask", "price")]),
    Record(45, "TradingSession", "An exchange's session opens, ends, or its feed is complete.", [
        F("exchange", "u16"), F("session_state", "u8", "SessionState"), F("pad0", "u8"), F("trade_date", "date")]),
    Record(46, "OpenOrder", "One row of the exchange's list of open orders.", [
        F("request", "handle", "the ClOrdID that we sent; 0 = none", 11), F("exchange", "u16"),
        F("side", "char", "", 54), F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59),
        F("pad0", "u8"), F("feed", "u16", "over which the list comes; 0 = an operator's"), F("account", "slot"),
        F("instrument", "slot"), F("order_qty", "qty", "", 38), F("cum_qty", "qty", "", 14),
        F("price", "price", "", 44), F("expire_date", "date", "", 432), _PARKED], [
        F("order_id", "text", "", 37), F("cl_ord_id", "text", "the client's name, where the exchange has it", 11),
        *_CODES]),
    Record(47, "OpenOrdersEnd", "The end of the exchange's list.", [
        F("exchange", "u16"), F("complete", "u8", "1 = every open order is in it"), F("pad0", "u8"), F("count", "u32"),
        F("next_sequence", "seq", "first of our sequences that the list does not take in; 0 = it takes in all"),
        F("feed", "u16", "over which it came, and whose sequences; 0 = an operator's"), F("pad1", "u8[6]")]),
    Record(48, "FeedGapClosed", "The missing part of a feed's sequence has been replayed.", [
        F("feed", "u16"), F("pad0", "u16"), F("pad1", "u32")]),
    Record(49, "BalanceReport", "A bank or registry tells what has moved, or what there is.", [
        F("feed_sequence", "seq", "the feed's own number; 0 = none"), F("amount", "i64", "signed when it has moved"),
        F("as_of", "date", "0 = the business date"), F("feed", "u16"), F("absolute", "u8", "1 = what there is"),
        F("decimals", "u8", "of the amount"), _PARKED, F("pad0", "u32")], [
        F("id", "text", "of the report, once per feed"), F("account_code", "text", "", 1),
        F("item_code", "text", "a currency, or an instrument as SYMBOL or SYMBOL.MIC"),
        F("reference", "text", "of the withdrawal that the bank has paid")]),
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
        F("confirmed", "u8", "by a start of day: 1 = of reconciled accounts only; of one account, what it left open"),
        F("listed", "u8", "1 = only the items that were sent for it"), F("pad0", "u16"),
        F("rows", "u32", "items and expected balances that were sent for it")], [F("batch_id", "text")]),
    Record(58, "Movement", "A deposit, withdrawal or adjustment by a named operator; a client's wish to withdraw.", [
        F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("kind", "u8", "MovementKind"), F("override", "u8", "1 = may take booked below zero, on record"),
        F("stage", "u8", "MovementStage, of a withdrawal"), F("pad0", "u8[3]"), F("amount", "i64", "signed"),
        F("tag", "u64", "the sender's own number, given back in the answer")], [
        F("reference", "text"), F("reason", "text")]),
    Record(59, "SetMargin", "Further credit that an account may use.", [
        F("account", "slot"), F("currency", "u16"), F("pad0", "u16"), F("margin", "money")], [
        F("reference", "text"), F("reason", "text")]),
    Record(60, "Control", "Sets the trading state of a scope.", [
        F("number", "u32"), F("scope", "u8", "ControlScope"), F("state", "u8", "ControlState"), F("pad0", "u16")], [
        F("reason", "text")]),
    Record(64, "SettleItem", "Of the settlement batch that follows: a trade that settles, or fails to.", [
        F("execution", "slot", "any version of the trade"), F("first", "u8", "1 = begins the rows of a batch"),
        F("failed", "u8", "1 = stays open, and late"), F("pad0", "u16"),
        F("quantity", "qty", "null = all that is left"),
        F("amount", "money", "net; null = the quantity's part of what is left")]),
    Record(65, "SettleExpected", "Of the settlement batch that follows: a balance as it has to be after it.", [
        F("account", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("first", "u8", "1 = begins the rows of a batch"), F("pad0", "u8[5]"),
        F("amount", "i64", "booked, or settled")]),
    Record(69, "Capacities", "The most rows, row 0 included, that tables may have from here on: those of the process "
           "that writes the journal. 0 = not told.", [
        F("rows", "u32[63]", "by table, in the catalogue's order up to event"), F("text", "u32", "of the text table")]),
    # sessions of the bus, as the process itself tells of them
    Record(90, "UserLost", "The session of a client or operator has ended.", [
        F("user", "u16"), F("pad0", "u16"), F("pad1", "u32")]),
    Record(91, "UserBack", "The session of a client or operator has begun.", [
        F("user", "u16"), F("pad0", "u16"), F("pad1", "u32")]),
    Record(97, "StateMark", "What the process that leads has come to: who follows has come to the same.", [
        F("digest", "u64", "the firm's, before this record")]),
    Record(98, "Leading", "A process leads from here on: it is the only one that appends.", [
        F("epoch", "u32", "above every one before"), F("promoted", "u8", "1 = it was a standby before"),
        F("pad0", "u8[3]")]),
    Record(99, "StorageChanged", "How much room the disk has for the journal, as its process found it.", [
        F("state", "u8", "StorageState"), F("pad0", "u8[7]")]),
    Record(102, "BusyChanged", "The process is behind, or has caught up: while it is, it takes no new orders.", [
        F("busy", "u8", "Busy"), F("pad0", "u8[7]"), F("figure", "u64", "nanoseconds, or bytes that wait"),
        F("limit", "u64", "from which on it is behind")]),
    Record(103, "PeerCutOff", "A peer was cut off, for it did not read.", [F("user", "u16"), F("pad0", "u8[6]")]),
    Record(67, "Resolve", "An operator says what became of a request in doubt, a break, or a parked report.", [
        F("request", "handle", "0 = it is about a parked report"), F("parked", "slot"),
        F("outcome", "u8", "Resolution"), F("pad0", "u8[3]"), F("tag", "u64")], [F("text", "text", "why", 58)]),
    Record(66, "Transfer", "Money, stock or margin from one account to another, or money to another currency.", [
        F("account", "slot", "from"), F("to", "slot"), F("instrument", "slot", "0 = money"), F("currency", "u16"),
        F("to_currency", "u16", "0 = the same"), F("margin", "u8", "1 = credit, not money"),
        F("override", "u8", "1 = may take booked below zero, on record"), F("pad0", "u8[6]"), F("amount", "i64"),
        F("to_amount", "i64", "in to_currency"),
        F("tag", "u64", "the sender's own number, given back in the answer")], [
        F("reference", "text"), F("reason", "text")]),
    Record(68, "SetLimit", "Limits the firm, an account, an instrument or a user.", [
        F("number", "u32", "row of what it limits"), F("scope", "u8", "ControlScope"), F("name", "u8", "LimitName"),
        F("pad0", "u16"), F("value", "i64", "four decimals; of order_rate, requests a second; 0 = none")]),
    Record(61, "CorporateAction", "What an issuer does to an instrument, once by its id.", [
        F("instrument", "slot"), F("ex_date", "date", "first day of the new figures"),
        F("numerator", "u32", "new stock …"), F("denominator", "u32", "… for so much old"),
        F("price", "price", "of a fraction of new stock, paid out in cash; 0 = none is paid"),
        F("amount_e8", "e8", "dividend per unit of stock"), F("type", "u8", "CorporateActionType"),
        F("live_orders", "u8", "LiveOrders"), F("pad0", "u8[6]")], [
        F("id", "text"), F("symbol", "text", "the new one, of a rename")]),
    Record(62, "CorporateActionUndo", "Takes a corporate action back, as if it had never been.", [F("pad0", "u64")], [
        F("id", "text"), F("reason", "text")]),
    Record(63, "Rename", "Another name for what is known; the old one is free.", [
        F("number", "u32", "row, or number of the owner"), F("of", "u8", "RenameOf"), F("pad0", "u8[3]")], [
        F("name", "text"), F("reason", "text")]),
    Record(93, "LongReport", "A fact one of whose ids has more than 255 bytes: whole, as a JSON object in ASCII.", [
        F("feed_sequence", "seq", "the feed's own number; 0 = none"), F("feed", "u16"),
        F("exchange", "u16", "not 0: it is a row of the list of open orders of this exchange"),
        F("pad0", "u8[4]")], [
        F(f"part{number}", "text", "of the object, which goes on in the next part") for number in range(1, 15)]),
    Record(92, "DefineOwner", "Names an owner of accounts.", [
        F("name", "c32"), F("number", "u16"), F("pad0", "u8[6]")]),
    # outputs
    Record(70, "OrderRequest", "To an adapter: send this to the exchange, once.", [
        F("feed_sequence", "seq", "our number on this feed"), F("request", "handle", "ClOrdID for the exchange", 11),
        F("orig_request", "handle", "OrigClOrdID for the exchange; 0 for a new order", 41), F("order", "handle"),
        F("feed", "u16"), F("type", "char", "RequestType", 35), F("side", "char", "", 54),
        F("ord_type", "char", "", 40), F("time_in_force", "char", "", 59), F("price_exponent", "u8"),
        F("quantity_exponent", "u8"), F("instrument", "slot"), F("account", "slot", "", 1),
        F("order_qty", "qty", "", 38), F("price", "price", "null for a market order", 44),
        F("stop_px", "price", "", 99), F("display_qty", "qty", "", 1138), F("min_qty", "qty", "", 110),
        F("expire_date", "date", "", 432), F("trade_date", "date", "", 75), F("symbol", "c24", "", 55),
        F("epoch", "u64", "of the lease under which it goes out"),
        F("ord_status_req_id", "u32", "of a question (type H): to be told in the answer", 790), F("pad0", "u32")], [
        F("order_id", "text", "the exchange's name for the order, once known", 37)], journaled=False),
    Record(71, "Answer", "To whoever asked: what became of it.", [
        F("tag", "u64", "the sender's number; 0 = later news of what was answered before"),
        F("request", "handle"), F("order", "handle"),
        F("figure", "i64", "what was asked for, in the unit of the rule"), F("limit", "i64", "what the rule allows"),
        F("account", "slot"), F("to", "u16", "user"), F("status", "u16", "Status"),
        F("request_status", "u8", "RequestStatus"), F("type", "char", "RequestType; 0 = another record"),
        F("repeated", "u8", "1 = the same request was answered before"), F("pad0", "u8"), F("pad1", "u32"),
        F("hits", "u64", "all that it breaks: bit n = Status 8 + n"),
        F("value", "money", "of a request that was only checked: of the whole order, at the price it is held at", 381),
        F("fee", "money", "of the whole order, tax included", 12), F("tax", "money", "the part of fee that is tax")], [
        F("cl_ord_id", "text", "or the reference of a withdrawal: then request and order are 0", 11)],
        journaled=False),
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
        F("tag", "u64"), F("number", "handle"), F("price_exponent", "u8", "of an instrument; of a currency, its own"),
        F("quantity_exponent", "u8", "of an instrument"), F("pad0", "u8[6]")], journaled=False),
]
# fmt: on
