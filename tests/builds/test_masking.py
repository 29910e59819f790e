"""Declared secrets do not get into a log, however they are spelled and wherever a line ends in them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds.masking import HIDDEN, RECOGNISED, SHORTEST, Masker, masked
from builds.order import Order

SECRET = "s3cr3t/va+lue with €uro"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEjRWeJA=\n-----END RSA PRIVATE KEY-----"
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=SHORTEST, max_size=40)


def through(lines: list[str], *secrets: str) -> list[str]:
    masker = Masker(secrets)
    return [shown for line in lines for shown in masker.lines(line)] + masker.rest()


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower().replace("va%2b", "va%2b"),
        json.dumps(SECRET)[1:-1],
        SECRET.encode().hex(),
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(spelled: str) -> None:
    assert masked(f"before {spelled} after", [SECRET]) == f"before {HIDDEN} after"


@given(st.binary(max_size=8), printable, st.binary(max_size=8))
def test_a_secret_is_hidden_in_base64_wherever_it_begins(before: bytes, secret: str, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()

    shown = masked(encoded, [secret])

    assert HIDDEN in shown
    first, last = len(before), len(before) + len(secret)
    inner = encoded[-(-first * 4 // 3) : last * 4 // 3]
    assert inner not in shown


@given(printable, st.lists(st.integers(0, 60), max_size=4))
def test_a_secret_split_over_lines_is_hidden_where_each_part_can_be_told(secret: str, cuts: list[int]) -> None:
    text = f"{'x' * 7} {secret} {'y' * 7}"
    places = sorted({min(cut, len(text)) for cut in cuts})
    lines = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    shown = through(lines, secret)

    assert len(shown) == len(lines)
    if not any(0 < len(overlap(line, secret)) < RECOGNISED for line in lines[:-1]):
        assert secret not in "".join(shown)


def overlap(line: str, secret: str) -> str:
    """The longest beginning of the secret that the line ends in."""
    return next((secret[:n] for n in range(len(secret), 0, -1) if line.endswith(secret[:n])), "")


def test_wrapped_base64_of_a_secret_is_hidden() -> None:
    secret = "a long secret that needs more than one line when it is wrapped at seventy-six characters, as base64 does"
    wrapped = base64.encodebytes(b"user:" + secret.encode()).decode().splitlines()

    shown = through(wrapped, secret)

    assert len(wrapped) > 1
    assert all(HIDDEN in line for line in shown)
    assert not any(line[20:40] in "".join(shown) for line in wrapped)


def test_each_line_of_a_secret_with_several_is_hidden() -> None:
    assert through(["got: first line", "then: second line"], "first line\nsecond line") == [
        f"got: {HIDDEN}",
        f"then: {HIDDEN}",
    ]


def test_a_private_key_is_hidden_though_nobody_declared_it() -> None:
    assert through([*KEY.splitlines(), "and then"]) == [HIDDEN, HIDDEN, HIDDEN, HIDDEN, "and then"]


def test_a_key_that_never_ends_does_not_hide_the_rest() -> None:
    shown = through(["-----BEGIN PRIVATE KEY-----", *["line"] * 400])

    assert shown[-1] == "line"


def test_what_an_address_of_a_registry_says_of_who_asks_is_secret_and_the_address_is_not() -> None:
    registries = {
        "PIP_INDEX_URL": "https://baker:hunter2%40home@bread.example/simple https://t0ken-of-bob@more.example/simple",
        "npm_config_//bread.example/:_authToken": "t0ken-of-olga",
        "PIP_CERT": "/etc/ssl/bread.pem",
    }
    secrets = Order(registries=registries).secrets

    assert {"hunter2%40home", "hunter2@home", "t0ken-of-bob", "t0ken-of-olga"} <= secrets
    assert masked("Looking in https://bread.example/simple with /etc/ssl/bread.pem", secrets) == (
        "Looking in https://bread.example/simple with /etc/ssl/bread.pem"
    )
    assert masked("https://baker:hunter2%40home@bread.example/", secrets) == f"https://baker:{HIDDEN}@bread.example/"


def test_short_values_stay_readable() -> None:
    assert through(["NODE_ENV=prod true 1"], "prod", "true", "1") == ["NODE_ENV=prod true 1"]


@given(st.lists(printable, max_size=3), st.lists(st.text(max_size=30), max_size=5))
def test_no_line_is_lost_or_added(secrets: list[str], lines: list[str]) -> None:
    assert len(through(lines, *secrets)) == len(lines)
