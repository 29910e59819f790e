"""Header blocks, and the frames they are sent in."""

import pytest
from hpack import Decoder as PlainDecoder
from hpack import HPACKDecodingError
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jh2._hazmat import Decoder

from appliance.serving.h2 import hpack
from appliance.serving.h2.frames import ConnectionFault, header_frames
from tests.serving.h2_wire import END_HEADERS, END_STREAM, GET, HEADERS, block, frame, number


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"\x82", b"\x04\x01/", b"\x7f\x80", b"\x20", b"\xff"])).map(b"".join)
)
def test_a_block_is_decoded_as_another_decoder_does_or_refused(sent: bytes) -> None:
    mine, theirs = Decoder(65_536), PlainDecoder()
    theirs.max_allowed_table_size = 4_096
    try:
        fields = [(name, value) for name, value, _ in hpack.decode(mine, sent)]
    except ConnectionFault:
        return

    try:
        expected = theirs.decode(sent, raw=True)
    except HPACKDecodingError:
        event("only the other refuses it")  # jh2 lets the padding of Huffman codes pass (RFC 7541, 5.2)
    else:
        assert fields == expected


@pytest.mark.parametrize("length", range(0, 20_000, 1_999))
def test_lengths_of_every_size_are_seen_to_end(length: int) -> None:
    sent = block([*GET, (b"x", b"y" * length)])

    assert hpack.is_whole(sent)
    assert not hpack.is_whole(sent[:-1])


def test_a_long_header_block_is_continued() -> None:
    sent = bytes(range(256)) * 160

    frames = header_frames(5, sent, END_STREAM)

    assert [frames[at + 3 : at + 9] for at in (0, 16_393, 32_786)] == [
        bytes((HEADERS, END_STREAM)) + number(5),
        bytes((9, 0)) + number(5),
        bytes((9, END_HEADERS)) + number(5),
    ]
    assert frames[9:16_393] + frames[16_402:32_786] + frames[32_795:] == sent
    assert header_frames(5, b"x", 0) == frame(HEADERS, END_HEADERS, 5, b"x")
