"""The checks of an envelope against a plain reading of the protocol, on envelopes that were tampered with anywhere."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from oms import records, schema
from oms._core.bus_echo import check_envelope
from tests.bus.support import ENVELOPE, envelope

NAMES = frozenset({"Tick", "Settle", "NewOrderSingle", "ExecutionReport"})
SESSION = {"SessionOpen", "SessionClosed", "Heartbeat"}
ALLOWED = {records.BY_NAME[name].template_id for name in NAMES | SESSION}


def sound(message: bytes) -> bool:
    """What docs/reference/bus-protocol.md says of an envelope, word by word."""
    if not 64 <= len(message) <= 65536:
        return False
    magic, block, template, schema_id, version, flags, _, _, _, count, size, reserved = ENVELOPE.unpack_from(message)
    head = (magic, block, template, schema_id, version, flags, reserved)
    if head != (0x42534D4F, 52, 6, schema.SCHEMA_ID, schema.SCHEMA_VERSION, 0, bytes(16)):
        return False
    if size != len(message) - 64 or count == 0:
        return False
    try:
        found = records.split(message[64:])
    except records.RecordError:
        return False
    alone = all(record[24] >= 10 or record[25] for record in found) or len(found) == 1
    return len(found) == count and alone and all(sound_record(record) for record in found)


def sound_record(raw: bytes) -> bool:
    template_id, version = struct.unpack_from("<HH", raw, 24)
    if len(raw) > schema.MAX_RECORD_LENGTH or version != schema.SCHEMA_VERSION or template_id not in ALLOWED:
        return False
    record = records.BY_TEMPLATE[template_id]
    placed, end = records.layout(records.record_fields(record), schema.FRAME_SIZE)
    if len(raw) < end:
        return False
    offsets = {name: offset for name, offset, *_ in placed}
    texts = sum(raw[offsets[f"{text.name}_length"]] for text in record.texts)
    return len(raw) == (end + texts + 7) // 8 * 8


texts = st.text(max_size=60)
batches = st.lists(
    st.one_of(
        st.builds(lambda: records.encode("Tick")),
        st.builds(lambda text: records.encode("Settle", batch_id=text), texts),
        st.builds(lambda text: records.encode("NewOrderSingle", cl_ord_id=text), texts),
        st.builds(
            lambda one, two: records.encode("ExecutionReport", exec_id=one, text=two),
            texts,
            texts,
        ),
    ),
    min_size=1,
    max_size=20,
)
# bytes that matter: small, all ones, lengths near the truth
changes = st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from([0, 1, 7, 8, 40, 64, 127, 255])), max_size=3)


@given(batches)
def test_a_sound_envelope_is_taken(batch):
    message = envelope(b"".join(batch), number=1, epoch=1, count=len(batch))
    assert sound(message)
    assert check_envelope(message, NAMES) == 0


@settings(max_examples=1000)
@given(batches, changes, st.integers(-9, 9))
def test_a_tampered_one_is_taken_only_if_it_is_sound(batch, tampering, cut):
    message = bytearray(envelope(b"".join(batch), number=1, epoch=1, count=len(batch)))
    for place, value in tampering:
        message[place % len(message)] = value
    message = bytes(message[:cut] if cut < 0 else message + bytes(cut))
    assert (check_envelope(message, NAMES) == 0) == sound(message)


@given(st.binary(max_size=300))
def test_noise_is_refused(message):
    assert check_envelope(message, NAMES) != 0
