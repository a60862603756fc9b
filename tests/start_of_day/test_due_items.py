"""Our figure at the end of a date is what the core has after it settled what is due by then, whatever its ladder."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from oms.start_of_day.book import Book
from oms.start_of_day.compare import CASH, HOLDINGS, our_figures
from oms.start_of_day.figures import days
from tests.start_of_day.delivery import new_engine

FIRST = date(2026, 11, 23)

trades = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2"]),
        st.sampled_from(["BHP", "TM"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 50),
        st.integers(0, 9),
    ),
    max_size=25,
)


def traded(rows):
    """An engine with one trade a row, settling so many days after the first."""
    engine = new_engine()
    for code in ("A1", "A2"):
        engine.define_account(code, account_class="retail", currency="AUD")
        engine.deposit(code, "AUD", "100000", f"D{code}")
        engine.deposit(code, "JPY", "9000000", f"Y{code}")
    engine.define_instrument("BHP", exchange="XASX", currency="AUD", price_exponent=2, reference_price="45.5")
    engine.define_instrument("TM", exchange="XTKS", currency="JPY", price_exponent=0, reference_price="3000")
    engine.business_date(FIRST)
    for code in ("A1", "A2"):
        engine.adjust(code, "BHP", 5000, f"B{code}", "taken on")
        engine.adjust(code, "TM", 5000, f"T{code}", "taken on")
    for mic in ("XASX", "XTKS"):
        engine.session(mic, "open")
        engine.open_feed(mic)
    for number, (account, instrument, side, quantity, ahead) in enumerate(rows):
        name, price = f"C{number}", "45.5" if instrument == "BHP" else "3000"
        assert engine.submit(account, name, instrument, side, quantity, price).ok
        engine.report("new", account=account, cl_ord_id=name)
        fill = {"exec_id": f"E{number}", "last_qty": quantity, "last_px": price, "ord_status": "filled"}
        settle_date = FIRST + timedelta(days=ahead)
        assert engine.report("trade", account=account, cl_ord_id=name, settle_date=settle_date, **fill).ok
    return engine


def figures(engine, as_of, settles):
    book = Book(engine.arrays())
    found = [our_figures(kind, book, days(as_of), settles) for kind in (CASH, HOLDINGS)]
    return [(ours.keys.tolist(), ours.figures.tolist()) for ours in found]


@settings(max_examples=25)
@given(trades, st.integers(0, 10), st.integers(0, 10))
def test_it_is_what_the_core_comes_to(rows, first, second):
    engine = traded(rows)
    for number, ahead in enumerate(sorted((first, second))):
        as_of = FIRST + timedelta(days=ahead)
        expected = figures(engine, as_of, settles=True)
        assert engine.settle(f"S{number}", as_of).ok
        assert figures(engine, as_of, settles=False) == expected
        assert figures(engine, as_of, settles=True) == expected, "nothing is left to settle"
