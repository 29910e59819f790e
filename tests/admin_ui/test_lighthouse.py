"""Lighthouse on a production start: at least 95 for performance, accessibility and best practices on three screens."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import components
from tests.admin_ui.world import World, world
from tests.cast import ALICE
from tests.clients.node import LIGHTHOUSE, command

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]

KINDS = ("performance", "accessibility", "best-practices")
LEAST = 0.95
TRIES = 3  # for performance: what else the machine does costs points, so the best counts
AGAIN = "Please run Lighthouse again"  # its own words where a busy machine spoilt what it recorded (NO_NAVSTART)
SCREENS = {"sign-in": "/sign-in", "sites": "/", "site": "/sites/blog"}
RESULTS = Path(__file__).parents[2] / "test-results" / "lighthouse"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("lighthouse") / "data") as laid_out:
        yield laid_out


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_is_quick_and_sound(everything: World, tmp_path: Path, screen: str) -> None:
    headers = tmp_path / "headers.json"
    headers.write_text(json.dumps({} if screen == "sign-in" else {"Cookie": signed_in(everything)}))

    for _ in range(TRIES):
        report = audit(f"{everything.url}{SCREENS[screen]}", headers, RESULTS / f"{screen}.json")
        scores = {kind: report["categories"][kind]["score"] or 0.0 for kind in KINDS}  # none of what was spoilt
        print(screen, scores)
        if min(scores.values()) >= LEAST:
            break

    assert min(scores.values()) >= LEAST, {"scores": scores, **lost(report)}
    assert report["finalDisplayedUrl"].endswith(SCREENS[screen])


def signed_in(everything: World) -> str:
    """The cookies of Alice's sign-in, as a header."""
    with httpx.Client(headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}) as alice:
        alice.post(f"{everything.url}/sign-in", data={"email": ALICE.email, "password": ALICE.password})
        return "; ".join(f"{name}={value}" for name, value in alice.cookies.items())


def audit(url: str, headers: Path, to: Path) -> dict[str, Any]:
    """Lighthouse's report of a page, on the slow phone it imagines; AssertionError with what it said if it fails."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    options = [f"--only-categories={','.join(KINDS)}", "--output=json", f"--output-path={to}", "--quiet"]
    ended = subprocess.run(
        [*command(LIGHTHOUSE), url, *options, f"--extra-headers={headers}", f"--chrome-flags={flags}"],
        env={**os.environ, "CHROME_PATH": components.browser() or ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0 or AGAIN in ended.stdout, ended.stdout
    report: dict[str, Any] = json.loads(to.read_text(encoding="utf-8"))
    return report


def lost(report: dict[str, Any]) -> dict[str, object]:
    """The audits that were not passed, with what they say, and why there are none."""
    audits = report["audits"].values()
    failed = {each["id"]: each.get("displayValue", "") for each in audits if each["score"] not in {None, 1}}
    return {**failed, "error": report.get("runtimeError")}
