"""What Cloudflare's client is shown of projects and deployments, as the Pages API words them."""

from typing import Any

from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.deploys import DeployFacts
from appliance.sites import SiteFacts

STAGES = {
    "queued": ("queued", "active"),
    "working": ("build", "active"),
    "ready": ("deploy", "success"),
    "failed": ("deploy", "failure"),
    "expired": ("deploy", "canceled"),
}

Object = dict[str, Any]


def account_id(actor: Actor) -> str:
    """An account's id as the client knows it: 32 hexadecimal digits."""
    return f"{actor.id:032x}"


def account(actor: Actor) -> Object:
    """An account."""
    return {"id": account_id(actor), "name": actor.email, "type": "standard"}


def membership(actor: Actor) -> Object:
    """That an account belongs to itself."""
    return {"id": account_id(actor), "status": "accepted", "account": account(actor), "roles": []}


def project(site: SiteFacts) -> Object:
    """A site as a project."""
    host = site.url.partition("://")[2].rstrip("/")
    return {
        "id": site.name,
        "name": site.name,
        "subdomain": host,
        "domains": [host],
        "production_branch": site.production_branch,
        "created_on": site.created_at,
        "deployment_configs": {"preview": {}, "production": {}},
        "source": None,
        "latest_deployment": None,
        "canonical_deployment": None,
    }


def deployment(deploy: DeployFacts, site: SiteFacts, addresses: Addresses) -> Object:
    """A deploy as a deployment."""
    name, status = STAGES[deploy.state]
    stage = {"name": name, "status": status, "started_on": deploy.created_at, "ended_on": deploy.finished_at}
    production = deploy.branch in {None, "", site.production_branch}
    metadata = {
        "branch": deploy.branch or site.production_branch,
        "commit_hash": deploy.commit or "",
        "commit_message": deploy.message,
        "commit_dirty": False,
    }
    return {
        "id": deploy.id,
        "short_id": deploy.id,
        "project_id": site.name,
        "project_name": site.name,
        "environment": "production" if production else "preview",
        "production_branch": site.production_branch,
        "url": addresses.url(addresses.deploy_host(site.name, deploy.id)).rstrip("/"),
        "aliases": [alias.url.rstrip("/") for alias in deploy.aliases],
        "created_on": deploy.created_at,
        "modified_on": deploy.finished_at or deploy.created_at,
        "latest_stage": stage,
        "stages": [stage],
        "deployment_trigger": {"type": "ad_hoc", "metadata": metadata},
        "is_skipped": False,
    }


def logs(deploy: DeployFacts) -> Object:
    """Why a deploy failed, as the last line of its log: the only one the client shows."""
    lines = [{"ts": line.at, "line": line.text} for line in deploy.log]
    if deploy.error is not None:
        lines.append({"ts": deploy.finished_at or deploy.created_at, "line": f"Error: {deploy.error.detail}"})
    return {"total": len(lines), "includes_container_logs": True, "data": lines}
