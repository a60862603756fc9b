"""Statuses: what became of a record, why a request was refused or waits, what an alert tells.

Ordered by precedence: of several rules that a request breaks, the one with the lowest number is its answer. Limits and
cover are looked at where no other check refuses, the desk's own checks where nothing does. What the checks of terms, of
cover and of the desk find is 8 to 71: a request keeps a bit for each that the desk has seen.
"""

from __future__ import annotations

from oms.schema.types import Status

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
    Status(17, "side_not_supported", "Side is not one that is known here.", 103, 11),
    Status(18, "ord_type_not_supported", "The order type is not supported.", 103, 11),
    Status(19, "time_in_force_not_supported", "The time in force is not supported for this order type.", 103, 11),
    Status(20, "expire_date_invalid", "GTD needs an expire_date that is not in the past; others take none.", 103, 99),
    Status(21, "order_qty_not_positive", "order_qty must be above zero.", 103, 13),
    Status(22, "order_qty_off_lot", "order_qty is not a multiple of the instrument's lot.", 103, 13),
    Status(23, "order_qty_below_minimum", "order_qty is under the instrument's minimum.", 103, 13),
    Status(24, "order_qty_above_maximum", "order_qty is over the instrument's maximum.", 103, 13),
    Status(25, "price_missing", "The order type needs a price, or a stop price.", 103, 99),
    Status(26, "price_not_allowed", "The order type takes no price, or no stop price.", 103, 99),
    Status(27, "price_not_positive", "The price, or the stop price, must be above zero.", 103, 99),
    Status(28, "price_off_tick", "The price is not a multiple of the instrument's tick.", 103, 99),
    Status(29, "reference_price_missing", "No last or reference price to protect or check the order with.", 103, 99),
    Status(30, "price_outside_collar",
        "The price is further from the reference price than the collar allows.", 103, 16),
    Status(31, "value_out_of_range", "The order's value does not fit.", 103, 3),
    Status(32, "value_below_minimum", "The order's value is under the class's minimum.", 103, 3),
    Status(33, "value_above_maximum", "The order's value is over the class's maximum.", 103, 3),
    Status(34, "limit_exceeded", "A limit of the firm, account, instrument or user would be exceeded.", 103, 3),
    Status(35, "funds_insufficient", "Not enough money is available.", 103, 3),
    Status(36, "stock_insufficient", "Not enough stock is available.", 103, 3),
    Status(37, "capacity_reached", "A table has reached its configured size.", 103, 0),
    # the desk: why a request waits
    Status(38, "value_needs_authorisation", "The order's value is over what the class may trade unasked."),
    Status(39, "instrument_needs_authorisation", "The instrument is marked: every order goes to the desk."),
    # further checks of terms
    Status(40, "display_qty_invalid", "display_qty is not a multiple of the lot from one lot to order_qty.", 103, 13),
    Status(41, "min_qty_invalid", "min_qty must be above zero, and no more than order_qty.", 103, 13),
    Status(42, "instrument_restricted", "The instrument is on the restricted list.", 103, 0),
    # more of the desk
    Status(43, "duplicate_by_content", "The same was asked for, and accepted, a moment ago."),
    Status(44, "crosses_own_order", "The order would meet a live order of the same account."),
    # how a request ended
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
    Status(57, "short_not_allowed", "The account or the instrument may not be sold short.", 103, 0),
    Status(58, "locate_missing", "A short sale has to say where its stock is borrowed.", 103, 99),
    Status(59, "replace_pending", "Another replace of the order is not answered yet.", 102, 3),
    # reports
    Status(60, "feed_unknown", "No such feed."),
    Status(61, "feed_sequence_repeated", "The feed's sequence was applied before."),
    Status(62, "feed_sequence_gap",
        "The feed's sequence jumped: new orders on its route are held until it is closed."),
    Status(63, "list_rejected",
        "Its list was refused or is not open, or the order that it names is held in one.", 103, 0),
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
    # what operators settle
    Status(90, "resolution_invalid", "That outcome does not fit what is to be resolved."),
    Status(91, "nothing_to_resolve", "Nothing of that name waits for a person."),
    Status(92, "move_id_taken", "The account that the order is to go to has a request of the same id.", 103, 6),
    Status(93, "move_owner_differs", "Orders move between accounts of one owner only.", 103, 0),
    Status(94, "resolved_by_operator", "An operator said what became of it."),
    # settlement, movements, feeds of banks and registries
    Status(115, "stage_taken", "Another user is sending the rows of a load or settlement batch."),
    Status(116, "settlement_item_unknown", "Nothing of this trade is open for the batch, or it is named twice."),
    Status(117, "settlement_item_exceeds", "More is to settle than is open of the trade, or nothing."),
    Status(118, "settlement_balance_differs",
        "The balance after the batch would not be the expected one: nothing moves."),
    Status(119, "settlement_late", "Failed, or settled in part: what is open is late."),
    Status(120, "withdrawal_unknown", "Nobody asked for a withdrawal with this reference."),
    Status(121, "withdrawal_ended", "The withdrawal was paid, or refused, before."),
    Status(122, "margin_insufficient", "The account has not that much margin to give."),
    Status(123, "reason_missing", "An adjustment needs a reason."),
    # corporate actions and names
    Status(130, "corporate_action_repeated", "A corporate action with this id was taken before: nothing changes."),
    Status(131, "corporate_action_conflict", "The id stands for another corporate action."),
    Status(132, "corporate_action_unknown", "No corporate action has this id."),
    Status(133, "corporate_action_touched",
        "The instrument has moved since, or the new symbol's old one is taken: no way back that restores it exactly."),
    Status(134, "name_taken", "Something else has this name."),
    Status(135, "withdrawn_by_corporate_action",
        "A corporate action of the instrument withdrew the request before it was sent.", 103, 0),
    Status(136, "order_to_be_restated", "A corporate action leaves the order as it is until the exchange restates it."),
    # control
    Status(140, "rate_exceeded", "More requests came within a second than the user may send.", 103, 3),
    Status(141, "withdrawn_by_kill", "A kill withdrew the request before it was sent.", 103, 0),
    Status(142, "trading_killed", "Killed: nothing trades, and every live order is being cancelled."),
    Status(143, "cancelled_on_disconnect", "Its user's session ended and did not come back in time.", 103, 0),
    # feeds
    Status(155, "unknown_at_exchange", "The exchange was asked, and does not have it: it never came there.", 103, 5),
    Status(156, "feed_deposed", "A newer owner has the feed: this one's word does not count."),
    # who leads
    Status(170, "epoch_passed", "Another process has led with this epoch, or a later one."),
    # the disk
    Status(175, "storage_low", "The disk has not the room for two more segments of the journal."),
    Status(176, "storage_full", "The disk has no room for the journal's next segment: nothing new is taken.", 103, 0),
    # facts that no record has room for
    Status(187, "id_too_long", "An id of the report has more than 255 bytes: parked whole."),
]
# fmt: on
