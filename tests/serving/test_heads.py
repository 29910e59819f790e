"""Request heads, read one by one."""

import pytest

from appliance.serving import heads as heads_module
from appliance.serving.heads import HeadReader


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"GET /x HTTP/1.1", b"Host: h", *lines]) + b"\r\n\r\n"


@pytest.mark.parametrize("name", [b"If-None-Match", b"if-none-match", b"IF-NONE-MATCH"])
def test_names_are_read_in_any_spelling_and_repeated_ones_joined(name: bytes) -> None:
    reader = HeadReader()

    for _ in range(2):
        assert reader.read(head(name + b': "a"', b"X-Other: x", name.upper() + b': "b"'))
        assert reader.headers == {b"if-none-match": b'"a", "b"'}


def test_spellings_of_names_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads_module, "_SPELLINGS", 4)
    reader = HeadReader()

    for number in range(20):
        assert reader.read(head(b"X-%d: x" % number, b"Range: bytes=0-1"))
        assert reader.headers == {b"range": b"bytes=0-1"}

    assert len(reader._spellings) <= 4
