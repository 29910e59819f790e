"""Words looked for together are found as if each were looked for by itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds import facts
from builds.minify import html
from builds.signs import Signs

USED = [html._SIGNS, facts._SIGNS]


@pytest.mark.parametrize("signs", USED)
@given(st.data())
def test_each_word_is_found_wherever_it_is(signs: Signs, data: st.DataObject) -> None:
    parts = st.sampled_from([*signs.words, *(word[:-1] for word in signs.words), b"<", b"s", b"-", b" "])
    text = b"".join(data.draw(st.lists(parts, max_size=20)))

    places = {word: [found.start() for found in re.finditer(re.escape(word), text)] for word in signs.words}

    assert signs.places(text) == {word: at for word, at in places.items() if at}


@pytest.mark.parametrize("signs", USED)
def test_no_word_hides_another(signs: Signs) -> None:
    hidden = [
        (one, other)
        for one in signs.words
        for other in signs.words
        for length in range(1, len(one) + (one != other))
        if other.startswith(one[-length:])
    ]

    assert hidden == []
