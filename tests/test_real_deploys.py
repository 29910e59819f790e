"""Real projects through the whole server: source uploaded over the API, built, deployed, fetched as visitors do."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.deploys.values import FINISHED
from tests.builders import appliance, uploaded, zip_of
from tests.builds.plain_sandbox import REGISTRIES
from tests.builds.real_projects import LONG, QUICK, RealProject
from tests.cast import ALICE, OLGA

SECONDS = 900  # a machine that does other things, and packages that come from far away
TRIES = 3  # a registry that answers 502 is no fault of the build's
QUICKEST = ("mdbook",)  # what goes through the server is the same for all; the others are built in tests/builds


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tools kept from one server to the next."""
    return tmp_path_factory.mktemp("tools")


def projects() -> Iterator[object]:
    for project in (*QUICK, *LONG):
        marks = [] if project.name in QUICKEST else [pytest.mark.long]
        marks += [pytest.mark.needs(*project.needs)] if project.needs else []
        yield pytest.param(project, id=project.name, marks=marks)


@pytest.mark.parametrize("project", list(projects()))
async def test_a_source_is_built_deployed_and_fetched(project: RealProject, tmp_path: Path, tools: Path) -> None:
    source = await asyncio.to_thread(project.make, tmp_path, tools)
    data = tmp_path / "data"
    data.mkdir()
    (data / "cache").symlink_to(tools)
    registries = tuple(f"{name}={value}" for name, value in os.environ.items() if REGISTRIES.fullmatch(name))
    async with (
        appliance(data, (OLGA, ALICE), build_registries=registries, build_timeout=SECONDS) as server,
        server.client(ALICE) as client,
    ):
        archive = zip_of({path.relative_to(source).as_posix(): path.read_bytes() for path in files_of(source)})
        for _ in range(TRIES):
            facts = await over(client, (await uploaded(client, "bread", archive, build="auto"))["id"])
            if not may_help_again(facts):
                break

        assert (facts["state"], facts["generator"]) == ("ready", project.name), f"{facts}\n{told(data)}"
        for path, text in project.pages.items():
            page = await server.fetch("bread.localhost", f"/{path}", follow_redirects=True)
            assert (page.status_code, text in page.text) == (200, True), path


def may_help_again(facts: dict[str, Any]) -> bool:
    """Whether the deploy failed at what comes from elsewhere, and says itself to try again."""
    failed = {step["name"] for step in facts["steps"] if step["state"] == "failed"}
    return failed == {"fetch"} and facts["error"]["retry"]


def files_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def told(data: Path) -> str:
    """What the builds in this data folder said: a package that did not come is not to be guessed from a state."""
    return "\n".join(log.read_text(encoding="utf-8") for log in (data / "logs" / "builds").glob("*.jsonl"))


async def over(client: httpx.AsyncClient, deploy: str) -> dict[str, Any]:
    """The deploy once it is finished."""
    async with asyncio.timeout(SECONDS):
        while True:
            facts: dict[str, Any] = (await client.get(f"/api/v1/deploys/{deploy}")).raise_for_status().json()
            if facts["state"] in {*FINISHED, "asking"}:
                return facts
            await asyncio.sleep(0.1)
