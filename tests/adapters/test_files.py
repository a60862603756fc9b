"""The simulator reads the start-of-day files that the OMS reads, and names the row that it cannot use."""

import pytest

from oms.adapters.book import Listing
from oms.adapters.files import load_listings, load_open_orders
from oms.errors import OmsError

INSTRUMENTS = """#kind=instruments,as_of=2026-11-20,source=CRM,rows=3
symbol,exchange,currency,price_exponent,quantity_exponent,tick,lot,reference_price,status
ABC,XTST,AUD,3,2,0.005,0.5,12.5,halted
DEF,XTST,AUD,,,,,,
ABC,XOTH,AUD,4,0,0.01,1,3,tradable
"""
ORDERS = """#kind=open_orders,as_of=2026-11-20,source=XTST,rows=3,total=3,complete=yes
order_id,request,account,instrument,side,order_qty,cum_qty,price,time_in_force,expire_date
O1,77,A1,ABC.XTST,sell,2.5,1,12.345,gtd,2026-12-01
O2,,A2,DEF,buy,7,,1.0001,,
O3,,A3,GHI,buy,7,,1.0001,,
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "file.csv"
        path.write_text(text)
        return path

    return write


def test_listings_of_one_exchange(written):
    assert load_listings(written(INSTRUMENTS), "XTST") == {
        "ABC": Listing("ABC", 3, 2, tick=5, lot=50, reference_price=12500, halted=True),
        "DEF": Listing("DEF", 4, 0, tick=1, lot=1),
    }


def test_open_orders_of_listed_instruments(written):
    listings = load_listings(written(INSTRUMENTS), "XTST")
    first, second = load_open_orders(written(ORDERS), "XTST", listings)
    assert first == {
        "symbol": "ABC",
        "order_id": "O1",
        "request": 77,
        "side": ord("2"),
        "order_qty": 250,
        "cum_qty": 100,
        "price": 12345,
        "time_in_force": ord("6"),
        "expire_date": 20788,
    }
    assert (second["order_qty"], second["price"], second["time_in_force"]) == (7, 10001, ord("1"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INSTRUMENTS.replace("0.005", "0.0005"), "row 1"),
        (INSTRUMENTS.replace(",3,2,", ",three,2,"), "row 1"),
        (INSTRUMENTS.replace("symbol,", "name,"), "no column symbol"),
        (INSTRUMENTS.replace("XTST", "XELS"), "no instrument is listed at XTST"),
    ],
)
def test_a_listing_that_cannot_be_used(written, text, said):
    with pytest.raises(OmsError, match=said):
        load_listings(written(text), "XTST")


@pytest.mark.parametrize("old_new", [("sell", "short"), ("12.345", "12.3456"), ("2026-12-01", "soon"), ("gtd", "ever")])
def test_an_open_order_that_cannot_be_used(written, old_new):
    listings = load_listings(written(INSTRUMENTS), "XTST")
    with pytest.raises(OmsError, match="row 1"):
        load_open_orders(written(ORDERS.replace(*old_new)), "XTST", listings)
