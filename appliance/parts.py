"""The wired-up appliance, as the API and the admin get it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.access import Access
from appliance.addresses import Addresses
from appliance.allowance import Allowance
from appliance.deploys import (
    Aliases,
    Contents,
    Deploys,
    Differences,
    Downloads,
    Inside,
    Listings,
    Locks,
    Publishing,
    Redeploying,
    Waiting,
    Withdrawing,
)
from appliance.domains import Domains
from appliance.explain import Explainer
from appliance.figures import Figures
from appliance.gates import Gates
from appliance.git.parts import Git
from appliance.intake import Intake
from appliance.isolation import Isolation
from appliance.jobs import Jobs
from appliance.news import News
from appliance.removals import Removals
from appliance.serving.counters import Counters
from appliance.settings import Settings
from appliance.site_builds import SiteBuilds
from appliance.sites import Sites
from appliance.streams import Streams
from appliance.sweeping import Sweeping
from appliance.system import System


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a request may need, made once at start."""

    settings: Settings
    addresses: Addresses
    access: Access
    sites: Sites
    domains: Domains
    removals: Removals
    deploys: Deploys
    intake: Intake
    jobs: Jobs
    counters: Counters
    gates: Gates
    explainer: Explainer
    publishing: Publishing
    aliases: Aliases
    locks: Locks
    contents: Contents
    listings: Listings
    redeploying: Redeploying
    differences: Differences
    downloads: Downloads
    inside: Inside
    withdrawing: Withdrawing
    waiting: Waiting
    git: Git
    site_builds: SiteBuilds
    isolation: Isolation
    system: System
    sweeping: Sweeping
    streams: Streams
    allowance: Allowance
    figures: Figures = field(default_factory=Figures)
    stop: Callable[[], None] | None = None
    """Ends the server, where its operator has nothing else to end it with: no terminal and no service manager."""

    @property
    def news(self) -> News:
        """What has changed lately."""
        return self.publishing.news
