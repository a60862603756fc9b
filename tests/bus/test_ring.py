"""The ring and its doorbell between two threads that wait for one another."""

import threading

import pytest

from oms._core.bus_echo import RingPair


@pytest.mark.parametrize(("size", "longest"), [(64, 25), (4096, 2000), (1 << 20, 5000)])
def test_entries_of_every_length_cross_whole_and_in_order(size, longest):
    pair = RingPair(size)
    full = []
    producer = threading.Thread(target=lambda: full.append(pair.produce(20_000, longest)))
    producer.start()
    assert pair.consume(20_000, longest) == 0
    producer.join()
    if size < 1 << 20:
        assert full[0] > 0  # the producer had to wait, and was woken
