"""`dropdock usage`: what it prints of what the server says."""

import json

from tests.cli.conftest import Run
from tests.cli.double import Double


def test_a_site_is_told_with_its_units(run: Run, double: Double) -> None:
    lines = run("usage", "blog").out.splitlines()

    assert [line.split(maxsplit=1)[0] for line in lines] == ["site", "on", "in", "in", "deploys", "contents"]
    assert lines[1].endswith("2.0 MB")
    assert lines[2].endswith("500.0 kB")
    assert lines[3].endswith("300.0 kB")
    assert lines[5].endswith("1,234")


def test_all_of_them_are_told_with_what_they_share(run: Run, double: Double) -> None:
    lines = run("usage").out.splitlines()

    assert [line.split() for line in lines[:3]] == [
        ["SITE", "ON", "DISK", "STATE"],
        ["blog", "2.0", "MB", "-"],
        ["old", "1.0", "MB", "deleted"],
    ]
    assert lines[3:] == [
        "Sites that take less: 1",
        "In all: 2.5 MB; what several sites have counts once (apart: 3.0 MB).",
    ]


def test_json_is_as_the_server_sent_it(run: Run, double: Double) -> None:
    assert json.loads(run("usage", "blog", "--json").out)["alone"] == 500_000
