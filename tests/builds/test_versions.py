"""Which versions fit what a project asks for."""

import pytest

from builds.versions import fits, parsed, spans

FITTING = [
    ("22.1.0", ""),
    ("22.1.0", "22"),
    ("22.1.0", "v22.1.0"),
    ("22.1.0", "22.x"),
    ("22.1.0", "*"),
    ("22.1.0", ">=20 <23"),
    ("22.1.0", ">= 20.0.0"),
    ("22.1.0", "^20.1 || ^22.0"),
    ("22.1.0", "18 - 22"),
    ("22.1.0", "~22.1"),
    ("22.1.9", "~22.1.3"),
    ("3.11.7", ">=3.9,<4"),
    ("3.11.7", "~=3.9"),
    ("3.11.7", "3.11"),
    ("0.111.3", "^0.111.1"),
    ("0.0.3", "^0.0.3"),
    ("22.1.0", "<=22"),
]
UNFIT = [
    ("22.1.0", "20"),
    ("22.1.0", ">22"),
    ("22.1.0", "^20.1 || >=23"),
    ("22.2.0", "~22.1"),
    ("3.11.7", "~=3.9.2"),
    ("4.0", "~=3.9"),
    ("0.112.0", "^0.111.1"),
    ("0.0.4", "^0.0.3"),
    ("23.0.0", "18 - 22"),
    ("22.1.0", "a word"),
    ("22.1.0", "1" * 300),
]


@pytest.mark.parametrize(("version", "wanted"), FITTING)
def test_a_version_fits(version: str, wanted: str) -> None:
    assert fits(version, wanted)


@pytest.mark.parametrize(("version", "wanted"), UNFIT)
def test_a_version_does_not_fit(version: str, wanted: str) -> None:
    assert not fits(version, wanted)


def test_the_newest_span_comes_first_as_pip_writes_it() -> None:
    assert [span.specifier() for span in spans("^20.1 || 22.3.x || >=24")] == [">=24", ">=22.3,<22.4", ">=20.1,<21"]


@pytest.mark.parametrize(
    ("text", "numbers"), [("v22.1.0", (22, 1, 0)), ("0.111.3+extended", (0, 111, 3)), ("Python 3", None), ("", None)]
)
def test_a_version_is_read(text: str, numbers: tuple[int, ...] | None) -> None:
    assert parsed(text) == numbers
