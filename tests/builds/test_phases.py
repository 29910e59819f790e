"""A build from its source to its files: what each of its phases has, and what is told of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.storage.blobs import Blobs
from builds.errors import BuildError
from builds.generate import generate
from builds.order import FETCH, RUN, Order
from builds.recipe import Recipe, Step
from builds.sandbox.within import ADDRESS
from builds.values import Limits, Plan, StoredFile, Unpacked
from builds.watcher import Watcher

pytestmark = [pytest.mark.needs("bubblewrap")]

LOOK = "env > {name}; cat /proc/net/tcp >> {name}"  # its variables, and what listens in its network
PROXY = f":{ADDRESS[1]:04X} "  # in hexadecimal, as it stands there
RECIPE = Recipe(
    generator="look",
    title="Look",
    base="",
    why="",
    fetch=(Step(("sh", "-c", LOOK.format(name="fetched.txt"))),),
    run=(Step(("sh", "-c", "mkdir public; mv fetched.txt public; " + LOOK.format(name="public/ran.txt"))),),
    output=("public",),
)


def built(folder: Path, recipe: Recipe, said: list[str], **order: Any) -> dict[str, str]:
    """The files that came of a source, by path; `said` gets the lines of the log."""
    blobs = Blobs(folder / "blobs")
    blobs.create()
    plan = Plan("d1", folder / "upload", folder / "work", Limits(), order=Order(run=True, cache=folder, **order))
    staging = blobs.stage(plan.workspace)
    source = Unpacked((StoredFile("look.txt", *staging.put([b"a source"])),))
    try:
        site = generate(recipe, plan, source, staging, Watcher(lambda *_: None, lambda _step, line: said.append(line)))
    finally:
        assert not (plan.workspace / "build").exists()
    return {file.path: staging.read(file.sha256).decode() for file in site.files}


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, str]:
    """What each phase wrote down."""
    variables = {FETCH: {"FLOUR": "for fetching"}, RUN: {"OVEN": "for running"}}
    return built(
        tmp_path, RECIPE, [], variables=variables, registries={"PIP_INDEX_URL": "https://packages.example/simple"}
    )


def test_only_fetching_has_a_network_and_the_registries(seen: dict[str, str]) -> None:
    fetched, ran = seen["fetched.txt"], seen["ran.txt"]

    for mark in (PROXY, "http_proxy=http://", "PIP_INDEX_URL=https://packages.example/simple"):
        assert (mark in fetched, mark in ran) == (True, False), mark


def test_a_variable_is_there_in_its_phase_only(seen: dict[str, str]) -> None:
    fetched, ran = seen["fetched.txt"], seen["ran.txt"]

    assert ("for fetching" in fetched, "for fetching" in ran) == (True, False)
    assert ("for running" in fetched, "for running" in ran) == (False, True)


def test_a_log_says_in_few_words_what_isolates_the_build(tmp_path: Path) -> None:
    said: list[str] = []

    built(tmp_path, RECIPE, said)

    assert [line for line in said if "isolated" in line] == ["The build is isolated (bubblewrap)."]


def test_a_log_is_as_long_as_the_operator_allows(tmp_path: Path) -> None:
    said: list[str] = []
    noisy = replace(RECIPE, run=(Step(("sh", "-c", "seq 5000; mkdir public; echo x > public/a")),))

    built(tmp_path, noisy, said, log=2_000)

    assert any("build_log = 2KB" in line for line in said)
    assert "5000" in said
    assert sum(map(len, said)) < 4_000


def test_a_build_that_fails_tells_no_secret(tmp_path: Path) -> None:
    said: list[str] = []
    failing = replace(RECIPE, run=(Step(("sh", "-c", "echo $OVEN; exit 3", "--token", "correct horse battery")),))

    with pytest.raises(BuildError) as failed:
        built(tmp_path, failing, said, variables={RUN: {"OVEN": "correct horse battery"}})

    assert "ended with status 3" in failed.value.detail
    assert "horse" not in " ".join([failed.value.detail, *failed.value.lines, *said])
