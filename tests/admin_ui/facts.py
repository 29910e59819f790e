"""Facts to show, for tests of what pages make of them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from appliance.deploys import DeployFacts
from appliance.progress import STEPS, StepFacts
from appliance.sites import LiveFacts, SiteFacts
from appliance.storage.manifest import Options

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)

DEPLOY = DeployFacts(
    id="kq3v9wzx7m",
    site="blog",
    number=2,
    state="ready",
    live=False,
    draft=False,
    message="",
    author="alice@example.org",
    created_at=NOON,
    finished_at=NOON,
    url="http://blog.localhost:8080/",
    deploy_url="http://kq3v9wzx7m--blog.localhost:8080/",
    files=3,
    bytes=1500,
    steps=[StepFacts(name, "done") for name in STEPS],
    problems=[],
    error=None,
)
SITE = SiteFacts("blog", "http://blog.localhost:8080/", "alice@example.org", NOON, Options(), None, 2)


def deploy(**changes: Any) -> DeployFacts:
    return replace(DEPLOY, **changes)


def site(live: int | None) -> SiteFacts:
    return replace(SITE, live=LiveFacts("kq3v9wzx7m", live, NOON) if live else None)
