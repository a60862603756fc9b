"""Addresses, directories, certificates and settings: what is refused, and what the error says."""

import re
import socket
from pathlib import Path

import pytest

from oms import records
from oms.bus_config import (
    BusConfig,
    BusError,
    SessionReason,
    SessionRole,
    check_socket_path,
    listen_address,
    run_directory,
    tls_connecting,
    tls_listening,
)
from tests.bus.support import endpoint, exchange, running

CERTIFICATES = Path(__file__).with_name("certificates")
AUTHORITY = CERTIFICATES / "authority.pem"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:80", "unknown transport 'http'"),
        ("nothing", "unknown transport"),
        ("tcp://127.0.0.1", "no port"),
        ("tcp://0.0.0.0:5000", "reached from other hosts"),
        ("tcp://10.1.2.3:5000", "reached from other hosts"),
        ("tcp://exchange.example:5000", "reached from other hosts"),
        ("tls+tcp://0.0.0.0:5000", "set allow_remote"),
        ("ipc://relative/path", "absolute path"),
        ("ipc:///" + "x" * 107, "has 108 bytes: 107 at most"),
    ],
)
def test_an_address_that_may_not_be_listened_on(url, text):
    with pytest.raises(BusError) as raised:
        listen_address(url)
    assert text in str(raised.value)
    assert url in str(raised.value)


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:5000", "tcp://[::1]:5000", "tcp://localhost:5000"])
def test_an_address_that_may(url):
    assert listen_address(url) == url


def test_other_hosts_need_leave_and_certificates():
    assert listen_address("tls+tcp://0.0.0.0:5000", allow_remote=True)
    with pytest.raises(BusError, match=r"use tls\+tcp"):
        listen_address("tcp://0.0.0.0:5000", allow_remote=True)


def test_a_socket_path_of_the_longest_length(tmp_path):
    check_socket_path("ipc:///" + "x" * 106)
    with pytest.raises(BusError, match="use a shorter run directory"):
        check_socket_path("ipc:///" + "é" * 54)  # bytes count, not letters


def test_the_run_directory_is_this_users_alone(tmp_path):
    made = run_directory(tmp_path / "run")
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o750)
    with pytest.raises(BusError, match="chmod 700"):
        listen_address(f"ipc://{made}/peer")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"name": ""}, "no name"),
        ({"name": "x" * 128}, "longer than 127 bytes"),
        ({"credential": "x" * 256}, "longer than 255 bytes"),
        ({"records": frozenset({"NewOrderSingel"})}, "no such record: NewOrderSingel"),
        ({"inbound_bytes": 100_000}, "use a power of two"),
        ({"outbound_bytes": 1 << 16}, "use a power of two"),
        ({"url": "tls+tcp://127.0.0.1:5000"}, "needs certificates"),
    ],
)
def test_an_endpoint_that_cannot_be(tmp_path, settings, text):
    with pytest.raises(BusError, match=text):
        endpoint(tmp_path, **({"name": "peer", "source": 1} | settings))


def test_two_endpoints_with_the_same_name_or_number(tmp_path):
    with pytest.raises(BusError, match="the name a"):
        BusConfig("test", (endpoint(tmp_path, "a", 1), endpoint(tmp_path, "a", 2, url="tcp://127.0.0.1:1")))
    with pytest.raises(BusError, match="the source 1"):
        BusConfig("test", (endpoint(tmp_path, "a", 1), endpoint(tmp_path, "b", 1)))


def test_an_address_in_use_says_whose_and_leaves_nothing_open(tmp_path):
    tmp_path.chmod(0o700)
    taken = f"tcp://127.0.0.1:{free_port()}"
    with running([endpoint(tmp_path, "first", 1, url=taken)]):
        second = running([endpoint(tmp_path, "other", 1), endpoint(tmp_path, "second", 2, url=taken)])
        with pytest.raises(BusError, match="cannot listen") as raised, second:
            pass
        assert f"endpoint 'second' at {taken}" in str(raised.value)
        assert not (tmp_path / "other").exists()


def test_every_record_of_the_catalogue_has_its_limits(tmp_path):
    """The longest and the shortest of each gets through whole."""
    tmp_path.chmod(0o700)
    peers = sorted(name for name, record in records.BY_NAME.items() if record.template_id >= 10)
    with (
        running([endpoint(tmp_path, "peer", 3, records=frozenset(peers))]) as oms,
        oms.connection("peer") as peer,
    ):
        peer.open()
        for name in peers:
            texts = {text.name: "x" * 255 for text in records.BY_NAME[name].texts}
            sent = [records.encode(name, sequence=1), records.encode(name, sequence=2, **texts)]
            peer.send(sent)
            back = []
            while len(back) < 2:
                back += peer.receive(10.0)
            assert [records.decode(record) for record in back] == [
                (kind, fields | {"source": 3}) for kind, fields in map(records.decode, sent)
            ]


def test_the_reasons_are_the_same_in_the_core_the_shell_and_the_page():
    root = Path(__file__).parents[2]
    header = (root / "oms/_core/bus_envelope.h").read_text()
    page = (root / "docs/reference/bus-protocol.md").read_text()
    shell = [(reason.name, reason.value) for reason in SessionReason]
    core = [(name, int(value)) for name, value in re.findall(r"SessionReason_(\w+) = (\d+),", header)]
    told = [(name, int(value)) for value, name in re.findall(r"^\| (\d+) \| `(\w+)` \| ", page, re.MULTILINE)]
    assert core == shell
    assert [entry for entry in told if entry in shell] == shell[1:]


def test_tcp(tmp_path):
    with (
        running([endpoint(tmp_path, "peer", 1, url=f"tcp://127.0.0.1:{free_port()}")]) as oms,
        oms.connection("peer") as peer,
    ):
        peer.open()
        exchange(peer, 1, 1000)


def test_certificates_of_both_sides(tmp_path):
    url = f"tls+tcp://localhost:{free_port()}"
    settings = {"url": url, "tls": tls_listening(CERTIFICATES / "oms.pem", AUTHORITY), "role": SessionRole.client}
    with running([endpoint(tmp_path, "peer", 1, **settings)]) as oms:
        for server_name, certificate in (("localhost", "impostor.pem"), ("other", "peer.pem")):
            peer = oms.connection("peer", tls=tls_connecting(server_name, CERTIFICATES / certificate, AUTHORITY))
            with peer, pytest.raises(BusError, match="no session"):
                peer.open(timeout_s=0.5)
        assert oms.count("peer", "sessions") == 0
        with oms.connection("peer", tls=tls_connecting("localhost", CERTIFICATES / "peer.pem", AUTHORITY)) as peer:
            peer.open()
            exchange(peer, 1, 1000)


def test_certificates_that_are_not_there():
    with pytest.raises(BusError, match="no such certificate file"):
        tls_listening(CERTIFICATES / "none.pem", AUTHORITY)
    with pytest.raises(BusError, match="cannot be used"):
        tls_listening(AUTHORITY, AUTHORITY)  # it has no key
