"""What must hold of the engine's own tables after every record, worked out from the rows alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

BUST = 2
REQUESTED = 1
RESTATED = 64  # order.flags
DEAD = 1  # order.closed: can trade no more


def live(rows: Any) -> Any:
    """All but row 0, which stands for "none"."""
    return rows[1:]


def totals(keys: Any, figures: Any) -> Counter[int]:
    total: Counter[int] = Counter()
    for key, figure in zip(keys.tolist(), figures.tolist(), strict=True):
        total[key] += figure
    return total


def check(arrays: dict[str, Any]) -> None:
    reservations_are_those_of_the_orders(arrays)
    ladders_add_up(arrays)
    every_execution_counts_once(arrays)
    postings_balance(arrays)


def reservations_are_those_of_the_orders(arrays: dict[str, Any]) -> None:
    orders = live(arrays["order"])
    for table, held in (("cash", "reserved"), ("holding", "reserved_qty")):
        expected = totals(orders[table], orders[held])
        if table == "cash":
            expected += waiting_withdrawals(arrays)
        for slot, row in enumerate(arrays[table]):
            assert slot == 0 or row["reserved"] == expected[slot], f"{table} {slot}: reserved is not that of its orders"
    assert (orders["reserved"] >= 0).all()
    assert (orders["reserved_qty"] >= 0).all()


def waiting_withdrawals(arrays: dict[str, Any]) -> Counter[int]:
    """What clients asked for and the bank has not answered, by cash row."""
    rows = {(row["account"], row["currency"]): slot for slot, row in enumerate(arrays["cash"]) if slot}
    held: Counter[int] = Counter()
    for row in live(arrays["withdrawal"]):
        if row["status"] == REQUESTED:
            held[rows[row["account"], row["currency"]]] += int(row["amount"])
    return held


def ladders_add_up(arrays: dict[str, Any]) -> None:
    further = arrays["ladder"]
    for table, owed, due in (("cash", "payable", "receivable"), ("holding", "outgoing", "incoming")):
        for row in live(arrays[table]):
            sums = [int(row[f"ladder_{side}"].sum()) for side in (owed, due)]
            dates = [int(day) for day in row["ladder_date"] if day]
            slot = row["ladder"]
            while slot:
                entry = further[slot]
                sums = [sums[0] + int(entry["owed"]), sums[1] + int(entry["due"])]
                if entry["owed"] or entry["due"]:
                    dates.append(int(entry["date"]))
                assert entry["owed"] >= 0, "a ladder item owes less than nothing"
                assert entry["due"] >= 0, "a ladder item is due less than nothing"
                slot = entry["next"]
            assert sums == [row[owed], row[due]], f"{table}: the ladder's items are not its sums"
            assert len(dates) == len(set(dates)), f"{table}: a date stands twice in the ladder"
            assert (row[f"ladder_{owed}"] >= 0).all()
            assert (row[f"ladder_{due}"] >= 0).all()


def every_execution_counts_once(arrays: dict[str, Any]) -> None:
    trades = live(arrays["execution"])
    counted = trades[(trades["superseded_by"] == 0) & (trades["kind"] != BUST)]
    quantity, value = totals(counted["order"], counted["last_qty"]), totals(counted["order"], counted["value"])
    fees = totals(counted["order"], counted["fee"])
    for slot, order in enumerate(arrays["order"]):
        if slot == 0 or order["request"] == 0:
            continue
        if not order["flags"] & RESTATED:  # after a split the exchange counts in other units; the oracle compares them
            assert order["cum_qty"] == quantity[slot], f"order {slot}: cum_qty is not its executions'"
        assert order["cum_value"] == value[slot], f"order {slot}: cum_value is not its executions'"
        assert order["fee_charged"] == fees[slot], f"order {slot}: fee_charged is not its executions'"
        assert order["closed"] or order["cum_qty"] < order["order_qty"], f"order {slot} is live without leaves"


def postings_balance(arrays: dict[str, Any]) -> None:
    """Per currency, and per instrument: accounts, the market's side, fees and the outside add up to nothing."""
    cash, holdings = live(arrays["cash"]), live(arrays["holding"])
    money = totals(cash["currency"], cash["booked"] + cash["receivable"] - cash["payable"])
    for slot, row in enumerate(arrays["currency"]):
        assert slot == 0 or money[slot] + row["market"] + row["fees"] + row["external"] == 0, f"currency {slot}"
    stock = totals(holdings["instrument"], holdings["settled"] + holdings["incoming"] - holdings["outgoing"])
    for slot, row in enumerate(arrays["instrument"]):
        assert slot == 0 or stock[slot] + row["market"] + row["external"] == 0, f"instrument {slot}"
