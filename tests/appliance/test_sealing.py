"""What is kept encrypted: readable again for its own purpose, and for nothing else."""

import pytest

from appliance.access import Keys
from appliance.sealing import Sealer, Unreadable
from tests.conftest import SECRET

TOKEN = "a token for somebody else's server"


def sealer(secret: str = SECRET) -> Sealer:
    return Sealer(Keys.derive(secret).sealing)


@pytest.mark.parametrize("text", [TOKEN, "", "ü\0\n", "x" * 100_000])
def test_what_was_sealed_is_read_again(text: str) -> None:
    assert sealer().open(sealer().seal(text, "git token of blog"), "git token of blog") == text


def test_a_sealed_text_shows_nothing_of_it_and_is_never_the_same() -> None:
    first, second = sealer().seal(TOKEN, "p"), sealer().seal(TOKEN, "p")

    assert first != second
    assert TOKEN not in first


def test_a_sealed_text_cannot_be_moved_to_another_purpose() -> None:
    with pytest.raises(Unreadable):
        sealer().open(sealer().seal(TOKEN, "git token of blog"), "git token of shop")


def test_another_key_reads_nothing() -> None:
    with pytest.raises(Unreadable):
        sealer("another key, also of more than thirty-two characters").open(sealer().seal(TOKEN, "p"), "p")


@pytest.mark.parametrize("altered", ["", "v1:", "v1:AAAA", "v1:!", "no such thing"])
def test_what_was_altered_is_refused(altered: str) -> None:
    with pytest.raises(Unreadable):
        sealer().open(altered, "p")


def test_one_flipped_bit_is_refused() -> None:
    sealed = sealer().seal(TOKEN, "p")
    flipped = sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]

    with pytest.raises(Unreadable):
        sealer().open(flipped, "p")
