"""Sources through the whole server: uploaded, asked about, answered, built in a sandbox, deployed and fetched."""

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import psutil
import pytest

from appliance.data_folder import DataFolder
from tests.builders import Appliance, Served, appliance, deployed, finished, page, served, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.fresh import lay_operator

pytestmark = [pytest.mark.needs("bubblewrap")]

PEOPLE = (OLGA, ALICE)
HUGO = {
    "hugo.toml": 'title = "Notes"\nbaseURL = "/"\n',
    "content/first.md": "---\ntitle: First\n---\nHello from Hugo.\n",
    "layouts/_default/single.html": "<!doctype html><title>{{ .Title }}</title>{{ .Content }}",
    "layouts/_default/list.html": "<!doctype html><title>{{ .Title }}</title>{{ range .Pages }}{{ .Title }} {{ end }}",
}
FOREVER = f"sleep {31_536_000_000 + os.getpid()}"  # by which a build that outlives its test is known, and whose it is
SECRET = "s3cr3t/va+lue with €uro"
SPELLINGS = (SECRET, quote(SECRET, safe=""), quote(SECRET), base64.b64encode(SECRET.encode()).decode()[:-4])
REGISTRY = "p4ssw0rd-of-the-registry"
KNOWN = ("gh" + "p_" + "0aB9" * 9, "AKIA" + "IOSFODNN7EXAMPLE", "xox" + "b-1234567890-" + "0aB9" * 6)  # nobody's
LEAK = """
echo "API_KEY=$API_KEY" "in words: $API_KEY"
cat keys.txt
printf 'X%s' "$API_KEY" | base64
printf '%s' "$API_KEY" | base64
printf '%s' "$API_KEY" | od -An -tx1 | tr -d ' \\n'; echo
printf 'first half %s' "s3cr3t/va+"; sleep 1; printf 'lue with €uro\\n'
echo "https://example.org/?q=s3cr3t%2Fva%2Blue%20with%20%E2%82%ACuro"
env
mkdir public; echo "<h1>built</h1>" > public/index.html; sleep 2
"""
T = TypeVar("T")
REGISTRIES = ("PIP_", "NPM_CONFIG_", "SSL_", "NODE_EXTRA_CA_", "REQUESTS_CA_", "CURL_CA_")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tools are kept, for all tests here."""
    return tmp_path_factory.mktemp("cache")


def with_cache(data: Path, cache: Path) -> None:
    """A data folder whose tools are those of the other tests here."""
    data.mkdir(exist_ok=True)
    if not (data / "cache").exists():
        (data / "cache").symlink_to(cache)


async def stock(data: Path, cache: Path) -> None:
    """Have Hugo there, so that a build with little time does not spend it on fetching that."""
    async with building(data, cache) as (_, client):
        assert (await deployed(client, "notes", zip_of(HUGO), build="hugo"))["state"] == "ready"


@asynccontextmanager
async def building(data: Path, cache: Path, **changes: Any) -> AsyncIterator[tuple[Appliance, httpx.AsyncClient]]:
    """A server that builds, with the registries of this machine, and Alice in front of it."""
    with_cache(data, cache)
    changes = {"build_registries": registries(), **changes}
    async with appliance(data, PEOPLE, **changes) as server, server.client(ALICE) as client:
        yield server, client


async def test_a_source_is_asked_about_answered_built_and_served(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache) as (server, client):
        asking = await deployed(client, "notes", zip_of(HUGO))
        answer = await client.post(f"/api/v1/deploys/{asking['id']}/answer", json={"generator": "auto"})
        facts = await finished(client, asking["id"])

        assert asking["state"] == "asking"
        assert answer.status_code == 200
        assert (facts["state"], facts["live"], facts["generator"]) == ("ready", True, "hugo")
        assert "Hello from Hugo." in (await server.fetch("notes.localhost", "/first/")).text


async def test_a_built_site_is_made_again_of_what_was_built_and_no_generator_runs(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache) as (server, client):
        built = await deployed(client, "notes", zip_of(HUGO), build="hugo")
        (await client.patch("/api/v1/sites/notes", json={"head_snippet": "<meta name=counted>"})).raise_for_status()
        begun = await client.post(f"/api/v1/deploys/{built['id']}/redeploy")
        again = await finished(client, begun.json()["id"])
        shown = (await server.fetch("notes.localhost", "/first/")).text

    assert (again["state"], again["live"], again["generator"], again["files"]) == ("ready", True, None, built["files"])
    assert "Hello from Hugo." in shown
    assert "<meta name=counted>" in shown
    assert [step["name"] for step in again["steps"] if step["name"] in {"fetch", "build"}] == []


async def logged(client: httpx.AsyncClient, deploy: str, text: str) -> None:
    """Return once the log of a deploy has this."""
    async with asyncio.timeout(60):
        while text not in json.dumps((await client.get(f"/api/v1/deploys/{deploy}")).json()["log"]):  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.05)


async def prepared(client: httpx.AsyncClient, site: str, command: str = FOREVER) -> str:
    """A site that builds with Hugo, or rather with this command."""
    await client.post("/api/v1/sites", json={"name": site})
    settings = {"generator": "hugo", "command": command}
    (await client.patch(f"/api/v1/sites/{site}/build", json=settings)).raise_for_status()
    return site


async def begun(client: httpx.AsyncClient, site: str) -> str:
    """A deploy whose build never ends, once that has begun."""
    deploy = str((await uploaded(client, await prepared(client, site), zip_of(HUGO)))["id"])
    await logged(client, deploy, f"$ {FOREVER}")
    await until(lambda: running_builds() != [])
    return deploy


async def recognised(client: httpx.AsyncClient, deploy: str) -> None:
    """Return once a deploy was looked at."""
    async with asyncio.timeout(60):
        while (facts := (await client.get(f"/api/v1/deploys/{deploy}")).json())["detection"] is None:  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.05)
        while facts["state"] == "working":
            facts = (await client.get(f"/api/v1/deploys/{deploy}")).json()


async def logged_twice(client: httpx.AsyncClient, deploy: str) -> None:
    """Return once the command of a build has begun for the second time."""
    async with asyncio.timeout(60):
        while json.dumps((await client.get(f"/api/v1/deploys/{deploy}")).json()["log"]).count(f"$ {FOREVER}") < 2:  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.05)


async def with_client(server: Served, token: str, act: Callable[[httpx.AsyncClient], Coroutine[Any, Any, T]]) -> T:
    """Do something with a client of a server in another process."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
        return await act(client)


def registries() -> tuple[str, ...]:
    """What says on this machine where packages come from."""
    return tuple(f"{name}={value}" for name, value in os.environ.items() if name.startswith(REGISTRIES))


def commands() -> list[str]:
    """The command lines of all processes, which everybody on the machine may read."""
    return [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]


def running_builds() -> list[str]:
    """The commands of builds that never end by themselves."""
    lines = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if FOREVER in line]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - other processes act
            await asyncio.sleep(0.05)


def left_of(data: Path) -> list[str]:
    """What a deploy that is over must not leave."""
    folder = DataFolder(data)
    files = [path.name for place in (folder.incoming, folder.work) for path in place.iterdir()]
    return files + running_builds()


async def test_a_site_remembers_its_answer(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache) as (server, client):
        await deployed(client, "notes", zip_of(HUGO), build="auto")
        again = await deployed(client, "notes", zip_of(HUGO | {"content/second.md": "---\ntitle: Second\n---\nMore."}))
        plain = await deployed(client, "notes", zip_of({"index.html": page("finished")}))

        assert (again["state"], again["live"]) == ("ready", True)
        assert (await client.get("/api/v1/sites/notes/build")).json()["generator"] == "hugo"
        assert (plain["state"], plain["generator"]) == ("ready", None)
        assert (await server.fetch("notes.localhost")).text == page("finished")


async def test_cancelling_a_build_leaves_no_process_and_no_file(tmp_path: Path, cache: Path) -> None:
    data = tmp_path / "data"
    async with building(data, cache, build_commands=(FOREVER,)) as (server, client):
        deploy = await begun(client, "shop")
        assert left_of(data) != []

        facts = (await client.post(f"/api/v1/deploys/{deploy}/cancel")).raise_for_status().json()

        assert (facts["state"], facts["error"]["code"]) == ("cancelled", "cancelled")
        assert left_of(data) == []
        assert (await client.post(f"/api/v1/deploys/{deploy}/cancel")).status_code == 409
        assert (await server.fetch("shop.localhost")).status_code == 404


async def test_cancelling_while_a_tool_is_fetched_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with building(data, tmp_path) as (_, client):
        deploy = (await uploaded(client, "shop", zip_of(HUGO), build="auto"))["id"]
        await logged(client, deploy, "Collecting hugo")

        facts = (await client.post(f"/api/v1/deploys/{deploy}/cancel")).raise_for_status().json()

        assert facts["state"] == "cancelled"
        assert left_of(data) == []


async def test_a_build_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path, cache: Path) -> None:
    data = tmp_path / "data"
    await stock(tmp_path / "first", cache)
    async with building(data, cache, build_commands=(FOREVER,), build_timeout=8) as (_, client):
        facts = await finished(client, await begun(client, "shop"))

        assert (facts["state"], facts["error"]["code"]) == ("failed", "timed_out")
        assert "build_timeout" in facts["error"]["detail"]
        await until(lambda: left_of(data) == [])


async def test_a_newer_upload_takes_the_turn_of_one_that_waits(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache, build_commands=(FOREVER,)) as (_, client):
        working = await begun(client, "shop")
        waiting = (await uploaded(client, "shop", zip_of(HUGO)))["id"]
        newest = (await uploaded(client, "shop", zip_of(HUGO)))["id"]

        facts = await finished(client, waiting)
        states = [(await client.get(f"/api/v1/deploys/{working}")).json()["state"], facts["state"]]
        for deploy in (newest, working):
            await client.post(f"/api/v1/deploys/{deploy}/cancel")

        assert states == ["working", "superseded"]
        assert facts["error"]["code"] == "superseded"


async def test_no_more_builds_run_for_a_site_and_an_account_than_are_allowed(tmp_path: Path, cache: Path) -> None:
    limits = {"builds_at_once": 3, "builds_per_account": 2, "builds_per_site": 1}
    async with building(tmp_path / "data", cache, build_commands=(FOREVER,), **limits) as (server, client):
        begun_ones = [await begun(client, "one"), await begun(client, "two")]
        draft = (await uploaded(client, "one", zip_of(HUGO), draft="true"))["id"]
        third = await prepared(client, "three")
        waiting = (await uploaded(client, third, zip_of(HUGO)))["id"]
        async with server.client(OLGA) as olga:
            others = await begun(olga, "hers")
            for deploy in (draft, waiting):
                await recognised(olga, deploy)
            states = [
                (await olga.get(f"/api/v1/deploys/{deploy}")).json()["state"]
                for deploy in (*begun_ones, others, draft, waiting)
            ]
            for deploy in (waiting, draft, others, *begun_ones):
                (await olga.post(f"/api/v1/deploys/{deploy}/cancel")).raise_for_status()

        assert states == ["working", "working", "working", "queued", "queued"]


async def test_plain_files_do_not_wait_for_builds(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache, build_commands=(FOREVER,), builds_at_once=1) as (_, client):
        working = await begun(client, "shop")

        plain = await deployed(client, "other", zip_of({"index.html": page("plain")}))

        assert plain["state"] == "ready"
        assert (await client.get(f"/api/v1/deploys/{working}")).json()["state"] == "working"
        await client.post(f"/api/v1/deploys/{working}/cancel")


async def test_no_secret_of_a_build_gets_out(tmp_path: Path, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data, leak = tmp_path / "data", "sh leak.sh"
    fetching = (*registries(), f"OVEN_INDEX_URL=https://baker:{REGISTRY}@bread.example/simple")
    async with building(data, cache, build_commands=(leak,), build_registries=fetching) as (_, client):
        await prepared(client, "shop", command=leak)
        put = await client.put("/api/v1/sites/shop/build/variables/API_KEY", json={"value": SECRET, "phase": "both"})
        deploy = (
            await uploaded(client, "shop", zip_of(HUGO | {"leak.sh": LEAK, "keys.txt": "\n".join([*KNOWN, REGISTRY])}))
        )["id"]
        await logged(client, deploy, "half")
        seen = commands()
        answers = [put.text, json.dumps(await finished(client, deploy))]
        paths = (f"deploys/{deploy}", f"deploys/{deploy}/events", "sites/shop/build", "sites/shop")
        answers += [(await client.get(f"/api/v1/{path}")).text for path in paths]

        log = [line["text"] for line in json.loads(answers[1])["log"]]
        assert any("[redacted]" in line for line in log)
        printed = capfd.readouterr()
        secrets = (*SPELLINGS, *KNOWN, REGISTRY)
        texts = [*answers, *seen, printed.out, printed.err]
        assert [text for text in texts for spelling in secrets if spelling in text] == []
        written = [path for path in data.rglob("*") if path.is_file() and "cache" not in path.parts]
        assert [path for path in written for spelling in secrets if spelling.encode() in path.read_bytes()] == []


async def test_a_flag_that_is_not_allowed_is_named(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache, build_flags=("--buildDrafts",)) as (_, client):
        await client.post("/api/v1/sites", json={"name": "shop"})
        refused = await client.patch("/api/v1/sites/shop/build", json={"flags": ["--destination=/tmp/x"]})
        drafts = HUGO | {"content/draft.md": "---\ntitle: Draft\ndraft: true\n---\nNot yet."}
        (await client.patch("/api/v1/sites/shop/build", json={"flags": ["--buildDrafts"]})).raise_for_status()

        facts = await deployed(client, "shop", zip_of(drafts), build="auto")

        assert (refused.status_code, refused.json()["code"]) == (400, "flag_refused")
        assert "--destination" in refused.json()["detail"]
        assert facts["state"] == "ready"
        assert any("--buildDrafts" in line["text"] for line in facts["log"])


async def test_a_build_that_fails_says_why(tmp_path: Path, cache: Path) -> None:
    async with building(tmp_path / "data", cache) as (server, client):
        broken = HUGO | {"content/first.md": "---\ntitle: [\n---\n"}
        facts = await deployed(client, "shop", zip_of(broken), build="hugo")

        assert (facts["state"], facts["error"]["code"], facts["error"]["retry"]) == ("failed", "build_failed", False)
        assert any("first.md" in line for line in facts["error"]["lines"])
        assert (await server.fetch("shop.localhost")).status_code == 404


def test_a_server_that_is_killed_while_it_builds_leaves_nothing_and_tries_again(tmp_path: Path, cache: Path) -> None:
    data = tmp_path / "data"
    with_cache(data, cache)
    environment = {
        "DROPDOCK_BUILD_COMMANDS": FOREVER,
        "DROPDOCK_BUILD_REGISTRIES": ",".join(registries()),
        "DROPDOCK_BUILD_ATTEMPTS": "2",
    }
    token = lay_operator(data)
    with served(data, environment=environment) as server:
        deploy = asyncio.run(with_client(server, token, lambda client: begun(client, "shop")))
        server.kill()
    gone = eventually(lambda: not running_builds())
    with served(data, environment=environment) as server:
        asyncio.run(with_client(server, token, lambda client: logged(client, deploy, "attempt 2")))
        asyncio.run(with_client(server, token, lambda client: logged_twice(client, deploy)))
        server.kill()
    assert eventually(lambda: not running_builds())
    with served(data, environment=environment) as server:
        facts = asyncio.run(with_client(server, token, lambda client: finished(client, deploy)))

    assert gone
    assert (facts["state"], facts["error"]["code"]) == ("failed", "interrupted")
    assert facts["error"]["limit"] == {"name": "build_attempts", "value": "2"}
    assert left_of(data) == []
