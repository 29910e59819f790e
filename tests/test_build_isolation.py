"""Where nothing isolates a build, the server says so in those words, and refuses to build if it is told to."""

import os
import subprocess
import sys
from pathlib import Path

import admin_ui
from tests.admin_ui.desk import Desk
from tests.builders import MAIN, appliance, deployed, page, zip_of
from tests.cast import ALICE, EVERYBODY
from tests.test_builds import HUGO


async def test_a_server_that_must_isolate_says_so_and_builds_nothing_but_still_publishes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with (
        appliance(data, EVERYBODY, admin=admin_ui.blueprints, sandbox="process", require_isolation=True) as server,
        server.client(ALICE) as client,
        Desk.of(server, ALICE) as desk,
    ):
        refused = await deployed(client, "notes", zip_of(HUGO), build="hugo")
        plain = await deployed(client, "shop", zip_of({"index.html": page("open")}))
        admin = (await desk.get("/sites/notes/builds")).text

    assert (refused["state"], refused["error"]["code"]) == ("failed", "no_sandbox")
    assert plain["state"] == "ready"
    for said in (refused["error"]["detail"], admin):
        assert "not isolated" in said
        assert "require_isolation" in said


def test_check_says_not_isolated(tmp_path: Path) -> None:
    wanted = {"DROPDOCK_SANDBOX": "process", "DROPDOCK_REQUIRE_ISOLATION": "true"}
    done = subprocess.run(
        [sys.executable, str(MAIN), "check", "--data", str(tmp_path / "data")],
        cwd=tmp_path,
        env={**os.environ, **wanted},
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line for line in done.stdout.splitlines() if line.startswith("builds: ")] == [
        "builds: No project can be built here. process: its builds are not isolated, which require_isolation forbids."
    ]
