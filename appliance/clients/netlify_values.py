"""What Netlify's client is shown of sites and deploys, as its API words them."""

from typing import Any

from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.deploys import DeployFacts, Opened
from appliance.sites import SiteFacts

STATES = {"queued": "processing", "working": "processing", "ready": "ready", "failed": "error", "expired": "error"}
STATES_OF = {"processing": ("queued",), "ready": ("ready",), "error": ("failed", "expired")}
SLUG = "dropdock"  # of the one team an account has here; any is taken in an address

Object = dict[str, Any]


def account(actor: Actor) -> Object:
    """The one team of an account."""
    return {"id": str(actor.id), "name": actor.email, "slug": SLUG, "type_name": "Dropdock", "default": True}


def user(actor: Actor) -> Object:
    """Who is asking."""
    return {"id": str(actor.id), "email": actor.email, "full_name": actor.email, "slug": SLUG}


def site(facts: SiteFacts, actor: Actor, addresses: Addresses) -> Object:
    """A site; its name is its id."""
    url = facts.url.rstrip("/")
    published = {"id": facts.live.deploy, "locked": facts.locked is not None} if facts.live else None
    return {
        "id": facts.name,
        "site_id": facts.name,
        "name": facts.name,
        "url": url,
        "ssl_url": url,  # the client shows this one first: the address that answers
        "admin_url": f"{addresses.url(addresses.admin)}sites/{facts.name}",
        "account_id": str(actor.id),
        "account_slug": SLUG,
        "account_name": actor.email,
        "created_at": facts.created_at,
        "build_settings": {},
        "published_deploy": published,
        "feature_flags": {},
        "state": "current",
    }


def opened(deploy: Opened, addresses: Addresses, state: str = "") -> Object:
    """A deploy whose content is still coming; `required` names what is missing, each once."""
    required = list(dict.fromkeys(file.name.value for file in deploy.missing))
    filled = "prepared" if required else "uploaded"
    common = _common(deploy.id, deploy.site, addresses)
    return {
        **common,
        "state": state or ("new" if deploy.files is None else filled),
        "required": required,
        "required_functions": [],
        "draft": deploy.new.draft,
        "branch": deploy.new.branch or None,
        "title": deploy.new.message or None,
        "error_message": None,
    }


def deploy(facts: DeployFacts, addresses: Addresses, *, locked: bool = False) -> Object:
    """A deploy all of whose content is here."""
    return {
        **_common(facts.id, facts.site, addresses),
        "state": STATES[facts.state],
        "required": [],
        "required_functions": [],
        "draft": facts.draft,
        "branch": facts.branch or None,
        "commit_ref": facts.commit or None,
        "title": facts.message or None,
        "context": "production" if facts.live else "deploy-preview",
        "published_at": facts.finished_at if facts.live else None,
        "created_at": facts.created_at,
        "updated_at": facts.finished_at or facts.created_at,
        "locked": locked,
        "error_message": facts.error.detail if facts.error else None,
        "links": {"permalink": facts.deploy_url.rstrip("/"), "alias": facts.aliases[0].url if facts.aliases else None},
    }


def _common(deploy_id: str, name: str, addresses: Addresses) -> Object:
    url = addresses.url(addresses.site_host(name)).rstrip("/")
    own = addresses.url(addresses.deploy_host(name, deploy_id)).rstrip("/")
    return {
        "id": deploy_id,
        "deploy_id": deploy_id,
        "site_id": name,
        "name": name,
        "url": url,
        "ssl_url": url,
        "deploy_url": own,
        "deploy_ssl_url": own,
        "admin_url": addresses.url(addresses.admin).rstrip("/"),  # to which the client adds /deploys/<id>
    }
