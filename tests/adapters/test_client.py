"""The client: pipelined, answered by tag, and every request decided once however often the line breaks."""

from decimal import Decimal

import pytest

from oms import records
from oms.bus_config import BusError
from oms.client import Client, Instrument
from oms.enums import LookupOf, RequestStatus, Status
from oms.errors import OmsError
from oms.schema import NULL_I64
from tests.adapters.stand_in import ENVIRONMENT, Server, wait_until

NUMBERS = {
    (LookupOf.account, "ACC-1"): {"number": 7},
    (LookupOf.account, "ACC-2"): {"number": 8},
    (LookupOf.instrument, "ABC"): {"number": 5, "price_exponent": 4, "quantity_exponent": 2},
}


class Desk(Server):
    """Decides on each (account, cl_ord_id) once, and forgets some answers on purpose."""

    def __init__(self, url):
        self.decided = {}
        self.seen = []
        self.silent = 0  # answers to swallow
        super().__init__(url)

    def took(self, raw):
        name, fields = records.decode(raw)
        if name == "Lookup":
            found = NUMBERS.get((fields["of"], fields["code"]), {})
            return [records.encode("Found", tag=fields["tag"], **found)]
        self.seen.append((name, fields))
        key = fields["account"], fields["cl_ord_id"]
        repeated = key in self.decided
        status = self.decided.setdefault(key, Status.ok if len(self.decided) % 5 else Status.funds_insufficient)
        if self.silent:
            self.silent -= 1
            return []
        answer = {"status": int(status), "request_status": 7 if status else 4, "repeated": repeated}
        return [records.encode("Answer", tag=fields["tag"], account=key[0], cl_ord_id=key[1], **answer)]


@pytest.fixture
def url(tmp_path_factory):
    return f"ipc://{tmp_path_factory.mktemp('run')}/desk"


def client(url, **settings):
    return Client(url, name="desk", environment=ENVIRONMENT, **settings)


def test_an_order_in_a_traders_words(url):
    with Desk(url) as desk, client(url) as trader:
        tag = trader.submit("ACC-1", "C1", "ABC", "buy", "1.5", Decimal("10.25"), time_in_force="gtd",
                            expire_date="2026-11-30")  # fmt: skip
        [answer] = trader.drain()
        assert (answer.tag, answer.cl_ord_id, answer.account) == (tag, "C1", 7)
        assert (answer.status, answer.request_status) == (Status.funds_insufficient, RequestStatus.rejected)
        [(name, fields)] = desk.seen
        assert name == "NewOrderSingle"
        wanted = {
            "account": 7,
            "instrument": 5,
            "order_qty": 150,
            "price": 102500,
            "stop_px": NULL_I64,
            "side": ord("1"),
            "ord_type": ord("2"),
            "time_in_force": ord("6"),
            "expire_date": 20787,
            "cl_ord_id": "C1",
        }
        assert {key: fields[key] for key in wanted} == wanted


def test_a_short_sale_says_where_its_stock_is(url):
    with Desk(url) as desk, client(url) as trader:
        trader.submit("ACC-1", "S1", "ABC", "sell_short", "1.5", "10.25", locate="LENDER-17")
        trader.drain()
        [(_, fields)] = desk.seen
        assert (fields["side"], fields["cl_ord_id"], fields["locate"]) == (ord("5"), "S1", "LENDER-17")


def test_replace_and_cancel(url):
    with Desk(url) as desk, client(url) as trader:
        trader.replace("ACC-1", "C2", "C1", "ABC", order_qty=2, ord_type="market")
        trader.cancel("ACC-2", "C3", "C2")
        assert [answer.cl_ord_id for answer in trader.drain()] == ["C2", "C3"]
        (first, replace), (second, cancel) = desk.seen
        assert (first, second) == ("OrderCancelReplaceRequest", "OrderCancelRequest")
        assert (replace["order_qty"], replace["price"], replace["ord_type"]) == (200, NULL_I64, ord("1"))
        assert (replace["time_in_force"], replace["expire_date"], replace["orig_cl_ord_id"]) == (0, 0, "C1")
        assert (cancel["account"], cancel["cl_ord_id"], cancel["orig_cl_ord_id"]) == (8, "C3", "C2")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"account": "NONE"}, "no account 'NONE'"),
        ({"instrument": "NONE"}, "no instrument 'NONE'"),
        ({"side": "steal"}, "no Side is called 'steal'"),
        ({"order_qty": 1.5}, "float"),
        ({"price": "1.00001"}, "more than 4 decimals"),
        ({"cl_ord_id": "C" * 256}, "cannot be encoded"),
        ({"account": -1}, "cannot be encoded"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_sent(url, fields, said):
    order = {"account": "ACC-1", "cl_ord_id": "C1", "instrument": "ABC", "side": "buy", "order_qty": 1, "price": 1}
    with Desk(url) as desk, client(url) as trader:
        with pytest.raises(OmsError, match=said):
            trader.submit(**order | fields)
        assert trader.drain() == []
        assert desk.seen == []


def test_the_window_bounds_what_is_unanswered(url):
    what = Instrument(5, 4, 2)
    with Desk(url) as desk, client(url, window=10) as trader:
        for number in range(100):
            trader.submit(7, f"C{number}", what, "buy", 1, 1)
            assert trader.unanswered <= 10
        assert [answer.cl_ord_id for answer in trader.drain()] == [f"C{number}" for number in range(100)]
        assert len(desk.seen) == 100


def test_no_answer_is_lost_or_doubled_across_drops(url):
    what = Instrument(5, 4, 2)
    with Desk(url) as desk, client(url, heartbeat_ms=50) as trader:
        answers = []
        for start in range(0, 300, 50):
            desk.silent = 25
            for number in range(start, start + 50):
                trader.submit(7, f"C{number}", what, "buy", 1, 1)
            wait_until(lambda: answers.extend(trader.poll(0.01)) or len(desk.decided) == start + 50)  # noqa: B023
            desk.drop()
            answers += trader.drain()
        assert sorted(answer.tag for answer in answers) == list(range(1, 301))
        assert sum(answer.repeated for answer in answers) == 150
        assert {answer.cl_ord_id: answer.status for answer in answers} == {
            cl_ord_id: status for (_, cl_ord_id), status in desk.decided.items()
        }


def test_news_that_come_later_have_no_tag(url):
    with Desk(url) as desk, client(url) as trader:
        desk.send([records.encode("Answer", account=7, cl_ord_id="C1", status=int(Status.rejected_by_desk))])
        [news] = trader.poll(10)
        assert (news.tag, news.cl_ord_id, news.status) == (0, "C1", Status.rejected_by_desk)


def test_lookups_are_many_at_once_and_asked_once(url):
    with Desk(url), client(url) as trader:
        trader.learn(accounts=["ACC-1", "ACC-2"], instruments=["ABC"])
        assert (trader.account("ACC-2"), trader.instrument("ABC")) == (8, Instrument(5, 4, 2))


def test_nobody_there(url):
    with pytest.raises(BusError, match="no session"):
        client(url, timeout_s=0.2).open()


def test_requests_that_nobody_answers(url):
    with Desk(url) as desk, client(url) as trader:
        desk.silent = 1
        trader.submit(7, "C1", Instrument(5, 4, 2), "buy", 1, 1)
        with pytest.raises(OmsError, match="1 requests are not answered"):
            trader.drain(timeout_s=0.3)
