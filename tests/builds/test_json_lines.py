"""Lines between processes of ours hold whatever a name can hold, and say when they cannot be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.units import Size, Span
from builds import json_lines

# Also halves of surrogate pairs, second ones only: JSON makes one letter of two that follow each other.
characters = st.characters(codec="utf-8") | st.sampled_from("\udc80\udcff")
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
    plan = {"unpacked_size": Size(7), "build_timeout": Span(1.5)}

    assert json_lines.load(json_lines.dump(plan)) == {"unpacked_size": 7, "build_timeout": 1.5}


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        json_lines.dump({"limits": object()})


@pytest.mark.parametrize("line", [b"", b"{", b'{"made": [\n', b"\xff\n", b"[1] [2]\n"])
def test_what_cannot_be_read_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_lines.load(line)
