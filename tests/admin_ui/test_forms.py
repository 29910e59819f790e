"""What forms and addresses bring, read with care."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_ui.forms import local_path, page_number


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "evil",
        "",
        "/a\r\nb",
        "/\t/evil",
    ],
)
def test_only_a_local_path_is_gone_to(given: str) -> None:
    assert local_path(given) == "/"


@given(st.text())
def test_whatever_is_given_the_way_stays_here(given: str) -> None:
    path = local_path(given)

    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable()


@pytest.mark.parametrize(
    ("given", "page"),
    [("", 1), ("3", 3), ("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("9" * 30, 1), ("999999999", 1_000_000)],
)
def test_a_page_number_that_is_none_is_the_first(given: str, page: int) -> None:
    assert page_number({"page": given}) == page
