"""Deploys: from content to a version of a site that visitors get. `publishing` is the only writer of the live pointer.

A deploy becomes visible in this order: receive → validate → store blobs → stage manifest → check → commit the live
pointer → swap the table. A crash between any two steps leaves the old site serving, whole.
"""

from appliance.deploys.aliases import Aliases, AliasFacts, label_of
from appliance.deploys.cleaning import Cleaning
from appliance.deploys.contents import Contents, Stored
from appliance.deploys.deploys import Deploys
from appliance.deploys.differences import Difference, Differences
from appliance.deploys.digests import Name
from appliance.deploys.downloads import Download, Downloads
from appliance.deploys.finding import Facts, find, no_such
from appliance.deploys.inside import Inside
from appliance.deploys.listed import Listed, Listing, Opened
from appliance.deploys.listings import Listings
from appliance.deploys.locks import Locks
from appliance.deploys.publishing import Publishing
from appliance.deploys.redeploying import Redeploying
from appliance.deploys.retention import Retention, Rules
from appliance.deploys.values import (
    ID_LENGTH,
    UNDER_WAY,
    AliasLink,
    DeployFacts,
    Failure,
    Filter,
    NewDeploy,
    Order,
    Ready,
    Sort,
    Work,
    new_id,
)
from appliance.deploys.waiting import QueueFacts, Waiting
from appliance.deploys.withdrawing import Withdrawing

__all__ = [
    "ID_LENGTH",
    "UNDER_WAY",
    "AliasFacts",
    "AliasLink",
    "Aliases",
    "Cleaning",
    "Contents",
    "DeployFacts",
    "Deploys",
    "Difference",
    "Differences",
    "Download",
    "Downloads",
    "Facts",
    "Failure",
    "Filter",
    "Inside",
    "Listed",
    "Listing",
    "Listings",
    "Locks",
    "Name",
    "NewDeploy",
    "Opened",
    "Order",
    "Publishing",
    "QueueFacts",
    "Ready",
    "Redeploying",
    "Retention",
    "Rules",
    "Sort",
    "Stored",
    "Waiting",
    "Withdrawing",
    "Work",
    "find",
    "label_of",
    "new_id",
    "no_such",
]
