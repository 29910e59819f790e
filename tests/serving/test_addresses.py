import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving.addresses import Address, BadTarget, read_path, safe_location, write_path
from tests.probes import LEAVING, PATHS


@pytest.mark.parametrize(("raw", "expected"), PATHS, ids=lambda value: repr(value)[:40])
def test_every_spelling_is_read_as_the_probes_say(raw: bytes, expected: tuple[str, bool] | None) -> None:
    if expected is None:
        with pytest.raises(BadTarget):
            read_path(raw)
    else:
        assert read_path(raw) == Address(*expected)


@pytest.mark.parametrize("location", LEAVING, ids=repr)
def test_a_location_never_leaves_the_site(location: str) -> None:
    assert safe_location(location) == "/evil.example" + ("/" if location.endswith("/") else "")


SEGMENT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1)


@given(st.lists(SEGMENT.filter(lambda s: s not in {".", ".."}), min_size=1), st.booleans())
def test_the_canonical_spelling_is_read_back_as_the_same_address(segments: list[str], slash: bool) -> None:
    address = read_path(("/" + "/".join(segments)).replace("%", "%25").encode() + b"/" * slash)

    assert read_path(write_path(address).encode("ascii")) == address


@given(st.binary())
def test_any_bytes_are_read_or_refused_and_never_climb(raw: bytes) -> None:
    try:
        address = read_path(b"/" + raw)
    except BadTarget:
        return

    assert ".." not in address.key.split("/")
    assert not address.key.startswith("/")
    assert not address.key.endswith("/")
    assert "//" not in address.key


@given(st.lists(SEGMENT.filter(lambda s: s not in {".", ".."}), min_size=1))
def test_percent_encoding_everything_asks_for_the_same(segments: list[str]) -> None:
    plain = ("/" + "/".join(segments)).replace("%", "%25").encode()
    escaped = b"/".join(b"".join(b"%%%02X" % byte for byte in s.encode()) for s in segments)

    assert read_path(b"/" + escaped) == read_path(plain)
