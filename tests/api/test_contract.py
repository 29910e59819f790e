"""The API keeps to its own description: schemathesis asks it all sorts of things and believes only the document."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders import ROOT, page, served, zip_of
from tests.fresh import lay_operator

EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "5")  # of each operation; raise it for a longer look
DECOYS = 60  # tokens it may delete; with a small number of its own it would soon sign itself out
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
HOOKS = "tests.api.contract_hooks"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """A server with a site and a deploy: its address, an operator's token, the deploy's id."""
    data = tmp_path / "data"
    token = lay_operator(data)
    with served(data) as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
            client.post("/api/v1/sites", json={"name": "docs"}).raise_for_status()
            for number in range(DECOYS):
                client.post("/api/v1/tokens", json={"name": f"decoy {number}"}).raise_for_status()
            own = client.post("/api/v1/tokens", json={"name": "contract run"}).raise_for_status().json()["token"]
            archive = zip_of({"index.html": page("docs")})
            upload = {"content": archive, "headers": {"content-type": "application/zip"}}
            made = client.post("/api/v1/sites/docs/deploys", **upload).raise_for_status()  # type: ignore[arg-type]  # two kinds of value
        yield server.url, own, made.json()["id"]


def test_no_answer_is_undocumented_and_none_is_a_crash(api: tuple[str, str, str], tmp_path: Path) -> None:
    url, token, deploy = api
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/openapi.json"]
    options = ["--max-examples", EXAMPLES, "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--seed", "7"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": HOOKS,
        "CONTRACT_DEPLOY": deploy,
        "PYTHONPATH": str(ROOT),
    }

    done = subprocess.run(
        [*command, *options, "--no-color", "-H", f"Authorization: Bearer {token}"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
