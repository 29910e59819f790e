"""Lines between processes of ours hold whatever a name can hold, and say when they cannot be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds import json_lines

characters = st.characters()  # also halves of surrogate pairs
names = st.text(characters, max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_a_value_arrives_as_it_was_sent(value: Any) -> None:
    line = json_lines.dump(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json_lines.load(line) == value == json.loads(line)


def test_half_of_a_surrogate_pair_arrives_too() -> None:
    assert json_lines.load(json_lines.dump({"path": "a\udc80.html"})) == {"path": "a\udc80.html"}


def test_numbers_of_a_kind_of_their_own_arrive_as_numbers() -> None:
    class Size(int):
        pass

    assert json_lines.load(json_lines.dump({"limits": {"unpacked_size": Size(7)}})) == {"limits": {"unpacked_size": 7}}


@pytest.mark.parametrize("line", [b"", b"{", b'{"made": [\n', b"\xff\n", b"[1] [2]\n"])
def test_what_cannot_be_read_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_lines.load(line)
