"""Many peers in processes of their own, all at once."""

from contextlib import ExitStack

from oms.bus_config import SessionRole
from tests.bus.support import endpoint, process, running

COUNT = 100_000


def test_four_processes_lose_and_double_nothing(tmp_path):
    """Two pairs of peers, each record goes across to the other of the pair; each peer sees the other's, in order."""
    tmp_path.chmod(0o700)
    names = ["client-1", "client-2", "adapter-1", "adapter-2"]
    peers = [endpoint(tmp_path, name, number, role=SessionRole.client) for number, name in enumerate(names, 1)]
    with running(peers, routes=[2, 3, 0, 1], silence_ms=60_000) as oms, ExitStack() as stack:
        children = [stack.enter_context(process("peer.py", oms.url(name), name, "exchange", COUNT)) for name in names]
        for child in children:
            assert child.stdout.readline() == "open\n"
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            assert child.stdout.readline() == f"{COUNT} came back\n"
            assert child.wait(30) == 0
        for name in names:
            assert oms.count(name, "received_records") == COUNT
            assert oms.count(name, "sessions") == 1
